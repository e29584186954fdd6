"""The privacy notice and the text of a consent in versions: asked anew from the day on which a newer one applies."""

import io
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import resolve

from portal import clock
from portal.accounts.acceptance import NoticeChangedError, notice_accept
from portal.accounts.access import NotTheirsError, access_approve, access_ask_lost, access_use
from portal.accounts.agreements import AgreementsError, Kind, in_force, versions_of
from portal.accounts.asking import asked_first
from portal.accounts.closing import account_close
from portal.accounts.models import Acceptance, Factor, Role, User, UserSession
from portal.accounts.services import IdentityTakenError, SignInRefusedError, worker_register
from portal.employers.models import Invitation
from portal.employers.selectors import consenting_people
from portal.events.models import Event
from portal.events.services import Actor
from portal.mydata import export_of
from tests import factories
from tests.desks.pages import browser, content_of, text_of
from tests.desks.test_employer import consented, employer
from tests.factories import shanghai

pytestmark = pytest.mark.django_db
BEFORE, FROM = shanghai(2021, 2, 28, 23, 59, 59), shanghai(2021, 3, 1)
BY = Actor.command("test")
NEWER = """
[[privacy]]
version = "2021-03"
since = 2021-03-01
changes = [{ zh = "新增：评卷单位。", en = "New: those who mark." }]
[[privacy.sections]]
paragraphs = [{ zh = "新版全文。", en = "The new text." }]

[[employer]]
version = "2021-03"
since = 2021-03-01
changes = [{ zh = "新增：培训课程。", en = "New: your courses." }]
[[employer.sections]]
paragraphs = [{ zh = "单位还可看到课程。", en = "The employer sees courses, too." }]
"""


@pytest.fixture(autouse=True)
def _newer_version_announced(settings, tmp_path):
    file = tmp_path / "agreements.toml"
    file.write_text(Path(portal_settings.AGREEMENTS).read_text("utf-8") + NEWER, "utf-8")
    settings.AGREEMENTS = str(file)
    clock.move_to(BEFORE, running=False)


@pytest.fixture
def worker():
    return factories.worker(factories.ready_to_exchange(name="吴阿强").person)


ASKED = "/privacy/acceptance/"


def diverted(answer):
    return answer.status_code == 302 and answer["Location"].startswith(ASKED)


def accept(client, **said):
    return client.post(ASKED, {"version": "2021-03", **said})


