import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from education.models import Batch, BatchState
from portal.forms import FileInput, Form

ACCEPTED = ".xlsx,.csv,.txt,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UploadForm(Form):
    file = forms.FileField(
        label=_("File of the batch"),
        help_text=_(
            "A workbook (.xlsx) or CSV, made from the template or by your own system. You may drop it onto this page."
        ),
        allow_empty_file=True,  # said in words by the service
        widget=FileInput(accept=ACCEPTED),
    )
    merges = forms.ChoiceField(
        label=_("What the file holds"),
        choices=[
            ("table", _("The whole table, corrected")),
            ("rows", _("Only the corrected rows; all others stay as they are")),
        ],
        help_text=_("Corrected rows are found by the column 行号 of the table that you got back."),
        initial="table",
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, corrects: Batch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["data-drop"] = ""
        if corrects is None or corrects.state == BatchState.FAILED:
            del self.fields["merges"]


class ReturnForm(Form):
    reason = forms.CharField(
        label=_("Why the batch goes back"),
        help_text=_("The institution reads this. Name the rows and what has to be put right."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ReasonForm(Form):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The institution and the people concerned read this."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RowsField(forms.CharField):
    """Numbers of rows as people write them: ``2, 5-7`` and the same with full-width signs; nothing gives None."""

    MOST = 1_000
    _PART = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?")

    def clean(self, value: Any) -> list[int] | None:
        text = unicodedata.normalize("NFKC", super().clean(value))
        parts = [part for part in re.split(r"[,、;\s]+", re.sub(r"\s*[-–—~]\s*", "-", text)) if part]
        if not parts:
            return None
        numbers = {number for part in parts for number in self._numbers(part)}
        if len(numbers) > self.MOST:
            raise ValidationError(_("At most 1000 rows at once; leave the field empty for all of them."))
        return sorted(numbers)

    def _numbers(self, part: str) -> range:
        found = self._PART.fullmatch(part)
        if not found:
            raise ValidationError(_("Write numbers of rows such as 2, 5-7."))
        first, last = int(found[1]), int(found[2] or found[1])
        if not 0 < first <= last or last - first >= self.MOST:
            raise ValidationError(_("Write numbers of rows such as 2, 5-7."))
        return range(first, last + 1)


class ReversalForm(ReasonForm):
    rows = RowsField(
        label=_("Rows to take back"),
        help_text=_("Numbers of rows such as 2, 5-7. Leave it empty for all that still count."),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-20"}),
    )


class RowForm(Form):
    number = forms.IntegerField(
        label=_("Row"), min_value=1, widget=forms.NumberInput(attrs={"class": "govuk-input--width-5"})
    )
    reason = forms.CharField(
        label=_("Why this row is not credited"),
        help_text=_("Leave it empty to take a refusal back."),
        max_length=500,
        required=False,
    )


class QueueForm(Form):
    """Filters of the reviewer's list; they stand in the address."""

    institution = forms.CharField(label=_("Institution"), required=False, max_length=100)
    unusual = forms.BooleanField(label=_("Only what is unusual"), required=False)
    overdue = forms.BooleanField(label=_("Only what is past its target"), required=False)


class EntryForm(Form):
    record = forms.IntegerField(
        label=_("Number of the record"),
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.NumberInput(attrs={"class": "govuk-input--width-10"}),
    )
    outcome = forms.ChoiceField(
        label=_("What became of it there"),
        choices=[
            ("entered", pgettext_lazy("national system", "Entered")),
            ("refused", pgettext_lazy("national system", "Refused")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Why the national system refuses it"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if facts.get("outcome") == "refused" and not facts.get("reason"):
            self.add_error("reason", _("Say why the record was refused."))
        if facts.get("outcome") == "entered":
            facts["reason"] = ""
        return facts
