"""Pictures of why rows were not credited, and of what reviewers made of like rows; each with its figures as a table."""

import re

import pytest
from django.urls import reverse

from education.consistency import like_rows_between, reviewers_between
from education.models import CERecord
from education.reasons import reasons_until
from education.services import batch_approve, batch_return, row_refuse
from portal import clock
from portal.accounts.models import Role
from portal.charts import MatrixChart
from portal.events.services import Actor
from tests.education.batches import approved, checked, submitted
from tests.education.sheets import row
from tests.factories import institution, reviewer, shanghai, staff

pytestmark = pytest.mark.django_db
TODAY = shanghai(2020, 11, 30).date()


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


def unusual():
    return row(开始日期="2020-10-12", 结束日期="2020-10-14")


def counted(**options):
    return {reason.label: list(reason.rows) for reason in reasons_until(TODAY, **options).reasons}


def test_reasons_are_counted_in_the_month_in_which_they_were_found(school, by_clerk, by_reviewer, at):
    at(2020, 10, 31, 23, 59, 59)
    checked(school, by_clerk, row(姓名=""), row())
    at(2020, 11, 1)
    checked(school, by_clerk, row(姓名=""), row(姓名=""), row(专业学时=99))
    batch = submitted(school, by_clerk, row(), row())
    row_refuse(batch=batch, number=2, reason="签到表没有此人", by=by_reviewer)
    batch = batch_approve(batch=batch, by=by_reviewer)
    CERecord.objects.filter(batch=batch).update(entry_refusal="查无此证")
    batch_return(batch=submitted(school, by_clerk, row(), row()), reason="缺页", by=by_reviewer)
    found = counted()
    assert list(found)[:3] == ["审核员不予认定该行", "审核员退回整批", "全国系统退回"]
    assert [rows[-2:] for rows in found.values()] == [[0, 1], [0, 2], [0, 1], [1, 2], [0, 1]]
    assert [f"{month:%Y-%m}" for month in reasons_until(TODAY).months] == [
        "2020-06", "2020-07", "2020-08", "2020-09", "2020-10", "2020-11",
    ]  # fmt: skip


def test_an_institution_sees_its_own_alone(school, by_clerk, client):
    checked(school, by_clerk, row(姓名=""))
    assert len(counted(institution=school)) == 1
    assert counted(institution=institution()) == {}
    client.force_login(by_clerk.user, backend="portal.accounts.backends.IdentityBackend")
    shown = client.get(reverse("institution-home")).content.decode()
    assert 'aria-labelledby="reasons-title reasons-desc"' in shown
    assert "<table" in shown


def test_like_rows_with_different_outcomes_come_first(school, by_clerk, by_reviewer):
    other = Actor("web", reviewer())
    for judge, refuse in ((by_reviewer, True), (other, False)):
        batch = submitted(school, by_clerk, unusual(), unusual())
        if refuse:
            row_refuse(batch=batch, number=2, reason="每天学时过多", by=judge)
        batch_approve(batch=batch, by=Actor("web", reviewer()))
        batch_approve(batch=batch, by=judge)
    (like,) = like_rows_between(TODAY.replace(day=1), TODAY)
    names = [judge.user.display_name or judge.user.username for judge in (by_reviewer, other)]
    assert (like.rows, like.refused_percent, like.spread) == (
        {names[0]: 2, names[1]: 2},
        {names[0]: 50, names[1]: 0},
        50,
    )


def test_two_reviewers_of_one_name_are_told_apart(school, by_clerk):
    judges = [Actor("web", staff(Role.REVIEWER, display_name="王芳")) for _ in range(2)]
    for first, second in (judges, judges[::-1]):
        batch = submitted(school, by_clerk, unusual())
        batch_approve(batch=batch, by=first)
        batch_approve(batch=batch, by=second)
    names = {f"王芳 ({judge.user.username})" for judge in judges}
    (like,) = like_rows_between(TODAY.replace(day=1), TODAY)
    assert set(like.rows) == names
    assert {each.name for each in reviewers_between(TODAY.replace(day=1), TODAY)} == names


def test_the_chief_sees_both_pictures_with_their_tables(client, school, by_clerk, by_reviewer):
    batch = submitted(school, by_clerk, unusual())
    batch_return(batch=batch, reason="每天学时过多", by=by_reviewer)
    client.force_login(staff(Role.CHIEF), backend="portal.accounts.backends.IdentityBackend")
    client.cookies["django_language"] = "en"
    shown = client.get(reverse("chief-consistency")).content.decode()
    for name in ("like-rows", "reasons"):
        assert f'id="{name}-title"' in shown
    assert "Many hours a day" in shown
    assert "100% · 1" in shown


def test_without_anything_refused_the_page_says_so(client, school, by_clerk, by_reviewer):
    approved(school, by_clerk, by_reviewer, row())
    client.force_login(by_clerk.user, backend="portal.accounts.backends.IdentityBackend")
    client.cookies["django_language"] = "en"
    assert "No row was refused in these months" in client.get(reverse("institution-home")).content.decode()


def test_a_matrix_keeps_its_bars_inside_and_cuts_long_names():
    chart = MatrixChart(
        name="m", title="t", description="d", columns=["a", "b"], rows=[("x" * 50, [3, None]), ("y", [0, 9])]
    )
    drawn = str(chart.draw())
    assert "style" not in drawn
    assert "x" * 32 not in drawn
    heights = [float(height) for height in re.findall(r'<rect[^>]* height="([^"]+)"', drawn)]
    assert heights == [round(3 / 9 * 20, 1), 0, 20]
    assert clock.today() < TODAY
