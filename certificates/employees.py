"""What an employer sees of those who consented: certificates, standing, and who must do what by when (4.1)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from certificates.models import ElectronicCertificate, Kind, LegacyCertificate, LegacyStatus
from certificates.presentation import duty_text, paper_worth, post_label, standing_word, state_word
from certificates.progress import AT_A_TIME, GROUPS, missing_word
from certificates.selectors import HeldPaper, electronic_standing, exchange_decision, policy_on
from certificates.verification import paper_state
from education.models import CERecord
from portal import clock
from portal.accounts.models import Person, User
from portal.accounts.roles import Permission, may
from portal.downloads.models import Download
from portal.downloads.services import DownloadKind
from portal.downloads.tables import TableSource, table_file
from portal.employers.models import Employer
from portal.employers.selectors import consenting_people, employer_of
from portal.events.services import Actor
from portal.exports import Value
from portal.identity import same_name
from portal.policy import Outcome, Policy, Result, day_of
from portal.tables import OutColumn


@dataclass(frozen=True, kw_only=True)
class Line:
    """One certificate of one worker: what it is worth, what is to be done and by when. ``urgent`` asks for action."""

    person: Person
    post: str
    kind: str
    number: str
    state: str
    state_text: str
    standing: str
    todo: str
    by: date | None
    urgent: bool


def lines_of(people: Sequence[Person], *, at: datetime) -> list[Line]:
    """Return the certificates of these people, each with what is to be done; three queries for everybody."""
    policy = policy_on(at)
    records = _by_person(CERecord.objects.filter(person__in=people))
    electronics = _by_person(ElectronicCertificate.objects.filter(person__in=people).order_by("-issued_at"))
    papers = _by_person(
        LegacyCertificate.objects.filter(person__in=people)
        .exclude(status=LegacyStatus.EXCHANGED)
        .select_related("archive_check")
        .order_by("-issued_on")
    )
    found: list[Line] = []
    for person in people:
        own = records[person.pk]
        found += [_electronic(person, each, own, policy, at) for each in electronics[person.pk]]
        # A paper under another name is not shown: whose it is has not been settled.
        found += [
            _paper(person, each, own, policy, at)
            for each in papers[person.pk]
            if same_name(person.name, each.holder_name)
        ]
    return found


def _by_person(rows: Iterable[Any]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.person_id].append(row)
    return found


def _electronic(
    person: Person, certificate: ElectronicCertificate, records: list[CERecord], policy: Policy, at: datetime
) -> Line:
    standing = electronic_standing(certificate, records, at=at)
    need = standing.needed_next if certificate.state != "void" else None
    owes = need is not None and bool(need.hours or need.professional_hours)
    return Line(
        person=person,
        post=post_label(certificate),
        kind=_("Electronic training certificate"),
        number=certificate.number,
        state=certificate.state,
        state_text=state_word(certificate.state),
        standing=standing_word(standing.status.value),
        todo=duty_text(certificate, standing, policy),
        by=need.by if need and owes else None,
        urgent=owes or certificate.state == "void" or standing.lapsed_on is not None,
    )


def _paper(
    person: Person, certificate: LegacyCertificate, records: list[CERecord], policy: Policy, at: datetime
) -> Line:
    decision = exchange_decision(certificate, person, records, at=at)
    held = HeldPaper(certificate=certificate, decision=decision, name_differs=False, open_services=())
    state, _reason = paper_state(certificate, at)
    open_still = certificate.kind == Kind.POST_TRAINING and decision.outcome is not Outcome.INELIGIBLE
    return Line(
        person=person,
        post=post_label(certificate),
        kind=str(Kind(certificate.kind).label),
        number=certificate.number,
        state=state,
        state_text=state_word(state),
        standing="",
        todo=_missing(held) if open_still else paper_worth(held, policy, at),
        by=policy.exchange.window_end if open_still else None,
        urgent=open_still,
    )


def _missing(held: HeldPaper) -> str:
    """Say what the worker still has to do before the exchange, or that the click is all."""
    groups = dict.fromkeys(GROUPS[c.code] for c in held.decision.checks if c.result is Result.TODO)
    if not groups:
        return _("Ready: the worker signs in and clicks Update (1.3).")
    return _("Missing: %(groups)s (1.3).") % {"groups": "、".join(missing_word(group) for group in groups)}


def lines_in_turn(employer: Employer, *, at: datetime) -> Iterator[Line]:
    """Yield the lines of everybody who consented to ``employer`` without holding them all."""
    stream = consenting_people(employer, day_of(at)).iterator(chunk_size=AT_A_TIME)
    while people := list(islice(stream, AT_A_TIME)):
        yield from lines_of(people, at=at)


# To take along


def employees_file(form: str, employer: Employer, *, by: Actor) -> HttpResponseBase | Download:
    """Return the list of an employer's workers, a large workbook as a download (see `table_file`)."""
    day = clock.today()
    return table_file(form, _table(employer, day), kind=EMPLOYEES, subject=day.isoformat(), by=by)


def _table(employer: Employer, day: date) -> TableSource:
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
    return TableSource(
        title=_("Workers of %(employer)s on %(day)s") % {"employer": employer.name, "day": day.isoformat()},
        columns=[OutColumn(header, width=18, text=True) for header in headers],
        count=lambda: consenting_people(employer, clock.today()).count(),
        rows=lambda: map(_row, lines_in_turn(employer, at=clock.now())),
    )


def _row(line: Line) -> list[Value]:
    return [
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


def _source(user: User, subject: str) -> TableSource | None:
    employer = employer_of(user) if may(user, Permission.WORKERS_FOLLOW) else None
    return _table(employer, date.fromisoformat(subject)) if employer else None


def _page(_subject: str) -> str:
    return reverse("employer-home")


EMPLOYEES = DownloadKind("employees", _source, _page)
