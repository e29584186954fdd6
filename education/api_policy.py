"""`POST policy/ce-standing`: where does this holder stand on this day, and why (2.1, 3.1a)?"""

from collections.abc import Mapping
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from education.messages import explain
from education.rules import (
    PeriodState,
    StandingFacts,
    StandingRecord,
    Status,
    UncountedReason,
    WindowState,
    ce_standing,
)
from portal.api.serializers import (
    CourseHoursSerializer,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateField,
    StrictIntegerField,
    StrictSerializer,
)
from portal.policy.api import (
    PROBLEMS,
    CheckSerializer,
    OpenPolicyView,
    PolicyReferenceSerializer,
    policy_on,
    validated,
)

MOST_RECORDS = 1000


class StandingRecordSerializer(CourseHoursSerializer):
    """One approved course (2.1, 2.2)."""

    ended_on = StrictDateField()
    post_code = StrictCharField(max_length=20)
    makes_up_for = StrictIntegerField(
        allow_null=True, default=None, help_text="Label of the period that the course makes up for"
    )


class StandingRequestSerializer(StrictSerializer):
    """Everything that a standing is worked out from."""

    as_of = StrictDateField()
    kind = StrictChoiceField(["electronic", "safety_officer"])
    issued_on = StrictDateField()
    obtained_by = StrictChoiceField(["exchange", "training"])
    engaged_in_post = StrictBooleanField()
    post_code = StrictCharField(max_length=20)
    education = serializers.ListField(
        child=StandingRecordSerializer(), max_length=MOST_RECORDS, help_text="Approved courses, in any order"
    )


class StandingPeriodSerializer(serializers.Serializer[Any]):
    label = serializers.IntegerField()  # type: ignore[assignment]  # the name of the contract
    start = serializers.DateField()
    end = serializers.DateField()
    hours = serializers.FloatField()
    professional_hours = serializers.FloatField()
    state = serializers.ChoiceField([state.value for state in PeriodState])
    missing_hours = serializers.FloatField()
    missing_professional_hours = serializers.FloatField()


class StandingWindowSerializer(serializers.Serializer[Any]):
    labels = serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2)
    hours = serializers.FloatField()
    required = serializers.FloatField()  # type: ignore[assignment]  # the name of the contract
    state = serializers.ChoiceField([state.value for state in WindowState])
    decided_after = serializers.DateField()


class StandingUncountedSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    reason = serializers.ChoiceField([reason.value for reason in UncountedReason])


class StandingNeedSerializer(serializers.Serializer[Any]):
    hours = serializers.FloatField()
    professional_hours = serializers.FloatField()
    by = serializers.DateField()


class StandingSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField([status.value for status in Status])
    periods = StandingPeriodSerializer(many=True)
    windows = StandingWindowSerializer(many=True)
    uncounted = StandingUncountedSerializer(many=True)
    lapsed_on = serializers.DateField(allow_null=True)
    needed_next = StandingNeedSerializer(allow_null=True)
    checks = CheckSerializer(many=True)
    policy = PolicyReferenceSerializer()


def standing_facts(data: Mapping[str, Any]) -> StandingFacts:
    """Return the facts that a validated body holds."""
    certificate = {name: value for name, value in data.items() if name not in ("as_of", "education")}
    return StandingFacts(
        **certificate, education=tuple(StandingRecord(**record) for record in data["education"])
    )


AT_RISK = OpenApiExample(
    "A second year that is four hours short",
    request_only=True,
    value={
        "as_of": "2023-01-15",
        "kind": "electronic",
        "issued_on": "2020-11-20",
        "obtained_by": "exchange",
        "engaged_in_post": True,
        "post_code": "101",
        "education": [
            {
                "ended_on": ended_on,
                "post_code": "101",
                "hours": hours,
                "professional_hours": 22,
                "makes_up_for": None,
            }
            for ended_on, hours in (("2021-06-30", 32), ("2022-09-10", 28))
        ],
    },
)


class StandingView(OpenPolicyView):
    """Asks the rules of continuing education; nothing is stored."""

    @extend_schema(
        operation_id="policy_ce_standing",
        summary="Work out a standing on the facts given",
        request=StandingRequestSerializer,
        responses={200: StandingSerializer} | PROBLEMS,
        examples=[AT_RISK],
        auth=[],
        tags=["policy"],
    )
    def post(self, request: Request) -> Response:
        data = validated(StandingRequestSerializer, request.data)
        standing = ce_standing(standing_facts(data), policy_on(data["as_of"]), data["as_of"])
        return Response(standing.as_dict(explain))


urlpatterns = [path("policy/ce-standing", StandingView.as_view(), name="api-policy-ce-standing")]
