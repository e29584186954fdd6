"""``manage.py verify FILE.pdf|TOKEN``: is it the issuer's, unaltered and, by a snapshot, in force? Needs no network."""

import json
from argparse import ArgumentParser
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from certificates.credentials.jose import Keys, SignatureError, verify_jwt
from certificates.credentials.keys import configured_keys
from certificates.credentials.offline import Snapshot, Status, keys_read, snapshot_read
from certificates.credentials.open_badge import TYPE
from certificates.credentials.token import token_read
from certificates.documents.attachment import NoCredentialError, attached_credential
from certificates.documents.signing import validate_pdf
from certificates.numbers import grouped
from portal import clock
from portal.policy import SHANGHAI, day_of

REFUSED, NOT_IN_FORCE = 1, 2


@dataclass(frozen=True, slots=True)
class Findings:
    """What the signed text says, and its place in the status lists."""

    number: str
    version: int
    holder: str
    post: str
    issued_on: date
    page: int
    place: int


class Command(BaseCommand):
    help = "Check a certificate's PDF, or the text of its QR code, without a network; 0 good, 1 refused, 2 not in force."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", metavar="FILE.pdf|TOKEN")
        parser.add_argument(
            "--snapshot", type=Path, help="from /api/v1/status-lists/snapshot; tells what is void"
        )
        parser.add_argument(
            "--keys", type=Path, help="from /.well-known/jwks.json; else the keys of the settings"
        )
        parser.add_argument(
            "--certificate",
            type=Path,
            help="the issuer's, PEM, one or more, for a PDF; else that of the settings",
        )

    def handle(self, *, what: str, **options: Any) -> None:
        try:
            keys = _keys(options["keys"])
            snapshot = _snapshot(options["snapshot"], keys)
            findings = _find(what, snapshot.keys if snapshot else keys, options["certificate"])
        except (SignatureError, NoCredentialError) as error:
            raise CommandError(_("Refused: %(why)s") % {"why": error}, returncode=REFUSED) from error
        except (OSError, ValueError) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        self._report(findings, snapshot)

    def _report(self, findings: Findings, snapshot: Snapshot | None) -> None:
        self.stdout.write(_("Signed by the issuer, unaltered."))
        for name, value in (
            (_("Certificate number"), f"{grouped(findings.number)} v{findings.version}"),
            (_("Holder"), findings.holder),
            (_("Post"), findings.post),
            (_("Issued on"), findings.issued_on.isoformat()),
        ):
            self.stdout.write(f"  {name}: {value}")
        if snapshot is None:
            self.stdout.write(_("Not checked: whether it is still in force. Give a snapshot."))
            return
        status = snapshot.status(page=findings.page, place=findings.place, issued_on=findings.issued_on)
        self.stdout.write(_says(status))
        self.stdout.write(_age(snapshot.taken_at))
        if status in {Status.REVOKED, Status.SUSPENDED}:
            raise SystemExit(NOT_IN_FORCE)


def _keys(path: Path | None) -> Keys:
    return keys_read(json.loads(path.read_text("utf-8"))) if path else configured_keys()


def _snapshot(path: Path | None, keys: Keys) -> Snapshot | None:
    return snapshot_read(path.read_text("ascii"), keys) if path else None


def _find(what: str, keys: Keys, certificate: Path | None) -> Findings:
    if not what.lower().endswith(".pdf"):
        token = token_read(what, keys)
        return Findings(
            token.number, token.version, token.holder, token.post_code, token.issued_on, token.status_list, token.status_index
        )  # fmt: skip
    pdf = Path(what).read_bytes()
    pem = certificate.read_text("ascii") if certificate else settings.ISSUER_CERTIFICATE
    authorities = settings.TIMESTAMP_CERTIFICATE.encode()
    report = validate_pdf(
        pdf,
        *x509.load_pem_x509_certificates(pem.encode()),
        timestamp_certificates=x509.load_pem_x509_certificates(authorities) if authorities else (),
    )
    if not report.accepted:
        raise SignatureError(_refusal(report.reason))
    return _in_credential(verify_jwt(attached_credential(pdf), keys, typ=TYPE))


def _in_credential(credential: dict[str, Any]) -> Findings:
    subject, status = credential["credentialSubject"], credential["credentialStatus"][0]
    return Findings(
        number=subject["licenseNumber"],
        version=credential["certificateVersion"],
        holder=subject["identifier"][0]["identityHash"],
        post=f"{subject['achievement']['name']} {subject['achievement']['humanCode']}",
        issued_on=day_of(datetime.fromisoformat(credential["awardedDate"])),
        page=int(status["statusListCredential"].rpartition("-")[2]),
        place=int(status["statusListIndex"]),
    )


def _refusal(reason: str) -> str:
    return {
        "altered": _("The file was altered after it was signed."),
        "unsigned": _("The file carries no signature."),
        "untrusted": _("The signature does not lead to the issuer's certificate."),
    }.get(reason, _("The file cannot be read as a PDF."))


def _says(status: Status) -> str:
    return {
        Status.IN_FORCE: _("In force when the snapshot was taken."),
        Status.REVOKED: _("No longer good: void, or replaced by a newer version."),
        Status.SUSPENDED: _("Suspended: not to be used for the time being."),
        Status.NEWER: _("Issued after the snapshot was taken: fetch a newer one."),
    }[status]


def _age(taken_at: datetime) -> str:
    age = max(clock.machine_now() - taken_at, timedelta())
    return _("Snapshot taken %(moment)s, %(days)s days and %(hours)s hours ago.") % {
        "moment": taken_at.astimezone(SHANGHAI).isoformat(sep=" ", timespec="minutes"),
        "days": age.days,
        "hours": age.seconds // 3600,
    }
