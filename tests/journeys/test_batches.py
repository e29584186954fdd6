"""A batch from the clerk's desk to credited hours and back again, in a real browser, on the real processes."""

import base64
import io
import json
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.education.sheets import HEADERS
from tests.factories import shanghai
from tests.journeys.signing_in import sign_in

PEOPLE = 14
GIVEN = f"""
import json
from tests import factories
from tests.education.sheets import enrol, row
school = factories.institution("海口样例椰风职业培训学校")
rows = [row(姓名=name) for name in "陈海生 符美兰 王小海 林南 李椰风 吴海燕 黄文昌 周万宁 郑琼中 孙白沙 冯儋州 何东方 许乐东 邓临高".split()]
assert len(rows) == {PEOPLE}
enrol()
print(json.dumps({{
    "clerk": factories.clerk(school).username,
    "reviewers": [factories.reviewer(name).username for name in ("review-one", "review-two")],
    "rows": rows,
}}, ensure_ascii=False))
"""
BAD_NAME, BAD_HOURS = 3, 5
"""Rows of the sheet that the clerk spoils: the ID number of one, the hours of the other."""


@pytest.fixture
def given(stack):
    stack.empty()
    stack.move_clock(shanghai(2020, 11, 2, 9))
    return json.loads(stack.python(GIVEN).splitlines()[-1])


def table(path, rows):
    book = openpyxl.Workbook()
    book.active.append(HEADERS)
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def spoiled(rows):
    """A wrong check digit, more professional hours than hours, and a course too short for its hours."""
    rows = [list(row) for row in rows]
    last = rows[BAD_NAME - 2][1][-1]
    rows[BAD_NAME - 2][1] = rows[BAD_NAME - 2][1][:-1] + ("1" if last != "1" else "2")
    rows[BAD_HOURS - 2][9] = 40
    rows[7][7] = "2020-10-14"
    return rows


def drop(page, path):
    """Drop a file onto the page, as from a folder beside the browser."""
    content = base64.b64encode(path.read_bytes()).decode()
    carried = page.evaluate_handle(
        """([content, name]) => {
            const carried = new DataTransfer()
            carried.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name))
            return carried
        }""",
        [content, path.name],
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": carried})
    page.dispatch_event("main", "drop", {"dataTransfer": carried})


def main(page):
    return page.get_by_role("main")


def press(page, name):
    main(page).get_by_role("button", name=re.compile(name)).first.click()


def upload(page, path, *, dropped=False):
    if dropped:
        drop(page, path)
    else:
        page.locator("input[type=file]").set_input_files(path)
    press(page, "上传并检查")
    page.wait_for_url(re.compile(r"/institution/batches/[0-9a-f-]{36}/$"))


def checked(page):
    page.locator("#batch .app-stats").wait_for()


def load(download):
    return openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))


def large(rows, path, count=3_000):
    return table(path, [rows[i % len(rows)] for i in range(count)])


