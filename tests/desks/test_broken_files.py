"""Whatever is sent wherever a file is taken: an answer in words, and never an error of the portal."""

import gzip
import io
import struct
import zipfile
import zlib

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from certificates.models import LegacyCertificate
from education.problem_texts import explain_problem
from education.services import batch_check, batch_upload
from portal.events.services import Actor
from tests import factories
from tests.certificates import lapsing
from tests.desks.pages import browser, text_of
from tests.education.batches import JOB
from tests.education.sheets import HEADERS


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def sheet(*rows, **parts):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def png(width, height):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 64))
        + chunk(b"IEND", b"")
    )


WHOLE = sheet(HEADERS)
BROKEN = {
    "nothing": b"",
    "one_byte": b"\0",
    "zeros": b"\0" * 5_000,
    "half_a_character": "姓名,身份证号".encode()[:-1],
    "wide_text": "姓名,身份证号\r\n".encode("utf-16"),
    "one_long_line": b"," * 200_000,
    "one_long_cell": ",".join(HEADERS).encode() + b"\n" + b"x" * 200_000,
    "open_quote": ",".join(HEADERS).encode() + b'\n"' + b"x\n" * 500,
    "zip_of_nothing": archive(),
    "zip_of_something": archive(a__b="x"),
    "half_a_workbook": WHOLE[: len(WHOLE) // 2],
    "workbook_without_its_end": WHOLE[:-30],
    "workbook_of_no_sheet": archive(**{"[Content_Types].xml": "<Types/>", "xl__workbook.xml": "<workbook/>"}),
    "workbook_of_no_xml": archive(**{"[Content_Types].xml": "<", "xl__workbook.xml": "<"}),
    "workbook_with_entities": archive(
        **{"xl__workbook.xml": '<!DOCTYPE x [<!ENTITY a "a">]><workbook>&a;</workbook>'}
    ),
    "workbook_of_headers": WHOLE,
    "workbook_of_too_much": sheet(HEADERS, **{"xl/more.xml": b"\0" * 50_000_000}),
    "workbook_of_strange_headers": sheet(["\u202e", "姓名", "姓名", "", None, 5]),
    "old_workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "compressed": gzip.compress(b"x" * 100),
    "page": b"<!DOCTYPE html><html><body>404",
    "pdf_without_an_end": b"%PDF-1.7\n1 0 obj<</Type/Catalog",
    "photo_cut_off": factories.jpeg()[:-200],
    "photo_of_headers": factories.jpeg()[:24],
    "picture_of_a_billion_pixels": png(60_000, 60_000),
    "picture_of_no_pixel": png(0, 0),
    "drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>',
    "phone_picture": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200,
    "half_a_receipt": b"eyJhbGciOiJFUzI1NiJ9.",
    "receipt_of_lists": b"eyJhbGciOiJFUzI1NiIsImtpZCI6W119.e30.AA",
}
"""A file for everything that people, systems and attackers send in place of what was asked for."""
NAMES = ("a.xlsx", "../../a.csv", "\u202excod.jpg", "x" * 300 + ".pdf")


def clerk():
    return browser(factories.clerk())


def reviewer():
    return browser(factories.reviewer())


def worker():
    return browser(factories.worker())


PLACES = {
    "batch": (clerk, "batch-upload", "file", {}),
    "photo": (worker, "photo", "photo", {}),
    "camera": (worker, "photo", "camera", {}),
    "finding": (
        reviewer,
        "review-voiding-find",
        "evidence",
        {"number": "46202010100000001", "text": "已不在岗"},
    ),
    "list": (Client, "verify-list", "file", {}),
    "receipt": (Client, "receipt-verify", "file", {}),
    "table": (Client, "receipt-verify", "table", {"text": "eyJ"}),
}
"""Where files are taken: who sends them, the page, the field, and what else stands in the form."""


def answers(client, address, field, said, kinds=tuple(BROKEN)):
    """Send everything there; return the kinds of file whose answer is none of those that a page gives."""
    wrong = {}
    for index, kind in enumerate(kinds):
        cache.clear()  # no answer is that there were too many
        file = SimpleUploadedFile(NAMES[index % len(NAMES)], BROKEN[kind])
        answer = client.post(address, {**said, field: file})
        if answer.status_code not in {200, 302, 422}:
            wrong[kind] = answer.status_code
    return wrong


@pytest.mark.parametrize("place", PLACES)
def test_whatever_is_sent_the_answer_is_one_in_words(place):
    who, page, field, said = PLACES[place]
    client = who()
    client.raise_request_exception = False
    assert answers(client, reverse(page), field, said) == {}


def test_whatever_is_said_to_be_a_certificate_the_answer_is_one_in_words():
    kinds = (
        "nothing",
        "zeros",
        "pdf_without_an_end",
        "workbook_of_too_much",
    )  # each is read by a process of its own
    client = Client(raise_request_exception=False)
    assert answers(client, reverse("verify-file"), "file", {}, kinds) == {}


def test_whatever_an_objection_brings_the_answer_is_one_in_words():
    certificate = lapsing.proposal().certificate
    client = browser(certificate.person.user)
    client.raise_request_exception = False
    assert answers(client, reverse("voiding", args=[certificate.pk]), "evidence", {"text": "课程漏报"}) == {}


def test_as_a_batch_it_is_refused_and_its_page_says_why():
    school = factories.institution()
    by = Actor("web", factories.clerk(school))
    client = browser(by.user)
    for content in filter(None, BROKEN.values()):
        batch = batch_upload(institution=school, file=ContentFile(content), filename="a.xlsx", by=by)
        batch_check(batch.pk, by=JOB)
        batch.refresh_from_db()
        assert batch.state == "failed"
        words = explain_problem(batch.failure["code"], batch.failure["params"])
        shown = text_of(client.get(reverse("batch-detail", args=[batch.pk])))
        assert words.message in shown
        assert words.fix in shown


@pytest.mark.parametrize("kind", BROKEN)
def test_as_a_registry_it_is_refused_in_one_sentence(kind, tmp_path):
    file = tmp_path / "登记库.xlsx"
    file.write_bytes(BROKEN[kind])
    with pytest.raises(CommandError) as refused:
        call_command("import_registry", file)
    assert refused.value.__cause__ is None or "Traceback" not in str(refused.value)
    assert not LegacyCertificate.objects.exists()
