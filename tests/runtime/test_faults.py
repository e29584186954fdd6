"""What must go right when parts of the portal die or go away: on processes, a database and a Redis of its own.

One portal is started for the whole module and every test leaves it well. `docs/development.md` says where each fault has its test.
"""

import json
import os
import re
import resource
import signal
import subprocess
import threading
from contextlib import closing, contextmanager

import psycopg2
import pytest
import redis
from celery import Celery

from portal.runtime.embedded import Postgres, Redis, database_create, free_port, postgres_program
from portal.runtime.part import end_group
from tests import environment
from tests.factories import PASSWORD, shanghai
from tests.runtime.watching import Caller, children, eventually, part_of, upload
from tests.stack import JourneyStack

pytestmark = pytest.mark.xdist_group("faults")

NOVEMBER = shanghai(2020, 11, 2, 9)
PEOPLE = """
import json
from portal import clock
from portal.accounts.roles import scopes_of
from portal.accounts.tokens import token_create
from portal.events.services import Actor
from education.services import reversal_propose
from tests import factories
from tests.education.batches import approved, checked, submitted
from tests.education.sheets import csv, row

def token(user):
    return token_create(user=user, name="t", scopes=scopes_of(user.role), by=Actor.command("test"))[1]

school = factories.institution()
clerk, judge, second = factories.clerk(school), factories.reviewer("judge"), factories.reviewer("second")
by_clerk, by_judge = Actor("web", clerk), Actor("web", judge)
papers = [factories.ready_to_exchange() for _ in range(2)]
users = [factories.worker(paper.person) for paper in papers]
clock.move_to(factories.shanghai(2020, 10, 25), running=False)
reversed_ = approved(school, by_clerk, by_judge, row())
clock.move_to(factories.shanghai(2020, 11, 2, 9), running=False)
reversal = reversal_propose(batch=reversed_, reason="报送有误，培训并未举办", by=by_judge)
waiting = submitted(school, by_clerk, row())
ready = checked(school, by_clerk, row(), row())
files = [csv(*[row() for _ in range(count)]) for count in (3, 4, 5, 6, 7, 2_000)]
print(json.dumps({
    "clerk": token(factories.clerk(factories.institution("三亚样例培训中心"))), "submitter": token(clerk), "judge": token(judge),
    "papers": [str(paper.pk) for paper in papers], "users": [user.person.id_number for user in users],
    "reversed": str(reversed_.pk), "waiting": str(waiting.pk), "ready": str(ready.pk),
    "files": [file.decode("latin-1") for file in files],
}))
"""


class Portal(JourneyStack):
    """The stack with a PostgreSQL and a Redis that may be taken away, and those who use it."""

    def __init__(self, home):
        super().__init__(home, free_port(), durable=False, environment={"DEPLOYMENT": "test"})
        self.environment["PUBLIC_URL"] = self.address
        self.postgres, self.redis = Postgres(home, durable=False), Redis(home, durable=False)

    def start_services(self):
        for service in (self.postgres, self.redis):
            self.parts.append(service.part)
            service.start()
        self.environment["DATABASE_URL"] = self.postgres.url("zhengtong")
        self.environment["REDIS_URL"] = self.redis.url()
        database_create(self.environment["DATABASE_URL"])

    def asks(self, question, *values):
        with self.sql() as cursor:
            cursor.execute(question, values)
            return cursor.fetchone()[0]

    def events(self, verb, subject):
        return self.asks(
            "SELECT count(*) FROM events_event WHERE verb = %s AND subject_id = %s", verb, subject
        )

    def state(self, batch):
        return self.asks("SELECT state FROM education_batch WHERE id = %s", batch)

    @contextmanager
    def held(self, table):
        """Let nobody write to ``table``: whoever does waits, with everything that it has written before undecided."""
        with closing(psycopg2.connect(self.environment["DATABASE_URL"])) as connection:
            connection.cursor().execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield lambda count: eventually(lambda: self.waiting(table) >= count)
            connection.rollback()

    def waiting(self, table):
        return self.asks("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass", table)

    def restart(self, name):
        part = part_of(self, name)
        part.start()
        part.await_ready(self._probe(name), seconds=environment.PATIENCE)

    def supervise(self, name):
        """Start a part anew if it has given up, as `restart: unless-stopped` of the containers does.

        A worker that holds a message when Redis goes may fail on giving it back to a Redis that is not there.
        """
        part = part_of(self, name)
        if not part.is_running:
            end_group(part.process.pid)
            part.start()

    def kill(self, name):
        """Kill a part with all its processes, as the kernel does when memory is out."""
        part = part_of(self, name)
        os.killpg(part.process.pid, signal.SIGKILL)
        part.process.wait()

    def send(self, task):
        """Send what the scheduler sends."""
        with Celery(broker=self.environment["REDIS_URL"], set_as_current=False) as app:
            app.send_task(task)


