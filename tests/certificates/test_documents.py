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
from xml.etree import ElementTree as ET

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
from certificates.documents.portrait import MOST_BYTES, PhotoError, printed_photo
from certificates.documents.qr import draw_qr, read_qr, scan_address, verification_address
from certificates.documents.render import render_certificate, unprintable_characters
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


def objects(pdf):
    """Every object of the file that its cross-references lead to."""
    reader = pypdf.PdfReader(BytesIO(pdf))
    known = {number for table in reader.xref.values() for number in table} | set(reader.xref_objStm)
    return [found for number in known if number and (found := reader.get_object(number)) is not None]


def members(value):
    """A dictionary or list and everything written directly inside it."""
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inside:
        if not isinstance(each, pypdf.generic.IndirectObject):
            yield from members(each)


@pytest.fixture(scope="module", params=["林海生", "𠮷野·明", "林\U0002ffff生"])
def archived(request, issuer):
    """Signed files: what is judged is what people get."""
    pdf = render_certificate(certificate_content(holder_name=request.param))
    return sign_pdf(pdf, issuer, signed_at=SIGNED_AT)


class TestPdfA3b:
    """What ISO 19005-3 asks of the structure of a file at level B, as far as it concerns what such a file may hold."""

    def test_it_says_what_it_is_in_metadata_that_are_not_packed(self, archived):
        metadata = pypdf.PdfReader(BytesIO(archived)).trailer["/Root"]["/Metadata"]
        assert (metadata["/Type"], metadata["/Subtype"], "/Filter" in metadata) == (
            "/Metadata",
            "/XML",
            False,
        )
        root = ET.fromstring(metadata.get_data())
        found = {each.tag: each.text for each in root.iter()}
        assert found["{http://www.aiim.org/pdfa/ns/id/}part"] == "3"
        assert found["{http://www.aiim.org/pdfa/ns/id/}conformance"] == "B"
        assert NUMBER in "".join(root.itertext())

    def test_the_header_and_the_identifiers_are_there(self, archived):
        assert archived.startswith(b"%PDF-1.7\n%")
        assert all(byte > 127 for byte in archived[10:14])
        trailer = pypdf.PdfReader(BytesIO(archived)).trailer
        assert len(trailer["/ID"]) == 2
        assert "/Encrypt" not in trailer
        assert archived.endswith((b"%%EOF", b"%%EOF\n"))

    def test_one_output_intent_with_a_colour_profile_of_its_own_stands_for_all_colours(self, archived):
        [intent] = pypdf.PdfReader(BytesIO(archived)).trailer["/Root"]["/OutputIntents"]
        assert intent["/S"] == "/GTS_PDFA1"
        profile = intent["/DestOutputProfile"]
        data = profile.get_data()
        assert profile["/N"] == 3
        assert (data[16:20], data[36:40], int.from_bytes(data[:4])) == (b"RGB ", b"acsp", len(data))
        assert not any(each == "/DeviceCMYK" for found in objects(archived) for each in members(found))

    def test_every_font_is_embedded_and_its_characters_have_meanings(self, archived):
        fonts = [
            found for found in objects(archived) if isinstance(found, dict) and found.get("/Type") == "/Font"
        ]
        whole = [font for font in fonts if font["/Subtype"] == "/Type0"]
        assert len(whole) >= 2
        for font in whole:
            [inner] = font["/DescendantFonts"]
            descriptor = inner["/FontDescriptor"]
            assert re.fullmatch(r"/[A-Z]{6}\+NotoSans.*", inner["/BaseFont"])
            assert font["/Encoding"] == "/Identity-H"
            assert inner["/CIDToGIDMap"] == "/Identity"
            assert font["/ToUnicode"].get_data().count(b"beginbf")
            with TTFont(BytesIO(descriptor["/FontFile2"].get_data())) as program:
                widths = program["hmtx"].metrics.values()
                assert program["maxp"].numGlyphs == len(widths)

    def test_nothing_in_it_acts_asks_for_other_files_or_is_packed_in_a_forbidden_way(self, archived):
        forbidden = {
            "/JavaScript", "/Launch", "/Movie", "/Sound", "/ResetForm", "/ImportData", "/Hide", "/SetOCGState", "/Rendition",
            "/GoToE", "/GoToR", "/SubmitForm", "/LZWDecode", "/Crypt", "/3D", "/FileAttachment", "/Screen",
        }  # fmt: skip
        for found in objects(archived):
            for each in members(found):
                assert each not in forbidden if isinstance(each, str) else True
                if isinstance(each, dict):
                    assert (
                        not {"/AA", "/OpenAction", "/JS", "/XFA", "/OPI", "/Ref", "/PS", "/Alternates", "/TR"}
                        & each.keys()
                    )
                    assert each.get("/Interpolate", False) in {False, pypdf.generic.BooleanObject(False)}
                    assert "/FFilter" not in each
        assert "/NeedAppearances" not in pypdf.PdfReader(BytesIO(archived)).trailer["/Root"]["/AcroForm"]

    def test_the_attachment_is_told_of_as_part_of_the_document(self, archived):
        root = pypdf.PdfReader(BytesIO(archived)).trailer["/Root"]
        [file] = root["/AF"]
        assert (file["/Type"], file["/F"], file["/UF"]) == ("/Filespec", "credential.jwt", "credential.jwt")
        assert file["/AFRelationship"] in {"/Source", "/Data", "/Alternative", "/Supplement", "/Unspecified"}
        embedded = file["/EF"]["/F"]
        assert embedded["/Params"]["/Size"] == len(embedded.get_data())
        assert "/ModDate" in embedded["/Params"]
        names = root["/Names"]["/EmbeddedFiles"]["/Names"]
        assert [names[1].get_object()["/F"]] == ["credential.jwt"]

    def test_the_seal_is_printed_and_has_an_appearance(self, archived):
        [seal] = pypdf.PdfReader(BytesIO(archived)).pages[0]["/Annots"]
        seal = seal.get_object()
        assert seal["/Subtype"] == "/Widget"
        printed, hidden = 4, 1 | 2 | 32 | 256
        assert seal["/F"] & printed
        assert not seal["/F"] & hidden
        assert list(seal["/AP"]) == ["/N"]

    def test_numbers_and_names_stay_within_the_limits(self, archived):
        for found in objects(archived):
            for each in members(found):
                if isinstance(each, pypdf.generic.NameObject):
                    assert len(each.encode()) <= 128
                elif isinstance(each, int) and not isinstance(each, bool):
                    assert -(2**31) <= each < 2**31


