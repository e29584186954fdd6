"""What the portal holds about a person, to see, take along and correct. Each room registers what it holds."""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal import clock
from portal.accounts.models import Person, Role
from portal.accounts.roles import Permission
from portal.events.models import Event
from portal.events.selectors import Wanted, event_lines, events_found
from portal.events.services import Actor, event_record
from portal.events.verbs import verb_text
from portal.limits import Limit, too_many
from portal.looks import looks_at
from portal.permissions import SignedInRequest, permission_required
from portal.step_up import step_up_required
from portal.verbs import Verb

Row = Mapping[str, Any]
EXPORTS = Limit("my-data", "10/hour")
LOOKS_SHOWN = 100
HISTORY_SHOWN = 1000


@dataclass(frozen=True, kw_only=True)
class Holding:
    """One kind of data: its key in the export, its name, the rows about a person, and how they are corrected.

    ``url_name`` leads to the page where the person sees or changes it; ``files`` yields names and contents.
    """

    code: str
    label: "str | Promise"
    rows: Callable[[Person], Iterable[Row]]
    correction: "str | Promise" = ""
    url_name: str = ""
    files: Callable[[Person], Iterator[tuple[str, bytes]]] | None = None


_holdings: dict[str, Holding] = {}


def register_holding(holding: Holding) -> None:
    _holdings[holding.code] = holding


def _person(request: SignedInRequest) -> Person:
    if request.user.person is None:
        raise Http404
    return request.user.person


@permission_required(Permission.DATA_TAKE_ALONG)
@require_GET
def my_data(request: SignedInRequest) -> HttpResponse:
    """Say what is held, how many rows of it, where each is corrected, and who looked at it."""
    person = _person(request)
    context = {
        "person": person,
        "holdings": [(holding, len(list(holding.rows(person)))) for holding in _holdings.values()],
        "looks": [_look(event) for event in looks_at(person)[:LOOKS_SHOWN]],
    }
    return render(request, "worker/data.html", context)


def _look(event: Event) -> dict[str, Any]:
    role = event.actor_role
    return {
        "at": event.at,
        "role": Role(role).label if role in Role.values else role,
        "what": verb_text(event.verb),
        "reason": event.data.get("reason", ""),
    }


@permission_required(Permission.DATA_TAKE_ALONG)
@step_up_required
@require_POST
def my_data_export(request: SignedInRequest) -> HttpResponse:
    """Hand everything over: one JSON document and the files, in an archive."""
    person = _person(request)
    if not EXPORTS.take(str(person.pk)):
        return too_many(request, EXPORTS)
    at = clock.now()
    with transaction.atomic():
        event_record(Verb.MY_DATA_EXPORTED, at=at, by=Actor.of(request), subject=person, person_id=person.pk)
    headers = {
        "Content-Disposition": content_disposition_header(True, f"{_('My data')} {at:%Y-%m-%d}.zip") or ""
    }
    return HttpResponse(export_of(person, at), content_type="application/zip", headers=headers)


def export_of(person: Person, at: datetime) -> bytes:
    """Return the archive with everything that is held about ``person``."""
    buffer = io.BytesIO()
    document: dict[str, Any] = {"as_of": at, "history": _history(person)}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for holding in _holdings.values():
            document[holding.code] = [dict(row) for row in holding.rows(person)]
            for name, content in holding.files(person) if holding.files else ():
                archive.writestr(name, content)
        text = json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        archive.writestr("my-data.json", text)
    return buffer.getvalue()


def _history(person: Person) -> list[Row]:
    lines = event_lines(events_found(Wanted(person=person.pk))[:HISTORY_SHOWN])
    return [
        {"at": line.event.at, "what": str(line.text), "by": line.event.actor_role or line.event.means}
        for line in lines
    ]
