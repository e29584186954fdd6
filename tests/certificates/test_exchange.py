"""The click on 更新 (1.3): once, in time, or not at all."""

import threading
import uuid
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from kombu import pools
from kombu.exceptions import OperationalError

from certificates.models import ElectronicCertificate, LegacyCertificate, NumberSequence
from certificates.numbers import is_plausible
from certificates.selectors import certificates_without_document
from certificates.services.documents import document_ensure
from certificates.services.exchange import ExchangeRefusedError, HolderNameDiffersError, certificate_exchange
from certificates.tasks import render_document
from portal import clock
from portal.celery import app
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests import factories
from tests.environment import PATIENCE
from tests.factories import shanghai
from tests.parallel import in_threads, wait_until_somebody_waits_for_a_lock

LAST_MOMENT = shanghai(2020, 12, 31, 23, 59, 59) + timedelta(milliseconds=999)
MIDNIGHT = shanghai(2021, 1, 1)


def click(paper: LegacyCertificate) -> ElectronicCertificate:
    return certificate_exchange(certificate=paper, by=Actor.command("test"))


@pytest.fixture
def in_the_window(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


@pytest.mark.usefixtures("in_the_window")
class TestAnEligibleClick:
    def test_makes_an_electronic_certificate_and_voids_the_paper_at_the_same_moment(self):
        paper = factories.ready_to_exchange()
        electronic = click(paper)
        paper.refresh_from_db()
        assert (paper.status, paper.replaced_by) == ("exchanged", electronic)
        assert paper.status_changed_at == electronic.issued_at == shanghai(2020, 12, 28, 9)
        assert is_plausible(electronic.number)

    def test_records_the_whole_decision_and_tells_the_holder(self):
        paper = factories.ready_to_exchange()
        electronic = click(paper)
        event = Event.objects.get(verb="certificates.exchange.completed")
        assert event.data["number"] == electronic.number
        assert [check["result"] for check in event.data["decision"]["checks"]] == ["pass"] * 12
        assert Notice.objects.get(person=paper.person).facts["number"] == electronic.number

    def test_gives_the_same_certificate_again_when_clicked_again(self):
        paper = factories.ready_to_exchange()
        assert click(paper) == click(paper)
        assert Event.objects.filter(verb="certificates.exchange.completed").count() == 1

    def test_numbers_run_without_a_gap_for_each_post_even_after_a_failed_attempt(self):
        first, broken, second = (factories.ready_to_exchange() for _ in range(3))
        click(first)
        with pytest.raises(RuntimeError), transaction.atomic():
            click(broken)
            raise RuntimeError("the power goes")
        click(second)
        numbers = ElectronicCertificate.objects.order_by("number").values_list("number", flat=True)
        assert [number[9:15] for number in numbers] == ["000001", "000002"]


@pytest.mark.usefixtures("in_the_window")
class TestARefusedClick:
    def test_changes_nothing_and_says_why(self):
        paper = factories.paper(factories.person(photo=False))
        with pytest.raises(ExchangeRefusedError) as refusal:
            click(paper)
        assert [check.code for check in refusal.value.decision.unmet] == [
            "photo",
            "ce_hours",
            "ce_professional_hours",
            "ce_assessment",
        ]
        paper.refresh_from_db()
        assert paper.status == "active"
        assert not ElectronicCertificate.objects.exists()
        assert not NumberSequence.objects.exists()

    def test_is_recorded_with_its_decision(self):
        paper = factories.paper(factories.person())
        with pytest.raises(ExchangeRefusedError):
            click(paper)
        assert (
            Event.objects.get(verb="certificates.exchange.refused").data["decision"]["outcome"] == "not_yet"
        )

    def test_a_paper_in_another_name_waits_for_a_change_of_information(self):
        paper = factories.ready_to_exchange(name="陈海生")
        LegacyCertificate.objects.filter(pk=paper.pk).update(holder_name="陈海升")
        with pytest.raises(HolderNameDiffersError):
            click(paper)
        assert Event.objects.get(verb="certificates.exchange.refused").data["reason"] == "holder_name_differs"
        assert not ElectronicCertificate.objects.exists()


@pytest.mark.django_db
class TestTheEndOfTheWindow:
    def test_a_click_in_the_last_millisecond_is_in_time(self):
        paper = factories.ready_to_exchange()
        clock.move_to(LAST_MOMENT, running=False)
        assert click(paper).issued_at == LAST_MOMENT

    @pytest.mark.parametrize("minutes", [-10, 10])
    def test_a_web_server_whose_own_clock_is_off_decides_by_the_clock_of_the_database(self, minutes):
        """This machine's clock is years away from that of the database here; ten minutes are no different."""
        paper = factories.ready_to_exchange()
        clock.move_to(MIDNIGHT + timedelta(minutes=minutes))
        assert abs(clock.machine_now() - clock.now()) > timedelta(minutes=10)
        if minutes > 0:
            with pytest.raises(ExchangeRefusedError):
                click(paper)
        else:
            assert MIDNIGHT + timedelta(minutes=minutes) <= click(paper).issued_at < MIDNIGHT

    def test_a_click_at_midnight_is_refused_by_clause_1_2(self):
        paper = factories.ready_to_exchange()
        clock.move_to(MIDNIGHT, running=False)
        with pytest.raises(ExchangeRefusedError) as refusal:
            click(paper)
        (failed,) = refusal.value.decision.unmet
        assert (failed.code, failed.clause) == ("window_open", "1.2")


@pytest.mark.django_db
class TestTheDatabaseItself:
    def test_refuses_a_second_electronic_certificate_for_one_paper(self):
        clock.move_to(shanghai(2020, 12, 28, 9), running=False)
        electronic = click(factories.ready_to_exchange())
        twin = ElectronicCertificate.objects.get(pk=electronic.pk)
        twin.pk, twin.number, twin._state.adding = uuid.uuid4(), "4620201010099999", True
        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)

    @pytest.mark.parametrize("statement", ["UPDATE events_event SET verb = 'x'", "DELETE FROM events_event"])
    def test_refuses_to_change_an_event(self, statement):
        clock.move_to(shanghai(2020, 12, 28, 9), running=False)
        click(factories.ready_to_exchange())
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_deciding_and_rendering_loses_nothing(settings):
    """The broker is away when the commit is done, so nobody is asked to render: the schedule asks again, and the first
    download would make the document meanwhile.
    """
    clock.move_to(shanghai(2020, 12, 28, 9))
    paper = factories.ready_to_exchange()
    with broker_away():
        with pytest.raises(OperationalError):
            render_document.delay("nothing")
        electronic = click(paper)
    assert not electronic.documents.exists()
    assert certificates_without_document(now=clock.now()) == []  # it may just be on its way
    assert certificates_without_document(now=clock.now() + timedelta(minutes=3)) == [electronic.pk]
    document = document_ensure(certificate=electronic)
    assert document.file.size > 10_000
    assert document_ensure(certificate=electronic) == document
    assert certificates_without_document(now=clock.now() + timedelta(minutes=3)) == []


