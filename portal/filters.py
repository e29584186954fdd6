"""Filters of a list that an account keeps under a name. What identifies somebody is never part of a filter."""

import uuid
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.accounts.models import User
from portal.accounts.roles import Permission
from portal.identity import visible
from portal.models import SavedFilter
from portal.permissions import SignedInRequest, permission_required

MOST = 20
"""Named filters of one account for one list."""

_pages: dict[str, frozenset[str]] = {}


def register_filters(page: str, keys: Collection[str]) -> None:
    """Let filters of the list with this URL name be kept; only these keys of its address are."""
    _pages[page] = frozenset(keys)


def saved_filters(user: User, page: str) -> "QuerySet[SavedFilter]":
    return SavedFilter.objects.filter(user=user, page=page).order_by("name")


def filter_save(*, user: User, page: str, name: str, query: QueryDict) -> SavedFilter | None:
    """Keep a filter under its name, in place of one that had it; None when it filters nothing or there are too many."""
    kept = QueryDict(mutable=True)
    for key in sorted(_pages[page] & query.keys()):
        if value := visible(str(query.get(key, "")))[:100]:
            kept[key] = value
    others = saved_filters(user, page).exclude(name=name).count()
    if not kept or not name or others >= MOST:
        return None
    saved, _new = SavedFilter.objects.update_or_create(
        user=user, page=page, name=name, defaults={"query": kept.urlencode()}
    )
    return saved


def filter_context(request: SignedInRequest, page: str) -> dict[str, Any]:
    """Return what `components/saved_filters.html` shows: the account's filters, and the one in use that could be kept."""
    in_use = {key: value for key in sorted(_pages[page]) if (value := request.GET.get(key, ""))}
    query = QueryDict(mutable=True)
    query.update(in_use)
    return {
        "filter_page": page,
        "filter_address": reverse(page),
        "filters_saved": list(saved_filters(request.user, page)),
        "filter_in_use": query.urlencode(),
    }


@permission_required(Permission.CERTIFICATE_READ)
@require_POST
def filter_save_page(request: SignedInRequest) -> HttpResponse:
    page, name = request.POST.get("page", ""), visible(request.POST.get("name", ""))[:40]
    if page not in _pages:
        return redirect("review-home")
    saved = filter_save(
        user=request.user, page=page, name=name, query=QueryDict(request.POST.get("query", ""))
    )
    if saved is None:
        messages.error(
            request,
            _("Nothing was kept: a filter needs a name, and at most %(most)s are kept.") % {"most": MOST},
        )
    query = saved.query if saved else request.POST.get("query", "")
    return redirect(f"{reverse(page)}?{query}")


@permission_required(Permission.CERTIFICATE_READ)
@require_POST
def filter_delete_page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete an own filter; anybody else's does not exist."""
    saved = get_object_or_404(SavedFilter, pk=pk, user=request.user)
    saved.delete()
    messages.success(request, _("The filter “%(name)s” is deleted.") % {"name": saved.name})
    return redirect(saved.page)
