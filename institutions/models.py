"""Training institutions, on what ground and from when to when each is qualified, and who works for them (2.2, 4.2)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User


class Institution(models.Model):
    """A training institution, known by its unified social credit code (GB 32100)."""

    code = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=200)
    area_code = models.CharField(max_length=6)
    address = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Ground(models.TextChoices):
    """Why an institution is qualified (2.2)."""

    NATIONAL_DIRECTORY = "national_directory", _("Listed in the national directory")
    PROVINCIAL_COMMITMENT = "provincial_commitment", _("Commitment filed at the provincial service window")


class Qualification(models.Model):
    """A span of days, both ends included, during which an institution's teaching counts. Spans never overlap."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="qualifications")
    ground = models.CharField(max_length=30, choices=Ground)
    reference = models.CharField(max_length=100, blank=True)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ground__in=Ground.values), name="institutions_qualification_ground_known"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="institutions_qualification_ends_after_start",
            ),
            # A number as a range of one: the embedded PostgreSQL comes without btree_gist.
            ExclusionConstraint(
                name="institutions_qualification_no_overlap",
                expressions=[
                    (Func(F("institution"), F("institution"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("valid_from"), F("valid_until"), Value("[]"), function="daterange"), "&&"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ground} {self.valid_from}"


class Membership(models.Model):
    """A clerk's place: exactly one institution."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="membership")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="memberships")

    def __str__(self) -> str:
        return f"{self.user_id} at {self.institution_id}"


class DesignationReport(models.Model):
    """Someone says that an authority told people which institution to use, which 4.2 forbids."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    area_code = models.CharField(max_length=6)
    authority = models.CharField(max_length=200)
    account = models.TextField(max_length=2000)
    reported_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    reported_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    finding = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True, closed_by__isnull=True)
                | (Q(state="closed", closed_at__isnull=False, closed_by__isnull=False) & ~Q(finding="")),
                name="institutions_designationreport_closed_with_finding",
            )
        ]

    def __str__(self) -> str:
        return f"{self.area_code} {self.reported_at:%Y-%m-%d}"
