"""Known faults of pinned packages: what is compared, what is excepted, what is fetched."""

import json
import shutil
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import CommandError, call_command

from portal import clock
from portal.advisories import SnapshotError, Span, snapshot_read, spans_of
from portal.management.commands.audit import SNAPSHOT
from tests.environment import ROOT

LOCKS = ("requirements.txt", "requirements-production.txt", "package-lock.json")
DJANGO = {"ecosystem": "PyPI", "name": "django"}


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the lock files and of the advisories, to be spoilt."""
    (tmp_path / SNAPSHOT).parent.mkdir(parents=True)
    for name in (*LOCKS, str(SNAPSHOT)):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def written(path, **changed):
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def downgraded(root, version, name="django"):
    lines = (root / "requirements.txt").read_text().splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(f"{name}=="))
    lines[at] = f"{name}=={version} \\"
    (root / "requirements.txt").write_text("\n".join(lines))


def audited(root, capsys, **options):
    call_command("audit", root=root, **options)
    return capsys.readouterr().out


class TestComparing:
    def test_the_lock_files_of_the_project_have_no_known_fault(self, capsys):
        assert "0 concern a locked version" in audited(ROOT, capsys)

    def test_a_version_with_a_known_fault_fails_with_the_way_out(self, copy):
        downgraded(copy, "4.2.14")
        with pytest.raises(CommandError) as refused:
            call_command("audit", root=copy)
        said = str(refused.value)
        assert said.startswith("django 4.2.14: PYSEC-2024-70 (CVE-2024-42005); fixed in 4.2.15, 5.0.8.")
        assert 'make lock LOCK="--upgrade-package django"' in said

    @pytest.mark.parametrize("version", ["4.1.13", "4.2.15", "5.0.8"])
    def test_a_version_beside_the_span_does_not(self, copy, capsys, version):
        downgraded(copy, version)
        assert "0 concern" in audited(copy, capsys)

    def test_a_package_of_npm_is_compared_as_well(self, copy):
        fault = {
            "id": "X-1", "aliases": [], "ecosystem": "npm", "package": "htmx.org", "published": "2020-01-01",
            "spans": [{"introduced": "2.0.0"}],
        }  # fmt: skip
        written(copy / SNAPSHOT, advisories=[fault])
        with pytest.raises(CommandError, match=r"htmx\.org .*: X-1; fixed in no version yet"):
            call_command("audit", root=copy)

    def test_an_exception_with_a_reason_holds_through_its_last_day(self, copy, capsys):
        downgraded(copy, "5.0.7")
        today = clock.machine_now().date()
        given = {
            "id": "PYSEC-2024-70",
            "package": "django",
            "reason": "No JSONField is asked by a name from outside.",
        }
        written(copy / SNAPSHOT, exceptions=[given | {"until": today.isoformat()}])
        assert given["reason"] in audited(copy, capsys)
        written(copy / SNAPSHOT, exceptions=[given | {"until": (today - timedelta(days=1)).isoformat()}])
        with pytest.raises(CommandError, match="PYSEC-2024-70"):
            call_command("audit", root=copy)
        written(copy / SNAPSHOT, exceptions=[given | {"until": "2999-01-01", "reason": " "}])
        with pytest.raises(CommandError, match="no reason"):
            call_command("audit", root=copy)

    @pytest.mark.parametrize(("days", "warned"), [(30, False), (31, True)])
    def test_an_old_copy_warns_and_fails_nothing(self, copy, capsys, days, warned):
        taken = clock.machine_now().date() - timedelta(days=days)
        written(copy / SNAPSHOT, taken=taken.isoformat())
        assert (f"WARNING: the advisories are of {taken}" in audited(copy, capsys)) is warned

    def test_what_was_never_looked_up_is_said(self, copy, capsys):
        written(copy / SNAPSHOT, looked_up={"PyPI": [], "npm": []})
        assert "never looked up" in audited(copy, capsys)

    @pytest.mark.parametrize("text", ["", "[]", '{"taken": "yesterday"}'])
    def test_a_spoilt_copy_is_no_copy(self, copy, text):
        (copy / SNAPSHOT).write_text(text)
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("audit", root=copy)


def test_events_become_spans_in_whatever_order_they_stand():
    events = [{"introduced": "2.0"}, {"fixed": "2.0.7"}, {"introduced": "0"}, {"last_affected": "1.26"}]
    assert list(spans_of(events)) == [Span("0", last_affected="1.26"), Span("2.0", fixed="2.0.7")]
    assert list(spans_of([{"introduced": "3.1"}])) == [Span("3.1")]


def record(number, *events, package=DJANGO, **more):
    ranges = [
        {"type": "GIT", "events": [{"introduced": "abc"}]},
        {"type": "ECOSYSTEM", "events": list(events)},
    ]
    return {
        "id": number, "published": "2026-01-02T03:04:05Z", "affected": [{"package": package, "ranges": ranges}], **more
    }  # fmt: skip


@pytest.fixture
def database():
    """Return a server that speaks as an OSV database does, and what it answers: question in, answer out."""
    answers = {}

    class Speaking(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = answers.get((asked["package"]["name"], asked.get("page_token")), {})
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Speaking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()
    server.server_close()


class TestRefreshing:
    def test_takes_the_facts_of_every_locked_package_and_keeps_the_exceptions(self, copy, capsys, database):
        address, answers = database
        kept = {"id": "X-9", "package": "pillow", "reason": "Nothing draws text.", "until": "2999-01-01"}
        written(copy / SNAPSHOT, exceptions=[kept])
        gone = record("X-3", {"introduced": "0"}, withdrawn="2026-02-02T00:00:00Z")
        foreign = record("X-4", {"introduced": "0"}, package={"ecosystem": "PyPI", "name": "flask"})
        answers["django", None] = {
            "vulns": [
                record("X-1", {"introduced": "0"}, {"fixed": "5.2.1"}, aliases=["CVE-1"]),
                gone,
                foreign,
            ],
            "next_page_token": "more",
        }
        answers["django", "more"] = {
            "vulns": [record("X-2", {"introduced": "4.0"}, {"last_affected": "5.1"})]
        }
        said = audited(copy, capsys, refresh=True, database=address)
        assert "2 advisories" in said
        assert "WARNING" not in said
        after = snapshot_read(copy / SNAPSHOT)
        assert {each.id: each.spans for each in after.advisories} == {
            "X-1": (Span("0", fixed="5.2.1"),),
            "X-2": (Span("4.0", last_affected="5.1"),),
        }
        assert after.taken == clock.machine_now().date()
        assert [each.id for each in after.exceptions] == ["X-9"]
        assert "details" not in (copy / SNAPSHOT).read_text()

    def test_what_it_finds_fails_at_once_and_later(self, copy, database):
        address, answers = database
        answers["django", None] = {"vulns": [record("X-1", {"introduced": "5.2"})]}
        for options in ({"refresh": True, "database": address}, {}):
            with pytest.raises(CommandError, match="X-1"):
                call_command("audit", root=copy, **options)

    @pytest.mark.parametrize("answer", [b"<html>", b"[]", {"vulns": [{"id": "X-1"}]}])
    def test_an_answer_that_is_none_changes_nothing(self, copy, database, answer):
        address, answers = database
        before = (copy / SNAPSHOT).read_text()
        answers["django", None] = answer
        with pytest.raises(CommandError):
            call_command("audit", root=copy, refresh=True, database=address)
        assert (copy / SNAPSHOT).read_text() == before

    def test_without_a_network_it_says_so_and_changes_nothing(self, copy):
        before = (copy / SNAPSHOT).read_text()
        with pytest.raises(CommandError, match=r"did not answer.*Nothing was changed"):
            call_command("audit", root=copy, refresh=True, database="http://127.0.0.1:9")
        assert (copy / SNAPSHOT).read_text() == before


def test_a_version_that_cannot_be_compared_is_an_error(copy):
    downgraded(copy, "not-a-version")
    with pytest.raises((CommandError, SnapshotError), match="not-a-version"):
        call_command("audit", root=copy)
