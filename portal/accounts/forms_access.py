"""What is asked when a way into an account is asked for, decided and used."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.accounts.forms import TYPED_AT_MOST, NewPasswordForm, PasswordField
from portal.accounts.models import User
from portal.forms import Form, KitTextInput, ProseField


def _identifier_field(help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=_("ID number, mobile or user name"),
        help_text=help_text,
        max_length=TYPED_AT_MOST,
        widget=KitTextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )


class ActivationForm(NewPasswordForm):
    identifier = _identifier_field()
    code = forms.CharField(
        label=_("Code that you were given"),
        help_text=_("16 letters and digits, such as abcd-efgh-jkmn-pqrs."),
        max_length=TYPED_AT_MOST,
        widget=KitTextInput(
            {
                "class": "govuk-input--width-20 app-number",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": _("Enter the code that you were given.")},
    )
    password = PasswordField(_("New password"))

    def holder(self) -> User:
        """Return who they say they are: what the account knows of them would tell that there is one."""
        return User(username=self.cleaned_data.get("identifier", ""))


class LostForm(Form):
    identifier = _identifier_field()
    papers_seen = forms.BooleanField(
        label=_("The holder stands before me, and I have compared them with their ID card")
    )
    reason = ProseField(
        label=_("What was lost, and how?"),
        help_text=_("Kept in the history. Do not write ID numbers here."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write down what was lost.")},
    )
