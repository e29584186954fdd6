"""What somebody enters to check a certificate in hand, a file, or a list of numbers."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from certificates.checks.files import LARGEST
from certificates.checks.lists import MOST, TooManyNumbersError, numbers_in
from portal.forms import FileInput, Form
from portal.identity import visible

LARGEST_LIST = 64 * 1024  # bytes


class NameForm(Form):
    """The holder's full name, beside the number that was asked about."""

    number = forms.CharField(label=_("Number"), max_length=100, widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Holder's full name"), max_length=100,
        help_text=_("As printed on the certificate. Then everything that is printed is shown, for comparison."),
        widget=forms.TextInput({"class": "govuk-input--width-20", "autocomplete": "off"}),
    )  # fmt: skip

    def clean_name(self) -> str:
        return visible(self.cleaned_data["name"])


class FileForm(Form):
    file = forms.FileField(
        label=_("The certificate's PDF"), widget=FileInput(accept=".pdf,application/pdf"),
        help_text=_("Up to 2 MB. The file is looked at and not kept."), error_messages={"required": _("Choose a file.")},
    )  # fmt: skip

    def clean_file(self) -> bytes:
        uploaded: UploadedFile[Any] = self.cleaned_data["file"]
        if uploaded.size is None or uploaded.size > LARGEST:
            raise forms.ValidationError(
                _("The file is larger than 2 MB, which no certificate of this portal is.")
            )
        return bytes(uploaded.read())


class ListForm(Form):
    """Numbers pasted or in a text file; ``numbers`` once it is valid."""

    text = forms.CharField(
        label=_("Certificate numbers"), required=False, widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text=_("One a line, up to 500; of a table only the first column is read."), max_length=LARGEST_LIST,
    )  # fmt: skip
    file = forms.FileField(
        label=_("Or a file"), required=False, widget=FileInput(accept=".csv,.txt,text/csv,text/plain"),
        help_text=_("CSV or plain text, numbers in the first column."),
    )  # fmt: skip

    def clean_file(self) -> str:
        uploaded: UploadedFile[Any] | None = self.cleaned_data["file"]
        if uploaded is None:
            return ""
        if uploaded.size is None or uploaded.size > LARGEST_LIST:
            raise forms.ValidationError(
                _("The file is larger than 64 KB. Keep only the column with the numbers.")
            )
        content: bytes = uploaded.read()
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise forms.ValidationError(_("The file is no plain text. Save the table as CSV."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            cleaned["numbers"] = numbers_in(f"{cleaned['text']}\n{cleaned['file']}")
        except TooManyNumbersError:
            text = _("More than %(most)s numbers. Check them in several parts.")
            raise forms.ValidationError(text, params={"most": MOST}) from None
        if not cleaned["numbers"]:
            self.add_error("text", _("Enter at least one certificate number."))
        return cleaned
