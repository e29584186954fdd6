"""How far the exchange has come (4.1): sums for pictures, and who is left. Never anything about institutions (4.2).

In scope is every paper certificate that 1.1 lets into the exchange and that is exchanged or still in use. The area is the
registry's; the employer is the one in the holder's completed profile, else the registry's.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import MD5, TruncDate
from django.utils.translation import pgettext

from certificates.models import Kind, LegacyCertificate, LegacyStatus
from certificates.selectors import exchange_decision, policy_on
from education.models import CERecord
from portal.accounts.models import User
from portal.policy import SHANGHAI, Decision, Policy, Result

AT_A_TIME = 200

Scope = QuerySet[Any]
"""Paper certificates, with what `of_area` and `not_exchanged` add to each."""

GROUPS: dict[str, str] = {
    "window_open": "closed",
    "certificate_kind": "scope",
    "issuer": "scope",
    "issue_year": "scope",
    "post_code": "scope",
    "certificate_active": "scope",
    "registry_record": "archive",
    "profile_complete": "profile",
    "photo": "photo",
    "ce_hours": "hours",
    "ce_professional_hours": "hours",
    "ce_assessment": "assessment",
}
"""Checks of the exchange by the kind of help that cures them."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """Of so many certificates in scope, so many are exchanged. ``key`` finds it again, ``label`` is for people."""

    key: str
    label: str
    total: int
    exchanged: int

    @property
    def left(self) -> int:
        return self.total - self.exchanged

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: a hundred means all."""
        return 100 * self.exchanged // self.total if self.total else 0


def in_scope(policy: Policy) -> Scope:
    """Return the certificates that the exchange is about (1.1), whether exchanged by now or not."""
    rules = policy.exchange
    return LegacyCertificate.objects.filter(
        kind=Kind.POST_TRAINING,
        issuer=rules.issuer.code,
        post_code__in=[post.code for post in rules.posts],
        issued_on__year__in=rules.issue_years,
        status__in=[LegacyStatus.ACTIVE, LegacyStatus.EXCHANGED],
    )


def of_area(policy: Policy, area_code: str) -> Scope:
    """Return those of one city or county, each with its ``employer`` and the ``employer_key`` of addresses."""
    own = Q(person__profile_completed_at__isnull=False)
    employer = Case(
        When(own, then=F("person__employer_name")), default=F("employer_name"), output_field=TextField()
    )
    own_area: Scope = in_scope(policy).filter(area_code=area_code)
    named: Scope = own_area.annotate(employer=employer).annotate(employer_key=MD5("employer"))
    return named


_EXCHANGED = Count("pk", filter=Q(status=LegacyStatus.EXCHANGED))


def total_of(found: Scope, *, label: str = "") -> Share:
    sums = found.aggregate(total=Count("pk"), exchanged=_EXCHANGED)
    return Share(key="", label=label, total=sums["total"], exchanged=sums["exchanged"])


def by_post(found: Scope) -> list[Share]:
    """Return the share of each post, the one with most people left first; the label is the post's code."""
    sums = found.values("post_code").annotate(total=Count("pk"), exchanged=_EXCHANGED).order_by()
    return _ranked(
        Share(key=s["post_code"], label=s["post_code"], total=s["total"], exchanged=s["exchanged"])
        for s in sums
    )


def by_area(found: Scope) -> list[Share]:
    """Return the share of each city and county, by its code."""
    sums = found.values("area_code").annotate(total=Count("pk"), exchanged=_EXCHANGED).order_by("area_code")
    return [
        Share(key=s["area_code"], label=s["area_code"], total=s["total"], exchanged=s["exchanged"])
        for s in sums
    ]


def by_employer(found: Scope) -> list[Share]:
    """Return the share of each employer, the one with most people left first; nobody's name stands for no employer."""
    sums = (
        found.values("employer", "employer_key").annotate(total=Count("pk"), exchanged=_EXCHANGED).order_by()
    )
    return _ranked(
        Share(key=s["employer_key"], label=s["employer"], total=s["total"], exchanged=s["exchanged"])
        for s in sums
    )


