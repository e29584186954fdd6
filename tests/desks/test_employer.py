"""Employers see those who consented, what they consented to, and only for as long (4.1)."""

import csv
import io

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from openpyxl import load_workbook

from portal import clock
from portal.accounts.models import User
from portal.downloads.models import Download
from portal.downloads.services import download_make
from portal.employers.models import Employer, Invitation
from portal.employers.services import (
    Company,
    InvitationStateError,
    Invitee,
    consent_give,
    consent_withdraw,
    employer_register,
    invitation_cancel,
    workers_invite,
)
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests import factories
from tests.desks.pages import ID_NUMBER, browser, content_of, text_of
from tests.second_factor import sets_up_an_app

WEB = Actor(Event.Means.WEB)
VERSION = "2020-12"
CODE = "91460000MA5T000014"
SAID = {
    "name": "海口样例建筑有限公司",
    "code": "91350100M000100Y43",
    "contact": "林经理",
    "phone": "0898-00000000",
    "username": "sample-builder",
    "password": "crane-bridge-77",
}


def employer(name="海口样例建筑有限公司", username="builder"):
    company = Company(code=CODE, name=name, contact="林经理", phone="0898-00000000")
    return employer_register(company=company, username=username, password=factories.PASSWORD, by=WEB)


def invite(by, *people):
    workers_invite(
        employer=by,
        people=[Invitee(name=person.name, id_number=person.id_number) for person in people],
        by=Actor(Event.Means.WEB, by.user),
    )
    return [Invitation.objects.get(employer=by, id_number_hash=person.id_number_hash) for person in people]


def consented(by, person):
    [invitation] = invite(by, person)
    consent_give(invitation=invitation, person=person, version=VERSION, by=WEB)
    return invitation


def answer(user, invitation, word):
    said = {"answer": word, "version": VERSION}
    return browser(user).post(f"/me/employers/{invitation.pk}/answer/", said)


class TestRegistering:
    def test_opens_an_account_that_sees_nobody(self):
        factories.ready_to_exchange(employer_name=SAID["name"])
        client = Client()
        assert client.post("/employer/register/", SAID).status_code == 302
        assert client.get("/employer/").url == "/security/setup/"
        sets_up_an_app(client)
        assert "尚无职工同意" in text_of(client.get("/employer/"))
        assert Event.objects.filter(verb="employers.employer.registered").count() == 1

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("code", "91350100M000100Y44"),
            ("username", "13800000000"),
            ("username", "ab"),
            ("contact", "\u200b"),
            ("password", "12345678"),
        ],
    )
    def test_with_a_field_wrong_opens_nothing(self, field, typed):
        assert Client().post("/employer/register/", SAID | {field: typed}).status_code == 422
        assert not User.objects.exists()

    def test_takes_a_code_that_another_account_has_since_nobody_may_block_a_firm(self):
        for name in ("first-one", "second-one"):
            assert Client().post("/employer/register/", SAID | {"username": name}).status_code == 302
        assert Employer.objects.filter(code=SAID["code"]).count() == 2

    def test_takes_a_user_name_once(self):
        Client().post("/employer/register/", SAID)
        shown = Client().post("/employer/register/", SAID)
        assert shown.status_code == 422
        assert "该用户名已被使用" in shown.content.decode()


