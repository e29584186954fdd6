"""The page that checks certificates without a network: one document that holds program, keys and snapshot."""

from functools import lru_cache
from typing import Any

from csp.constants import NONCE, NONE, SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates.api_credentials import PUBLISHED_LIMIT
from certificates.credentials.keys import public_keys
from certificates.credentials.published import snapshot_text
from certificates.selectors import policy_on
from portal import clock
from portal.limits import origin, too_many

BUILD = settings.BASE_DIR / "portal" / "static" / "build"

# What the page may do: run its own program, show a picture from the camera, keep itself. It may not speak to anyone.
_POLICY = {
    "default-src": [NONE],
    "script-src": [NONCE],
    "style-src": [NONCE],
    "img-src": ["data:", "blob:"],
    "connect-src": [NONE],
    "form-action": [NONE],
    "worker-src": [SELF],
    "manifest-src": [NONE],
    "font-src": [NONE],
}


@lru_cache(maxsize=4)
def _built(name: str) -> str:
    return (BUILD / name).read_text("utf-8")


@csp_replace(_POLICY)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    if not PUBLISHED_LIMIT.take(origin(request)):
        return too_many(request, PUBLISHED_LIMIT)
    data = {"keys": public_keys(), "snapshot": snapshot_text(), "posts": _posts(), "texts": _texts()}
    context = {"data": data, "program": _built("offline.js"), "style": _built("offline.css")}
    response = render(request, "public/verify_offline.html", context)
    response["Permissions-Policy"] = "camera=(self)"
    return response


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Answer with the service worker: it keeps the page of the last visit for the time without a network."""
    return HttpResponse(_built("offline-worker.js"), content_type="text/javascript")


def _posts() -> dict[str, str]:
    posts, language = policy_on(clock.now()).exchange.posts, get_language() or settings.LANGUAGE_CODE
    return {post.code: post.in_language(language) for post in posts}


def _texts() -> dict[str, Any]:
    return {
        "good": [
            _("Signed by the department"),
            _("It was in force when the snapshot was taken. Compare name and photo."),
        ],
        "revoked": [_("No longer good"), _("This version is void or was replaced by a newer one.")],
        "suspended": [
            _("Not to be used for the time being"),
            _("It was suspended when the snapshot was taken."),
        ],
        "newer": [
            _("Signed by the department"),
            _(
                "It was issued after the snapshot was taken: load this page anew with a network to know its state."
            ),
        ],
        "refused": [
            _("Not a certificate of this department"),
            _("The code was altered, is not whole, or was signed by somebody else. Do not rely on it."),
        ],
        "unknownKey": [
            _("Signed with a key that this page does not know"),
            _(
                "Load this page anew with a network and check again. If the key is still unknown, do not rely on it."
            ),
        ],
        "unreadable": [_("No code was found in the picture"), _("Hold the code flat, sharp and well lit.")],
        "snapshotRefused": _("That file is no snapshot of this department."),
        "snapshotOlder": _("That snapshot is older than the one in use."),
        "age": _("Snapshot taken {moment}, {age} ago."),
        "minutes": _("{count} minutes"),
        "hours": _("{count} hours"),
        "days": _("{count} days"),
        "number": _("Certificate number"),
        "holder": _("Holder"),
        "post": _("Post"),
        "issued": _("Issued on"),
        "version": _("Version"),
        "noCamera": _("The camera cannot be used here. Choose a picture of the code, or paste its text."),
        "oldBrowser": _("This browser lacks what the check needs. Use a current one."),
    }
