"""Batches for other systems: upload, look, submit, decide. A batch that is not the caller's does not exist (404)."""

import uuid
from typing import Any

from django.conf import settings
from django.core.paginator import EmptyPage, Paginator
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from education import services
from education.models import Batch, BatchState, RowProblem
from education.problem_texts import explain_problem
from education.progress import progress_of
from education.selectors import batches_visible_to, problems_of
from education.submission import explain
from education.workbook import NOT_READ, WORKBOOK, batch_workbook_response
from institutions.selectors import institution_of
from portal.accounts.models import ApiToken, User
from portal.api.authentication import HasScope
from portal.api.downloads import BeingMadeSerializer, large_file
from portal.api.parsers import JSONParser
from portal.api.problems import InvalidProblemSerializer, ProblemError, ProblemSerializer
from portal.api.throttling import TokenThrottle
from portal.downloads.services import AT_ONCE_ROWS, download_ask
from portal.events.services import Actor
from portal.exports import XLSX
from portal.policy.api import CheckSerializer, PolicyReferenceSerializer
from portal.tables.messages import describe

Scope = ApiToken.Scope
PAGE_SIZE = 500
OVERHEAD = 1 << 20
"""Bytes that a multipart body may have beside the file."""
COMMON = {401: ProblemSerializer, 403: ProblemSerializer, 404: ProblemSerializer, 429: ProblemSerializer}
KEY_LENGTH = 200


class FailureSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    fix = serializers.CharField()


