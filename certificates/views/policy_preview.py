"""What another policy pack would change, for the reviewer in chief: counts by city and post, the list as CSV."""

import csv
from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from certificates.presentation import standing_word
from certificates.preview import ChangeCount, Preview, StatusChange, change_counts, policy_preview
from portal import clock
from portal.accounts.roles import Permission
from portal.forms import DayField, Form, form_status
from portal.permissions import SignedInRequest, permission_required
from portal.policy import load_pack
from portal.policy.pack import shipped_packs

chief_page = permission_required(Permission.PROVINCE_FOLLOW)


class PreviewForm(Form):
    """Which pack, and on which day. Sent by GET, keeps nothing."""

    pack = forms.ChoiceField(label=_("Rules that would come into force"))
    as_of = DayField(label=_("On the day"), help_text=_("For example 2021-06-30."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        packs = (load_pack(name) for name in shipped_packs())
        language = get_language() or ""
        self.fields["pack"].choices = [(pack.name, pack.title.in_language(language)) for pack in packs]  # type: ignore[attr-defined]

    def preview(self) -> Preview:
        day: date = self.cleaned_data["as_of"]
        return policy_preview(load_pack(self.cleaned_data["pack"]), as_of=day)


@chief_page
@require_safe
def policy_preview_page(request: SignedInRequest) -> HttpResponseBase:
    """The counts; with `csv` in the address, the list of certificates."""
    is_asked = "pack" in request.GET
    form = PreviewForm(request.GET if is_asked else None, initial={"as_of": clock.today()})
    if not (is_asked and form.is_valid()):
        return render(request, "review/policy_preview.html", {"form": form}, status=form_status(form))
    preview = form.preview()
    return _list(preview) if "csv" in request.GET else _counts(request, form, preview)


def _counts(request: SignedInRequest, form: PreviewForm, preview: Preview) -> HttpResponse:
    counts = change_counts(preview.changes())
    context = {
        "form": form,
        "preview": preview,
        "rows": [(count, standing_word(count.before), standing_word(count.after)) for count in counts],
        "total": _total(counts),
        "list_query": f"{request.GET.urlencode()}&csv=1",
    }
    return render(request, "review/policy_preview.html", context)


def _total(counts: list[ChangeCount]) -> int:
    return sum(count.certificates for count in counts)


class _Echo:
    """What a CSV writer writes to: gives the line back."""

    def write(self, line: str) -> str:
        return line


def _list(preview: Preview) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_lines(preview), content_type="text/csv; charset=utf-8")
    name = f"{preview.pack.name}-{preview.as_of}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(preview: Preview) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # by this mark a spreadsheet program knows the encoding
    yield str(writer.writerow(StatusChange._fields))
    for change in preview.changes():
        yield str(writer.writerow(change))
