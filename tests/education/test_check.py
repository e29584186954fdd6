import io
from datetime import date

import pytest
from django.utils import translation
from openpyxl import Workbook

from education import checks, problem_texts
from education.models import Batch, BatchRow, RowProblem
from education.problem_texts import explain_problem, problem_title
from education.services import batch_check
from institutions.models import Qualification
from portal import crypto
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from portal.tables.messages import problem_codes
from tests.education.batches import JOB, approved, checked, submitted, upload
from tests.education.sheets import HEADERS, csv, enrol, row, workbook
from tests.factories import clerk, fresh_id_number, institution, person, shanghai

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


def problems(batch):
    """Each problem as (row, column, code, severity), in the order of the sheet."""
    found = RowProblem.objects.filter(batch=batch).order_by("row", "column", "code")
    return [(p.row, p.column, p.code, p.severity) for p in found]


def test_good_rows_are_kept_typed_and_the_number_encrypted(school, by_clerk):
    number = fresh_id_number()
    batch = checked(school, by_clerk, row(身份证号=number, 总学时=32.5, 考核成绩=86, 补学年度="2019"))
    assert (batch.state, batch.rows_total, batch.rows_valid, batch.errors, batch.warnings) == (
        "checked",
        1,
        1,
        0,
        0,
    )
    assert batch.progress == 100
    kept = BatchRow.objects.get(batch=batch)
    assert (kept.number, kept.name, kept.post_code, kept.mode) == (2, "王小海", "101", "online")
    assert (kept.hours, kept.professional_hours, kept.score, kept.passed) == (325, 220, 860, True)
    assert (kept.started_on, kept.ended_on, kept.makes_up_for) == (
        date(2020, 10, 12),
        date(2020, 10, 20),
        2019,
    )
    assert kept.id_number == number
    assert bytes(kept.id_number_hash) == crypto.blind_index("id_number", number)


def test_every_problem_of_the_whole_file_is_found_at_once_each_in_its_cell(school, by_clerk):
    batch = checked(
        school,
        by_clerk,
        row(),
        row(身份证号=4.60100199001011e17),
        row(姓名="", 岗位代码="105"),
        row(开始日期="2020-10-20", 结束日期="2020-10-12"),
        row(结束日期="2020-12-01"),
        row(总学时=20, 专业学时=22),
        row(总学时=0, 专业学时=0),
        row(培训方式="面授", 考核结果="优"),
        row(考核成绩=101),
        row(补学年度="2018"),
    )
    assert problems(batch) == [
        (3, "身份证号", "id_cut_by_spreadsheet", "error"),
        (4, "姓名", "cell_missing", "error"),
        (4, "岗位代码", "post_unknown", "error"),
        (5, "结束日期", "ends_before_start", "error"),
        (6, "结束日期", "in_the_future", "error"),
        (7, "专业学时", "professional_over_total", "error"),
        (8, "总学时", "hours_zero", "error"),
        (9, "培训方式", "not_a_choice", "error"),
        (9, "考核结果", "not_a_choice", "error"),
        (10, "考核成绩", "score_range", "error"),
        (11, "补学年度", "make_up_year", "error"),
    ]
    assert (batch.rows_total, batch.rows_valid, batch.errors, batch.warnings) == (10, 1, 11, 0)


def test_one_bad_row_in_a_thousand_commits_nothing_by_itself(school, by_clerk):
    batch = checked(school, by_clerk, *[row() for _ in range(999)], row(姓名=""))
    assert (batch.state, batch.rows_valid, batch.errors) == ("checked", 999, 1)


def test_hours_that_no_day_holds_are_an_error_and_many_a_day_a_warning(school, by_clerk):
    batch = checked(
        school,
        by_clerk,
        row(开始日期="2020-10-12", 结束日期="2020-10-12", 总学时=40),
        row(开始日期="2020-10-12", 结束日期="2020-10-14", 总学时=32),
        row(开始日期="2020-10-12", 结束日期="2020-10-15", 总学时=32),
    )
    assert problems(batch) == [
        (2, "总学时", "impossible_hours", "error"),
        (3, "总学时", "unusual_hours", "warning"),
    ]


