"""The API's own description, tried out: whatever is sent, by whomever, the answer is one that the description names."""

import pytest
import schemathesis
from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as tries
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.accounts.models import Role
from portal.accounts.roles import scopes_of
from portal.accounts.tokens import token_create
from portal.events.services import Actor
from portal.wsgi import application
from tests import factories
from tests.education import batches
from tests.education.sheets import row

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
EXAMPLES = 10
ANONYMOUS = "anonymous"


def closing(environ, start_response):
    """Close every answer when it has been read, as servers do and the client of the fuzzer does not (PEP 3333)."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        if hasattr(answer, "close"):
            answer.close()


schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", closing)


@pytest.fixture(autouse=True)
def _connection_stays():
    """Begin and end of a request would close the connection of the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class Callers:
    """A caller of every role. The first case is tried by all, each further one by the next of those who are let in."""

    def __init__(self, headers):
        self.headers = headers
        self.barred, self.chosen = set(), {}

    def asking(self, case):
        """Return the names of those who try a case: the same ones whenever it comes again."""
        key = repr((case.path_parameters, case.query, case.headers, case.media_type, case.body))
        if key not in self.chosen:
            let_in = [name for name in self.headers if name not in self.barred] or list(self.headers)
            self.chosen[key] = [let_in[len(self.chosen) % len(let_in)]] if self.chosen else list(self.headers)
        return self.chosen[key]


@pytest.fixture
def world(db):
    """Return a caller of every role, and the batches of the clerk: one in each state that a call can meet."""
    school = factories.institution()
    clerk = factories.clerk(school)
    by = Actor(means="web", user=clerk)
    known = [
        batch.pk
        for batch in (
            batches.upload(school, by),
            batches.checked(school, by),
            batches.submitted(school, by),
            batches.approved(school, by, Actor(means="web", user=factories.reviewer()), row()),
        )
    ]
    return Callers({ANONYMOUS: {}} | {role.value: headers_of(account(role, clerk)) for role in Role}), known


def account(role, clerk):
    if role == Role.WORKER:
        return factories.worker()
    area = {"area_code": "460100"} if role == Role.COUNTY else {}
    return clerk if role == Role.CLERK else factories.staff(role, **area)


def headers_of(user):
    """A role that can have no token comes with the session of its browser instead."""
    if scopes := scopes_of(user.role):
        _token, text = token_create(user=user, name="fuzz", scopes=scopes, by=Actor.command("test"))
        return {"Authorization": f"Bearer {text}"}
    client = Client()
    client.force_login(user)
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"}


tried = tries(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@schema.parametrize()
@tried
def test_a_call_answers_as_the_description_says_whoever_asks(case, world):
    callers, known = world
    if "batch_id" in case.path_parameters:
        case.path_parameters["batch_id"] = str(known[len(str(case.body)) % len(known)])
    for name in callers.asking(case):
        if _status(case, callers.headers[name]) in {401, 403}:
            callers.barred.add(name)


def _status(case, headers):
    with transaction.atomic():
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
        transaction.set_rollback(True)
    cache.clear()  # no example runs into a limit that another one used up
    return answer.status_code