@pytest.fixture(scope="module")
def portal(django_db_setup, tmp_path_factory):
    with Portal(tmp_path_factory.mktemp("faults")) as portal:
        portal.start_services()
        _restore(
            _dump(environment.database_url(environment.template_name())), portal.environment["DATABASE_URL"]
        )
        portal.manage("collectstatic", "--no-input", "--verbosity=0")
        portal.facts = json.loads(portal.python(PEOPLE).splitlines()[-1])
        portal.start_portal()
        portal.clerk = Caller(portal.port, portal.facts["clerk"])
        portal.judge = Caller(portal.port, portal.facts["judge"])
        yield portal


def _dump(url):
    return subprocess.run(
        [postgres_program("pg_dump"), "--format=custom", url], check=True, capture_output=True
    ).stdout


def _restore(dump, url):
    subprocess.run(
        [postgres_program("pg_restore"), "--exit-on-error", "--dbname", url], input=dump, check=True
    )


def sign_in(portal, who):
    caller = Caller(portal.port)
    answer = caller.ask(**caller.form("/sign-in/", identifier=who, password=PASSWORD))
    if "/sign-in/second/" in answer.headers.get("Location", ""):
        from tests.journeys.signing_in import app_code

        answer = caller.ask(**caller.form("/sign-in/second/", means="app", code=app_code(who)))
    assert answer.status == 302, answer.text
    return caller


def file_of(portal, number):
    return portal.facts["files"][number].encode("latin-1")


@pytest.fixture(scope="module")
def writes(portal):
    """A write of each kind: who sends it, what is sent, and how often it has been done."""
    facts = portal.facts
    submitter = Caller(portal.port, facts["submitter"])
    worker, second = sign_in(portal, facts["users"][0]), sign_in(portal, "second")
    paper, reversed_, ready, waiting = facts["papers"][0], facts["reversed"], facts["ready"], facts["waiting"]

    def batches(key):
        return lambda: portal.asks("SELECT count(*) FROM education_batch WHERE idempotency_key = %s", key)

    return {
        "exchange": (
            worker,
            worker.form(f"/me/certificates/{paper}/exchange/"),
            lambda: (
                portal.asks(
                    "SELECT count(*) FROM certificates_electroniccertificate WHERE replaces_id = %s", paper
                )
                + portal.events("certificates.exchange.completed", paper)
            ),
            2,
        ),
        "upload": (portal.clerk, upload(file_of(portal, 0), key="killed"), batches("killed"), 1),
        "submit": (
            submitter,
            {"method": "POST", "path": f"/api/v1/batches/{ready}/submit/"},
            lambda: portal.events("education.batch.submitted", ready) + (portal.state(ready) == "submitted"),
            2,
        ),
        "approve": (
            portal.judge,
            {"method": "POST", "path": f"/api/v1/batches/{waiting}/approve/"},
            lambda: (
                portal.events("education.batch.approved", waiting)
                + portal.asks("SELECT count(*) FROM education_cerecord WHERE batch_id = %s", waiting)
            ),
            2,
        ),
        "reversal": (
            second,
            second.form(f"/review/batches/{reversed_}/reversal/", act="confirm"),
            lambda: portal.asks(
                "SELECT count(*) FROM education_cerecord WHERE batch_id = %s AND reversal_of_id IS NOT NULL",
                reversed_,
            ),
            1,
        ),
    }


def test_a_web_server_killed_in_the_middle_of_any_write_leaves_nothing_of_it(portal, writes):
    """Each write stands at its event, with all its other rows written, when every web process is killed."""
    with portal.held("events_event") as until_waiting:
        connections = [caller.send(**request) for caller, request, *_ in writes.values()]
        until_waiting(len(writes))
        portal.kill("web")
    for connection in connections:
        connection.close()
    eventually(
        lambda: not portal.asks("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in trans%%'")
    )
    assert {name: done() for name, (_, _, done, _) in writes.items()} == dict.fromkeys(writes, 0)
    portal.restart("web")


