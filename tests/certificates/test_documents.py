"""The certificate as a document: what it shows, that it is the same everywhere, and that a change is noticed.

Read back with code that did not write it: pypdf and PDFium for text and pages, zxing-cpp for the QR symbol.
"""

import hashlib
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pypdf
import pypdfium2
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fontTools.ttLib import TTFont
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pyhanko.sign.general import SigningError

from certificates.credentials.token import token_read, token_sign
from certificates.documents.fonts import MISSING_GLYPH, font_path, printable, unprintable
from certificates.documents.issuer import IssuerError, create_demo_issuer, load_issuer
from certificates.documents.qr import draw_qr, read_qr, scan_address, verification_address
from certificates.documents.render import PhotoError, render_certificate, unprintable_characters
from certificates.documents.seal import draw_seal
from certificates.documents.signing import SEAL_BOX, sign_pdf, validate_pdf
from tests.certificates.document_samples import (
    LICENCE,
    NUMBER,
    certificate_content,
    portrait,
    sample_key,
    token_facts,
)

SIGNED_AT = datetime(2020, 12, 28, 9, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture(scope="module")
def issuer():
    return load_issuer(*create_demo_issuer())


@pytest.fixture(scope="module")
def rendered():
    return render_certificate(certificate_content())


@pytest.fixture(scope="module")
def signed(rendered, issuer):
    return sign_pdf(rendered, issuer, signed_at=SIGNED_AT)


def text_of(pdf):
    return "".join(pypdf.PdfReader(BytesIO(pdf)).pages[0].extract_text().split())


def text_seen_by_pdfium(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join(document[0].get_textpage().get_text_bounded().split())
    finally:
        document.close()


def page_image(pdf, dots_per_inch=150):
    document = pypdfium2.PdfDocument(pdf)
    try:
        document.init_forms()
        return document[0].render(scale=dots_per_inch / 72).to_pil().convert("RGB")
    finally:
        document.close()


def seal_is_visible(pdf):
    """Whether the seal area holds a good many red pixels."""
    image = page_image(pdf, 72)
    left, bottom, right, top = SEAL_BOX
    area = image.crop((left, image.height - top, right, image.height - bottom))
    return sum(r > 150 and g < 120 and b < 120 for r, g, b in area.get_flattened_data()) > 300


# What it shows


def test_one_page_a4_landscape(rendered):
    reader = pypdf.PdfReader(BytesIO(rendered))
    assert len(reader.pages) == 1
    width, height = (float(side) / 72 * 25.4 for side in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (297, 210)


@pytest.mark.parametrize("read", [text_of, text_seen_by_pdfium])
def test_everything_that_an_inspector_compares_can_be_read_and_searched(rendered, read):
    text = read(rendered)
    content = certificate_content()
    for expected in (
        content.number,
        "林海生",
        "469900********1234",
        "土建施工员",
        "101",
        "2020年12月28日",
        "28December2020",
        "海南省住房和城乡建设主管部门（演示）",
        content.verify_url,
        LICENCE,
        "自2021年起，每年不少于32学时，其中专业岗位知识不少于22学时",
        "Continuingeducationduefrom2021:32hoursayear,ofwhich22professional.",
    ):
        assert expected in text


def test_it_says_plainly_whose_document_it_is(rendered):
    text = text_of(rendered)
    assert "海南省施工现场专业人员证书平台（省级平台）签发，不是全国系统的证书" in text
    assert "aprovincialportal;itisnotadocumentofthenationalsystem" in text


def test_the_paper_certificate_is_named_only_where_there_was_one(rendered):
    assert "琼建培字(2016)101-004512" in text_of(rendered)
    assert "原证书编号" not in text_of(render_certificate(replace(certificate_content(), replaces=None)))


@pytest.mark.parametrize(
    "name",
    [
        "李明",
        "阿卜杜热合曼·买买提吐尔逊",
        "阿卜杜热合曼·买买提吐尔逊·努尔艾合买提",
        "𠮷野明",
        "歐陽靜",
        "Maximiliana Wolfeschlegelsteinhausenbergerdorff",
    ],
)
def test_names_of_every_kind_are_set(name):
    pdf = render_certificate(certificate_content(holder_name=name))
    assert "".join(name.split()) in text_seen_by_pdfium(pdf)
    assert len(pypdf.PdfReader(BytesIO(pdf)).pages) == 1


def test_a_text_is_never_read_as_markup():
    pdf = render_certificate(certificate_content(holder_name='#image("x") *a* $b$ <c>'))
    assert '#image("x")*a*$b$<c>' in text_of(pdf)


def test_the_qr_symbol_on_the_page_holds_the_address_and_the_signed_token(rendered):
    [text] = read_qr(page_image(rendered))
    address, _, token = text.partition("#")
    assert address == "HTTPS://PORTAL.EXAMPLE/V/4620201010000019"
    assert token_read(token, {sample_key().kid: sample_key().jwk}) == token_facts()


def test_the_qr_symbol_is_small_enough_for_a_phone_at_thirty_millimetres():
    facts = token_facts(holder="阿" + "*" * 30)
    address = scan_address("https://certificates.department.example", NUMBER, token_sign(facts, sample_key()))
    side = int(re.search(rb'viewBox="0 -.5 (\d+)', draw_qr(address))[1])
    version = (side - 17) // 4
    assert version <= 12
    assert 30 / side > 0.4  # millimetres a module


def test_the_qr_symbol_is_thirty_millimetres_wide_with_its_quiet_zone(rendered):
    [found] = zxingcpp.read_barcodes(page_image(rendered, 300))
    width = (found.position.top_right.x - found.position.top_left.x) / 300 * 25.4
    assert width == pytest.approx(30, abs=0.4)
    assert found.ec_level == "M"


def test_the_qr_symbol_is_one_path():
    symbol = draw_qr("https://portal.example/v/4620201010000019")
    assert symbol.count(b"<path") == 1
    assert b"<rect" not in symbol


def test_a_number_with_chinese_characters_gets_a_valid_address():
    assert (
        verification_address("https://portal.example/", "琼(2016)1")
        == "https://portal.example/v/%E7%90%BC%282016%291"
    )


def test_the_photo_is_embedded_as_it_was_stored(rendered):
    [image] = pypdf.PdfReader(BytesIO(rendered)).pages[0].images
    assert Image.open(BytesIO(image.data)).size == Image.open(BytesIO(portrait())).size
    assert portrait() in rendered


@pytest.mark.parametrize("photo", [b"", b"not a picture", b"<svg/>"])
def test_without_a_photo_there_is_no_certificate(photo):
    with pytest.raises(PhotoError):
        render_certificate(certificate_content(photo=photo))


def test_a_png_is_not_taken_for_a_photo():
    png = BytesIO()
    Image.new("RGB", (30, 40)).save(png, "PNG")
    with pytest.raises(PhotoError):
        render_certificate(certificate_content(photo=png.getvalue()))


# The same everywhere


def test_the_same_content_gives_the_same_bytes(rendered):
    assert render_certificate(certificate_content()) == rendered


def test_another_process_in_another_place_and_time_zone_gives_the_same_bytes(rendered, tmp_path):
    program = (
        "import hashlib; from certificates.documents.render import render_certificate;"
        "from tests.certificates.document_samples import certificate_content;"
        "print(hashlib.sha256(render_certificate(certificate_content())).hexdigest())"
    )
    root = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "TZ": "America/New_York",
        "PYTHONPATH": root,
        "PYTHONHASHSEED": "7",
        "LC_ALL": "C",
    }
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == hashlib.sha256(rendered).hexdigest()


def test_the_credential_is_attached_as_it_was_signed(signed):
    reader = pypdf.PdfReader(BytesIO(signed))
    assert reader.attachments == {"credential.jwt": [certificate_content().credential.encode()]}
    [embedded] = reader.trailer["/Root"]["/AF"]
    assert embedded["/AFRelationship"] == "/Data"
    assert embedded["/EF"]["/F"]["/Subtype"] == "/application/vc+jwt"


def test_another_version_gives_other_bytes(rendered):
    assert render_certificate(certificate_content(version=2)) != rendered


def test_it_is_an_archive_file_with_embedded_fonts(rendered):
    reader = pypdf.PdfReader(BytesIO(rendered))
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in rendered
    assert reader.trailer["/Root"]["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert "/Encrypt" not in reader.trailer
    fonts = [font["/DescendantFonts"][0] for font in reader.pages[0]["/Resources"]["/Font"].values()]
    assert fonts
    assert all("NotoSans" in font["/BaseFont"] and "/FontFile2" in font["/FontDescriptor"] for font in fonts)


def test_everything_but_the_photo_fits_into_sixty_kilobytes(signed):
    assert len(signed) - len(portrait()) < 60_000


# Rare characters


def test_the_first_font_has_every_character_that_is_not_looked_up():
    rows = (
        bytes([first, second]).decode("gb2312", "ignore")
        for first in range(0xA1, 0xF8)
        for second in range(0xA1, 0xFF)
    )
    with TTFont(font_path("sc"), lazy=True) as font:
        covered = font.getBestCmap()
    assert [c for c in [*rows, *map(chr, range(0x20, 0x7F))] if c and ord(c) not in covered] == []


@pytest.mark.parametrize(
    ("text", "missing", "printed"),
    [
        ("林海生", "", "林海生"),
        ("𠮷明·𠮷", "", "𠮷明·𠮷"),
        ("\U00030edd\U0002ffff明\U0002ffff", "\U0002ffff", f"\U00030edd{MISSING_GLYPH}明{MISSING_GLYPH}"),
        ("مح", "مح", MISSING_GLYPH * 2),
        ("葛\U000e0100城", "", "葛城"),
        ("a\u200db", "", "ab"),
        ("林\x00", "\x00", f"林{MISSING_GLYPH}"),
        ("\ud800", "\ud800", MISSING_GLYPH),
        ("", "", ""),
    ],
)
def test_what_no_font_has_is_reported_and_printed_as_a_geta_mark(text, missing, printed):
    assert unprintable(text) == missing
    assert printable(text) == printed


def test_a_certificate_with_a_character_that_no_font_has_is_issued_and_flagged():
    content = certificate_content(holder_name="林\U0002ffff生")
    assert unprintable_characters(content) == "\U0002ffff"
    assert f"林{MISSING_GLYPH}生" in text_of(render_certificate(content))
    assert unprintable_characters(certificate_content()) == ""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(), max_size=12))
def test_no_name_stops_an_issue(name):
    assert render_certificate(certificate_content(holder_name=name)).startswith(b"%PDF-1.7")


# The signature


def test_the_signature_is_good_and_covers_the_whole_file(signed, issuer):
    report = validate_pdf(signed, issuer.certificate)
    assert (report.accepted, report.reason, report.signed_at) == (True, "ok", SIGNED_AT)


def test_the_signed_file_starts_with_the_rendered_one(signed, rendered):
    assert signed.startswith(rendered)


def test_the_signature_is_a_pades_certification_that_permits_no_change(signed):
    field = pypdf.PdfReader(BytesIO(signed)).get_fields()["IssuerSeal"]
    signature = field["/V"].get_object()
    assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature["/Reference"][0]["/TransformParams"]["/P"] == 1
    assert signature["/Name"] == "证书平台演示专用章"


def test_only_the_signature_shows_the_seal(rendered, signed):
    assert not seal_is_visible(rendered)
    assert seal_is_visible(signed)


def test_the_qr_symbol_can_still_be_read_after_signing(signed):
    assert read_qr(page_image(signed)) == [certificate_content().qr_payload]


def bytes_changed(data, first, last, count):
    """``count`` copies of ``data``, each with one byte between ``first`` and ``last`` changed, always the same ones."""
    draw = random.Random(20201231)
    for _ in range(count):
        place, other = draw.randrange(first, last), draw.randrange(1, 256)
        yield place, data[:place] + bytes([data[place] ^ other]) + data[place + 1 :]


def test_one_altered_byte_anywhere_is_refused(signed, issuer):
    for place, altered in bytes_changed(signed, 0, len(signed), 60):
        assert not validate_pdf(altered, issuer.certificate).accepted, place


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("version", b"020101310F", b"020102310F"),
        ("digest hint", b"0609608648016503040201", b"0609608648016503040202"),
        (
            "name of the signer",
            b"demo issuer".hex().upper().encode(),
            b"demo issueR".hex().upper().encode(),
        ),
        ("notation", b"0A", b"0a"),
        ("unused room", b"0000000000>", b"0000000001>"),
    ],
)
def test_a_change_in_the_signature_itself_that_readers_overlook_is_refused(signed, issuer, part, old, new):
    start = signed.index(b"/Contents <")
    place = signed.rindex(old, start, signed.index(b">", start) + 1)
    altered = signed[:place] + new + signed[place + len(old) :]
    assert not validate_pdf(altered, issuer.certificate).accepted, part


