"""The employer's place: who of those who consented must do what by when (4.1)."""

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from certificates.employees import employees_file, lines_of
from certificates.selectors import policy_on
from portal import clock
from portal.accounts.roles import Permission
from portal.downloads.models import Download
from portal.employers.events import Verb
from portal.employers.selectors import consenting_people, invitations_of
from portal.employers.views import own_employer
from portal.events.services import Actor, event_record
from portal.permissions import SignedInRequest, permission_required
from portal.policy import day_of
from portal.step_up import step_up_required

PEOPLE_ON_A_PAGE = 50


@permission_required(Permission.WORKERS_FOLLOW)
@require_safe
def employer_home(request: SignedInRequest) -> HttpResponse:
    at, employer = clock.now(), own_employer(request)
    people = Paginator(consenting_people(employer, day_of(at)), PEOPLE_ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    lines = lines_of(list(people), at=at)
    closes = policy_on(at).exchange.window_end
    context = {
        "employer": employer,
        "people": people,
        "lines": sorted(lines, key=lambda line: (not line.urgent, line.by or closes, line.person.name)),
        "urgent": sum(line.urgent for line in lines),
        "invited": invitations_of(employer).count(),
        "closes": closes,
        "days_left": (closes - day_of(at)).days,
    }
    return render(request, "employer/home.html", context)


@permission_required(Permission.WORKERS_FOLLOW)
@step_up_required
@require_POST
def employer_export(request: SignedInRequest, kind: str) -> HttpResponseBase:
    """Hand over the list; that it was taken along is history."""
    employer, by = own_employer(request), Actor.of(request)
    found = employees_file(kind, employer, by=by)
    with transaction.atomic():
        number = consenting_people(employer, clock.today()).count()
        event_record(Verb.EXPORTED, at=clock.now(), by=by, subject=employer, number=number)
    return redirect("download", found.pk) if isinstance(found, Download) else found
