"""Proving who one is: at sign-in, once more before something grave, and setting up what it is proved with."""

import base64
import json
import uuid
from datetime import datetime, timedelta

import zxingcpp
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import clock, crypto
from portal.accounts import oidc, passkeys, totp
from portal.accounts.answering import CHALLENGE, Answer, answer_again, code_shown
from portal.accounts.entering import account_session, enter
from portal.accounts.factors import (
    FactorExistsError,
    FactorRefusedError,
    LastFactorError,
    app_add,
    factor_remove,
    factors_of,
    has_factor,
    is_required,
    passkey_add,
    passkey_registration_options,
    recovery_codes_left,
    recovery_codes_renew,
)
from portal.accounts.forms_factors import (
    AppCodeForm,
    NewPasskeyForm,
)
from portal.accounts.models import User
from portal.accounts.models_access import Factor, IdentityLink, UserSession
from portal.accounts.sessions import session_confirm, session_end, sessions_end, sessions_of
from portal.events.services import Actor
from portal.forms import Form, form_status
from portal.permissions import SignedInRequest, safe_next, signed_in_required
from portal.step_up import step_up_required

PENDING = "sign_in_pending"
NEW_SECRET = "app_secret"  # noqa: S105 - the name under which a session keeps it
PENDING_LASTS = timedelta(minutes=10)


# The second step of signing in


def sign_in_wait(request: HttpRequest, user: User) -> None:
    """Remember whose password was right until the second factor is."""
    request.session.cycle_key()
    request.session[PENDING] = {
        "user": str(user.pk),
        "password": user.get_session_auth_hash(),
        "until": (clock.real_now() + PENDING_LASTS).isoformat(),
    }


