"""The auditor's place: everything that happened, in words. Nothing can be changed from here."""

import uuid
from collections.abc import Iterator
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal import clock
from portal.accounts.models import Person
from portal.accounts.roles import Permission
from portal.events.forms import FindForm, HistoryForm
from portal.events.selectors import (
    Line,
    Subject,
    Wanted,
    event_lines,
    events_found,
    lines_in_turn,
    subject_found,
)
from portal.events.services import Actor, event_record
from portal.exports import Value, table_response
from portal.forms import form_status
from portal.looks import look_note
from portal.permissions import SignedInRequest, permission_required
from portal.step_up import step_up_required
from portal.tables import OutColumn
from portal.verbs import Verb

ON_A_PAGE = 50
auditor_page = permission_required(Permission.HISTORY_READ)


@auditor_page
@require_http_methods(["GET", "HEAD", "POST"])
def audit(request: SignedInRequest) -> HttpResponse:
    """Show events by filters of the address; what is looked for by a number is posted, so that none gets into an address."""
    find = FindForm(request.POST if request.method == "POST" else None)
    if find.is_valid() and find.cleaned_data["text"]:
        found = subject_found(find.cleaned_data["text"])
        if found:
            return redirect(f"{reverse('audit')}?{_query(found)}")
        find.add_error("text", _("The portal knows nothing by this number or name."))
    wanted, form = wanted_of(request.GET), HistoryForm(request.GET)
    if wanted.person and (person := Person.objects.filter(pk=wanted.person).first()):
        look_note(request, person)
    before = request.GET.get("before", "")
    events = events_found(wanted)
    shown = list((events.filter(pk__lt=int(before)) if _is_key(before) else events)[: ON_A_PAGE + 1])
    context = {
        "form": form,
        "find": find,
        "wanted": wanted,
        "lines": event_lines(shown[:ON_A_PAGE]),
        "query": _query(wanted),
        "older": shown[ON_A_PAGE - 1].pk if len(shown) > ON_A_PAGE else None,
        "is_first": not before,
        "about": wanted.person or wanted.actor or wanted.about,
    }
    return render(request, "audit/home.html", context, status=form_status(find))


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18


def wanted_of(query: QueryDict) -> Wanted:
    """Read the filters of an address; what cannot be read filters nothing."""
    form = HistoryForm(query)
    form.is_valid()
    subjects = (text.partition(":") for text in query.getlist("about")[:10])
    return Wanted(
        verb=form.cleaned_data.get("verb") or "",
        first=form.cleaned_data.get("first"),
        last=form.cleaned_data.get("last"),
        person=_uuid(query.get("person", "")),
        actor=_uuid(query.get("actor", "")),
        about=tuple(Subject(kind, key) for kind, mark, key in subjects if mark and "\0" not in kind + key),
    )


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _query(wanted: Wanted) -> str:
    pairs = [
        ("verb", wanted.verb),
        ("first", wanted.first),
        ("last", wanted.last),
        ("person", wanted.person),
        ("actor", wanted.actor),
        *(("about", subject) for subject in wanted.about),
    ]
    return urlencode([(name, str(value)) for name, value in pairs if value])


@auditor_page
@step_up_required
@require_POST
def audit_export(request: SignedInRequest) -> HttpResponseBase:
    """Hand over the filtered history as delimited text; that it was taken along is history too."""
    wanted = wanted_of(request.GET)
    with transaction.atomic():
        event_record(
            Verb.HISTORY_EXPORTED,
            at=clock.now(),
            by=Actor.of(request),
            subject=request.user,
            filters=_query(wanted),
        )
    columns = [
        OutColumn(str(header))
        for header in (
            _("Time"),
            _("What happened"),
            _("Who"),
            _("About"),
            _("Person"),
            _("Facts"),
            _("Code"),
        )
    ]
    return table_response("csv", title=_("History"), columns=columns, rows=_rows(wanted))


def _rows(wanted: Wanted) -> Iterator[list[Value]]:
    return (_row(line) for line in lines_in_turn(events_found(wanted)))


def _row(line: Line) -> list[Value]:
    event = line.event
    return [
        event.at,
        str(line.text),
        line.who,
        f"{event.subject_kind} {event.subject_id}".strip(),
        str(event.person_id or ""),
        " | ".join(f"{name}: {value}" for name, value in line.facts),
        event.verb,
    ]
