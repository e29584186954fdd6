"""Whether the person in a row of a batch holds that certificate, for that post, on those days."""

from datetime import date

import pytest

from certificates.models import ElectronicCertificate
from education.models import CERecord, RowProblem
from education.services import batch_approve
from tests.education.batches import checked, submitted
from tests.education.conftest import _issuer, at, by_clerk, by_reviewer, issuer_key, school  # noqa: F401 - fixtures
from tests.education.sheets import drawn, row
from tests.factories import paper, person, shanghai

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _november(at):  # noqa: F811
    at(2020, 11, 2, 9)


@pytest.fixture
def check(school, by_clerk):  # noqa: F811
    def found(*rows):
        batch = checked(school, by_clerk, *rows)
        return [
            (p.row, p.column, p.code, p.severity, p.facts)
            for p in RowProblem.objects.filter(batch=batch).order_by("row", "code")
        ]

    return found


def of(certificate, **cells):
    own = {
        "身份证号": certificate.person.id_number,
        "姓名": certificate.person.name,
        "证书编号": certificate.number,
        "岗位代码": certificate.post_code,
    }
    made = row(**{**own, **cells})
    drawn.clear()  # the registry is what the test says it is
    return made


def test_a_certificate_is_found_however_its_number_is_written(check):
    held = paper(person(), number="琼样培（2016）第000017号")
    assert check(of(held, 证书编号=" 琼样培(2016)第０００017号 ")) == []


def test_a_number_that_nobody_has_is_an_error(check):
    held = paper(person())
    assert check(of(held), of(held, 证书编号="无此编号", 课程名称="绿色施工"))[-1] == (
        3,
        "证书编号",
        "certificate_unknown",
        "error",
        {},
    )


def test_a_certificate_of_somebody_else_or_of_another_post_is_an_error(check):
    held, other = paper(person()), paper(person("林南"))
    found = check(of(held, 证书编号=other.number), of(held, 岗位代码="102", 课程名称="绿色施工"))
    assert found == [
        (2, "证书编号", "certificate_of_another_person", "error", {}),
        (3, "岗位代码", "certificate_of_another_post", "error", {"post_code": "101"}),
    ]


def test_the_course_ends_on_the_day_of_issue_at_the_earliest(check):
    assert check(of(paper(person(), issued_on=date(2020, 10, 20), expires_on=None))) == []
    late = paper(person(), issued_on=date(2020, 10, 21), expires_on=None)
    assert [code for _, _, code, *_ in check(of(late))] == ["certificate_issued_later"]


def exchanged(on):
    held = person()
    old = paper(held, status="exchanged", status_changed_at=shanghai(*on, 10))
    ElectronicCertificate.objects.create(
        number="4620201010000017", person=held, replaces=old, holder_name=held.name, post_code="101",
        photo=held.photo, issued_at=shanghai(*on, 10),
    )  # fmt: skip
    return old


@pytest.mark.parametrize(("on", "is_good"), [((2020, 10, 12), False), ((2020, 10, 13), True)])
def test_an_exchanged_paper_is_void_from_the_day_of_the_exchange(check, on, is_good):
    found = check(of(exchanged(on)))
    assert (found == []) == is_good
    if not is_good:
        ((*_, code, severity, facts),) = found
        assert (code, severity, facts) == (
            "certificate_exchanged",
            "error",
            {"on": "2020-10-12", "number": "4620201010000017"},
        )


def test_the_electronic_certificate_takes_over_on_its_day(check):
    old = exchanged((2020, 10, 12))
    assert check(of(old, 证书编号="4620201010000017")) == []


def test_a_void_certificate_is_an_error_when_it_ended_before_the_course_did(check):
    during = paper(person(), status="void", status_changed_at=shanghai(2020, 10, 20, 9))
    after = paper(person(), status="void", status_changed_at=shanghai(2020, 10, 21, 9))
    assert [(row, code) for row, _, code, *_ in check(of(during), of(after))] == [(2, "certificate_void")]


def test_a_former_name_on_the_certificate_is_a_warning_any_other_an_error(check):
    held = paper(person("陈新"), holder_name="陈旧")
    found = check(of(held, 姓名="陈旧"), of(paper(person("林南")), 姓名="林北"))
    assert [(code, severity) for _, _, code, severity, _ in found] == [
        ("former_name", "warning"),
        ("name_not_of_id", "error"),
    ]


def test_an_enterprise_post_certificate_is_pointed_out(check):
    held = paper(person(), kind="enterprise_post")
    assert [(code, severity) for _, _, code, severity, _ in check(of(held))] == [
        ("certificate_without_education", "warning")
    ]


def test_a_safety_officer_is_kept_up_by_the_same_hours(school, by_clerk, by_reviewer, check):  # noqa: F811
    held = paper(person(), kind="safety_officer", post_code="C")
    batch = submitted(school, by_clerk, of(held, 岗位代码="c"))
    batch_approve(batch=batch, by=by_reviewer)
    record = CERecord.objects.get()
    assert (record.post_code, record.hours, record.person_id) == ("C", 320, held.person_id)
