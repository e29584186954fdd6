"""What a leaf commits to: a statement about one change, with a salt, so that its hash tells nobody anything.

A statement is written from the rows as they are. Whoever changes one behind the portal's back changes the statement, and
the leaf no longer fits it.
"""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from certificates.credentials.models import CertificateVersion
from certificates.log.models import LogRecord
from certificates.models import LegacyCertificate, WindowClosing


def statement(record: LogRecord) -> dict[str, Any]:
    """Return what ``record`` states. Reads the version with certificate and photo, or the paper, or the closing."""
    told = {"kind": record.kind, "at": _moment(record.at), "state": record.state, "reason": record.reason}
    if record.version:
        return told | _of_version(record.version)
    told |= {"salt": _text(record.salt)}
    return told | (_of_paper(record.paper) if record.paper else _of_closing(record.closing))


def commitment(told: dict[str, Any]) -> bytes:
    """Return SHA-256 of the statement as JSON: keys in order, no spaces, UTF-8."""
    return sha256(canonical(told)).digest()


def canonical(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _of_version(version: CertificateVersion) -> dict[str, Any]:
    return {
        "number": version.certificate.number,
        "version": version.version,
        "person": version.certificate.person_id.hex,
        "holder": version.holder_name,
        "identity": version.masked_id,
        "post": version.post_code,
        "photo": version.photo.sha256,
        "issued": _moment(version.issued_at),
        "salt": _text(version.commitment_salt),
    }


def _of_paper(paper: LegacyCertificate) -> dict[str, Any]:
    successor = getattr(paper, "replaced_by", None)
    return {"paper": paper.number, "replaced_by": successor.number if successor else None}


def _of_closing(closing: WindowClosing | None) -> dict[str, Any]:
    if closing is None:
        raise ValueError("A record is about a version, a paper or a closing.")
    return {
        "closes_on": closing.closes_on.isoformat(),
        "report": sha256(canonical(closing.report)).hexdigest(),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _text(salt: "bytes | memoryview[int]") -> str:
    return urlsafe_b64encode(bytes(salt)).rstrip(b"=").decode()