class TestANewerNotice:
    def test_is_put_to_somebody_who_is_signed_in_from_its_first_moment_on(self, worker):
        client = browser(worker)
        assert client.get("/me/").status_code == 200
        clock.move_to(FROM, running=False)
        assert diverted(client.get("/me/profile/"))
        shown = text_of(client.get(ASKED))
        assert "新增：评卷单位。" in shown
        assert "新版全文。" in shown

    def test_once_accepted_lets_people_go_on_to_the_page_that_they_wanted(self, worker):
        client = browser(worker)
        clock.move_to(FROM, running=False)
        page = client.get("/me/profile/?x=1")["Location"]
        assert 'value="/me/profile/?x=1"' in content_of(client.get(page))
        assert accept(client, next="/me/profile/?x=1")["Location"] == "/me/profile/?x=1"
        assert client.get("/me/profile/").status_code == 200
        assert browser(worker).get("/me/").status_code == 200

    def test_is_kept_with_who_when_and_how_and_an_event(self, worker):
        clock.move_to(FROM, running=False)
        accept(browser(worker))
        accept(browser(worker))
        row = Acceptance.objects.get(user=worker)
        assert (row.version, row.way, row.at) == ("2021-03", "again", FROM)
        event = Event.objects.get(verb="accounts.privacy_notice.accepted")
        assert (event.person_id, event.data["version"]) == (worker.person_id, "2021-03")

    @pytest.mark.parametrize("role", [role for role in Role if role != Role.WORKER])
    def test_is_put_to_everybody_with_an_account(self, role):
        user = factories.staff(role, **({"area_code": "460100"} if role == Role.COUNTY else {}))
        client = browser(user)
        assert not diverted(client.get("/security/"))
        clock.move_to(FROM, running=False)
        assert diverted(client.get("/security/"))
        accept(client)
        assert client.get("/security/").status_code == 200

    def test_leaves_what_is_posted_alone(self, worker):
        client = browser(worker)
        clock.move_to(FROM, running=False)
        said = {
            "name": worker.person.name, "mobile": "19911112222", "area_code": "460100", "employer_name": "新单位样例",
        }  # fmt: skip
        answer = client.post("/me/profile/", said)
        assert not diverted(answer)
        worker.person.refresh_from_db()
        assert worker.person.employer_name == "新单位样例"
        assert diverted(client.get("/me/"))

    @pytest.mark.parametrize(
        "headers", [{"HX-Request": "true"}, {"Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Dest": "image"}]
    )
    def test_leaves_what_a_page_fetches_alone(self, worker, headers):
        client = browser(worker)
        clock.move_to(FROM, running=False)
        assert not diverted(client.get("/me/profile/", headers=headers))
        assert diverted(client.get("/me/profile/", headers={"Sec-Fetch-Dest": "document"}))

    def test_leaves_ways_out_open(self, worker):
        client = browser(worker)
        clock.move_to(FROM, running=False)
        for address in ("/me/data/", "/account/close/", "/me/employers/", "/privacy/", "/"):
            assert client.get(address).status_code == 200, address
        assert client.post("/me/data/export/").status_code == 200
        assert client.post("/sign-out/")["Location"] == "/"

    def test_tells_staff_that_they_cannot_close_their_account_themselves(self):
        clock.move_to(FROM, running=False)
        client = browser(factories.reviewer())
        assert "/account/close/" not in content_of(client.get(ASKED))
        assert client.get("/account/close/").status_code == 404

    def test_is_accepted_only_as_it_was_shown(self, worker):
        with pytest.raises(NoticeChangedError):
            notice_accept(user=worker, version="2021-03", by=BY)
        clock.move_to(FROM, running=False)
        client = browser(worker)
        assert diverted(client.post(ASKED, {"version": "2020-07"}))
        assert not Acceptance.objects.exists()

    def test_is_not_asked_of_an_account_opened_under_it(self):
        clock.move_to(FROM, running=False)
        user = registered()
        assert Acceptance.objects.get(user=user).way == "opening"
        assert browser(user).get("/me/").status_code == 200

    def test_waits_until_the_second_factor_is_set_up(self):
        user = factories.staff(Role.OPERATOR)
        Factor.objects.all().delete()
        client = browser(user)
        UserSession.objects.update(confirmed_at=None)
        clock.move_to(FROM, running=False)
        assert client.get("/operator/")["Location"] == "/security/setup/"
        assert client.get("/security/setup/").status_code == 200

    def test_does_not_stop_the_token_of_a_system(self):
        from portal.accounts.tokens import token_create

        user = factories.clerk()
        _token, text = token_create(user=user, name="教务系统", scopes=["batches:read"], by=BY)
        clock.move_to(FROM, running=False)
        address = "/api/v1/batches/00000000-0000-4000-8000-000000000000/"
        assert Client().get(address, headers={"Authorization": f"Bearer {text}"}).status_code == 404  # let in

    def test_costs_no_query_once_it_is_settled_for_a_session(self, worker, django_assert_num_queries):
        clock.move_to(FROM, running=False)
        client = browser(worker)
        accept(client)
        client.get("/security/")
        request = RequestFactory().get("/security/")
        request.resolver_match, request.session = resolve("/security/"), client.session
        request.account_session = factories.session_of(worker)
        assert request.session["settled:privacy"]  # read before, as the account of a request is
        with django_assert_num_queries(0):
            assert asked_first(request, worker) is None

    @pytest.mark.parametrize(
        ("language", "words"), [("zh-hans", "隐私告知已变更"), ("en", "The privacy notice has changed")]
    )
    def test_is_told_in_both_languages(self, worker, language, words):
        clock.move_to(FROM, running=False)
        client = browser(worker)
        client.cookies["django_language"] = language
        shown = text_of(client.get(ASKED))
        assert words in shown
        assert ("New: those who mark." in shown) == (language == "en")


def registered(number=None):
    return worker_register(
        id_number=number or factories.fresh_id_number(),
        name="新人",
        mobile="19955556666",
        password="bridge-crane-41",
        by=BY,
    )


