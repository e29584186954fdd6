"""A PDF that somebody was given: is it ours, unaltered, and what is it worth today? The file is looked at, not kept."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from django.conf import settings

from certificates.checks.comparison import PrintedFacts, printed_on_version
from certificates.credentials.jose import SignatureError, verify_jwt
from certificates.credentials.keys import public_keys
from certificates.credentials.open_badge import TYPE
from certificates.documents.attachment import NoCredentialError, attached_credential
from certificates.documents.signing import validate_pdf
from certificates.models import CertificateDocument
from certificates.verification import Verification, verify

LARGEST = 2 * 1024 * 1024  # bytes; a certificate has 65 KB


class FileVerdict(StrEnum):
    OURS = "ours"
    ALTERED = "altered"
    UNSIGNED = "unsigned"
    UNTRUSTED = "untrusted"
    UNREADABLE = "unreadable"
    NO_CERTIFICATE = "no_certificate"


@dataclass(frozen=True, kw_only=True)
class FileAnswer:
    """``verification`` and ``printed`` only for a file that is ours and unaltered."""

    verdict: FileVerdict
    verification: Verification | None = None
    printed: PrintedFacts | None = None


def file_check(pdf: bytes) -> FileAnswer:
    """Judge a file. Byte for byte one that was issued here is ours, whichever certificate signs today."""
    document = CertificateDocument.objects.select_related("certificate").filter(sha256=_digest(pdf)).first()
    if document:
        return _ours(document.certificate.number, document.version)
    trusted, *_ = x509.load_pem_x509_certificates(settings.ISSUER_CERTIFICATE.encode())
    authorities = settings.TIMESTAMP_CERTIFICATE.encode()
    report = validate_pdf(
        pdf,
        trusted,
        timestamp_certificates=x509.load_pem_x509_certificates(authorities) if authorities else (),
    )
    if not report.accepted:
        return FileAnswer(verdict=FileVerdict(report.reason))
    try:
        credential = verify_jwt(attached_credential(pdf), public_keys(), typ=TYPE)
        number, version = credential["credentialSubject"]["licenseNumber"], credential["certificateVersion"]
    except (NoCredentialError, SignatureError, KeyError, TypeError):
        return FileAnswer(verdict=FileVerdict.NO_CERTIFICATE)
    return _ours(number, version)


def _ours(number: str, version: int) -> FileAnswer:
    return FileAnswer(
        verdict=FileVerdict.OURS, verification=verify(number), printed=printed_on_version(number, version)
    )


def _digest(pdf: bytes) -> str:
    return hashlib.sha256(pdf).hexdigest()