def _waiting(request: HttpRequest) -> User | None:
    """Return whose second factor is waited for; None when it took too long, or the password changed meanwhile."""
    pending = request.session.get(PENDING)
    if pending is None or clock.real_now() > datetime.fromisoformat(pending["until"]):
        return None
    user = User.objects.select_related("person").filter(pk=pending["user"], is_active=True).first()
    return user if user and user.get_session_auth_hash() == pending["password"] else None


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor of whoever gave the right password."""
    if isinstance(request.user, User):
        return redirect(safe_next(request, "home"))
    user = _waiting(request)
    if user is None:
        messages.info(request, _("Signing in took too long. Begin again."))
        return redirect("sign-in")
    answer = Answer(request, user)
    if answer.means:
        del request.session[PENDING]
        enter(request, user, means=answer.means)
        return redirect(safe_next(request, "home"))
    return answer.page("account/second_factor.html", {"next": safe_next(request, "home")})


@sensitive_post_parameters()
@signed_in_required
@require_http_methods(["GET", "POST"])
def step_up_page(request: SignedInRequest) -> HttpResponse:
    """Ask whoever is signed in to prove again who they are, and go back to the page that wanted it."""
    user, target = request.user, safe_next(request, "home")
    answer = answer_again(request, user)
    if answer.means:
        session_confirm(session=account_session(request), user=user, means=answer.means, by=Actor.of(request))
        return redirect(target)
    return answer.page("account/step_up.html", {"next": target, "minutes": settings.STEP_UP_MINUTES})


# What one's account is proved with


@signed_in_required
@require_GET
def security_page(request: SignedInRequest) -> HttpResponse:
    """Show with what the own account is proved, and where it is signed in."""
    user, factors = request.user, factors_of(request.user)
    context = {
        "factors": factors,
        "has_app": any(factor.kind == Factor.Kind.APP for factor in factors),
        "is_required": is_required(user),
        "codes_left": recovery_codes_left(user),
        "passkeys_possible": passkeys.is_possible(),
        "sessions": sessions_of(user),
        "this_session": account_session(request),
        "has_service": oidc.is_on(),
        "is_linked": IdentityLink.objects.filter(user=user).exists(),
    }
    return render(request, "account/security.html", context)


def _may_set_up(request: SignedInRequest) -> bool:
    """Tell whether this is the first factor of an account that may do nothing before it has one."""
    return account_session(request).confirmed_at is None


@signed_in_required
@require_GET
def factor_setup_page(request: SignedInRequest) -> HttpResponse:
    """Say why a second factor is needed and which there are: where an account without one ends up."""
    if not _may_set_up(request):
        return redirect("security")
    return render(request, "account/setup.html", {"passkeys_possible": passkeys.is_possible()})


@sensitive_post_parameters()
@signed_in_required
@require_http_methods(["GET", "POST"])
@step_up_required
def factor_app_page(request: SignedInRequest) -> HttpResponse:
    """Set up an authenticator app: its secret as a picture and as text, proved by a first code."""
    form, secret = AppCodeForm(request.POST or None), _new_secret(request)
    if form.is_valid():
        try:
            _factor, codes = app_add(
                user=request.user,
                secret=secret,
                code=form.cleaned_data["code"],
                session=account_session(request),
                by=Actor.of(request),
            )
        except FactorRefusedError:
            form.add_error("code", _("This code does not fit. Wait for the next one and enter that."))
        except FactorExistsError:
            form.add_error(None, _("There is an app already. Remove it first to set up another one."))
        else:
            del request.session[NEW_SECRET]
            return _factor_ready(request, codes)
    context = {
        "form": form,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "symbol": _symbol(secret, request),
        "demo_code": code_shown(secret, None) if settings.DEPLOYMENT == "demo" else None,
    }
    return render(request, "account/app.html", context, status=form_status(form))


def _new_secret(request: HttpRequest) -> str:
    """Return the secret that this session is setting up; only encrypted it leaves this process."""
    kept = request.session.get(NEW_SECRET)
    if kept:
        return crypto.decrypt(base64.b64decode(kept))
    secret = totp.secret_new()
    request.session[NEW_SECRET] = base64.b64encode(crypto.encrypt(secret)).decode()
    return secret


def _symbol(secret: str, request: SignedInRequest) -> str:
    """Return the QR symbol of a secret as the address of a picture."""
    address = totp.address(secret, account=str(request.user), issuer=request.get_host())
    symbol = zxingcpp.create_barcode(address, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return "data:image/svg+xml;base64," + base64.b64encode(symbol.to_svg(scale=4).encode()).decode()


@sensitive_post_parameters()
@signed_in_required
@require_http_methods(["GET", "POST"])
@step_up_required
def factor_passkey_page(request: SignedInRequest) -> HttpResponse:
    """Set up a passkey or a security key."""
    if not passkeys.is_possible():
        raise Http404
    form = NewPasskeyForm(request.POST or None)
    state = request.session.pop(CHALLENGE, None) if form.is_bound else None
    if form.is_valid() and state:
        try:
            _factor, codes = passkey_add(
                user=request.user,
                state=state,
                response=form.cleaned_data["credential"],
                name=form.cleaned_data["name"],
                session=account_session(request),
                by=Actor.of(request),
            )
        except (FactorRefusedError, FactorExistsError):
            form.add_error(None, _("The passkey could not be set up. Try again, or use another one."))
        else:
            return _factor_ready(request, codes)
    options, request.session[CHALLENGE] = passkey_registration_options(request.user)
    context = {"form": form, "options": json.dumps(options)}
    return render(request, "account/passkey.html", context, status=form_status(form))


def _factor_ready(request: SignedInRequest, codes: list[str]) -> HttpResponse:
    """Show the first recovery codes in this one answer and nowhere else."""
    if not codes:
        messages.success(request, _("The second factor is set up."))
        return redirect("security")
    return _codes_shown(request, codes)


def _codes_shown(request: SignedInRequest, codes: list[str]) -> HttpResponse:
    file = base64.b64encode(("\r\n".join([request.get_host(), str(request.user), "", *codes, ""])).encode())
    context = {"codes": codes, "file": f"data:text/plain;charset=utf-8;base64,{file.decode()}"}
    return render(request, "account/recovery_codes.html", context)


@signed_in_required
@require_http_methods(["GET", "POST"])
@step_up_required
def recovery_codes_page(request: SignedInRequest) -> HttpResponse:
    """Make new recovery codes, after a word about what becomes of the old ones."""
    if not has_factor(request.user):
        raise Http404
    if request.method == "POST":
        return _codes_shown(request, recovery_codes_renew(user=request.user, by=Actor.of(request)))
    return render(request, "account/recovery_codes_new.html", {"left": recovery_codes_left(request.user)})


@signed_in_required
@require_http_methods(["GET", "POST"])
@step_up_required
def factor_remove_page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    factor = get_object_or_404(Factor, pk=pk, user=request.user)
    form = Form(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            factor_remove(factor=factor, session=account_session(request), by=Actor.of(request))
        except LastFactorError:
            form.add_error(None, _("This is your only second factor. Set up another one first."))
        else:
            messages.success(request, _("Removed. Your other sessions have ended."))
            return redirect("security")
    context = {"form": form, "factor": factor}
    return render(request, "account/factor_remove.html", context, status=form_status(form))


# One's sessions


@signed_in_required
@require_POST
def session_end_page(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """End one of the own sessions."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    session_end(session=session, ending=UserSession.Ending.ENDED_BY_HOLDER, by=Actor.of(request))
    messages.success(request, _("The session has ended."))
    return redirect("security")


@signed_in_required
@require_POST
def sessions_end_page(request: SignedInRequest) -> HttpResponse:
    """End all of the own sessions but this one."""
    sessions_end(
        user=request.user,
        ending=UserSession.Ending.ENDED_BY_HOLDER,
        but=account_session(request),
        by=Actor.of(request),
    )
    messages.success(request, _("Every other session has ended."))
    return redirect("security")
