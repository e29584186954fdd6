"""Taking an answer to the question who somebody is, and asking it: with an app, a passkey, a recovery code, a password."""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from portal import clock
from portal.accounts import totp
from portal.accounts.factors import (
    FactorRefusedError,
    Means,
    TooManyCodesError,
    code_check,
    factors_of,
    has_factor,
    passkey_check,
    passkey_options,
)
from portal.accounts.forms_factors import AppCodeForm, PasskeyForm, PresentPasswordForm, RecoveryCodeForm
from portal.accounts.models import User
from portal.accounts.models_access import Factor
from portal.events.services import Actor
from portal.forms import TOO_MANY, Form, form_status
from portal.limits import Limit, origin

CHALLENGE = "passkey_challenge"
PASSWORD_TRIES = Limit("step-up:password", "8/15 minutes")


class Answer:
    """What a page with code, passkey and recovery code was sent; ``means`` is by what it was right, or None.

    With a ``prefix`` the answer travels beside the fields of another form, and may be missing from what was sent.
    """

    def __init__(self, request: HttpRequest, user: User, *, prefix: str = "") -> None:
        self.request, self.user, self.prefix = request, user, prefix
        self._read()
        self.means = self._means()

    def _read(self) -> None:
        self.code = self._form(AppCodeForm, "code")
        self.recovery = self._form(RecoveryCodeForm, "code", within="recovery")
        self.passkey = self._form(PasskeyForm, "credential")
        if self._is_empty():
            self.code = AppCodeForm(self.request.POST)

    def _form(self, kind: type[Form], field: str, *, within: str = "") -> Form:
        """Return a form, bound if its field was sent."""
        prefix = "-".join(part for part in (self.prefix, within) if part) or None
        form = kind(prefix=prefix)
        return kind(self.request.POST, prefix=prefix) if form.add_prefix(field) in self.request.POST else form

    def _is_empty(self) -> bool:
        """Tell whether a page that asks for nothing else was sent without any answer."""
        is_sent = self.request.method == "POST" and not self.prefix
        return is_sent and not any(form.is_bound for form in (self.code, self.recovery, self.passkey))

    @property
    def sent(self) -> Form:
        """The form that was sent, or the first one."""
        return next((form for form in (self.recovery, self.passkey) if form.is_bound), self.code)

    def _means(self) -> Means | None:
        try:
            if self.passkey.is_bound:
                return self._passkey_means()
            form = self.sent
            if not form.is_valid():
                return None
            by = Actor.of(self.request)
            typed = form.cleaned_data["code"]
            return code_check(user=self.user, typed=typed, origin=origin(self.request), by=by)
        except TooManyCodesError:
            text = _("Too many wrong codes. Wait 15 minutes, or use a passkey.")
            self.sent.add_error(None, ValidationError(text, code=TOO_MANY))
        except FactorRefusedError:
            self.sent.add_error(None if self.sent is self.passkey else "code", self._refusal())
        return None

    def _passkey_means(self) -> Means | None:
        state = self.request.session.pop(CHALLENGE, None)
        if not self.passkey.is_valid() or state is None:
            return None
        return passkey_check(
            user=self.user,
            state=state,
            response=self.passkey.cleaned_data["credential"],
            origin=origin(self.request),
            by=Actor.of(self.request),
        )

    def _refusal(self) -> str:
        if self.sent is self.code:
            return _("This code is not right, or was used already. Wait for the next one and enter that.")
        if self.sent is self.recovery:
            return _("This recovery code is not right, or was used already. Try another one.")
        return _("The passkey did not fit this account. Try again, or use another way.")

    def page(self, template: str, context: dict[str, Any]) -> HttpResponse:
        kinds = {factor.kind for factor in factors_of(self.user)}
        shown = context | {
            "form": self.sent,
            "code_form": self.code,
            "recovery_form": self.recovery,
            "passkey_form": self.passkey,
            "has_app": Factor.Kind.APP in kinds,
            "passkey_options": self._passkey_options() if Factor.Kind.PASSKEY in kinds else "",
            "demo_code": _demo_code(self.user),
        }
        return render(self.request, template, shown, status=form_status(self.sent))

    def _passkey_options(self) -> str:
        options, self.request.session[CHALLENGE] = passkey_options(self.user)
        return json.dumps(options)


class PasswordAnswer(Answer):
    """The same for an account that has nothing but its password."""

    def _read(self) -> None:
        self.form = self._form(PresentPasswordForm, "password")
        if self.request.method == "POST" and not self.prefix:
            self.form = PresentPasswordForm(self.request.POST)

    def _means(self) -> Means | None:
        return Means.PASSWORD if self.form.is_valid() and self._is_right() else None

    def _is_right(self) -> bool:
        if not PASSWORD_TRIES.take(str(self.user.pk), origin(self.request)):
            self.form.add_error(None, ValidationError(_("Too many tries. Wait 15 minutes."), code=TOO_MANY))
            return False
        if not self.user.check_password(self.form.cleaned_data["password"]):
            self.form.add_error("password", _("This is not your present password."))
            return False
        return True

    def page(self, template: str, context: dict[str, Any]) -> HttpResponse:
        shown = context | {"form": self.form, "password_form": self.form}
        return render(self.request, template, shown, status=form_status(self.form))


def answer_again(request: HttpRequest, user: User, *, prefix: str = "") -> Answer:
    """Take the answer of somebody who is signed in, by the best that the account has."""
    return (Answer if has_factor(user) else PasswordAnswer)(request, user, prefix=prefix)


def _demo_code(user: User) -> dict[str, Any] | None:
    """Return the code that an app would show now, in the demonstration alone: there everybody may look around."""
    if settings.DEPLOYMENT != "demo":
        return None
    app = next((factor for factor in factors_of(user) if factor.kind == Factor.Kind.APP), None)
    return code_shown(app.secret, app.last_step) if app else None


def code_shown(secret: str, last_step: int | None) -> dict[str, Any]:
    at = clock.real_now()
    step = totp.step_unused(at=at, after=last_step)
    return {"code": totp.code_at(secret, step) if step else "", "seconds": totp.SECONDS}
