"""Any order of upload, correction, submission, approval, return and reversal leaves the hours right."""

import contextlib
from typing import ClassVar

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from education.models import TRANSITIONS, Batch, BatchRow, BatchState, CERecord, Delivery, Reversal
from education.national.outbox import records_of_delivery
from education.services import (
    BatchStateError,
    CannotCorrectError,
    HoursAlreadyCreditedError,
    NothingToCreditError,
    ReversalStateError,
    RowsNotCreditedError,
    SecondReviewerNeededError,
    SubmissionRefusedError,
    batch_approve,
    batch_cancel,
    batch_check,
    batch_recheck,
    batch_return,
    batch_submit,
    reversal_confirm,
    reversal_dismiss,
    reversal_propose,
    row_refuse,
)
from portal import clock
from portal.events.services import Actor
from tests.education.batches import JOB, upload
from tests.education.sheets import row, workbook
from tests.factories import clerk, fresh_id_number, institution, reviewer, shanghai

REFUSALS = (
    BatchRow.DoesNotExist,
    BatchStateError,
    CannotCorrectError,
    HoursAlreadyCreditedError,
    NothingToCreditError,
    ReversalStateError,
    RowsNotCreditedError,
    SecondReviewerNeededError,
    SubmissionRefusedError,
)
"""What a service may answer instead of acting. Anything else, a constraint of the database above all, is a failure."""
PER_MONTH = 2
COURSES = ("安全与质量", "绿色施工", "法律法规")

which = st.integers(0, 30)
some_rows = st.none() | st.sets(st.integers(2, 5), min_size=1, max_size=2)
lines = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["good", "good", "good", "bad", "fast"])),
    min_size=1,
    max_size=4,
)


