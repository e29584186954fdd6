"""The reviewer's lists and decisions: archive checks (1.1), services for paper certificates (3.2)."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from certificates.forms import ArchiveQueueForm, DecisionForm, PapersSeenForm, SearchForm, ServiceQueueForm
from certificates.messages import explain
from certificates.models import ArchiveCheck, LegacyServiceRequest, ServiceKind
from certificates.queues import archive_checks_like, open_archive_checks, open_services, services_like
from certificates.rules import archive_check_helps, decide_legacy_service
from certificates.selectors import (
    about_holder,
    archive_checks,
    archive_checks_done,
    certificate_facts,
    policy_on,
    service_requests,
    service_requests_done,
)
from certificates.services.archive import archive_check_decide, archive_papers_see
from certificates.services.legacy import legacy_service_decide
from certificates.services.refusals import RequestRefusedError, StateConflictError
from portal import clock
from portal.accounts.roles import Permission, may
from portal.events.services import Actor
from portal.filters import filter_context
from portal.looks import look_note
from portal.permissions import SignedInRequest, permission_required
from portal.policy import day_of

PER_PAGE = 50
reviewer_page = permission_required(Permission.CERTIFICATE_READ)
decider_page = permission_required(Permission.CERTIFICATE_DECIDE)
looker_page = permission_required(Permission.CERTIFICATE_READ, to_change=Permission.CERTIFICATE_DECIDE)
"""Looking is for all of the department's desk, deciding for reviewers alone."""
page = require_http_methods(["GET", "HEAD", "POST"])


@reviewer_page
@page
def archive_list(request: SignedInRequest) -> HttpResponse:
    at = clock.now()
    filters = ArchiveQueueForm(request.GET)
    wanted = filters.cleaned_data if filters.is_valid() else {}
    tabs = {
        "waiting": lambda: archive_checks_like(open_archive_checks(), at=at, **wanted),
        "decided": archive_checks_done,
    }
    context = _listed(request, tabs, archive_checks)
    deadline = policy_on(at).exchange.archive_check_deadline
    context |= {"deadline": deadline, "filters": filters, **filter_context(request, "review-archive-checks")}
    context["ticks"] = context["tab"] == "waiting" and may(request.user, Permission.CERTIFICATE_DECIDE)
    return render(request, "review/archive_list.html", context)


@reviewer_page
@page
def service_list(request: SignedInRequest) -> HttpResponse:
    filters = ServiceQueueForm(request.GET)
    wanted = filters.cleaned_data if filters.is_valid() else {}
    tabs = {
        "waiting": lambda: services_like(open_services(), **wanted),
        "decided": service_requests_done,
    }
    context = _listed(request, tabs, service_requests)
    last_day = policy_on(clock.now()).legacy_services.end
    context |= {"last_day": last_day, "filters": filters, **filter_context(request, "review-services")}
    return render(request, "review/service_list.html", context)


def _listed(
    request: SignedInRequest,
    tabs: Mapping[str, Callable[[], "QuerySet[Any]"]],
    everything: Callable[[], "QuerySet[Any]"],
) -> dict[str, Any]:
    """Return a page of one tab; or, for a search (by POST, through all of them), the first page of what is found."""
    tab = request.GET.get("state", "waiting")
    tab = tab if tab in tabs else "waiting"
    form = SearchForm(request.POST or None)
    searched = request.method == "POST" and form.is_valid()
    work = everything().filter(about_holder(form.cleaned_data["text"])) if searched else tabs[tab]()
    found = Paginator(work, PER_PAGE).get_page(1 if searched else request.GET.get("page"))
    waiting = tabs["waiting"]().count()
    return {
        "search": form,
        "searched": searched,
        "tab": tab,
        "found": found,
        "waiting": waiting,
        "today": clock.today(),
    }


