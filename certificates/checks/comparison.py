"""What is printed, for whoever holds a certificate: by the token in its QR symbol, or its number with the full name."""

from dataclasses import dataclass
from datetime import date, datetime

from certificates.models import CertificateVersion, LegacyCertificate
from certificates.numbers import normalise_number
from portal.identity import same_name
from portal.limits import Limit
from portal.policy import day_of

NAME_LIMIT = Limit("verify-name", "20/hour")
"""How often one address may try a name, and how often anybody may with one number: too little to try names out."""


@dataclass(frozen=True, kw_only=True)
class PrintedFacts:
    """What one version of a certificate, or a paper, says."""

    holder: str
    masked_id: str
    post: str
    issued_on: date
    version: int | None = None
    superseded_at: datetime | None = None


def printed_under_name(number: str, name: str) -> PrintedFacts | None:
    """Return what is printed on the certificate ``number``, present version or paper, if its holder is ``name``."""
    key = normalise_number(number)
    versions = CertificateVersion.objects.select_related("certificate").filter(certificate__number=key)
    for version in versions.order_by("-version"):
        if same_name(version.holder_name, name):
            return _of_version(version)
    paper = LegacyCertificate.objects.select_related("person").filter(number_key=key).first()
    if paper and same_name(paper.holder_name, name):
        return PrintedFacts(
            holder=paper.holder_name,
            masked_id=paper.person.masked_id_number,
            post=paper.post_code,
            issued_on=paper.issued_on,
        )
    return None


def printed_on_version(number: str, version: int) -> PrintedFacts | None:
    """Return what is printed on a version whose signed token or credential was shown."""
    found = CertificateVersion.objects.select_related("certificate").filter(
        certificate__number=number, version=version
    )
    return _of_version(found[0]) if found else None


def _of_version(version: CertificateVersion) -> PrintedFacts:
    return PrintedFacts(
        holder=version.holder_name,
        masked_id=version.masked_id,
        post=version.post_code,
        issued_on=day_of(version.certificate.issued_at),
        version=version.version,
        superseded_at=version.superseded_at,
    )
