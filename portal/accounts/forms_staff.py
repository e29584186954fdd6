"""What is asked when a staff account is opened or ended."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.accounts.forms import area_choices_blank
from portal.accounts.models import Role
from portal.forms import Form, KitTextInput, LineField, ProseField

USERNAME = re.compile(r"[a-z][a-z0-9._-]{3,39}")
HIRED = (Role.REVIEWER, Role.CHIEF, Role.COUNTY, Role.OPERATOR, Role.AUDITOR)
"""The roles that the reviewer in chief gives; clerks are opened at their institution, employers register themselves."""


class UsernameField(forms.CharField):
    """A user name that cannot be taken for an ID number or a mobile."""

    def __init__(self) -> None:
        super().__init__(
            label=_("User name"),
            help_text=_(
                "For signing in: 4 to 40 small letters, digits, dots or hyphens, beginning with a letter."
            ),
            max_length=40,
            widget=KitTextInput(
                attrs={"class": "govuk-input--width-20", "autocomplete": "username", "autocapitalize": "none"}
            ),
        )

    def clean(self, value: Any) -> str:
        name = str(super().clean(value)).lower()
        if not USERNAME.fullmatch(name):
            raise ValidationError(
                _("Use 4 to 40 small letters, digits, dots or hyphens, beginning with a letter.")
            )
        return name


class StaffForm(Form):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(role.value, role.label) for role in HIRED],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the role.")},
    )
    area_code = forms.ChoiceField(
        label=_("City or county"),
        help_text=_("Only for an officer of a city or county, who then sees that area and no other."),
        choices=area_choices_blank,
        required=False,
    )
    display_name = LineField(
        label=_("Name"),
        help_text=_("As colleagues know the person; it is shown with decisions."),
        max_length=100,
    )
    username = UsernameField()

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("role") == Role.COUNTY and not said.get("area_code"):
            self.add_error("area_code", _("Choose the area that the officer is responsible for."))
        if said.get("role") != Role.COUNTY:
            said["area_code"] = ""
        return said


class ReasonField(ProseField):
    """Why something is done to somebody's account."""

    def __init__(self, label: Any, missing: Any) -> None:
        super().__init__(
            label=label,
            help_text=_("Kept in the history. Do not write ID numbers here."),
            max_length=500,
            widget=forms.Textarea(attrs={"rows": 3}),
            error_messages={"required": missing},
        )


class AccountEndForm(Form):
    reason = ReasonField(_("Why does the account end?"), _("Write down why the account ends."))


class SessionsEndForm(Form):
    reason = ReasonField(_("Why do the sessions end?"), _("Write down why the sessions end."))