@looker_page
@page
def archive_check(request: SignedInRequest, pk: int) -> HttpResponse:
    """One check: record that the originals were seen, then confirm or reject."""
    check = get_object_or_404(archive_checks(), pk=pk)
    look_note(request, check.certificate.person)
    is_papers = "seen_on" in request.POST
    papers = PapersSeenForm(
        request.POST if is_papers else None,
        first=day_of(check.requested_at),
        last=clock.today(),
        initial={"seen_on": clock.today()},
    )
    decision = _archive_form(request, check, bound=request.method == "POST" and not is_papers)
    form = papers if is_papers else decision
    if request.method == "POST" and form.is_valid():
        try:
            return _archive_act(request, check, papers if is_papers else decision)
        except StateConflictError:
            return _archive_page(request, get_object_or_404(archive_checks(), pk=pk), papers, decision, 409)
    return _archive_page(request, check, papers, decision, 422 if form.is_bound else 200)


def _archive_form(request: SignedInRequest, check: ArchiveCheck, *, bound: bool) -> DecisionForm:
    return DecisionForm(
        request.POST if bound else None,
        yes=_("Confirm: the files show this certificate") if check.papers_seen_on else None,
        no=_("Reject: the files do not show it"),
    )


def _archive_act(
    request: SignedInRequest, check: ArchiveCheck, form: PapersSeenForm | DecisionForm
) -> HttpResponse:
    if isinstance(form, PapersSeenForm):
        archive_papers_see(check=check, seen_on=form.cleaned_data["seen_on"], by=Actor.of(request))
        messages.success(request, _("Recorded that the originals were seen."))
        return redirect("review-archive-check", check.pk)
    archive_check_decide(
        check=check, confirmed=form.is_yes, reason=form.cleaned_data["reason"], by=Actor.of(request)
    )
    messages.success(request, _("Decided. The holder has been told."))
    return redirect("review-archive-checks")


def _archive_page(
    request: SignedInRequest, check: ArchiveCheck, papers: PapersSeenForm, decision: DecisionForm, status: int
) -> HttpResponse:
    context = {
        "check": check,
        "certificate": check.certificate,
        "papers_form": papers,
        "decision_form": decision,
        "is_open": check.outcome == ArchiveCheck.Outcome.PENDING and check.ended_at is None,
        "may_decide": may(request.user, Permission.CERTIFICATE_DECIDE),
        "conflict": status == 409,
        "deadline": policy_on(clock.now()).exchange.archive_check_deadline,
        "late": not _still_helps(check),
    }
    return render(request, "review/archive_check.html", context, status=status)


def _still_helps(check: ArchiveCheck) -> bool:
    at, facts = clock.now(), certificate_facts(check.certificate).archive_check
    return facts is not None and archive_check_helps(facts, policy_on(at), on=at)


@looker_page
@page
def service(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """One request: approve, which carries it out, or refuse."""
    wanted = get_object_or_404(service_requests(), pk=pk)
    look_note(request, wanted.certificate.person)
    form = DecisionForm(request.POST or None, yes=_("Approve: it is carried out at once"), no=_("Refuse"))
    if request.method == "POST" and form.is_valid():
        try:
            legacy_service_decide(
                request=wanted, approved=form.is_yes, reason=form.cleaned_data["reason"], by=Actor.of(request)
            )
        except (StateConflictError, RequestRefusedError):
            return _service_page(request, get_object_or_404(service_requests(), pk=pk), form, 409)
        messages.success(request, _("Decided. The holder has been told."))
        return redirect("review-services")
    return _service_page(request, wanted, form, 422 if form.is_bound else 200)


def _service_page(
    request: SignedInRequest, wanted: LegacyServiceRequest, form: DecisionForm, status: int
) -> HttpResponse:
    at = clock.now()
    decision = decide_legacy_service(
        certificate_facts(wanted.certificate), policy_on(at), service=wanted.kind, on=at
    )
    context = {
        "wanted": wanted,
        "kind": ServiceKind(wanted.kind),
        "certificate": wanted.certificate,
        "form": form,
        "decision": decision.as_dict(explain),
        "is_open": wanted.state == LegacyServiceRequest.State.OPEN,
        "can_decide": decision.eligible,
        "may_decide": may(request.user, Permission.CERTIFICATE_DECIDE),
        "conflict": status == 409,
    }
    return render(request, "review/service.html", context, status=status)
