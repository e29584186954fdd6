import io

import pytest
from openpyxl import load_workbook
from rest_framework.test import APIClient

from education.workbook import workbook_write
from portal.accounts.tokens import token_create
from portal.events.services import Actor
from tests.education.batches import checked, upload
from tests.education.sheets import HEADERS, csv, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


def given_back(batch):
    out = io.BytesIO()
    workbook_write(out, batch)
    return load_workbook(io.BytesIO(out.getvalue()))


def test_bad_cells_are_coloured_and_the_reason_and_the_fix_stand_beside(school, by_clerk):
    batch = checked(school, by_clerk, row(), row(姓名="", 总学时=20, 专业学时=22), row(总学时=16, 专业学时=8))
    book = given_back(batch)
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]][: len(HEADERS) + 1] == ["行号", *HEADERS]
    assert [line[0].value for line in sheet.iter_rows(min_row=2)] == [2, 3, 4]
    assert sheet.auto_filter.ref == "A1:R4"
    judged = len(HEADERS) + 1
    assert [line[judged].value for line in sheet.iter_rows(min_row=2)] == ["合格", "错误", "提示"]
    bad = {cell.column_letter for cell in sheet[3][:judged] if cell.fill.fgColor.rgb.endswith("F9D5CF")}
    assert bad == {"B", "K"}
    assert "专业学时" in sheet[3][judged + 1].value
    assert sheet[3][judged + 2].value
    overview = book.worksheets[1]
    assert [line[1].value for line in overview.iter_rows(min_row=2)] == ["姓名", "专业学时", "总学时"]


def test_numbers_stay_text_and_formulas_are_not_executed(school, by_clerk):
    cells = row(课程名称='=HYPERLINK("x")')
    book = given_back(checked(school, by_clerk, content=csv(cells)))
    sheet = book.worksheets[0]
    assert sheet["C2"].value == cells[1]
    assert sheet["C2"].number_format == "@"
    assert sheet["F2"].data_type == "s"


def test_it_is_got_by_the_api_and_not_before_the_file_was_read(school, by_clerk):
    _, text = token_create(user=by_clerk.user, name="t", scopes=["batches:read"], by=Actor.command("test"))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    answer = client.get(f"/api/v1/batches/{checked(school, by_clerk, row(姓名='')).pk}/workbook/")
    assert answer.status_code == 200
    assert load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0].max_row == 2
    early = client.get(f"/api/v1/batches/{upload(school, by_clerk).pk}/workbook/")
    assert (early.status_code, early.json()["state"]) == (409, "uploaded")
