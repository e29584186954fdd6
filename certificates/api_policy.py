"""`POST policy/exchange-decision`: may this certificate be exchanged at this moment, and why (1.1–1.3)?"""

from collections.abc import Mapping
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from certificates.messages import explain
from certificates.rules import ArchiveCheck, CertificateFacts, ExchangeFacts, ProfileFacts, decide_exchange
from education.rules import CourseRecord
from portal.api.serializers import (
    CourseHoursSerializer,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateField,
    StrictDateTimeField,
    StrictSerializer,
)
from portal.policy import current_pack, day_of, load_pack
from portal.policy.api import PROBLEMS, DecisionSerializer, OpenPolicyView, policy_on, validated
from portal.policy.pack import shipped_packs
from portal.policy.parameters import CERTIFICATE_KINDS

MOST_RECORDS = 1000


def issuer_codes() -> list[str]:
    """Return the issuers that a certificate may name: those of the packs, and any other."""
    packs = [current_pack(), *map(load_pack, shipped_packs())]
    codes = {version.value.code for pack in packs for version in pack.entries["exchange.issuer"].versions}
    return [*sorted(codes), "other"]


class ExchangeArchiveCheckSerializer(StrictSerializer):
    """A check of the department's files, for a certificate that the national system does not show (1.1)."""

    requested_on = StrictDateField()
    papers_seen_on = StrictDateField(allow_null=True, default=None)
    outcome = StrictChoiceField(["pending", "confirmed", "rejected"])


class ExchangeCertificateSerializer(StrictSerializer):
    """The legacy certificate, as the registry knows it (1.1)."""

    kind = StrictChoiceField(CERTIFICATE_KINDS)
    issuer = StrictChoiceField(issuer_codes())
    post_code = StrictCharField(max_length=20)
    issued_on = StrictDateField()
    status = StrictChoiceField(["active", "exchanged", "void"])
    in_national_system = StrictBooleanField()
    archive_check = ExchangeArchiveCheckSerializer(allow_null=True, default=None)


class ExchangeProfileSerializer(StrictSerializer):
    """What the holder has filled in (1.3)."""

    complete = StrictBooleanField()
    photo = StrictBooleanField()


class ExchangeCourseSerializer(CourseHoursSerializer):
    """One approved course (1.3, 2.2)."""

    post_code = StrictCharField(max_length=20)
    ended_on = StrictDateField()
    assessment = StrictChoiceField(["passed", "failed", "none"], allow_null=True)


class ExchangeRequestSerializer(StrictSerializer):
    """Everything that an exchange is decided on."""

    on = StrictDateTimeField(help_text="The moment of the click")
    certificate = ExchangeCertificateSerializer()
    profile = ExchangeProfileSerializer()
    education = serializers.ListField(
        child=ExchangeCourseSerializer(), max_length=MOST_RECORDS, help_text="Approved courses, in any order"
    )


def exchange_facts(data: Mapping[str, Any]) -> ExchangeFacts:
    """Return the facts that a validated body holds."""
    certificate = dict(data["certificate"])
    archive = certificate.pop("archive_check")
    courses = (course | {"assessment": course["assessment"] or "none"} for course in data["education"])
    return ExchangeFacts(
        certificate=CertificateFacts(**certificate, archive_check=archive and ArchiveCheck(**archive)),
        profile=ProfileFacts(**data["profile"]),
        education=tuple(CourseRecord(**course) for course in courses),
    )


ELIGIBLE = OpenApiExample(
    "A certificate that may be exchanged",
    request_only=True,
    value={
        "on": "2020-11-30T10:00:00+08:00",
        "certificate": {
            "kind": "post_training",
            "issuer": "hainan-assessment-office",
            "post_code": "101",
            "issued_on": "2016-05-04",
            "status": "active",
            "in_national_system": True,
            "archive_check": None,
        },
        "profile": {"complete": True, "photo": True},
        "education": [
            {
                "post_code": "101",
                "ended_on": "2020-10-20",
                "hours": 32,
                "professional_hours": 22,
                "assessment": "passed",
            }
        ],
    },
)


class ExchangeDecisionView(OpenPolicyView):
    """Asks the rule of the exchange; nothing is stored."""

    @extend_schema(
        operation_id="policy_exchange_decision",
        summary="Decide an exchange on the facts given",
        request=ExchangeRequestSerializer,
        responses={200: DecisionSerializer} | PROBLEMS,
        examples=[ELIGIBLE],
        auth=[],
        tags=["policy"],
    )
    def post(self, request: Request) -> Response:
        data = validated(ExchangeRequestSerializer, request.data)
        decision = decide_exchange(exchange_facts(data), policy_on(day_of(data["on"])), on=data["on"])
        return Response(decision.as_dict(explain))


urlpatterns = [
    path("policy/exchange-decision", ExchangeDecisionView.as_view(), name="api-policy-exchange-decision")
]
