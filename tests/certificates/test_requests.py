"""Archive checks (1.1) and services for paper certificates (3.2): asked for, decided, in time."""

from datetime import date

import pytest

from certificates.models import ArchiveCheck, LegacyServiceRequest, LegacyStatus, ServiceKind
from certificates.selectors import exchange_decision
from certificates.services.archive import archive_check_decide, archive_check_request, archive_papers_see
from certificates.services.exchange import certificate_exchange
from certificates.services.legacy import ServiceWishes, legacy_service_decide, legacy_service_request
from certificates.services.refusals import RequestRefusedError, StateConflictError
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests import factories
from tests.factories import shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db


def stand_at(*parts):
    clock.move_to(shanghai(*parts), running=False)


def actor(user):
    return Actor(means="web", user=user)


@pytest.fixture
def worker():
    return factories.worker(factories.person())


@pytest.fixture
def reviewer():
    return actor(factories.reviewer())


class TestAnArchiveCheck:
    def test_confirmed_on_papers_seen_in_time_opens_the_way(self, worker, reviewer):
        paper = factories.paper(worker.person, in_national_system=False)
        stand_at(2020, 11, 9, 10)
        check = archive_check_request(certificate=paper, by=actor(worker))
        archive_papers_see(check=check, seen_on=date(2020, 11, 9), by=reviewer)
        archive_check_decide(check=check, confirmed=True, reason="", by=reviewer)
        paper.refresh_from_db()
        decision = exchange_decision(paper, worker.person, [], at=clock.now())
        assert decision.check("registry_record").result == "pass"
        assert Notice.objects.get(person=worker.person).facts["outcome"] == "confirmed"
        assert list(Event.objects.values_list("verb", flat=True).order_by("id")) == [
            "certificates.archive.requested",
            "certificates.archive.papers_seen",
            "certificates.archive.decided",
        ]

    def test_papers_seen_a_day_late_are_recorded_as_they_were_and_do_not_help(self, worker, reviewer):
        paper = factories.paper(worker.person, in_national_system=False)
        stand_at(2020, 11, 10, 23, 59)
        check = archive_check_request(certificate=paper, by=actor(worker))
        stand_at(2020, 11, 11, 9)
        archive_papers_see(check=check, seen_on=date(2020, 11, 11), by=reviewer)
        archive_check_decide(check=check, confirmed=True, reason="", by=reviewer)
        paper.refresh_from_db()
        registry = exchange_decision(paper, worker.person, [], at=clock.now()).check("registry_record")
        assert (registry.result, registry.facts["reason"]) == ("fail", "too_late")

    @pytest.mark.parametrize(
        ("moment", "accepted"), [((2020, 11, 10, 23, 59, 59), True), ((2020, 11, 11), False)]
    )
    def test_can_be_asked_for_until_the_end_of_10_november(self, worker, moment, accepted):
        paper = factories.paper(worker.person, in_national_system=False)
        stand_at(*moment)
        if accepted:
            assert archive_check_request(certificate=paper, by=actor(worker)).outcome == "pending"
        else:
            with pytest.raises(RequestRefusedError) as refusal:
                archive_check_request(certificate=paper, by=actor(worker))
            assert refusal.value.decision.unmet[0].clause == "1.1"

    def test_asked_for_twice_is_one(self, worker):
        paper = factories.paper(worker.person, in_national_system=False)
        stand_at(2020, 11, 1)
        assert archive_check_request(certificate=paper, by=actor(worker)) == archive_check_request(
            certificate=paper, by=actor(worker)
        )

    def test_is_not_confirmed_on_papers_nobody_saw_nor_rejected_without_a_reason(self, worker, reviewer):
        stand_at(2020, 11, 1)
        check = archive_check_request(
            certificate=factories.paper(worker.person, in_national_system=False), by=actor(worker)
        )
        with pytest.raises(ValueError, match="papers"):
            archive_check_decide(check=check, confirmed=True, reason="", by=reviewer)
        with pytest.raises(ValueError, match="reason"):
            archive_check_decide(check=check, confirmed=False, reason=" ", by=reviewer)
        assert ArchiveCheck.objects.get().outcome == "pending"


