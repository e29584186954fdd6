"""Addresses of stored files: for one account, for a few minutes, and of no use to anybody else.

Three things hold each file. The view behind its address asks on every request whose it is. The address that yields bytes
carries a ticket, an HMAC over account and path that nobody can guess. The ticket runs out: what is left of the address in a
history, a log or a chat opens nothing. The plain address of a file, which pages link to, yields no bytes; it asks the
same question and leads on to an address with a fresh ticket.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpResponseBase
from django.shortcuts import redirect

from portal.permissions import SignedInRequest

P = ParamSpec("P")
FileView = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]

LIFETIME = timedelta(minutes=2)
TICKET = "ticket"
_signer = TimestampSigner(salt="portal.files")


def file_page(view: FileView[P]) -> FileView[P]:
    """Serve a stored file only at an address with a ticket of this account that has not run out.

    Stands under `permission_required`, so that the account is known. Without a good ticket the view is asked all the same,
    and whoever may have the file is sent on (302); whoever may not gets the view's 404, ticket or no ticket.
    """

    @wraps(view)
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if _is_good(request, request.GET.get(TICKET, "")) or response.status_code != 200:
            return response
        return redirect(f"{request.path}?{urlencode({TICKET: ticket_of(request)})}")

    return guarded


def ticket_of(request: SignedInRequest) -> str:
    """Return a ticket for the path of the request and the account behind it."""
    return _signer.sign(_bound(request)).removeprefix(_bound(request) + _signer.sep)


def _is_good(request: SignedInRequest, ticket: str) -> bool:
    try:
        _signer.unsign(f"{_bound(request)}{_signer.sep}{ticket}", max_age=LIFETIME)
    except BadSignature:
        return False
    return True


def _bound(request: SignedInRequest) -> str:
    return f"{request.user.pk}{request.path}"