@contextmanager
def broker_away():
    """Point Celery at a port where nothing listens, and let it forget the connections that it has."""
    before = app.conf.broker_url
    try:
        app.conf.broker_url = "redis://127.0.0.1:1/0"
        forget_connections()
        yield
    finally:
        app.conf.broker_url = before
        forget_connections()


def forget_connections():
    pools.reset()
    app._pool = app.amqp._producer_pool = None


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_fifty_parallel_clicks_give_one_exchange_and_the_same_answer_to_all(self):
        clock.move_to(shanghai(2020, 12, 28, 9))
        paper = factories.ready_to_exchange()
        answers = in_threads(50, lambda _: click(paper))
        assert {answer.pk for answer in answers} == {ElectronicCertificate.objects.get().pk}
        assert Event.objects.filter(verb="certificates.exchange.completed").count() == 1
        assert Notice.objects.count() == 1

    def test_people_clicking_at_once_get_consecutive_numbers(self):
        clock.move_to(shanghai(2020, 12, 28, 9))
        papers = [factories.ready_to_exchange() for _ in range(12)]
        in_threads(12, lambda index: click(papers[index]))
        numbers = sorted(ElectronicCertificate.objects.values_list("number", flat=True))
        assert [int(number[9:15]) for number in numbers] == list(range(1, 13))

    def test_a_click_that_waits_for_a_lock_past_midnight_is_judged_after_it(self):
        paper = factories.ready_to_exchange()
        clock.move_to(LAST_MOMENT, running=False)
        held, release = threading.Event(), threading.Event()

        def hold_then_click(index):
            if index == 0:
                with transaction.atomic():
                    LegacyCertificate.objects.select_for_update().get(pk=paper.pk)
                    held.set()
                    assert release.wait(PATIENCE)
                return None
            assert held.wait(PATIENCE)
            if index == 1:
                return click(paper)
            wait_until_somebody_waits_for_a_lock()
            clock.move_to(MIDNIGHT, running=False)
            release.set()
            return None

        _, answer, _ = in_threads(3, hold_then_click, may_raise=ExchangeRefusedError)
        assert isinstance(answer, ExchangeRefusedError)
        assert answer.decision.check("window_open").facts["closes"] == date(2020, 12, 31).isoformat()
