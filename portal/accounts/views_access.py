"""Giving somebody a way into their account, by two people; and taking it."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.access import (
    AlreadyAskedError,
    NotTheirsError,
    access_approve,
    access_ask_lost,
    access_refuse,
    access_use,
    grants_waiting,
)
from portal.accounts.entering import enter
from portal.accounts.factors import Means, has_factor
from portal.accounts.forms_access import ActivationForm, LostForm
from portal.accounts.models import User
from portal.accounts.roles import Permission
from portal.accounts.services import SignInRefusedError, TooManyTriesError
from portal.accounts.views_factors import sign_in_wait
from portal.events.services import Actor
from portal.forms import TOO_MANY, form_status
from portal.limits import origin
from portal.permissions import SignedInRequest, permission_required
from portal.step_up import step_up_required

handler_page = permission_required(Permission.ENTRY_GIVE)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def activate_page(request: HttpRequest) -> HttpResponse:
    """Set the password of an account with the code that its holder was handed."""
    if isinstance(request.user, User):
        return redirect("home")
    form = ActivationForm(request.POST or None)
    if form.is_valid() and (user := _activated(request, form)):
        if has_factor(user):
            sign_in_wait(request, user)
            return redirect("second-factor")
        enter(request, user, means=Means.PASSWORD)
        return redirect("home")
    return render(request, "account/activate.html", {"form": form}, status=form_status(form))


def _activated(request: HttpRequest, form: ActivationForm) -> User | None:
    try:
        return access_use(**form.cleaned_data, origin=origin(request), by=Actor.of(request))
    except TooManyTriesError:
        form.add_error(None, ValidationError(_("Too many tries. Wait 15 minutes."), code=TOO_MANY))
    except SignInRefusedError:
        text = _(
            "Name and code do not fit together, or the code has run out. Check both, or ask for a new one."
        )
        form.add_error(None, text)
    return None


@handler_page
@require_GET
def access_list(request: SignedInRequest) -> HttpResponse:
    """List what waits for a second person."""
    return render(request, "account/access_list.html", {"grants": grants_waiting(request.user)})


@handler_page
@step_up_required
@require_http_methods(["GET", "POST"])
def access_lost(request: SignedInRequest) -> HttpResponse:
    """Say that the holder of an account stood there with their papers and lost password or second factor."""
    form = LostForm(request.POST or None)
    if form.is_valid() and _asked(request, form):
        messages.success(request, _("Asked for. A second person decides, and hands over the code."))
        return redirect("access-grants")
    return render(request, "account/access_lost.html", {"form": form}, status=form_status(form))


def _asked(request: SignedInRequest, form: LostForm) -> bool:
    said = form.cleaned_data
    try:
        access_ask_lost(identifier=said["identifier"], reason=said["reason"], by=Actor.of(request))
    except NotTheirsError:
        form.add_error("identifier", _("You cannot ask for this account. Check what you entered."))
        return False
    except AlreadyAskedError:
        form.add_error(None, _("It was asked for already and waits for a second person."))
        return False
    return True


@handler_page
@step_up_required
@require_http_methods(["GET", "POST"])
def access_decide(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Decide as the second person; the code is shown in this one answer and nowhere else."""
    grant = get_object_or_404(grants_waiting(request.user).exclude(asked_by=request.user), pk=pk)
    act = request.POST.get("act")
    try:
        if act == "approve":
            code = access_approve(grant=grant, by=Actor.of(request))
            return render(request, "account/access_given.html", {"grant": grant, "code": code})
        if act == "refuse":
            access_refuse(grant=grant, by=Actor.of(request))
            messages.success(request, _("Refused. Nothing has changed."))
            return redirect("access-grants")
    except (NotTheirsError, AlreadyAskedError):
        messages.warning(request, _("Somebody else has decided it meanwhile."))
        return redirect("access-grants")
    return render(request, "account/access_decide.html", {"grant": grant})
