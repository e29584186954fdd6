"""What employers type: about themselves, and whom they invite."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.accounts.forms import IdentityField, NewPasswordForm, PasswordField
from portal.accounts.forms_staff import UsernameField
from portal.accounts.messages import problem_text
from portal.accounts.models import User
from portal.employers.services import Company, Invitee
from portal.forms import Form, KitTextInput, LineField
from portal.identity import Problem, normalise_credit_code, normalise_id_number, normalise_name

AT_ONCE = 200


class EmployerForm(NewPasswordForm):
    name = LineField(
        label=_("Name of the employer"), help_text=_("As on the business licence."), max_length=200
    )
    code = IdentityField(
        normalise_credit_code,
        label=_("Unified social credit code"),
        help_text=_("18 characters, on the business licence."),
        widget=KitTextInput(attrs={"class": "govuk-input--width-20 app-number", "autocomplete": "off"}),
        error_messages={"required": _("Enter the unified social credit code.")},
    )
    contact = LineField(
        label=_("Contact person"), help_text=_("Workers see this name when you invite them."), max_length=100
    )
    phone = LineField(
        label=_("Telephone"),
        help_text=_("Workers see it too, so that they can ask."),
        max_length=40,
        widget=KitTextInput(attrs={"class": "govuk-input--width-20 app-number", "inputmode": "tel"}),
    )
    username = UsernameField()
    password = PasswordField(_("Password"))

    def holder(self) -> User:
        said = self.cleaned_data
        return User(
            username=said.get("username", ""),
            display_name=f"{said.get('name', '')} {said.get('contact', '')}",
        )

    @property
    def company(self) -> Company:
        said = self.cleaned_data
        return Company(code=said["code"], name=said["name"], contact=said["contact"], phone=said["phone"])


class InviteForm(Form):
    """Names and ID numbers, one worker a line, as they are copied from a spreadsheet."""

    people = forms.CharField(
        label=_("Name and ID number, one worker a line"),
        help_text=_(
            "The name, a space, the ID number. Two columns copied from a spreadsheet can be pasted here."
        ),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter at least one worker: name and ID number.")},
    )

    def clean_people(self) -> list[Invitee]:
        lines = [
            (number, line)
            for number, line in enumerate(self.cleaned_data["people"].splitlines(), 1)
            if line.strip()
        ]
        if len(lines) > AT_ONCE:
            raise ValidationError(_("Invite at most %(most)s workers at once."), params={"most": AT_ONCE})
        read = [(number, _invitee(line)) for number, line in lines]
        wrong = [
            ValidationError(_("Line %(line)s: %(problem)s"), params={"line": number, "problem": each})
            for number, each in read
            if isinstance(each, str)
        ]
        if wrong:
            raise ValidationError(wrong)
        return [each for _number, each in read if isinstance(each, Invitee)]


def _invitee(line: str) -> Invitee | str:
    """Read a line; return what is wrong with it, never repeating the number."""
    parts = [part for part in re.split(r"[\s,，、;；|]+", line.strip()) if part]
    if len(parts) < 2:
        return gettext("write the name, a space and the ID number.")
    name, number = normalise_name(" ".join(parts[:-1])), normalise_id_number(parts[-1])
    for problem in (name, number):
        if isinstance(problem, Problem):
            return str(problem_text(problem))
    return Invitee(name=str(name), id_number=str(number))
