"""What people do to a certificate after its issue: suspend, lift, revoke, correct."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class MeasureKind(models.TextChoices):
    SUSPEND = "suspend", _("Suspend")
    LIFT = "lift", _("Lift the suspension")
    REVOKE = "revoke", _("Revoke")
    CORRECT = "correct", _("Correct")


class MeasureReason(models.TextChoices):
    """Why; which reasons fit which measure is `REASONS`."""

    COMPLAINT = "complaint", _("A complaint is being looked into")
    IDENTITY = "identity", _("Doubt whether the holder is the person named")
    LENT = "lent", _("The certificate was lent or hired out")
    AUTHORITY = "authority", _("Decision of a court or an authority")
    CLEARED = "cleared", _("Looked into: nothing stands against the holder")
    TIME_OVER = "time_over", _("The time of the suspension is over")
    FRAUD = "fraud", _("Obtained by deception")
    ISSUED_IN_ERROR = "issued_in_error", _("Issued in error")
    HOLDER_ASKED = "holder_asked", _("The holder asked for it")
    NAME_MISSPELT = "name_misspelt", _("The name was misspelt")
    NAME_CHANGED = "name_changed", _("The holder's name has changed")
    PHOTO = "photo", _("The photo has to be replaced")


REASONS: dict[MeasureKind, tuple[MeasureReason, ...]] = {
    MeasureKind.SUSPEND: (
        MeasureReason.COMPLAINT,
        MeasureReason.IDENTITY,
        MeasureReason.LENT,
        MeasureReason.AUTHORITY,
    ),
    MeasureKind.LIFT: (MeasureReason.CLEARED, MeasureReason.TIME_OVER, MeasureReason.AUTHORITY),
    MeasureKind.REVOKE: (
        MeasureReason.FRAUD,
        MeasureReason.ISSUED_IN_ERROR,
        MeasureReason.LENT,
        MeasureReason.AUTHORITY,
        MeasureReason.HOLDER_ASKED,
    ),
    MeasureKind.CORRECT: (MeasureReason.NAME_MISSPELT, MeasureReason.NAME_CHANGED, MeasureReason.PHOTO),
}

TAKES_RIGHTS = (MeasureKind.SUSPEND, MeasureKind.REVOKE)
"""What one person asks for and another one carries out."""


class Measure(models.Model):
    """One measure, with who asked for it and, where rights are taken, the other person who decided."""

    class State(models.TextChoices):
        OPEN = "open", _("Waiting for a second person")
        DONE = "done", _("Carried out")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    certificate = models.ForeignKey(
        "certificates.ElectronicCertificate", on_delete=models.PROTECT, related_name="measures"
    )
    kind = models.CharField(max_length=8, choices=MeasureKind)
    reason = models.CharField(max_length=16, choices=MeasureReason)
    explanation = models.TextField(max_length=1000)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("accounts.User", null=True, on_delete=models.PROTECT, related_name="+")
    refusal = models.TextField(blank=True, max_length=1000)

    class Meta:
        app_label = "certificates"
        constraints = [
            models.CheckConstraint(
                condition=Q(*[
                    Q(kind=kind.value, reason__in=[reason.value for reason in reasons])
                    for kind, reasons in REASONS.items()
                ], _connector=Q.OR),
                name="certificates_measure_reason_fits",
            ),
            models.CheckConstraint(
                condition=~Q(explanation=""), name="certificates_measure_explained"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True, decided_by__isnull=True)
                | Q(state__in=["done", "refused"], decided_at__isnull=False, decided_by__isnull=False),
                name="certificates_measure_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["lift", "correct"], state="done", decided_by=F("asked_by"))
                | (Q(kind__in=["suspend", "revoke"]) & (~Q(state="done") | ~Q(decided_by=F("asked_by")))),
                name="certificates_measure_takes_rights_by_two",
            ),
            models.CheckConstraint(
                condition=(Q(state="refused") & ~Q(refusal="")) | (~Q(state="refused") & Q(refusal="")),
                name="certificates_measure_refused_with_reason",
            ),
            models.UniqueConstraint(
                fields=["certificate"], condition=Q(state="open"), name="certificates_measure_one_open"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(state="open"), name="certificates_measure_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
