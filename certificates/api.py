"""``/api/v1/verify/{number}/``: whether a certificate is good, for anyone's system."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from certificates.checks.services import check_count
from certificates.verification import VERIFY_LIMIT, verify
from portal.api.open import OpenView
from portal.api.problems import ProblemSerializer


class VerificationSerializer(serializers.Serializer[Any]):
    number = serializers.CharField(help_text="As the portal writes it, whatever spelling was asked for.")
    state = serializers.ChoiceField(["valid", "expired", "suspended", "void", "unknown"])
    holder = serializers.CharField(allow_null=True, help_text="Masked.")
    post = serializers.CharField(allow_null=True, help_text="The post's code.")
    issued_on = serializers.DateField(allow_null=True)
    replaced_by = serializers.CharField(
        allow_null=True, help_text="Of a paper certificate: the electronic one's number."
    )
    education = serializers.ChoiceField(
        ["not_due", "on_track", "at_risk", "lapsed"],
        allow_null=True,
        help_text="Electronic certificates only (2.1).",
    )
    reason = serializers.ChoiceField(
        ["exchanged", "cancelled", "hours", "not_engaged", "revoked"],
        allow_null=True,
        help_text="Why it is void.",
    )
    as_of = serializers.DateTimeField()


class VerifyView(OpenView):
    """Answers for electronic and paper numbers alike; a number that nobody holds is `unknown`, with status 200."""

    limit = VERIFY_LIMIT

    @extend_schema(
        operation_id="verify",
        parameters=[OpenApiParameter("number", str, OpenApiParameter.PATH, description="In any spelling.")],
        responses={200: VerificationSerializer, 404: ProblemSerializer, 429: ProblemSerializer},
    )
    def get(self, request: Request, number: str) -> Response:
        answer = verify(number)
        check_count(answer)
        return Response(answer.as_dict())


urlpatterns = [path("verify/<path:number>/", VerifyView.as_view(), name="api-verify")]
