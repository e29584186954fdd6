"""What was printed for each version of a certificate, its place in the status lists, and the keys that signed."""

from django.db import models
from django.db.models import F, Q

from certificates.credentials.bitstring import ENTRIES
from certificates.licence import LAST_VERSION

SALT_BYTES = 16


class CertificateVersion(models.Model):
    """One version of a certificate as it was printed. A correction adds the next and supersedes the one before.

    Rows are never deleted, so that a place in the status lists is never given twice.
    """

    certificate = models.ForeignKey(
        "certificates.ElectronicCertificate", on_delete=models.PROTECT, related_name="versions"
    )
    version = models.PositiveSmallIntegerField()
    holder_name = models.CharField(max_length=100)
    masked_id = models.CharField(max_length=18)
    post_code = models.CharField(max_length=10)
    photo = models.ForeignKey("accounts.Photo", on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    status_list = models.PositiveSmallIntegerField(help_text="Page of the status lists, from 1.")
    status_index = models.PositiveIntegerField(help_text="The same place in the page of each purpose.")
    commitment_salt = models.BinaryField(
        max_length=SALT_BYTES,
        help_text="Blinds this version's commitments; the holder has it in the credential.",
    )

    class Meta:
        app_label = "certificates"
        constraints = [
            models.UniqueConstraint(
                fields=["certificate", "version"], name="certificates_version_numbered_once"
            ),
            models.UniqueConstraint(
                fields=["certificate"],
                condition=Q(superseded_at__isnull=True),
                name="certificates_version_one_current",
            ),
            models.UniqueConstraint(
                fields=["status_list", "status_index"], name="certificates_version_own_status_place"
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1, version__lte=LAST_VERSION),
                name="certificates_version_has_three_digits",
            ),
            models.CheckConstraint(
                condition=Q(status_list__gte=1, status_index__lt=ENTRIES),
                name="certificates_version_status_place_exists",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True) | Q(superseded_at__gte=F("issued_at")),
                name="certificates_version_superseded_after_issue",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status_list"],
                condition=Q(superseded_at__isnull=False),
                name="certificates_version_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id} v{self.version}"


class SigningKey(models.Model):
    """The public half of a key that has signed anything: it stays published after the key is replaced."""

    kid = models.CharField(max_length=43, primary_key=True, help_text="Thumbprint of the key (RFC 7638).")
    public_key = models.JSONField(help_text="The key as a JSON Web Key.")
    first_used_at = models.DateTimeField()

    class Meta:
        app_label = "certificates"

    def __str__(self) -> str:
        return self.kid


class IssuerCertificate(models.Model):
    """A certificate that sealed PDFs, kept so that they are still recognised after it was replaced."""

    fingerprint = models.CharField(
        max_length=64, primary_key=True, help_text="SHA-256 of the certificate, hexadecimal."
    )
    pem = models.TextField()
    first_used_at = models.DateTimeField()

    class Meta:
        app_label = "certificates"

    def __str__(self) -> str:
        return self.fingerprint