def _ranked(shares: Iterator[Share]) -> list[Share]:
    return sorted(shares, key=lambda share: (-share.left, share.label))


def by_day(found: Scope) -> list[tuple[date, int]]:
    """Return the days on which certificates were exchanged, each with the sum up to its end."""
    days = (
        found.filter(status=LegacyStatus.EXCHANGED)
        .annotate(day=TruncDate("status_changed_at", tzinfo=SHANGHAI))
        .values_list("day")
        .annotate(number=Count("pk"))
        .order_by("day")
    )
    total, sums = 0, []
    for day, number in days:
        total += number
        sums.append((day, total))
    return sums


# Who is left


@dataclass(frozen=True, kw_only=True)
class Left:
    """A certificate not yet exchanged: whose, whether they have an account, and what the twelve checks say."""

    certificate: LegacyCertificate
    employer: str
    employer_key: str
    registered: bool
    decision: Decision

    @property
    def missing(self) -> tuple[str, ...]:
        """Kinds of help that are needed, in the order of the checks; ``account`` first for those without one."""
        unmet = [GROUPS[check.code] for check in self.decision.checks if check.result is not Result.PASS]
        return tuple(dict.fromkeys([*([] if self.registered else ["account"]), *unmet]))


def not_exchanged(
    found: Scope,
    *,
    post: str = "",
    employer_key: str = "",
    registered: bool | None = None,
) -> Scope:
    """Return what is left of ``found``, by employer and name."""
    account = Exists(User.objects.filter(person=OuterRef("person"), is_active=True))
    left: Scope = found.filter(status=LegacyStatus.ACTIVE).annotate(registered=account)
    if post:
        left = left.filter(post_code=post)
    if employer_key:
        left = left.filter(employer_key=employer_key)
    if registered is not None:
        left = left.filter(registered=Value(registered, BooleanField()))
    return left.select_related("person", "archive_check").order_by("employer", "holder_name", "pk")


def judged(certificates: Sequence[Any], *, at: datetime) -> list[Left]:
    """Decide each of `not_exchanged`; one query for everybody's hours."""
    people = {certificate.person_id for certificate in certificates}
    records: dict[object, list[CERecord]] = defaultdict(list)
    for record in CERecord.objects.filter(person__in=people):
        records[record.person_id].append(record)
    return [
        Left(
            certificate=certificate,
            employer=certificate.employer,
            employer_key=certificate.employer_key,
            registered=certificate.registered,
            decision=exchange_decision(
                certificate, certificate.person, records[certificate.person_id], at=at
            ),
        )
        for certificate in certificates
    ]


def judged_in_turn(left: Scope, *, at: datetime) -> Iterator[Left]:
    """Yield any number of them without holding them all."""
    stream = left.iterator(chunk_size=AT_A_TIME)
    while piece := list(islice(stream, AT_A_TIME)):
        yield from judged(piece, at=at)


def employer_name(found: Scope, key: str) -> str | None:
    """Return the employer with this key, or None when nobody in ``found`` works for it."""
    name: str | None = (
        found.filter(employer_key=key).values_list("employer", flat=True).first() if key else None
    )
    return name


def scope_at(moment: datetime, area_code: str) -> Scope:
    return of_area(policy_on(moment), area_code)


def missing_word(group: str) -> str:
    """Name a kind of help that somebody needs before the exchange."""
    return {
        "account": pgettext("missing", "Register"),
        "closed": pgettext("missing", "The exchange is closed"),
        "scope": pgettext("missing", "Outside the exchange"),
        "archive": pgettext("missing", "Archive check"),
        "profile": pgettext("missing", "Profile"),
        "photo": pgettext("missing", "Photo"),
        "hours": pgettext("missing", "Hours"),
        "assessment": pgettext("missing", "Assessment"),
        "click": pgettext("missing", "Only the click on Update"),
    }[group]