class BatchSerializer(serializers.Serializer[Batch]):
    """A batch as it stands. While it is being checked, `rows` counts those read so far."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(BatchState.choices)
    filename = serializers.CharField()
    rows = serializers.IntegerField(source="rows_total")
    valid = serializers.IntegerField(source="rows_valid", help_text="Rows without an error")
    warnings = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # the contract's own name
    progress = serializers.IntegerField(help_text="Per cent of the check")
    agreed = serializers.SerializerMethodField(
        help_text="Whether the first of two reviewers has agreed to what is unusual"
    )
    reversed = serializers.SerializerMethodField(help_text="Whether the approval was taken back")
    receipt = serializers.SerializerMethodField(
        help_text="Signed receipt (compact JWS, ES256) once submitted"
    )
    return_reason = serializers.CharField()
    failure = serializers.SerializerMethodField(help_text="Why the file could not be read")

    def get_receipt(self, batch: Batch) -> str | None:
        return batch.receipt or None

    def get_agreed(self, batch: Batch) -> bool:
        return batch.agreed_at is not None

    def get_reversed(self, batch: Batch) -> bool:
        return batch.reversed_at is not None

    def to_representation(self, instance: Batch) -> dict[str, Any]:
        """Say how far a running check is, which the database does not show before it is over."""
        shown: dict[str, Any] = super().to_representation(instance)
        if instance.state == BatchState.CHECKING and (progress := progress_of(instance.pk)):
            shown |= {"progress": progress.percent, "rows": progress.rows}
        return shown

    @extend_schema(responses=FailureSerializer)
    def get_failure(self, batch: Batch) -> dict[str, str] | None:
        if not batch.failure:
            return None
        return {
            "code": batch.failure["code"],
            **explain_problem(batch.failure["code"], batch.failure["params"])._asdict(),
        }


class AcceptedSerializer(serializers.Serializer[Batch]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(BatchState.choices)


class RowProblemSerializer(serializers.Serializer[RowProblem]):
    """A problem of a cell; without a row it concerns the whole file, without a column the whole row."""

    row = serializers.IntegerField(allow_null=True)
    column = serializers.CharField(help_text="Header of the column")
    code = serializers.CharField()
    severity = serializers.ChoiceField(RowProblem.Severity.choices)
    clause = serializers.CharField()
    message = serializers.CharField()
    fix = serializers.CharField()

    def to_representation(self, instance: RowProblem) -> dict[str, Any]:
        words = explain_problem(instance.code, instance.facts)
        return {
            "row": instance.row,
            "column": instance.column,
            "code": instance.code,
            "severity": instance.severity,
            "clause": instance.clause,
            **words._asdict(),
        }


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="XLSX, or CSV in UTF-8 or GB18030")
    corrects = serializers.UUIDField(
        required=False, help_text="The returned, failed or unsubmitted batch that this one replaces"
    )
    merges = serializers.BooleanField(
        default=False,
        help_text="The file holds only corrected rows of that batch, each with its number under 行号",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["merges"] and "corrects" not in attrs:
            raise ValidationError({"merges": [_("Name the batch whose rows are corrected.")]})
        return attrs


class SubmitSerializer(serializers.Serializer[Any]):
    drop_bad_rows = serializers.BooleanField(default=False, help_text="Leave out the rows that have errors")


class ReturnSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, help_text="For the institution")


class StateProblemSerializer(ProblemSerializer):
    state = serializers.ChoiceField(BatchState.choices)


class DecisionProblemSerializer(ProblemSerializer):
    """A problem document that holds the decision."""

    outcome = serializers.CharField()
    checks = CheckSerializer(many=True)
    policy = PolicyReferenceSerializer()


class WorkbookRenderer(BaseRenderer):
    """Lets a caller ask for a workbook by `Accept`; the view sends the file itself."""

    media_type = XLSX
    format = "xlsx"

    def render(self, data: Any, *_args: Any, **_kwargs: Any) -> bytes:
        """What is no workbook is a problem document, whatever the caller accepts."""
        return JSONRenderer().render(data)


class BatchView(APIView):
    """What the calls on batches share."""

    permission_classes = (IsAuthenticated, HasScope)
    throttle_classes = (TokenThrottle,)
    scopes: dict[str, str] = {}

    def batch(self, request: Request, batch_id: uuid.UUID) -> Batch:
        return get_object_or_404(batches_visible_to(caller_of(request)), pk=batch_id)


def caller_of(request: Request) -> User:
    """Return the account that the token acts for."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def validated(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    """Return what was sent, checked; an error is answered as 400."""
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


class BatchesView(BatchView):
    """Upload."""

    parser_classes = (MultiPartParser,)
    scopes = {"POST": Scope.BATCHES_WRITE}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.BATCH_MAX_BYTES + OVERHEAD:
            raise _too_large()

    @extend_schema(
        operation_id="batch_upload",
        summary="Upload a batch; it is checked in the background",
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="The same key with the same file gives the same batch again",
            )
        ],
        request={"multipart/form-data": UploadSerializer},
        responses={
            202: AcceptedSerializer, 400: InvalidProblemSerializer, 409: StateProblemSerializer, 413: ProblemSerializer,
            415: ProblemSerializer, 422: ProblemSerializer,
        } | COMMON,
        tags=["batches"],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        values = validated(UploadSerializer(data=request.data))
        corrects = self.batch(request, values["corrects"]) if "corrects" in values else None
        batch = self._upload(request, values["file"], corrects, merges=values["merges"])
        address = reverse("api-batch", args=[batch.pk])
        return Response(AcceptedSerializer(batch).data, status=202, headers={"Location": address})

    def _upload(self, request: Request, file: Any, corrects: Batch | None, *, merges: bool) -> Batch:
        user = caller_of(request)
        institution = institution_of(user.pk)
        if institution is None:
            raise ProblemError(403, "no_institution", _("This account belongs to no institution."))
        try:
            return services.batch_upload(
                institution=institution,
                file=file,
                filename=file.name,
                by=Actor.api(user),
                idempotency_key=_idempotency_key(request),
                corrects=corrects,
                merges=merges,
            )
        except services.NotOfInstitutionError:
            raise Http404 from None
        except services.FileRefusedAtUploadError as refused:
            if refused.problem.code == "file_too_large":
                raise _too_large() from None
            words = describe(refused.problem)
            raise ProblemError(422, refused.problem.code, f"{words.message} {words.fix}") from None
        except services.IdempotencyKeyReusedError as reused:
            text = _("This Idempotency-Key came before with another file. Use a new key for a new file.")
            raise ProblemError(422, "idempotency_key_reused", text, batch=str(reused.batch.pk)) from None
        except services.CannotCorrectError as refused:
            text = _("That batch is on its way or decided, or has a correction already.")
            raise ProblemError(409, "cannot_correct", text, state=refused.batch.state) from None


def _idempotency_key(request: Request) -> str | None:
    key: str = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > KEY_LENGTH:
        raise ValidationError(
            {"Idempotency-Key": [_("At most %(length)s characters.") % {"length": KEY_LENGTH}]}
        )
    return key or None


def _too_large() -> ProblemError:
    limit = settings.BATCH_MAX_BYTES >> 20
    return ProblemError(413, "file_too_large", _("A file may have at most %(limit)s MB.") % {"limit": limit})


class BatchDetailView(BatchView):
    """How a batch stands."""

    scopes = {"GET": Scope.BATCHES_READ}

    @extend_schema(
        operation_id="batch",
        summary="How a batch stands",
        responses={200: BatchSerializer} | COMMON,
        tags=["batches"],
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        return Response(BatchSerializer(self.batch(request, batch_id)).data)


class ProblemsView(BatchView):
    """What is wrong in the file."""

    scopes = {"GET": Scope.BATCHES_READ}

    @extend_schema(
        operation_id="batch_problems",
        summary=f"The problems of a batch in the order of its rows, {PAGE_SIZE} a page",
        description="`X-Total-Count` counts all of them; `Link` names the next page. Past the last page: an empty list.",
        parameters=[OpenApiParameter("page", OpenApiTypes.INT, description="From 1")],
        responses={200: RowProblemSerializer(many=True), 400: InvalidProblemSerializer} | COMMON,
        tags=["batches"],
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        batch = self.batch(request, batch_id)
        number = request.query_params.get("page", "1")
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 1_000_000):
            raise ValidationError({"page": [_("Give the number of the page, from 1 on.")]})
        pages = Paginator(problems_of(batch), PAGE_SIZE)
        headers = {"X-Total-Count": str(pages.count)}
        try:
            page = pages.page(int(number))
        except EmptyPage:
            return Response([], headers=headers)
        if page.has_next():
            address = request.build_absolute_uri(f"{request.path}?page={page.next_page_number()}")
            headers["Link"] = f'<{address}>; rel="next"'
        serializer = RowProblemSerializer(list(page), many=True)  # type: ignore[arg-type]  # the stubs know one
        return Response(serializer.data, headers=headers)


class WorkbookView(BatchView):
    """The table given back."""

    renderer_classes = (JSONRenderer, WorkbookRenderer)
    scopes = {"GET": Scope.BATCHES_READ}

    @extend_schema(
        operation_id="batch_workbook",
        summary="The uploaded table back: bad cells marked, reason and fix beside them",
        description="A large one is made in the background: 202 until it is there; ask again after `Retry-After` seconds.",
        responses={(200, XLSX): OpenApiTypes.BINARY, 202: BeingMadeSerializer, 409: StateProblemSerializer}
        | COMMON,
        tags=["batches"],
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> FileResponse | Response:
        batch = self.batch(request, batch_id)
        if not batch.file:
            text = _("The file was deleted when its time was over. The decision and the hours remain.")
            raise ProblemError(409, "file_deleted", text, state=batch.state)
        if batch.state in NOT_READ:
            text = _("The file has not been read: %(state)s.") % {"state": batch.get_state_display()}
            raise ProblemError(409, "wrong_state", text, state=batch.state)
        if batch.rows_total <= AT_ONCE_ROWS:
            return batch_workbook_response(batch)
        by = Actor.api(caller_of(request))
        return large_file(download_ask(kind=WORKBOOK.code, subject=str(batch.pk), by=by))


class SubmitView(BatchView):
    """Submit."""

    parser_classes = (JSONParser, FormParser, MultiPartParser)
    scopes = {"POST": Scope.BATCHES_WRITE}

    @extend_schema(
        operation_id="batch_submit",
        summary="Submit a checked batch; twice a month and institution (2.2)",
        description="Submitting one that is submitted already returns the same receipt.",
        request=SubmitSerializer,
        responses={200: BatchSerializer, 400: InvalidProblemSerializer, 409: DecisionProblemSerializer}
        | COMMON,
        tags=["batches"],
    )
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        batch = self.batch(request, batch_id)
        values = validated(SubmitSerializer(data=request.data))
        try:
            batch = services.batch_submit(batch=batch, by=Actor.api(caller_of(request)), **values)
        except services.NotOfInstitutionError:
            raise Http404 from None
        except services.SubmissionRefusedError as refused:
            text = " ".join(explain(check) for check in refused.decision.unmet)
            raise ProblemError(409, "submission_refused", text, **refused.decision.as_dict(explain)) from None
        return Response(BatchSerializer(batch).data)


def not_a_reviewer() -> ProblemError:
    text = _("Nobody decides a batch of their own or of an institution that they belong to.")
    return ProblemError(403, "not_a_reviewer", text)


class ReviewView(BatchView):
    """What approving and returning share."""

    parser_classes = (JSONParser, FormParser, MultiPartParser)
    scopes = {"POST": Scope.BATCHES_REVIEW}

    def decide(self, batch: Batch, by: Actor) -> Batch:
        raise NotImplementedError

    def answer(self, request: Request, batch_id: uuid.UUID) -> Response:
        batch = self.batch(request, batch_id)
        try:
            batch = self.decide(batch, Actor.api(caller_of(request)))
        except services.NotAReviewerError:
            raise not_a_reviewer() from None
        except services.BatchStateError as late:
            text = _("The batch is not waiting for a review: %(state)s.") % {"state": late.state.label}
            raise ProblemError(409, "wrong_state", text, state=late.state.value) from None
        except services.SecondReviewerNeededError:
            text = _("You agreed already; a second reviewer has to.")
            raise ProblemError(409, "second_reviewer_needed", text, state="submitted") from None
        except services.NothingToCreditError:
            text = _("Every row was refused. Return the batch instead.")
            raise ProblemError(409, "nothing_to_credit", text, state="submitted") from None
        except services.HoursAlreadyCreditedError as doubled:
            text = _("Rows %(rows)s were credited by another batch in the meantime. Return this one.") % {
                "rows": ", ".join(map(str, doubled.rows))
            }
            raise ProblemError(409, "already_credited", text, state="submitted", rows=doubled.rows) from None
        return Response(BatchSerializer(batch).data)


class ApproveView(ReviewView):
    """Approve."""

    @extend_schema(
        operation_id="batch_approve",
        summary="Approve a submitted batch: its hours are credited at once",
        description="Where something is unusual, two reviewers must: after the first, `state` is `submitted` and `agreed` true.",
        request=None,
        responses={200: BatchSerializer, 409: StateProblemSerializer} | COMMON,
        tags=["batches"],
    )
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        return self.answer(request, batch_id)

    def decide(self, batch: Batch, by: Actor) -> Batch:
        return services.batch_approve(batch=batch, by=by)


class ReturnView(ReviewView):
    """Return."""

    @extend_schema(
        operation_id="batch_return",
        summary="Return a submitted batch to its institution, with the reason",
        request=ReturnSerializer,
        responses={200: BatchSerializer, 400: InvalidProblemSerializer, 409: StateProblemSerializer} | COMMON,
        tags=["batches"],
    )
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        return self.answer(request, batch_id)

    def decide(self, batch: Batch, by: Actor) -> Batch:
        values = validated(ReturnSerializer(data=self.request.data))
        return services.batch_return(batch=batch, reason=values["reason"], by=by)


urlpatterns = [
    path("batches/", BatchesView.as_view(), name="api-batches"),
    path("batches/<uuid:batch_id>/", BatchDetailView.as_view(), name="api-batch"),
    path("batches/<uuid:batch_id>/problems/", ProblemsView.as_view(), name="api-batch-problems"),
    path("batches/<uuid:batch_id>/workbook/", WorkbookView.as_view(), name="api-batch-workbook"),
    path("batches/<uuid:batch_id>/submit/", SubmitView.as_view(), name="api-batch-submit"),
    path("batches/<uuid:batch_id>/approve/", ApproveView.as_view(), name="api-batch-approve"),
    path("batches/<uuid:batch_id>/return/", ReturnView.as_view(), name="api-batch-return"),
]