def test_a_write_whose_answer_was_lost_is_found_done_and_can_be_sent_again(portal, writes):
    with portal.held("events_event") as until_waiting:
        connections = [caller.send(**request) for caller, request, *_ in writes.values()]
        until_waiting(len(writes))
        for connection in connections:
            connection.close()
    for name, (_, _, done, whole) in writes.items():
        eventually(lambda done=done, whole=whole: done() == whole)
        assert done() == whole, name
    answers = {name: caller.ask(**request).status for name, (caller, request, *_) in writes.items()}
    # Who approves again is told that it is approved; the others get what they would have got.
    assert answers == {"exchange": 302, "upload": 202, "submit": 200, "approve": 409, "reversal": 302}
    assert {name: done() for name, (_, _, done, _) in writes.items()} == {
        name: whole for name, (_, _, _, whole) in writes.items()
    }


def test_a_workers_child_killed_in_the_middle_of_a_check_loses_nothing_and_doubles_nothing(portal):
    with portal.held("education_batchrow") as until_waiting:
        batch = portal.clerk.ask(**upload(file_of(portal, 1), key="child")).json()["id"]
        until_waiting(1)
        for child in children(part_of(portal, "worker")):
            os.kill(child, signal.SIGKILL)
    eventually(lambda: portal.state(batch) == "checked")
    assert portal.events("education.batch.checked", batch) == 1
    assert portal.asks("SELECT count(*) FROM education_batchrow WHERE batch_id = %s", batch) == 4


def test_a_killed_worker_and_a_flushed_redis_lose_a_message_and_the_schedule_finds_the_work(portal):
    portal.kill("worker")
    batch = portal.clerk.ask(**upload(file_of(portal, 2), key="flushed")).json()["id"]
    with redis.Redis.from_url(portal.environment["REDIS_URL"]) as client:
        client.flushdb()  # the message waits there, or went to what the dead worker's children still hold open
    portal.restart("worker")
    swept(portal, batch)


def test_a_redis_that_is_away_and_comes_back_empty_costs_nothing(portal):
    portal.redis.stop()
    answer = portal.clerk.ask(**upload(file_of(portal, 3), key="no redis"))
    assert answer.status == 202
    ready = Caller(portal.port).get("/readyz")
    assert (ready.status, ready.json()["redis"], ready.json()["database"]) == (503, False, True)
    assert Caller(portal.port).get("/").status == 200
    portal.redis.start()
    eventually(lambda: Caller(portal.port).get("/readyz").status == 200)
    swept(portal, answer.json()["id"])


def test_a_database_that_is_away_is_said_clearly_and_everything_goes_on_when_it_is_back(portal):
    with stopped(portal, "worker"):
        batch = portal.clerk.ask(**upload(file_of(portal, 4), key="no database")).json()["id"]
        portal.postgres.stop()
    page = Caller(portal.port).get("/institutions/")
    assert (page.status, page.headers["Retry-After"]) == (503, "30")
    assert "系统暂时无法使用" in page.text
    problem = portal.clerk.get(f"/api/v1/batches/{batch}/")
    assert (problem.status, problem.json()["code"]) == (503, "unavailable")
    assert problem.headers["Content-Type"] == "application/problem+json"
    ready = Caller(portal.port).get("/readyz")
    assert (ready.status, ready.json()["database"], ready.json()["redis"]) == (503, False, True)
    assert Caller(portal.port).get("/healthz").status == 200
    portal.postgres.start()
    eventually(lambda: Caller(portal.port).get("/readyz").status == 200)
    assert Caller(portal.port).get("/institutions/").status == 200
    swept(portal, batch)


@contextmanager
def stopped(portal, name):
    """Let a part stand still, as an overloaded machine does."""
    group = part_of(portal, name).process.pid
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def swept(portal, batch):
    """Let the sweep's time come, and see one check."""
    portal.move_clock(shanghai(2020, 11, 2, 9, 10), running=False)
    portal.send("education.resume_batches")
    eventually(lambda: portal.supervise("worker") or portal.state(batch) == "checked")
    assert portal.events("education.batch.checked", batch) == 1
    portal.move_clock(NOVEMBER, running=False)