def test_an_altered_name_is_called_altered(signed, issuer):
    altered = signed.replace(b"4620201010000019", b"4620201010000027")
    assert altered != signed
    assert validate_pdf(altered, issuer.certificate).reason == "altered"


def test_something_added_at_the_end_is_refused(signed, issuer):
    assert validate_pdf(signed + b"\n", issuer.certificate).reason == "altered"


def test_another_issuer_is_not_trusted(signed):
    other = load_issuer(*create_demo_issuer())
    assert validate_pdf(signed, other.certificate).reason == "untrusted"


def test_a_certificate_that_has_run_out_is_not_trusted(signed, issuer):
    assert validate_pdf(signed, issuer.certificate, at=datetime(2051, 1, 1, tzinfo=UTC)).reason == "untrusted"


def test_an_unsigned_file_is_called_unsigned(rendered, issuer):
    assert validate_pdf(rendered, issuer.certificate).reason == "unsigned"


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7\n%%EOF", b"PK\x03\x04" * 100])
def test_any_other_file_gets_an_answer(data, issuer):
    assert validate_pdf(data, issuer.certificate).reason == "unreadable"


def test_a_signed_file_is_not_signed_again(signed, issuer):
    with pytest.raises(SigningError):
        sign_pdf(signed, issuer, signed_at=SIGNED_AT)