class TestInviting:
    def test_answers_the_same_for_somebody_known_and_somebody_unknown(self):
        known, firm = factories.worker().person, employer()
        answers = []
        for name, number in ((known.name, known.id_number), ("何人", factories.fresh_id_number())):
            shown = browser(firm.user).post("/employer/workers/", {"people": f"{name} {number}"}, follow=True)
            answers.append(text_of(shown).replace(name, "X").replace(number[-4:], ""))
            Invitation.objects.all().delete()
        assert answers[0].split("已邀请")[0] == answers[1].split("已邀请")[0]

    def test_reaches_somebody_who_registers_later(self):
        firm, number = employer(), factories.fresh_id_number()
        workers_invite(employer=firm, people=[Invitee(name="后来者", id_number=number)], by=WEB)
        late = factories.worker(factories.person("后来者", number=number))
        assert firm.name in text_of(browser(late).get("/me/employers/"))

    def test_under_another_name_reaches_nobody(self):
        firm, person = employer(), factories.worker().person
        workers_invite(employer=firm, people=[Invitee(name="别的人", id_number=person.id_number)], by=WEB)
        assert "尚无用人单位邀请您" in text_of(browser(person.user).get("/me/employers/"))
        assert not Notice.objects.filter(person=person).exists()

    def test_tells_every_wrong_line_at_once_and_repeats_no_number(self):
        firm = employer()
        typed = f"张三 469900199001011230\n李四\n王五 {factories.fresh_id_number()}"
        shown = browser(firm.user).post("/employer/workers/", {"people": typed})
        assert shown.status_code == 422
        errors = text_of_error(shown)
        assert "第 1 行" in errors
        assert "第 2 行" in errors
        assert "第 3 行" not in errors
        assert not Invitation.objects.exists()

    def test_twice_is_one_invitation_and_one_notice(self):
        firm, person = employer(), factories.worker().person
        invite(firm, person)
        invite(firm, person)
        assert Invitation.objects.count() == 1
        assert Notice.objects.filter(person=person, code="employers.invited").count() == 1

    def test_again_does_not_undo_what_the_worker_said(self):
        firm, user = employer(), factories.worker()
        [invitation] = invite(firm, user.person)
        answer(user, invitation, "decline")
        assert invite(firm, user.person)[0].state == "declined"


def text_of_error(shown):
    page = shown.content.decode()
    return page[page.index("govuk-error-summary") :].split("</div></div>")[0].split("<h1")[0]


class TestConsent:
    def test_is_kept_with_its_version_and_an_event(self):
        firm, user = employer(), factories.worker()
        [invitation] = invite(firm, user.person)
        answer(user, invitation, "consent")
        invitation.refresh_from_db()
        assert (invitation.state, invitation.consent_version) == ("consented", VERSION)
        event = Event.objects.get(verb="employers.consent.given")
        assert (event.person_id, event.data["version"]) == (user.person_id, VERSION)

    def test_lets_the_employer_see_what_is_to_be_done(self):
        firm, paper = employer(), factories.ready_to_exchange(name="吴阿强")
        consented(firm, paper.person)
        shown = text_of(browser(firm.user).get("/employer/"))
        assert "吴阿强" in shown
        assert "条件已具备，请本人登录并点击“更新”（1.3）。" in shown
        assert "2020-12-31" in shown

    def test_withdrawn_takes_the_sight_away_at_once(self):
        firm, user = employer(), factories.worker(factories.ready_to_exchange(name="吴阿强").person)
        invitation = consented(firm, user.person)
        client = browser(firm.user)
        assert "吴阿强" in text_of(client.get("/employer/"))
        answer(user, invitation, "withdraw")
        assert "吴阿强" not in text_of(client.get("/employer/"))
        assert "吴阿强" not in content_of(client.post("/employer/export/csv/"))
        assert "未同意" in text_of(client.get("/employer/workers/"))

    def test_taken_back_by_the_employer_ends_it_too(self):
        firm, user = employer(), factories.worker()
        invitation = consented(firm, user.person)
        browser(firm.user).post(f"/employer/workers/{invitation.pk}/cancel/")
        assert "尚无职工同意" in text_of(browser(firm.user).get("/employer/"))
        with pytest.raises(InvitationStateError):
            consent_give(invitation=invitation, person=user.person, version=VERSION, by=WEB)

    def test_declined_looks_to_the_employer_like_no_answer(self):
        firm, silent, declining = employer(), factories.worker(), factories.worker()
        _one, two = invite(firm, silent.person, declining.person)
        answer(declining, two, "decline")
        shown = text_of(browser(firm.user).get("/employer/workers/"))
        assert shown.count("未同意") == 2
        assert "拒绝" not in shown.split("已邀请")[-1]

    def test_can_be_given_anew_after_it_was_withdrawn(self):
        firm, user = employer(), factories.worker()
        invitation = consented(firm, user.person)
        consent_withdraw(invitation=invitation, person=user.person, by=WEB)
        answer(user, invitation, "consent")
        invitation.refresh_from_db()
        assert invitation.state == "consented"

    def test_cannot_be_given_for_somebody_else(self):
        firm, user = employer(), factories.worker()
        [invitation] = invite(firm, user.person)
        assert answer(factories.worker(), invitation, "consent").status_code == 404
        invitation.refresh_from_db()
        assert invitation.state == "open"

    def test_is_the_databases_condition_for_any_sight(self):
        firm, user = employer(), factories.worker()
        [invitation] = invite(firm, user.person)
        with pytest.raises(IntegrityError), transaction.atomic():
            Invitation.objects.filter(pk=invitation.pk).update(person=user.person)


