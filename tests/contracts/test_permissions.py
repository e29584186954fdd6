"""Every route and call, for every role, for what is one's own and what is not, against the table in permissions.txt."""

from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from certificates.models import ArchiveCheck, LegacyServiceRequest, VoidingEvidence, VoidingProposal
from certificates.numbers import format_number
from certificates.services.documents import document_ensure
from certificates.services.exchange import certificate_exchange
from institutions.models import DesignationReport
from portal import clock
from portal.accounts.models import ApiToken, Role, User
from portal.accounts.tokens import SCOPES_OF_ROLE, token_create
from portal.employers.models import Employer
from portal.employers.services import Company, Invitee, employer_register, workers_invite
from portal.events.services import Actor
from tests import factories
from tests.education import batches
from tests.factories import shanghai

TABLE = Path(__file__).parent / "permissions.txt"
TODAY = shanghai(2020, 11, 30, 10)
SIGN_IN = "in"
BY = Actor.command("test")


@dataclass(frozen=True)
class Line:
    route: str
    method: str
    may: str
    own: int
    foreign: int | None
    anonymous: str

    @classmethod
    def read(cls, text: str) -> "Line":
        route, method, may, own, foreign, anonymous = text.split()
        return cls(route, method, may, int(own), None if foreign == "-" else int(foreign), anonymous)

    @property
    def roles(self) -> set[str]:
        return set(Role.values) if self.may == "all" else set(self.may.partition(":")[0].split(","))

    @property
    def scope(self) -> str:
        return self.may.partition(":")[2]

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api-")


LINES = [Line.read(text) for text in TABLE.read_text().splitlines() if text and not text.startswith("#")]


@dataclass
class Side:
    """One worker and one institution, with one of everything that a route can name."""

    users: dict[str, object] = field(default_factory=dict)
    objects: dict[str, dict[str, object]] = field(default_factory=dict)


def side(area_code: str, firm: str) -> Side:
    school = factories.institution()
    clerk, worker = factories.clerk(school), factories.worker(area_code=area_code, employer_name=firm)
    employer = _employer(firm)
    made = Side({"worker": worker, "clerk": clerk, "employer": employer.user})
    made.objects = {
        **_workers(worker.person),
        **_clerks(school, Actor(means="web", user=clerk)),
        **_chiefs(school),
        **_invited(employer, worker.person),
        "review-designation-report": {"pk": _designation_report().pk},
        "county-notice": {"key": md5(firm.encode(), usedforsecurity=False).hexdigest()},
    }
    return made


def _employer(firm: str) -> Employer:
    company = Company(code="91460000MA5T0SAMPL", name=firm, contact="林主任", phone="19900000000")
    return employer_register(company=company, username=f"firm-{firm}", password=factories.PASSWORD, by=BY)


def _invited(employer: Employer, person) -> dict[str, dict[str, object]]:
    workers_invite(employer=employer, people=[Invitee(name=person.name, id_number=person.id_number)], by=BY)
    invitation = {"pk": employer.invitations.get().pk}
    return {"employer-invitation-cancel": invitation, "employer-invitation-answer": invitation}


def _chiefs(school) -> dict[str, dict[str, object]]:
    return {
        **{key: {"pk": school.pk} for key in ("chief-institution", "chief-clerk-new")},
        "chief-qualification-end": {"pk": school.qualifications.get().pk},
        "staff-end": {"pk": factories.reviewer().pk},
    }


def _workers(person) -> dict[str, dict[str, object]]:
    factories.record(person)
    exchanged, waiting, serviced = factories.paper(person), factories.paper(person), factories.paper(person)
    electronic = certificate_exchange(certificate=exchanged, by=BY)
    document_ensure(certificate=electronic)
    ready = factories.paper(person, post_code="102")
    factories.record(person, post_code="102")
    check = ArchiveCheck.objects.create(certificate=waiting, requested_at=TODAY)
    service = LegacyServiceRequest.objects.create(
        certificate=serviced,
        kind="cancellation",
        requested_by=person.user,
        requested_at=TODAY,
        explanation="不再从业",
    )
    proposal = VoidingProposal.objects.create(
        certificate=electronic,
        ground="not_engaged",
        finding="已离岗",
        found_by=factories.reviewer(),
        opened_at=TODAY,
        objection_until=TODAY.date(),
    )
    evidence = VoidingEvidence(
        proposal=proposal,
        uploaded_by=person.user,
        uploaded_at=TODAY,
        content_type="application/pdf",
        size=15,
        sha256="0" * 64,
    )
    evidence.file.save("evidence", ContentFile(b"%PDF-1.4\n%%EOF\n"))
    of_electronic, of_ready = {"pk": electronic.pk}, {"pk": ready.pk}
    return {
        "legacy-certificate": of_ready,
        "exchange": of_ready,
        "archive-check-request": of_ready,
        "legacy-service-request": of_ready | {"kind": "cancellation"},
        "electronic-certificate": of_electronic,
        "electronic-certificate-evidence": of_electronic,
        "review-certificate": of_electronic,
        "electronic-certificate-pdf": of_electronic,
        "electronic-certificate-photo": of_electronic,
        "voiding": of_electronic,
        "voiding-evidence": {"pk": evidence.pk},
        "identity-reveal": {"pk": person.pk},
        "review-voiding": {"pk": proposal.pk},
        "review-voiding-evidence": {"pk": evidence.pk},
        "review-archive-check": {"pk": check.pk},
        "review-service": {"pk": service.pk},
    }


