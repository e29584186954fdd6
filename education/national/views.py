"""The outbox of the province: what waits for the national system by half-month, taken away as a file, and marked."""

import io

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from education.forms import EntryRefusalForm
from education.models import CERecord
from education.national import outbox
from education.national.export import half_month_csv, half_month_workbook
from education.national.system import national_system
from education.views_review import REVIEWERS
from education.workbook import XLSX
from portal.events.services import Actor
from portal.forms import form_status
from portal.permissions import SignedInRequest, role_required

ON_THE_PAGE = 100


@role_required(*REVIEWERS)
@require_GET
def national(request: SignedInRequest) -> HttpResponse:
    return _page(request, EntryRefusalForm())


def _page(request: SignedInRequest, form: EntryRefusalForm) -> HttpResponse:
    context = {
        "form": form,
        "halves": outbox.half_months(),
        "by_http": national_system() is not None,
        "deliveries": outbox.delivery_figures(),
        "refused": outbox.refused_entries()[:ON_THE_PAGE],
    }
    return render(request, "review/national.html", context, status=form_status(form))


def _half(text: str) -> outbox.HalfMonth:
    try:
        return outbox.half_month_of_text(text)
    except ValueError:
        raise Http404 from None


@role_required(*REVIEWERS)
@require_GET
def national_export(request: SignedInRequest, first: str, kind: str) -> FileResponse:
    """Take a half-month away as a workbook or as CSV (with a byte order mark, which spreadsheets want)."""
    half, out = _half(first), io.BytesIO()
    if kind == "xlsx":
        half_month_workbook(out, half)
    else:
        text = io.TextIOWrapper(out, "utf-8-sig", newline="", write_through=True)
        half_month_csv(text, half)
        text.detach()
    out.seek(0)
    content_type = XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    return FileResponse(out, as_attachment=True, filename=f"{half.first}.{kind}", content_type=content_type)


@role_required(*REVIEWERS)
@require_POST
def national_entered(request: SignedInRequest, first: str) -> HttpResponse:
    count = outbox.half_month_entered(half=_half(first), by=Actor.of(request))
    text = ngettext(
        "%(count)s record is marked as entered.", "%(count)s records are marked as entered.", count
    )
    messages.success(request, text % {"count": count})
    return redirect("review-national")


@role_required(*REVIEWERS)
@require_POST
def national_refused(request: SignedInRequest) -> HttpResponse:
    form = EntryRefusalForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    record = get_object_or_404(CERecord, pk=form.cleaned_data["record"])
    outbox.record_refused(record=record, reason=form.cleaned_data["reason"], by=Actor.of(request))
    messages.success(request, _("The refusal is kept; the person sees it, too."))
    return redirect("review-national")
