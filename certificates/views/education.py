"""Continuing education as its person sees it: every hour, where each certificate stands, and what more hours would do."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from certificates.forms import WhatIfForm
from certificates.selectors import hours, policy_on
from certificates.standing_pages import StandingView, WhatIf, standing_views, what_if
from certificates.views.holder import holder, worker_page
from education.views import education_context
from portal import clock
from portal.forms import form_status
from portal.permissions import SignedInRequest
from portal.policy import Policy

AHEAD = timedelta(days=3 * 366)
"""How far ahead “what if” may look."""


@worker_page
@require_safe
def my_education(request: SignedInRequest) -> HttpResponse:
    """Show the courses, the standings drawn, and the answer to “what if”, asked by GET and kept nowhere."""
    person, at = holder(request), clock.now()
    views, policy = standing_views(person, at=at), policy_on(at)
    form = _form(views, request.GET, at.date())
    context: dict[str, Any] = {
        **education_context(person),
        "standings": views,
        "what_if_form": form,
        "what_if": _answer(form, views, policy) if form and form.is_bound and form.is_valid() else None,
    }
    return render(request, "worker/education.html", context, status=form_status(form) if form else 200)


def _form(views: list[StandingView], asked: QueryDict, today: date) -> WhatIfForm | None:
    if not views:
        return None
    return WhatIfForm(
        asked if "hours" in asked else None,
        certificates=[(str(view.pk), f"{view.title} {view.number}") for view in views],
        first=today,
        last=today + AHEAD,
        initial={"certificate": str(views[0].pk), **_suggested(views[0])},
    )


def _suggested(view: StandingView) -> dict[str, Any]:
    """Offer the smallest amount that puts it right, so that one press shows that it does."""
    needed = view.standing.needed_next
    if needed is None:
        return {}
    return {
        "hours": int(max(needed.hours, needed.professional_hours) * 10),
        "professional": int(needed.professional_hours * 10),
        "by": needed.by,
    }


def _answer(form: WhatIfForm, views: list[StandingView], policy: Policy) -> WhatIf:
    said = form.cleaned_data
    view = next(view for view in views if str(view.pk) == said["certificate"])
    return what_if(
        view,
        hours=hours(said["hours"]),
        professional_hours=hours(said["professional"]),
        by=said["by"],
        policy=policy,
    )