@pytest.mark.parametrize(
    "name", ["章", "海南省住房和城乡建设领域施工现场专业人员证书管理平台专用章", "𠮷\U0002ffff", ""]
)
def test_a_seal_can_be_drawn_for_any_name(name):
    seal = draw_seal(name).decode()
    assert seal.count("q") == seal.count("Q") == 1 + len(name) + len("电子签名")


# The issuer's key and certificate


def test_the_demo_issuer_says_that_it_is_one():
    issuer = load_issuer(*create_demo_issuer())
    assert "demo" in issuer.certificate.subject.rfc4514_string()
    assert "演示" in issuer.name


def test_a_key_without_its_certificate_and_the_reverse_are_named():
    key, certificate = create_demo_issuer()
    with pytest.raises(IssuerError, match="ISSUER_KEY is missing"):
        load_issuer(" ", certificate)
    with pytest.raises(IssuerError, match="ISSUER_CERTIFICATE is missing"):
        load_issuer(key, "")


def test_a_key_and_a_certificate_of_different_pairs_are_refused():
    key, certificate = create_demo_issuer()[0], create_demo_issuer()[1]
    with pytest.raises(IssuerError, match="not made for ISSUER_KEY"):
        load_issuer(key, certificate)


def test_garbage_is_refused_without_being_repeated():
    key, certificate = create_demo_issuer()
    with pytest.raises(IssuerError, match="ISSUER_KEY is not") as error:
        load_issuer("top secret", certificate)
    assert "secret" not in str(error.value)
    with pytest.raises(IssuerError, match="ISSUER_CERTIFICATE is not"):
        load_issuer(key, "top secret")


def test_a_key_of_another_kind_is_refused():
    other = rsa.generate_private_key(65537, 2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(IssuerError, match="P-256"):
        load_issuer(pem, create_demo_issuer()[1])
