"""Employers and the consent of those who work for them. Consent is the gate: without it an employer sees nobody (4.1)."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Person, User
from portal.fields import EncryptedTextField


class Employer(models.Model):
    """An employer as whoever opened the account describes it; nobody has checked that.

    The credit code is not unique: whoever takes a code first would otherwise lock its owner out. An account sees those
    who consented to that very account.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="employer")
    code = models.CharField(max_length=18, db_index=True, help_text="Unified social credit code (GB 32100).")
    name = models.CharField(max_length=200)
    contact = models.CharField(max_length=100, help_text="Who in the firm answers for the account.")
    phone = EncryptedTextField()
    registered_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """An employer asks a person to let it see their certificates. Known by the ID number's hash, whoever that is.

    `person` is set while consent stands and at no other time, so a query through it can find nobody else.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Not answered")
        CONSENTED = "consented", _("Consented")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Consent withdrawn")
        CANCELLED = "cancelled", _("Taken back by the employer")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    employer = models.ForeignKey(Employer, on_delete=models.PROTECT, related_name="invitations")
    name = models.CharField(max_length=100, help_text="As the employer wrote it.")
    id_number_hash = models.BinaryField(max_length=32)
    id_number_masked = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="consents")
    consent_version = models.CharField(max_length=20, blank=True, help_text="Of the text that was agreed to.")
    invited_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["employer", "id_number_hash"], name="employers_invitation_one_a_person"
            ),
            models.CheckConstraint(
                condition=(Q(state="consented", person__isnull=False) & ~Q(consent_version=""))
                | Q(
                    state__in=["open", "declined", "withdrawn", "cancelled"],
                    person__isnull=True,
                    consent_version="",
                ),
                name="employers_invitation_sight_by_consent_alone",
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_at__isnull=True)
                | Q(state__in=["consented", "declined", "withdrawn"], answered_at__isnull=False)
                | Q(state="cancelled"),
                name="employers_invitation_answered_at_some_time",
            ),
        ]
        indexes = [models.Index(fields=["id_number_hash"], name="employers_invitation_to_person")]

    def __str__(self) -> str:
        return f"{self.employer_id} {self.state}"

    def waits_for_answer(self, version: str) -> bool:
        """Tell whether it was not answered, or the consent is one to an older text than ``version``, which applies."""
        return self.state == self.State.OPEN or (
            self.state == self.State.CONSENTED and self.consent_version != version
        )
