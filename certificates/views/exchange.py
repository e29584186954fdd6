"""更新: one look at what will be printed, one honest confirmation, one click (1.3)."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from certificates.models import ElectronicCertificate
from certificates.presentation import PaperView, paper_view
from certificates.selectors import held_paper
from certificates.services.exchange import ExchangeRefusedError, HolderNameDiffersError, certificate_exchange
from certificates.views.holder import holder, own_paper, worker_page
from portal import clock
from portal.events.services import Actor
from portal.permissions import SignedInRequest


@worker_page
@require_http_methods(["GET", "HEAD", "POST"])
def exchange(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the answers to be confirmed, or the check-list when something is missing; POST exchanges.

    A POST that is repeated leads to the same certificate; one that is refused changes nothing and answers 409.
    """
    paper = own_paper(request, pk)
    if request.method == "POST":
        try:
            return _done(certificate_exchange(certificate=paper, by=Actor.of(request)))
        except (ExchangeRefusedError, HolderNameDiffersError):
            return _refused(request, pk, status=409)
    if paper.status == "exchanged":
        return redirect("electronic-certificate", paper.replaced_by.pk)
    view = _view(request, pk)
    if not view.can_exchange:
        return _refused(request, pk, status=200)
    return render(request, "worker/exchange.html", {"view": view, "person": holder(request)})


def _done(certificate: ElectronicCertificate) -> HttpResponse:
    return redirect(f"{reverse('electronic-certificate', args=[certificate.pk])}?done")


def _refused(request: SignedInRequest, pk: uuid.UUID, *, status: int) -> HttpResponse:
    context = {"view": _view(request, pk), "tried": status == 409}
    return render(request, "worker/exchange_refused.html", context, status=status)


def _view(request: SignedInRequest, pk: uuid.UUID) -> PaperView:
    at = clock.now()
    return paper_view(held_paper(own_paper(request, pk), holder(request), at=at), at=at)
