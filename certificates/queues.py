"""This room's work in the reviewer's inbox."""

from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Min, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from certificates.lifecycle.selectors import measures_waiting
from certificates.models import ArchiveCheck, LegacyServiceRequest
from certificates.proposals import proposals_first, proposals_second
from certificates.selectors import policy_on
from portal import clock
from portal.desk import QueueState, WorkQueue, register_queue
from portal.filters import register_filters
from portal.policy import Policy, day_of


def open_archive_checks() -> "QuerySet[ArchiveCheck]":
    return (
        ArchiveCheck.objects.filter(outcome="pending", ended_at__isnull=True)
        .select_related("certificate__person")
        .order_by("requested_at", "pk")
    )


def too_late(policy: Policy, *, on: datetime) -> Q:
    """Return the filter for checks that can no longer let anything into the exchange, as the rule `1.1` has it.

    The same as `rules.archive_check_helps` says of one that is pending.
    """
    deadline = policy.exchange.archive_check_deadline
    if deadline is None:
        return Q()
    late = Q(requested_at__gte=clock.end_of_day(deadline)) | Q(papers_seen_on__gt=deadline)
    return late | Q(papers_seen_on__isnull=True) if day_of(on) > deadline else late


def archive_checks_like(
    checks: "QuerySet[ArchiveCheck]", *, at: datetime, post: str = "", stage: str = ""
) -> "QuerySet[ArchiveCheck]":
    """Mark each check with ``late`` (it can no longer pass), and filter by post and by what it waits for."""
    late = too_late(policy_on(at), on=at)
    marked = checks.annotate(late=Case(When(late, then=True), default=False))
    if post:
        marked = marked.filter(certificate__post_code=post)
    if stage == "late":
        return marked.filter(late=True)
    if stage:
        return marked.filter(late=False, papers_seen_on__isnull=stage == "unseen")
    return marked


def open_services() -> "QuerySet[LegacyServiceRequest]":
    return (
        LegacyServiceRequest.objects.filter(state=LegacyServiceRequest.State.OPEN)
        .select_related("certificate__person")
        .order_by("requested_at", "pk")
    )


def services_like(
    services: "QuerySet[LegacyServiceRequest]", *, kind: str = "", post: str = ""
) -> "QuerySet[LegacyServiceRequest]":
    """Filter by the service that is asked for and by post."""
    wanted = {"kind": kind, "certificate__post_code": post}
    return services.filter(**{field: value for field, value in wanted.items() if value})


def _state(work: "QuerySet[Any]") -> QueueState:
    found = work.order_by().aggregate(waiting=Count("pk"), oldest=Min("requested_at"))
    return QueueState(found["waiting"], found["oldest"])


def _proposals_first() -> QueueState:
    found = proposals_first(at=clock.now()).order_by().aggregate(waiting=Count("pk"), oldest=Min("opened_at"))
    return QueueState(found["waiting"], found["oldest"])


def _proposals_second() -> QueueState:
    since = Coalesce("reinstatement_asked_at", "confirmed_at")
    found = proposals_second().order_by().aggregate(waiting=Count("pk"), oldest=Min(since))
    return QueueState(found["waiting"], found["oldest"])


def _measures() -> QueueState:
    found = measures_waiting().order_by().aggregate(waiting=Count("pk"), oldest=Min("asked_at"))
    return QueueState(found["waiting"], found["oldest"])


def register() -> None:
    register_filters("review-archive-checks", ("post", "stage"))
    register_filters("review-services", ("kind", "post"))
    register_queue(
        WorkQueue("voiding", _("Proposals to void certificates"), "review-voidings", _proposals_first)
    )
    register_queue(
        WorkQueue(
            "voiding-second",
            _("Voiding: waiting for a second person"),
            "review-voidings-second",
            _proposals_second,
        )
    )
    register_queue(
        WorkQueue(
            "measures",
            _("Suspension and revocation: waiting for a second person"),
            "review-certificates",
            _measures,
        )
    )
    register_queue(
        WorkQueue(
            "archive", _("Archive checks"), "review-archive-checks", lambda: _state(open_archive_checks())
        )
    )
    register_queue(
        WorkQueue(
            "services",
            _("Services for paper certificates"),
            "review-services",
            lambda: _state(open_services()),
        )
    )
