"""``/api/v1/verify-list/``: up to 500 numbers at once, in an answer that the issuer signs."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from certificates.checks.lists import LIST_LIMIT, MOST, list_answer, list_check, list_sign
from certificates.verification import LONGEST
from portal.api.open import OpenView
from portal.api.problems import InvalidProblemSerializer, ProblemSerializer


class NumbersSerializer(serializers.Serializer[Any]):
    numbers = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST, trim_whitespace=True), min_length=1, max_length=MOST
    )


class ResultSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.ChoiceField(["valid", "expired", "suspended", "void", "unknown"])
    reason = serializers.CharField(allow_null=True)
    since = serializers.DateField(
        allow_null=True, help_text="First day of the state, where that is not the issue."
    )
    expires_on = serializers.DateField(allow_null=True)
    replaced_by = serializers.CharField(allow_null=True)


class ListAnswerSerializer(serializers.Serializer[Any]):
    iss = serializers.CharField()
    as_of = serializers.DateTimeField()
    results = ResultSerializer(many=True)
    signed = serializers.CharField(
        help_text="The other members as a compact JWS (ES256); keys at /.well-known/jwks.json."
    )


class VerifyListView(OpenView):
    """States without names, in the order of the question; nothing else than `verify/{number}/` says of each."""

    limit = LIST_LIMIT

    @extend_schema(
        operation_id="verify_list",
        request=NumbersSerializer,
        responses={200: ListAnswerSerializer, 400: InvalidProblemSerializer, 429: ProblemSerializer},
    )
    def post(self, request: Request) -> Response:
        question = NumbersSerializer(data=request.data)
        question.is_valid(raise_exception=True)
        answers = list_check(question.validated_data["numbers"])
        answer = list_answer(answers, at=answers[0].as_of)
        return Response(answer | {"signed": list_sign(answer)})


urlpatterns = [path("verify-list/", VerifyListView.as_view(), name="api-verify-list")]
