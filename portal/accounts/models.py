"""People, the accounts with which they sign in, and the tokens of other systems."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models_access import AccessGrant as AccessGrant
from portal.accounts.models_access import Factor as Factor
from portal.accounts.models_access import IdentityLink as IdentityLink
from portal.accounts.models_access import RecoveryCode as RecoveryCode
from portal.accounts.models_access import UserSession as UserSession
from portal.fields import EncryptedTextField
from portal.masking import mask_id_number, mask_mobile, mask_name
from portal.storage import EncryptedStorage


class Role(models.TextChoices):
    WORKER = "worker", _("Site professional")
    CLERK = "clerk", _("Institution clerk")
    REVIEWER = "reviewer", _("Provincial reviewer")
    CHIEF = "chief", _("Reviewer in chief")
    COUNTY = "county", _("City or county officer")
    EMPLOYER = "employer", _("Employer")
    OPERATOR = "operator", _("Operator")
    AUDITOR = "auditor", _("Auditor")


class Person(models.Model):
    """A natural person, known by the resident ID number, with or without an account.

    The registry and the batches bring people before they ever register; registering claims the row of that number.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    name = models.CharField(max_length=100)
    id_number = EncryptedTextField()
    id_number_hash = models.BinaryField(max_length=32, unique=True)
    mobile = EncryptedTextField(null=True)
    mobile_hash = models.BinaryField(max_length=32, null=True)
    email = EncryptedTextField(null=True)
    area_code = models.CharField(max_length=6, blank=True, default="", db_default="")
    employer_name = models.CharField(max_length=200, blank=True, default="", db_default="")
    employer_code = models.CharField(max_length=18, blank=True, default="", db_default="")
    without_employer = models.BooleanField(default=False, db_default=False)
    photo = models.ForeignKey("Photo", null=True, on_delete=models.PROTECT, related_name="+")
    profile_completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mobile__isnull=True, mobile_hash__isnull=True)
                | Q(mobile__isnull=False, mobile_hash__isnull=False),
                name="accounts_person_mobile_with_hash",
            ),
            models.UniqueConstraint(fields=["mobile_hash"], name="accounts_person_mobile_unique"),
            models.CheckConstraint(
                condition=Q(profile_completed_at__isnull=True)
                | (
                    Q(mobile_hash__isnull=False)
                    & ~Q(area_code="")
                    & (
                        Q(without_employer=True, employer_name="")
                        | (Q(without_employer=False) & ~Q(employer_name=""))
                    )
                ),
                name="accounts_person_profile_complete",
            ),
        ]

    def __str__(self) -> str:
        return self.masked_name

    @property
    def masked_name(self) -> str:
        return mask_name(self.name)

    @property
    def masked_id_number(self) -> str:
        return mask_id_number(self.id_number)

    @property
    def masked_mobile(self) -> str:
        return mask_mobile(self.mobile) if self.mobile else ""


def photo_path(photo: "Photo", filename: str) -> str:
    return f"photos/{photo.id.hex[:2]}/{photo.id.hex}.jpg"


class Photo(models.Model):
    """A portrait as re-encoded by the portal. Never changed: a new upload is a new row, a certificate keeps its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="photos")
    file = models.FileField(upload_to=photo_path, storage=EncryptedStorage(plain="\xff\xd8\xff"))
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=username)


class User(AbstractBaseUser):
    """An account. Site professionals sign in by ID number or mobile, everyone else by user name."""

    last_login = None  # an event says it, at the portal's own time
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=60, unique=True, null=True)
    role = models.CharField(max_length=20, choices=Role)
    display_name = models.CharField(max_length=100, blank=True)
    person = models.OneToOneField(Person, null=True, on_delete=models.PROTECT, related_name="user")
    area_code = models.CharField(max_length=6, blank=True)
    language = models.CharField(
        max_length=10,
        default="zh-hans",
        db_default="zh-hans",
        help_text="Of what is sent to the account's holder.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_user_role_known"),
            models.CheckConstraint(
                condition=Q(role=Role.WORKER, person__isnull=False, username__isnull=True)
                | (~Q(role=Role.WORKER) & Q(person__isnull=True, username__isnull=False)),
                name="accounts_user_worker_is_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(role=Role.COUNTY) | ~Q(area_code=""), name="accounts_user_county_has_area"
            ),
        ]

    def __str__(self) -> str:
        return self.username or str(self.id)

    @property
    def label(self) -> str:
        """The name shown in the page header."""
        return self.person.name if self.person else self.display_name or str(self)


class Acceptance(models.Model):
    """That an account's holder accepted a version of the privacy notice. Written once, never changed."""

    class Way(models.TextChoices):
        OPENING = "opening", _("When the account was opened")
        AGAIN = "again", _("Asked again after a change")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="acceptances")
    version = models.CharField(max_length=20)
    way = models.CharField(max_length=10, choices=Way)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "version"], name="accounts_acceptance_once_a_version"),
            models.CheckConstraint(
                condition=Q(way__in=["opening", "again"]), name="accounts_acceptance_way_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.version}"


class ApiToken(models.Model):
    """The key of another system: acts for one account (a clerk's institution or a reviewer) within its scopes."""

    class Scope(models.TextChoices):
        BATCHES_WRITE = "batches:write", _("Upload and submit batches")
        BATCHES_READ = "batches:read", _("Read batches")
        BATCHES_REVIEW = "batches:review", _("Approve and return batches")
        NATIONAL_READ = "national:read", _("Take along records for the national system, with ID numbers")
        NATIONAL_MARK = "national:mark", _("Say what the national system did with records")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    token_hash = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", help_text="Nobody: by a command."
    )
    expires_at = models.DateTimeField()
    rotated_at = models.DateTimeField(null=True, help_text="When another token took over.")
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")),
                name="accounts_apitoken_expires_after_creation",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_labels(self) -> list[str]:
        """What it may do, in the reader's language."""
        return [str(self.Scope(scope).label) for scope in self.scopes]
