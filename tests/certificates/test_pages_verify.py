"""Anyone asks about a number, on the page or by the API: the truth, masked, and not too often."""

import json
import logging
from datetime import date
from urllib.parse import quote

import pytest

from certificates.services.exchange import certificate_exchange
from portal import clock
from portal.events.services import Actor
from tests import factories
from tests.factories import shanghai

pytestmark = pytest.mark.django_db
FIELDS = {"number", "state", "holder", "post", "issued_on", "replaced_by", "education", "reason", "as_of"}


@pytest.fixture(autouse=True)
def _in_the_window(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


@pytest.fixture
def paper():
    return factories.ready_to_exchange(name="陈海生")


@pytest.fixture
def electronic(paper):
    return certificate_exchange(certificate=paper, by=Actor.command("test"))


def ask(client, number):
    return client.get("/verify/", {"number": number})


def test_an_empty_page_asks_one_question(client):
    page = client.get("/verify/").content.decode()
    assert page.count('name="number"') == 1
    assert "data-state" not in page


def test_an_electronic_certificate_is_valid_and_its_number_names_nobody(client, electronic):
    page = ask(client, electronic.number).content.decode()
    assert 'data-state="valid"' in page
    assert "陈" not in page
    assert electronic.person.masked_id_number not in page


@pytest.mark.parametrize(
    "hostile",
    [
        "\0",
        "9" * 5000,
        "\ufdfa" * 500,  # each unfolds to eighteen characters
        "\u202e\u200b\r\nSet-Cookie: a=b",
        "\U0010ffff\ud7ff",
        "İŉß" * 50,
        "%00%ff/../..",
        "²" * 16,
    ],
    ids=ascii,
)
def test_whatever_is_typed_gets_an_answer_by_every_way_of_asking(client, electronic, hostile):
    typed, listed = quote(hostile, safe=""), json.dumps({"numbers": [hostile]})
    answers = [
        ask(client, hostile),
        client.get(f"/v/{typed}"),
        client.get(f"/api/v1/verify/{typed}/"),
        client.get(f"/api/v1/verify/{typed}/", headers={"authorization": "Bearer x"}),
        client.get("/api/v1/log/proof", {"leaf": hostile}),
        client.get("/api/v1/log/proof", {"index": 0, "size": hostile}),
        client.get(f"/api/v1/status-lists/{typed}"),
        client.post("/verify/name/", {"number": hostile, "name": hostile}),
        client.post("/verify/name/", {"number": electronic.number, "name": hostile}),
        client.post("/verify/token/", {"token": hostile}),
        client.post("/verify/list/", {"text": f"{hostile}1", "act": "sign"}),
        client.post("/api/v1/verify-list/", listed, content_type="application/json"),
    ]
    assert {answer.status_code for answer in answers} <= {200, 400, 404, 422}
    assert not any(electronic.person.masked_id_number in answer.content.decode() for answer in answers)


@pytest.mark.parametrize("spelling", ["{} ", "{0[0]} {0[1]}{rest}", "full-width"])
def test_any_spelling_of_the_number_finds_it(client, electronic, spelling):
    number = electronic.number
    typed = {
        "{} ": f" {number} ",
        "{0[0]} {0[1]}{rest}": " ".join([number[:4], number[4:8], number[8:12], number[12:]]),
        "full-width": number.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"}),
    }[spelling]
    assert 'data-state="valid"' in ask(client, typed).content.decode()


def test_the_short_address_of_the_code_answers_the_same(client, electronic):
    assert 'data-state="valid"' in client.get(f"/v/{electronic.number}").content.decode()


def test_an_exchanged_paper_says_since_when_and_by_what_it_is_replaced(client, paper, electronic):
    page = ask(client, paper.number).content.decode()
    assert 'data-state="void"' in page
    assert "已于2020年12月28日换发为电子证书" in page
    assert electronic.number in page


def test_a_paper_in_use_is_valid_until_its_day_and_expired_after(client, paper):
    assert "2022年5月3日" in ask(client, paper.number).content.decode()
    clock.move_to(shanghai(2022, 5, 4), running=False)
    page = ask(client, paper.number).content.decode()
    assert 'data-state="expired"' in page
    assert "有效期至2022年5月3日" in page


def test_an_unknown_number_is_explained_with_ways_out(client):
    answer = ask(client, "4620201010000027")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'data-state="unknown"' in page
    assert "/contact/" in page


def test_an_id_number_is_not_looked_up_and_not_repeated(client, paper):
    typed = paper.person.id_number
    answer = client.get("/verify/", {"number": typed}, follow=True)
    assert answer.redirect_chain == [("/verify/?id-number", 302)]
    assert answer.status_code == 422
    assert "您输入的是身份证号" in answer.content.decode()
    assert typed not in answer.content.decode()


def test_an_empty_question_is_an_error_beside_the_field(client):
    answer = ask(client, " ")
    assert answer.status_code == 422
    assert "请输入证书上印的编号" in answer.content.decode()


def test_markup_in_a_number_stays_text(client):
    assert "<script>alert" not in ask(client, "<script>alert(1)</script>").content.decode()


def test_english_readers_are_answered_in_english(client, paper, electronic):
    client.cookies["django_language"] = "en"
    assert (
        "Replaced by an electronic certificate on 28 December 2020"
        in ask(client, paper.number).content.decode()
    )


def test_nothing_of_a_person_gets_into_the_log(client, electronic, caplog):
    with caplog.at_level(logging.DEBUG):
        ask(client, electronic.number)
        client.get(f"/api/v1/verify/{electronic.number}/")
    assert "陈" not in caplog.text


class TestLimit:
    def test_the_thirty_first_question_in_a_minute_waits_on_page_and_api_alike(self, client, electronic):
        answers = [ask(client, electronic.number).status_code for _ in range(15)]
        answers += [client.get(f"/api/v1/verify/{electronic.number}/").status_code for _ in range(15)]
        assert set(answers) == {200}
        page, call = ask(client, electronic.number), client.get(f"/api/v1/verify/{electronic.number}/")
        assert (page.status_code, call.status_code) == (429, 429)
        assert page["Retry-After"] == "60"
        assert call["Content-Type"].startswith("application/problem+json")
        assert call.json()["status"] == 429
        assert "陈" not in page.content.decode()

    def test_another_address_is_not_held_up(self, client, electronic):
        for _ in range(31):
            ask(client, electronic.number)
        other = client.get("/verify/", {"number": electronic.number}, REMOTE_ADDR="203.0.113.9")
        assert other.status_code == 200

    def test_the_answer_comes_even_without_redis(self, client, electronic, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        assert 'data-state="valid"' in ask(client, electronic.number).content.decode()


class TestApi:
    def call(self, client, number):
        answer = client.get(f"/api/v1/verify/{number}/")
        assert answer.status_code == 200
        assert set(answer.json()) == FIELDS
        return answer.json()

    def test_answers_with_the_fields_of_the_contract(self, client, electronic):
        assert self.call(client, electronic.number) == {
            "number": electronic.number,
            "state": "valid",
            "holder": "陈**",
            "post": "101",
            "issued_on": "2020-12-28",
            "replaced_by": None,
            "education": "not_due",
            "reason": None,
            "as_of": "2020-12-28T09:00:00+08:00",
        }

    def test_a_paper_number_names_what_replaced_it(self, client, paper, electronic):
        answer = self.call(client, paper.number)
        assert (answer["state"], answer["reason"], answer["replaced_by"]) == (
            "void",
            "exchanged",
            electronic.number,
        )
        assert answer["holder"] == "陈**"

    def test_a_cancelled_paper_is_void_and_an_old_one_expired(self, client):
        owner = factories.person()
        cancelled = factories.paper(owner, status="void", status_changed_at=shanghai(2020, 8, 1))
        old = factories.paper(owner, expires_on=date(2020, 12, 27))
        assert self.call(client, cancelled.number)["reason"] == "cancelled"
        assert self.call(client, old.number)["state"] == "expired"

    def test_an_unknown_number_is_unknown_and_no_error(self, client):
        answer = self.call(client, "4620201010000027")
        assert answer["state"] == "unknown"
        assert answer["holder"] is None
