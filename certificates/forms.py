"""What holders and reviewers fill in."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from certificates.evidence import EvidenceRefusedError, content_type_of
from certificates.models import LegacyCertificate, ServiceKind
from certificates.selectors import policy_on
from certificates.services.evidence import MOST_FILES, Evidence
from certificates.services.legacy import ServiceWishes
from portal import clock
from portal.forms import DayField, FileInput, Form, HoursField
from portal.identity import normalise_name, same_name, visible
from portal.templatetags.portal import post_name


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
            raise forms.ValidationError(
                _("Nothing would change: enter the name or the employer that is right.")
            )
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


def _posts_to_choose() -> list[tuple[str, object]]:
    posts = policy_on(clock.now()).exchange.posts
    return [("", _("All posts")), *((post.code, f"{post.code} {post_name(post.code)}") for post in posts)]


class ArchiveQueueForm(Form):
    """Filters of the queue of archive checks; they stand in the address."""

    stage = forms.ChoiceField(
        label=pgettext_lazy("archive check", "What it waits for"),
        required=False,
        choices=[
            ("", pgettext_lazy("archive check", "Everything")),
            ("seen", _("Originals seen, to be decided")),
            ("unseen", _("Originals not seen yet")),
            ("late", _("Can no longer pass")),
        ],
    )
    post = forms.ChoiceField(label=_("Post"), required=False, choices=_posts_to_choose)


def _services_to_choose() -> list[tuple[str, object]]:
    return [("", _("All services")), *ServiceKind.choices]


class ServiceQueueForm(Form):
    """Filters of the queue of services for paper certificates; they stand in the address."""

    kind = forms.ChoiceField(label=_("Service"), required=False, choices=_services_to_choose)
    post = forms.ChoiceField(label=_("Post"), required=False, choices=_posts_to_choose)


class EvidenceInput(FileInput):
    """Several files at once."""

    allow_multiple_selected = True


class EvidenceField(forms.FileField):
    """Pictures and PDFs; the cleaned value is a list of `Evidence`, each judged by its content."""

    widget = EvidenceInput(accept="image/jpeg,image/png,application/pdf")

    def clean(self, data: Any, initial: Any = None) -> list[Evidence]:
        uploads = [upload for upload in data or [] if upload]
        if len(uploads) > MOST_FILES:
            raise forms.ValidationError(_("Choose at most %(most)s files."), params={"most": MOST_FILES})
        super().clean(uploads[0] if uploads else None, initial)
        return [self._judged(upload) for upload in uploads]

    def _judged(self, upload: Any) -> Evidence:
        most = settings.EVIDENCE_MAX_BYTES
        content = upload.read(most + 1)
        try:
            return Evidence(content, content_type_of(content, most_bytes=most))
        except EvidenceRefusedError as refused:
            told = {"name": visible(upload.name)[:60], "megabytes": most >> 20}
            raise forms.ValidationError(_EVIDENCE_PROBLEMS[refused.code], params=told) from refused


_EVIDENCE_PROBLEMS = {
    "empty": _("“%(name)s” is empty. Choose the file once more."),
    "too_large": _(
        "“%(name)s” is too large: at most %(megabytes)s MB. Take the photo or scan with fewer pixels."
    ),
    "unknown_format": _("“%(name)s” is neither a JPEG or PNG picture nor a PDF. Save it as one of these."),
    "damaged": _("“%(name)s” cannot be opened. Save or scan it once more."),
}


class EvidenceForm(Form):
    """Words with files beside them. Each form says what they are about."""

    text = forms.CharField(max_length=2000, widget=forms.Textarea({"rows": 6}))
    evidence = EvidenceField(
        label=_("Evidence"), required=False,
        help_text=_("Pictures (JPEG, PNG) or PDF, at most 5 files of 10 MB. Kept encrypted."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["number", "text", "evidence"])

    @property
    def evidence_given(self) -> list[Evidence]:
        found: list[Evidence] = self.cleaned_data["evidence"]
        return found


class ObjectionForm(EvidenceForm):
    text = forms.CharField(
        label=_("Why you object"), max_length=2000, widget=forms.Textarea({"rows": 6}),
        help_text=_("For example a course that is missing, or that you could not take part for a reason out of your hands."),
    )  # fmt: skip


class FindingForm(EvidenceForm):
    """A reviewer's finding that somebody does not work in the post (2.1)."""

    number = forms.CharField(
        label=_("Number of the electronic certificate"), max_length=60,
        widget=forms.TextInput({"class": "govuk-input--width-20 app-number", "autocomplete": "off"}),
    )  # fmt: skip
    text = forms.CharField(
        label=_("What was found"), max_length=2000, widget=forms.Textarea({"rows": 6}),
        help_text=_("The holder reads it word for word."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence"].required = True


class ReasonForm(Form):
    """Why a proposal is dismissed, or a certificate should be given back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=1000, widget=forms.Textarea({"rows": 3}),
        help_text=_("The holder reads it word for word."),
    )  # fmt: skip


class WhatIfForm(Form):
    """“12 more hours, 8 of them professional, by June”: what standing would that give? Sent by GET, keeps nothing."""

    certificate = forms.ChoiceField(label=pgettext_lazy("what if", "Certificate"))
    hours = HoursField(label=_("More hours, all together"))
    professional = HoursField(label=_("Professional hours among them"))
    by = DayField(label=_("Taken by"), help_text=_("For example 2021-06-30."))

    def __init__(
        self, *args: Any, certificates: list[tuple[str, str]], first: date, last: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.first, self.last = first, last
        self.fields["certificate"].choices = certificates  # type: ignore[attr-defined]
        if len(certificates) == 1:
            self.fields["certificate"].widget = forms.HiddenInput()

    def clean_by(self) -> date:
        day: date = self.cleaned_data["by"]
        if not self.first <= day <= self.last:
            raise forms.ValidationError(
                _("Enter a day from %(first)s to %(last)s."),
                params={"first": date_format(self.first), "last": date_format(self.last)},
            )
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        hours, professional = cleaned.get("hours"), cleaned.get("professional")
        if hours is not None and professional is not None and professional > hours:
            self.add_error(
                "professional", _("The professional hours are part of all hours: enter no more than those.")
            )
        return cleaned


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
