"""What a leaf commits to: a statement about one change, with a salt, so that its hash tells nobody anything.

A statement is written from the rows as they are: of each, the columns that never change again. Whoever changes one behind
the portal's back changes the statement, and the leaf no longer fits it. What may change (a state, the version in force)
stands in the record itself, and the audit holds the rows against the last word of the log.
"""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from certificates.credentials.models import CertificateVersion
from certificates.log.models import LogRecord
from certificates.models import CertificateDocument, LegacyCertificate, WindowClosing

PAPER_COLUMNS = (
    "person_id", "holder_name", "number_key", "kind", "post_code", "issuer", "issuer_name", "issued_on", "expires_on",
    "employer_name", "employer_code", "area_code", "in_national_system", "imported_at", "corrected_at",
)  # fmt: skip
"""A paper's row besides its number and what the kind of the leaf says: once ended, none of it changes (by trigger)."""


def statement(record: LogRecord) -> dict[str, Any]:
    """Return what ``record`` states. Reads the version with certificate, paper and photo, or the paper, or the closing."""
    told: dict[str, Any] = {
        "kind": record.kind,
        "at": _moment(record.at),
        "state": record.state,
        "reason": record.reason,
    }
    if record.format > 1:
        told |= {"format": record.format, **record.facts}
    if record.version:
        return told | _of_version(record.version, record.format)
    told |= {"salt": _text(record.salt)}
    if record.paper:
        return told | _of_paper(record.paper, record.format)
    return told | _of_closing(record.closing, record.format)


def document_facts(document: CertificateDocument) -> dict[str, str]:
    """Return what a leaf tells of a signed PDF: its SHA-256, the name of its file, characters that no font has."""
    return {
        "document": document.sha256,
        "file": str(document.file.name),
        "unprintable": document.unprintable,
    }


def commitment(told: dict[str, Any]) -> bytes:
    """Return SHA-256 of the statement as JSON: keys in order, no spaces, UTF-8."""
    return sha256(canonical(told)).digest()


def canonical(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _of_version(version: CertificateVersion, form: int) -> dict[str, Any]:
    certificate = version.certificate
    told: dict[str, Any] = {
        "number": certificate.number,
        "version": version.version,
        "person": certificate.person_id.hex,
        "holder": version.holder_name,
        "identity": version.masked_id,
        "post": version.post_code,
        "photo": version.photo.sha256,
        "issued": _moment(version.issued_at),
        "salt": _text(version.commitment_salt),
    }
    if form > 1:
        told["place"] = [version.status_list, version.status_index]
        told["replaces"] = certificate.replaces.number if certificate.replaces else None
    return told


def _of_paper(paper: LegacyCertificate, form: int) -> dict[str, Any]:
    successor = getattr(paper, "replaced_by", None)
    told = {"paper": paper.number, "replaced_by": successor.number if successor else None}
    return (
        told | {"row": {name: _plain(getattr(paper, name)) for name in PAPER_COLUMNS}} if form > 1 else told
    )


def _of_closing(closing: WindowClosing | None, form: int) -> dict[str, Any]:
    if closing is None:
        raise ValueError("A record is about a version, a paper or a closing.")
    told: dict[str, Any] = {
        "closes_on": closing.closes_on.isoformat(),
        "report": sha256(canonical(closing.report)).hexdigest(),
    }
    if form > 1:
        told |= {"started": _moment(closing.started_at), "completed": _plain(closing.completed_at)}
    return told


def _plain(value: object) -> str | bool | None:
    """Write a column for JSON."""
    if isinstance(value, datetime):
        return _moment(value)
    return value if value is None or isinstance(value, bool) else str(value)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _text(salt: "bytes | memoryview[int]") -> str:
    return urlsafe_b64encode(bytes(salt)).rstrip(b"=").decode()
