"""The reviewers' side of a void certificate (2.1): lists, a finding, and one proposal on which two people decide."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from certificates.forms import FindingForm, ReasonForm, SearchForm
from certificates.messages import explain
from certificates.models import ElectronicCertificate, VoidingEvidence, VoidingProposal
from certificates.numbers import normalise_number
from certificates.presentation_voiding import colour_of, named_for_office, proposal_view
from certificates.proposals import (
    about_electronic_holder,
    history_of,
    proposals,
    proposals_decided,
    proposals_first,
    proposals_in_objection_time,
    proposals_second,
)
from certificates.services import voiding
from certificates.services.evidence import EvidenceNotStoredError, TooManyFilesError
from certificates.services.refusals import RequestRefusedError, StateConflictError
from certificates.services.two_people import SamePersonError
from certificates.views.review import PER_PAGE, decider_page, looker_page, page, reviewer_page
from certificates.views.voiding import evidence_problem, evidence_response
from portal import clock
from portal.accounts.roles import Permission, may
from portal.events.services import Actor
from portal.files import file_page
from portal.forms import form_status
from portal.looks import look_note
from portal.permissions import SignedInRequest
from portal.policy import Policy, current_pack
from portal.step_up import step_up_to_post


def _policy() -> Policy:
    return current_pack().on(clock.today())


def _tabs() -> "dict[str, Callable[[], QuerySet[VoidingProposal]]]":
    at = clock.now()
    return {
        "waiting": lambda: proposals_first(at=at),
        "second": proposals_second,
        "objection": lambda: proposals_in_objection_time(at=at),
        "decided": proposals_decided,
    }


@reviewer_page
@page
def voiding_list(request: SignedInRequest) -> HttpResponse:
    return _list(request, request.GET.get("state", "waiting"))


@reviewer_page
@page
def voiding_list_second(request: SignedInRequest) -> HttpResponse:
    """What waits for a second person: the same list, on its own address for the inbox."""
    return _list(request, request.GET.get("state", "second"))


def _list(request: SignedInRequest, tab: str) -> HttpResponse:
    tabs = _tabs()
    tab = tab if tab in tabs else "waiting"
    form = SearchForm(request.POST or None)
    searched = request.method == "POST" and form.is_valid()
    work = proposals().filter(about_electronic_holder(form.cleaned_data["text"])) if searched else tabs[tab]()
    found = Paginator(work, PER_PAGE).get_page(1 if searched else request.GET.get("page"))
    context = {
        "search": form,
        "searched": searched,
        "tab": tab,
        "found": found,
        "rows": [(proposal, colour_of(proposal)) for proposal in found],
        "counts": {name: query().count() for name, query in tabs.items() if name != "decided"},
        "objection_days": _policy().voiding.objection_days,
        "may_decide": may(request.user, Permission.CERTIFICATE_DECIDE),
    }
    return render(request, "review/voiding_list.html", context, status=form_status(form))


@decider_page
@step_up_to_post
@page
def voiding_find(request: SignedInRequest) -> HttpResponse:
    """Write down that a holder does not work in the post any more: a proposal, of which the holder is told at once."""
    form = FindingForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and (proposal := _found(request, form)):
        messages.success(request, _("Proposed. The holder has been told and may object."))
        return redirect("review-voiding", proposal.pk)
    context = {"form": form, "objection_days": _policy().voiding.objection_days}
    return render(request, "review/voiding_find.html", context, status=form_status(form))


def _found(request: SignedInRequest, form: FindingForm) -> VoidingProposal | None:
    number = normalise_number(form.cleaned_data["number"])
    certificate = ElectronicCertificate.objects.filter(number=number).first()
    if certificate is None:
        form.add_error("number", _("No electronic certificate has this number. Check it as printed."))
        return None
    try:
        return voiding.leaving_find(
            certificate=certificate,
            finding=form.cleaned_data["text"],
            evidence=form.evidence_given,
            by=Actor.of(request),
        )
    except voiding.AlreadyProposedError:
        form.add_error(
            "number",
            _("The certificate is void, or a proposal about it waits already. Look for it in the list."),
        )
    except (TooManyFilesError, EvidenceNotStoredError) as problem:
        form.add_error("evidence", evidence_problem(problem))
    return None


@looker_page
@step_up_to_post
@page
def voiding_detail(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """One proposal: confirm, approve, dismiss; once void, ask for the certificate back, and decide that."""
    proposal = get_object_or_404(proposals(), pk=pk)
    look_note(request, proposal.certificate.person)
    act = request.POST.get("act", "")
    form = ReasonForm(request.POST if act in _WITH_REASON else None)
    if request.method == "POST" and act in _ACTS and (act not in _WITH_REASON or form.is_valid()):
        reason = form.cleaned_data["reason"] if act in _WITH_REASON else ""
        return _acted(request, proposal, act, reason)
    return _detail(request, proposal, form, form_status(form))


_ACTS: dict[str, Callable[[VoidingProposal, str, Actor], VoidingProposal]] = {
    "confirm": lambda proposal, _reason, by: voiding.voiding_confirm(proposal=proposal, by=by),
    "approve": lambda proposal, _reason, by: voiding.voiding_approve(proposal=proposal, by=by),
    "dismiss": lambda proposal, reason, by: voiding.voiding_dismiss(proposal=proposal, reason=reason, by=by),
    "ask_back": lambda proposal, reason, by: voiding.reinstatement_ask(
        proposal=proposal, reason=reason, by=by
    ),
    "give_back": lambda proposal, _reason, by: voiding.reinstatement_decide(
        proposal=proposal, approved=True, by=by
    ),
    "keep_void": lambda proposal, _reason, by: voiding.reinstatement_decide(
        proposal=proposal, approved=False, by=by
    ),
}
_WITH_REASON = ("dismiss", "ask_back")


def _acted(request: SignedInRequest, proposal: VoidingProposal, act: str, reason: str) -> HttpResponse:
    try:
        done = _ACTS[act](proposal, reason, Actor.of(request))
    except StateConflictError as conflict:
        state = VoidingProposal.State(conflict.state).label
        messages.error(
            request, _("Nothing was decided: it is now “%(state)s”. See the history.") % {"state": state}
        )
    except RequestRefusedError as refusal:
        messages.error(request, " ".join(explain(check) for check in refusal.decision.unmet))
    except SamePersonError:
        messages.error(
            request, _("You asked for this yourself; another reviewer has to give the certificate back.")
        )
    else:
        messages.success(request, _("Done: %(state)s.") % {"state": done.get_state_display()})
    return redirect("review-voiding", proposal.pk)


def _detail(
    request: SignedInRequest, proposal: VoidingProposal, form: ReasonForm, status: int
) -> HttpResponse:
    at = clock.now()
    events = list(history_of(proposal.certificate))
    view = proposal_view(proposal, at=at, name_of=named_for_office(events), reviewer=request.user)
    context: dict[str, Any] = {
        "view": view,
        "proposal": proposal,
        "form": form,
        "may_decide": may(request.user, Permission.CERTIFICATE_DECIDE),
        "asked_by_me": proposal.reinstatement_asked_by_id == request.user.pk,
        "earlier": proposals().filter(certificate=proposal.certificate).exclude(pk=proposal.pk),
        "target_days": _policy().service_targets.voiding_review_days,
    }
    return render(request, "review/voiding.html", context, status=status)


@reviewer_page
@require_GET
@file_page
def review_evidence(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    evidence = get_object_or_404(
        VoidingEvidence.objects.select_related("proposal__certificate__person"), pk=pk
    )
    look_note(request, evidence.proposal.certificate.person)
    return evidence_response(evidence)