def test_a_partial_course_is_a_warning(school, by_clerk):
    batch = checked(school, by_clerk, row(总学时=16, 专业学时=8), row(总学时=32, 专业学时=21.9))
    assert [code for _, _, code, _ in problems(batch)] == ["partial_course", "partial_course"]
    assert batch.rows_valid == 2


def test_the_institution_must_have_been_qualified_on_every_day_of_the_course(by_clerk, school):
    Qualification.objects.filter(institution=school).delete()
    for first, last in ((date(2020, 1, 1), date(2020, 10, 15)), (date(2020, 10, 16), date(2020, 10, 19))):
        Qualification.objects.create(
            institution=school,
            ground="national_directory",
            valid_from=first,
            valid_until=last,
            created_at=shanghai(2020, 1, 1),
        )
    batch = checked(school, by_clerk, row(结束日期="2020-10-19"), row(结束日期="2020-10-20"))
    assert problems(batch) == [(3, "开始日期", "institution_not_qualified", "error")]


def test_both_rows_of_a_duplicate_are_named(school, by_clerk):
    number = fresh_id_number()
    batch = checked(school, by_clerk, row(身份证号=number), row(), row(身份证号=number))
    assert problems(batch) == [
        (2, "身份证号", "duplicate_in_file", "error"),
        (4, "身份证号", "duplicate_in_file", "error"),
    ]
    assert RowProblem.objects.filter(batch=batch).first().facts == {"rows": [2, 4]}


def test_fifteen_digits_and_eighteen_are_one_person(school, by_clerk):
    long = fresh_id_number()
    batch = checked(school, by_clerk, row(身份证号=long), row(身份证号=long[:6] + long[8:17]))
    assert {code for _, _, code, _ in problems(batch)} == {"duplicate_in_file"}


def test_two_face_to_face_courses_on_the_same_days_are_pointed_out(school, by_clerk):
    number = fresh_id_number()
    same = {"身份证号": number, "培训方式": "集中"}
    batch = checked(
        school,
        by_clerk,
        row(**same),
        row(**same, 课程名称="标准规范", 开始日期="2020-10-20", 结束日期="2020-10-24"),
        row(**same, 课程名称="绿色施工", 开始日期="2020-10-25", 结束日期="2020-10-30"),
        row(身份证号=number, 培训方式="网络", 课程名称="法律法规"),
    )
    assert problems(batch) == [(3, "开始日期", "two_courses_at_once", "warning")]
    assert RowProblem.objects.get(batch=batch).facts == {"row": 2}


def test_two_names_for_one_number_are_named(school, by_clerk):
    number = fresh_id_number()
    batch = checked(
        school, by_clerk, row(身份证号=number), row(身份证号=number, 姓名="李小海", 课程名称="别的课程")
    )
    assert {problem for problem in problems(batch) if problem[3] == "error"} == {
        (2, "姓名", "names_differ_in_file", "error"),
        (3, "姓名", "names_differ_in_file", "error"),
    }


def test_a_name_that_its_owner_gave_differently_is_an_error_one_from_the_registry_a_warning(school, by_clerk):
    registered, unregistered = person("陈海生"), person("陈海生", complete=False)
    batch = checked(
        school,
        by_clerk,
        row(身份证号=registered.id_number, 姓名="陈海声"),
        row(身份证号=unregistered.id_number, 姓名="陈海声"),
        row(身份证号=person("阿依古丽·买买提").id_number, 姓名="阿依古丽•买买提"),
    )
    assert problems(batch) == [
        (2, "姓名", "name_not_of_id", "error"),
        (3, "姓名", "name_not_of_id", "warning"),
    ]


