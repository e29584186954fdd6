"""The page for everybody on which a receipt is verified, and, if wished, the file that it is about. Nothing is kept."""

import hashlib
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from education.forms import ACCEPTED
from education.receipts import MOST_CHARACTERS, ReceiptError, receipt_verify
from institutions.models import Institution
from portal.forms import FileInput, Form, form_status
from portal.limits import Limit, origin, too_many

RECEIPT_LIMIT = Limit("receipts", "30/minute")


class ReceiptForm(Form):
    text = forms.CharField(
        label=gettext_lazy("Text of the receipt"),
        help_text=gettext_lazy("It begins with eyJ. Or choose the file below."),
        required=False,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "autocomplete": "off"}),
    )
    file = forms.FileField(
        label=gettext_lazy("File of the receipt (.jws)"),
        required=False,
        widget=FileInput(accept=".jws,.txt,application/jose,text/plain"),
    )
    table = forms.FileField(
        label=gettext_lazy("The table that was reported, to compare"),
        help_text=gettext_lazy("It is compared by its fingerprint, and not kept."),
        required=False,
        widget=FileInput(accept=ACCEPTED),
    )

    def clean_file(self) -> str:
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is None:
            return ""
        try:
            content: bytes = file.read(MOST_CHARACTERS + 1)
            return content.decode("ascii")
        except UnicodeDecodeError:
            raise ValidationError(_("This file is no receipt.")) from None

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if not self.errors and not (facts.get("file") or facts.get("text")):
            self.add_error("text", _("Paste the receipt, or choose its file."))
        return facts


@require_http_methods(["GET", "POST"])
def receipt_page(request: HttpRequest) -> HttpResponse:
    """Say whether a receipt is one of this portal and unaltered, and what it proves."""
    is_sent = request.method == "POST"
    if is_sent and not RECEIPT_LIMIT.take(origin(request)):
        return too_many(request, RECEIPT_LIMIT)
    form = ReceiptForm(request.POST, request.FILES) if is_sent else ReceiptForm()
    context: dict[str, Any] = {"form": form}
    if is_sent and form.is_valid():
        context |= _judged(form.cleaned_data["file"] or form.cleaned_data["text"], form.cleaned_data["table"])
    return render(request, "public/receipt.html", context, status=form_status(form))


def _judged(text: str, table: "UploadedFile[bytes] | None") -> dict[str, Any]:
    try:
        receipt = receipt_verify(text)
    except ReceiptError:
        return {"verdict": "refused"}
    return {
        "verdict": "good",
        "receipt": receipt,
        "submitted_at": datetime.fromisoformat(receipt["submitted_at"]),
        "institution": Institution.objects.filter(code=receipt["institution"]).first(),
        "same_table": None if table is None else _fingerprint(table) == receipt["file_sha256"],
    }


def _fingerprint(table: "UploadedFile[bytes]") -> str:
    digest = hashlib.sha256()
    for piece in table.chunks():
        digest.update(piece)
    return digest.hexdigest()
