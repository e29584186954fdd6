"""The employer's place: who of those who consented must do what by when (4.1)."""

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certificates.employees import lines_of
from certificates.selectors import policy_on
from portal import clock
from portal.accounts.roles import Permission
from portal.employers.events import Verb
from portal.employers.selectors import consenting_people, invitations_of
from portal.employers.views import own_employer
from portal.events.services import Actor, event_record
from portal.exports import table_response
from portal.permissions import SignedInRequest, permission_required
from portal.policy import day_of
from portal.step_up import step_up_required
from portal.tables import OutColumn

PEOPLE_ON_A_PAGE = 50
EXPORTED_AT_MOST = 5000


@permission_required(Permission.WORKERS_FOLLOW)
@require_safe
def employer_home(request: SignedInRequest) -> HttpResponse:
    at, employer = clock.now(), own_employer(request)
    people = Paginator(consenting_people(employer), PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
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
    at, employer = clock.now(), own_employer(request)
    people = list(consenting_people(employer)[:EXPORTED_AT_MOST])
    lines = lines_of(people, at=at)
    headers = (
        _("Name"),
        _("ID number"),
        _("Certificate"),
        _("Post"),
        _("Number"),
        _("State"),
        _("Standing"),
        _("What to do"),
        _("By"),
    )
    response = table_response(
        kind,
        title=_("Workers of %(employer)s on %(day)s")
        % {"employer": employer.name, "day": day_of(at).isoformat()},
        columns=[OutColumn(header, width=18, text=True) for header in headers],
        rows=[
            [
                line.person.name,
                line.person.masked_id_number,
                line.kind,
                line.post,
                line.number,
                line.state_text,
                line.standing,
                line.todo,
                line.by.isoformat() if line.by else "",
            ]
            for line in lines
        ],
    )
    with transaction.atomic():
        event_record(Verb.EXPORTED, at=at, by=Actor.of(request), subject=employer, number=len(people))
    return response
