"""The county officer's place (4.1): how far the own area has come and who is left. Nothing about institutions (4.2)."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from certificates import progress
from certificates.progress import Left, Scope, missing_word
from certificates.progress_charts import area_bars, day_chart, post_bars
from certificates.selectors import policy_on
from portal import clock
from portal.accounts.roles import Permission
from portal.exports import Value, table_response
from portal.forms import Form
from portal.masking import mask_name, mask_number
from portal.permissions import SignedInRequest, permission_required
from portal.policy import day_of
from portal.step_up import step_up_required
from portal.tables import OutColumn
from portal.templatetags.portal import area_name, post_name

ON_A_PAGE = 50
PRINTED_AT_MOST = 2000
EMPLOYERS_SHOWN = 12
KEY = re.compile(r"[0-9a-f]{32}")

county_page = permission_required(Permission.AREA_FOLLOW)


def posts_to_choose() -> list[tuple[str, object]]:
    posts = policy_on(clock.now()).exchange.posts
    return [
        ("", gettext_lazy("All posts")),
        *((post.code, f"{post.code} {post_name(post.code)}") for post in posts),
    ]


class LeftForm(Form):
    """The filters of the list; a value typed by hand that is none of these filters nothing."""

    post = forms.ChoiceField(label=gettext_lazy("Post"), required=False, choices=posts_to_choose)
    account = forms.ChoiceField(
        label=gettext_lazy("Account"),
        required=False,
        choices=[
            ("", gettext_lazy("With and without an account")),
            ("none", gettext_lazy("Not registered yet")),
            ("open", gettext_lazy("Registered")),
        ],
    )


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
    left, form = _wanted(request, at)
    is_print = "print" in request.GET
    page = Paginator(left, PRINTED_AT_MOST if is_print else ON_A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    query.pop("print", None)
    context = {
        "area": area_name(area),
        "form": form,
        "page": page,
        "rows": rows_of(progress.judged(list(page.object_list), at=at)),
        "is_print": is_print,
        "query": query.urlencode(),
        "employer": _employer_of(request, at),
        "employer_key": _key(request),
        "now": at,
        "closes": policy_on(at).exchange.window_end,
    }
    return render(request, "county/people.html", context)


def _wanted(request: SignedInRequest, at: datetime) -> tuple[Scope, LeftForm]:
    form = LeftForm(request.GET)
    form.is_valid()
    registered = {"none": False, "open": True}.get(form.cleaned_data.get("account", ""))
    left = progress.not_exchanged(
        progress.scope_at(at, request.user.area_code),
        post=form.cleaned_data.get("post", ""),
        employer_key=_key(request),
        registered=registered,
    )
    return left, form


def _key(request: SignedInRequest) -> str:
    key = request.GET.get("employer", "")
    return key if KEY.fullmatch(key) else ""


def _employer_of(request: SignedInRequest, at: datetime) -> str | None:
    key = _key(request)
    return progress.employer_name(progress.scope_at(at, request.user.area_code), key) if key else None


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
    at = clock.now()
    left, _form = _wanted(request, at)
    headers = (
        _("Name"),
        _("Employer"),
        _("Post code"),
        _("Post"),
        _("Certificate number"),
        _("Account"),
        _("Missing"),
    )
    columns = [OutColumn(str(header), width=18, text=True) for header in headers]
    title = _("Not yet exchanged in %(area)s on %(day)s") % {
        "area": area_name(request.user.area_code),
        "day": day_of(at).isoformat(),
    }
    return table_response(
        kind, title=title, columns=columns, rows=_lines(progress.judged_in_turn(left, at=at))
    )


def _lines(people: Iterable[Left]) -> Iterator[list[Value]]:
    for each in people:
        row = row_of(each)
        registered = _("Registered") if each.registered else _("Not registered yet")
        yield [
            row["name"],
            each.employer,
            each.certificate.post_code,
            row["post"],
            row["number"],
            registered,
            "、".join(row["missing"]),
        ]


def rows_of(people: Iterable[Left]) -> list[dict[str, Any]]:
    return [row_of(each) for each in people]


def row_of(each: Left) -> dict[str, Any]:
    """Return what the area is shown of a person: masked, with what is missing in words."""
    certificate = each.certificate
    return {
        "name": mask_name(certificate.holder_name),
        "employer": each.employer,
        "employer_key": each.employer_key,
        "post": post_name(certificate.post_code),
        "post_code": certificate.post_code,
        "number": mask_number(certificate.number),
        "missing": [missing_word(group) for group in each.missing] or [missing_word("click")],
        "ready": each.decision.eligible,
    }
