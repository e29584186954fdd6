"""Paper certificates from the registry, the electronic ones they become, and what is asked for on the way."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from certificates.checks.models import VerificationCount as VerificationCount
from certificates.credentials.models import CertificateVersion as CertificateVersion
from certificates.credentials.models import IssuerCertificate as IssuerCertificate
from certificates.credentials.models import SigningKey as SigningKey
from certificates.lifecycle.models import Measure as Measure
from certificates.log.models import LogCheckpoint as LogCheckpoint
from certificates.log.models import LogLeaf as LogLeaf
from certificates.log.models import LogNode as LogNode
from certificates.log.models import LogPending as LogPending
from portal.accounts.models import Person, Photo, User
from portal.storage import EncryptedStorage


class Kind(models.TextChoices):
    """What a legacy certificate is (1.1, 3.1a)."""

    POST_TRAINING = "post_training", _("Post-training certificate")
    ENTERPRISE_POST = "enterprise_post", _("Enterprise-manager post certificate")
    SAFETY_OFFICER = "safety_officer", _("Safety-officer certificate")


class LegacyStatus(models.TextChoices):
    ACTIVE = "active", _("In use")
    EXCHANGED = "exchanged", _("Exchanged")
    VOID = "void", _("Void")


class LegacyCertificate(models.Model):
    """A paper certificate as the registry has it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="legacy_certificates")
    holder_name = models.CharField(max_length=100)
    number = models.CharField(max_length=60, help_text="As printed on the paper.")
    number_key = models.CharField(
        max_length=60, unique=True, help_text="`numbers.normalise_number(number)`: how it is looked up."
    )
    kind = models.CharField(max_length=20, choices=Kind)
    post_code = models.CharField(max_length=10)
    issuer = models.CharField(max_length=40, help_text="The office's code in the policy, or 'other'.")
    issuer_name = models.CharField(max_length=200)
    issued_on = models.DateField()
    expires_on = models.DateField(null=True)
    employer_name = models.CharField(max_length=200, blank=True)
    employer_code = models.CharField(max_length=18, blank=True)
    area_code = models.CharField(max_length=6, blank=True)
    in_national_system = models.BooleanField()
    status = models.CharField(max_length=10, choices=LegacyStatus, default=LegacyStatus.ACTIVE)
    status_changed_at = models.DateTimeField(null=True)
    imported_at = models.DateTimeField()
    corrected_at = models.DateTimeField(
        null=True, help_text="When an approved change of information took effect."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="certificates_legacy_kind_known"),
            models.CheckConstraint(
                condition=Q(status__in=LegacyStatus.values), name="certificates_legacy_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="active") | Q(status_changed_at__isnull=False),
                name="certificates_legacy_ended_at_some_time",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("issued_on")),
                name="certificates_legacy_expires_after_issue",
            ),
        ]
        indexes = [
            models.Index(fields=["area_code", "post_code", "status"], name="certificates_legacy_by_area"),
            models.Index(
                fields=["person", "post_code"],
                include=["id", "issued_on"],
                condition=Q(kind="safety_officer", status="active"),
                name="certificates_legacy_officers",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CertificateState(models.TextChoices):
    VALID = "valid", _("Valid")
    SUSPENDED = "suspended", _("Suspended")
    VOID = "void", _("Void")


class VoidReason(models.TextChoices):
    HOURS = "hours", _("Too few hours over two years")
    NOT_ENGAGED = "not_engaged", _("Not working in the post")
    REVOKED = "revoked", _("Revoked")


class NumberSequence(models.Model):
    """The last sequence given for a year and post. Its row lock makes the numbers gapless."""

    year = models.PositiveSmallIntegerField()
    post_code = models.CharField(max_length=10)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "post_code"], name="certificates_numbersequence_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.year}-{self.post_code}: {self.last}"


class ElectronicCertificate(models.Model):
    """The electronic certificate. What is printed on it is kept here as it was at the moment of issue."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=40, unique=True)
    version = models.PositiveSmallIntegerField(default=1)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="electronic_certificates")
    replaces = models.OneToOneField(
        LegacyCertificate, null=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    holder_name = models.CharField(max_length=100)
    post_code = models.CharField(max_length=10)
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=CertificateState, default=CertificateState.VALID)
    void_reason = models.CharField(max_length=12, choices=VoidReason, blank=True)
    voided_by = models.OneToOneField(
        "VoidingProposal", null=True, on_delete=models.PROTECT, related_name="voided",
        help_text="What two people approved; a trigger holds it to this certificate, this reason and their approval.",
    )  # fmt: skip
    state_changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="void", state_changed_at__isnull=False, void_reason__in=VoidReason.values)
                | (Q(state__in=["valid", "suspended"], void_reason="")),
                name="certificates_electronic_void_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(void_reason__in=["hours", "not_engaged"], voided_by__isnull=False)
                | Q(void_reason__in=["", "revoked"], voided_by__isnull=True),
                name="certificates_electronic_voided_by_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["issued_at"], name="certificates_electronic_issued"),
            models.Index(fields=["state"], condition=~Q(state="valid"), name="certificates_electronic_ended"),
            models.Index(
                fields=["person", "post_code"],
                include=["id", "issued_at", "replaces", "void_reason"],
                name="certificates_electronic_settle",
            ),
        ]

    def __str__(self) -> str:
        return self.number


def document_path(document: "CertificateDocument", filename: str) -> str:
    return f"documents/{document.certificate_id.hex[:2]}/{document.certificate_id.hex}-{document.version}.pdf"


class CertificateDocument(models.Model):
    """The signed PDF of one version of a certificate; made after the exchange, and again whenever it is missing."""

    certificate = models.ForeignKey(ElectronicCertificate, on_delete=models.PROTECT, related_name="documents")
    version = models.PositiveSmallIntegerField()
    file = models.FileField(upload_to=document_path, storage=EncryptedStorage(plain="%PDF-"))
    sha256 = models.CharField(max_length=64)
    rendered_at = models.DateTimeField()
    unprintable = models.CharField(max_length=100, blank=True, help_text="Characters that no font has.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["certificate", "version"], name="certificates_document_one_a_version"
            ),
        ]
        indexes = [
            models.Index(
                fields=["certificate"], condition=~Q(unprintable=""), name="certificates_document_unprint"
            ),
            models.Index(fields=["sha256"], name="certificates_document_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id} v{self.version}"

    @property
    def missing(self) -> str:
        """The characters that no font has, with their code points: a screen shows the same box for each of them."""
        return ", ".join(f"{character} (U+{ord(character):04X})" for character in self.unprintable)


class ArchiveCheck(models.Model):
    """The holder of a certificate that the national system lacks asks for a check of the files (1.1)."""

    class Outcome(models.TextChoices):
        PENDING = "pending", _("Pending")
        CONFIRMED = "confirmed", _("Confirmed")
        REJECTED = "rejected", _("Rejected")

    certificate = models.OneToOneField(
        LegacyCertificate, on_delete=models.PROTECT, related_name="archive_check"
    )
    requested_at = models.DateTimeField()
    papers_seen_on = models.DateField(null=True)
    papers_seen_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, help_text="When the window closed over a check still pending.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="pending") | Q(ended_at__isnull=True),
                name="certificates_archivecheck_ended_pending",
            ),
            models.CheckConstraint(
                condition=Q(outcome="pending", decided_at__isnull=True, decided_by__isnull=True)
                | Q(
                    outcome__in=["confirmed", "rejected"], decided_at__isnull=False, decided_by__isnull=False
                ),
                name="certificates_archivecheck_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(papers_seen_on__isnull=True, papers_seen_by__isnull=True)
                | Q(papers_seen_on__isnull=False, papers_seen_by__isnull=False),
                name="certificates_archivecheck_papers_seen_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="confirmed") | Q(papers_seen_on__isnull=False),
                name="certificates_archivecheck_confirmed_on_papers",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="rejected") | ~Q(reason=""),
                name="certificates_archivecheck_rejected_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.outcome}"


class ServiceKind(models.TextChoices):
    """What could be asked for on a legacy certificate until the end of 2020 (3.2)."""

    REPLACEMENT = "replacement", _("Replacement of a lost certificate")
    CHANGE = "change_of_information", _("Change of information")
    EXTENSION = "extension", _("Extension")
    CANCELLATION = "cancellation", _("Cancellation")


class LegacyServiceRequest(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("Open")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        ENDED = "ended", _("Ended with the window")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    certificate = models.ForeignKey(
        LegacyCertificate, on_delete=models.PROTECT, related_name="service_requests"
    )
    kind = models.CharField(max_length=24, choices=ServiceKind)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    explanation = models.TextField(max_length=1000)
    new_name = models.CharField(max_length=100, blank=True)
    new_employer = models.CharField(max_length=200, blank=True)
    new_expiry = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["certificate", "kind"],
                condition=Q(state="open"),
                name="certificates_service_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True, decided_by__isnull=True)
                | Q(state="ended", decided_at__isnull=False, decided_by__isnull=True)
                | Q(state__in=["approved", "refused"], decided_at__isnull=False, decided_by__isnull=False),
                name="certificates_service_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="certificates_service_nobody_decides_own",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(reason=""), name="certificates_service_refused_with_reason"
            ),
            models.CheckConstraint(
                condition=~Q(kind="change_of_information") | ~Q(new_name="") | ~Q(new_employer=""),
                name="certificates_service_change_says_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Ground(models.TextChoices):
    """For what a certificate may be made void under 2.1; the values are those of `VoidReason`."""

    HOURS = "hours", _("Too few hours over two years")
    NOT_ENGAGED = "not_engaged", _("Not working in the post")


class VoidingProposal(models.Model):
    """The way to a void certificate (2.1): proposed, objected to, confirmed by one reviewer, approved by another.

    A job may propose and withdraw; whatever takes a certificate away, or gives it back, carries two people's names.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Proposed")
        CONFIRMED = "confirmed", _("Waiting for a second person")
        APPROVED = "approved", _("Certificate void")
        DISMISSED = "dismissed", _("Dismissed")
        WITHDRAWN = "withdrawn", _("Withdrawn: the hours are there")
        REINSTATING = "reinstating", _("Reinstatement waiting for a second person")
        REINSTATED = "reinstated", _("Certificate reinstated")

    UNDECIDED = (State.OPEN, State.CONFIRMED)
    VOIDING = (State.APPROVED, State.REINSTATING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    certificate = models.ForeignKey(
        ElectronicCertificate, on_delete=models.PROTECT, related_name="voiding_proposals"
    )
    ground = models.CharField(max_length=12, choices=Ground)
    window_first = models.PositiveSmallIntegerField(
        null=True, help_text="Label of the failed window's first period."
    )
    window_second = models.PositiveSmallIntegerField(null=True)
    finding = models.TextField(
        blank=True, max_length=2000, help_text="What the reviewer found, for `not_engaged`."
    )
    found_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    objection_until = models.DateField(help_text="The last day, in Asia/Shanghai, for an objection.")
    objection = models.TextField(blank=True, max_length=2000)
    objected_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    dismissal_reason = models.TextField(blank=True, max_length=1000)
    withdrawn_at = models.DateTimeField(null=True)
    reinstatement_asked_at = models.DateTimeField(null=True)
    reinstatement_asked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reinstatement_reason = models.TextField(blank=True, max_length=1000)
    reinstated_at = models.DateTimeField(null=True)
    reinstated_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "open",
                        "confirmed",
                        "approved",
                        "dismissed",
                        "withdrawn",
                        "reinstating",
                        "reinstated",
                    ]
                ),
                name="certificates_voiding_state_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    ground="hours",
                    window_first__isnull=False,
                    window_second__isnull=False,
                    finding="",
                    found_by__isnull=True,
                )
                | (
                    Q(
                        ground="not_engaged",
                        window_first__isnull=True,
                        window_second__isnull=True,
                        found_by__isnull=False,
                    )
                    & ~Q(finding="")
                ),
                name="certificates_voiding_ground_with_facts",
            ),
            models.UniqueConstraint(
                fields=["certificate"],
                condition=Q(state__in=["open", "confirmed", "approved", "reinstating"]),
                name="certificates_voiding_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(objected_at__isnull=True, objection="")
                | (Q(objected_at__isnull=False) & ~Q(objection="")),
                name="certificates_voiding_objection_says_why",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{act}_at__isnull": True, f"{act}_by__isnull": True})
                    | Q(**{f"{act}_at__isnull": False, f"{act}_by__isnull": False}),
                    name=f"certificates_voiding_{act}_by_someone",
                )
                for act in ("confirmed", "approved", "dismissed", "reinstatement_asked", "reinstated")
            ),
            models.CheckConstraint(
                condition=Q(state="open", confirmed_at__isnull=True)
                | Q(
                    state__in=["confirmed", "approved", "reinstating", "reinstated"],
                    confirmed_at__isnull=False,
                )
                | Q(state__in=["dismissed", "withdrawn"]),
                name="certificates_voiding_confirmed_first",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["approved", "reinstating", "reinstated"], approved_at__isnull=False)
                | Q(state__in=["open", "confirmed", "dismissed", "withdrawn"], approved_at__isnull=True),
                name="certificates_voiding_approved_state",
            ),
            models.CheckConstraint(
                condition=(Q(state="dismissed", dismissed_at__isnull=False) & ~Q(dismissal_reason=""))
                | (~Q(state="dismissed") & Q(dismissed_at__isnull=True, dismissal_reason="")),
                name="certificates_voiding_dismissed_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False)
                | (~Q(state="withdrawn") & Q(withdrawn_at__isnull=True)),
                name="certificates_voiding_withdrawn_state",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=["reinstating", "reinstated"], reinstatement_asked_at__isnull=False)
                    & ~Q(reinstatement_reason="")
                )
                | (
                    ~Q(state__in=["reinstating", "reinstated"])
                    & Q(reinstatement_asked_at__isnull=True, reinstatement_reason="")
                ),
                name="certificates_voiding_reinstating_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="reinstated", reinstated_at__isnull=False)
                | (~Q(state="reinstated") & Q(reinstated_at__isnull=True)),
                name="certificates_voiding_reinstated_state",
            ),
            models.CheckConstraint(
                condition=~Q(approved_by=F("confirmed_by")),
                name="certificates_voiding_confirmer_never_approves",
            ),
            models.CheckConstraint(
                condition=~Q(approved_by=F("found_by")), name="certificates_voiding_finder_never_approves"
            ),
            models.CheckConstraint(
                condition=~Q(reinstated_by=F("reinstatement_asked_by")),
                name="certificates_voiding_reinstated_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "opened_at"], name="certificates_voiding_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.ground} {self.state}"


