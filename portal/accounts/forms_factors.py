"""What is asked to prove who somebody is."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.accounts.forms import TYPED_AT_MOST
from portal.forms import CodeInput, Form, KitTextInput, LineField

ANSWER_AT_MOST = 20_000
"""Characters of what a browser answers for a passkey."""


class AppCodeForm(Form):
    code = forms.CharField(
        label=pgettext_lazy("of an app", "Code"),
        help_text=_("Six digits, shown by the authenticator app; a new one every 30 seconds."),
        max_length=TYPED_AT_MOST,
        widget=CodeInput(attrs={"maxlength": "20"}),
        error_messages={"required": _("Enter the code that the app shows.")},
    )


class RecoveryCodeForm(Form):
    code = forms.CharField(
        label=_("Recovery code"),
        help_text=_("Ten characters from the list that you kept, such as abcde-fgh23. Each is good once."),
        max_length=TYPED_AT_MOST,
        widget=KitTextInput(
            attrs={
                "class": "govuk-input--width-20 app-number",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": _("Enter one of your recovery codes.")},
    )


class PresentPasswordForm(Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=TYPED_AT_MOST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Enter your password.")},
    )


class CredentialField(forms.CharField):
    """What the browser answered, as JSON; the cleaned value is a mapping."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Passkey or security key"),
            max_length=ANSWER_AT_MOST,
            widget=forms.HiddenInput,
            error_messages={"required": _("The browser sent no answer. Try again, or use another way.")},
        )

    def clean(self, value: Any) -> dict[str, Any]:
        try:
            answer = json.loads(super().clean(value))
        except (ValueError, RecursionError) as error:
            raise ValidationError(self.error_messages["required"]) from error
        if not isinstance(answer, dict):
            raise ValidationError(self.error_messages["required"])
        return answer


class PasskeyForm(Form):
    credential = CredentialField()


class NewPasskeyForm(Form):
    name = LineField(
        label=_("Name"),
        help_text=_("By which you know it later, such as “blue key” or “office computer”."),
        max_length=60,
        widget=KitTextInput(attrs={"class": "govuk-input--width-20", "autocomplete": "off"}),
        error_messages={"required": _("Give it a name.")},
    )
    credential = CredentialField()
