"""What a certificate says: everything that is printed, and nothing that must be looked up."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class EducationDuty:
    """The yearly duty printed on the certificate (clause 2.1); hours are whole hours."""

    first_year: int
    hours: int
    professional_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateContent:
    """Content of one version of one certificate.

    ``masked_id`` is the resident ID as it may be shown; the full number never comes here. ``issued_on`` is a day in
    Asia/Shanghai. ``photo`` is a JPEG file. ``replaces`` is the number of the paper certificate that became void.
    ``qr_payload`` is what the QR symbol holds; ``verify_url`` is the address printed below it. ``licence_identifier``
    follows GB/T 36904. ``credential`` is the machine-readable certificate, which the file carries as an attachment.
    """

    number: str
    version: int
    holder_name: str
    masked_id: str
    post_code: str
    post_name_zh: str
    post_name_en: str
    issued_on: date
    issuer_zh: str
    issuer_en: str
    portal_zh: str
    portal_en: str
    education: EducationDuty
    verify_url: str
    qr_payload: str
    licence_identifier: str
    credential: str = field(repr=False)
    photo: bytes = field(repr=False)
    replaces: str | None = None
