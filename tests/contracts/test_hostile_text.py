"""Text of others is text: in a page, in a search, in a file's name, and in a table that somebody opens at a desk."""

import io
import re
from csv import reader as csv_reader

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from education.models import Batch
from education.services import batch_check
from portal import clock
from portal.accounts.models import Role
from tests import factories
from tests.education.batches import JOB
from tests.education.sheets import csv, row
from tests.factories import shanghai

MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
FORMULAS = ("=HYPERLINK(0)", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1")
RAW = re.compile(r"<script>alert|<img src=x", re.IGNORECASE)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    clock.move_to(shanghai(2020, 11, 30, 10), running=False)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def batch():
    """A batch whose file's name and cells are hostile, submitted by a clerk who dropped what could not be read."""
    clerk = factories.clerk()
    rows = [
        row(),
        *(row(课程名称=f"{MARKUP}{n}", 备注=text, 姓名="王=小海") for n, text in enumerate(FORMULAS[:4])),
    ]
    file = csv(*[['"' + str(cell).replace('"', '""') + '"' for cell in cells] for cells in rows])
    upload = SimpleUploadedFile(f"{MARKUP}.csv", file)
    signed_in(clerk).post("/institution/batches/upload/", {"file": upload})
    made = Batch.objects.get()
    batch_check(made.pk, by=JOB)
    made.clerk = signed_in(clerk)
    return made


@pytest.mark.parametrize("page", ["", "problems/"])
def test_no_page_of_the_clerk_runs_what_the_file_says(batch, page):
    content = batch.clerk.get(f"/institution/batches/{batch.pk}/{page}").content.decode()
    assert not RAW.search(content)


def test_no_page_of_the_reviewer_runs_what_the_file_says(batch):
    batch.clerk.post(f"/institution/batches/{batch.pk}/submit/", {"good_rows": "on"})
    reviewer = signed_in(factories.reviewer())
    content = reviewer.get(f"/review/batches/{batch.pk}/").content.decode()
    assert "&lt;script&gt;alert" in content
    assert not RAW.search(content)


def test_the_workbook_given_back_calculates_nothing(batch):
    answer = batch.clerk.get(f"/institution/batches/{batch.pk}/workbook/")
    assert re.fullmatch(r"attachment; filename=.*", answer["Content-Disposition"])
    assert "\n" not in answer["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.getvalue()))
    cells = [cell for sheet in book for line in sheet for cell in line]
    assert any(str(cell.value).endswith("=HYPERLINK(0)") for cell in cells)
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []


@pytest.mark.parametrize(
    "address", ["/verify/?number=", "/institutions/?name=", "/rules/?on=", "/v/", "/sign-in/?next="]
)
def test_no_public_page_gives_back_what_its_address_says_as_markup(client, address):
    assert not RAW.search(client.get(f"{address}{MARKUP}").content.decode())


@pytest.mark.parametrize("text", FORMULAS)
def test_no_export_calculates(text):
    person = factories.person(name="海生")
    officer = signed_in(factories.staff(Role.COUNTY, area_code="460100"))
    factories.paper(person, area_code="460100", holder_name="海生", employer_name=text)
    person.profile_completed_at = None
    person.save(update_fields=["profile_completed_at"])
    exported = officer.get("/county/people/export/csv/").getvalue().decode()
    _headers, *lines = csv_reader(io.StringIO(exported, newline=""))
    cells = [cell for line in lines for cell in line]
    assert cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
