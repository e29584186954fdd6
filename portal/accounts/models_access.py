"""What proves that an account's holder is there, and the sessions in which they are."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.fields import EncryptedTextField


class Factor(models.Model):
    """A second factor of an account: an app that shows codes, or a passkey (also a security key).

    ``secret`` is what the app and the portal share, or the public key of the passkey. ``last_step`` is the time step of
    the last code that was accepted: it and everything before it are used up.
    """

    class Kind(models.TextChoices):
        APP = "app", _("Authenticator app")
        PASSKEY = "passkey", _("Passkey or security key")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="factors")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=60)
    secret = EncryptedTextField()
    last_step = models.BigIntegerField(null=True)
    credential_id = models.BinaryField(max_length=1023, null=True, unique=True)
    sign_count = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="app", credential_id__isnull=True, sign_count__isnull=True)
                | Q(
                    kind="passkey",
                    credential_id__isnull=False,
                    sign_count__isnull=False,
                    last_step__isnull=True,
                ),
                name="accounts_factor_fields_of_its_kind",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(kind="app"), name="accounts_factor_one_app_an_account"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """A code on paper that stands in for a second factor, once. Kept as a password is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)


class UserSession(models.Model):
    """A session of an account, in real time, whatever a simulated clock says.

    ``confirmed_at`` is when its holder last proved who they are with the best that the account has. Without it the
    account still has to set up a second factor, and the session opens nothing else.
    """

    class Ending(models.TextChoices):
        SIGNED_OUT = "signed_out", _("Signed out")
        IDLE = "idle", _("Not used for too long")
        TOO_LONG = "too_long", _("Lasted as long as a session may")
        ENDED_BY_HOLDER = "ended_by_holder", _("Ended by the account’s holder from another session")
        PASSWORD = "password", _("The password was changed")
        FACTOR = "factor", _("The second factor was reset")
        ACCOUNT = "account", _("The account ended or its role changed")
        ADMINISTRATOR = "administrator", _("Ended by the reviewer in chief")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="sessions")
    device = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=20, choices=Ending, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ending="") | (Q(ended_at__isnull=False) & ~Q(ending="")),
                name="accounts_usersession_end_with_reason",
            )
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(ended_at=None), name="accounts_usersession_running")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.started_at:%Y-%m-%d %H:%M}"


class AccessGrant(models.Model):
    """The way into an account, given by two people: at its opening, or after password or second factor were lost.

    One asks, another approves and hands over the code, with which the holder sets a password. Without anybody who asked,
    it is the operator of the machine who gave it, by a command.
    """

    class Purpose(models.TextChoices):
        OPENING = "opening", _("A new account")
        LOST = "lost", _("Password or second factor lost")

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for a second person")
        REFUSED = "refused", pgettext_lazy("a way in", "Refused")
        APPROVED = "approved", _("Code handed over")
        USED = "used", _("Code used")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="grants")
    purpose = models.CharField(max_length=10, choices=Purpose)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    reason = models.TextField(blank=True)
    asked_by = models.ForeignKey("accounts.User", null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("accounts.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    code_hash = models.CharField(max_length=128, blank=True)
    expires_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(asked_by=models.F("decided_by"))
                & ~Q(asked_by=models.F("user"))
                & ~Q(decided_by=models.F("user")),
                name="accounts_accessgrant_takes_two_others",
            ),
            models.CheckConstraint(
                condition=Q(state="asked", decided_at__isnull=True, asked_by__isnull=False)
                | (
                    Q(state__in=["refused", "approved", "used"], decided_at__isnull=False)
                    & (Q(decided_by__isnull=False) | Q(asked_by__isnull=True))
                ),
                name="accounts_accessgrant_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "refused"], code_hash="", used_at__isnull=True)
                | (Q(state="approved", expires_at__isnull=False, used_at__isnull=True) & ~Q(code_hash=""))
                | Q(state="used", used_at__isnull=False),
                name="accounts_accessgrant_code_of_its_state",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="asked"), name="accounts_accessgrant_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.state}"


class IdentityLink(models.Model):
    """Whom the provincial identity service vouches for, linked to an account by its holder."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField("accounts.User", on_delete=models.CASCADE, related_name="identity_link")
    issuer = models.CharField(max_length=200)
    subject = EncryptedTextField()
    subject_hash = models.BinaryField(max_length=32)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject_hash"], name="accounts_identitylink_subject_unique"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)
