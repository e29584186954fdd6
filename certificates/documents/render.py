"""From content to the unsigned PDF/A-3b: the same content gives the same bytes, on every machine."""

import json
from base64 import b64encode
from dataclasses import asdict
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from certificates.documents.content import CertificateContent
from certificates.documents.fonts import printable, typst_fonts, unprintable
from certificates.documents.portrait import printed_photo
from certificates.documents.qr import draw_qr
from certificates.numbers import grouped

_HERE = Path(__file__).parent
ATTACHMENT = "credential.jwt"
"""The name of the file that carries the credential inside the PDF."""
_FREE_TEXT = (
    "holder_name",
    "masked_id",
    "post_code",
    "post_name_zh",
    "post_name_en",
    "issuer_zh",
    "issuer_en",
    "portal_zh",
    "portal_en",
    "replaces",
)


@lru_cache(maxsize=1)
def _templates() -> dict[str, bytes]:
    """What all certificates share. The ornament is drawn once a process: it would be a third of the work of each."""
    main, ornament = ((_HERE / name).read_bytes() for name in ("certificate.typ", "ornament.typ"))
    page: Any = {"main": ornament}
    drawn: bytes = typst.compile(page, font_paths=typst_fonts(), ignore_system_fonts=True, format="svg")
    return {"main": main, "ornament.typ": ornament, "ornament.svg": drawn}


def unprintable_characters(content: CertificateContent) -> str:
    """Characters of ``content`` that no font has; they are printed as a geta mark and need a reviewer's eye."""
    return unprintable("".join(getattr(content, name) or "" for name in _FREE_TEXT))


def render_certificate(content: CertificateContent) -> bytes:
    """The certificate as an unsigned PDF/A-3b file.

    Never fails for a character: what no font has is printed as a geta mark (see ``unprintable_characters``). Raises
    ``PhotoError`` when the photo is no JPEG file: a certificate is never issued without one.
    """
    return compile_certificate(content, draw_qr(content.qr_payload))


def compile_certificate(content: CertificateContent, qr: bytes) -> bytes:
    """``render_certificate`` with the QR symbol given as an SVG file."""
    variable = {
        "content.json": _variables(content),
        "photo.svg": _photo(content.photo),
        "qr.svg": qr,
        ATTACHMENT: content.credential.encode(),
    }
    sources: Any = _templates() | variable  # the compiler takes files by name, which its stub does not say
    midnight = datetime.combine(content.issued_on, time(), tzinfo=UTC)
    pdf: bytes = typst.compile(
        sources,
        font_paths=typst_fonts(),
        ignore_system_fonts=True,
        pdf_standards="a-3b",
        pdf_tags=False,  # a tenth of the file; the certificate's web page is the accessible form
        timestamp=int(midnight.timestamp()),
    )
    return pdf


def _variables(content: CertificateContent) -> bytes:
    """What the template reads, with every free text made printable."""
    day = content.issued_on
    variables: dict[str, Any] = {
        **{name: text and printable(text) for name in _FREE_TEXT for text in [getattr(content, name)]},
        "number": content.number,
        "grouped_number": grouped(content.number),
        "version": content.version,
        "issued_on": (day.year, day.month, day.day),
        "education": asdict(content.education),
        "verify_url": content.verify_url,
        "licence_identifier": content.licence_identifier,
    }
    return json.dumps(variables, ensure_ascii=False).encode()


def _photo(jpeg: bytes) -> bytes:
    """The photo, cut to the frame of the template, in an SVG file: the compiler takes only text from memory.

    The PDF gets the JPEG data as they are.
    """
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 364 494"><image width="364" height="494"'
        b' preserveAspectRatio="xMidYMid slice" href="data:image/jpeg;base64,'
        + b64encode(printed_photo(jpeg))
        + b'"/></svg>'
    )