class TestWhatWasAccepted:
    def test_begins_with_the_opening_of_the_account(self):
        user = registered()
        row = Acceptance.objects.get(user=user)
        assert (row.version, row.way, row.at) == ("2020-07", "opening", BEFORE)
        assert employer().user.acceptances.get().version == "2020-07"

    def test_is_on_the_own_page_and_in_the_export(self, worker):
        clock.move_to(FROM, running=False)
        client = browser(worker)
        accept(client)
        assert "2021-03" in text_of(client.get(ASKED))
        assert "您接受过的隐私告知版本" in text_of(client.get("/me/data/"))
        archive = zipfile.ZipFile(io.BytesIO(export_of(worker.person, clock.now())))
        document = json.loads(archive.read("my-data.json"))
        assert [(each["version"], each["way"]) for each in document["privacy_notice"]] == [
            ("2021-03", "again")
        ]

    @pytest.mark.parametrize(
        "statement", ["UPDATE accounts_acceptance SET version = 'x'", "DELETE FROM accounts_acceptance"]
    )
    def test_is_never_changed(self, statement):
        registered()
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_can_be_read_in_every_version(self):
        shown = text_of(Client().get("/privacy/"))
        assert "海南省住房和城乡建设厅" in shown
        assert "新版全文。" not in shown
        assert "尚未施行" in text_of(Client().get("/privacy/?version=2021-03"))
        assert Client().get("/privacy/?version=none").status_code == 404
        clock.move_to(FROM, running=False)
        assert "新版全文。" in text_of(Client().get("/privacy/"))
        assert "已不再施行" in text_of(Client().get("/privacy/?version=2020-07"))


class TestANewerConsent:
    def test_takes_the_employers_sight_away_from_its_first_moment_until_it_is_renewed(self, worker):
        firm = employer()
        invitation = consented(firm, worker.person)
        client, theirs = browser(firm.user), browser(worker)
        assert "吴阿强" in text_of(client.get("/employer/"))
        clock.move_to(FROM, running=False)
        accept(client)
        accept(theirs)
        assert "吴阿强" not in text_of(client.get("/employer/"))
        assert "吴阿强" not in content_of(client.post("/employer/export/csv/"))
        assert "待重新同意" in text_of(client.get("/employer/workers/"))
        theirs.post(f"/me/employers/{invitation.pk}/answer/", {"answer": "consent", "version": "2021-03"})
        assert "吴阿强" in text_of(client.get("/employer/"))
        invitation.refresh_from_db()
        assert (invitation.consent_version, invitation.answered_at) == ("2021-03", FROM)
        versions = [
            each.data["version"]
            for each in Event.objects.filter(verb="employers.consent.given").order_by("pk")
        ]
        assert versions == ["2020-12", "2021-03"]

    def test_is_asked_once_at_the_next_visit_and_forces_nobody(self, worker):
        consented(employer(), worker.person)
        client = browser(worker)
        assert client.get("/me/").status_code == 200
        clock.move_to(FROM, running=False)
        accept(client)
        assert client.get("/me/profile/")["Location"].startswith("/me/employers/")
        shown = text_of(client.get("/me/employers/"))
        assert "新增：培训课程。" in shown
        assert "单位还可看到课程。" in shown
        assert client.get("/me/profile/").status_code == 200
        assert browser(worker).get("/me/")["Location"].startswith("/me/employers/")

    def test_is_not_asked_of_whoever_never_consented(self, worker):
        clock.move_to(FROM, running=False)
        client = browser(worker)
        accept(client)
        assert client.get("/me/").status_code == 200

    def test_given_to_an_older_text_that_was_still_on_the_screen_counts_for_nothing(self, worker):
        firm = employer()
        invitation = consented(firm, worker.person)
        clock.move_to(FROM, running=False)
        client = browser(worker)
        client.post(f"/me/employers/{invitation.pk}/answer/", {"answer": "consent", "version": "2020-12"})
        invitation.refresh_from_db()
        assert invitation.consent_version == "2020-12"
        assert not consenting_people(firm, FROM.date()).exists()

    def test_can_be_withdrawn_instead(self, worker):
        firm = employer()
        invitation = consented(firm, worker.person)
        clock.move_to(FROM, running=False)
        browser(worker).post(f"/me/employers/{invitation.pk}/answer/", {"answer": "withdraw"})
        invitation.refresh_from_db()
        assert invitation.state == "withdrawn"
        assert Event.objects.get(verb="employers.consent.withdrawn").data["version"] == "2020-12"


