"""A PDF that somebody was given: is it ours, unaltered, and what is it worth today? The file is looked at, not kept."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from django.conf import settings

from certificates.checks.comparison import PrintedFacts, printed_on_version
from certificates.credentials.jose import SignatureError, verify_jwt
from certificates.credentials.keys import public_keys, trusted_certificates
from certificates.credentials.open_badge import TYPE
from certificates.documents.attachment import NoCredentialError, attached_credential
from certificates.documents.judge import pdf_judge
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
    """Judge a file: ours if it is kept here byte for byte, else by its signature, whichever certificate made that."""
    if document := _kept(pdf):
        return _ours(document.certificate.number, document.version)
    authorities = settings.TIMESTAMP_CERTIFICATE.encode()
    reason = pdf_judge(
        pdf,
        trusted=trusted_certificates(),
        timestamp_certificates=x509.load_pem_x509_certificates(authorities) if authorities else (),
    )
    if reason != "ok":
        return FileAnswer(verdict=FileVerdict(reason))
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


def _kept(pdf: bytes) -> CertificateDocument | None:
    """Return the document that ``pdf`` is byte for byte."""
    documents = CertificateDocument.objects.select_related("certificate")
    return documents.filter(sha256=hashlib.sha256(pdf).hexdigest()).first()
