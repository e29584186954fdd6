"""The holder's side of a proposal to make a certificate void (2.1): what it rests on, an objection with evidence."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from certificates.forms import ObjectionForm
from certificates.messages import explain
from certificates.models import VoidingEvidence, VoidingProposal
from certificates.presentation_voiding import named_for_holder, proposal_view
from certificates.proposals import proposals_of
from certificates.services.evidence import MOST_FILES, EvidenceNotStoredError, TooManyFilesError
from certificates.services.refusals import RequestRefusedError
from certificates.services.voiding import objection_make
from certificates.views.holder import holder, own_electronic, worker_page
from portal import clock
from portal.events.services import Actor
from portal.files import file_page
from portal.forms import form_status
from portal.permissions import SignedInRequest


@worker_page
@require_http_methods(["GET", "HEAD", "POST"])
def voiding(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the latest proposal about an own certificate; POST objects to it."""
    proposal = proposals_of(holder(request)).filter(certificate=own_electronic(request, pk)).first()
    if proposal is None:
        raise Http404
    form = ObjectionForm(request.POST or None, request.FILES or None, initial={"text": proposal.objection})
    if request.method == "POST" and form.is_valid() and _objected(request, proposal, form):
        messages.success(
            request, _("Your objection is with the department. You get a notice when it is decided.")
        )
        return redirect("voiding", pk)
    view = proposal_view(proposal, at=clock.now(), name_of=named_for_holder(request.user))
    return render(request, "worker/voiding.html", {"view": view, "form": form}, status=form_status(form))


def _objected(request: SignedInRequest, proposal: VoidingProposal, form: ObjectionForm) -> bool:
    try:
        objection_make(
            proposal=proposal,
            text=form.cleaned_data["text"],
            evidence=form.evidence_given,
            by=Actor.of(request),
        )
    except RequestRefusedError as refusal:
        form.add_error(None, " ".join(explain(check) for check in refusal.decision.unmet))
    except (TooManyFilesError, EvidenceNotStoredError) as problem:
        form.add_error("evidence", evidence_problem(problem))
    return not form.errors


def evidence_problem(problem: TooManyFilesError | EvidenceNotStoredError) -> ValidationError:
    """Return what to say when files were not kept."""
    if isinstance(problem, TooManyFilesError):
        return ValidationError(
            _("At most %(most)s files are kept, those sent before included."), params={"most": MOST_FILES}
        )
    return ValidationError(
        _("The files could not be stored just now. Nothing was sent; try again in a few minutes.")
    )


@worker_page
@require_GET
@file_page
def voiding_evidence(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """A file of a proposal about an own certificate; anybody else's does not exist (404)."""
    own = VoidingEvidence.objects.filter(proposal__certificate__person=holder(request))
    return evidence_response(get_object_or_404(own, pk=pk))


def evidence_response(evidence: VoidingEvidence) -> HttpResponse:
    """Return a file for download: never shown inside the portal's own pages, whatever it holds."""
    suffix = evidence.content_type.rsplit("/")[-1]
    try:
        with evidence.file.open() as file:
            content = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    headers = {
        "Content-Disposition": f'attachment; filename="evidence-{evidence.sha256[:8]}.{suffix}"',
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "no-store, private",
    }
    return HttpResponse(content, content_type=evidence.content_type, headers=headers)
