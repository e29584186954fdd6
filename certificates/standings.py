"""Reads of the stored standings (2.1, 3.1a)."""

from datetime import date

from django.db.models import QuerySet

from certificates.ledger import Kind
from certificates.models import ElectronicCertificate, LegacyCertificate
from portal.policy import day_of


def safety_officers() -> "QuerySet[LegacyCertificate]":
    """Return the paper certificates that stay in use with continuing education (3.1a)."""
    return LegacyCertificate.objects.filter(kind="safety_officer", status="active")


def earliest_issue(kind: Kind) -> date | None:
    """Return the first day on which a certificate under continuing education was issued."""
    if kind == "safety_officer":
        officer = safety_officers().order_by("issued_on").first()
        return officer.issued_on if officer else None
    electronic = ElectronicCertificate.objects.order_by("issued_at").first()
    return day_of(electronic.issued_at) if electronic else None
