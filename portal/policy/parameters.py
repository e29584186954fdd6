"""The parameters that the rules use, typed: one section of a policy pack is one dataclass, one key one field."""

# ruff: noqa: RUF009 - `value` declares a field, it does not compute a default

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from portal.policy.forms import (
    AREAS,
    BYTES,
    COUNT,
    DATE,
    DATE_OR_NONE,
    DAYS,
    FLAG,
    HOURS,
    LICENCE_ISSUER,
    LICENCE_TYPE,
    NAMED,
    NUMBER_PATTERN,
    OTHER_POSTS,
    PERCENT,
    PIXELS,
    POSTS,
    REMINDER_DAYS,
    TEXT,
    YEARS,
    Form,
    Named,
    Text,
    choice,
    digits,
    words,
)

T = TypeVar("T")

CERTIFICATE_KINDS = ("post_training", "enterprise_post", "safety_officer")
LEGACY_SERVICES = ("replacement", "change_of_information", "extension", "cancellation")


def value(form: Form[T]) -> T:
    """Declare a parameter with the form in which a pack writes it."""
    declared: Any = field(metadata={"form": form})
    return declared  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvinceParameters:
    """Who runs the portal, and where."""

    name: Text = value(TEXT)
    department: Text = value(TEXT)
    portal: Text = value(TEXT)
    archive_desk: Text = value(TEXT)
    areas: tuple[Named, ...] = value(AREAS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeParameters:
    """Which legacy certificates may be exchanged, until when, and after how much education (1.1–1.3)."""

    window_end: date = value(DATE)
    """The last day, in Asia/Shanghai, on which an exchange is possible."""
    archive_check_deadline: date | None = value(DATE_OR_NONE)
    """The last day for asking and for showing the papers; None where the province has no archive check."""
    issue_years: tuple[int, ...] = value(YEARS)
    issuer: Named = value(NAMED)
    posts: tuple[Named, ...] = value(POSTS)
    certificate_kinds: tuple[str, ...] = value(words(*CERTIFICATE_KINDS))
    hours: Decimal = value(HOURS)
    professional_hours: Decimal = value(HOURS)
    assessment_required: bool = value(FLAG)

    def post(self, code: str) -> Named | None:
        """Return the post with this code, or None when the province has no such post."""
        return next((post for post in self.posts if post.code == code), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EducationParameters:
    """How much continuing education (CE) a holder owes, and how it is counted (2.1, 2.2)."""

    annual_hours: Decimal = value(HOURS)
    annual_professional_hours: Decimal = value(HOURS)
    two_year_hours: Decimal = value(HOURS)
    period_basis: str = value(choice("calendar", "anniversary"))
    first_period_after_exchange: str = value(
        choice("year_after_issue", "one_year_after_issue", "day_after_issue")
    )
    first_period_after_training: str = value(
        choice("year_after_issue", "one_year_after_issue", "day_after_issue")
    )
    two_year_window: str = value(choice("rolling"))
    carry_over: str = value(choice("none"))
    period_cap: str = value(choice("none"))
    make_up_allowed: bool = value(FLAG)
    grace_days: int = value(DAYS)
    shared_basics: bool = value(FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchParameters:
    """How often an institution reports (2.2), and for which posts beside those of the exchange (3.1a)."""

    per_month: int = value(COUNT)
    safety_officer_posts: tuple[Named, ...] = value(OTHER_POSTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyServiceParameters:
    """Which services for legacy certificates exist, and until when (3.2)."""

    end: date = value(DATE)
    """The last day, in Asia/Shanghai, on which a service may be asked for."""
    services: tuple[str, ...] = value(words(*LEGACY_SERVICES))
    certificate_kinds: tuple[str, ...] = value(words(*CERTIFICATE_KINDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidingParameters:
    """How a certificate is made void for want of hours or for leaving the post (2.1)."""

    objection_days: int = value(DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTargetParameters:
    """Within how many days the office means to decide."""

    batch_review_days: int = value(DAYS)
    archive_check_days: int = value(DAYS)
    legacy_service_days: int = value(DAYS)
    voiding_review_days: int = value(DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderParameters:
    """When holders are reminded of a date."""

    days: tuple[int, ...] = value(REMINDER_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateNumberParameters:
    """How the number of an electronic certificate is made."""

    issuer_prefix: str = value(digits(2))
    pattern: str = value(NUMBER_PATTERN)
    """For `portal.policy.numbering.number_pattern`."""
    licence_type_code: str = value(LICENCE_TYPE)
    """The kind of licence (GB/T 36903): the code of who defined it and three digits."""
    licence_issuer_code: str = value(LICENCE_ISSUER)
    """The issuer's unified social credit code, as GB/T 36904 wants it in the licence identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewParameters:
    """What makes a reported row or batch unusual."""

    unusual_daily_hours: Decimal = value(HOURS)
    impossible_daily_hours: Decimal = value(HOURS)
    large_batch_rows: int = value(COUNT)
    sample_percent: int = value(PERCENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoParameters:
    """Which photos are accepted (1.3)."""

    max_bytes: int = value(BYTES)
    max_pixels: int = value(PIXELS)
    min_width: int = value(PIXELS)
    min_height: int = value(PIXELS)
    ratio_width: int = value(COUNT)
    ratio_height: int = value(COUNT)
    ratio_tolerance_percent: int = value(PERCENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionParameters:
    """After how many days what is no longer needed is deleted. The history of events is never among it."""

    read_notice_days: int = value(DAYS)
    abandoned_batch_days: int = value(DAYS)
    decided_batch_days: int = value(DAYS)
    claim_days: int = value(DAYS)
    idempotency_key_days: int = value(DAYS)
    ended_token_days: int = value(DAYS)
    job_failure_days: int = value(DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The parameters in force on one day."""

    pack: str
    date: date
    province: ProvinceParameters
    exchange: ExchangeParameters
    education: EducationParameters
    batches: BatchParameters
    legacy_services: LegacyServiceParameters
    voiding: VoidingParameters
    service_targets: ServiceTargetParameters
    reminders: ReminderParameters
    certificate_number: CertificateNumberParameters
    review: ReviewParameters
    photo: PhotoParameters
    retention: RetentionParameters


SECTIONS: dict[str, type] = {
    "province": ProvinceParameters,
    "exchange": ExchangeParameters,
    "education": EducationParameters,
    "batches": BatchParameters,
    "legacy_services": LegacyServiceParameters,
    "voiding": VoidingParameters,
    "service_targets": ServiceTargetParameters,
    "reminders": ReminderParameters,
    "certificate_number": CertificateNumberParameters,
    "review": ReviewParameters,
    "photo": PhotoParameters,
    "retention": RetentionParameters,
}
