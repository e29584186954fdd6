"""What a holder asks for on a paper certificate: an archive check (1.1), one of four services (3.2)."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from certificates.forms import SERVICE_FORMS, ServiceForm
from certificates.messages import explain
from certificates.models import LegacyCertificate, ServiceKind
from certificates.presentation import paper_view
from certificates.rules import decide_archive_request, decide_legacy_service
from certificates.selectors import certificate_facts, held_paper, open_service, policy_on
from certificates.services.archive import archive_check_request
from certificates.services.legacy import legacy_service_request
from certificates.services.refusals import RequestRefusedError
from certificates.views.holder import holder, own_paper, worker_page
from portal import clock
from portal.events.services import Actor
from portal.identity import same_name
from portal.permissions import SignedInRequest
from portal.policy import Decision, day_of

page = require_http_methods(["GET", "HEAD", "POST"])


@worker_page
@page
def archive_check(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Explain the check and ask for it; once asked for, say where it stands."""
    paper = own_paper(request, pk)
    if request.method == "POST":
        try:
            archive_check_request(certificate=paper, by=Actor.of(request))
        except RequestRefusedError as refusal:
            return _archive_page(request, paper, refusal.decision, status=409)
        messages.success(request, _("The archive check is asked for. Now bring the originals."))
        return redirect("archive-check-request", pk)
    at = clock.now()
    return _archive_page(
        request, paper, decide_archive_request(certificate_facts(paper), policy_on(at), on=at)
    )


def _archive_page(
    request: SignedInRequest, paper: LegacyCertificate, decision: Decision, *, status: int = 200
) -> HttpResponse:
    at = clock.now()
    deadline = policy_on(at).exchange.archive_check_deadline
    context = {
        "view": paper_view(held_paper(paper, holder(request), at=at), at=at),
        "check": getattr(paper, "archive_check", None),
        "decision": decision.as_dict(explain),
        "deadline": deadline,
        "is_late": deadline is not None and day_of(at) > deadline,
        "days": policy_on(at).service_targets.archive_check_days,
    }
    return render(request, "worker/archive_check.html", context, status=status)


@worker_page
@page
def legacy_service(request: SignedInRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """Ask for a service; after the last day (3.2) the page says which rule closed it, and since when."""
    paper, service = own_paper(request, pk), _service(kind)
    at = clock.now()
    decision = decide_legacy_service(certificate_facts(paper), policy_on(at), service=service.value, on=at)
    if not decision.eligible and request.method != "POST":
        return _service_refused(request, paper, service, decision, status=200)
    form = SERVICE_FORMS[service](request.POST or None, certificate=paper, initial=_initial(request, paper))
    if request.method == "POST" and form.is_valid():
        try:
            _ask(request, paper, service, form)
        except RequestRefusedError as refusal:
            return _service_refused(request, paper, service, refusal.decision, status=409)
        messages.success(
            request, _("Your request has reached the department. You get a notice when it is decided.")
        )
        return redirect("legacy-certificate", pk)
    context = {
        "form": form,
        "heading": service.label,
        "submit_text": _("Send the request"),
        "service": service,
        "open": open_service(paper, service),
        "last_day": policy_on(at).legacy_services.end,
        **_paper_context(request, paper),
    }
    return render(request, "worker/service_request.html", context, status=422 if form.errors else 200)


def _ask(request: SignedInRequest, paper: LegacyCertificate, service: ServiceKind, form: ServiceForm) -> None:
    legacy_service_request(
        certificate=paper,
        kind=service,
        explanation=form.cleaned_data["explanation"],
        wishes=form.wishes,
        by=Actor.of(request),
    )


def _service(kind: str) -> ServiceKind:
    if kind not in ServiceKind.values:
        raise Http404
    return ServiceKind(kind)


def _initial(request: SignedInRequest, paper: LegacyCertificate) -> dict[str, str]:
    """Offer the account's own name and employer where the registry has others."""
    person = holder(request)
    return {
        "new_name": "" if same_name(person.name, paper.holder_name) else person.name,
        "new_employer": "" if person.employer_name == paper.employer_name else person.employer_name,
    }


def _service_refused(
    request: SignedInRequest,
    paper: LegacyCertificate,
    service: ServiceKind,
    decision: Decision,
    *,
    status: int,
) -> HttpResponse:
    context = {
        "heading": service.label,
        "decision": decision.as_dict(explain),
        **_paper_context(request, paper),
    }
    return render(request, "worker/service_refused.html", context, status=status)


def _paper_context(request: SignedInRequest, paper: LegacyCertificate) -> dict[str, Any]:
    at = clock.now()
    return {"view": paper_view(held_paper(paper, holder(request), at=at), at=at), "paper": paper}