def test_a_clerk_corrects_what_the_check_found_and_submits(page, given, picture, tmp_path):
    # Given a clerk who finds the template, and drops a table with problems onto the page
    sign_in(page, given["clerk"])
    page.goto("/institution/batches/upload/")
    with page.expect_download() as template:
        main(page).get_by_role("link", name="下载模板").click()
    assert load(template).active["A1"].value.startswith("海口样例椰风职业培训学校")
    upload(page, table(tmp_path / "十一月.xlsx", spoiled(given["rows"])), dropped=True)
    # Then every problem stands there at once, by what puts it right, and nothing was submitted
    checked(page)
    expect(main(page)).to_contain_text("身份证号")
    expect(main(page)).to_contain_text("专业学时")
    picture("clerk-batch-problems")
    # When the clerk takes the marked table, puts the bad rows right in it, and sends those alone
    with page.expect_download() as given_back:
        main(page).get_by_role("link", name=re.compile("标注|标出|标明")).click()
    corrected = tmp_path / "更正.xlsx"
    book = load(given_back)
    sheet = book.worksheets[0]
    judged = [cell.value for cell in sheet["P"]][1:]
    assert (judged.count("错误"), judged.count("提示"), judged.count("合格")) == (2, 1, PEOPLE - 3), judged
    good = dict(enumerate(given["rows"], 2))
    for number in range(sheet.max_row, 1, -1):
        if number in (BAD_NAME, BAD_HOURS):
            for column, value in enumerate(good[number], 2):
                sheet.cell(number, column).value = value
        else:
            sheet.delete_rows(number)
    book.save(corrected)
    main(page).get_by_role("button", name="上传更正后的文件").click()
    main(page).get_by_label(re.compile("仅含更正的行")).check()
    upload(page, corrected)
    # Then the batch is whole again, what it would do is said, and it is submitted with a receipt
    checked(page)
    expect(main(page).locator(".app-stats")).to_contain_text(str(PEOPLE))
    expect(main(page)).to_contain_text(re.compile("人.*32 ?学时"))
    picture("clerk-batch-forecast")
    press(page, f"报送.*{PEOPLE}")
    expect(main(page)).to_contain_text("回执")
    with page.expect_download() as receipt:
        main(page).get_by_role("link", name="下载签名回执").click()
    picture("clerk-batch-receipt")
    # And the receipt is verified by anybody
    page.context.clear_cookies()
    page.goto("/receipts/")
    page.locator("[name=text]").fill(receipt.value.path().read_text())
    press(page, "核验")
    expect(page.locator("[data-verdict]")).to_have_attribute("data-verdict", "good")
    picture("receipt-verified")


def test_a_check_survives_a_reload_and_is_called_off(page, stack, given, tmp_path):
    sign_in(page, given["clerk"])
    page.goto("/institution/batches/upload/")
    upload(page, large(given["rows"], tmp_path / "大表.xlsx", 40_000))
    # The page is left and opened again while the check runs: it shows how far it is, and how to stop it
    expect(main(page).get_by_role("status")).to_contain_text("行")
    page.reload()
    expect(main(page).get_by_role("status")).to_contain_text("行")
    press(page, "取消检查|停止检查|中止检查")
    expect(main(page)).to_contain_text(re.compile("取消|中止|停止"))
    with stack.sql() as cursor:
        cursor.execute("SELECT state, (SELECT count(*) FROM education_batchrow) FROM education_batch")
        assert cursor.fetchall() == [("failed", 0)]


def test_a_large_table_is_given_back_without_waiting_for_an_answer(page, given, picture, tmp_path):
    sign_in(page, given["clerk"])
    page.goto("/institution/batches/upload/")
    upload(page, large(given["rows"], tmp_path / "大表.xlsx"))
    checked(page)
    main(page).get_by_role("link", name=re.compile("标注|标出|标明")).click()
    page.wait_for_url("**/downloads/**")
    picture("download-being-made")
    link = main(page).get_by_role("button", name="下载文件")
    link.wait_for()
    with page.expect_download() as file:
        link.click()
    assert load(file).worksheets[0].max_row == 3_001


@pytest.fixture
def submitted(page, given, tmp_path):
    """A batch with something unusual in it, submitted."""
    rows = spoiled(given["rows"])
    rows[BAD_NAME - 2], rows[BAD_HOURS - 2] = given["rows"][BAD_NAME - 2], given["rows"][BAD_HOURS - 2]
    sign_in(page, given["clerk"])
    page.goto("/institution/batches/upload/")
    upload(page, table(tmp_path / "十一月.xlsx", rows))
    checked(page)
    press(page, f"报送.*{PEOPLE}")
    expect(main(page)).to_contain_text("回执")
    return given


def by_key(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def tab_to(page, selector):
    """Reach an element by the Tab key alone."""
    for _ in range(200):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"The Tab key never reached {selector}.")


