"""A mistaken approval taken back, of a batch or of single rows: one reviewer proposes, another confirms or dismisses."""

import uuid
from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from education import services
from education.api import (
    COMMON,
    BatchView,
    Scope,
    caller_of,
    not_a_reviewer,
    validated,
)
from education.forms import RowsField
from education.models import BatchState, Reversal
from portal.api.parsers import JSONParser
from portal.api.problems import InvalidProblemSerializer, ProblemError, ProblemSerializer
from portal.events.services import Actor

LARGEST = 2**31 - 1


class ReversalSerializer(serializers.Serializer[Reversal]):
    """A reversal as it stands; the hours leave when it is confirmed. Without `rows` it is about all that still count."""

    id = serializers.UUIDField()
    batch = serializers.UUIDField(source="batch_id")
    rows = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    state = serializers.ChoiceField(Reversal.State.choices)
    reason = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class ProposalSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, help_text="For the institution and the people concerned")
    rows = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST),
        required=False,
        min_length=1,
        max_length=RowsField.MOST,
        help_text="Numbers of rows in the sheet; without them all that still count",
    )


class ReversalProblemSerializer(ProblemSerializer):
    """`reversal` is the one that came before and `state` its state; without it `state` is that of the batch."""

    reversal = serializers.UUIDField(required=False)
    state = serializers.ChoiceField([*BatchState.choices, *Reversal.State.choices])


class RowsProblemSerializer(ProblemSerializer):
    rows = serializers.ListField(child=serializers.IntegerField())


class ReversalView(BatchView):
    """What the calls on reversals share."""

    parser_classes = (JSONParser,)
    scopes = {"GET": Scope.BATCHES_REVIEW, "POST": Scope.BATCHES_REVIEW}

    def carried_out(self, act: Callable[[], Reversal], status: int = 200) -> Response:
        try:
            reversal = act()
        except services.NotAReviewerError:
            raise not_a_reviewer() from None
        except services.SecondReviewerNeededError:
            text = _("You proposed it; another reviewer has to confirm.")
            raise ProblemError(409, "second_reviewer_needed", text, state=Reversal.State.PROPOSED) from None
        except services.ReversalStateError as late:
            text = _("Nothing was changed: a colleague was first, the reversal is now “%(state)s”.")
            raise ProblemError(
                409,
                "wrong_reversal_state",
                text % {"state": late.reversal.get_state_display()},
                reversal=str(late.reversal.pk),
                state=late.reversal.state,
            ) from None
        return Response(ReversalSerializer(reversal).data, status=status)


@extend_schema_view(
    get=extend_schema(
        operation_id="batch_reversals",
        summary="What was proposed to be taken back of a batch, the latest first",
        responses={200: ReversalSerializer(many=True)} | COMMON,
        tags=["batches"],
    ),
    post=extend_schema(
        operation_id="batch_reversal_propose",
        summary="Propose to take the approval of a batch, or of single rows, back",
        description="Nothing is taken back before another reviewer confirms. One proposal at a time for each batch.",
        request=ProposalSerializer,
        responses={
            201: ReversalSerializer, 400: InvalidProblemSerializer, 409: ReversalProblemSerializer, 422: RowsProblemSerializer,
        } | COMMON,
        tags=["batches"],
    ),
)  # fmt: skip
class ReversalsView(ReversalView):
    """Look, and propose."""

    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        found = self.batch(request, batch_id).reversals.order_by("-proposed_at", "pk")
        return Response(ReversalSerializer(found, many=True).data)  # type: ignore[arg-type]  # the stubs know one

    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        batch, by = self.batch(request, batch_id), Actor.api(caller_of(request))
        values = validated(ProposalSerializer(data=request.data))
        try:
            return self.carried_out(lambda: services.reversal_propose(batch=batch, by=by, **values), 201)
        except services.BatchStateError as early:
            text = _("Only an approved batch can be taken back: %(state)s.") % {"state": early.state.label}
            raise ProblemError(409, "wrong_state", text, state=early.state.value) from None
        except services.RowsNotCreditedError as refused:
            text = _("Nothing was changed: rows %(rows)s credit nothing, or no longer.")
            numbers = ", ".join(map(str, refused.rows[:20]))
            raise ProblemError(
                422, "rows_not_credited", text % {"rows": numbers}, rows=refused.rows
            ) from None


class DecideView(ReversalView):
    """What confirming and dismissing share."""

    act: Callable[..., Reversal]

    def post(self, request: Request, batch_id: uuid.UUID, reversal_id: uuid.UUID) -> Response:
        reversal = get_object_or_404(self.batch(request, batch_id).reversals, pk=reversal_id)
        by = Actor.api(caller_of(request))
        return self.carried_out(lambda: self.act(reversal=reversal, by=by))


@extend_schema_view(
    post=extend_schema(
        operation_id="batch_reversal_confirm",
        summary="Confirm a reversal that another reviewer proposed: the hours leave at once, by counter-entries",
        request=None,
        responses={200: ReversalSerializer, 409: ReversalProblemSerializer} | COMMON,
        tags=["batches"],
    )
)
class ConfirmView(DecideView):
    """Confirm."""

    act = staticmethod(services.reversal_confirm)


@extend_schema_view(
    post=extend_schema(
        operation_id="batch_reversal_dismiss",
        summary="Dismiss a reversal that was proposed: the approval stands",
        request=None,
        responses={200: ReversalSerializer, 409: ReversalProblemSerializer} | COMMON,
        tags=["batches"],
    )
)
class DismissView(DecideView):
    """Dismiss."""

    act = staticmethod(services.reversal_dismiss)


ALL = "batches/<uuid:batch_id>/reversals/"
ONE = f"{ALL}<uuid:reversal_id>/"
urlpatterns = [
    path(ALL, ReversalsView.as_view(), name="api-batch-reversals"),
    path(f"{ONE}confirm/", ConfirmView.as_view(), name="api-batch-reversal-confirm"),
    path(f"{ONE}dismiss/", DismissView.as_view(), name="api-batch-reversal-dismiss"),
]
