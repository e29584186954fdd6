"""The operator's place: is everything up, what ran, what failed and where."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from portal import clock
from portal.accounts.roles import Permission
from portal.health import readiness
from portal.limits import Limit, origin
from portal.notices.models import Delivery
from portal.operations.jobs import job_failures, job_label, job_states
from portal.operations.metrics import metrics_text
from portal.permissions import SignedInRequest, permission_required

FAILURES_SHOWN = 5
FAILURES_ON_A_PAGE = 50
ASKED = Limit("metrics", "30/minute")


@permission_required(Permission.OPERATIONS_READ)
@require_GET
def operator_home(request: SignedInRequest) -> HttpResponse:
    now = clock.now()
    failures = list(job_failures()[:FAILURES_SHOWN])
    context = {
        "now": now,
        "parts": readiness(),
        "jobs": job_states(now),
        "failures": [(failure, job_label(failure.job_id)) for failure in failures],
        "undelivered": Delivery.objects.filter(state__in=["failed", "unknown"]).count(),
        "pending": Delivery.objects.filter(state="pending").count(),
    }
    return render(request, "operator/home.html", context)


@permission_required(Permission.OPERATIONS_READ)
@require_GET
def operator_failures(request: SignedInRequest) -> HttpResponse:
    name = request.GET.get("job", "")
    page = Paginator(job_failures(name), FAILURES_ON_A_PAGE).get_page(request.GET.get("page"))
    rows = [(failure, job_label(failure.job_id)) for failure in page]
    return render(
        request, "operator/failures.html", {"page": page, "rows": rows, "job": name and job_label(name)}
    )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer anybody: it is figures of the whole portal only. A proxy may still keep it inside."""
    if not ASKED.take(origin(request)):
        return HttpResponse(status=429)
    return HttpResponse(metrics_text(), content_type=CONTENT_TYPE_LATEST)
