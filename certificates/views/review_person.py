"""A person's file for reviewers: found by number, name or ID, everything on one page, with its history in words."""

import uuid

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from certificates.forms import SearchForm
from certificates.people import people_found, person_file, person_history
from certificates.views.review import PER_PAGE, page, reviewer_page
from portal import clock
from portal.accounts.models import Person
from portal.events.selectors import event_lines
from portal.forms import form_status
from portal.looks import look_note
from portal.permissions import SignedInRequest

HISTORY_ON_A_PAGE = 30


@reviewer_page
@page
def people(request: SignedInRequest) -> HttpResponse:
    """Find somebody. What is typed comes in the body: a name or an ID number has no place in an address."""
    form = SearchForm(request.POST or None)
    searched = request.method == "POST" and form.is_valid()
    found = list(people_found(form.cleaned_data["text"])[: PER_PAGE + 1]) if searched else []
    if len(found) == 1:
        return redirect("review-person", found[0].pk)
    context = {
        "search": form,
        "searched": searched,
        "found": found[:PER_PAGE],
        "more": len(found) > PER_PAGE,
    }
    return render(request, "review/people.html", context, status=form_status(form))


@reviewer_page
@require_safe
def person(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    somebody = get_object_or_404(Person.objects.select_related("user", "photo"), pk=pk)
    look_note(request, somebody)
    events = Paginator(person_history(somebody), HISTORY_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "file": person_file(somebody, at=clock.now()),
        "person": somebody,
        "account": getattr(somebody, "user", None),
        "events": events,
        "lines": event_lines(events.object_list),
    }
    return render(request, "review/person.html", context)
