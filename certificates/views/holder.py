"""The worker's home, and each certificate that the worker holds."""

import uuid
from base64 import b64encode

from django.conf import settings
from django.http import FileResponse, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates.checks.selectors import checks_recently
from certificates.documents.qr import draw_qr, verification_address
from certificates.log.proofs import evidence
from certificates.models import ElectronicCertificate, LegacyCertificate, VoidingProposal
from certificates.numbers import grouped
from certificates.presentation import electronic_view, next_step, paper_view, papers_in_order, post_label
from certificates.proposals import proposals_of
from certificates.selectors import (
    HeldElectronic,
    ce_records_of,
    electronic_standing,
    electronics_of,
    held_electronic,
    held_paper,
    held_papers,
    papers_of,
    policy_on,
    service_requests_of,
)
from certificates.services.documents import document_ensure
from portal import clock
from portal.accounts.models import Person
from portal.accounts.roles import Permission
from portal.files import file_page
from portal.permissions import SignedInRequest, permission_required
from portal.policy import day_of

worker_page = permission_required(Permission.CERTIFICATE_HOLD)


def holder(request: SignedInRequest) -> Person:
    """Return the person behind a worker's account, which always has one."""
    person = request.user.person
    if person is None:
        raise ValueError("A worker's account belongs to a person.")
    return person


def own_paper(request: SignedInRequest, pk: uuid.UUID) -> LegacyCertificate:
    """Return the holder's own certificate; anybody else's does not exist (404)."""
    return get_object_or_404(papers_of(holder(request)), pk=pk)


def own_electronic(request: SignedInRequest, pk: uuid.UUID) -> ElectronicCertificate:
    """Return the holder's own certificate; anybody else's does not exist (404)."""
    return get_object_or_404(electronics_of(holder(request)), pk=pk)


@worker_page
@require_safe
def worker_home(request: SignedInRequest) -> HttpResponse:
    person, at = holder(request), clock.now()
    papers = papers_in_order(paper_view(held, at=at) for held in held_papers(person, at=at))
    electronics = [electronic_view(held, at=at) for held in held_electronic(person, at=at)]
    proposals = [each for each in proposals_of(person) if each.state in VoidingProposal.UNDECIDED]
    threatened = {
        proposal.certificate_id for proposal in proposals
    }  # told above the step, which is about the others
    calm = [view for view in electronics if view.held.certificate.pk not in threatened]
    context = {
        "person": person,
        "papers": papers,
        "electronics": electronics,
        "step": next_step(papers, calm, at=at),
        "proposals": proposals,
        "years": policy_on(at).exchange.issue_years,
    }
    return render(request, "worker/home.html", context)


@worker_page
@require_safe
def legacy_certificate(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    paper, at = own_paper(request, pk), clock.now()
    view = paper_view(held_paper(paper, holder(request), at=at), at=at)
    context = {"view": view, "paper": paper, "requests": service_requests_of(paper)}
    return render(request, "worker/legacy_certificate.html", context)


@worker_page
@require_safe
def electronic_certificate(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    certificate, at = own_electronic(request, pk), clock.now()
    standing = electronic_standing(certificate, ce_records_of(holder(request)), at=at)
    address = verification_address(settings.PUBLIC_URL, certificate.number)
    context = {
        "view": electronic_view(HeldElectronic(certificate, standing), at=at),
        "certificate": certificate,
        "number": grouped(certificate.number),
        "address": address,
        "qr": "data:image/svg+xml;base64," + b64encode(draw_qr(address)).decode(),
        "is_new": "done" in request.GET,
        "checks": checks_recently(certificate.pk, today=day_of(at)),
        "proposal": proposals_of(holder(request)).filter(certificate=certificate).first(),
    }
    return render(request, "worker/electronic_certificate.html", context)


@worker_page
@require_safe
@file_page
def electronic_certificate_pdf(request: SignedInRequest, pk: uuid.UUID) -> FileResponse:
    certificate = own_electronic(request, pk)
    document = document_ensure(certificate=certificate)
    name = f"{_('Electronic training certificate')} {post_label(certificate)} {certificate.number}.pdf"
    return FileResponse(
        document.file.open(), as_attachment=True, filename=name, content_type="application/pdf"
    )


@worker_page
@require_safe
@file_page
def electronic_certificate_photo(request: SignedInRequest, pk: uuid.UUID) -> FileResponse:
    """Return the portrait that is printed on the certificate; the profile may have another one by now."""
    return FileResponse(own_electronic(request, pk).photo.file.open(), content_type="image/jpeg")


@worker_page
@require_safe
def electronic_certificate_evidence(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Return what the transparency log says of the certificate, with proofs, for ``docs/verify_log_proof.py``."""
    certificate = own_electronic(request, pk)
    response = JsonResponse(evidence(certificate), json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="log-{certificate.number}.json"'
    return response
