"""Batches of continuing education and the hours that they credit (2.2). Hours are integers: tenths of an hour."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from institutions.models import Institution
from portal.accounts.models import Person, User
from portal.fields import EncryptedTextField
from portal.storage import EncryptedStorage


class Mode(models.TextChoices):
    FACE_TO_FACE = "face_to_face", _("Face to face")
    ONLINE = "online", _("Online")


class BatchState(models.TextChoices):
    UPLOADED = "uploaded", _("Uploaded")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    SUBMITTED = "submitted", _("Submitted")
    APPROVED = "approved", _("Approved")
    RETURNED = "returned", _("Returned")
    FAILED = "failed", _("File could not be read")


TRANSITIONS: dict[BatchState, frozenset[BatchState]] = {
    BatchState.UPLOADED: frozenset({BatchState.CHECKING, BatchState.FAILED}),
    BatchState.CHECKING: frozenset({BatchState.CHECKED, BatchState.FAILED, BatchState.CHECKING}),
    BatchState.CHECKED: frozenset({BatchState.SUBMITTED, BatchState.CHECKING}),
    BatchState.SUBMITTED: frozenset({BatchState.APPROVED, BatchState.RETURNED}),
    BatchState.RETURNED: frozenset(),
    BatchState.APPROVED: frozenset(),
    BatchState.FAILED: frozenset(),
}
"""Each state of a batch and those that may follow it; `education.services` is the only mover."""


def batch_path(batch: "Batch", filename: str) -> str:
    """Where the file lies: nothing of its name is kept on disk."""
    return f"batches/{batch.id.hex[:2]}/{batch.id.hex}"


class Batch(models.Model):
    """One file of participants on its way from a clerk to credited hours."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="batches")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    file = models.FileField(upload_to=batch_path, storage=EncryptedStorage())
    filename = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=200, null=True)
    state = models.CharField(max_length=12, choices=BatchState, default=BatchState.UPLOADED)
    uploaded_at = models.DateTimeField()
    checking_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a check was begun.")
    checked_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    return_reason = models.TextField(blank=True)
    failure = models.JSONField(null=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_valid = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    progress = models.PositiveSmallIntegerField(default=0)
    quota_month = models.DateField(
        null=True, help_text="First day of the month whose place this batch takes."
    )
    quota_place = models.PositiveSmallIntegerField(null=True)
    rows_dropped = models.PositiveIntegerField(
        default=0, help_text="Bad rows left out of the submission on purpose."
    )
    corrects = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="correction")
    merges = models.BooleanField(
        default=False,
        help_text="The file holds corrected rows alone; all others are those of the corrected batch.",
    )
    receipt = models.TextField(blank=True)
    agreed_at = models.DateTimeField(null=True)
    agreed_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+",
        help_text="The first of two reviewers, where two must approve.",
    )  # fmt: skip

    reversed_at = models.DateTimeField(null=True, help_text="When its hours left by counter-entries.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reversed_at__isnull=True) | Q(state="approved"),
                name="education_batch_reversed_once_approved",
            ),
            models.CheckConstraint(
                condition=Q(state__in=BatchState.values), name="education_batch_state_known"
            ),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True, submitted_by__isnull=True)
                | Q(submitted_at__isnull=False, submitted_by__isnull=False, quota_place__isnull=False),
                name="education_batch_submitted_takes_a_place",
            ),
            models.CheckConstraint(
                condition=Q(quota_month__isnull=True, quota_place__isnull=True)
                | Q(quota_month__isnull=False, quota_place__gte=1),
                name="education_batch_place_in_a_month",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True)
                | Q(decided_at__isnull=False, decided_by__isnull=False, decided_at__gte=F("submitted_at")),
                name="education_batch_decided_after_submission",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["submitted", "approved", "returned"], submitted_at__isnull=False)
                | Q(state__in=["uploaded", "checking", "checked", "failed"], submitted_at__isnull=True),
                name="education_batch_state_fits_submission",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["approved", "returned"], decided_at__isnull=False)
                | (~Q(state__in=["approved", "returned"]) & Q(decided_at__isnull=True)),
                name="education_batch_state_fits_decision",
            ),
            models.CheckConstraint(
                condition=~Q(state="returned") | ~Q(return_reason=""),
                name="education_batch_returned_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | ~Q(decided_by=F("uploaded_by")) & ~Q(decided_by=F("submitted_by")),
                name="education_batch_nobody_decides_own",
            ),
            models.CheckConstraint(
                condition=Q(agreed_at__isnull=True, agreed_by__isnull=True)
                | Q(agreed_at__isnull=False, agreed_by__isnull=False, agreed_at__gte=F("submitted_at")),
                name="education_batch_agreed_after_submission",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True)
                | ~Q(agreed_by=F("uploaded_by")) & ~Q(agreed_by=F("submitted_by")),
                name="education_batch_nobody_agrees_to_own",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(agreed_by__isnull=True) | ~Q(agreed_by=F("decided_by")),
                name="education_batch_two_different_reviewers",
            ),
            models.CheckConstraint(
                condition=Q(merges=False) | Q(corrects__isnull=False), name="education_batch_merges_into_one"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["submitted", "approved"]) | Q(errors=0) | Q(rows_dropped__gt=0),
                name="education_batch_submitted_clean",
            ),
            models.UniqueConstraint(
                fields=["institution", "idempotency_key"], name="education_batch_idempotency_key_unique"
            ),
            models.UniqueConstraint(
                fields=["institution", "sha256"],
                condition=~Q(state__in=["failed", "returned"]) & Q(reversed_at__isnull=True),
                name="education_batch_file_once",
            ),
            models.UniqueConstraint(
                fields=["institution", "quota_month", "quota_place"],
                condition=Q(state__in=["submitted", "approved"]),
                name="education_batch_place_taken_once",
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "-uploaded_at"], name="education_batch_history"),
            models.Index(fields=["state", "submitted_at"], name="education_batch_queue"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class BatchRow(models.Model):
    """One line of the file as it was understood; a cell that could not be is null and has a problem."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="Row in the sheet, the header being 1.")
    name = models.CharField(max_length=100, blank=True)
    id_number = EncryptedTextField(null=True)
    id_number_hash = models.BinaryField(max_length=32, null=True)
    certificate_number = models.CharField(max_length=60, blank=True)
    certificate_key = models.CharField(
        max_length=60, blank=True, help_text="`number_key(certificate_number)`: how it is looked up."
    )
    post_code = models.CharField(max_length=10, blank=True)
    course = models.CharField(max_length=200, blank=True)
    mode = models.CharField(max_length=12, blank=True)
    started_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    hours = models.PositiveIntegerField(null=True)
    professional_hours = models.PositiveIntegerField(null=True)
    score = models.PositiveSmallIntegerField(null=True, help_text="Tenths of a mark out of 100.")
    passed = models.BooleanField(null=True)
    makes_up_for = models.PositiveSmallIntegerField(null=True)
    remark = models.CharField(max_length=500, blank=True)
    dropped = models.BooleanField(default=False, help_text="Left out of the submission on purpose.")
    refusal = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Why a reviewer does not credit this row with its batch.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="education_batchrow_number_unique"),
        ]
        indexes = [models.Index(fields=["id_number_hash"], name="education_batchrow_of_person")]

    def __str__(self) -> str:
        return f"row {self.number}"


class RowProblem(models.Model):
    """What is wrong with a cell (or, without a row, with the whole file)."""

    class Severity(models.TextChoices):
        ERROR = "error", _("Error")
        WARNING = "warning", _("Warning")

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="problems")
    row = models.PositiveIntegerField(null=True)
    column = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=60)
    severity = models.CharField(max_length=8, choices=Severity)
    clause = models.CharField(max_length=10, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["batch", "row"], name="education_rowproblem_by_row")]

    def __str__(self) -> str:
        return f"{self.code} in row {self.row}"


class CERecord(models.Model):
    """Hours credited to a person for a post by an approved batch (2.2). One line of a batch credits once.

    Hours leave by a counter-entry: a second record with the same facts and the hours below zero, whose `reversal_of` is
    the first. So the sum over all records is the sum over those in force, and nothing is ever taken away.
    """

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="ce_records")
    post_code = models.CharField(max_length=10)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="records")
    row_number = models.PositiveIntegerField()
    course = models.CharField(max_length=200)
    mode = models.CharField(max_length=12, choices=Mode)
    started_on = models.DateField()
    ended_on = models.DateField()
    hours = models.IntegerField()
    professional_hours = models.IntegerField()
    passed = models.BooleanField()
    makes_up_for = models.PositiveSmallIntegerField(null=True)
    approved_at = models.DateTimeField(help_text="When the hours were credited, or left.")
    in_force = models.BooleanField(
        default=True,
        db_default=True,
        help_text="False for a record that was reversed, and for its counter-entry.",
    )
    reversal_of = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    reversal = models.ForeignKey(
        "Reversal",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="counter_entries",
        help_text="Which decision of two people this counter-entry carries out.",
    )
    entered_at = models.DateTimeField(
        null=True,
        help_text="When the national system showed the record; approved and visible there are two things.",
    )
    entry_refusal = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Why the national system does not take the record.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "row_number"],
                condition=Q(reversal_of__isnull=True),
                name="education_cerecord_row_credits_once",
            ),
            models.UniqueConstraint(
                fields=["person", "post_code", "course", "started_on", "ended_on"],
                condition=Q(in_force=True),
                name="education_cerecord_course_counts_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    reversal_of__isnull=True,
                    hours__gt=0,
                    professional_hours__gte=0,
                    professional_hours__lte=F("hours"),
                )
                | Q(
                    reversal_of__isnull=False,
                    in_force=False,
                    hours__lt=0,
                    professional_hours__lte=0,
                    professional_hours__gte=F("hours"),
                ),
                name="education_cerecord_hours_add_up",
            ),
            models.CheckConstraint(
                condition=Q(reversal_of__isnull=True, reversal__isnull=True)
                | Q(reversal_of__isnull=False, reversal__isnull=False),
                name="education_cerecord_counter_entry_of_a_reversal",
            ),
            models.CheckConstraint(
                condition=Q(entered_at__isnull=True) | Q(entry_refusal=""),
                name="education_cerecord_entered_or_refused",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__gte=F("started_on")), name="education_cerecord_ends_after_start"
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "post_code", "ended_on"],
                include=["hours", "professional_hours", "makes_up_for"],
                name="education_cerecord_of_person",
            ),
            models.Index(
                fields=["reversal"],
                condition=Q(reversal__isnull=False),
                name="education_cerecord_of_reversal",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course} {self.ended_on}"


class Reversal(models.Model):
    """The way back from a mistaken approval, of a batch or of single rows: one proposes it with the reason, another confirms."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        CONFIRMED = "confirmed", _("Hours taken back")
        DISMISSED = "dismissed", _("Dismissed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="reversals")
    rows = ArrayField(
        models.PositiveIntegerField(),
        null=True,
        help_text="Numbers of the rows whose hours leave; null for all that still count.",
    )
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    reason = models.TextField(max_length=2000)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True, decided_by__isnull=True)
                | Q(
                    state__in=["confirmed", "dismissed"],
                    decided_at__gte=F("proposed_at"),
                    decided_by__isnull=False,
                ),
                name="education_reversal_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")),
                name="education_reversal_by_two_people",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="education_reversal_with_reason"),
            models.CheckConstraint(
                condition=Q(rows__isnull=True) | Q(rows__len__gt=0), name="education_reversal_of_some_rows"
            ),
            models.UniqueConstraint(
                fields=["batch"], condition=Q(state="proposed"), name="education_reversal_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["batch"],
                condition=Q(state="confirmed", rows__isnull=True),
                name="education_reversal_whole_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.state}"


class Claim(models.Model):
    """A person says that they took a course, before any batch names it; a batch of that institution confirms it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="ce_claims")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="claims")
    post_code = models.CharField(max_length=10)
    course = models.CharField(max_length=200)
    ended_on = models.DateField()
    due_on = models.DateField(
        help_text="Last day of the half-month in which a batch should have named the course."
    )
    claimed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "institution", "post_code", "ended_on"],
                condition=Q(withdrawn_at__isnull=True),
                name="education_claim_once",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("ended_on")), name="education_claim_due_after_course"
            ),
        ]
        indexes = [models.Index(fields=["institution", "due_on"], name="education_claim_of_school")]

    def __str__(self) -> str:
        return f"{self.course} {self.ended_on}"


class Delivery(models.Model):
    """What waits to be entered in the national system: the records of one approval, or of one reversal (2.2).

    Its key is the idempotency key: sent twice, it is one delivery there. What was rejected as a whole, and is sent again
    after a correction, gets a new key, since the old one may stand there for the rejection.
    """

    class Kind(models.TextChoices):
        CREDIT = "credit", _("Hours credited")
        REVERSAL = "reversal", _("Hours taken back")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        ANSWERED = "answered", _("Answered")
        REJECTED = "rejected", _("Rejected as a whole")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="deliveries")
    kind = models.CharField(max_length=10, choices=Kind)
    reversal = models.OneToOneField(Reversal, null=True, on_delete=models.PROTECT, related_name="delivery")
    key = models.UUIDField(unique=True, default=uuid.uuid4)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    created_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(
        max_length=200, blank=True, help_text="Why the last attempt failed; no personal data."
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch"], condition=Q(kind="credit"), name="education_delivery_of_approval_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="credit", reversal__isnull=True)
                | Q(kind="reversal", reversal__isnull=False),
                name="education_delivery_kind_fits_reversal",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", answered_at__isnull=True)
                | Q(state__in=["answered", "rejected"], answered_at__isnull=False),
                name="education_delivery_answered_at_some_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state="waiting"), name="education_delivery_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.kind} {self.state}"
