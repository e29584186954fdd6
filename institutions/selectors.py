"""Which institutions are qualified when, and what was reported."""

from datetime import date, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import BinaryField, Count, F, Func, Min, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Concat

from institutions.models import DesignationReport, Institution, Qualification
from portal.accounts.models import ApiToken, User
from portal.accounts.roles import Permission, Reach, reach_of
from portal.desk import QueueState

_COVERED = """
SELECT daterange(%s, %s, '[]') <@ range_agg(daterange(valid_from, valid_until, '[]'))
FROM institutions_qualification WHERE institution_id = %s
"""
_SPANS = """
SELECT lower(span), upper(span) - 1
FROM (SELECT unnest(range_agg(daterange(valid_from, valid_until, '[]'))) AS span
      FROM institutions_qualification WHERE institution_id = %s) AS spans
ORDER BY 1
"""


def qualified_on(day: date) -> QuerySet[Institution]:
    """Return the institutions whose teaching counts on ``day`` (2.2)."""
    return Institution.objects.filter(pk__in=_qualifications_on(day).values("institution"))


def _qualifications_on(day: date) -> QuerySet[Qualification]:
    return Qualification.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day
    )


def is_qualified(institution: Institution, from_day: date, to_day: date) -> bool:
    """Tell whether an institution was qualified on every day of a span, maybe on one ground after the other."""
    with connection.cursor() as cursor:
        cursor.execute(_COVERED, [from_day, to_day, institution.pk])
        return bool(cursor.fetchone()[0])


def qualified_spans(institution: Institution) -> list[tuple[date, date | None]]:
    """Return first and last day of each span without a gap; an open end is None. For judging many rows at once."""
    with connection.cursor() as cursor:
        cursor.execute(_SPANS, [institution.pk])
        return list(cursor.fetchall())


def institution_of(user_id: UUID) -> Institution | None:
    """Return the institution for which a clerk works."""
    return Institution.objects.filter(memberships__user=user_id).first()


def directory(day: date, *, area_code: str = "", words: str = "") -> QuerySet[Qualification]:
    """Return the qualification in force on ``day`` of each institution, with it, in the neutral order of that day (4.2).

    The order is that of the SHA-256 of credit code and date: the same for everybody on one day, another one the next
    day, and in nobody's hand.
    """
    found = _qualifications_on(day).select_related("institution")
    if area_code:
        found = found.filter(institution__area_code=area_code)
    for word in words.split():
        found = found.filter(institution__name__icontains=word)
    return found.order_by(_lot(F("institution__code"), day), "institution__code")


def _lot(code: F, day: date) -> Func:
    """Return PostgreSQL's own SHA-256; Django's needs the extension pgcrypto."""
    return Func(
        Concat(code, Value(f" {day.isoformat()}")),
        template="sha256(convert_to(%(expressions)s, 'UTF8'))",
        output_field=BinaryField(),
    )


def designation_reports(state: str, *, area_code: str = "") -> QuerySet[DesignationReport]:
    """Return reports in a state, of one area or of all: open ones oldest first, closed ones newest first."""
    order = "reported_at" if state == DesignationReport.State.OPEN else "-closed_at"
    found = DesignationReport.objects.filter(state=state).order_by(order, "pk")
    return found.filter(area_code=area_code) if area_code else found


def designation_reports_waiting() -> QueueState:
    found = designation_reports(DesignationReport.State.OPEN).order_by()
    figures = found.aggregate(waiting=Count("pk"), oldest=Min("reported_at"))
    return QueueState(figures["waiting"], figures["oldest"])


def institutions_known(day: date, *, words: str = "") -> QuerySet[Institution]:
    """Return every institution in the order of their credit codes, with those qualified on ``day`` marked (4.2).

    Each has ``in_force`` (its qualification on that day, or nothing) and ``clerks`` (how many accounts).
    """
    found = Institution.objects.prefetch_related(
        Prefetch("qualifications", _qualifications_on(day), to_attr="in_force")
    ).annotate(clerks=Count("memberships", filter=Q(memberships__user__is_active=True)))
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(code__icontains=word))
    return found.order_by("code")


def qualifications_of(institution: Institution) -> QuerySet[Qualification]:
    return institution.qualifications.order_by("-valid_from")


def clerks_of(institution: Institution) -> QuerySet[User]:
    """Return the accounts that work for an institution, those that ended last."""
    return User.objects.filter(membership__institution=institution).order_by("-is_active", "username")


def qualification_figures(day: date, *, soon: int) -> dict[str, int]:
    """Count institutions, those qualified on ``day``, and qualifications that end within ``soon`` days after it."""
    ending = _qualifications_on(day).filter(valid_until__lte=day + timedelta(days=soon))
    return {
        "known": Institution.objects.count(),
        "qualified": qualified_on(day).count(),
        "ending": ending.count(),
    }


def tokens_kept_by(user: User) -> QuerySet[ApiToken]:
    """Return the API tokens that an account looks after: those of its institution, or only its own."""
    found = ApiToken.objects.select_related("user", "created_by").order_by("-created_at", "pk")
    if reach_of(user, Permission.TOKENS_KEEP) == Reach.INSTITUTION:
        return found.filter(user__membership__institution__memberships__user=user)
    return found.filter(user=user)
