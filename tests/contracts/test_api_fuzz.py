"""The API's own description, tried out: whatever is sent, by whomever, the answer is one that the description names."""

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
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

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
EXAMPLES = 5
BATCHES = "^/api/v1/batches/"
ANONYMOUS = "anonymous"


schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)


@pytest.fixture(autouse=True)
def _connection_stays():
    """Begin and end of a request would close the connection of the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def caller(request, db):
    """Return the headers of a caller, and the batches of its school: one in each state that a call can meet."""
    school = factories.institution()
    clerk = factories.clerk(school)
    by = Actor(means="web", user=clerk)
    known = [
        batch.pk
        for batch in (batches.upload(school, by), batches.checked(school, by), batches.submitted(school, by))
    ]
    role = request.param
    if role == ANONYMOUS:
        return {}, known
    user = clerk if role == Role.CLERK else factories.staff(role)
    _token, text = token_create(user=user, name="fuzz", scopes=scopes_of(role), by=Actor.command("test"))
    return {"Authorization": f"Bearer {text}"}, known


tried = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


@schema.exclude(path_regex=BATCHES).parametrize()
@tried
def test_a_call_that_is_open_to_all_answers_as_the_description_says(case, db):
    _try(case, {})


@schema.include(path_regex=BATCHES).parametrize()
@pytest.mark.parametrize("caller", [ANONYMOUS, Role.CLERK, Role.REVIEWER, Role.CHIEF], indirect=True)
@tried
def test_a_call_on_batches_answers_as_the_description_says(case, caller):
    headers, known = caller
    if "batch_id" in case.path_parameters:
        case.path_parameters["batch_id"] = str(known[len(str(case.body)) % len(known)])
    _try(case, headers)


def _try(case, headers):
    with transaction.atomic():
        case.call_and_validate(headers=headers, checks=CHECKS)
        transaction.set_rollback(True)
    cache.clear()  # no example runs into a limit that another one used up
