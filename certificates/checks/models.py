"""How often each certificate was checked. Who checked is nowhere written."""

from django.db import models
from django.db.models import Q


class VerificationCount(models.Model):
    """The checks of one certificate on one day in Asia/Shanghai."""

    subject_id = models.UUIDField(help_text="The electronic or the paper certificate.")
    day = models.DateField()
    checks = models.PositiveIntegerField()

    class Meta:
        app_label = "certificates"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "day"], name="certificates_verificationcount_day"),
            models.CheckConstraint(condition=Q(checks__gt=0), name="certificates_verificationcount_some"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.day}: {self.checks}"