LONG_NAME = "阿卜杜热合曼·买买提吐尔逊·努尔艾合买提"


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 65_000),
        ({"post_name_zh": "市政工程资料员", "post_name_en": "Municipal works document clerk"}, 65_000),
        ({"holder_name": LONG_NAME}, 66_000),
        ({"holder_name": "𠮷野明"}, 66_000),  # a second font, for one character
    ],
    ids=["ordinary", "another post", "long name", "rare character"],
)
@pytest.mark.parametrize("photo", ["small", "large", "noise"])
def test_a_signed_certificate_stays_below_65_kilobytes_whatever_photo_was_stored(
    issuer, changes, most, photo
):
    content = certificate_content(photo=PHOTOS[photo](), **changes)
    signed = sign_pdf(render_certificate(content), issuer, signed_at=SIGNED_AT)
    assert len(signed) <= most
    assert render_certificate(content) == render_certificate(content)
    assert len(printed_photo(content.photo)) <= MOST_BYTES
    assert printed_photo(content.photo) in signed


def photograph(noise):
    """A picture of 480 × 672 pixels, as they are stored, with more or less in it."""
    draw = random.Random(7)
    grain = Image.frombytes("RGB", (480, 672), draw.randbytes(480 * 672 * 3))
    with Image.open(BytesIO(portrait())) as drawn:
        picture = Image.blend(drawn.resize((480, 672)), grain, noise)
    file = BytesIO()
    picture.save(file, "JPEG", quality=88)
    return file.getvalue()


PHOTOS = {"small": portrait, "large": lambda: photograph(0.1), "noise": lambda: photograph(1)}


def test_a_large_photo_is_printed_at_a_hundred_dots_an_inch_or_more():
    stored = photograph(0.1)
    assert len(stored) > 5 * MOST_BYTES
    with Image.open(BytesIO(printed_photo(stored))) as image:
        assert image.width / (36.4 / 25.4) > 160
        assert abs(image.width / image.height - 480 / 672) < 0.01


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