class TestClosingAnAccount:
    def test_ends_sessions_factors_and_consents_and_leaves_certificates(self, worker):
        firm = employer()
        invitation = consented(firm, worker.person)
        factories.app_of(worker)
        client, other = browser(worker), browser(worker)
        assert client.post("/account/close/", {"understood": "on"})["Location"] == "/"
        assert other.get("/me/")["Location"].startswith("/sign-in/")
        worker.refresh_from_db()
        invitation.refresh_from_db()
        assert (worker.is_active, worker.has_usable_password(), invitation.state) == (
            False,
            False,
            "withdrawn",
        )
        assert not Factor.objects.filter(user=worker).exists()
        assert worker.person.legacy_certificates.exists()
        assert Event.objects.filter(verb="accounts.account.closed", person_id=worker.person_id).count() == 1

    def test_takes_a_tick_and_a_proof_of_who_asks(self, worker):
        client = browser(worker)
        assert client.post("/account/close/", {"understood": ""}).status_code == 422
        UserSession.objects.update(confirmed_at=clock.real_now().replace(year=2019))
        assert 'name="proof-' in content_of(client.post("/account/close/", {"understood": "on"}))
        assert User.objects.get(pk=worker.pk).is_active

    def test_by_an_employer_closes_what_workers_let_it_see(self, worker):
        firm = employer()
        consented(firm, worker.person)
        account_close(user=firm.user, by=Actor(Event.Means.WEB, firm.user))
        assert Invitation.objects.get().state == "cancelled"

    def test_is_undone_by_nobody_who_only_knows_the_numbers(self, worker):
        account_close(user=worker, by=Actor(Event.Means.WEB, worker))
        with pytest.raises(IdentityTakenError):
            registered(worker.person.id_number)

    def test_is_undone_by_a_code_that_two_people_gave(self, worker):
        account_close(user=worker, by=Actor(Event.Means.WEB, worker))
        one, other = (Actor(Event.Means.WEB, factories.reviewer()) for _each in range(2))
        grant = access_ask_lost(identifier=worker.person.id_number, reason="本人到场", by=one)
        code = access_approve(grant=grant, by=other)
        said = {"identifier": worker.person.id_number, "code": code, "password": "harbour-lantern-9"}
        client = Client()
        assert client.post("/activate/", said).status_code == 302
        assert client.get("/me/").status_code == 200

    def test_leaves_no_code_from_before_that_opens_it(self, worker):
        one, other = (Actor(Event.Means.WEB, factories.reviewer()) for _each in range(2))
        code = access_approve(
            grant=access_ask_lost(identifier=worker.person.id_number, reason="丢失", by=one), by=other
        )
        account_close(user=worker, by=Actor(Event.Means.WEB, worker))
        with pytest.raises(SignInRefusedError):
            access_use(
                identifier=worker.person.id_number,
                code=code,
                password="harbour-lantern-9",
                origin="x",
                by=one,
            )

    def test_that_others_ended_is_not_undone_by_a_code(self):
        gone = factories.staff(Role.OPERATOR, is_active=False)
        with pytest.raises(NotTheirsError):
            access_ask_lost(
                identifier=gone.username,
                reason="回来",
                by=Actor(Event.Means.WEB, factories.staff(Role.CHIEF)),
            )


class TestTheFile:
    @pytest.mark.parametrize(
        ("found", "put", "named"),
        [
            ("since = 2021-03-01", "since = 2020-01-01", "privacy[2].since"),
            ('version = "2021-03"', 'version = "2020-07"', "privacy[2].version"),
            ('version = "2021-03"', f'version = "{"x" * 21}"', "privacy[2].version"),
            (
                'changes = [{ zh = "新增：评卷单位。", en = "New: those who mark." }]',
                "",
                "privacy[2].changes",
            ),
            ('en = "New: those who mark."', 'en = ""', "privacy[2].changes[1]"),
            ('en = "The new text."', 'en = "By the {ministry}."', "privacy[2].sections[1].paragraphs[1]"),
            ('en = "The new text."', 'en = "A } brace."', "privacy[2].sections[1].paragraphs[1]"),
            (', en = "The new text."', "", "privacy[2].sections[1].paragraphs[1]"),
            ("since = 2021-03-01", 'since = "soon"', "privacy[2].since"),
            ("[[privacy]]", "[[privat]]", "privacy"),
        ],
    )
    def test_that_is_wrong_is_refused_with_the_place(self, settings, tmp_path, found, put, named):
        whole = Path(settings.AGREEMENTS).read_text("utf-8")
        head, newer = whole[: -len(NEWER)], NEWER
        if named == "privacy":
            head, newer = head.replace(found, put), newer.replace(found, put)
            named = "privacy: expected"
        file = tmp_path / "wrong.toml"
        file.write_text(head + newer.replace(found, put, 1), "utf-8")
        settings.AGREEMENTS = str(file)
        with pytest.raises(AgreementsError) as refused:
            versions_of(Kind.PRIVACY)
        assert named in str(refused.value)

    def test_before_its_first_version_means_the_first(self):
        assert in_force(Kind.PRIVACY, date(2019, 1, 1)).version == "2020-07"

    def test_names_the_province_by_nothing_but_its_policy(self):
        assert "海南" not in (portal_settings.BASE_DIR / "portal" / "accounts" / "agreements.toml").read_text(
            "utf-8"
        )
