"""How often a certificate was checked."""

from datetime import date, timedelta
from uuid import UUID

from django.db.models import Sum

from certificates.checks.models import VerificationCount

RECENT_DAYS = 30


def checks_recently(subject_id: UUID, *, today: date) -> dict[str, int]:
    """Return the checks of the last `RECENT_DAYS` days, and of all time, as far as they are written down by now."""
    counts = VerificationCount.objects.filter(subject_id=subject_id)
    recent = counts.filter(day__gt=today - timedelta(days=RECENT_DAYS))
    return {
        "days": RECENT_DAYS,
        "recent": recent.aggregate(total=Sum("checks"))["total"] or 0,
        "ever": counts.aggregate(total=Sum("checks"))["total"] or 0,
    }
