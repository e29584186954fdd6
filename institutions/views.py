"""The public directory, and reports that somebody prescribed an institution (4.2)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from institutions.forms import DesignationReportForm, DirectoryForm, FindingForm, ReportQueueForm
from institutions.models import DesignationReport
from institutions.selectors import designation_reports, directory
from institutions.services import AlreadyClosedError, designation_report, designation_report_close
from portal import clock
from portal.accounts.models import User
from portal.accounts.roles import Permission
from portal.events.services import Actor
from portal.filters import filter_context
from portal.forms import TOO_MANY, form_status
from portal.limits import Limit, origin
from portal.permissions import SignedInRequest, permission_required

ON_A_PAGE = 30
REPORTS_FROM_ADDRESS = Limit("designation-report", "5/hour")


@require_GET
def institutions_page(request: HttpRequest) -> HttpResponse:
    form, today = DirectoryForm(request.GET), clock.today()
    form.is_valid()
    wanted = form.cleaned_data
    found = directory(today, area_code=wanted.get("area", ""), words=wanted.get("name", ""))
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "today": today, "is_filtered": any(wanted.values())}
    return render(request, "public/institutions.html", context)


@require_http_methods(["GET", "POST"])
def designation_report_page(request: HttpRequest) -> HttpResponse:
    form = DesignationReportForm(request.POST or None)
    if form.is_valid() and _reported(request, form):
        return redirect("designation-reported")
    return render(request, "public/designation_report.html", {"form": form}, status=form_status(form))


@require_GET
def designation_reported_page(request: HttpRequest) -> HttpResponse:
    return render(request, "public/designation_reported.html")


def _reported(request: HttpRequest, form: DesignationReportForm) -> bool:
    if not REPORTS_FROM_ADDRESS.take(origin(request)):
        text = _(
            "Several reports came from your network within an hour. Try again later, or use another network."
        )
        form.add_error(None, ValidationError(text, code=TOO_MANY))
        return False
    said, by = form.cleaned_data, Actor.of(request)
    designation_report(
        area_code=said["area_code"],
        authority=said["authority"],
        account=said["account"],
        reported_by=request.user if said["with_name"] and isinstance(request.user, User) else None,
        by=by,
    )
    return True


@permission_required(Permission.DESIGNATION_CLOSE)
@require_GET
def review_designation_reports(request: SignedInRequest) -> HttpResponse:
    state = (
        DesignationReport.State.CLOSED
        if request.GET.get("state") == "closed"
        else DesignationReport.State.OPEN
    )
    filters = ReportQueueForm(request.GET)
    area = filters.cleaned_data["area"] if filters.is_valid() else ""
    page = Paginator(designation_reports(state, area_code=area), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "state": state.value,
        "is_open": state == "open",
        "is_closed": state == "closed",
        "filters": filters,
        **filter_context(request, "review-designation-reports"),
    }
    return render(request, "review/designation_reports.html", context)


@permission_required(Permission.DESIGNATION_CLOSE)
@require_http_methods(["GET", "POST"])
def review_designation_report(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a report; close it with a finding."""
    report = get_object_or_404(
        DesignationReport.objects.select_related("reported_by__person", "closed_by"), pk=pk
    )
    form = FindingForm(request.POST or None)
    if form.is_valid():
        _closed(request, report, form.cleaned_data["finding"])
        return redirect("review-designation-reports")
    context = {"report": report, "form": form}
    return render(request, "review/designation_report.html", context, status=form_status(form))


def _closed(request: SignedInRequest, report: DesignationReport, finding: str) -> None:
    try:
        designation_report_close(report=report, finding=finding, by=Actor.of(request))
    except AlreadyClosedError:
        messages.warning(request, _("Somebody else closed this report before. Nothing was changed."))
    else:
        messages.success(request, _("The report is closed."))
