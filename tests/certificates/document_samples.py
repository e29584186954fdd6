"""Content for certificates in tests and benchmarks: invented people, and a portrait drawn on the spot."""

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from io import BytesIO
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from PIL import Image, ImageDraw

from certificates.credentials.jose import CredentialKey
from certificates.credentials.open_badge import CredentialFacts, credential_sign
from certificates.credentials.token import TokenFacts, token_sign
from certificates.documents.content import CertificateContent, EducationDuty
from certificates.documents.qr import scan_address, verification_address

PORTAL = "https://portal.example"
NUMBER = "4620201010000019"
ADDRESS = verification_address(PORTAL, NUMBER)
LICENCE = "1.2.156.3005.2.11469900MB00002037001.11469900MB00002037.4620201010000019.001.W"


ISSUED_AT = datetime(2020, 12, 28, 9, 0, tzinfo=timezone(timedelta(hours=8)))


@lru_cache(maxsize=8)
def sample_key(number: int = 20201231) -> CredentialKey:
    """A key for the tests, the same one each time."""
    pem = ec.derive_private_key(number, ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return CredentialKey.load(pem.decode())


def token_facts(**changes: Any) -> TokenFacts:
    facts = {
        "number": NUMBER,
        "version": 1,
        "holder": "林**",
        "post_code": "101",
        "issued_on": date(2020, 12, 28),
        "status_list": 1,
        "status_index": 94567,
    }
    return TokenFacts(**facts | changes)


def credential_facts(**changes: Any) -> CredentialFacts:
    facts: dict[str, Any] = {
        "public_url": PORTAL,
        "number": NUMBER,
        "version": 1,
        "licence_identifier": LICENCE,
        "holder_name": "林海生",
        "masked_id": "469900********1234",
        "post_code": "101",
        "post_name_zh": "土建施工员",
        "post_name_en": "Civil works construction supervisor",
        "issuer_zh": "海南省住房和城乡建设主管部门（演示）",
        "issuer_en": "Housing and construction department of Hainan (demonstration)",
        "awarded_at": ISSUED_AT,
        "valid_from": ISSUED_AT,
        "status_list": 1,
        "status_index": 94567,
        "salt": bytes(range(16)),
    }
    return CredentialFacts(**facts | changes)


@lru_cache(maxsize=1)
def portrait() -> bytes:
    """A neutral silhouette, 300 × 400 pixels, as a JPEG file."""
    image = Image.new("RGB", (300, 400), "#8fb4d8")
    draw = ImageDraw.Draw(image)
    draw.pieslice((30, 250, 270, 580), 180, 360, fill="#37474f")
    draw.ellipse((92, 80, 208, 232), fill="#e3c2a8")
    draw.pieslice((86, 60, 214, 200), 180, 360, fill="#1f1b18")
    file = BytesIO()
    image.save(file, "JPEG", quality=75)
    return file.getvalue()


def certificate_content(**changes: Any) -> CertificateContent:
    """A complete certificate of an exchange, with ``changes``."""
    content: dict[str, Any] = {
        "number": NUMBER,
        "version": 1,
        "holder_name": "林海生",
        "masked_id": "469900********1234",
        "post_code": "101",
        "post_name_zh": "土建施工员",
        "post_name_en": "Civil works construction supervisor",
        "issued_on": date(2020, 12, 28),
        "issuer_zh": "海南省住房和城乡建设主管部门（演示）",
        "issuer_en": "Housing and construction department of Hainan (demonstration)",
        "portal_zh": "海南省施工现场专业人员证书平台",
        "portal_en": "the Hainan Portal for Construction Site Professionals",
        "education": EducationDuty(first_year=2021, hours=32, professional_hours=22),
        "verify_url": ADDRESS,
        "qr_payload": scan_address(PORTAL, NUMBER, token_sign(token_facts(), sample_key())),
        "licence_identifier": LICENCE,
        "credential": credential_sign(credential_facts(), sample_key()),
        "photo": portrait(),
        "replaces": "琼建培字(2016)101-004512",
    }
    return CertificateContent(**content | changes)
