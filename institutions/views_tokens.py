"""Tokens for other systems, in the hands of those for whom they act: an institution's clerks, or a reviewer alone."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from institutions.forms_tokens import TokenForm
from institutions.selectors import institution_of, tokens_kept_by
from portal import clock
from portal.accounts.models import ApiToken
from portal.accounts.roles import Permission
from portal.accounts.tokens import (
    TOLD_BEFORE,
    TokenOverError,
    token_open,
    token_revoke,
    token_rotate,
    tokens_usable,
)
from portal.events.services import Actor
from portal.forms import form_status
from portal.permissions import SignedInRequest, permission_required
from portal.step_up import step_up_required

ON_A_PAGE = 50
keeper_page = permission_required(Permission.TOKENS_KEEP)


@keeper_page
@require_GET
def tokens_page(request: SignedInRequest) -> HttpResponse:
    """List the tokens that can be used, and those that ended as long as they are kept."""
    page = Paginator(tokens_kept_by(request.user), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "now": clock.now(),
        "institution": institution_of(request.user.pk),
        "told": TOLD_BEFORE,
    }
    return render(request, "account/tokens.html", context)


@keeper_page
@step_up_required
@require_http_methods(["GET", "POST"])
def token_new(request: SignedInRequest) -> HttpResponse:
    """Make a token of the own account; its text is shown in this one answer and nowhere else."""
    form = TokenForm(request.POST or None, role=request.user.role, today=clock.today())
    if form.is_valid():
        token, text = token_open(**form.cleaned_data, by=Actor.of(request))
        return render(request, "account/token_made.html", {"token": token, "text": text})
    return render(request, "account/token_new.html", {"form": form}, status=form_status(form))


@keeper_page
@step_up_required
@require_http_methods(["GET", "POST"])
def token_rotate_page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Let another token take over, after one look at which one it is."""
    old = _token_or_404(request, pk)
    if request.method == "POST":
        try:
            token, text = token_rotate(token=old, by=Actor.of(request))
        except TokenOverError:
            messages.warning(request, _("The token has ended or was replaced meanwhile. Nothing was done."))
            return redirect("tokens")
        old.refresh_from_db()
        return render(request, "account/token_made.html", {"token": token, "text": text, "old": old})
    context = {"token": old, "days": settings.API_TOKEN_OVERLAP_DAYS}
    return render(request, "account/token_rotate.html", context)


@keeper_page
@step_up_required
@require_http_methods(["GET", "POST"])
def token_revoke_page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """End a token at once, after one look at which one it is."""
    token = _token_or_404(request, pk)
    if request.method == "POST":
        token_revoke(token=token, by=Actor.of(request))
        messages.success(request, _("The token is revoked; the next call with it is refused."))
        return redirect("tokens")
    return render(request, "account/token_revoke.html", {"token": token})


def _token_or_404(request: SignedInRequest, pk: uuid.UUID) -> ApiToken:
    return get_object_or_404(tokens_usable(tokens_kept_by(request.user), clock.now()), pk=pk)