def test_a_course_credited_before_is_a_duplicate_whoever_reports_it(school, by_clerk, by_reviewer):
    number = fresh_id_number()
    approved(school, by_clerk, by_reviewer, row(身份证号=number))
    other = institution("三亚样例培训学校")
    batch = checked(other, Actor(Event.Means.WEB, clerk(other)), row(身份证号=number), row())
    assert problems(batch) == [(2, "身份证号", "already_credited", "error")]
    assert RowProblem.objects.get(batch=batch).facts == {"institution": school.name, "on": "2020-11-02"}


def test_a_course_in_a_batch_under_review_is_a_duplicate(school, by_clerk):
    number = fresh_id_number()
    submitted(school, by_clerk, row(身份证号=number))
    batch = checked(school, by_clerk, row(身份证号=number), row())
    assert problems(batch) == [(2, "身份证号", "already_submitted", "error")]


def test_a_course_in_another_open_file_of_the_institution_is_a_warning_unless_this_one_corrects_it(
    school, by_clerk
):
    number = fresh_id_number()
    first = checked(school, by_clerk, row(身份证号=number))
    second = checked(school, by_clerk, row(身份证号=number), row())
    assert problems(second) == [(2, "身份证号", "in_another_batch", "warning")]
    correction = checked(school, by_clerk, row(身份证号=number), row(), row(), corrects=second)
    Batch.objects.filter(pk=first.pk).delete()
    batch_check_again(correction)
    assert problems(correction) == []


def batch_check_again(batch):
    Batch.objects.filter(pk=batch.pk).update(state="checking")
    batch_check(batch.pk, by=JOB)


def test_what_other_institutions_prepare_stays_theirs(school, by_clerk):
    number = fresh_id_number()
    other = institution("三亚样例培训学校")
    checked(other, Actor(Event.Means.WEB, clerk(other)), row(身份证号=number))
    assert problems(checked(school, by_clerk, row(身份证号=number))) == []


def test_moved_columns_gb18030_and_full_width_digits_are_no_problem(school, by_clerk):
    number = fresh_id_number()
    wide = number.translate({ord(d): chr(0xFF10 + int(d)) for d in "0123456789"})
    order = list(reversed(range(len(HEADERS))))
    cells = row(身份证号=f" {wide.lower()} ", 姓名="吕㛃")
    enrol()
    content = "\r\n".join(",".join(str(line[i]) for i in order) for line in (HEADERS, cells)).encode(
        "gb18030"
    )
    batch = checked(school, by_clerk, content=content)
    assert problems(batch) == []
    assert BatchRow.objects.get(batch=batch).id_number == number


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file_xls"),
        (b"<html><body>error</body></html>", "file_web_page"),
        (workbook(), "no_rows"),
        (workbook(["a"], headers=["姓名"]), "columns_missing"),
    ],
    ids=["old workbook", "web page", "no rows", "missing columns"],
)
def test_a_file_that_cannot_be_read_fails_with_its_reason(school, by_clerk, content, code):
    batch = checked(school, by_clerk, content=content)
    assert batch.state == "failed"
    assert batch.failure["code"] == code
    assert explain_problem(code, batch.failure["params"]).fix
    assert Notice.objects.filter(user=by_clerk.user, code="education.batch_failed").count() == 1


def test_more_rows_than_allowed_fail(school, by_clerk, settings):
    settings.BATCH_MAX_ROWS = 2
    assert checked(school, by_clerk, row(), row(), row()).failure["code"] == "too_many_rows"


def test_text_that_a_spreadsheet_would_execute_is_kept_as_text(school, by_clerk):
    batch = checked(school, by_clerk, content=csv(row(课程名称='=HYPERLINK("x")', 备注="a\\b")))
    kept = BatchRow.objects.get(batch=batch)
    assert kept.remark == "a\\b"
    assert kept.course.startswith("=")


