"""Receipts verified for other systems, without a token: whoever holds one may know whether it is genuine."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from education.api import validated
from education.receipts import MOST_CHARACTERS, ReceiptError, receipt_verify
from education.views_receipts import RECEIPT_LIMIT
from portal.api.open import OpenView
from portal.api.parsers import JSONParser
from portal.api.problems import InvalidProblemSerializer, ProblemSerializer


class SentReceiptSerializer(serializers.Serializer[Any]):
    receipt = serializers.CharField(max_length=MOST_CHARACTERS, help_text="Compact JWS")


class ReceiptSerializer(serializers.Serializer[Any]):
    """What a receipt says."""

    iss = serializers.CharField()
    batch = serializers.UUIDField()
    institution = serializers.CharField(help_text="Unified social credit code (GB 32100)")
    file_sha256 = serializers.CharField()
    rows = serializers.IntegerField()
    submitted_at = serializers.DateTimeField(help_text="By the database's clock")
    month = serializers.CharField()
    place = serializers.IntegerField()


class VerdictSerializer(serializers.Serializer[Any]):
    """Whether this portal signed it, and it is unaltered; then also what it says."""

    genuine = serializers.BooleanField()
    receipt = ReceiptSerializer(allow_null=True)


class ReceiptView(OpenView):
    """Verify."""

    limit = RECEIPT_LIMIT
    parser_classes = (JSONParser, FormParser, MultiPartParser)

    @extend_schema(
        operation_id="receipt_verify",
        summary="Whether a receipt is one of this portal, and unaltered",
        description="Receipts signed under former keys, too; their public halves are at `/.well-known/jwks.json`.",
        request=SentReceiptSerializer,
        responses={200: VerdictSerializer, 400: InvalidProblemSerializer, 429: ProblemSerializer},
        tags=["batches"],
    )
    def post(self, request: Request) -> Response:
        text = validated(SentReceiptSerializer(data=request.data))["receipt"]
        try:
            receipt = receipt_verify(text)
        except ReceiptError:
            return Response({"genuine": False, "receipt": None})
        return Response({"genuine": True, "receipt": receipt})


urlpatterns = [path("receipts/verify/", ReceiptView.as_view(), name="api-receipt-verify")]
