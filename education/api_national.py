"""The outbox of the province for the national side: approved rows by half-month, and what became of each there (2.2)."""

import uuid
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from education.api import COMMON, WorkbookRenderer, caller_of, validated
from education.models import CERecord, Delivery
from education.national import outbox
from education.national.export import half_month_file
from education.national.system import Answer
from portal.accounts.models import ApiToken
from portal.api.authentication import HasScope
from portal.api.downloads import BeingMadeSerializer, large_file
from portal.api.parsers import JSONParser
from portal.api.problems import InvalidProblemSerializer, ProblemError, ProblemSerializer
from portal.api.throttling import TokenThrottle
from portal.downloads.models import Download
from portal.events.services import Actor
from portal.exports import XLSX

Scope = ApiToken.Scope
PAGE_SIZE = 500
MOST_MARKS = 1_000
CSV = "text/csv"
STATES = ("waiting", "entered", "refused")
FIRST = OpenApiParameter(
    "first", OpenApiTypes.DATE, OpenApiParameter.PATH, description="The 1st or the 16th of a month"
)


class HalfMonthSerializer(serializers.Serializer[outbox.HalfMonthFigures]):
    """What was approved, or taken back, within half a month (Asia/Shanghai), and what became of it there."""

    first = serializers.DateField(source="half.first")
    last = serializers.DateField(source="half.last")
    records = serializers.IntegerField()
    entered = serializers.IntegerField()
    refused = serializers.IntegerField()
    waiting = serializers.IntegerField()