def test_a_full_disk_refuses_the_file_and_keeps_nothing_of_it(portal):
    """No file of the web server may grow beyond what its log has already: the kernel refuses the write."""
    web = part_of(portal, "web")
    room = web.log.stat().st_size + 60_000
    request = upload(file_of(portal, 5), key="full")
    assert len(request["body"]) > room
    with growing_to(room, children(web)):
        full = portal.clerk.ask(**request)
    assert (full.status, full.json()["code"]) == (503, "unavailable")
    assert portal.asks("SELECT count(*) FROM education_batch WHERE idempotency_key = 'full'") == 0
    assert portal.clerk.ask(**request).status == 202


@contextmanager
def growing_to(size, processes):
    before = [(pid, resource.prlimit(pid, resource.RLIMIT_FSIZE)) for pid in processes]
    for pid, (_, hard) in before:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        for pid, limits in before:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


BEFORE = """
from pathlib import Path
from django.core.management import call_command
call_command("log", "sequence")
with Path({inventory!r}).open("w") as inventory, Path({head!r}).open("w") as head:
    call_command("inventory", stdout=inventory)
    call_command("log", "checkpoint", stdout=head)
"""
AFTER = """
from django.core.management import CommandError, call_command
from django.db import connection
call_command("inventory", compare=Path({inventory!r}))
call_command("log", "verify", checkpoint=Path({head!r}))
connection.cursor().execute("ALTER TABLE events_event DISABLE TRIGGER USER")
connection.cursor().execute("DELETE FROM events_event WHERE verb = 'certificates.exchange.completed'")
try:
    call_command("inventory", compare=Path({inventory!r}))
except CommandError as error:
    print(error)
"""


def test_a_restored_backup_has_the_rows_the_guards_and_the_log_of_the_saved_one(portal, tmp_path):
    """The steps of `docs/operations.md`, with the programs of the embedded PostgreSQL."""
    files = {"inventory": str(tmp_path / "inventory.json"), "head": str(tmp_path / "head.txt")}
    with stopped(portal, "web"), stopped(portal, "worker"):
        portal.python(BEFORE.format(**files))
        dump = _dump(portal.environment["DATABASE_URL"])
    saved = json.loads((tmp_path / "inventory.json").read_text())
    assert saved["rows"]["certificates_electroniccertificate"] == 1
    assert any("append_only" in name for name in saved["triggers"])

    elsewhere = portal.postgres.url("restored")
    database_create(elsewhere)
    _restore(dump, elsewhere)
    with at_database(portal, elsewhere):
        said = portal.python(f"from pathlib import Path\n{AFTER.format(**files)}")
    assert "entries, none differs." in said
    one_less = r"rows: events_event: (\d+) → (\d+)"
    before, after = map(int, re.search(one_less, said).groups())
    assert before == after + 1
    assert "triggers: events_event" in said


@contextmanager
def at_database(portal, url):
    before = portal.environment["DATABASE_URL"]
    portal.environment["DATABASE_URL"] = url
    try:
        yield
    finally:
        portal.environment["DATABASE_URL"] = before


def test_two_schedulers_and_a_click_at_midnight_close_the_window_once(portal):
    late = sign_in(portal, portal.facts["users"][1])
    click = late.form(f"/me/certificates/{portal.facts['papers'][1]}/exchange/")
    portal.move_clock(shanghai(2021, 1, 1), running=False)
    clicked = []
    clicking = threading.Thread(target=lambda: clicked.append(late.ask(**click)))
    clicking.start()
    for _ in range(2):
        portal.send("certificates.close_window")
    clicking.join()
    assert clicked[0].status == 409
    eventually(
        lambda: portal.asks("SELECT count(*) FROM certificates_windowclosing WHERE completed_at IS NOT NULL")
    )
    portal.send("certificates.close_window")
    eventually(
        lambda: portal.asks("SELECT runs FROM operations_job WHERE name = 'certificates.close_window'") >= 3
    )
    assert portal.asks("SELECT count(*) FROM events_event WHERE verb = 'certificates.window.closed'") == 1
    told = "SELECT count(*) FROM notices_notice WHERE code = 'certificates.paper_stays_usable' AND facts::text LIKE %s"
    number = portal.asks(
        "SELECT number FROM certificates_legacycertificate WHERE id = %s", portal.facts["papers"][1]
    )
    assert portal.asks(told, f"%{number}%") == 1
