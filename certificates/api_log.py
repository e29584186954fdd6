"""``/api/v1/log/``: the signed tree head, and proofs that the log holds a leaf or only ever grew. For anyone."""

import re
from typing import Any

from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from certificates.log.models import LogCheckpoint
from certificates.log.note import MEDIA_TYPE
from certificates.log.proofs import (
    NoSuchProofError,
    checkpoint,
    consistency,
    inclusion,
    leaf_index,
)
from portal.api.open import OpenView
from portal.api.problems import ProblemError, ProblemSerializer
from portal.limits import Limit

LOG_LIMIT = Limit("log", "120/minute")
_HASH = re.compile(r"[0-9a-f]{64}")
_COUNT = re.compile(r"[0-9]{1,15}")


class CheckpointSerializer(serializers.Serializer[Any]):
    size = serializers.IntegerField(help_text="How many leaves the tree has.")
    root = serializers.CharField(help_text="Root hash, hexadecimal.")  # type: ignore[assignment]
    at = serializers.DateTimeField(
        allow_null=True, help_text="When it was signed; null before the first leaf."
    )
    note = serializers.CharField(help_text="The signed tree head: a checkpoint after C2SP tlog-checkpoint.")


class InclusionSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    size = serializers.IntegerField()
    leaf = serializers.CharField(help_text="Leaf hash, hexadecimal.")
    root = serializers.CharField()  # type: ignore[assignment]
    path = serializers.ListField(
        child=serializers.CharField(), help_text="The inclusion path of RFC 9162, 2.1.3."
    )


class ConsistencySerializer(serializers.Serializer[Any]):
    first = serializers.IntegerField()
    second = serializers.IntegerField()
    first_root = serializers.CharField()
    second_root = serializers.CharField()
    path = serializers.ListField(
        child=serializers.CharField(), help_text="The consistency path of RFC 9162, 2.1.4."
    )


class CheckpointView(OpenView):
    """The latest signed tree head; ``Accept: text/plain`` gets the bare note."""

    limit = LOG_LIMIT

    @extend_schema(
        operation_id="log_checkpoint", responses={200: CheckpointSerializer, 429: ProblemSerializer}
    )
    def get(self, request: Request) -> HttpResponse:
        head = checkpoint()
        if request.headers.get("Accept", "").startswith("text/plain"):
            return HttpResponse(head.note, content_type=MEDIA_TYPE)
        return Response(_head(head))

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(
            request, force=True
        )  # text/plain is answered by the view itself


class ProofView(OpenView):
    """``leaf`` (its hash) or ``index``, and ``size``: inclusion. ``first`` and ``second``: consistency.

    ``size`` and ``second`` are the present size when they are not given.
    """

    limit = LOG_LIMIT

    @extend_schema(
        operation_id="log_proof",
        parameters=[
            OpenApiParameter("leaf", str, description="Leaf hash, 64 hexadecimal digits."),
            *(OpenApiParameter(name, OpenApiTypes.INT) for name in ("index", "size", "first", "second")),
        ],
        responses={
            200: PolymorphicProxySerializer(
                component_name="LogProof",
                serializers=[InclusionSerializer, ConsistencySerializer],
                resource_type_field_name=None,
            ),
            400: ProblemSerializer,
            404: ProblemSerializer,
            429: ProblemSerializer,
        },
    )
    def get(self, request: Request) -> Response:
        try:
            return Response(_proof(request))
        except NoSuchProofError as error:
            raise ProblemError(404, "no_such_proof", str(error)) from error


def _proof(request: Request) -> dict[str, Any]:
    query = request.query_params
    if "first" in query:
        return consistency(_count(query["first"]), _size(request, "second")).as_dict()
    if "leaf" in query:
        leaf = query["leaf"].lower()
        if not _HASH.fullmatch(leaf):
            raise ProblemError(400, "bad_request", _("“leaf” is a leaf hash: 64 hexadecimal digits."))
        return inclusion(leaf_index(bytes.fromhex(leaf)), _size(request, "size")).as_dict()
    if "index" in query:
        return inclusion(_count(query["index"]), _size(request, "size")).as_dict()
    raise ProblemError(400, "bad_request", _("Give “leaf” or “index”, or else “first”."))


def _size(request: Request, name: str) -> int:
    given = request.query_params.get(name)
    return checkpoint().size if given is None else _count(given)


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise ProblemError(400, "bad_request", _("“%(text)s” is no whole number.") % {"text": text[:40]})
    return int(text)


def _head(head: LogCheckpoint) -> dict[str, Any]:
    return {
        "size": head.size,
        "root": bytes(head.root).hex(),
        "at": head.at.isoformat() if head.at else None,
        "note": head.note,
    }


urlpatterns = [
    path("log/checkpoint", CheckpointView.as_view(), name="api-log-checkpoint"),
    path("log/proof", ProofView.as_view(), name="api-log-proof"),
]
