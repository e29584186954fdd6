"""Separation of duties, tried by direct SQL: what no service would do, the database refuses all the same."""

import pytest
from django.db import IntegrityError, connection, transaction

from certificates.lifecycle.models import Measure
from certificates.models import ArchiveCheck, LegacyServiceRequest, VoidingProposal
from certificates.services.exchange import certificate_exchange
from education.models import Reversal
from portal import clock
from portal.accounts.models import Role, User
from portal.accounts.roles import ROLE_PERMISSIONS, Permission
from portal.events.services import Actor
from tests import factories
from tests.education import batches
from tests.factories import shanghai

pytestmark = pytest.mark.django_db
TODAY = shanghai(2020, 11, 30, 10)
DECIDING = {Permission.BATCH_DECIDE, Permission.CERTIFICATE_DECIDE}
ADMINISTRATORS = [Role.CHIEF, Role.OPERATOR, Role.AUDITOR]


@pytest.fixture(autouse=True)
def _day():
    clock.move_to(TODAY, running=False)


def refused(statement, *values):
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement, values)
    return str(error.value)


def account(role):
    return factories.staff(role, **({"area_code": "460100"} if role == Role.COUNTY else {}))


@pytest.fixture
def submitted():
    school = factories.institution()
    return batches.submitted(school, Actor(means="web", user=factories.clerk(school)))


@pytest.fixture
def electronic():
    return certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))


def become_reviewer(user):
    """Let an account change sides, as no page of the portal does."""
    User.objects.filter(pk=user.pk).update(role="reviewer", person=None, username=f"turned-{user.pk.hex[:8]}")


def made(model, **values):
    return model.objects.create(**values).pk


@pytest.fixture
def rows(submitted, electronic):
    """One undecided row of each kind that people decide."""
    paper = factories.paper(electronic.person)
    reviewer = factories.reviewer()
    return {
        "education_batch": submitted.pk,
        "education_reversal": made(
            Reversal, batch=submitted, reason="x", proposed_at=TODAY, proposed_by=reviewer
        ),
        "certificates_archivecheck": made(ArchiveCheck, certificate=paper, requested_at=TODAY),
        "certificates_legacyservicerequest": made(
            LegacyServiceRequest,
            certificate=paper,
            kind="extension",
            requested_by=factories.worker(electronic.person),
            requested_at=TODAY,
            explanation="x",
        ),
        "certificates_measure": made(
            Measure,
            certificate=electronic,
            kind="suspend",
            reason="complaint",
            explanation="x",
            asked_at=TODAY,
            asked_by=reviewer,
        ),
        "certificates_voidingproposal": made(
            VoidingProposal,
            certificate=electronic,
            ground="not_engaged",
            finding="x",
            found_by=reviewer,
            opened_at=TODAY,
            objection_until=TODAY.date(),
        ),
    }


DECISIONS = {
    "education_batch": ("state = 'approved', decided_at = %s, decided_by_id = %s", "agreed_at = %s, agreed_by_id = %s"),
    "education_reversal": ("state = 'confirmed', decided_at = %s, decided_by_id = %s",),
    "certificates_archivecheck": (
        "papers_seen_on = %s, papers_seen_by_id = %s",
        "outcome = 'rejected', reason = 'x', decided_at = %s, decided_by_id = %s",
    ),
    "certificates_legacyservicerequest": ("state = 'approved', decided_at = %s, decided_by_id = %s",),
    "certificates_measure": ("state = 'done', decided_at = %s, decided_by_id = %s",),
    "certificates_voidingproposal": (
        "state = 'confirmed', confirmed_at = %s, confirmed_by_id = %s",
        "state = 'dismissed', dismissal_reason = 'x', dismissed_at = %s, dismissed_by_id = %s",
    ),
}  # fmt: skip


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.REVIEWER, Role.WORKER}])
def test_nobody_but_a_reviewer_can_be_written_down_as_who_decided(rows, role):
    user = account(role)
    for table, decisions in DECISIONS.items():
        for columns in decisions:
            said = refused(f"UPDATE {table} SET {columns} WHERE id = %s", TODAY, user.pk, rows[table])
            assert "only a reviewer decides" in said, (table, columns)


