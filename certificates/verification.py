"""Anyone types a number, old or new, and gets a truthful answer; the holder stays masked."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from certificates.credentials.token import TokenFacts
from certificates.models import (
    CertificateState,
    CertificateVersion,
    ElectronicCertificate,
    LegacyCertificate,
    LegacyStatus,
)
from certificates.numbers import normalise_number
from certificates.selectors import ce_records_of, electronic_standing
from portal.limits import Limit
from portal.masking import mask_name
from portal.policy import day_of

VERIFY_LIMIT = Limit("verify", "30/minute")
"""How often one address may ask, by page and API together: enough for a queue at a gate, too little to harvest names."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What can be said about a number at ``as_of``.

    ``state``: valid, expired, suspended, void or unknown. ``reason`` for a void one: exchanged, hours, not_engaged,
    revoked, or cancelled (a paper certificate, 3.2). ``education`` is the holder's standing with 2.1, electronic ones only.
    """

    number: str
    state: str
    as_of: datetime
    kind: str | None = None
    holder: str | None = None
    post: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    replaced_by: str | None = None
    replaced_on: date | None = None
    education: str | None = None
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer for JSON."""
        return {
            "number": self.number,
            "state": self.state,
            "holder": self.holder,
            "post": self.post,
            "issued_on": self.issued_on and self.issued_on.isoformat(),
            "replaced_by": self.replaced_by,
            "education": self.education,
            "reason": self.reason,
            "as_of": self.as_of.isoformat(),
        }


def verify(number: str, *, at: datetime) -> Verification:
    """Return what is true of ``number``, in whatever spelling it was typed, at the moment ``at``."""
    key = normalise_number(number)[:60]
    electronic = ElectronicCertificate.objects.select_related("person").filter(number=key).first()
    if electronic:
        return _electronic(electronic, at)
    paper = LegacyCertificate.objects.select_related("replaced_by").filter(number_key=key).first()
    return _paper(paper, at) if paper else Verification(number=key, state="unknown", as_of=at)


@dataclass(frozen=True, kw_only=True)
class Printed:
    """What the code on a certificate says, which the issuer signed; the version may have been replaced since."""

    token: TokenFacts
    superseded_at: datetime | None


def printed(token: TokenFacts) -> Printed:
    """Return what ``token`` says, and since when its version is no longer the one in force."""
    version = CertificateVersion.objects.filter(
        certificate__number=token.number, version=token.version
    ).first()
    return Printed(token=token, superseded_at=version.superseded_at if version else None)


def _electronic(certificate: ElectronicCertificate, at: datetime) -> Verification:
    standing = electronic_standing(certificate, ce_records_of(certificate.person), at=at)
    return Verification(
        number=certificate.number,
        state=CertificateState(certificate.state).value,
        as_of=at,
        kind="electronic",
        holder=mask_name(certificate.holder_name),
        post=certificate.post_code,
        issued_on=day_of(certificate.issued_at),
        education=standing.status.value,
        reason=certificate.void_reason or None,
    )


def _paper(paper: LegacyCertificate, at: datetime) -> Verification:
    successor = paper.replaced_by if paper.status == LegacyStatus.EXCHANGED else None
    state, reason = paper_state(paper, at)
    return Verification(
        number=paper.number,
        state=state,
        as_of=at,
        kind=paper.kind,
        holder=mask_name(paper.holder_name),
        post=paper.post_code,
        issued_on=paper.issued_on,
        expires_on=paper.expires_on,
        replaced_by=successor.number if successor else None,
        replaced_on=day_of(successor.issued_at) if successor else None,
        reason=reason,
    )


def paper_state(paper: LegacyCertificate, at: datetime) -> tuple[str, str | None]:
    """Return the state of a paper certificate at ``at``, and for a void one the reason."""
    match paper.status:
        case LegacyStatus.EXCHANGED:
            return "void", "exchanged"
        case LegacyStatus.VOID:
            return "void", "cancelled"
    if paper.expires_on and paper.expires_on < day_of(at):
        return "expired", None
    return "valid", None
