"""Signs a certificate (PAdES baseline B, visible in the seal area) and checks a signed one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from asn1crypto.cms import ContentInfo, IssuerAndSerialNumber, SignerIdentifier
from cryptography import x509
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko.stamp.static import StaticContentStamp
from pyhanko_certvalidator import ValidationContext

from certificates.documents.issuer import Issuer, to_asn1
from certificates.documents.seal import SIZE, draw_seal

FIELD_NAME = "IssuerSeal"
SEAL_BOX = (649, 132, 649 + SIZE, 132 + SIZE)
"""Where the seal stands on the page: left, bottom, right, top in PDF points."""

_FIELD = SigFieldSpec(
    FIELD_NAME, box=SEAL_BOX, readable_field_name="签发机构电子签名 Electronic signature of the issuer"
)
_CENTRED = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, margins=Margins(0, 0, 0, 0))


_MESSAGE_BYTES = 440
"""Room for the message without its certificates and the name of their issuer, twice: attributes, a P-256 signature."""
_TIMESTAMP_BYTES = 8192
"""Room for a timestamp with the certificates of its authority."""


class _Seal(StaticContentStamp):
    """A stamp whose drawing is compressed."""

    def as_form_xobject(self) -> StreamObject:
        stream = super().as_form_xobject()
        stream.compress()  # type: ignore[no-untyped-call]
        return stream


class _SealStyle(StaticStampStyle):
    def create_stamp(
        self, writer: BasePdfFileWriter, box: BoxConstraints, text_params: dict[str, object]
    ) -> _Seal:
        return _Seal(writer=writer, style=self, box=box)


class _Revision(IncrementalPdfFileWriter):
    """The signature's revision, without the new metadata that pyHanko would add: they carry the machine's time."""

    def _update_meta(self) -> None:
        pass


class _DatedSigner(PdfSigner):
    """A signer whose time is given, because only one place in the portal reads a clock."""

    signed_at: datetime

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.signed_at
        return session


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What was found about the signature of a PDF file."""

    accepted: bool
    """The signature is good, covers the whole file, and leads to the trusted certificate."""
    reason: str
    """``ok``, ``unsigned``, ``unreadable``, ``altered`` or ``untrusted``."""
    signed_at: datetime | None = None
    """The time that the signer stated; no other party vouches for it."""


def sign_pdf(
    pdf: bytes, issuer: Issuer, *, signed_at: datetime, timestamper: TimeStamper | None = None
) -> bytes:
    """``pdf`` with the issuer's certifying signature and its seal; nothing may be changed afterwards.

    ``signed_at`` carries an offset and is what the signature states as its time; a ``timestamper`` (RFC 3161) vouches
    for the time of signing besides. Raises ``SigningError`` when the file is signed already, and
    ``TimestampRequestError`` when the timestamp cannot be had.
    """
    metadata = PdfSignatureMetadata(
        field_name=FIELD_NAME,
        name=issuer.name,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    signer = _DatedSigner(
        metadata,
        issuer.signer,
        timestamper=timestamper,
        stamp_style=_seal_style(issuer.name),
        new_field_spec=_FIELD,
    )
    signer.signed_at = signed_at
    named = 2 * len(issuer.certificate.issuer.public_bytes())
    room = issuer.chain_bytes + named + _MESSAGE_BYTES + (_TIMESTAMP_BYTES if timestamper else 0)
    with issuer.turn:
        output = signer.sign_pdf(_Revision(BytesIO(pdf)), bytes_reserved=2 * room)
    return bytes(output.getvalue())


def _seal_style(name: str) -> _SealStyle:
    seal = RawContent(draw_seal(name), box=BoxConstraints(width=SIZE, height=SIZE))
    return _SealStyle(background=seal, background_layout=_CENTRED, background_opacity=0.85, border_width=0)


def validate_pdf(
    pdf: bytes,
    *trusted: x509.Certificate,
    at: datetime | None = None,
    timestamp_certificates: Sequence[x509.Certificate] = (),
) -> SignatureReport:
    """Whether ``pdf`` carries an intact signature over the whole file that leads to one of the certificates ``trusted``.

    ``at`` (with offset) is the moment at which that one has to be valid; the stated signing time if not given.
    A timestamp has to lead to one of ``timestamp_certificates``. Never raises: whatever is uploaded gets an answer.
    """
    try:
        return _inspect(pdf, trusted, at, timestamp_certificates)
    except Exception:  # noqa: BLE001 - a damaged file can break the parsers in any way
        return SignatureReport(accepted=False, reason="unreadable")


def _inspect(
    pdf: bytes,
    trusted: Sequence[x509.Certificate],
    at: datetime | None,
    timestamp_certificates: Sequence[x509.Certificate],
) -> SignatureReport:
    signatures = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    if not signatures:
        return SignatureReport(accepted=False, reason="unsigned")
    signature = signatures[0]
    signed_at = signature.self_reported_timestamp
    moment = at or signed_at
    # Path validation never asks of a certificate that it is told to trust whether it is valid at the moment.
    current = [each for each in trusted if moment and _is_current(each, moment)]
    context, timestamp_context = (
        ValidationContext(trust_roots=[to_asn1(root) for root in roots], allow_fetching=False, moment=moment)
        for roots in (current, timestamp_certificates)
    )
    status = validate_pdf_signature(signature, context, timestamp_context)
    covered = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    if not (status.intact and status.valid and covered and _room_untouched(pdf, signature)):
        return SignatureReport(accepted=False, reason="altered", signed_at=signed_at)
    if not status.bottom_line:
        return SignatureReport(accepted=False, reason="untrusted", signed_at=signed_at)
    return SignatureReport(accepted=True, reason="ok", signed_at=signed_at)


def _is_current(certificate: x509.Certificate, moment: datetime) -> bool:
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def _room_untouched(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether the only bytes that the signature does not cover, its own, are exactly as ``sign_pdf`` writes them."""
    start, length, resume, _ = (int(value) for value in signature.byte_range)
    room = _canonical(signature).ljust(len(signature.pkcs7_content), b"\0")
    return pdf[start + length : resume] == b"<%s>" % room.hex().upper().encode()


def _canonical(signature: EmbeddedPdfSignature) -> bytes:
    """The signature's message built anew: readers overlook changes in the fields that nothing vouches for."""
    signed, signer = signature.signed_data, signature.signer_cert
    [info] = signed["signer_infos"]
    kept = ("signed_attrs", "signature", "unsigned_attrs")
    signer_info = {name: info[name] for name in kept if info[name].native is not None}
    identifier = IssuerAndSerialNumber({"issuer": signer.issuer, "serial_number": signer.serial_number})
    signer_info |= {
        "version": "v1",
        "sid": SignerIdentifier("issuer_and_serial_number", identifier),
        "digest_algorithm": {"algorithm": "sha256"},
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
    }
    content = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data"},
        "certificates": signed["certificates"],
        "signer_infos": [signer_info],
    }
    message = ContentInfo({"content_type": "signed_data", "content": content})
    return bytes(message.dump())