def opens_the_first(page, which=""):
    page.goto(f"/review/batches/{which}")
    page.keyboard.press("o")
    page.wait_for_url(re.compile(r"/review/batches/[0-9a-f-]{36}/$"))


APPROVE = 'form[action$="/approve/"] button'
REFUSE = 'form[action$="/row/"]'
REVERSAL = 'form[action$="/reversal/"]'


def test_reviewers_decide_and_take_back_by_keyboard_alone(page, stack, submitted, picture):
    first, second = submitted["reviewers"]
    # Given a reviewer who opens the oldest batch and sees the unusual row in the sample
    sign_in(page, first)
    opens_the_first(page)
    picture("reviewer-batch")
    by_key(page, "s")
    expect(page.locator("#sample")).to_be_in_viewport()
    # When one row is refused with its reason, and the others are agreed to
    by_key(page, "d")
    tab_to(page, f"{REFUSE} [name=number]")
    page.keyboard.type("2")
    tab_to(page, f"{REFUSE} [name=reason]")
    page.keyboard.type("签到表没有此人")
    by_key(page, "Enter")
    expect(main(page)).to_contain_text("签到表没有此人")
    by_key(page, "d")
    tab_to(page, APPROVE)
    by_key(page, "Enter")
    page.wait_for_url("**/review/batches/")
    # Then it waits for a second reviewer, since something in it is unusual
    opens_the_first(page)
    assert not page.locator(APPROVE).count()
    sign_in(page, second)
    opens_the_first(page)
    by_key(page, "d")
    tab_to(page, APPROVE)
    by_key(page, "Enter")
    page.wait_for_url("**/review/batches/")
    assert credited(stack) == (PEOPLE - 1, PEOPLE - 1)
    # When two of them take one row back
    opens_the_first(page, "?state=decided")
    tab_to(page, f"{REVERSAL} [name=rows]")
    page.keyboard.type("４")
    tab_to(page, f"{REVERSAL} [name=reason]")
    page.keyboard.type("机构承认代签")
    tab_to(page, f"{REVERSAL} button")
    by_key(page, "Enter")
    expect(main(page)).to_contain_text("机构承认代签")
    picture("reviewer-reversal")
    sign_in(page, first)
    opens_the_first(page, "?state=decided")
    tab_to(page, f"{REVERSAL} button[value=confirm]")
    by_key(page, "Enter")
    expect(main(page)).to_contain_text(re.compile("第 4 行"))
    # Then its hours have left by a counter-entry, and the others stay
    assert credited(stack) == (PEOPLE, PEOPLE - 2)
    picture("reviewer-taken-back")


def credited(stack):
    """How many entries there are, and how many people have hours that count."""
    with stack.sql() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE in_force) FROM education_cerecord")
        return cursor.fetchone()


def test_a_returned_batch_keeps_its_place_and_comes_back(page, submitted, picture, tmp_path):
    sign_in(page, submitted["reviewers"][0])
    opens_the_first(page)
    by_key(page, "d")
    tab_to(page, 'form[action$="/return/"] textarea')
    page.keyboard.type("第 9 行每天学时过多，请核对。")
    tab_to(page, 'form[action$="/return/"] button')
    by_key(page, "Enter")
    page.wait_for_url("**/review/batches/")
    # The clerk reads why, sends the corrected table, and needs no second place of the month
    sign_in(page, submitted["clerk"])
    page.goto("/institution/batches/")
    main(page).get_by_role("link", name="十一月.xlsx").click()
    expect(main(page)).to_contain_text("每天学时过多")
    picture("clerk-batch-returned")
    main(page).get_by_role("button", name="上传更正后的文件").click()
    upload(page, table(tmp_path / "十一月更正.xlsx", submitted["rows"]))
    checked(page)
    press(page, f"报送.*{PEOPLE}")
    expect(main(page)).to_contain_text("2020-11 · 1")
