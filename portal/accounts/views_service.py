"""To the provincial identity service and back."""

import logging
from dataclasses import asdict

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.accounts import oidc
from portal.accounts.entering import enter
from portal.accounts.factors import Means, has_factor
from portal.accounts.identity_links import (
    LinkTakenError,
    account_vouched_for,
    identity_link,
    identity_unlink,
    service_refusal_record,
)
from portal.accounts.models import User
from portal.accounts.views_factors import sign_in_wait
from portal.events.services import Actor
from portal.limits import Limit, origin
from portal.permissions import SignedInRequest, signed_in_required
from portal.step_up import step_up_required

ATTEMPT = "identity_service"
SIGN_IN, LINK = "sign_in", "link"
DEPARTURES = Limit("identity-service", "30/15 minutes")
log = logging.getLogger(__name__)


def _return_to() -> str:
    return f"{settings.PUBLIC_URL}{reverse('service-return')}"


def _depart(request: HttpRequest, purpose: str, back: str) -> HttpResponse:
    if not oidc.is_on():
        raise Http404
    attempt = oidc.Attempt.new(purpose)
    try:
        if not DEPARTURES.take(origin(request)):
            raise oidc.ServiceRefusedError("too many tries")  # noqa: TRY301
        address = oidc.departure(attempt, return_to=_return_to())
    except oidc.ServiceRefusedError as error:
        return _refused(request, str(error), back)
    request.session[ATTEMPT] = asdict(attempt)
    return redirect(address)


def _refused(request: HttpRequest, reason: str, back: str) -> HttpResponse:
    log.warning("Identity service: %s", reason)
    service_refusal_record(f"identity_service: {reason}", origin=origin(request), by=Actor.of(request))
    messages.error(
        request,
        _("The identity service did not confirm who you are. Try again, or sign in with your password."),
    )
    return redirect(back)


@require_GET
def service_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a browser to the service, to come back signed in."""
    if isinstance(request.user, User):
        return redirect("home")
    return _depart(request, SIGN_IN, "sign-in")


@signed_in_required
@step_up_required
@require_GET
def service_link(request: SignedInRequest) -> HttpResponse:
    """Send a browser to the service, to link the account that is signed in."""
    return _depart(request, LINK, "security")


@signed_in_required
@step_up_required
@require_POST
def service_unlink(request: SignedInRequest) -> HttpResponse:
    identity_unlink(user=request.user, by=Actor.of(request))
    messages.success(request, _("The identity service no longer opens this account."))
    return redirect("security")


@require_GET
def service_return(request: HttpRequest) -> HttpResponse:
    """Take a browser that comes back from the service; each departure is good for one return."""
    if not oidc.is_on():
        raise Http404
    kept = request.session.pop(ATTEMPT, None)
    if kept is None:
        messages.info(request, _("Signing in took too long. Begin again."))
        return redirect("sign-in")
    attempt = oidc.Attempt(**kept)
    back = "security" if attempt.purpose == LINK else "sign-in"
    try:
        proof = oidc.arrival(attempt, request.GET.dict(), return_to=_return_to())
    except oidc.ServiceRefusedError as error:
        return _refused(request, str(error), back)
    if attempt.purpose == LINK:
        return _linked(request, proof)
    return _signed_in(request, proof)


def _linked(request: HttpRequest, proof: oidc.Proof) -> HttpResponse:
    if not isinstance(request.user, User):
        return redirect("sign-in")
    try:
        identity_link(user=request.user, proof=proof, by=Actor.of(request))
    except LinkTakenError:
        messages.error(
            request, _("This identity, or this account, is linked already. Remove that link first.")
        )
    else:
        messages.success(
            request, _("The identity service opens this account from now on, with your second factor.")
        )
    return redirect("security")


def _signed_in(request: HttpRequest, proof: oidc.Proof) -> HttpResponse:
    """Go on as after a right password: a second factor is asked for where there is one."""
    user = account_vouched_for(proof)
    if user is None:
        service_refusal_record("identity_service: no account", origin=origin(request), by=Actor.of(request))
        messages.error(
            request,
            _(
                "No account belongs to this identity. Site professionals register first; staff link it after signing in."
            ),
        )
        return redirect("sign-in")
    if has_factor(user):
        sign_in_wait(request, user)
        return redirect("second-factor")
    enter(request, user, means=Means.SERVICE)
    return redirect("home")
