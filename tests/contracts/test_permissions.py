"""Every route and call, for every role, for what is one's own and what is not, against the table in permissions.txt."""

from dataclasses import replace

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from portal.accounts.models import Role
from portal.accounts.roles import scopes_of
from tests.permissions import LINES, Line
from tests.world import FIELDS, WHOLE, caller

SIGN_IN = "in"


def answer(client: Client, line: Line, address: str, whole: str | None = None) -> str:
    """Return the status, or `in` for the way to the sign-in page. Whatever the request changes is undone.

    ``whole`` is a body that lacks nothing, in the place of one that lacks everything.
    """
    if line.method == "GET":
        body, content_type = "", ""
    elif line.route == "api-batches":
        body, content_type = "--x--\r\n", "multipart/form-data; boundary=x"
    elif line.is_api:
        body, content_type = "{}", "application/json"
    else:
        body, content_type = FIELDS.get(line.route, "nothing=asked"), "application/x-www-form-urlencoded"
    with transaction.atomic():
        response = client.generic(line.method, address, body if whole is None else whole, content_type)
        response.getvalue()  # a file is closed when it was read
        transaction.set_rollback(True)
    is_sign_in = response.status_code == 302 and response["Location"].startswith(reverse("sign-in"))
    return SIGN_IN if is_sign_in else str(response.status_code)


def allowed(line: Line) -> set[str]:
    """Return the roles that some line lets in where this one leads."""
    same = [other for other in LINES if (other.route, other.method) == (line.route, line.method)]
    return set().union(*(other.roles for other in same))


def refusal(line: Line, role: str) -> str:
    if not line.is_api:
        return "404"
    return "403" if scopes_of(role) else "401"


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.method} {line.route} {line.may}")
def test_each_role_gets_what_the_table_says(world, line):
    cache.clear()
    own, foreign = world.address(line, world.mine), world.address(line, world.theirs)
    expected, found = {"anonymous": line.anonymous}, {"anonymous": answer(Client(), line, own)}
    for role in Role.values:
        if role in line.roles:
            expected[role], found[role] = str(line.own), answer(world.client(line, role), line, own)
        elif role not in allowed(line):
            expected[role], found[role] = refusal(line, role), answer(world.client(line, role), line, own)
        if role in line.roles and line.foreign is not None:
            expected[f"{role}, not theirs"] = str(line.foreign)
            found[f"{role}, not theirs"] = answer(world.client(line, role), line, foreign)
    assert found == expected


@pytest.mark.parametrize(
    "line",
    [line for line in LINES if line.method == "POST" and line.foreign is not None],
    ids=lambda line: line.route,
)
def test_nothing_that_lacks_nothing_reaches_what_is_not_theirs(world, line):
    """A missing field never hides whose object it is: the whole form, too, finds nothing there."""
    for role in line.roles:
        client, whole = world.client(line, role), WHOLE.get(line.route, "nothing=asked")
        assert answer(client, line, world.address(line, world.theirs), whole) == "404"
        assert answer(client, line, world.address(line, world.mine), whole) in {"200", "302", "409"}


@pytest.mark.parametrize(
    "line", [line for line in LINES if line.scope], ids=lambda line: f"{line.method} {line.route} {line.may}"
)
def test_a_token_without_the_scope_and_a_session_open_no_call(world, line):
    address = world.address(line, world.mine)
    for role in line.roles:
        assert answer(caller(world.users[role], without=line.scope), line, address) == "403"
        assert answer(world.reader(role), line, address) == "401"


@pytest.mark.parametrize(
    "line",
    [line for line in LINES if line.anonymous == SIGN_IN],
    ids=lambda line: f"{line.method} {line.route}",
)
def test_a_token_opens_no_page(world, line):
    address = world.address(line, world.mine)
    assert {answer(world.callers[role], line, address) for role in line.roles} == {SIGN_IN}


def routes(patterns):
    """Every route below ``patterns``: its name, or its address where it has none."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns)
        else:
            yield pattern


def test_no_method_is_missing_from_the_table(world):
    """What a page answers by another method than its lines name is a page of its own."""
    found = set()
    for route in {line.route for line in LINES}:
        lines = {line.method: line for line in LINES if line.route == route}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - lines.keys():
            line = replace(next(iter(lines.values())), method=method)
            status = answer(world.client(line, min(line.roles)), line, world.address(line, world.mine))
            if status not in {"404", "405"}:
                found.add((method, route, status))
    assert found == set()


NAMELESS = {"portal.api.views.NothingHereView": "404 for every address of the API that does not exist"}


def test_no_route_is_missing_from_the_table():
    """A new page or call fails here until somebody writes down who may open it."""
    found = list(routes(get_resolver().url_patterns))
    names = {route.name for route in found if route.name}
    assert names == {line.route for line in LINES}
    same_view = {route.callback for route in found if route.name}
    nameless = {_view(route) for route in found if not route.name and route.callback not in same_view}
    assert nameless == set(NAMELESS)


def _view(route) -> str:
    view = getattr(route.callback, "view_class", route.callback)
    return f"{view.__module__}.{view.__qualname__}"


def test_pages_that_change_something_refuse_to_do_so_without_the_form_token(world):
    for line in (line for line in LINES if line.method == "POST" and not line.is_api):
        role = min(line.roles)
        assert (
            answer(world.reader(role, enforce_csrf_checks=True), line, world.address(line, world.mine))
            == "403"
        ), line.route
