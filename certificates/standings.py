"""Reads of the stored standings (2.1, 3.1a)."""

from datetime import date, datetime

from django.db.models import Min, QuerySet

from certificates.ledger import Kind
from certificates.models import ElectronicCertificate, LegacyCertificate
from portal.policy import day_of


def safety_officers() -> "QuerySet[LegacyCertificate]":
    """Return the paper certificates that stay in use with continuing education (3.1a)."""
    return LegacyCertificate.objects.filter(kind="safety_officer", status="active")


def earliest_issue(kind: Kind) -> date | None:
    """Return the first day on which a certificate under continuing education was issued."""
    issued = (
        safety_officers().aggregate(first=Min("issued_on"))
        if kind == "safety_officer"
        else ElectronicCertificate.objects.aggregate(first=Min("issued_at"))
    )
    first: date | None = issued["first"]
    return day_of(first) if isinstance(first, datetime) else first