class Batches(RuleBasedStateMachine):
    """Two institutions, four people, three courses, three reviewers, two months."""

    @initialize()
    def begin(self):
        clock.move_to(shanghai(2020, 11, 2, 9), running=False)
        self.schools = [institution("海口样例培训中心"), institution("三亚样例培训学校")]
        self.clerks = [Actor("web", clerk(school)) for school in self.schools]
        self.judges = [Actor("web", reviewer()) for _ in range(3)]
        self.people = [fresh_id_number() for _ in range(4)]

    def batch(self, number, *fitting):
        """One of the batches, of those in a fitting state two times in three; the others must be refused."""
        found = list(Batch.objects.select_related("institution").order_by("uploaded_at", "pk"))
        chosen = [batch for batch in found if batch.state in fitting and number % 3] or found
        return chosen[number % len(chosen)] if chosen else None

    def clerk_of(self, batch):
        return self.clerks[self.schools.index(batch.institution)]

    def tried(self, act):
        with contextlib.suppress(REFUSALS):
            act()

    def content(self, made):
        dates = {"fast": {"开始日期": "2020-10-12", "结束日期": "2020-10-14"}}
        return workbook(
            *[
                row(
                    身份证号=self.people[person],
                    课程名称=COURSES[course],
                    专业学时=99 if kind == "bad" else 22,
                    **dates.get(kind, {}),
                )
                for person, course, kind in made
            ]
        )

    @rule(school=st.integers(0, 1), made=lines, check=st.booleans())
    def upload(self, school, made, check):
        batch = upload(self.schools[school], self.clerks[school], self.content(made))
        if check:
            batch_check(batch.pk, by=JOB)

    @rule(
        school=st.integers(0, 1),
        made=lines,
        judges=st.permutations([0, 1, 2]),
        end=st.sampled_from(["submitted", "agreed", "approved", "returned", "reversed", "row reversed"]),
    )
    def report(self, school, made, judges, end):
        """The usual way, as far as it goes."""
        batch = upload(self.schools[school], self.clerks[school], self.content(made))
        batch_check(batch.pk, by=JOB)
        self.tried(lambda: batch_submit(batch=batch, by=self.clerks[school], drop_bad_rows=True))
        first, second, _third = (self.judges[judge] for judge in judges)
        if end == "returned":
            self.tried(lambda: batch_return(batch=batch, reason="签到表缺页", by=first))
        approvals = {"submitted": [], "returned": [], "agreed": [first]}
        for judge in approvals.get(end, [first, second]):
            self.tried(lambda judge=judge: batch_approve(batch=batch, by=judge))
        if end in {"reversed", "row reversed"}:
            self.take_back_of(batch, 0 if end == "row reversed" else None, judges)

    @rule(number=which, made=lines)
    def correct(self, number, made):
        if batch := self.batch(number, "checked", "returned"):
            self.tried(
                lambda: upload(batch.institution, self.clerk_of(batch), self.content(made), corrects=batch)
            )

    @rule(number=which)
    def check(self, number):
        if batch := self.batch(number, "uploaded", "checking"):
            batch_check(batch.pk, by=JOB)

    @rule(number=which)
    def check_again(self, number):
        if batch := self.batch(number, "checked"):
            self.tried(lambda: batch_recheck(batch=batch, by=self.clerk_of(batch)))

    @rule(number=which)
    def call_off(self, number):
        if batch := self.batch(number, "uploaded", "checking"):
            self.tried(lambda: batch_cancel(batch=batch, by=self.clerk_of(batch)))

    @rule(number=which, drop=st.booleans())
    def submit(self, number, drop):
        if batch := self.batch(number, "checked"):
            self.tried(lambda: batch_submit(batch=batch, by=self.clerk_of(batch), drop_bad_rows=drop))

    @rule(number=which, judge=st.integers(0, 2))
    def approve(self, number, judge):
        if batch := self.batch(number, "submitted"):
            self.tried(lambda: batch_approve(batch=batch, by=self.judges[judge]))

    @rule(
        number=which,
        line=st.integers(2, 5),
        judge=st.integers(0, 2),
        reason=st.sampled_from(["", "签到表没有此人"]),
    )
    def refuse_row(self, number, line, judge, reason):
        if batch := self.batch(number, "submitted"):
            self.tried(lambda: row_refuse(batch=batch, number=line, reason=reason, by=self.judges[judge]))

    @rule(number=which, judge=st.integers(0, 2))
    def send_back(self, number, judge):
        if batch := self.batch(number, "submitted"):
            self.tried(lambda: batch_return(batch=batch, reason="签到表缺页", by=self.judges[judge]))

    @rule(number=which, rows=some_rows, judge=st.integers(0, 2))
    def propose_reversal(self, number, rows, judge):
        if batch := self.batch(number, "approved"):
            self.propose_reversal_of(batch, rows, judge)

    def propose_reversal_of(self, batch, rows, judge):
        self.tried(lambda: reversal_propose(batch=batch, rows=rows, reason="误批", by=self.judges[judge]))

    @rule(judge=st.integers(0, 2), number=which)
    def decide_reversal(self, judge, number):
        self.decide_reversals(judge, confirm=number % 3 > 0)

    def decide_reversals(self, judge, *, confirm):
        decide = reversal_confirm if confirm else reversal_dismiss
        for reversal in Reversal.objects.filter(state="proposed"):
            self.tried(lambda reversal=reversal: decide(reversal=reversal, by=self.judges[judge]))

    @rule(number=which, single=st.none() | st.integers(0, 3), judges=st.permutations([0, 1, 2]))
    def take_back(self, number, single, judges):
        """The usual way back, of a batch or of one row that counts."""
        if batch := self.batch(number, "approved"):
            self.take_back_of(batch, single, judges)

    def take_back_of(self, batch, single, judges):
        counting = list(batch.records.filter(in_force=True).values_list("row_number", flat=True))
        rows = [counting[single % len(counting)]] if counting and single is not None else None
        self.propose_reversal_of(batch, rows, judges[0])
        self.decide_reversals(judges[1], confirm=True)

    @rule()
    def next_month(self):
        clock.move_to(shanghai(2020, 12, 2, 9), running=False)

    @invariant()
    def no_hour_is_credited_twice(self):
        course = ("person", "post_code", "course", "started_on", "ended_on")
        in_force = CERecord.objects.filter(in_force=True)
        assert not in_force.values(*course).annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def none_without_an_approved_batch(self):
        assert not CERecord.objects.exclude(batch__state=BatchState.APPROVED).exists()
        assert not CERecord.objects.filter(in_force=True, batch__reversed_at__isnull=False).exists()

    @invariant()
    def the_sum_of_all_is_the_sum_in_force(self):
        hours, in_force = Sum("hours"), Sum("hours", filter=Q(in_force=True))
        sums = CERecord.objects.values("person", "post_code").annotate(all=hours, now=in_force)
        assert all(found["all"] == (found["now"] or 0) for found in sums)

    @invariant()
    def an_approved_batch_credits_its_good_rows_and_no_other(self):
        for batch in Batch.objects.filter(state=BatchState.APPROVED):
            rows = set(batch.rows.filter(dropped=False, refusal="").values_list("number", flat=True))
            credited = batch.records.filter(reversal_of__isnull=True)
            assert set(credited.values_list("row_number", flat=True)) == rows
            assert credited.filter(in_force=True).exists() == (batch.reversed_at is None)

    @invariant()
    def what_left_is_what_two_people_took_back(self):
        for batch in Batch.objects.filter(state=BatchState.APPROVED):
            confirmed = batch.reversals.filter(state="confirmed")
            named = {number for reversal in confirmed for number in reversal.rows or ()}
            gone = batch.records.filter(reversal_of__isnull=True, in_force=False)
            numbers = set(gone.values_list("row_number", flat=True))
            assert named <= numbers
            assert named == numbers or confirmed.filter(rows__isnull=True).exists()
            assert batch.records.filter(reversal_of__isnull=False).count() == len(numbers)

    @invariant()
    def each_decision_is_delivered_once_and_whole(self):
        told = [record.pk for delivery in Delivery.objects.all() for record in records_of_delivery(delivery)]
        assert sorted(told) == sorted(CERecord.objects.values_list("pk", flat=True))

    @invariant()
    def the_quota_is_never_exceeded(self):
        taken = Batch.objects.filter(state__in=["submitted", "approved"]).values("institution", "quota_month")
        assert not taken.annotate(n=Count("pk")).filter(n__gt=PER_MONTH).exists()
        assert not Batch.objects.filter(quota_place__gt=PER_MONTH).exists()

    @invariant()
    def two_people_wherever_two_are_needed(self):
        assert not Batch.objects.filter(state="approved", agreed_by=F("decided_by")).exists()
        assert not Reversal.objects.filter(state="confirmed", decided_by=F("proposed_by")).exists()


class TestLifeOfBatches(TestCase):
    def test_any_order(self):
        Fresh.seen.clear()
        run_state_machine_as_test(
            Fresh,
            settings=settings(
                max_examples=10,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,  # how far the runs go is asserted below
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert {"approved", "returned", "submitted", "reversed", "row reversed"} <= Fresh.seen, (
            "The runs never went far enough."
        )


class Fresh(Batches):
    """Each run begins with an empty database, and leaves behind which states it reached."""

    seen: ClassVar[set[str]] = set()

    def __init__(self):
        self.undo = transaction.atomic()
        self.undo.__enter__()
        super().__init__()

    def teardown(self):
        self.seen.update(Batch.objects.values_list("state", flat=True))
        confirmed = Reversal.objects.filter(state="confirmed")
        self.seen.update(["reversed"] if confirmed.filter(rows__isnull=True).exists() else [])
        self.seen.update(["row reversed"] if confirmed.filter(rows__isnull=False).exists() else [])
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)


def test_each_state_has_its_way_on():
    assert set(TRANSITIONS) == set(BatchState)