def evidence_path(evidence: "VoidingEvidence", filename: str) -> str:
    return f"evidence/{evidence.id.hex[:2]}/{evidence.id.hex}"


class VoidingEvidence(models.Model):
    """A file that a holder gives with an objection, or a reviewer with a finding. Encrypted on disk, never changed."""

    class Format(models.TextChoices):
        JPEG = "image/jpeg", "JPEG"
        PNG = "image/png", "PNG"
        PDF = "application/pdf", "PDF"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    proposal = models.ForeignKey(VoidingProposal, on_delete=models.PROTECT, related_name="evidence")
    file = models.FileField(upload_to=evidence_path, storage=EncryptedStorage())
    content_type = models.CharField(max_length=20, choices=Format)
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(content_type__in=["image/jpeg", "image/png", "application/pdf"]),
                name="certificates_evidence_format_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class DailyRun(models.Model):
    """A piece of work that is done once a day: when its turn of a day was completed."""

    name = models.CharField(max_length=40)
    day = models.DateField()
    completed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "day"], name="certificates_dailyrun_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.day}"


class WindowClosing(models.Model):
    """The closing of the exchange window (1.2): one row a deadline, with the report that is kept."""

    closes_on = models.DateField(unique=True)
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    report = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(report__isnull=False),
                name="certificates_windowclosing_completed_with_report",
            )
        ]

    def __str__(self) -> str:
        return str(self.closes_on)


