"""What this room holds about a person (see `portal.mydata`)."""

from django.utils.translation import gettext_lazy as _

from certificates.models import ArchiveCheck, LegacyServiceRequest
from certificates.selectors import electronics_of, papers_of
from portal.accounts.models import Person
from portal.mydata import Holding, Row, register_holding


def _papers(person: Person) -> list[Row]:
    return [
        {
            "number": paper.number,
            "holder_name": paper.holder_name,
            "kind": paper.kind,
            "post_code": paper.post_code,
            "issuer": paper.issuer_name,
            "issued_on": paper.issued_on,
            "expires_on": paper.expires_on,
            "employer_name": paper.employer_name,
            "area_code": paper.area_code,
            "in_national_system": paper.in_national_system,
            "status": paper.status,
        }
        for paper in papers_of(person)
    ]


def _electronics(person: Person) -> list[Row]:
    return [
        {
            "number": certificate.number,
            "holder_name": certificate.holder_name,
            "post_code": certificate.post_code,
            "issued_at": certificate.issued_at,
            "state": certificate.state,
            "void_reason": certificate.void_reason,
            "replaces": certificate.replaces.number if certificate.replaces else None,
        }
        for certificate in electronics_of(person)
    ]


def _requests(person: Person) -> list[Row]:
    checks = ArchiveCheck.objects.filter(certificate__person=person).select_related("certificate")
    services = LegacyServiceRequest.objects.filter(certificate__person=person).select_related("certificate")
    return [
        *(
            {
                "request": "archive_check",
                "number": check.certificate.number,
                "asked_at": check.requested_at,
                "originals_seen_on": check.papers_seen_on,
                "outcome": check.outcome,
                "decided_at": check.decided_at,
                "reason": check.reason,
            }
            for check in checks.order_by("requested_at")
        ),
        *(
            {
                "request": service.kind,
                "number": service.certificate.number,
                "asked_at": service.requested_at,
                "explanation": service.explanation,
                "new_name": service.new_name,
                "new_employer": service.new_employer,
                "outcome": service.state,
                "decided_at": service.decided_at,
                "reason": service.reason,
            }
            for service in services.order_by("requested_at")
        ),
    ]


def register() -> None:
    by_service = _(
        "Ask for a change of information on the certificate’s page, while that service is open (3.2)."
    )
    register_holding(
        Holding(
            code="paper_certificates",
            label=_("Paper certificates under your ID number"),
            rows=_papers,
            correction=by_service,
            url_name="worker-home",
        )
    )
    register_holding(
        Holding(
            code="electronic_certificates",
            label=_("Electronic certificates"),
            rows=_electronics,
            correction=_("If something on it is wrong, tell the department; the address is under contact."),
            url_name="worker-home",
        )
    )
    register_holding(
        Holding(
            code="requests",
            label=_("What you asked for, and the answers"),
            rows=_requests,
            url_name="worker-home",
        )
    )
