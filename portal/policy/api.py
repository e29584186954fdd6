"""`GET policy/`: the rules in force; and what the calls that ask a rule have in common."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal import clock
from portal.api.open import OpenView
from portal.api.parsers import ExactJSONParser
from portal.api.problems import InvalidProblemSerializer, ProblemSerializer
from portal.api.serializers import StrictDateField, StrictSerializer
from portal.limits import Limit
from portal.policy import Outcome, Policy, Result, current_pack

POLICY_LIMIT = Limit("policy", "50/second")
"""Generous: the rules are public and asking them costs little."""
PROBLEMS = {400: InvalidProblemSerializer, 429: ProblemSerializer}


class OpenPolicyView(OpenView):
    """Open to anyone, within the rate limit; reads JSON exactly."""

    parser_classes = (ExactJSONParser,)
    limit = POLICY_LIMIT


class PolicyReferenceSerializer(serializers.Serializer[Any]):
    pack = serializers.CharField()
    on = serializers.DateField(help_text="The day whose values were used")


class CheckSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    result = serializers.ChoiceField([result.value for result in Result])
    clause = serializers.CharField(help_text="Clause id, or several joined by a comma")
    message = serializers.CharField(help_text="For people, in the language of Accept-Language")
    facts = serializers.DictField()


class DecisionSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField([outcome.value for outcome in Outcome])
    checks = CheckSerializer(many=True)
    policy = PolicyReferenceSerializer()


class TextSerializer(serializers.Serializer[Any]):
    zh = serializers.CharField()
    en = serializers.CharField()


class PolicyValueSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    value = serializers.JSONField()
    unit = serializers.CharField()
    clause = serializers.CharField(allow_null=True)
    document = TextSerializer(allow_null=True)
    reading = serializers.BooleanField(
        help_text="Whether the notice is silent here and this is the portal's reading"
    )
    note = TextSerializer()
    since = serializers.DateField()


class PolicyInForceSerializer(serializers.Serializer[Any]):
    pack = serializers.CharField()
    title = TextSerializer()
    on = serializers.DateField()
    values = PolicyValueSerializer(many=True)


class PolicyQuerySerializer(StrictSerializer):
    on = StrictDateField(required=False)


def policy_on(day: date) -> Policy:
    """Return the values of the current pack on a day."""
    return current_pack().on(day)


def validated(serializer: type[StrictSerializer], data: Any) -> Mapping[str, Any]:
    """Return the body as the serializer reads it; a 400 problem names each place that does not fit."""
    reader = serializer(data=data)
    reader.is_valid(raise_exception=True)
    values: Mapping[str, Any] = reader.validated_data
    return values


class PolicyInForceView(OpenPolicyView):
    """Every value in force on a day, with its clause and since when."""

    @extend_schema(
        operation_id="policy_in_force",
        summary="The rules in force on a day",
        parameters=[
            OpenApiParameter("on", OpenApiTypes.DATE, description="The day asked about; without it, today")
        ],
        responses={200: PolicyInForceSerializer} | PROBLEMS,
        auth=[],
        tags=["policy"],
    )
    def get(self, request: Request) -> Response:
        query = validated(PolicyQuerySerializer, request.query_params.dict())
        day, pack = query.get("on") or clock.today(), current_pack()
        return Response(
            {
                "pack": pack.name,
                "title": {"zh": pack.title.zh, "en": pack.title.en},
                "on": day.isoformat(),
                "values": [value.as_dict() for value in pack.in_force(day)],
            }
        )


urlpatterns = [path("policy/", PolicyInForceView.as_view(), name="api-policy")]
