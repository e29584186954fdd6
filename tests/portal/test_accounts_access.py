"""Ways into an account: two people at its opening and after a loss, and never the same one twice."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from portal import clock
from portal.accounts.access import (
    AlreadyAskedError,
    NotTheirsError,
    access_approve,
    access_ask,
    access_ask_lost,
    access_refuse,
    access_use,
    grants_waiting,
    staff_open_for_two,
)
from portal.accounts.models import AccessGrant, Factor, RecoveryCode, Role, User, UserSession
from portal.accounts.services import SignInRefusedError, account_end
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests import factories
from tests.factories import PASSWORD, shanghai

NEW = "harbour-lantern-9"
LOST = AccessGrant.Purpose.LOST


@pytest.fixture(autouse=True)
def _morning(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def web(user):
    return Actor(Event.Means.WEB, user)


def opened(by, role=Role.REVIEWER):
    user = staff_open_for_two(username="new-one", role=role, display_name="新人", by=web(by))
    return user, AccessGrant.objects.get(user=user)


def use(identifier, code, password=NEW, origin="here"):
    return access_use(identifier=identifier, code=code, password=password, origin=origin, by=web(None))


class TestANewAccount:
    def test_is_entered_by_nobody_whom_only_one_person_wants_there(self):
        user, grant = opened(chief := factories.staff(Role.CHIEF))
        assert not user.has_usable_password()
        for alone in (chief, user):
            with pytest.raises(NotTheirsError):
                access_approve(grant=grant, by=web(alone))
        for role in (Role.REVIEWER, Role.AUDITOR, Role.EMPLOYER, Role.CLERK):
            with pytest.raises(NotTheirsError):
                access_approve(grant=grant, by=web(factories.staff(role)))

    @pytest.mark.parametrize("second", [Role.CHIEF, Role.OPERATOR])
    def test_gets_its_code_from_the_second_person_and_its_password_from_its_holder(self, second):
        user, grant = opened(factories.staff(Role.CHIEF))
        code = access_approve(grant=grant, by=web(factories.staff(second)))
        assert use("new-one", f" {code.replace('-', ' ').upper()} ").pk == user.pk
        assert User.objects.get(pk=user.pk).check_password(NEW)
        with pytest.raises(SignInRefusedError):
            use("new-one", code)
        verbs = ["asked", "approved", "used"]
        recorded = Event.objects.filter(verb__startswith="accounts.entry").order_by("id")
        assert [event.verb.rpartition(".")[2] for event in recorded] == verbs
        assert code not in str(list(Event.objects.values())) + str(list(AccessGrant.objects.values()))

    def test_is_closed_to_a_code_that_ran_out_is_wrong_or_came_after_its_end(self):
        user, grant = opened(factories.staff(Role.CHIEF))
        code = access_approve(grant=grant, by=web(factories.staff(Role.OPERATOR)))
        for name, typed in (("new-one", "abcd-abcd-abcd-abcd"), ("nobody", code), ("new-one", "")):
            with pytest.raises(SignInRefusedError):
                use(name, typed)
        AccessGrant.objects.update(expires_at=clock.real_now() - timedelta(seconds=1))
        with pytest.raises(SignInRefusedError):
            use("new-one", code)
        AccessGrant.objects.update(expires_at=clock.real_now() + timedelta(hours=1))
        account_end(user=user, reason="错开", by=web(None))
        with pytest.raises(SignInRefusedError):
            use("new-one", code)

    def test_says_the_same_to_a_stranger_whoever_is_asked_for(self):
        opened(factories.staff(Role.CHIEF))
        pages = {
            Client().post("/activate/", {"identifier": name, "code": "abcd", "password": NEW}).status_code
            for name in ("new-one", "nobody", factories.worker().person.id_number)
        }
        assert pages == {422}

    def test_cannot_be_guessed_into(self):
        opened(factories.staff(Role.CHIEF))
        sent = {"identifier": "new-one", "code": "abcd", "password": NEW}
        assert [Client().post("/activate/", sent).status_code for _ in range(9)] == [422] * 8 + [429]


class TestTheDatabase:
    def test_refuses_one_person_in_both_places_and_the_holder_in_either(self):
        user, grant = opened(chief := factories.staff(Role.CHIEF))
        operator = factories.staff(Role.OPERATOR)
        for wrong in (
            {"decided_by": chief},
            {"decided_by": user},
            {"asked_by": user, "decided_by": operator},
        ):
            with pytest.raises(IntegrityError, match="takes_two_others"), transaction.atomic():
                AccessGrant.objects.filter(pk=grant.pk).update(
                    state="refused", decided_at=clock.now(), **wrong
                )
        with pytest.raises(IntegrityError, match="decided_by_somebody"), transaction.atomic():
            AccessGrant.objects.filter(pk=grant.pk).update(
                state="approved", decided_at=clock.now(), code_hash="x", expires_at=clock.now()
            )

    def test_refuses_a_password_on_an_account_that_nobody_was_let_into(self):
        user, _grant = opened(factories.staff(Role.CHIEF))
        user.set_password(PASSWORD)
        with pytest.raises(IntegrityError, match="entered_by_two"), transaction.atomic():
            user.save()
        factories.reviewer().save()


class TestALoss:
    def lost(self, user, by, reason="手机丢失，已核对身份证原件"):
        return access_ask(user=user, purpose=LOST, reason=reason, by=web(by))

    def test_takes_everything_off_the_account_ends_its_sessions_and_tells_its_holder(self):
        user = factories.reviewer()
        session = factories.session_of(user)
        grant = self.lost(user, factories.staff(Role.CHIEF))
        assert Factor.objects.filter(user=user).exists()
        code = access_approve(grant=grant, by=web(factories.staff(Role.OPERATOR)))
        user.refresh_from_db()
        session.refresh_from_db()
        assert not user.has_usable_password()
        assert session.ending == UserSession.Ending.FACTOR
        assert not Factor.objects.filter(user=user).exists()
        assert not RecoveryCode.objects.filter(user=user).exists()
        told = Notice.objects.filter(user=user).order_by("id").values_list("code", flat=True)
        assert list(told) == ["accounts.entry.asked", "accounts.entry.approved"]
        client = Client()
        client.post("/activate/", {"identifier": user.username, "code": code, "password": NEW})
        assert client.get("/review/").url == "/security/setup/"

    def test_of_a_site_professional_is_decided_by_those_who_see_papers(self):
        user, reviewer = factories.worker(), factories.reviewer()
        grant = access_ask_lost(identifier=user.person.id_number, reason="手机丢失", by=web(reviewer))
        with pytest.raises(NotTheirsError):
            access_approve(grant=grant, by=web(factories.staff(Role.OPERATOR)))
        assert access_approve(grant=grant, by=web(factories.reviewer()))

    def test_refused_changes_nothing(self):
        user = factories.reviewer()
        grant = self.lost(user, factories.staff(Role.CHIEF))
        access_refuse(grant=grant, by=web(other := factories.staff(Role.CHIEF)))
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        with pytest.raises(AlreadyAskedError):
            access_approve(grant=grant, by=web(other))

    def test_is_asked_for_once_and_never_by_the_holder(self):
        chief = factories.staff(Role.CHIEF)
        user = factories.reviewer()
        self.lost(user, chief)
        with pytest.raises(AlreadyAskedError):
            self.lost(user, factories.staff(Role.OPERATOR))
        with pytest.raises(NotTheirsError):
            self.lost(chief, chief)
        with pytest.raises(NotTheirsError):
            access_ask_lost(identifier="nobody", reason="x", by=web(chief))

    def test_waits_on_the_pages_of_those_who_may_decide(self):
        user = factories.reviewer()
        chief, operator, reviewer = (
            factories.staff(Role.CHIEF),
            factories.staff(Role.OPERATOR),
            factories.reviewer(),
        )
        grant = self.lost(user, chief)
        assert [list(grants_waiting(who)) for who in (operator, reviewer, user)] == [[grant], [], []]
        client = Client()
        client.force_login(operator)
        assert "手机丢失" in client.get(f"/access/{grant.pk}/").content.decode()
        assert client.post(f"/access/{grant.pk}/", {"act": "refuse"}).url == "/access/"

    def test_is_asked_for_on_a_page_with_papers_seen_and_a_reason(self):
        client, user = Client(), factories.worker()
        client.force_login(factories.reviewer())
        said = {"identifier": user.person.id_number, "papers_seen": "on", "reason": "手机丢失"}
        for missing in said:
            assert client.post("/access/lost/", {**said, missing: ""}).status_code == 422
        assert client.post("/access/lost/", said).url == "/access/"
        assert user.person.id_number not in str(list(Event.objects.values()))
