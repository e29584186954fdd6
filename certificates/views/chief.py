"""The place of the reviewer in chief: how everything stands, and the report of the closed window (1.2)."""

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from certificates import progress
from certificates.models import WindowClosing
from certificates.progress_charts import area_bars, day_chart, post_bars
from certificates.selectors import policy_on
from certificates.services.closing import closing_report
from education.throughput import throughput_chart, weeks_until
from institutions.selectors import qualification_figures
from portal import clock
from portal.accounts.models import Role, User
from portal.accounts.roles import Permission
from portal.desk import queues_by_age
from portal.permissions import SignedInRequest, permission_required
from portal.policy import day_of
from portal.templatetags.portal import area_name, post_name

SOON = 60  # days

chief_page = permission_required(Permission.PROVINCE_FOLLOW)


@chief_page
@require_safe
def chief_home(request: SignedInRequest) -> HttpResponse:
    at = clock.now()
    policy = policy_on(at)
    found, weeks = progress.in_scope(policy), weeks_until(day_of(at))
    total, days = progress.total_of(found), progress.by_day(found)
    roles = (
        User.objects.filter(is_active=True)
        .exclude(role=Role.WORKER)
        .values_list("role")
        .annotate(number=Count("pk"))
    )
    context = {
        "now": at,
        "institutions": qualification_figures(at.date(), soon=SOON),
        "soon": SOON,
        "queues": queues_by_age(at),
        "staff": [(Role(role).label, number) for role, number in roles.order_by("role")],
        "province": total,
        "chart": day_chart(total, days, policy, at),
        "days": days[::-1],
        "areas": area_bars(progress.by_area(found)),
        "posts": post_bars(progress.by_post(found)),
        "weeks": weeks[::-1],
        "throughput": throughput_chart(weeks),
        "closes": policy.exchange.window_end,
        "closing": _closing(),
    }
    return render(request, "chief/home.html", context)


def _closing() -> WindowClosing | None:
    return WindowClosing.objects.filter(completed_at__isnull=False).order_by("-closes_on").first()


@chief_page
@require_safe
def closing_report_page(request: SignedInRequest) -> HttpResponse:
    """Show the kept report of the closing; before it, the same sums as they stand now."""
    at, closing = clock.now(), _closing()
    report: dict[str, Any] = (closing and closing.report) or closing_report(policy_on(at))
    context = {
        "closing": closing,
        "now": at,
        "areas": _summed(report["areas"], "area", area_name),
        "posts": _summed(report["areas"], "post", lambda code: f"{code} {post_name(code)}"),
        "institutions": report["institutions"],
    }
    return render(request, "chief/closing_report.html", context)


def _summed(rows: list[dict[str, Any]], key: str, name: Any) -> list[dict[str, Any]]:
    """Add rows up by area or post, in the order of the codes."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        total = sums.setdefault(row[key], [0, 0])
        total[0] += row["exchanged"]
        total[1] += row["not_exchanged"]
    return [
        {"label": name(code) or "–", "exchanged": done, "left": left, "value": done, "maximum": done + left}
        for code, (done, left) in sorted(sums.items())
    ]