class StandingStatus(models.TextChoices):
    """`education.rules.Status`, for people."""

    NOT_DUE = "not_due", _("Not due yet")
    ON_TRACK = "on_track", _("On track")
    AT_RISK = "at_risk", _("At risk")
    LAPSED = "lapsed", _("Lapsed")


class CertificateStanding(models.Model):
    """Where a certificate stands with continuing education (2.1, 3.1a), and the sums that it follows from.

    The answer of `education.rules.ce_standing` for each day from `settled_on` to the one before `changes_on`, as long
    as no record comes. Hours are tenths; a period is its place in the arrays, from the first one to the current one: at
    `settled_on`, for a certificate that has lapsed is not written again as further periods begin.
    """

    electronic = models.OneToOneField(
        ElectronicCertificate, null=True, on_delete=models.CASCADE, related_name="standing"
    )
    legacy = models.OneToOneField(
        LegacyCertificate, null=True, on_delete=models.CASCADE, related_name="standing"
    )
    status = models.CharField(max_length=10, choices=StandingStatus)
    lapsed_on = models.DateField(
        null=True,
        help_text="By a failed window. Whoever left the post is lapsed on whatever day is asked about.",
    )
    needed_hours = models.PositiveIntegerField(null=True)
    needed_professional_hours = models.PositiveIntegerField(null=True)
    needed_by = models.DateField(null=True)
    first_start = models.DateField(help_text="First day of the first period, which is called by its year.")
    hours = ArrayField(models.PositiveIntegerField())
    professional_hours = ArrayField(models.PositiveIntegerField())
    timely_hours = ArrayField(
        models.PositiveIntegerField(),
        help_text="`hours` without what came after the window was decided that the period ends.",
    )
    engaged = models.BooleanField()
    lapses_on = models.DateField(
        null=True, help_text="When the first window that is short so far fails, or has failed."
    )
    recount_on = models.DateField(null=True, help_text="When the first record ends that lies ahead still.")
    changes_on = models.DateField(
        help_text="The next day on which the calendar alone may change something here."
    )
    settled_on = models.DateField(help_text="The day, and the day of the policy, of the answer.")
    pack = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(electronic__isnull=False, legacy__isnull=True)
                | Q(electronic__isnull=True, legacy__isnull=False),
                name="certificates_standing_of_one",
            ),
            models.CheckConstraint(
                condition=Q(status__in=StandingStatus.values), name="certificates_standing_status_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["on_track", "at_risk"],
                    needed_hours__isnull=False,
                    needed_professional_hours__isnull=False,
                    needed_by__isnull=False,
                )
                | Q(
                    status__in=["not_due", "lapsed"],
                    needed_hours__isnull=True,
                    needed_professional_hours__isnull=True,
                    needed_by__isnull=True,
                ),
                name="certificates_standing_needed_when_due",
            ),
            models.CheckConstraint(
                condition=Q(hours__len=F("professional_hours__len"), timely_hours__len=F("hours__len")),
                name="certificates_standing_sums_of_same_periods",
            ),
        ]
        indexes = [
            models.Index(fields=["changes_on"], name="certificates_standing_changes"),
            models.Index(fields=["status"], name="certificates_standing_status"),
        ]

    def __str__(self) -> str:
        return f"{self.electronic_id or self.legacy_id} {self.status}"


class SettlementRun(models.Model):
    """One settlement of everybody: for which day, under which values, and how much it changed."""

    as_of = models.DateField()
    pack = models.CharField(max_length=60)
    rules = models.CharField(max_length=64, help_text="Fingerprint of the education values in force.")
    recounted = models.BooleanField(help_text="Whether every record was added up again.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    rows_seen = models.PositiveIntegerField()
    rows_written = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__gte=F("started_at"), rows_written__lte=F("rows_seen")),
                name="certificates_settlementrun_adds_up",
            )
        ]

    def __str__(self) -> str:
        return f"{self.as_of}: {self.rows_written} of {self.rows_seen}"
