"""Two years without enough hours (2.1): a job proposes, the holder is heard, two people decide, and it can be undone."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from certificates.credentials.bitstring import Purpose
from certificates.models import DailyRun, ElectronicCertificate, VoidingEvidence, VoidingProposal
from certificates.services import voiding
from certificates.services.evidence import Evidence, TooManyFilesError
from certificates.services.refusals import RequestRefusedError, StateConflictError
from certificates.services.standing import standings_settle_if_due
from certificates.services.two_people import NotAReviewerError, SamePersonError
from education.services import batch_approve
from portal import clock
from portal.events.models import Event
from portal.notices.models import Notice
from portal.notices.services import wording
from tests import factories
from tests.certificates import lapsing, measures
from tests.certificates.lapsing import DECIDED, LAST_DAY, OBJECTION_OVER, actor, night, stand_at
from tests.certificates.test_lifecycle import is_set
from tests.factories import shanghai
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db
PDF = Evidence(b"%PDF-1.4\nsample\n%%EOF\n", "application/pdf")


@pytest.fixture
def first():
    return actor(factories.reviewer())


@pytest.fixture
def second():
    return actor(factories.reviewer())


@pytest.fixture
def proposal():
    return lapsing.proposal()


def state_of(proposal):
    proposal.refresh_from_db()
    return proposal.state


def certificate_of(proposal):
    return ElectronicCertificate.objects.get(pk=proposal.certificate_id)


def verbs(certificate):
    events = Event.objects.filter(subject_id=str(certificate.pk), verb__startswith="certificates.voiding")
    return [verb.rsplit(".")[-1] for verb in events.order_by("id").values_list("verb", flat=True)]


class TestAFailedWindow:
    def test_is_not_proposed_on_the_last_day_of_grace(self):
        certificate = lapsing.lapsed()
        assert night(LAST_DAY) == 0
        assert not certificate.voiding_proposals.exists()

    def test_is_proposed_the_night_after_and_voids_nothing(self):
        certificate = lapsing.lapsed()
        assert night() == 1
        proposal = certificate.voiding_proposals.get()
        assert (proposal.window_first, proposal.window_second) == (2021, 2022)
        assert (proposal.state, proposal.objection_until) == ("open", lapsing.OBJECTION_UNTIL)
        assert certificate_of(proposal).state == "valid"
        assert (
            Notice.objects.filter(person=certificate.person, code="certificates.voiding_proposed").count()
            == 1
        )

    def test_is_proposed_once_however_often_the_job_runs_and_however_many_nights_pass(self):
        certificate = lapsing.lapsed()
        night()
        assert night(DECIDED + timedelta(hours=3)) is None
        for days in (1, 2, 400):
            assert night(DECIDED + timedelta(days=days)) == 0
        assert certificate.voiding_proposals.count() == 1

    def test_waits_for_the_settlement_of_its_day(self):
        lapsing.lapsed()
        stand_at(DECIDED)
        assert voiding.voidings_propose_if_due(by=lapsing.JOB) is None
        assert not DailyRun.objects.exists()

    def test_of_somebody_with_enough_hours_is_none(self):
        certificate = lapsing.lapsed()
        lapsing.late_hours(certificate)
        assert night() == 0

    def test_needs_few_statements_however_many_have_failed(self, django_assert_max_num_queries):
        for _ in range(12):
            lapsing.lapsed()
        night(LAST_DAY)
        stand_at(DECIDED)
        standings_settle_if_due(by=lapsing.JOB)
        with django_assert_max_num_queries(30):
            assert voiding.voidings_propose_if_due(by=lapsing.JOB) == 12

    def test_with_a_standing_that_is_out_of_date_is_judged_by_the_hours_themselves(self):
        """The settled row says lapsed; the hours were credited a moment ago."""
        certificate = lapsing.lapsed()
        stand_at(DECIDED)
        standings_settle_if_due(by=lapsing.JOB)
        lapsing.late_hours(certificate)
        assert voiding.voidings_propose_if_due(by=lapsing.JOB) == 0

    def test_that_a_reviewer_dismissed_is_not_proposed_again_but_a_later_one_is(self, proposal, first):
        voiding.voiding_dismiss(proposal=proposal, reason="住院期间,材料属实", by=first)
        assert night(DECIDED + timedelta(days=1)) == 0
        assert night(shanghai(2024, 2, 1, 6)) == 1
        again = VoidingProposal.objects.get(state="open")
        assert (again.window_first, again.window_second) == (2022, 2023)


class TestTheHolder:
    def test_objects_with_evidence_until_the_last_second(self, proposal):
        stand_at(shanghai(2023, 2, 16, 23, 59, 59))
        holder = actor(proposal.certificate.person.user)
        voiding.objection_make(proposal=proposal, text="课程已在海口完成", evidence=[PDF], by=holder)
        proposal.refresh_from_db()
        assert proposal.objection == "课程已在海口完成"
        kept = VoidingEvidence.objects.get(proposal=proposal)
        assert kept.file.open().read() == PDF.content
        assert b"sample" not in Path(kept.file.path).read_bytes()

    def test_is_a_second_late_at_midnight_and_told_so(self, proposal):
        stand_at(shanghai(2023, 2, 17))
        holder = actor(proposal.certificate.person.user)
        with pytest.raises(RequestRefusedError) as refusal:
            voiding.objection_make(proposal=proposal, text="补充", evidence=[], by=holder)
        assert [check.code for check in refusal.value.decision.unmet] == ["objection_in_time"]
        proposal.refresh_from_db()
        assert proposal.objection == ""

    def test_gives_the_same_file_twice_and_it_is_kept_once(self, proposal):
        holder = actor(proposal.certificate.person.user)
        for _ in range(2):
            voiding.objection_make(proposal=proposal, text="课程已完成", evidence=[PDF, PDF], by=holder)
        assert VoidingEvidence.objects.count() == 1

    def test_cannot_fill_the_disk(self, proposal):
        holder = actor(proposal.certificate.person.user)
        many = [Evidence(b"%%PDF-1.4 %d %%%%EOF" % number, "application/pdf") for number in range(6)]
        with pytest.raises(TooManyFilesError):
            voiding.objection_make(proposal=proposal, text="材料", evidence=many, by=holder)
        proposal.refresh_from_db()
        assert (proposal.objection, VoidingEvidence.objects.count()) == ("", 0)

    def test_is_the_only_one_who_objects(self, proposal, first):
        for stranger in (actor(factories.worker()), first):
            with pytest.raises(voiding.NotTheHolderError):
                voiding.objection_make(proposal=proposal, text="材料", evidence=[], by=stranger)


class TestTwoPeople:
    def test_make_a_certificate_void_and_the_holder_is_told_what_retraining_means(
        self, proposal, first, second
    ):
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=first)
        assert certificate_of(proposal).state == "valid"
        voiding.voiding_approve(proposal=proposal, by=second)
        certificate = certificate_of(proposal)
        assert (certificate.state, certificate.void_reason) == ("void", "hours")
        assert (certificate.voided_by_id, certificate.state_changed_at) == (proposal.pk, OBJECTION_OVER)
        assert verbs(certificate) == ["proposed", "confirmed", "approved"]
        assert Notice.objects.filter(code="certificates.voided", person=certificate.person).exists()
        approved = Event.objects.get(verb="certificates.voiding.approved").data
        assert approved["decision"]["outcome"] == "eligible"

    def test_are_never_the_same_person(self, proposal, first):
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=first)
        with pytest.raises(RequestRefusedError) as refusal:
            voiding.voiding_approve(proposal=proposal, by=first)
        assert [check.code for check in refusal.value.decision.unmet] == ["voiding_second_person"]
        assert (state_of(proposal), certificate_of(proposal).state) == ("confirmed", "valid")

    def test_wait_until_the_holders_days_are_over(self, proposal, first):
        stand_at(shanghai(2023, 2, 16, 23, 59, 59))
        with pytest.raises(RequestRefusedError) as refusal:
            voiding.voiding_confirm(proposal=proposal, by=first)
        assert [check.code for check in refusal.value.decision.unmet] == ["voiding_objection_over"]
        stand_at(shanghai(2023, 2, 17))
        assert voiding.voiding_confirm(proposal=proposal, by=first).state == "confirmed"

    def test_do_nothing_while_hours_wait_that_would_cure_it(self, proposal, first):
        reported(proposal.certificate)
        stand_at(OBJECTION_OVER)
        with pytest.raises(RequestRefusedError) as refusal:
            voiding.voiding_confirm(proposal=proposal, by=first)
        assert [check.code for check in refusal.value.decision.unmet] == ["voiding_hours_in_review"]

    def test_do_not_wait_for_hours_that_would_change_nothing(self, proposal, first):
        reported(proposal.certificate, hours=10)
        stand_at(OBJECTION_OVER)
        assert voiding.voiding_confirm(proposal=proposal, by=first).state == "confirmed"

    def test_cannot_skip_the_first_step(self, proposal, second):
        stand_at(OBJECTION_OVER)
        with pytest.raises(StateConflictError):
            voiding.voiding_approve(proposal=proposal, by=second)

    def test_are_reviewers(self, proposal):
        stand_at(OBJECTION_OVER)
        for nobody in (actor(factories.worker()), actor(factories.clerk()), lapsing.JOB):
            with pytest.raises(NotAReviewerError):
                voiding.voiding_confirm(proposal=proposal, by=nobody)

    def test_need_only_one_of_them_to_dismiss_with_a_reason(self, proposal, first, second):
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=first)
        with pytest.raises(ValueError, match="needs"):
            voiding.voiding_dismiss(proposal=proposal, reason="  ", by=second)
        voiding.voiding_dismiss(proposal=proposal, reason="异议成立", by=second)
        assert certificate_of(proposal).state == "valid"
        assert Notice.objects.get(code="certificates.voiding_dismissed").facts["reason"] == "异议成立"
        with pytest.raises(StateConflictError):
            voiding.voiding_approve(proposal=proposal, by=second)


class TestLateHours:
    @pytest.mark.parametrize("confirmed", [False, True])
    def test_that_cure_the_window_withdraw_the_proposal_when_they_are_credited(
        self, proposal, first, confirmed
    ):
        stand_at(OBJECTION_OVER)
        if confirmed:
            voiding.voiding_confirm(proposal=proposal, by=first)
        with transaction.atomic():
            lapsing.late_hours(proposal.certificate)
            voiding.cured_withdraw(by=first, person_ids=[proposal.certificate.person_id])
        assert (state_of(proposal), proposal.withdrawn_at) == ("withdrawn", OBJECTION_OVER)
        assert Notice.objects.filter(code="certificates.voiding_withdrawn").count() == 1

    def test_of_a_batch_withdraw_the_proposal_when_a_reviewer_approves_the_batch(self, proposal, first):
        batch = reported(proposal.certificate).batch
        stand_at(OBJECTION_OVER)
        batch_approve(batch=batch, by=first)
        assert state_of(proposal) == "withdrawn"
        withdrawn = Event.objects.get(verb="certificates.voiding.withdrawn")
        assert withdrawn.actor_id == first.user.pk

    def test_that_nobody_noticed_keep_the_second_person_from_voiding(self, proposal, first, second):
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=first)
        lapsing.late_hours(proposal.certificate)
        with pytest.raises(StateConflictError) as conflict:
            voiding.voiding_approve(proposal=proposal, by=second)
        assert conflict.value.state == "withdrawn"
        assert (state_of(proposal), certificate_of(proposal).state) == ("withdrawn", "valid")

    def test_are_noticed_by_the_night(self, proposal):
        lapsing.late_hours(proposal.certificate)
        night(OBJECTION_OVER)
        assert state_of(proposal) == "withdrawn"

    def test_that_are_too_few_change_nothing(self, proposal):
        lapsing.late_hours(proposal.certificate, hours=350)
        assert voiding.cured_withdraw(by=lapsing.JOB) == 0
        assert state_of(proposal) == "open"


class TestAFindingThatSomebodyLeftThePost:
    def test_is_proposed_confirmed_by_the_finder_and_approved_by_another(self, first, second):
        certificate = lapsing.electronic()
        stand_at(DECIDED)
        found = voiding.leaving_find(
            certificate=certificate, finding="社保已转至外省", evidence=[PDF], by=first
        )
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=found, by=first)
        with pytest.raises(RequestRefusedError):
            voiding.voiding_approve(proposal=found, by=first)
        voiding.voiding_approve(proposal=found, by=second)
        assert certificate_of(found).void_reason == "not_engaged"

    def test_is_never_approved_by_the_finder_even_when_another_confirmed(self, first, second):
        stand_at(DECIDED)
        found = voiding.leaving_find(
            certificate=lapsing.electronic(), finding="已离岗", evidence=[PDF], by=first
        )
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=found, by=second)
        with pytest.raises(RequestRefusedError):
            voiding.voiding_approve(proposal=found, by=first)

    def test_needs_words_and_evidence(self, first):
        certificate = lapsing.electronic()
        for finding, evidence in (("", [PDF]), ("已离岗", [])):
            with pytest.raises(ValueError, match="needs"):
                voiding.leaving_find(certificate=certificate, finding=finding, evidence=evidence, by=first)

    def test_waits_behind_a_proposal_that_is_under_way(self, proposal, first):
        with pytest.raises(voiding.AlreadyProposedError):
            voiding.leaving_find(certificate=proposal.certificate, finding="已离岗", evidence=[PDF], by=first)


class TestReinstatement:
    @pytest.fixture
    def void(self, proposal, first, second):
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=first)
        voiding.voiding_approve(proposal=proposal, by=second)
        return proposal

    def test_takes_two_people_and_a_reason_and_stays_in_the_history(self, void, first, second):
        voiding.reinstatement_ask(proposal=void, reason="机构漏报,已核实", by=first)
        with pytest.raises(SamePersonError):
            voiding.reinstatement_decide(proposal=void, approved=True, by=first)
        assert certificate_of(void).state == "void"
        voiding.reinstatement_decide(proposal=void, approved=True, by=second)
        certificate = certificate_of(void)
        assert (certificate.state, certificate.void_reason, certificate.voided_by) == ("valid", "", None)
        assert verbs(certificate) == [
            "proposed", "confirmed", "approved", "reinstatement_asked", "reinstated",
        ]  # fmt: skip
        assert Notice.objects.get(code="certificates.reinstated").facts["reason"] == "机构漏报,已核实"

    def test_that_is_refused_leaves_it_void_and_may_be_asked_for_again(self, void, first, second):
        voiding.reinstatement_ask(proposal=void, reason="请复核", by=first)
        voiding.reinstatement_decide(proposal=void, approved=False, by=second)
        assert (state_of(void), certificate_of(void).state) == ("approved", "void")
        voiding.reinstatement_ask(proposal=void, reason="新材料", by=second)
        assert verbs(certificate_of(void))[-2:] == ["reinstatement_refused", "reinstatement_asked"]

    def test_gives_the_next_version_and_the_void_one_stays_revoked_for_ever(self, void, first, second):
        old = certificate_of(void).versions.get()
        assert is_set(Purpose.REVOCATION, old)
        voiding.reinstatement_ask(proposal=void, reason="机构漏报", by=first)
        voiding.reinstatement_decide(proposal=void, approved=True, by=second)
        new = certificate_of(void).versions.get(superseded_at=None)
        assert (new.version, certificate_of(void).version) == (2, 2)
        assert (old.status_list, old.status_index) != (new.status_list, new.status_index)
        assert is_set(Purpose.REVOCATION, old)
        assert not is_set(Purpose.REVOCATION, new)
        assert Notice.objects.get(code="certificates.reinstated").facts["version"] == "2"

    def test_does_not_lift_a_suspension_on_the_way(self, proposal, first, second):
        measures.suspended(certificate_of(proposal))
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=first)
        voiding.voiding_approve(proposal=proposal, by=second)
        assert not is_set(Purpose.SUSPENSION, certificate_of(proposal).versions.get())
        voiding.reinstatement_ask(proposal=proposal, reason="机构漏报", by=first)
        voiding.reinstatement_decide(proposal=proposal, approved=True, by=second)
        assert certificate_of(proposal).state == "suspended"
        assert is_set(Purpose.SUSPENSION, certificate_of(proposal).versions.get(superseded_at=None))
        assert "暂停" in wording(Notice.objects.get(code="certificates.reinstated"))[0]
        measures.lifted(certificate_of(proposal))
        assert certificate_of(proposal).state == "valid"

    def test_is_not_undone_by_the_next_night(self, void, first, second):
        voiding.reinstatement_ask(proposal=void, reason="机构漏报", by=first)
        voiding.reinstatement_decide(proposal=void, approved=True, by=second)
        assert night(OBJECTION_OVER + timedelta(days=1)) == 0


class TestTheDatabaseItself:
    def test_refuses_a_void_certificate_without_a_proposal(self):
        certificate = lapsing.electronic()
        for reason in ("hours", "not_engaged"):
            with pytest.raises(IntegrityError), transaction.atomic():
                ElectronicCertificate.objects.filter(pk=certificate.pk).update(
                    state="void", void_reason=reason, state_changed_at=DECIDED
                )

    @pytest.mark.parametrize("state", ["open", "confirmed"])
    def test_refuses_one_on_a_proposal_that_nobody_approved(self, proposal, first, state):
        stand_at(OBJECTION_OVER)
        if state == "confirmed":
            voiding.voiding_confirm(proposal=proposal, by=first)
        with pytest.raises(IntegrityError), transaction.atomic():
            ElectronicCertificate.objects.update(
                state="void", void_reason="hours", state_changed_at=DECIDED, voided_by=proposal
            )

    def test_refuses_one_on_another_certificates_proposal_or_another_ground(self):
        other = lapsing.voided(lapsing.electronic())
        certificate = lapsing.electronic()
        approved = other.voided_by
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE certificates_electroniccertificate SET voided_by_id = NULL, state = 'valid', void_reason = '' WHERE id = %s",
                [other.pk],
            )
            cursor.execute(
                "UPDATE certificates_electroniccertificate SET state = 'void', void_reason = 'hours', voided_by_id = %s,"
                " state_changed_at = now() WHERE id = %s",
                [approved.pk, certificate.pk],
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            ElectronicCertificate.objects.filter(pk=other.pk).update(void_reason="not_engaged")

    def test_refuses_to_take_the_approval_back_under_a_void_certificate(self):
        void = lapsing.voided(lapsing.electronic())
        with pytest.raises(IntegrityError), transaction.atomic():
            VoidingProposal.objects.filter(pk=void.voided_by_id).update(
                state="confirmed", approved_at=None, approved_by=None
            )

    def test_refuses_one_person_in_both_places(self, proposal, first):
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=first)
        with pytest.raises(IntegrityError), transaction.atomic():
            VoidingProposal.objects.update(state="approved", approved_at=clock.now(), approved_by=first.user)

    def test_refuses_a_second_proposal_for_a_certificate(self, proposal):
        with pytest.raises(IntegrityError), transaction.atomic():
            VoidingProposal.objects.create(
                certificate=proposal.certificate,
                ground="hours",
                window_first=2021,
                window_second=2022,
                opened_at=DECIDED,
                objection_until=date(2023, 2, 16),
            )


@pytest.mark.parametrize("nights", [1, 40, 800])
def test_jobs_alone_never_void_anything(nights):
    """However many nights pass after the window failed, with every job of this room."""
    certificates = [lapsing.lapsed(), lapsing.electronic(), lapsing.electronic(post_code="111")]
    for day in {1, nights // 2, nights}:
        night(DECIDED + timedelta(days=day))
        voiding.cured_withdraw(by=lapsing.JOB)
    states = ElectronicCertificate.objects.filter(pk__in=[c.pk for c in certificates]).values_list(
        "state", flat=True
    )
    assert set(states) == {"valid"}
    assert VoidingProposal.objects.filter(state="open").count() == 3


def test_every_state_is_in_the_transition_table():
    assert set(voiding.TRANSITIONS) == set(VoidingProposal.State)


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_two_reviewers_who_confirm_make_one_confirmation(self):
        proposal = lapsing.proposal()
        stand_at(OBJECTION_OVER)
        people = [actor(factories.reviewer()) for _ in range(2)]
        done = in_threads(
            2,
            lambda n: voiding.voiding_confirm(proposal=proposal, by=people[n]),
            may_raise=StateConflictError,
        )
        assert sorted(type(each).__name__ for each in done) == ["StateConflictError", "VoidingProposal"]
        assert Event.objects.filter(verb="certificates.voiding.confirmed").count() == 1

    def test_one_who_approves_and_one_who_dismisses_end_in_one_of_the_two(self):
        proposal = lapsing.proposal()
        stand_at(OBJECTION_OVER)
        people = [actor(factories.reviewer()) for _ in range(3)]
        voiding.voiding_confirm(proposal=proposal, by=people[2])
        acts = [
            lambda: voiding.voiding_approve(proposal=proposal, by=people[0]),
            lambda: voiding.voiding_dismiss(proposal=proposal, reason="异议成立", by=people[1]),
        ]
        done = in_threads(2, lambda n: acts[n](), may_raise=StateConflictError)
        assert sum(isinstance(each, StateConflictError) for each in done) == 1
        expected = {"approved": "void", "dismissed": "valid"}[state_of(proposal)]
        assert certificate_of(proposal).state == expected

    def test_two_schedulers_propose_once(self):
        certificate = lapsing.lapsed()
        stand_at(DECIDED)
        standings_settle_if_due(by=lapsing.JOB)
        in_threads(2, lambda _: voiding.voidings_propose_if_due(by=lapsing.JOB))
        assert certificate.voiding_proposals.count() == 1
        assert Notice.objects.filter(code="certificates.voiding_proposed").count() == 1

    @pytest.mark.parametrize("turn", range(4))
    def test_hours_credited_while_the_second_person_approves_are_counted_or_come_after(self, turn):
        """Whichever gets the certificate first: a window that is cured at the decision is never voided."""
        proposal, batch = lapsing.proposal(), factories.approved_batch()
        one, two = actor(factories.reviewer()), actor(factories.reviewer())
        stand_at(OBJECTION_OVER)
        voiding.voiding_confirm(proposal=proposal, by=one)

        def credit():
            with transaction.atomic():
                lapsing.late_hours(proposal.certificate, batch=batch)
                return voiding.cured_withdraw(by=one, person_ids=[proposal.certificate.person_id])

        acts = [credit, lambda: voiding.voiding_approve(proposal=proposal, by=two)]
        credited, approved = in_threads(2, lambda n: acts[n](), may_raise=StateConflictError)
        if state_of(proposal) == "withdrawn":
            assert isinstance(approved, StateConflictError)
            assert certificate_of(proposal).state == "valid"
        else:
            assert (credited, certificate_of(proposal).state) == (0, "void")


def reported(certificate, hours=360):
    """Hours of the second year in a batch that waits for its review."""
    batch = factories.approved_batch()
    batch.state, batch.decided_at, batch.decided_by = "submitted", None, None
    batch.save()
    person = certificate.person
    return batch.rows.create(
        number=2,
        name=person.name,
        id_number=person.id_number,
        id_number_hash=person.id_number_hash,
        post_code="101",
        course="补报课程",
        mode="online",
        started_on=date(2022, 9, 1),
        ended_on=date(2022, 9, 30),
        hours=hours,
        professional_hours=220,
        passed=True,
    )
