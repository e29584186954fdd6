"""The county officer's place (4.1): how far the own area has come and who is left. Nothing about institutions (4.2)."""

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from certificates import progress
from certificates.area_list import KEY, LeftForm, Narrowing, area_file, rows_of
from certificates.progress_charts import area_bars, day_chart, post_bars
from certificates.selectors import policy_on
from portal import clock
from portal.accounts.roles import Permission
from portal.downloads.models import Download
from portal.events.services import Actor
from portal.permissions import SignedInRequest, permission_required
from portal.policy import day_of
from portal.step_up import step_up_required
from portal.templatetags.portal import area_name

ON_A_PAGE = 50
PRINTED_AT_MOST = 2000
EMPLOYERS_SHOWN = 12

county_page = permission_required(Permission.AREA_FOLLOW)


@county_page
@require_safe
def county_home(request: SignedInRequest) -> HttpResponse:
    at, area = clock.now(), request.user.area_code
    policy = policy_on(at)
    found, everywhere = progress.of_area(policy, area), progress.in_scope(policy)
    total, days = progress.total_of(found), progress.by_day(found)
    employers = progress.by_employer(found)
    context = {
        "area": area_name(area),
        "total": total,
        "province": progress.total_of(everywhere),
        "areas": area_bars(progress.by_area(everywhere), own=area),
        "closes": policy.exchange.window_end,
        "days_left": (policy.exchange.window_end - day_of(at)).days,
        "posts": post_bars(progress.by_post(found)),
        "employers": employers[:EMPLOYERS_SHOWN],
        "employer_count": len(employers),
        "chart": day_chart(total, days, policy, at),
        "days": days[::-1],
    }
    return render(request, "county/home.html", context)


@county_page
@require_safe
def county_employers(request: SignedInRequest) -> HttpResponse:
    """List every employer of the area, the one with most people left first."""
    shares = progress.by_employer(progress.scope_at(clock.now(), request.user.area_code))
    page = Paginator(shares, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "county/employers.html", {"page": page, "area": area_name(request.user.area_code)})


@county_page
@require_safe
def county_people(request: SignedInRequest) -> HttpResponse:
    """List who has not exchanged; ``?print`` gives one long page without filters."""
    at, area = clock.now(), request.user.area_code
    narrowing = Narrowing.of(request.GET.dict())
    is_print = "print" in request.GET
    page = Paginator(narrowing.of_area(area, at), PRINTED_AT_MOST if is_print else ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "area": area_name(area),
        "form": LeftForm(request.GET),
        "page": page,
        "rows": rows_of(progress.judged(list(page.object_list), at=at)),
        "is_print": is_print,
        "query": narrowing.query(),
        "employer": progress.employer_name(progress.scope_at(at, area), narrowing.employer),
        "employer_key": narrowing.employer,
        "now": at,
        "closes": policy_on(at).exchange.window_end,
    }
    return render(request, "county/people.html", context)


@county_page
@require_safe
def county_notice(request: SignedInRequest, key: str) -> HttpResponse:
    """A letter to one employer of the own area, to be printed: who is left and what each still needs."""
    at, area = clock.now(), request.user.area_code
    found = progress.scope_at(at, area)
    employer = progress.employer_name(found, key) if KEY.fullmatch(key) else None
    if not employer:  # without a name there is nobody to write to
        raise Http404
    left = progress.not_exchanged(found, employer_key=key)
    context = {
        "area": area_name(area),
        "employer": employer,
        "rows": rows_of(progress.judged(list(left[:PRINTED_AT_MOST]), at=at)),
        "closes": policy_on(at).exchange.window_end,
        "now": at,
    }
    return render(request, "county/notice.html", context)


@county_page
@step_up_required
@require_safe
def county_export(request: SignedInRequest, kind: str) -> HttpResponseBase:
    found = area_file(kind, Narrowing.of(request.GET.dict()), by=Actor.of(request))
    return redirect("download", found.pk) if isinstance(found, Download) else found
