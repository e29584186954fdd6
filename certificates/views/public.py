"""Anyone types a number, or scans the code on a certificate, and gets a truthful answer."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certificates.checks.comparison import printed_on_version
from certificates.checks.forms import NameForm
from certificates.checks.services import check_count
from certificates.credentials.jose import SignatureError
from certificates.credentials.keys import public_keys
from certificates.credentials.token import token_read
from certificates.forms import VerifyForm
from certificates.numbers import grouped
from certificates.presentation import verification_words
from certificates.verification import VERIFY_LIMIT, Verification, verify
from portal.identity import normalise_id_number
from portal.limits import origin, too_many

MISTAKEN = "id-number"


@require_safe
def verify_page(request: HttpRequest) -> HttpResponse:
    form = VerifyForm(request.GET if "number" in request.GET else None)
    if MISTAKEN in request.GET:
        form = _id_number_form()
    elif form.is_bound and form.is_valid():
        return _answer(request, form.cleaned_data["number"])
    return render(request, "public/verify.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def verify_short(request: HttpRequest, number: str) -> HttpResponse:
    """Answer at the short address that the code on a certificate holds."""
    return _answer(request, number)


@require_POST
def verify_token(request: HttpRequest) -> HttpResponse:
    """Compare what is printed with what the portal knows. The token comes in the body: addresses end up in logs."""
    if not VERIFY_LIMIT.take(origin(request)):
        return too_many(request, VERIFY_LIMIT)
    try:
        token = token_read(request.POST.get("token", ""), public_keys())
    except SignatureError:
        return render(request, "public/verify_token_refused.html", {"form": VerifyForm()}, status=422)
    answer = verify(token.number)
    check_count(answer)
    printed = printed_on_version(token.number, token.version)
    return render(request, "public/verify.html", answer_context(answer) | {"printed": printed})


def _answer(request: HttpRequest, typed: str) -> HttpResponse:
    if not VERIFY_LIMIT.take(origin(request)):
        return too_many(request, VERIFY_LIMIT)
    if isinstance(normalise_id_number(typed), str):  # it leaves the address bar at once, and is not looked up
        return redirect(f"{reverse('verify')}?{MISTAKEN}")
    answer = verify(typed)
    check_count(answer)
    return render(request, "public/verify.html", answer_context(answer, typed))


def answer_context(answer: Verification, typed: str = "") -> dict[str, Any]:
    """Return what ``public/_answer.html`` and the page around it show."""
    return {
        "form": VerifyForm(initial={"number": (typed or answer.number)[:100]}),
        "answer": answer,
        "number": grouped(answer.number),
        "words": verification_words(answer),
        "name_form": NameForm(initial={"number": answer.number}),
    }


def _id_number_form() -> VerifyForm:
    form = VerifyForm({"number": ""})
    text = _("That is an ID number. Enter the number of the certificate; it is printed below the name.")
    form.errors["number"] = form.error_class([text], renderer=form.renderer)
    return form
