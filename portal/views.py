"""Pages of no room in particular: start, home, the choice of language and of display, rules in force, errors."""

import sys
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from portal import clock
from portal.accounts.models import User
from portal.accounts.services import language_keep
from portal.announcements import ON_START, announcements
from portal.api.problems import MEDIA_TYPE, failure_document
from portal.display import LARGE, display_keep
from portal.events.services import Actor, event_record
from portal.failures import RETRY_SECONDS, is_passing
from portal.middleware import API
from portal.models import SimulatedClock
from portal.navigation import home_of
from portal.policy import current_pack
from portal.policy.presentation import rules_in_force
from portal.verbs import Verb

ONE_YEAR = 365 * 24 * 3600
FARTHEST = 50
"""Years by which the demo's clock may be moved: near the end of the calendar every page that adds a day would fail."""


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Say who can exchange, by when, what is needed, and what to do now; after the window, what holds instead."""
    now = clock.now()
    policy = current_pack().on(now.date())
    exchange = policy.exchange
    context = {
        "policy": policy,
        "now": now,
        "announcements": announcements()[:ON_START],
        "window_open": now < clock.end_of_day(exchange.window_end),
        "days_left": (exchange.window_end - now.date()).days,
        "issuer": exchange.issuer.in_language(get_language() or settings.LANGUAGE_CODE),
        "last_year": exchange.issue_years[-1],
        "archive_check_deadline": exchange.archive_check_deadline,
        "archive_check_open": exchange.archive_check_deadline
        and now.date() <= exchange.archive_check_deadline,
    }
    return render(request, "public/start.html", context)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to the page on which their role starts."""
    return redirect(home_of(request.user))


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "public/accessibility.html")


@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    return render(request, "public/contact.html")


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Show the rules in force today or, with ``?on=``, on another day; a day that cannot be read is today."""
    today, pack = clock.today(), current_pack()
    day = parse_day(request.GET.get("on", "")) or today
    context = {"sections": rules_in_force(pack, day), "day": day, "today": today, "changes": pack.change_days}
    return render(request, "public/rules.html", context)


def parse_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@require_POST
def move_clock(request: HttpRequest) -> HttpResponse:
    """Move the simulated time forward: the demo's strip. Where time is real there is no such page."""
    if not settings.PORTAL_NOW:
        raise Http404
    try:
        target = datetime.fromisoformat(request.POST.get("to", ""))
    except ValueError:
        return HttpResponseBadRequest()
    if target.year > settings.PORTAL_NOW.year + FARTHEST:
        return HttpResponseBadRequest()
    with transaction.atomic():
        before = clock.now()
        if target.tzinfo and target > before:
            clock.move_to(target)
            event_record(
                Verb.CLOCK_MOVED,
                at=target,
                by=Actor.of(request),
                subject=SimulatedClock.objects.get(),
                moved_from=before.isoformat(),
            )
    return _back(request)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    response = _back(request)
    if (language := request.POST.get("language")) in dict(settings.LANGUAGES):
        _remember(response, settings.LANGUAGE_COOKIE_NAME, str(language))
        if isinstance(user := getattr(request, "user", None), User):
            language_keep(user=user, language=str(language))
    return response


@require_POST
def set_display(request: HttpRequest) -> HttpResponse:
    """Turn large text and strong contrast on or off."""
    response = _back(request)
    large = request.POST.get("display") == LARGE
    _remember(response, settings.DISPLAY_COOKIE_NAME, LARGE if large else "standard")
    if isinstance(user := getattr(request, "user", None), User):
        display_keep(request, user=user, large=large)
    return response


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else resolve_url("start"))


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=ONE_YEAR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


# Errors


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Render without the request: whatever failed may be part of every page's context."""
    status = 503 if is_passing(sys.exception()) else 500
    if request.path.startswith(API):
        response: HttpResponse = JsonResponse(
            failure_document(status), status=status, content_type=MEDIA_TYPE
        )
    else:
        response = HttpResponse(render_to_string(f"{status}.html"), status=status)
    if status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response
