"""What is asked when a token for another system is made."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import ApiToken
from portal.accounts.roles import scopes_of
from portal.accounts.tokens import last_day_at_most
from portal.forms import DayField, Form, LineField


class TokenForm(Form):
    name = LineField(
        label=_("Which system is it for?"),
        help_text=_("Such as “Training administration, school server”. No names of people."),
        max_length=100,
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"),
        help_text=_("Give it only what the system needs."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing that the token may do.")},
    )
    last_day = DayField(label=_("Last day"), help_text=_("The token ends with this day."))

    def __init__(self, *args: Any, role: str, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, initial={"last_day": last_day_at_most(today)}, **kwargs)
        allowed = scopes_of(role)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]  # a field with choices
            (scope.value, scope.label) for scope in ApiToken.Scope if scope in allowed
        ]

    def clean_last_day(self) -> date:
        day: date = self.cleaned_data["last_day"]
        last = last_day_at_most(self.today)
        if day <= self.today:
            raise ValidationError(_("The last day must lie after today."))
        if day > last:
            raise ValidationError(
                _("A token lasts until %(last)s at most."), params={"last": last.isoformat()}
            )
        return day
