"""Words and numbers that no password may be made of."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from portal import clock
from portal.accounts.models import Person, Role, User
from tests import factories
from tests.factories import PASSWORD, shanghai

ID_NUMBER = "469900199001010039"
NAMED = User(person=Person(name="陈海生", id_number=ID_NUMBER, mobile="19900001234"))
STAFF = User(username="chen.haisheng", display_name="琼州样例培训中心 陈海生", role=Role.CLERK)


@pytest.fixture(autouse=True)
def _morning(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def refusals(password, user=None):
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [each.code for each in error.error_list]
    return []


@pytest.mark.parametrize(
    "password",
    [
        "hainan2020!!!!", "Hai-Nan.20200702".replace("0702", ""), "海南省继续教育平台2020", "JiXuJiaoYu123", "Ｈａｉｎａｎ２０２０ｘ", "zhengtong_888",
        "haikou-sanya-66", "gongdi.anquan.1", "海南省住房和城乡建设厅", "住建厅密码admin1", "Danzhou.portal1",
    ],
)  # fmt: skip
def test_names_of_the_portal_the_place_and_the_trade_do_not_count_as_length(password):
    assert refusals(password) == ["guessable"]


@pytest.mark.parametrize(
    "password",
    ["hainan-harbour-lantern", "anquan1-bridge-crane", "sitting-in-boats", "海南的早晨有很多渔船出港"],
)
def test_a_long_enough_rest_makes_them_good(password):
    assert refusals(password) == []


def test_the_cities_are_those_of_the_province_whose_policy_is_in_use(settings):
    assert refusals("Danzhou-1234") == ["guessable"]
    settings.POLICY_PACK = "hubei-2021"
    clock.move_to(shanghai(2022, 5, 2, 9), running=False)
    assert refusals("Huangshi-1234") == ["guessable"]
    assert refusals("Danzhou-12345") == []


@pytest.mark.parametrize(
    "password", ["chen.haisheng1", "HaiSheng-Chen-77", "陈海生-2020-12", "琼州样例培训中心陈海生1"]
)
def test_names_of_the_holder_do_not_count_either(password):
    assert refusals(password, STAFF) == ["guessable"]
    assert "guessable" not in refusals(f"{password}-lantern-harbour", STAFF)


@pytest.mark.parametrize(
    "password",
    ["lantern-19900101", "lantern-010039", "0000-1234-lantern", "1990 0001 lantern", "harbour469900"],
)
def test_six_digits_of_a_number_of_the_holder_are_too_many(password):
    assert refusals(password, NAMED) == ["number"]
    assert refusals(password, STAFF) == []


def test_every_way_to_a_new_password_asks_whose_it_is():
    worker = factories.worker(mobile="19900001234")
    within = Client()
    within.force_login(worker)
    employer = {
        "name": "海口样例建筑有限公司",
        "code": "x",
        "contact": "王",
        "phone": "1",
        "username": "yangli-jianzhu",
    }
    for answer in (
        within.post("/password/", {"current": PASSWORD, "password": "lantern-19900001234"}),
        Client().post("/register/", {"id_number": ID_NUMBER, "name": "陈海生", "mobile": "19900005678", "password": "lantern-9000-05"}),
        Client().post("/activate/", {"identifier": "chen-hai", "code": "abcd", "password": "chen-hai-2020"}),
        Client().post("/employer/register/", employer | {"password": "yangli-jianzhu-8"}),
    ):  # fmt: skip
        said = answer.content.decode()
        assert answer.status_code == 422
        assert ("几乎都是" in said) or ("不要包含" in said), answer.request["PATH_INFO"]
