"""The window closes (1.2): the job tidies up, late or twice or never, and admissibility never depends on it."""

import threading
from datetime import date, timedelta

import pytest
from django.db import transaction

from certificates.models import (
    ArchiveCheck,
    ElectronicCertificate,
    LegacyServiceRequest,
    ServiceKind,
    WindowClosing,
)
from certificates.services.archive import archive_check_request
from certificates.services.closing import legacy_services_end_if_due, window_close_if_due
from certificates.services.exchange import ExchangeRefusedError, certificate_exchange
from certificates.services.legacy import ServiceWishes, legacy_service_request
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests import factories
from tests.environment import PATIENCE
from tests.factories import shanghai
from tests.parallel import in_threads, wait_until_somebody_waits_for_a_lock

JOB = Actor.job("close_window")
LAST_SECOND = shanghai(2020, 12, 31, 23, 59, 59)
MIDNIGHT = shanghai(2021, 1, 1)


def close():
    closing = window_close_if_due(by=JOB)
    legacy_services_end_if_due(by=JOB)
    return closing


def stand_at(moment):
    clock.move_to(moment, running=False)


@pytest.mark.django_db
class TestTheClosing:
    def test_does_nothing_in_the_last_second(self):
        stand_at(LAST_SECOND)
        assert close() is None
        assert not WindowClosing.objects.exists()

    def test_happens_at_midnight_and_once_however_often_the_job_runs(self):
        paper = factories.paper(factories.person())
        stand_at(MIDNIGHT)
        first = close()
        stand_at(MIDNIGHT + timedelta(days=40))
        assert close() == first
        assert first.completed_at == MIDNIGHT
        assert Notice.objects.filter(person=paper.person).count() == 1
        assert Event.objects.filter(verb="certificates.window.closed").count() == 1

    def test_ends_open_requests_and_tells_each_person(self):
        stand_at(shanghai(2020, 11, 5, 9))
        worker = factories.worker(factories.person())
        checked = factories.paper(worker.person, in_national_system=False)
        archive_check_request(certificate=checked, by=Actor.command("test"))
        served = factories.paper(worker.person)
        request = legacy_service_request(
            certificate=served,
            kind=ServiceKind.REPLACEMENT,
            explanation="遗失",
            wishes=ServiceWishes(),
            by=Actor(means="web", user=worker),
        )
        stand_at(MIDNIGHT)
        close()
        request.refresh_from_db()
        assert (request.state, request.decided_at) == (LegacyServiceRequest.State.ENDED, MIDNIGHT)
        assert ArchiveCheck.objects.get().ended_at == MIDNIGHT
        assert set(Notice.objects.values_list("code", flat=True)) == {
            "certificates.archive_ended",
            "certificates.service_ended",
            "certificates.paper_stays_usable",
        }
        assert Event.objects.filter(verb="certificates.service.ended", subject_id=str(served.pk)).exists()

    def test_tells_only_holders_whose_paper_is_still_worth_something(self):
        """A paper that was not exchanged stays usable within its own validity (3.1b)."""
        owner = factories.person()
        usable = factories.paper(owner)
        factories.paper(owner, expires_on=date(2020, 6, 1))
        factories.paper(owner, kind="enterprise_post")
        factories.paper(owner, status="void", status_changed_at=LAST_SECOND)
        stand_at(MIDNIGHT)
        close()
        assert [notice.facts["number"] for notice in Notice.objects.all()] == [usable.number]

    def test_keeps_a_report_by_area_post_and_institution(self):
        stand_at(LAST_SECOND)
        done = factories.ready_to_exchange()
        certificate_exchange(certificate=done, by=JOB)
        factories.paper(factories.person(area_code="460200"), post_code="115")
        stand_at(MIDNIGHT)
        report = close().report
        assert report["areas"] == [
            {"area": "460100", "post": "101", "exchanged": 1, "not_exchanged": 0},
            {"area": "460200", "post": "115", "exchanged": 0, "not_exchanged": 1},
        ]
        (institution,) = report["institutions"]
        assert (institution["exchanged"], institution["taught"]) == (1, 1)

    def test_undone_by_a_crash_it_is_made_good_by_the_next_run(self):
        paper = factories.paper(factories.person())
        stand_at(MIDNIGHT)
        with pytest.raises(RuntimeError), transaction.atomic():
            close()
            raise RuntimeError("the power goes")
        assert not Notice.objects.exists()
        close()
        assert Notice.objects.get().person == paper.person

    def test_needs_a_handful_of_queries_however_many_people_there_are(self, django_assert_max_num_queries):
        for _ in range(20):
            factories.paper(factories.person(photo=False))
        stand_at(MIDNIGHT)
        with django_assert_max_num_queries(24):
            close()


@pytest.mark.django_db
def test_without_the_job_a_click_after_midnight_is_refused_all_the_same():
    paper = factories.ready_to_exchange()
    stand_at(MIDNIGHT)
    assert not WindowClosing.objects.exists()
    with pytest.raises(ExchangeRefusedError):
        certificate_exchange(certificate=paper, by=JOB)


@pytest.mark.django_db(transaction=True)
class TestClosingWhilePeopleClick:
    def test_a_click_decided_in_time_is_waited_for_and_counted(self):
        """The click holds its decision of the last second; the closing starts after midnight, before the commit."""
        paper = factories.ready_to_exchange()
        stand_at(LAST_SECOND)
        decided = threading.Event()

        def act(index):
            if index == 0:
                with transaction.atomic():
                    certificate_exchange(certificate=paper, by=JOB)
                    decided.set()
                    wait_until_somebody_waits_for_a_lock()
                return None
            assert decided.wait(PATIENCE)
            stand_at(MIDNIGHT)
            return window_close_if_due(by=JOB)

        _, closing = in_threads(2, act)
        assert ElectronicCertificate.objects.get().issued_at == LAST_SECOND
        assert closing.report["areas"] == [
            {"area": "460100", "post": "101", "exchanged": 1, "not_exchanged": 0}
        ]
        assert not Notice.objects.filter(code="certificates.paper_stays_usable").exists()

    def test_two_schedulers_close_once(self):
        factories.paper(factories.person())
        stand_at(MIDNIGHT)
        closings = in_threads(2, lambda _: window_close_if_due(by=JOB))
        assert closings[0] == closings[1]
        assert Event.objects.filter(verb="certificates.window.closed").count() == 1
        assert Notice.objects.count() == 1
