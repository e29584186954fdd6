"""Registering, signing in and the profile: what services promise."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import IntegrityError, transaction
from django.test import Client

from portal import clock
from portal.accounts.models import Person, Role, User
from portal.accounts.services import (
    Employment,
    IdentityTakenError,
    MobileTakenError,
    SignInRefusedError,
    TooManyTriesError,
    account_end,
    credentials_check,
    profile_update,
    staff_create,
    worker_register,
)
from portal.events.models import Event
from portal.events.services import Actor
from portal.limits import _own, _shared
from portal.notices.models import Notice
from tests import factories
from tests.factories import PASSWORD, shanghai
from tests.parallel import in_threads

BY = Actor(Event.Means.WEB)


@pytest.fixture
def morning(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def register(number=None, name="陈海生", mobile="19900009999", password=PASSWORD):
    number = number or factories.fresh_id_number()
    return worker_register(id_number=number, name=name, mobile=mobile, password=password, by=BY)


def enter(identifier, password=PASSWORD, origin="here"):
    return credentials_check(identifier=identifier, password=password, origin=origin, by=BY)


@pytest.mark.usefixtures("morning")
class TestRegistering:
    def test_opens_an_account_for_a_new_person(self):
        user = register(mobile="19900001234")
        assert user.role == Role.WORKER
        assert user.person.mobile == "19900001234"
        assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")

    def test_claims_the_person_that_the_registry_brought(self):
        known = factories.person(complete=False, photo=False)
        paper = factories.paper(known)
        user = register(known.id_number, name=known.name)
        assert user.person_id == known.pk
        assert Person.objects.count() == 1
        paper.refresh_from_db()
        assert (paper.person_id, paper.holder_name) == (known.pk, known.name)

    def test_keeps_the_registrys_name_on_the_certificate_when_another_one_is_given(self):
        known = factories.person("陈海生", complete=False, photo=False)
        paper = factories.paper(known)
        user = register(known.id_number, name="陈海升")
        paper.refresh_from_db()
        assert paper.holder_name == "陈海生"
        assert user.person.name == "陈海升"
        assert Event.objects.get(verb="accounts.account.registered").data["name_differs"] is True

    def test_again_with_the_same_number_changes_nothing_and_tells_the_holder(self):
        user = register(mobile="19900001111")
        for _ in range(2):
            with pytest.raises(IdentityTakenError):
                register(user.person.id_number, mobile="19900002222", password="another-pass-1")
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        assert user.person.mobile == "19900001111"
        assert Notice.objects.filter(person=user.person, code="accounts.registration_repeated").count() == 1

    def test_with_somebody_elses_mobile_fails_the_same_way_and_leaves_no_trace(self):
        register(mobile="19900001111")
        with pytest.raises(IdentityTakenError):
            register(mobile="19900001111")
        assert (Person.objects.count(), User.objects.count()) == (1, 1)

    def test_records_no_identifying_number(self):
        user = register(mobile="19900001111")
        recorded = str(list(Event.objects.values()))
        assert user.person.id_number not in recorded
        assert "19900001111" not in recorded


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_two_registrations_of_one_person_make_one_account(self):
        number = factories.fresh_id_number()
        answers = in_threads(
            6, lambda index: register(number, mobile=f"1990000100{index}"), may_raise=IdentityTakenError
        )
        assert sum(isinstance(answer, User) for answer in answers) == 1
        assert sum(isinstance(answer, IdentityTakenError) for answer in answers) == 5
        assert (Person.objects.count(), User.objects.count()) == (1, 1)

    def test_two_people_cannot_take_one_mobile(self):
        numbers = [factories.fresh_id_number() for _ in range(6)]
        answers = in_threads(
            6, lambda index: register(numbers[index], mobile="19900001111"), may_raise=IdentityTakenError
        )
        assert sum(isinstance(answer, User) for answer in answers) == 1
        assert sum(isinstance(answer, IdentityTakenError) for answer in answers) == 5

    def test_a_burst_of_guesses_gets_no_more_tries_than_one_after_the_other(self):
        user = register()
        number = user.person.id_number
        answers = in_threads(20, lambda _: enter(number, "wrong-pass-77"), may_raise=SignInRefusedError)
        assert sum(type(answer) is SignInRefusedError for answer in answers) == 8
        assert sum(type(answer) is TooManyTriesError for answer in answers) == 12


@pytest.mark.usefixtures("morning")
class TestSigningIn:
    def test_works_with_the_id_number_however_it_is_typed_and_with_the_mobile(self):
        user = register(mobile="19900001111")
        number = user.person.id_number
        wide = number.translate(str.maketrans("0123456789", "0123456789"))
        for typed in (
            number,
            number.lower(),
            f" {number[:6]} {number[6:14]} {number[14:]}",
            wide,
            "199 0000 1111",
            "+8619900001111",
        ):
            assert enter(typed) == user

    def test_works_with_the_old_form_of_the_id_number(self):
        new = factories.id_number(123)
        user = register(new)
        assert enter(new[:6] + new[8:17]) == user

    def test_works_with_a_user_name_for_staff(self):
        user = staff_create(
            username="review-1", role=Role.REVIEWER, display_name="审核员", password=PASSWORD, by=BY
        )
        assert enter(" review-1 ") == user

    @pytest.mark.parametrize(
        "identifier",
        ["nobody", "", "'; DROP TABLE accounts_user; --", "\0", "469900199001011234", "x" * 5000],
    )
    def test_is_refused_for_an_unknown_identifier(self, identifier):
        with pytest.raises(SignInRefusedError):
            enter(identifier)

    def test_costs_an_unknown_account_the_same_work_as_a_wrong_password(self, monkeypatch):
        user, hashed = register(), []
        from portal.accounts.hashers import Argon2Hasher

        real = Argon2Hasher.encode
        monkeypatch.setattr(
            Argon2Hasher, "encode", lambda self, *args: hashed.append("encode") or real(self, *args)
        )
        verify = Argon2Hasher.verify
        monkeypatch.setattr(
            Argon2Hasher, "verify", lambda self, *args: hashed.append("verify") or verify(self, *args)
        )
        for identifier in ("nobody", user.person.id_number):
            hashed.clear()
            with pytest.raises(SignInRefusedError):
                enter(identifier, "wrong-pass-77")
            assert len(hashed) == 1

    def test_is_recorded_and_so_is_a_refusal_without_what_was_typed(self):
        user = register()
        enter(user.person.id_number)
        for typed in (user.person.id_number, "13912345678"):
            with pytest.raises(SignInRefusedError):
                enter(typed, "wrong-pass-77")
        events = Event.objects.filter(verb__startswith="accounts.session").order_by("id")
        assert [event.verb.rpartition(".")[2] for event in events] == ["refused", "refused"]
        assert [event.subject_id for event in events] == [str(user.pk), ""]
        recorded = str(list(events.values()))
        assert not any(
            secret in recorded for secret in (user.person.id_number, "13912345678", "wrong-pass-77")
        )

    def test_is_refused_once_the_account_ended(self):
        user = register()
        account_end(user=user, reason="left", by=BY)
        with pytest.raises(SignInRefusedError):
            enter(user.person.id_number)


@pytest.mark.usefixtures("morning")
class TestGuessing:
    def guess(self, identifier, times, origin="attacker"):
        answers = []
        for _ in range(times):
            with pytest.raises(SignInRefusedError) as refused:
                enter(identifier, "wrong-pass-77", origin)
            answers.append(refused.type)
        return answers

    def test_pauses_after_eight_tries_from_one_address_even_with_the_right_password(self):
        user = register()
        assert set(self.guess(user.person.id_number, 8)) == {SignInRefusedError}
        with pytest.raises(TooManyTriesError):
            enter(user.person.id_number, PASSWORD, "attacker")

    def test_never_locks_the_victim_out_elsewhere(self):
        user = register()
        self.guess(user.person.id_number, 30)
        assert enter(user.person.id_number, PASSWORD, "home") == user

    def test_is_not_helped_by_other_ways_of_writing_the_number(self):
        user = register()
        number = user.person.id_number
        answers = [self.guess(typed, 4) for typed in (number, f" {number}", f"{number[:6]} {number[6:]}")]
        assert answers[2] == [TooManyTriesError] * 4

    def test_across_many_accounts_pauses_the_address(self):
        for index in range(80):
            self.guess(f"name-{index}", 1)
        assert self.guess("one-more", 1) == [TooManyTriesError]

    def test_meets_the_same_limit_for_accounts_that_do_not_exist(self):
        assert self.guess("nobody-here", 9)[-1] is TooManyTriesError

    def test_a_right_password_clears_the_count(self):
        user = register()
        for _ in range(3):
            self.guess(user.person.id_number, 7, "home")
            enter(user.person.id_number, PASSWORD, "home")

    def test_floods_no_history(self):
        self.guess("nobody-here", 40)
        assert Event.objects.filter(verb="accounts.session.refused").count() == 9

    def test_still_counts_in_this_process_while_redis_is_away(self, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        _shared.cache_clear()
        _own.cache_clear()
        user = register()
        assert enter(user.person.id_number, PASSWORD, "home") == user
        assert self.guess(user.person.id_number, 9)[-1] is TooManyTriesError
        _shared.cache_clear()


@pytest.mark.usefixtures("morning")
class TestTheProfile:
    def update(self, person, **values):
        said = {
            "name": person.name,
            "mobile": "19900003333",
            "area_code": "460100",
            "employment": Employment(name="海口样例建筑有限公司"),
        }
        return profile_update(person=person, **{**said, **values}, by=BY)

    def test_is_complete_once_it_is_saved_and_keeps_that_moment(self):
        person = register().person
        first = self.update(person).profile_completed_at
        clock.move_to(shanghai(2020, 12, 29, 9), running=False)
        assert self.update(person, area_code="460200").profile_completed_at == first

    def test_saved_unchanged_records_nothing(self):
        person = register().person
        self.update(person)
        self.update(person)
        assert Event.objects.filter(verb="accounts.profile.updated").count() == 1

    def test_records_which_fields_changed_and_the_mobile_masked(self):
        person = register().person
        self.update(person)
        self.update(person, mobile="19900004444")
        event = Event.objects.filter(verb="accounts.profile.updated").latest("id")
        assert (event.data["changed"], event.data["mobile"]) == (["mobile"], "199****4444")

    def test_refuses_somebody_elses_mobile(self):
        register(mobile="19900001111")
        person = register(mobile="19900002222").person
        with pytest.raises(MobileTakenError):
            self.update(person, mobile="19900001111")

    def test_signs_in_with_the_new_mobile_and_no_longer_with_the_old(self):
        user = register(mobile="19900001111")
        self.update(user.person, mobile="19900002222")
        assert enter("19900002222") == user
        with pytest.raises(SignInRefusedError):
            enter("19900001111")

    def test_cannot_be_complete_without_its_parts(self):
        person = register().person
        with pytest.raises(IntegrityError), transaction.atomic():
            Person.objects.filter(pk=person.pk).update(profile_completed_at=clock.now())


@pytest.mark.usefixtures("morning")
def test_a_session_ends_with_the_next_request_once_its_account_ended():
    client, user = Client(), register()
    client.force_login(user)
    assert client.get("/me/profile/").status_code == 200
    account_end(user=user, reason="left", by=BY)
    answer = client.get("/me/profile/")
    assert (answer.status_code, answer.url) == (302, "/sign-in/?next=%2Fme%2Fprofile%2F")


@pytest.mark.usefixtures("morning")
def test_a_role_taken_away_in_the_middle_of_a_session_closes_its_pages():
    client, user = Client(), factories.reviewer()
    client.force_login(user)
    assert client.get("/review/designation-reports/").status_code == 200
    User.objects.filter(pk=user.pk).update(role=Role.AUDITOR)
    assert client.get("/review/designation-reports/").status_code == 404


@pytest.mark.usefixtures("morning")
def test_the_session_gets_a_new_key_at_sign_in_and_is_gone_after_sign_out():
    client, user = Client(), register()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.post("/sign-in/", {"identifier": user.person.id_number, "password": PASSWORD})
    assert client.session[SESSION_KEY] == str(user.pk)
    assert client.session.session_key != planted
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert SESSION_KEY not in client.session