class TestAServiceForAPaperCertificate:
    def ask(self, paper, worker, kind, **wishes):
        return legacy_service_request(
            certificate=paper,
            kind=kind,
            explanation="样例说明",
            wishes=ServiceWishes(**wishes),
            by=actor(worker),
        )

    def test_a_wrong_name_put_right_lets_the_holder_exchange(self, worker, reviewer):
        paper = factories.paper(worker.person, holder_name="陈海升")
        factories.record(worker.person)
        stand_at(2020, 12, 1, 9)
        request = self.ask(paper, worker, ServiceKind.CHANGE, new_name=worker.person.name)
        legacy_service_decide(request=request, approved=True, reason="", by=reviewer)
        assert certificate_exchange(certificate=paper, by=actor(worker)).holder_name == worker.person.name

    def test_a_cancellation_voids_the_paper_and_an_extension_moves_its_end(self, worker, reviewer):
        cancelled, extended = factories.paper(worker.person), factories.paper(worker.person)
        stand_at(2020, 12, 1, 9)
        legacy_service_decide(
            request=self.ask(cancelled, worker, ServiceKind.CANCELLATION),
            approved=True,
            reason="",
            by=reviewer,
        )
        legacy_service_decide(
            request=self.ask(extended, worker, ServiceKind.EXTENSION, new_expiry=date(2024, 5, 3)),
            approved=True,
            reason="",
            by=reviewer,
        )
        cancelled.refresh_from_db()
        extended.refresh_from_db()
        assert cancelled.status == LegacyStatus.VOID
        assert extended.expires_on == date(2024, 5, 3)

    def test_is_refused_after_the_last_day_by_clause_3_2_and_the_refusal_is_recorded(self, worker):
        paper = factories.paper(worker.person)
        stand_at(2021, 1, 1)
        with pytest.raises(RequestRefusedError) as refusal:
            self.ask(paper, worker, ServiceKind.REPLACEMENT)
        (failed,) = refusal.value.decision.unmet
        assert (failed.code, failed.clause, failed.facts["closes"]) == (
            "service_window_open",
            "3.2",
            "2020-12-31",
        )
        assert Event.objects.filter(verb="certificates.service.request_refused").exists()

    def test_open_at_midnight_can_no_longer_be_approved_even_if_the_closing_never_runs(
        self, worker, reviewer
    ):
        stand_at(2020, 12, 31, 23, 59)
        request = self.ask(factories.paper(worker.person), worker, ServiceKind.CANCELLATION)
        stand_at(2021, 1, 1)
        with pytest.raises(RequestRefusedError):
            legacy_service_decide(request=request, approved=True, reason="", by=reviewer)

    def test_decided_by_one_reviewer_tells_the_other_what_happened(self, worker, reviewer):
        stand_at(2020, 12, 1)
        request = self.ask(factories.paper(worker.person), worker, ServiceKind.REPLACEMENT)
        legacy_service_decide(request=request, approved=False, reason="材料不全", by=reviewer)
        with pytest.raises(StateConflictError) as conflict:
            legacy_service_decide(request=request, approved=True, reason="", by=actor(factories.reviewer()))
        assert conflict.value.state == LegacyServiceRequest.State.REFUSED


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_deciding_a_service_at_once_give_one_decision():
    clock.move_to(shanghai(2020, 12, 1))
    worker = factories.worker(factories.person())
    judges = [actor(factories.reviewer()) for _ in range(2)]
    request = legacy_service_request(
        certificate=factories.paper(worker.person),
        kind=ServiceKind.CANCELLATION,
        explanation="样例说明",
        wishes=ServiceWishes(),
        by=actor(worker),
    )
    answers = in_threads(
        2,
        lambda i: legacy_service_decide(request=request, approved=i == 0, reason="材料不全", by=judges[i]),
        may_raise=StateConflictError,
    )
    assert sorted(type(answer).__name__ for answer in answers) == [
        "LegacyServiceRequest",
        "StateConflictError",
    ]
    assert Event.objects.filter(verb="certificates.service.decided").count() == 1
