import json
import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.urls import URLResolver, get_resolver
from rest_framework.parsers import JSONParser as RestJSONParser
from rest_framework.test import APIClient

from portal import clock
from portal.accounts.models import ApiToken
from portal.accounts.tokens import ScopeNotAllowedError, token_create, token_find, token_revoke
from portal.api.parsers import ExactJSONParser, JSONParser
from portal.events.models import Event
from portal.events.services import Actor
from tests.factories import clerk, reviewer, worker

pytestmark = pytest.mark.django_db
NOBODYS_BATCH = "/api/v1/batches/00000000-0000-4000-8000-000000000000/"


def token(user, *scopes, **options):
    return token_create(user=user, name="exchange", scopes=scopes, by=Actor.command("test"), **options)


def caller(text="", language="en"):
    client = APIClient(headers={"Accept-Language": language})
    if text:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def is_problem(response, status, code):
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"urn:portal:problem:{code}"
    assert body["title"]
    assert body["detail"]
    return body


class TestATokensLife:
    def test_it_is_kept_only_as_a_hash_and_its_creation_is_an_event_without_it(self):
        kept, text = token(clerk(), "batches:read")
        assert text not in str(vars(kept))
        assert token_find(text) == kept
        event = Event.objects.get(verb="accounts.token.created")
        assert text not in str(event.data)

    def test_its_use_is_noted_to_the_minute(self):
        clock.move_to(clock.now(), running=False)
        kept, text = token(clerk(), "batches:read")
        token_find(text)
        kept.refresh_from_db()
        assert kept.last_used_at == clock.now()

    def test_it_ends_at_its_expiry_by_revocation_and_with_the_account(self):
        owner = clerk()
        kept, text = token(owner, "batches:read", lifetime=timedelta(hours=1))
        clock.move_to(clock.now() + timedelta(minutes=59))
        assert token_find(text)
        clock.move_to(clock.now() + timedelta(minutes=2))
        assert token_find(text) is None
        kept, text = token(owner, "batches:read")
        token_revoke(token=kept, by=Actor.command("test"))
        assert token_find(text) is None
        kept, text = token(owner, "batches:read")
        type(owner).objects.filter(pk=owner.pk).update(is_active=False)
        assert token_find(text) is None

    @pytest.mark.parametrize(
        ("make", "scope"),
        [(clerk, "batches:review"), (reviewer, "batches:write"), (worker, "batches:read")],
    )
    def test_it_never_has_more_than_the_role_allows(self, make, scope):
        with pytest.raises(ScopeNotAllowedError):
            token(make(), scope)
        assert not ApiToken.objects.exists()


