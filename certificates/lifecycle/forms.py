"""What a reviewer fills in to suspend, lift, revoke or correct."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from certificates.lifecycle.models import REASONS, MeasureKind, MeasureReason
from portal.forms import Form
from portal.identity import normalise_name, visible


class MeasureForm(Form):
    """A reason from the list of its kind, and words."""

    reason = forms.ChoiceField(label=_("Reason"))
    explanation = forms.CharField(
        label=_("In words"), max_length=1000, widget=forms.Textarea({"rows": 3}),
        help_text=_("The holder reads it word for word."),
    )  # fmt: skip

    def __init__(self, *args: Any, kind: MeasureKind, **kwargs: Any) -> None:
        super().__init__(*args, prefix=kind.value, **kwargs)
        self.kind = kind
        choices = [("", _("Choose a reason")), *((reason.value, reason.label) for reason in REASONS[kind])]
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]

    def clean_explanation(self) -> str:
        text = visible(self.cleaned_data["explanation"])
        if not text:
            raise forms.ValidationError(
                _("Say it in words, so that the holder and a colleague understand it.")
            )
        return text

    @property
    def given(self) -> dict[str, Any]:
        """What the service takes, once the form is valid."""
        return {
            "reason": MeasureReason(self.cleaned_data["reason"]),
            "explanation": self.cleaned_data["explanation"],
        }


class CorrectionForm(MeasureForm):
    """A new name, or for the reason “photo” the photo that the holder's profile has now."""

    name = forms.CharField(
        label=_("Name as it has to be printed"), max_length=100, required=False,
        help_text=_("Leave empty for a new photo: the one of the holder's profile is taken."),
        widget=forms.TextInput({"class": "govuk-input--width-20", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["reason", "name", "explanation"])

    def clean_name(self) -> str:
        text: str = self.cleaned_data["name"]
        if not visible(text):
            return ""
        name = normalise_name(text)
        if not isinstance(name, str):
            raise forms.ValidationError(_("Enter a name as it stands on an ID card."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_photo = cleaned.get("reason") == MeasureReason.PHOTO
        if cleaned.get("reason") and "name" in cleaned and is_photo == bool(cleaned["name"]):
            text = (
                _("Leave the name empty when the photo is replaced.")
                if is_photo
                else _("Enter the right name.")
            )
            self.add_error("name", text)
        return cleaned

    @property
    def given(self) -> dict[str, Any]:
        return super().given | {"name": self.cleaned_data["name"]}


class RefusalForm(Form):
    refusal = forms.CharField(
        label=_("Why it is not carried out"), max_length=1000, widget=forms.Textarea({"rows": 3})
    )


def measure_form(kind: MeasureKind, data: Any = None) -> MeasureForm:
    return (CorrectionForm if kind is MeasureKind.CORRECT else MeasureForm)(data, kind=kind)
