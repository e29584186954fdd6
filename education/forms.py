from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

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


class EntryRefusalForm(Form):
    record = forms.IntegerField(
        label=_("Number of the record"),
        min_value=1,
        widget=forms.NumberInput(attrs={"class": "govuk-input--width-10"}),
    )
    reason = forms.CharField(label=_("Why the national system refuses it"), max_length=500)