class TestEveryErrorIsAProblemDocument:
    def test_without_a_token_and_with_a_wrong_one(self):
        answer = caller().get(NOBODYS_BATCH)
        is_problem(answer, 401, "token_needed")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        is_problem(caller("zt_wrong").get(NOBODYS_BATCH), 401, "token_needed")

    def test_without_the_scope(self):
        _, text = token(clerk(), "batches:read")
        is_problem(caller(text).post("/api/v1/batches/", {}), 403, "not_allowed")

    def test_an_unknown_address(self):
        for method in ("get", "post", "delete"):
            is_problem(getattr(caller(), method)("/api/v1/nothing/here"), 404, "not_found")

    def test_another_method(self):
        _, text = token(clerk(), "batches:read")
        answer = caller(text).delete(NOBODYS_BATCH)
        is_problem(answer, 405, "method_not_allowed")
        assert "GET" in answer.headers["Allow"]

    def test_another_content_type(self):
        _, text = token(clerk(), "batches:write")
        is_problem(
            caller(text).post("/api/v1/batches/", {"a": 1}, format="json"), 415, "unsupported_media_type"
        )

    def test_a_format_that_does_not_exist(self):
        _, text = token(clerk(), "batches:read")
        is_problem(caller(text).get(NOBODYS_BATCH, headers={"Accept": "text/csv"}), 406, "not_acceptable")

    def test_a_body_that_is_no_json(self):
        _, text = token(reviewer(), "batches:review")
        from tests.factories import approved_batch

        address = f"/api/v1/batches/{approved_batch().pk}/return/"
        is_problem(caller(text).post(address, "{", content_type="application/json"), 400, "bad_request")

    def test_a_form_of_more_fields_than_anybody_sends(self):
        _, text = token(reviewer(), "batches:review")
        from tests.factories import approved_batch

        address = f"/api/v1/batches/{approved_batch().pk}/return/"
        fields = {f"field-{number}": "x" for number in range(1001)}
        form = caller(text).post(address, urlencode(fields), content_type="application/x-www-form-urlencoded")
        is_problem(form, 400, "bad_request")
        is_problem(caller(text).post(address, fields, format="multipart"), 400, "bad_request")

    def test_values_that_do_not_fit_are_named_by_their_place(self):
        _, text = token(clerk(), "batches:write")
        body = is_problem(caller(text).post("/api/v1/batches/", {}, format="multipart"), 400, "invalid")
        assert [error["pointer"] for error in body["errors"]] == ["#/file"]

    def test_too_many_requests(self, monkeypatch):
        from portal.api.throttling import TokenThrottle

        monkeypatch.setattr(TokenThrottle, "THROTTLE_RATES", {"token": "2/minute"})
        _, text = token(clerk(), "batches:read")
        client = caller(text)
        client.get(NOBODYS_BATCH)
        client.get(NOBODYS_BATCH)
        answer = client.get(NOBODYS_BATCH)
        is_problem(answer, 429, "too_many_requests")
        assert 0 < int(answer.headers["Retry-After"]) <= 60

    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (RuntimeError("secret 469900"), 500, "internal_error"),
            (OperationalError("secret"), 503, "unavailable"),
        ],
    )
    def test_a_fault_of_ours_shows_nothing_of_its_inside(self, error, status, code, monkeypatch):
        from education import api

        def broken(user):
            raise error

        monkeypatch.setattr(api, "batches_visible_to", broken)
        _, text = token(clerk(), "batches:read")
        client = caller(text)
        client.raise_request_exception = False
        answer = client.get(NOBODYS_BATCH)
        is_problem(answer, status, code)
        assert "secret" not in answer.content.decode()

    def test_without_redis_nobody_is_turned_away(self, monkeypatch):
        from django.core.cache import cache
        from redis.exceptions import ConnectionError as AwayError

        def away(*args, **kwargs):
            raise AwayError

        _, text = token(clerk(), "batches:read")
        monkeypatch.setattr(cache, "get", away)
        is_problem(caller(text).get(NOBODYS_BATCH), 404, "not_found")

    def test_in_the_language_of_the_request_and_in_chinese_without_one(self):
        assert caller(language="en").get(NOBODYS_BATCH).json()["title"] == "A valid token is needed"
        for language in ("zh-CN", "", "fr"):
            title = caller(language=language).get(NOBODYS_BATCH).json()["title"]
            assert any("\u4e00" <= character <= "\u9fff" for character in title)


def test_the_description_names_every_call_with_its_errors():
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(public=True)
    upload = schema["paths"]["/api/v1/batches/"]["post"]
    assert set(upload["responses"]) == {
        "202",
        "400",
        "401",
        "403",
        "404",
        "406",
        "409",
        "413",
        "415",
        "422",
        "429",
    }
    assert upload["security"] == [{"token": []}]
    for status, response in upload["responses"].items():
        types = {"application/json"} if status == "202" else {"application/problem+json"}
        assert set(response["content"]) == types


def calls(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from calls(pattern.url_patterns)
        elif view := getattr(pattern.callback, "view_class", None):
            yield view


def test_every_call_has_a_limit():
    views = set(calls(get_resolver("portal.api.urls").url_patterns))
    assert len(views) > 20
    assert [view.__name__ for view in views if not view().get_throttles()] == []


def test_every_call_that_takes_json_reads_it_without_harm():
    views = set(calls(get_resolver("portal.api.urls").url_patterns))
    readers = {
        parser for view in views for parser in view.parser_classes if issubclass(parser, RestJSONParser)
    }
    assert readers == {JSONParser, ExactJSONParser}


@pytest.mark.parametrize("call", ["verify-list/", "policy/exchange-decision"])
def test_nesting_without_end_is_a_problem_and_no_error(call):
    body = '{"numbers":' + "[" * 100_000 + "]" * 100_000 + "}"
    answer = caller().post(f"/api/v1/{call}", body, content_type="application/json")
    assert answer.status_code == 400
    assert "nested" in answer.json()["detail"]


def test_fifty_thousand_names_are_read_in_no_time():
    body = json.dumps(dict.fromkeys(f"n{number}" for number in range(50_000)))
    before = time.process_time()
    answer = caller().post("/api/v1/policy/exchange-decision", body, content_type="application/json")
    assert answer.status_code == 400
    assert time.process_time() - before < 10


def test_the_description_is_served_to_anyone():
    assert APIClient().get("/api/v1/schema/").status_code == 200
