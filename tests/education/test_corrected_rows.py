"""Only the bad rows are corrected and sent back; the batch takes them in."""

import io

import pytest
from django.utils.translation import override
from openpyxl import Workbook, load_workbook

from education.models import BatchRow
from education.services import CannotCorrectError, batch_approve, batch_check, batch_return, batch_submit
from education.workbook import workbook_write
from tests.education.batches import JOB, checked, submitted, upload
from tests.education.sheets import HEADERS, enrol, row, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


def given_back(batch):
    """The table that the clerk gets: its header and its rows by number."""
    out = io.BytesIO()
    workbook_write(out, batch)
    header, *rows = load_workbook(out).worksheets[0].iter_rows(values_only=True)
    return list(header), {cells[0]: list(cells) for cells in rows}


def sheet(header, *rows):
    enrol()
    book = Workbook()
    book.active.append(header)
    for cells in rows:
        book.active.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def merged(school, by, batch, content):
    correction = upload(school, by, content, name="改.xlsx", corrects=batch, merges=True)
    batch_check(correction.pk, by=JOB)
    correction.refresh_from_db()
    return correction


def names(batch):
    return dict(BatchRow.objects.filter(batch=batch).order_by("number").values_list("number", "name"))


def corrected(batch, number, **cells):
    header, rows = given_back(batch)
    for column, value in cells.items():
        rows[number][header.index(column)] = value
    return header, rows[number]


def test_corrected_rows_replace_the_bad_ones_and_all_others_stay(school, by_clerk, by_reviewer):
    batch = checked(
        school, by_clerk, row(姓名="甲"), row(姓名=""), row(姓名="丙"), row(姓名="丁", 专业学时=40)
    )
    assert batch.errors == 2
    header, second = corrected(batch, 3, 姓名="王小海")
    _, fourth = corrected(batch, 5, 专业学时=22)
    whole = merged(school, by_clerk, batch, sheet(header, fourth, second))
    assert (whole.state, whole.rows_total, whole.errors) == ("checked", 4, 0)
    assert names(whole) == {2: "甲", 3: "王小海", 4: "丙", 5: "丁"}
    assert batch_approve(batch=batch_submit(batch=whole, by=by_clerk), by=by_reviewer).records.count() == 4


def test_a_bad_row_that_nobody_sends_stays_bad(school, by_clerk):
    batch = checked(school, by_clerk, row(姓名=""), row(姓名=""), row(姓名="丙"))
    header, first = corrected(batch, 2, 姓名="甲")
    whole = merged(school, by_clerk, batch, sheet(header, first))
    assert (whole.errors, names(whole)) == (1, {2: "甲", 3: "", 4: "丙"})


def test_corrections_of_corrections_and_new_rows_keep_their_numbers(school, by_clerk):
    batch = checked(school, by_clerk, row(姓名="甲"), row(姓名=""))
    header, second = corrected(batch, 3, 姓名="")
    extra = [None, *row(姓名="")]
    first = merged(school, by_clerk, batch, sheet(["行号", *HEADERS], second[: len(HEADERS) + 1], extra))
    assert names(first) == {2: "甲", 3: "", 4: ""}
    header, third = corrected(first, 4, 姓名="丙")
    _, second = corrected(first, 3, 姓名="乙")
    last = merged(school, by_clerk, first, sheet(header, third, second))
    assert (last.errors, names(last)) == (0, {2: "甲", 3: "乙", 4: "丙"})
    assert sorted(given_back(last)[1]) == [2, 3, 4]


def test_the_first_table_may_have_its_columns_in_another_order(school, by_clerk):
    order = list(reversed(range(len(HEADERS))))
    bad = row(姓名="")
    content = workbook([bad[i] for i in order], headers=[HEADERS[i] for i in order])
    batch = checked(school, by_clerk, content=content)
    fixed = [2, *bad]
    fixed[1] = "甲"
    whole = merged(school, by_clerk, batch, sheet(["行号", *HEADERS], fixed))
    header, rows = given_back(whole)
    assert (whole.errors, rows[2][header.index("姓名")]) == (0, "甲")


@pytest.mark.parametrize(
    ("header", "numbers", "code"),
    [
        (HEADERS, [None], "rows_not_numbered"),
        (["行号", *HEADERS], [9], "row_unknown"),
        (["行号", *HEADERS], ["x"], "row_unknown"),
        (["行号", *HEADERS], [2, 2], "row_named_twice"),
    ],
)
def test_rows_that_cannot_be_told_are_refused_with_the_way_out(school, by_clerk, header, numbers, code):
    batch = checked(school, by_clerk, row(姓名=""))
    rows = [[number, *row()] if header[0] == "行号" else row() for number in numbers]
    refused = merged(school, by_clerk, batch, sheet(header, *rows))
    assert (refused.state, refused.failure["code"]) == ("failed", code)
    assert names(batch) == {2: ""}


def test_a_returned_batch_takes_corrected_rows_and_keeps_its_place(school, by_clerk, by_reviewer):
    batch = submitted(school, by_clerk, row(姓名="甲"), row(姓名="乙"))
    batch_return(batch=batch, reason="第3行学时不符", by=by_reviewer)
    header, third = corrected(batch, 3, 总学时=16, 专业学时=11)
    again = batch_submit(batch=merged(school, by_clerk, batch, sheet(header, third)), by=by_clerk)
    assert (again.quota_place, again.rows_total) == (batch.quota_place, 2)
    assert list(again.rows.order_by("number").values_list("hours", flat=True)) == [320, 160]


def test_a_file_that_was_not_read_has_no_rows_to_stay(school, by_clerk):
    failed = checked(school, by_clerk, content=b"%PDF-1.4")
    with pytest.raises(CannotCorrectError):
        upload(school, by_clerk, workbook(row()), corrects=failed, merges=True)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("merges", [True, False])
def test_what_the_portal_wrote_beside_the_table_is_passed_over_without_a_word(
    school, by_clerk, language, merges
):
    batch = checked(school, by_clerk, row(姓名=""), row())
    out = io.BytesIO()
    with override(language):
        workbook_write(out, batch)
    again = checked(school, by_clerk, content=out.getvalue(), corrects=batch, merges=merges)
    assert set(again.problems.values_list("code", flat=True)) == {"cell_missing"}