class TestSight:
    def test_ends_at_the_own_account_whatever_the_code(self):
        firm, namesake = employer(), employer(username="namesake")
        consented(firm, factories.worker().person)
        assert "尚无职工同意" in text_of(browser(namesake.user).get("/employer/"))

    def test_of_another_employers_invitation_is_404(self):
        firm, other = employer(), employer("别家样例", "other-firm")
        [invitation] = invite(firm, factories.worker().person)
        assert browser(other.user).post(f"/employer/workers/{invitation.pk}/cancel/").status_code == 404

    def test_never_shows_an_id_number_whole(self):
        firm, paper = employer(), factories.ready_to_exchange()
        consented(firm, paper.person)
        client = browser(firm.user)
        for shown in (
            client.get("/employer/"),
            client.get("/employer/workers/"),
            client.post("/employer/export/csv/"),
        ):
            assert not ID_NUMBER.search(content_of(shown))

    def test_leaves_out_a_paper_under_another_name(self):
        firm, person = employer(), factories.worker().person
        other = factories.paper(person, holder_name="另一人")
        consented(firm, person)
        assert other.number not in text_of(browser(firm.user).get("/employer/"))

    def test_taken_along_escapes_formulas_and_is_history(self):
        firm, person = employer("=样例"), factories.ready_to_exchange(name="=吴阿强").person
        consented(firm, person)
        answer = browser(firm.user).post("/employer/export/csv/")
        rows = list(csv.reader(io.StringIO(content_of(answer).removeprefix("\ufeff"))))
        assert rows[1][0] == "'=吴阿强"
        assert Event.objects.filter(verb="employers.workers.exported").count() == 1

    def test_taken_along_by_many_is_made_by_a_worker_of_those_who_still_consent(self, monkeypatch):
        monkeypatch.setattr("portal.downloads.tables.AT_ONCE_ROWS", 1)
        firm = employer()
        stays, leaves = (factories.ready_to_exchange(name=name).person for name in ("吴阿强", "郑阿梅"))
        consented(firm, stays)
        gone = consented(firm, leaves)
        client = browser(firm.user)
        answer = client.post("/employer/export/xlsx/")
        download = Download.objects.get()
        assert answer.url == f"/downloads/{download.pk}/"
        assert Event.objects.get(verb="employers.workers.exported").data == {"number": 2}
        consent_withdraw(invitation=gone, person=leaves, by=WEB)
        download_make(download)
        answer = client.get(f"/downloads/{download.pk}/file/", follow=True)
        sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
        assert [row[0].value for row in sheet][1:] == ["吴阿强"]
        other = employer("别家样例", "other-firm")
        assert browser(other.user).get(f"/downloads/{download.pk}/file/").status_code == 404

    def test_taken_along_names_everybody_however_many(self):
        firm = employer()
        people = [factories.person(f"工人{number}") for number in range(250)]
        for each in people:
            factories.paper(each)
        Invitation.objects.bulk_create(
            Invitation(
                employer=firm,
                person=each,
                name=each.name,
                id_number_masked=each.masked_id_number,
                id_number_hash=each.id_number_hash,
                state="consented",
                invited_at=clock.now(),
                answered_at=clock.now(),
                consent_version=VERSION,
            )
            for each in people
        )
        assert len(content_of(browser(firm.user).post("/employer/export/csv/")).splitlines()) == 251

    def test_takes_as_many_queries_for_thirty_workers_as_for_one(self, django_assert_max_num_queries):
        firm = employer()
        for _number in range(30):
            consented(firm, factories.ready_to_exchange().person)
        client = browser(firm.user)
        client.get("/employer/")  # a session begins with what the account has chosen
        with django_assert_max_num_queries(14):
            client.get("/employer/")


def test_an_invitation_taken_back_can_be_sent_again():
    firm, user = employer(), factories.worker()
    [invitation] = invite(firm, user.person)
    invitation_cancel(invitation=invitation, by=WEB)
    assert "尚无用人单位邀请您" in text_of(browser(user).get("/me/employers/"))
    assert invite(firm, user.person)[0].state == "open"