class RecordSerializer(serializers.Serializer[CERecord]):
    """A record as the national system is told of it. Hours below zero take the record `reverses` back."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    id_number = serializers.CharField()
    post_code = serializers.CharField()
    institution = serializers.CharField(help_text="Unified social credit code (GB 32100)")
    course = serializers.CharField()
    mode = serializers.CharField()
    started_on = serializers.DateField()
    ended_on = serializers.DateField()
    hours = serializers.FloatField()
    professional_hours = serializers.FloatField()
    passed = serializers.BooleanField()
    makes_up_for = serializers.IntegerField(allow_null=True)
    reverses = serializers.IntegerField(allow_null=True)
    approved_at = serializers.DateTimeField()
    entered_at = serializers.DateTimeField(allow_null=True)
    refusal = serializers.CharField(help_text="Why the national system does not take it")

    def to_representation(self, instance: CERecord) -> dict[str, Any]:
        return {
            **outbox.record_as_row(instance),
            "approved_at": instance.approved_at.isoformat(),
            "entered_at": instance.entered_at and instance.entered_at.isoformat(),
            "refusal": instance.entry_refusal,
        }


class MarkSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    entered = serializers.BooleanField()
    reason = serializers.CharField(
        max_length=500, required=False, default="", help_text="Why it was refused; needed where it was"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["entered"] and not attrs["reason"]:
            raise ValidationError({"reason": [_("Say why the record was refused.")]})
        if attrs["entered"] and attrs["reason"]:
            raise ValidationError({"reason": [_("A record that was entered has no reason for a refusal.")]})
        return attrs


class MarksSerializer(serializers.Serializer[Any]):
    records = MarkSerializer(many=True, allow_empty=False, max_length=MOST_MARKS)  # type: ignore[call-arg]  # of the list

    def validate_records(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({mark["id"] for mark in records}) != len(records):
            raise ValidationError(_("A record stands here twice."))
        return records


class MarkedSerializer(serializers.Serializer[Any]):
    """How many records changed; the same marks again change none."""

    entered = serializers.IntegerField()
    refused = serializers.IntegerField()


class DeliverySerializer(serializers.Serializer[Delivery]):
    """The records of one approval or one reversal on their way there."""

    id = serializers.UUIDField()
    batch = serializers.UUIDField(source="batch_id")
    institution = serializers.CharField(source="batch.institution.code")
    kind = serializers.ChoiceField(Delivery.Kind.choices)
    state = serializers.ChoiceField(Delivery.State.choices)
    attempts = serializers.IntegerField()
    error = serializers.CharField(source="last_error")
    answered_at = serializers.DateTimeField(allow_null=True)


class CsvRenderer(BaseRenderer):
    """Lets a caller ask for text by `Accept`; the view sends the file itself."""

    media_type = CSV
    format = "csv"

    def render(self, data: Any, *_args: Any, **_kwargs: Any) -> bytes:
        return JSONRenderer().render(data)


class NationalView(APIView):
    """What the calls of the national side share."""

    permission_classes = (IsAuthenticated, HasScope)
    throttle_classes = (TokenThrottle,)
    scopes: dict[str, str] = {"GET": Scope.NATIONAL_READ, "POST": Scope.NATIONAL_MARK}


def _half(first: str) -> outbox.HalfMonth:
    try:
        return outbox.half_month_of_text(first)
    except ValueError:
        raise Http404 from None


class HalfMonthsView(NationalView):
    """Which half-months there are."""

    @extend_schema(
        operation_id="national_half_months",
        summary="Every half-month with records, the latest first",
        responses={200: HalfMonthSerializer(many=True)} | COMMON,
        tags=["national system"],
    )
    def get(self, request: Request) -> Response:
        return Response(HalfMonthSerializer(outbox.half_months(), many=True).data)  # type: ignore[arg-type]  # the stubs know one


class RecordsView(NationalView):
    """The records of a half-month, a page at a time."""

    @extend_schema(
        operation_id="national_records",
        summary=f"The records of a half-month in the order of their numbers, {PAGE_SIZE} a page",
        description="`X-Total-Count` counts those asked for; `Link` names the next page.",
        parameters=[
            FIRST,
            OpenApiParameter("after", OpenApiTypes.INT, description="The last number of the page before"),
            OpenApiParameter("state", OpenApiTypes.STR, enum=STATES),
        ],
        responses={200: RecordSerializer(many=True), 400: InvalidProblemSerializer} | COMMON,
        tags=["national system"],
    )
    def get(self, request: Request, first: str) -> Response:
        records = outbox.records_in_state(_half(first), _state(request))
        page = list(records.filter(pk__gt=_after(request)).order_by("pk")[: PAGE_SIZE + 1])
        headers = {"X-Total-Count": str(records.count())}
        if len(page) > PAGE_SIZE:
            query = request.query_params.copy()
            query["after"] = str(page[PAGE_SIZE - 1].pk)
            headers["Link"] = (
                f'<{request.build_absolute_uri(f"{request.path}?{query.urlencode()}")}>; rel="next"'
            )
        outbox.export_note(_half(first), "json", min(len(page), PAGE_SIZE), by=Actor.api(caller_of(request)))
        return Response(RecordSerializer(page[:PAGE_SIZE], many=True).data, headers=headers)  # type: ignore[arg-type]  # the stubs know one


def _state(request: Request) -> str:
    state: str = request.query_params.get("state", "")
    if state and state not in STATES:
        raise ValidationError({"state": [_("Give one of %(states)s.") % {"states": ", ".join(STATES)}]})
    return state


def _after(request: Request) -> int:
    after = request.query_params.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise ValidationError({"after": [_("Give the number of a record.")]})
    return int(after)


class TableView(NationalView):
    """The records of a half-month as a table."""

    kind = ""

    def get(self, request: Request, first: str) -> HttpResponseBase:
        found = half_month_file(self.kind, _half(first), by=Actor.api(caller_of(request)))
        return large_file(found) if isinstance(found, Download) else found


@extend_schema_view(
    get=extend_schema(
        operation_id="national_records_csv",
        summary="The records of a half-month as UTF-8 text, streamed",
        parameters=[FIRST],
        responses={(200, CSV): OpenApiTypes.BINARY} | COMMON,
        tags=["national system"],
    )
)
class CsvView(TableView):
    """As text."""

    kind = "csv"
    renderer_classes = (JSONRenderer, CsvRenderer)


@extend_schema_view(
    get=extend_schema(
        operation_id="national_records_xlsx",
        summary="The records of a half-month as a workbook",
        description="A large one is made in the background: 202 until it is there; ask again after `Retry-After` seconds.",
        parameters=[FIRST],
        responses={(200, XLSX): OpenApiTypes.BINARY, 202: BeingMadeSerializer} | COMMON,
        tags=["national system"],
    )
)
class XlsxView(TableView):
    """As a workbook."""

    kind = "xlsx"
    renderer_classes = (JSONRenderer, WorkbookRenderer)


class MarksView(NationalView):
    """What became of records there."""

    parser_classes = (JSONParser,)

    @extend_schema(
        operation_id="national_mark",
        summary=f"Mark up to {MOST_MARKS} records as entered in the national system, or refused with the reason",
        description="All or none are marked. The same marks again change nothing.",
        request=MarksSerializer,
        responses={200: MarkedSerializer, 400: InvalidProblemSerializer, 422: ProblemSerializer} | COMMON,
        tags=["national system"],
    )
    def post(self, request: Request) -> Response:
        values = validated(MarksSerializer(data=request.data))
        marks = [Answer(mark["id"], mark["reason"]) for mark in values["records"]]
        try:
            entered, refused = outbox.records_mark(marks=marks, by=Actor.api(caller_of(request)))
        except outbox.UnknownRecordsError as unknown:
            text = _("No record has the number %(records)s. Nothing was marked.") % {
                "records": ", ".join(map(str, unknown.records[:20]))
            }
            raise ProblemError(422, "unknown_records", text, records=unknown.records) from None
        return Response(MarkedSerializer({"entered": entered, "refused": refused}).data)


class DeliveriesView(NationalView):
    """What was rejected as a whole."""

    @extend_schema(
        operation_id="national_rejected",
        summary="The deliveries that the national system rejected as a whole",
        responses={200: DeliverySerializer(many=True)} | COMMON,
        tags=["national system"],
    )
    def get(self, request: Request) -> Response:
        return Response(DeliverySerializer(outbox.deliveries_rejected()[:PAGE_SIZE], many=True).data)  # type: ignore[arg-type]  # the stubs know one


class SendAgainView(NationalView):
    """Once more."""

    @extend_schema(
        operation_id="national_send_again",
        summary="Send a rejected delivery again, under a new idempotency key",
        request=None,
        responses={200: DeliverySerializer, 409: ProblemSerializer} | COMMON,
        tags=["national system"],
    )
    def post(self, request: Request, delivery_id: uuid.UUID) -> Response:
        delivery = get_object_or_404(Delivery, pk=delivery_id)
        try:
            delivery = outbox.delivery_send_again(delivery=delivery, by=Actor.api(caller_of(request)))
        except outbox.NotRejectedError as other:
            text = _("The delivery was not rejected: %(state)s.") % {
                "state": other.delivery.get_state_display()
            }
            raise ProblemError(409, "not_rejected", text, state=other.delivery.state) from None
        return Response(DeliverySerializer(delivery).data)


HALF = "national/half-months/<str:first>/records"
urlpatterns = [
    path("national/half-months/", HalfMonthsView.as_view(), name="api-national-half-months"),
    path(f"{HALF}/", RecordsView.as_view(), name="api-national-records"),
    path(f"{HALF}.csv", CsvView.as_view(), name="api-national-csv"),
    path(f"{HALF}.xlsx", XlsxView.as_view(), name="api-national-xlsx"),
    path("national/marks/", MarksView.as_view(), name="api-national-marks"),
    path("national/rejected/", DeliveriesView.as_view(), name="api-national-rejected"),
    path(
        "national/deliveries/<uuid:delivery_id>/send-again/",
        SendAgainView.as_view(),
        name="api-national-send-again",
    ),
]
