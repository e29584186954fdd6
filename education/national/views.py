"""The outbox of the province: what waits for the national system by half-month, taken away as a file, and marked."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from education.forms import EntryForm
from education.models import Delivery
from education.national import outbox
from education.national.export import half_month_file
from education.national.system import Answer, national_system
from portal.accounts.roles import Permission
from portal.downloads.models import Download
from portal.events.services import Actor
from portal.forms import form_status
from portal.permissions import SignedInRequest, permission_required
from portal.step_up import step_up_required

ON_THE_PAGE = 100


@permission_required(Permission.NATIONAL_ENTER)
@require_GET
def national(request: SignedInRequest) -> HttpResponse:
    return _page(request, EntryForm())


def _page(request: SignedInRequest, form: EntryForm) -> HttpResponse:
    context = {
        "form": form,
        "halves": outbox.half_months(),
        "by_http": national_system() is not None,
        "deliveries": outbox.delivery_figures(),
        "rejected": outbox.deliveries_rejected()[:ON_THE_PAGE],
        "refused": outbox.refused_entries()[:ON_THE_PAGE],
    }
    return render(request, "review/national.html", context, status=form_status(form))


def _half(text: str) -> outbox.HalfMonth:
    try:
        return outbox.half_month_of_text(text)
    except ValueError:
        raise Http404 from None


@permission_required(Permission.NATIONAL_ENTER)
@step_up_required
@require_GET
def national_export(request: SignedInRequest, first: str, kind: str) -> HttpResponseBase:
    """Take a half-month away as a workbook or as CSV (with a byte order mark, which spreadsheets want)."""
    found = half_month_file(kind, _half(first), by=Actor.of(request))
    return redirect("download", found.pk) if isinstance(found, Download) else found


@permission_required(Permission.NATIONAL_ENTER)
@require_POST
def national_entered(request: SignedInRequest, first: str) -> HttpResponse:
    count = outbox.half_month_entered(half=_half(first), by=Actor.of(request))
    text = ngettext(
        "%(count)s record is marked as entered.", "%(count)s records are marked as entered.", count
    )
    messages.success(request, text % {"count": count})
    return redirect("review-national")


@permission_required(Permission.NATIONAL_ENTER)
@require_POST
def national_mark(request: SignedInRequest) -> HttpResponse:
    """Mark one record as entered there, or refused with the reason."""
    form = EntryForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    mark = Answer(form.cleaned_data["record"], form.cleaned_data["reason"])
    try:
        outbox.records_mark(marks=[mark], by=Actor.of(request))
    except outbox.UnknownRecordsError:
        form.add_error("record", _("No record has this number."))
        return _page(request, form)
    messages.success(
        request,
        _("The refusal is kept; the person sees it, too.")
        if mark.refusal
        else _("The record is marked as entered."),
    )
    return redirect("review-national")


@permission_required(Permission.NATIONAL_ENTER)
@require_POST
def national_send_again(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    delivery = get_object_or_404(Delivery, pk=pk)
    try:
        outbox.delivery_send_again(delivery=delivery, by=Actor.of(request))
    except outbox.NotRejectedError:
        messages.error(request, _("Nothing was changed: a colleague has sent it again already."))
    else:
        messages.success(request, _("It goes out again within a minute."))
    return redirect("review-national")
