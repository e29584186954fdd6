"""What others need to check certificates by themselves: status lists, the snapshot of them, and the public keys."""

import hashlib
import re
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from certificates.credentials.bitstring import SNAPSHOT_TYPE, ListName, Purpose
from certificates.credentials.keys import key_set, public_keys
from certificates.credentials.open_badge import MEDIA_TYPE
from certificates.credentials.published import NoSuchListError, list_text, snapshot_text
from portal.api.open import OpenView
from portal.api.problems import ProblemSerializer
from portal.limits import Limit

KEYS_FRESH_FOR = timedelta(hours=1)
SNAPSHOT_MEDIA_TYPE = f"application/{SNAPSHOT_TYPE}"
PUBLISHED_LIMIT = Limit("published", "120/minute", unasked=3)
"""How often one address may fetch lists, snapshots and the page that carries one."""
_LIST = re.compile(r"(revocation|suspension)-([1-9][0-9]{0,3})")


class PublicView(OpenView):
    """Every answer is checked anew for freshness, so that a change shows at once."""

    limit = PUBLISHED_LIMIT

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # There is one form of each answer, whatever a client says it accepts; errors are problem documents.
        return super().perform_content_negotiation(request, force=True)


class StatusListView(PublicView):
    @extend_schema(
        operation_id="status_list",
        parameters=[
            OpenApiParameter("name", str, OpenApiParameter.PATH, description="Such as `revocation-1`.")
        ],
        responses={
            (200, MEDIA_TYPE): OpenApiResponse(
                OpenApiTypes.STR,
                "A BitstringStatusListCredential (W3C Bitstring Status List 1.0), secured as a JWT.",
            ),
            304: OpenApiResponse(description="Nothing has changed since the ETag that was sent."),
            404: ProblemSerializer,
            429: ProblemSerializer,
        },
    )
    def get(self, request: Request, name: str) -> HttpResponse:
        found = _LIST.fullmatch(name)
        if found is None:
            raise Http404
        try:
            text = list_text(ListName(Purpose(found[1]), int(found[2])))
        except NoSuchListError as error:
            raise Http404 from error
        return _fresh(request, text, MEDIA_TYPE)


class SnapshotView(PublicView):
    @extend_schema(
        operation_id="status_snapshot",
        responses={
            (200, SNAPSHOT_MEDIA_TYPE): OpenApiResponse(
                OpenApiTypes.STR,
                "Every status list and every public key in one signed text, for checks offline.",
            ),
            304: OpenApiResponse(description="It is still the one of the ETag that was sent."),
            429: ProblemSerializer,
        },
    )
    def get(self, request: Request) -> HttpResponse:
        response = _fresh(request, snapshot_text(), SNAPSHOT_MEDIA_TYPE)
        response["Content-Disposition"] = 'attachment; filename="status-snapshot.jwt"'
        return response


@require_safe
def key_set_view(request: HttpRequest) -> HttpResponse:
    """``/.well-known/jwks.json``: every key that ever signed, the older ones too."""
    response = JsonResponse(key_set(public_keys()), content_type="application/jwk-set+json")
    response["Cache-Control"] = f"public, max-age={int(KEYS_FRESH_FOR.total_seconds())}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _fresh(request: Request, text: str, media_type: str) -> HttpResponse:
    """Answer with ``text``, or 304 to whoever has it, whatever the proxies on the way made of its tag."""
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    whole = HttpResponse(
        text, content_type=media_type, headers={"ETag": tag, "Cache-Control": "public, no-cache"}
    )
    response = get_conditional_response(request._request, etag=tag, response=whole) or whole
    response["Access-Control-Allow-Origin"] = "*"
    return response


urlpatterns = [
    path("status-lists/snapshot", SnapshotView.as_view(), name="api-status-snapshot"),
    path("status-lists/<str:name>", StatusListView.as_view(), name="api-status-list"),
]
