"""The transparency log: what waits for it, its leaves, the hashes above them, and the tree heads that were signed.

Leaves, nodes and checkpoints are append-only (by trigger); the place of a leaf follows that of the one before it.
"""

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

HASH_BYTES = 32
SALT_BYTES = 16
FORMAT = 2
"""How a statement is written today (see `certificates.log.statements`); a leaf is read in the format it was written in."""


class LeafKind(models.TextChoices):
    ISSUED = "issued", _("Electronic certificate issued")
    CORRECTED = "corrected", _("Corrected: a new version issued")
    SUSPENDED = "suspended", _("Suspended")
    LIFTED = "lifted", _("Suspension lifted")
    VOIDED = "voided", _("Made void")
    REINSTATED = "reinstated", _("Reinstated")
    EXCHANGED = "exchanged", _("Paper certificate exchanged")
    CANCELLED = "cancelled", _("Paper certificate cancelled")
    WINDOW_CLOSED = "window_closed", _("Exchange window closed")
    DOCUMENT = "document", _("Document signed")


OF_STATUS = (
    LeafKind.CORRECTED.value,
    LeafKind.SUSPENDED.value,
    LeafKind.LIFTED.value,
    LeafKind.VOIDED.value,
    LeafKind.REINSTATED.value,
)
"""Whatever changes a bit of a status list."""


class LogRecord(models.Model):
    """What a leaf commits to, as far as the row that it is about does not say it (see `certificates.log.statements`)."""

    format = models.PositiveSmallIntegerField(db_default=1)
    kind = models.CharField(max_length=16, choices=LeafKind)
    at = models.DateTimeField()
    version = models.ForeignKey(
        "certificates.CertificateVersion", null=True, on_delete=models.PROTECT, related_name="%(class)s_set"
    )
    paper = models.ForeignKey(
        "certificates.LegacyCertificate", null=True, on_delete=models.PROTECT, related_name="%(class)s_set"
    )
    closing = models.ForeignKey(
        "certificates.WindowClosing", null=True, on_delete=models.PROTECT, related_name="%(class)s_set"
    )
    state = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=24, blank=True)
    facts = models.JSONField(
        db_default=Value("{}", models.JSONField()),
        help_text="What else the statement tells: the act, the document's digest.",
    )
    salt = models.BinaryField(
        max_length=SALT_BYTES,
        help_text="Empty for an electronic certificate: its version has the salt, and the holder in the credential.",
    )
    commitment = models.BinaryField(
        max_length=HASH_BYTES, help_text="SHA-256 of the statement with its salt."
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M:%S}"


def _about_one() -> Q:
    fields = ("version", "paper", "closing")
    return Q(*[
        Q(**{f"{other}__isnull": other != field for other in fields}) for field in fields
    ], _connector=Q.OR)  # fmt: skip


class LogPending(LogRecord):
    """A change that the sequencer has not taken into the tree yet; written in the transaction of the change."""

    class Meta:
        app_label = "certificates"
        constraints = [
            models.CheckConstraint(condition=_about_one(), name="certificates_logpending_about_one"),
        ]


class LogLeaf(LogRecord):
    """A leaf of the tree. ``index`` counts from 0 without gaps."""

    index = models.BigIntegerField(primary_key=True)
    leaf_hash = models.BinaryField(max_length=HASH_BYTES)

    class Meta:
        app_label = "certificates"
        constraints = [
            models.CheckConstraint(condition=_about_one(), name="certificates_logleaf_about_one"),
        ]
        indexes = [
            models.Index(fields=["leaf_hash"], name="certificates_logleaf_by_hash"),
            models.Index(
                fields=["index"], condition=Q(kind__in=OF_STATUS), name="certificates_logleaf_of_status"
            ),
        ]


class LogNode(models.Model):
    """The hash of a complete subtree, the leaves included, at its place in an in-order walk (see `tree.position`)."""

    position = models.BigIntegerField(primary_key=True)
    hash = models.BinaryField(max_length=HASH_BYTES)

    class Meta:
        app_label = "certificates"

    def __str__(self) -> str:
        return str(self.position)


class LogCheckpoint(models.Model):
    """A signed tree head."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=HASH_BYTES)
    note = models.TextField(help_text="The signed note as it is published.")
    at = models.DateTimeField()

    class Meta:
        app_label = "certificates"

    def __str__(self) -> str:
        return str(self.size)
