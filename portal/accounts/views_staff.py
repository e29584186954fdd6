"""Staff and their roles, in the hands of the reviewer in chief."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.access import staff_open_for_two
from portal.accounts.forms_staff import AccountEndForm, SessionsEndForm, StaffForm
from portal.accounts.models import Role
from portal.accounts.roles import Permission
from portal.accounts.selectors import staff_accounts
from portal.accounts.services import (
    OwnAccountError,
    UsernameTakenError,
    account_end,
    account_sessions_end,
)
from portal.accounts.sessions import sessions_of
from portal.events.services import Actor
from portal.forms import form_status
from portal.permissions import SignedInRequest, permission_required
from portal.step_up import step_up_required

ON_A_PAGE = 50
chief_page = permission_required(Permission.STAFF_KEEP)


@chief_page
@require_GET
def staff_list(request: SignedInRequest) -> HttpResponse:
    role, ended = request.GET.get("role", ""), request.GET.get("state") == "ended"
    found = staff_accounts(role=role if role in Role.values else "", active=not ended)
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    roles = [(each.value, each.label) for each in Role if each != Role.WORKER]
    return render(request, "chief/staff.html", {"page": page, "roles": roles, "role": role, "ended": ended})


@chief_page
@step_up_required
@require_http_methods(["GET", "POST"])
def staff_open(request: SignedInRequest) -> HttpResponse:
    """Open an account; a second person hands over the code with which its holder sets a password."""
    form = StaffForm(request.POST or None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            user = staff_open_for_two(
                username=said["username"],
                role=Role(said["role"]),
                display_name=said["display_name"],
                area_code=said["area_code"],
                by=Actor.of(request),
            )
        except UsernameTakenError:
            form.add_error("username", _("This user name is taken. Choose another one."))
        else:
            return render(request, "chief/staff_opened.html", {"account": user})
    return render(request, "chief/staff_open.html", {"form": form}, status=form_status(form))


@chief_page
@step_up_required
@require_http_methods(["GET", "POST"])
def staff_end(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """End an account, after one look at whose it is."""
    account = get_object_or_404(staff_accounts(active=True), pk=pk)
    form = AccountEndForm(request.POST or None)
    if form.is_valid():
        try:
            account_end(user=account, reason=form.cleaned_data["reason"], by=Actor.of(request))
        except OwnAccountError:
            form.add_error(None, _("This is your own account. Ask another reviewer in chief to end it."))
        else:
            messages.success(
                request, _("The account is ended; whoever is signed in with it is out with the next click.")
            )
            return redirect("staff")
    return render(
        request, "chief/staff_end.html", {"form": form, "account": account}, status=form_status(form)
    )


@chief_page
@step_up_required
@require_http_methods(["GET", "POST"])
def staff_sessions_end(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """End every session of an account that goes on, after one look at whose it is."""
    account = get_object_or_404(staff_accounts(active=True), pk=pk)
    form = SessionsEndForm(request.POST or None)
    if form.is_valid():
        try:
            ended = account_sessions_end(
                user=account, reason=form.cleaned_data["reason"], by=Actor.of(request)
            )
        except OwnAccountError:
            form.add_error(
                None, _("This is your own account. End your sessions under “Sign-in and security”.")
            )
        else:
            messages.success(request, _sessions_ended(ended))
            return redirect("staff")
    context = {"form": form, "account": account, "sessions": sessions_of(account)}
    return render(request, "chief/staff_sessions_end.html", context, status=form_status(form))


def _sessions_ended(count: int) -> str:
    return ngettext(
        "%(count)d session is ended. The account stays open.",
        "%(count)d sessions are ended. The account stays open.",
        count,
    ) % {"count": count}
