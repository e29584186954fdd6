"""What every service of a batch shares: who may act, and which state may follow which."""

from uuid import UUID

from education.models import TRANSITIONS, Batch, BatchState
from institutions.models import Institution, Membership
from portal.accounts.models import User
from portal.accounts.roles import Permission, roles_with
from portal.events.services import Actor


class BatchStateError(Exception):
    """The batch is not in a state in which this can be done; ``state`` is the one that it is in."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(f"The batch is {batch.state}.")
        self.batch = batch
        self.state = BatchState(batch.state)


class NotOfInstitutionError(Exception):
    """Only a clerk of the institution may do this."""


class NotAReviewerError(Exception):
    """Only a reviewer who has nothing to do with the batch or with any institution may decide it."""


def locked(batch_id: UUID) -> Batch:
    """Return a batch with its institution as it is now that its row is locked."""
    return Batch.objects.select_for_update(of=("self",)).select_related("institution").get(pk=batch_id)


def move(batch: Batch, to: BatchState) -> None:
    """Put a locked batch into the state ``to``; raise `BatchStateError` where `TRANSITIONS` has no such step."""
    if to not in TRANSITIONS[BatchState(batch.state)]:
        raise BatchStateError(batch)
    batch.state = to


def require_clerk(by: Actor, institution: Institution) -> User:
    """Return the acting clerk of ``institution``; a role or place taken away a moment ago counts already."""
    user = by.user
    if (
        user is None
        or not Membership.objects.filter(
            user=user,
            institution=institution,
            user__role__in=roles_with(Permission.BATCH_BRING),
            user__is_active=True,
        ).exists()
    ):
        raise NotOfInstitutionError
    return user


def require_reviewer(by: Actor, batch: Batch) -> User:
    """Return the acting reviewer, who did not bring the batch and belongs to no institution.

    The reviewer in chief appoints reviewers and qualifies institutions, and therefore decides about no batch.
    """
    reviewers = User.objects.filter(
        role__in=roles_with(Permission.BATCH_DECIDE), is_active=True, membership__isnull=True
    )
    user = by.user
    if user is None or user.pk in {batch.uploaded_by_id, batch.submitted_by_id}:
        raise NotAReviewerError
    if not reviewers.filter(pk=user.pk).exists():
        raise NotAReviewerError
    return user


class SecondReviewerNeededError(Exception):
    """Two reviewers must agree, and the one who acts was the first."""
