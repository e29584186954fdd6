"""Content for certificates in tests and benchmarks: invented people, and a portrait drawn on the spot."""

from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from certificates.documents.content import CertificateContent, EducationDuty
from certificates.documents.qr import verification_address

NUMBER = "4620201010000019"
ADDRESS = verification_address("https://portal.example", NUMBER)


@lru_cache(maxsize=1)
def portrait() -> bytes:
    """A neutral silhouette, 300 × 400 pixels, as a JPEG file."""
    image = Image.new("RGB", (300, 400), "#8fb4d8")
    draw = ImageDraw.Draw(image)
    draw.pieslice((30, 250, 270, 580), 180, 360, fill="#37474f")
    draw.ellipse((92, 80, 208, 232), fill="#e3c2a8")
    draw.pieslice((86, 60, 214, 200), 180, 360, fill="#1f1b18")
    file = BytesIO()
    image.save(file, "JPEG", quality=85)
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
        "qr_payload": ADDRESS,
        "photo": portrait(),
        "replaces": "琼建培字(2016)101-004512",
    }
    return CertificateContent(**content | changes)