def test_neither_can_a_reviewer_whose_account_has_ended(rows):
    user = factories.reviewer()
    user.is_active = False
    user.save()
    for table, (columns, *_more) in DECISIONS.items():
        assert "only a reviewer decides" in refused(
            f"UPDATE {table} SET {columns} WHERE id = %s", TODAY, user.pk, rows[table]
        )


def test_a_reviewer_can(rows):
    """Were every decision refused, the tests above could not fail."""
    user = factories.reviewer()
    with connection.cursor() as cursor:
        for table, (columns, *_more) in DECISIONS.items():
            cursor.execute(f"UPDATE {table} SET {columns} WHERE id = %s", [TODAY, user.pk, rows[table]])
            assert cursor.rowcount == 1


class TestTheSamePersonTwice:
    """The clerk who brought a batch may become a reviewer later on; the batch stays out of reach."""

    def test_uploader_submitter_and_both_reviewers_of_a_batch(self, submitted):
        turned = submitted.uploaded_by
        become_reviewer(turned)
        decided = "state = 'approved', decided_at = %s, decided_by_id = %s"
        assert "nobody_decides_own" in refused(
            f"UPDATE education_batch SET {decided} WHERE id = %s", TODAY, turned.pk, submitted.pk
        )
        assert "nobody_agrees_to_own" in refused(
            "UPDATE education_batch SET agreed_at = %s, agreed_by_id = %s WHERE id = %s",
            TODAY,
            turned.pk,
            submitted.pk,
        )
        both = factories.reviewer()
        assert "two_different_reviewers" in refused(
            f"UPDATE education_batch SET {decided}, agreed_at = %s, agreed_by_id = %s WHERE id = %s",
            TODAY,
            both.pk,
            TODAY,
            both.pk,
            submitted.pk,
        )

    def test_who_proposed_a_reversal_and_who_confirms_it(self, rows):
        pk = rows["education_reversal"]
        refused(
            "UPDATE education_reversal SET state = 'confirmed', decided_at = %s, decided_by_id = proposed_by_id "
            "WHERE id = %s",
            TODAY,
            pk,
        )

    def test_who_asked_for_a_measure_and_who_carries_it_out(self, rows):
        assert "takes_rights_by_two" in refused(
            "UPDATE certificates_measure SET state = 'done', decided_at = %s, decided_by_id = asked_by_id "
            "WHERE id = %s",
            TODAY,
            rows["certificates_measure"],
        )

    def test_who_confirmed_or_found_and_who_approves_a_voiding(self, rows):
        pk, one = rows["certificates_voidingproposal"], factories.reviewer()
        approved = (
            "UPDATE certificates_voidingproposal SET state = 'approved', confirmed_at = %s, confirmed_by_id = %s, "
            "approved_at = %s, approved_by_id = {} WHERE id = %s"
        )
        assert "confirmer_never_approves" in refused(approved.format("%s"), TODAY, one.pk, TODAY, one.pk, pk)
        assert "finder_never_approves" in refused(approved.format("found_by_id"), TODAY, one.pk, TODAY, pk)

    def test_who_asked_for_a_service_and_who_decides_it(self, rows):
        user = LegacyServiceRequest.objects.get().requested_by
        become_reviewer(user)
        assert "nobody_decides_own" in refused(
            "UPDATE certificates_legacyservicerequest SET state = 'approved', decided_at = %s, decided_by_id = %s "
            "WHERE id = %s",
            TODAY,
            user.pk,
            rows["certificates_legacyservicerequest"],
        )


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_whoever_administers_decides_nothing(role):
    assert not DECIDING & ROLE_PERMISSIONS[role].keys()


def test_the_auditor_can_do_nothing_but_read_history():
    assert set(ROLE_PERMISSIONS[Role.AUDITOR]) == {Permission.ACCOUNT_USE, Permission.HISTORY_READ}