def test_a_formula_in_an_identity_column_is_an_error(school, by_clerk):
    book = Workbook()
    book.active.append(HEADERS)
    book.active.append(row(身份证号='="46990019"&"850615001X"'))
    out = io.BytesIO()
    book.save(out)
    assert (2, "身份证号", "cell_formula", "error") in problems(
        checked(school, by_clerk, content=out.getvalue())
    )


def test_columns_that_nobody_declared_are_pointed_out_for_the_file_as_a_whole(school, by_clerk):
    batch = checked(school, by_clerk, content=workbook([*row(), "x"], headers=[*HEADERS, "班次"]))
    assert problems(batch) == [(None, "", "columns_ignored", "warning")]


def test_checking_twice_doubles_nothing(school, by_clerk):
    batch = checked(school, by_clerk, row(姓名=""), row())
    batch_check_again(batch)
    batch.refresh_from_db()
    assert BatchRow.objects.filter(batch=batch).count() == 2
    assert len(problems(batch)) == batch.errors == 1


def test_a_task_that_comes_late_changes_nothing(school, by_clerk):
    batch = submitted(school, by_clerk)
    batch_check(batch.pk, by=JOB)
    batch.refresh_from_db()
    assert batch.state == "submitted"


def test_a_file_that_kills_its_worker_again_and_again_fails_in_the_end(school, by_clerk):
    batch = upload(school, by_clerk)
    Batch.objects.filter(pk=batch.pk).update(state="checking", attempts=3)
    batch_check(batch.pk, by=JOB)
    batch.refresh_from_db()
    assert (batch.state, batch.failure["code"]) == ("failed", "check_gave_up")


def test_a_room_further_up_can_register_a_check_of_its_own(school, by_clerk, monkeypatch):
    monkeypatch.setattr(checks, "_checks", [*checks._checks])
    monkeypatch.setattr(problem_texts, "_WORDS", dict(problem_texts._WORDS))
    problem_texts.register_problem("course_unknown", message="No course {course}.", fix="Choose another.")

    @checks.register_check
    def course_is_known(context):
        sql = """SELECT r.number, '课程名称', 'course_unknown', 'error', '2.2', jsonb_build_object('course', r.course)
                 FROM education_batchrow r WHERE r.batch_id = %(batch)s AND r.course = %(bad)s"""
        return checks.Query(sql, {"bad": "不存在的课程"})

    batch = checked(school, by_clerk, row(), row(课程名称="不存在的课程"))
    assert problems(batch) == [(3, "课程名称", "course_unknown", "error")]
    assert explain_problem("course_unknown", {"course": "X"}).message == "No course X."


def test_every_problem_has_words_in_both_languages():
    facts = {
        "attempts": 3, "hours": 32, "professional_hours": 22, "days": 1, "limit": 8, "post_code": "105", "year": 2018,
        "expected": 2019, "rows": [2, 4], "on": "2020-11-02", "institution": "X", "filename": "x", "row": 2,
        "first": "2020-10-12", "last": "2020-10-20", "score": 86, "number": "X",
    }  # fmt: skip
    for code in problem_texts._WORDS:
        with translation.override("en"):
            english = explain_problem(code, facts)
        with translation.override("zh-hans"):
            chinese = explain_problem(code, facts)
        assert all(english), code
        assert all(any("\u4e00" <= c <= "\u9fff" for c in text) for text in chinese), code


def test_every_problem_has_a_title_without_the_facts_of_one_case():
    for code in {*problem_texts._WORDS, *problem_codes()}:
        with translation.override("en"):
            english = problem_title(code)
        with translation.override("zh-hans"):
            chinese = problem_title(code)
        assert not set("{}%") & set(english + chinese), code
        assert english != chinese, code


def test_problems_never_hold_an_id_number(school, by_clerk):
    number = fresh_id_number()
    batch = checked(
        school, by_clerk, row(身份证号=number), row(身份证号=number), row(身份证号=number[:17] + "0")
    )
    for problem in RowProblem.objects.filter(batch=batch):
        assert number[:17] not in str(problem.facts)