REVIEWED = (
    "review-batch",
    "review-batch-approve",
    "review-batch-return",
    "review-batch-row",
    "review-batch-reversal",
)


def _clerks(school, by) -> dict[str, dict[str, object]]:
    checked, submitted = batches.checked(school, by), batches.submitted(school, by)
    ready = (
        "batch-submit",
        "batch-recheck",
        "batch-detail",
        "batch-problems",
        "batch-workbook",
        "batch-cancel",
    )
    return {
        **{key: {"pk": checked.pk} for key in ready},
        **{key: {"pk": submitted.pk} for key in ("batch-receipt", *REVIEWED)},
        **{key: {"batch_id": submitted.pk} for key in ("api-batch-approve", "api-batch-return")},
        **{
            key: {"batch_id": checked.pk}
            for key in ("api-batch", "api-batch-problems", "api-batch-workbook", "api-batch-submit")
        },
    }


def _designation_report() -> DesignationReport:
    return DesignationReport.objects.create(
        area_code="460100", authority="某局", account="指定培训机构", reported_at=TODAY
    )


PUBLIC_OBJECTS = {
    **{f"review-national-{act}": {"first": "2020-11-01"} for act in ("entered", "xlsx", "csv")},
    "api-status-list": {"name": "revocation-0"},
    "county-export": {"kind": "csv"},
    "employer-export": {"kind": "csv"},
    "verify-short": {"number": format_number("46", 2020, "101", 999999)},
    "api-verify": {"number": format_number("46", 2020, "101", 999999)},
}


FIELDS = {"employer-invitation-answer": "answer=decline"}
"""What must be sent besides, for routes that do not exist without it."""


@dataclass
class World:
    mine: Side
    theirs: Side
    users: dict[str, User]
    sessions: dict[str, str]
    callers: dict[str, Client]

    def client(self, line: Line, role: str) -> Client:
        return self.callers[role] if line.is_api else self.reader(role)

    def reader(self, role: str, **options) -> Client:
        """Return a browser in which the account of ``role`` is signed in, whatever others did before."""
        client = Client(**options)
        client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client

    def address(self, line: Line, side: Side) -> str:
        return reverse(line.route, kwargs={**side.objects, **PUBLIC_OBJECTS}.get(line.route))


def _session(user) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _caller(user, *, without: str = "") -> Client:
    """Return another system with a token that has every scope of the role, or every scope that there is but one."""
    scopes = SCOPES_OF_ROLE.get(user.role)
    if not scopes:
        return Client()
    token, text = token_create(user=user, name="test", scopes=scopes, by=BY)
    if without:
        token.scopes = sorted(set(ApiToken.Scope.values) - {without})
        token.save(update_fields=["scopes"])
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One world for all lines, made once and never committed."""
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole.__enter__()
        clock.move_to(TODAY, running=False)
        mine, theirs = side("460100", "海口样例建筑有限公司"), side("460200", "三亚样例建筑有限公司")
        users = mine.users | {role.value: _staff(role) for role in Role if role.value not in mine.users}
        yield World(
            mine,
            theirs,
            users,
            {role: _session(user) for role, user in users.items()},
            {role: _caller(user) for role, user in users.items()},
        )
        transaction.set_rollback(True)
        whole.__exit__(None, None, None)
        cache.clear()


def _staff(role: Role):
    return factories.staff(role, **({"area_code": "460100"} if role == Role.COUNTY else {}))


def answer(client: Client, line: Line, address: str) -> str:
    """Return the status, or `in` for the way to the sign-in page. Whatever the request changes is undone."""
    if line.method == "GET":
        body, content_type = "", ""
    elif line.route == "api-batches":
        body, content_type = "--x--\r\n", "multipart/form-data; boundary=x"
    elif line.is_api:
        body, content_type = "{}", "application/json"
    else:
        body, content_type = FIELDS.get(line.route, "nothing=asked"), "application/x-www-form-urlencoded"
    with transaction.atomic():
        response = client.generic(line.method, address, body, content_type)
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
    return "403" if SCOPES_OF_ROLE.get(role) else "401"


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
    "line", [line for line in LINES if line.scope], ids=lambda line: f"{line.method} {line.route} {line.may}"
)
def test_a_token_without_the_scope_and_a_session_open_no_call(world, line):
    address = world.address(line, world.mine)
    for role in line.roles:
        assert answer(_caller(world.users[role], without=line.scope), line, address) == "403"
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
