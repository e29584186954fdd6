"""The operator: what ran, when next, what failed and where; figures for machines; never anybody's data."""

import re
from html import unescape

import pytest
from celery import shared_task
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from certificates.events import Verb
from portal import clock
from portal.events.models import Event
from portal.operations import recording, records
from portal.operations.jobs import job_states
from portal.operations.models import Job, JobFailure
from tests import factories
from tests.desks.pages import content_of, staff_browser, text_of
from tests.factories import shanghai

PAGES = ("/operator/", "/operator/failures/", "/operator/imports/")
SECRET = "陈海生 469900198506150011"


@shared_task(name="test.well")
def well():
    """End well."""


@shared_task(name="test.badly")
def badly():
    try:
        {}[SECRET]
    except KeyError as error:
        raise ValueError(SECRET) from error


def run(task):
    task.apply(task_id=f"{task.name}-1")


class TestTheJobMonitor:
    def test_counts_runs_and_says_how_the_last_one_ended(self):
        run(well)
        run(well)
        job = Job.objects.get(name="test.well")
        assert (job.runs, job.failures, job.outcome) == (2, 0, "done")
        assert job.ended_at == clock.now()

    def test_keeps_kind_and_place_of_an_error_and_none_of_its_words(self, operator):
        run(badly)
        failure = JobFailure.objects.get()
        assert failure.error == "ValueError ← KeyError"
        assert failure.place.startswith("tests/desks/test_operator.py:")
        for page in PAGES:
            assert "469900" not in content_of(operator.get(page))
        assert "ValueError" in text_of(operator.get("/operator/failures/?job=test.badly"))

    def test_takes_a_job_that_was_well_again_for_well(self, operator):
        run(badly)
        Job.objects.update(outcome="done")
        state = next(each for each in job_states(clock.now()) if each.name == "test.badly")
        assert state.state == "done"

    def test_says_when_the_next_run_is_due_and_when_it_is_overdue(self, operator):
        Job.objects.create(
            name="certificates.close_window",
            started_at=clock.now(),
            ended_at=clock.now(),
            outcome="done",
            seconds=0.1,
            runs=1,
        )
        assert "09:00:20" in text_of(operator.get("/operator/"))
        clock.move_to(shanghai(2020, 12, 28, 9, 5), running=False)
        assert "逾期未运行" in text_of(operator.get("/operator/"))

    def test_names_jobs_in_words(self, operator):
        assert "截止日后关闭换证" in text_of(operator.get("/operator/"))

    def test_does_not_make_a_job_fail_when_the_database_is_away(self, monkeypatch):
        def away():
            raise DatabaseError

        with monkeypatch.context() as patched:
            patched.setattr(recording.connection, "cursor", away)
            assert well.apply().successful()
        assert not Job.objects.exists()

    @pytest.mark.parametrize("role", ["county", "employer", "reviewer", "chief", "auditor"])
    def test_is_nobody_elses(self, role):
        client = staff_browser(role, **({"area_code": "460100"} if role == "county" else {}))
        assert {client.get(page).status_code for page in PAGES} == {404}


class TestImports:
    def test_are_listed_with_their_counts(self, operator):
        Event.objects.create(
            verb=Verb.REGISTRY_IMPORTED, at=clock.now(), means="command", subject_kind="certificates.registry",
            subject_id="ab" * 16, data={"actor": "import_registry", "file": "ab" * 32, "rows": 412, "new": 400,
                                        "updated": 2, "unchanged": 3, "reported": 7},
        )  # fmt: skip
        shown = text_of(operator.get("/operator/imports/"))
        for fact in ("import_registry", "412", "400", "abababababab"):
            assert fact in shown


class TestMetrics:
    def test_are_read_by_prometheus_itself(self):
        run(badly)
        factories.ready_to_exchange()
        families = {
            f.name: f for f in text_string_to_metric_families(Client().get("/metrics").content.decode())
        }
        failures = families["portal_job_failures"].samples[0]
        assert (failures.labels, failures.value) == ({"job": "test.badly"}, 1)
        papers = families["portal_paper_certificates"].samples[0]
        assert (papers.labels, papers.value) == ({"kind": "post_training", "status": "active"}, 1)
        assert "portal_queue_waiting" in families

    def test_cannot_be_asked_without_end(self):
        assert {Client().get("/metrics").status_code for _ in range(35)} == {200, 429}


class TestRecords:
    """Django's admin, to look only."""

    def test_show_every_table_without_what_is_about_people(self, operator):
        owner = factories.worker(factories.person("欧阳海生", employer_name="海口样例建筑有限公司")).person
        paper = factories.paper(owner, number="琼样培 20201234")
        factories.record(owner)
        tables = re.findall(
            r'href="(/operator/records/[^"]+)"', content_of(operator.get("/operator/records/"))
        )
        assert len(tables) > 30
        pages = [content_of(operator.get(address)) for address in tables]
        pages += [
            content_of(operator.get(f"/operator/records/{label}/{key}/"))
            for label, key in [("accounts.person", owner.pk), ("certificates.legacycertificate", paper.pk)]
        ]
        for page in pages:
            assert not re.search("欧阳|20201234|海口样例建筑", page)
            assert owner.id_number not in page
            assert "<script>" not in page
            assert "style=" not in page

    def test_do_not_even_read_such_columns(self, operator):
        factories.person("欧阳海生")
        with CaptureQueriesContext(connection) as queries:
            operator.get("/operator/records/accounts.person/")
        read = [query["sql"] for query in queries if 'FROM "accounts_person"' in query["sql"]]
        assert read
        assert not any("id_number" in sql or '"mobile"' in sql for sql in read)

    def test_can_be_neither_added_to_nor_changed_nor_deleted(self, operator):
        owner = factories.person()
        for address in (
            "/operator/records/accounts.person/",
            f"/operator/records/accounts.person/{owner.pk}/",
        ):
            for method in ("post", "put", "patch", "delete"):
                assert getattr(operator, method)(address).status_code == 405
        for admin in records._admins().values():
            asked = [getattr(admin, f"has_{act}_permission")(None) for act in ("add", "change", "delete")]
            assert asked == [False, False, False]

    def test_of_a_table_or_row_that_does_not_exist_are_not_found(self, operator):
        for address in (
            "auth.user",
            "sessions.session",
            "nothing",
            "accounts.person/x",
            "operations.job/none",
        ):
            assert operator.get(f"/operator/records/{address}/").status_code == 404

    @pytest.mark.parametrize(
        "asked", ["?o=1", "?o=x", "?p=999", "?p=x", "?state=void", "?id_number=1", "?q=x", "?e=1"]
    )
    def test_survive_what_is_typed_into_the_address(self, operator, asked):
        answer = operator.get(f"/operator/records/education.batch/{asked}", follow=True)
        assert answer.status_code == 200

    def test_ask_the_database_for_no_character_that_it_cannot_hold(self, operator):
        assert operator.get("/operator/records/education.batch/?state__exact=%00").status_code == 404

    def test_keep_order_and_filter_from_page_to_page(self, operator, monkeypatch):
        monkeypatch.setattr(records.RecordAdmin, "list_per_page", 2)
        for number in range(5):
            factories.person(f"工人{number}")
        page = content_of(operator.get("/operator/records/accounts.person/?o=1&p=2"))
        queries = {unescape(found) for found in re.findall(r'href="(\?[^"]*p=[13][^"]*)"', page)}
        assert queries == {"?o=1&p=1", "?o=1&p=3"}
