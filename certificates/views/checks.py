"""Closer checks: what is printed, for whoever knows the holder's name; a PDF; a list of numbers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from certificates.checks.comparison import NAME_LIMIT, printed_under_name
from certificates.checks.files import FileAnswer, FileVerdict, file_check
from certificates.checks.forms import FileForm, ListForm, NameForm
from certificates.checks.lists import LIST_LIMIT, list_answer, list_check, list_sign
from certificates.checks.services import check_count
from certificates.numbers import grouped, normalise_number
from certificates.presentation import state_word, verification_words
from certificates.verification import VERIFY_LIMIT, Verification, verify
from certificates.views.public import answer_context
from portal.forms import form_status
from portal.limits import origin, too_many

JOSE = "application/jose"


@require_POST
def verify_name(request: HttpRequest) -> HttpResponse:
    """Show what is printed to whoever knows number and full name. Both come in the body, never in an address."""
    form = NameForm(request.POST)
    is_valid = form.is_valid()
    number = normalise_number(form.cleaned_data.get("number", ""))
    if not VERIFY_LIMIT.take(origin(request)):
        return too_many(request, VERIFY_LIMIT)
    if not (NAME_LIMIT.take(origin(request)) and NAME_LIMIT.take("of", number)):
        return too_many(request, NAME_LIMIT)
    answer = verify(number)
    printed = None
    if is_valid:
        printed = printed_under_name(number, form.cleaned_data["name"])
        if printed is None:
            form.add_error(
                "name",
                _("This is not the name on the certificate with this number. Compare letter by letter."),
            )
    context = answer_context(answer) | {"printed": printed, "name_form": form}
    return render(request, "public/verify.html", context, status=form_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
def verify_file(request: HttpRequest) -> HttpResponse:
    """Judge an uploaded PDF; nothing of it is kept."""
    is_sent = request.method == "POST"
    form = FileForm(request.POST, request.FILES) if is_sent else FileForm()
    context: dict[str, Any] = {"form": form}
    if is_sent:
        if not VERIFY_LIMIT.take(origin(request)):
            return too_many(request, VERIFY_LIMIT)
        if form.is_valid():
            context |= _judged(file_check(form.cleaned_data["file"]))
    return render(request, "public/verify_file.html", context, status=form_status(form))


def _judged(answer: FileAnswer) -> dict[str, Any]:
    context: dict[str, Any] = {"verdict": answer.verdict.value, "told": _verdict_words(answer.verdict)}
    if answer.verification:
        check_count(answer.verification)
        context |= answer_context(answer.verification) | {"printed": answer.printed}
        del context["form"]
    return context


def _verdict_words(verdict: FileVerdict) -> tuple[str, str]:
    return {
        FileVerdict.OURS: (
            _("Issued here, and unaltered"),
            _("What the certificate is worth today stands below."),
        ),
        FileVerdict.ALTERED: (
            _("Altered after it was signed"),
            _(
                "Do not rely on anything that this file says. Ask the holder for the original, or check the number."
            ),
        ),
        FileVerdict.UNSIGNED: (
            _("Carries no signature"),
            _("A scan, a print or a copy proves nothing by itself. Check the number, or scan the code."),
        ),
        FileVerdict.UNTRUSTED: (
            _("Signed, but not by this department"),
            _("Whoever signed this file is not the issuer. Do not rely on it."),
        ),
        FileVerdict.UNREADABLE: (_("Cannot be read as a PDF"), _("The file is damaged, or of another kind.")),
        FileVerdict.NO_CERTIFICATE: (
            _("No certificate"),
            _("The department signed it, but it is no training certificate."),
        ),
    }[verdict]


@require_http_methods(["GET", "HEAD", "POST"])
def verify_list(request: HttpRequest) -> HttpResponse:
    """Check up to 500 numbers; the answer as a table, or as a file that the issuer signed (``act=sign``)."""
    is_sent = request.method == "POST"
    form = ListForm(request.POST, request.FILES) if is_sent else ListForm()
    if not is_sent or not form.is_valid():
        return render(request, "public/verify_list.html", {"form": form}, status=form_status(form))
    if not LIST_LIMIT.take(origin(request)):
        return too_many(request, LIST_LIMIT)
    answers = list_check(form.cleaned_data["numbers"])
    if request.POST.get("act") == "sign":
        return _signed(answers)
    again = ListForm(initial={"text": "\n".join(answer.number for answer in answers)})
    context = {"form": again, "rows": [_row(answer) for answer in answers], "as_of": answers[0].as_of}
    return render(request, "public/verify_list.html", context)


def _row(answer: Verification) -> dict[str, Any]:
    words = verification_words(answer)
    return {
        "number": grouped(answer.number),
        "state": answer.state,
        "state_text": state_word(answer.state),
        "title": words["title"],
        "since": answer.since,
        "replaced_by": answer.replaced_by,
    }


def _signed(answers: list[Verification]) -> HttpResponse:
    at = answers[0].as_of
    response = HttpResponse(list_sign(list_answer(answers, at=at)), content_type=JOSE)
    response["Content-Disposition"] = f'attachment; filename="verification-{at:%Y%m%d-%H%M}.jwt"'
    return response
