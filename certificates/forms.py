"""What holders and reviewers fill in."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from certificates.models import LegacyCertificate, ServiceKind
from certificates.services.legacy import ServiceWishes
from portal.forms import DayField, Form
from portal.identity import normalise_name, same_name, visible


class ServiceForm(Form):
    """Asks for a service on a paper certificate (3.2): why, and in subclasses what is to change."""

    explanation_label: ClassVar[Any] = _("Why you ask for this")

    explanation = forms.CharField(max_length=1000, widget=forms.Textarea({"rows": 4}))

    def __init__(self, *args: Any, certificate: LegacyCertificate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.certificate = certificate
        self.fields["explanation"].label = self.explanation_label
        self.order_fields(["new_name", "new_employer", "new_expiry", "explanation"])

    @property
    def wishes(self) -> ServiceWishes:
        """What is to change, once the form is valid."""
        return ServiceWishes()


class ReplacementForm(ServiceForm):
    explanation_label = _("How the certificate was lost or damaged")


class CancellationForm(ServiceForm):
    explanation_label = _("Why the certificate should be cancelled")


class ChangeForm(ServiceForm):
    explanation_label = _("Why the registry differs from your documents")

    new_name = forms.CharField(
        label=_("Your name, as on your ID card"), max_length=100, required=False,
        widget=forms.TextInput({"class": "govuk-input--width-20", "autocomplete": "name"}),
    )  # fmt: skip
    new_employer = forms.CharField(
        label=_("Your employer"), max_length=200, required=False,
        help_text=_("Leave empty what stays as it is."),
        widget=forms.TextInput({"autocomplete": "organization"}),
    )  # fmt: skip

    def clean_new_name(self) -> str:
        text: str = self.cleaned_data["new_name"]
        if not visible(text):
            return ""
        name = normalise_name(text)
        if not isinstance(name, str):
            raise forms.ValidationError(_("Enter a name as it stands on an ID card."))
        return "" if same_name(name, self.certificate.holder_name) else name

    def clean_new_employer(self) -> str:
        employer = visible(self.cleaned_data["new_employer"])
        return "" if employer == self.certificate.employer_name else employer

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("new_name") and not cleaned.get("new_employer"):
            raise forms.ValidationError(_("Nothing would change: enter the name or the employer that is right."))
        return cleaned

    @property
    def wishes(self) -> ServiceWishes:
        return ServiceWishes(
            new_name=self.cleaned_data["new_name"], new_employer=self.cleaned_data["new_employer"]
        )


class ExtensionForm(ServiceForm):
    new_expiry = DayField(label=_("Until when it is to be valid"), help_text=_("For example 2022-12-31."))

    def clean_new_expiry(self) -> date:
        day: date = self.cleaned_data["new_expiry"]
        present = self.certificate.expires_on or self.certificate.issued_on
        if day <= present:
            raise forms.ValidationError(
                _("Enter a day after %(present)s, the day until which it is valid now."),
                params={"present": date_format(present)},
            )
        return day

    @property
    def wishes(self) -> ServiceWishes:
        return ServiceWishes(new_expiry=self.cleaned_data["new_expiry"])


SERVICE_FORMS: dict[ServiceKind, type[ServiceForm]] = {
    ServiceKind.REPLACEMENT: ReplacementForm,
    ServiceKind.CHANGE: ChangeForm,
    ServiceKind.EXTENSION: ExtensionForm,
    ServiceKind.CANCELLATION: CancellationForm,
}


class PapersSeenForm(Form):
    """The day on which the holder showed the original ID card and certificate (1.1)."""

    seen_on = DayField(
        label=_("Original ID card and certificate seen on"), help_text=_("For example 2020-11-10.")
    )

    def __init__(self, *args: Any, first: date, last: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first, self.last = first, last

    def clean_seen_on(self) -> date:
        day: date = self.cleaned_data["seen_on"]
        if not self.first <= day <= self.last:
            raise forms.ValidationError(
                _("Enter a day from %(first)s, when the check was asked for, to today, %(last)s."),
                params={"first": date_format(self.first), "last": date_format(self.last)},
            )
        return day


class DecisionForm(Form):
    """A reviewer's yes or no; a no says why."""

    outcome = forms.ChoiceField(
        label=_("Decision"), widget=forms.RadioSelect, error_messages={"required": _("Choose a decision.")}
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=1000, required=False, widget=forms.Textarea({"rows": 3}),
        help_text=_("The holder reads it word for word. Needed for a refusal."),
    )  # fmt: skip

    def __init__(self, *args: Any, yes: Any = None, no: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("yes", yes)] if yes else []
        self.fields["outcome"].choices = [*choices, ("no", no)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("outcome") == "no" and not visible(cleaned.get("reason", "")):
            self.add_error("reason", _("Say why, so that the holder knows what can be done."))
        return cleaned

    @property
    def is_yes(self) -> bool:
        return bool(self.cleaned_data["outcome"] == "yes")


class SearchForm(Form):
    """Finds a holder's work. Sent by POST: an ID number or a name has no place in an address."""

    text = forms.CharField(
        label=_("Certificate number, ID number or name"), max_length=60,
        widget=forms.TextInput({"class": "govuk-input--width-20", "autocomplete": "off", "type": "search"}),
    )  # fmt: skip


class VerifyForm(Form):
    number = forms.CharField(
        label=_("Certificate number"), max_length=100,
        help_text=_("Electronic or paper, as printed. Spaces and dashes do not matter."),
        error_messages={"required": _("Enter the number that is printed on the certificate.")},
        widget=forms.TextInput({
            "class": "govuk-input--width-20 app-number", "autocomplete": "off", "spellcheck": "false",
            "inputmode": "search", "enterkeyhint": "search",
        }),
    )  # fmt: skip
