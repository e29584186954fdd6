from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import FileInput, Form

ACCEPTED = ".xlsx,.csv,.txt,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UploadForm(Form):
    file = forms.FileField(
        label=_("File of the batch"),
        help_text=_("A workbook (.xlsx) or CSV, made from the template or by your own system."),
        allow_empty_file=True,  # said in words by the service
        widget=FileInput(accept=ACCEPTED),
    )


class ReturnForm(Form):
    reason = forms.CharField(
        label=_("Why the batch goes back"),
        help_text=_("The institution reads this. Name the rows and what has to be put right."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
