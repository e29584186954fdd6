"""What is asked before an account is closed."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import Form


class AccountCloseForm(Form):
    understood = forms.BooleanField(
        label=_("I want to close my account"),
        error_messages={"required": _("To close the account, tick the box.")},
    )
