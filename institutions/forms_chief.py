"""What the reviewer in chief enters about institutions."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from institutions.models import Ground
from institutions.services import Contact
from portal.accounts.forms import IdentityField, area_choices_blank
from portal.accounts.forms_staff import UsernameField
from portal.forms import DayField, Form, KitTextInput, LineField, ProseField
from portal.identity import normalise_credit_code


class InstitutionForm(Form):
    code = IdentityField(
        normalise_credit_code,
        label=_("Unified social credit code"),
        widget=KitTextInput(attrs={"class": "govuk-input--width-20 app-number", "autocomplete": "off"}),
        error_messages={"required": _("Enter the unified social credit code.")},
    )
    name = LineField(label=_("Name of the institution"), max_length=200)
    area_code = forms.ChoiceField(label=_("City or county"), choices=area_choices_blank)
    address = LineField(label=_("Address"), max_length=200, required=False)
    phone = LineField(label=_("Telephone"), max_length=40, required=False)

    @property
    def contact(self) -> Contact:
        said = self.cleaned_data
        return Contact(area_code=said["area_code"], address=said["address"], phone=said["phone"])


class GrantForm(Form):
    ground = forms.ChoiceField(label=_("Ground"), choices=Ground.choices, widget=forms.RadioSelect)
    reference = LineField(
        label=_("Reference"),
        help_text=_("Number in the directory, or of the commitment."),
        max_length=100,
        required=False,
    )
    valid_from = DayField(label=_("First day"))
    valid_until = DayField(label=_("Last day"), help_text=_("Empty: until further notice."), required=False)


class StopForm(Form):
    """An end for good, or a suspension with a last day; ``first`` is the first day without qualification."""

    END, SUSPEND = "end", "suspend"

    way = forms.ChoiceField(
        label=_("What happens to the qualification?"),
        choices=[(END, _("It ends for good")), (SUSPEND, _("It is suspended and goes on afterwards"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether it ends or is suspended.")},
    )
    first = DayField(label=_("First day without qualification"))
    last = DayField(
        label=_("Last day of the suspension"), help_text=_("Only for a suspension."), required=False
    )
    reason = ProseField(
        label=_("Reason"),
        help_text=_("The institution’s clerks are told this."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write down the reason.")},
    )

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("way") == self.SUSPEND and "last" in said and said["last"] is None:
            self.add_error("last", _("Enter the last day of the suspension."))
        if said.get("way") == self.END:
            said["last"] = None
        return said

    @property
    def last_day_qualified(self) -> date:
        first: date = self.cleaned_data["first"]
        return first - timedelta(days=1)


class ClerkForm(Form):
    display_name = LineField(label=_("Name"), max_length=100)
    username = UsernameField()
