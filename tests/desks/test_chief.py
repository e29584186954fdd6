"""The reviewer in chief: institutions, staff, the closing report and consistency; every change an event (2.2, 1.2)."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from certificates.services.closing import window_close_if_due
from education.models import BatchRow
from institutions.models import Institution, Qualification
from institutions.selectors import is_qualified
from institutions.services import QualificationSpanError, qualification_suspend
from portal import clock
from portal.accounts.models import AccessGrant, Role, User, UserSession
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from tests import factories
from tests.desks.pages import browser, content_of, staff_browser, text_of
from tests.factories import shanghai
from tests.second_factor import sets_up_an_app

PAGES = (
    "/chief/", "/chief/staff/", "/chief/staff/open/", "/chief/institutions/", "/chief/institutions/register/",
    "/chief/consistency/", "/chief/closing-report/",
)  # fmt: skip
WEB = Actor(Event.Means.WEB)
STOP = {"way": "end", "first": "2021-01-01", "last": "", "reason": "承诺书已撤回。"}


def batch_of(institution, *, state="submitted", ended_on=date(2021, 1, 5), rows=3):
    batch = factories.approved_batch(institution)
    changes = {"state": state, "decided_at": None, "decided_by": None}
    if state == "checked":
        changes |= {"submitted_at": None, "submitted_by": None}
    type(batch).objects.filter(pk=batch.pk).update(**changes)
    for number in range(rows):
        BatchRow.objects.create(
            batch=batch,
            number=number + 2,
            started_on=ended_on,
            ended_on=ended_on,
            hours=320,
            professional_hours=220,
        )
    return batch


class TestTheRole:
    @pytest.mark.parametrize("role", ["county", "employer", "reviewer", "operator", "auditor"])
    def test_is_nobody_elses(self, role):
        client = staff_browser(role, **({"area_code": "460100"} if role == "county" else {}))
        assert {client.get(page).status_code for page in PAGES} == {404}

    def test_starts_at_the_overview(self, chief):
        assert chief.get("/home/")["Location"] == "/chief/"
        assert "机构当前有资格" in text_of(chief.get("/chief/"))

    def test_looks_at_a_batch_and_decides_none(self, chief):
        batch = batch_of(factories.institution())
        assert "退回批次" not in text_of(chief.get(f"/review/batches/{batch.pk}/"))
        for act in ("approve", "return"):
            assert chief.post(f"/review/batches/{batch.pk}/{act}/", {"reason": "不行"}).status_code == 404
        batch.refresh_from_db()
        assert batch.state == "submitted"


class TestStaff:
    SAID = {
        "role": "county",
        "area_code": "460200",
        "display_name": "三亚市经办人",
        "username": "sanya-officer",
    }

    def test_opened_is_entered_only_with_a_code_that_a_second_person_hands_over(self, chief, operator):
        assert "第二人" in text_of(chief.post("/chief/staff/open/", self.SAID))
        assert not User.objects.get(username="sanya-officer").has_usable_password()
        grant = AccessGrant.objects.get()
        assert chief.post(f"/access/{grant.pk}/", {"act": "approve"}).status_code == 404
        shown = operator.post(f"/access/{grant.pk}/", {"act": "approve"})
        assert shown["Cache-Control"] == "no-store, private"
        code = re.search(r'id="access-code">([a-z2-9-]{19})<', content_of(shown))[1]
        client = Client()
        said = {"identifier": "sanya-officer", "code": code, "password": "harbour-lantern-9"}
        assert client.post("/activate/", said).status_code == 302
        sets_up_an_app(client)
        assert client.get("/county/").status_code == 200
        assert Event.objects.filter(verb="accounts.account.created").count() == 1

    def test_opened_with_a_field_wrong_is_not(self, chief):
        for wrong in ({"area_code": ""}, {"role": "worker"}, {"role": "clerk"}, {"username": "13900000000"}):
            assert chief.post("/chief/staff/open/", self.SAID | wrong).status_code == 422
        assert not User.objects.filter(role=Role.COUNTY).exists()

    def test_of_another_role_gets_no_area(self, chief):
        chief.post("/chief/staff/open/", self.SAID | {"role": "auditor"})
        assert User.objects.get(role=Role.AUDITOR).area_code == ""

    def test_ended_is_out_with_the_next_click_and_the_event_says_why(self, chief):
        user = factories.staff(Role.OPERATOR)
        client = browser(user)
        assert client.get("/operator/").status_code == 200
        chief.post(f"/chief/staff/{user.pk}/end/", {"reason": "已调离。"})
        assert client.get("/operator/").status_code == 302
        assert Event.objects.get(verb="accounts.account.ended").data["reason"] == "已调离。"

    def test_cannot_end_the_own_account_nor_a_workers(self):
        user = factories.staff(Role.CHIEF)
        client = browser(user)
        assert client.post(f"/chief/staff/{user.pk}/end/", {"reason": "试"}).status_code == 422
        assert client.post(f"/chief/staff/{factories.worker().pk}/end/", {"reason": "试"}).status_code == 404
        assert User.objects.get(pk=user.pk).is_active


class TestEndingSessions:
    """An account whose holder left a screen open somewhere is not ended with its sessions (ASVS 7.4.5)."""

    WHY = {"reason": "值班电脑未退出。"}

    def test_puts_every_browser_out_with_its_next_click_and_leaves_the_account(self, chief):
        user = factories.staff(Role.OPERATOR)
        one, other = browser(user), browser(user)
        assert "2 个会话" in text_of(
            chief.post(f"/chief/staff/{user.pk}/sessions/end/", self.WHY, follow=True)
        )
        assert [client.get("/operator/").status_code for client in (one, other)] == [302, 302]
        assert browser(user).get("/operator/").status_code == 200

    def test_is_history_with_its_reason_and_told_to_the_holder(self, chief):
        user = factories.staff(Role.OPERATOR)
        client = browser(user)
        chief.post(f"/chief/staff/{user.pk}/sessions/end/", self.WHY)
        event = Event.objects.get(verb="accounts.session.closed")
        assert event.data == {"ending": "administrator", "count": 1, "reason": "值班电脑未退出。"}
        assert event.actor_role == Role.CHIEF
        assert Notice.objects.get(user=user).code == "accounts.session.closed"
        assert client.get("/operator/").status_code == 302

    def test_takes_a_reason_and_a_proof_of_who_asks(self, chief):
        user = factories.staff(Role.OPERATOR)
        client = browser(user)
        assert chief.post(f"/chief/staff/{user.pk}/sessions/end/", {"reason": ""}).status_code == 422
        UserSession.objects.exclude(user=user).update(confirmed_at=clock.real_now() - timedelta(hours=1))
        answer = chief.post(f"/chief/staff/{user.pk}/sessions/end/", self.WHY)
        assert 'name="proof-' in content_of(answer)
        assert client.get("/operator/").status_code == 200

    def test_is_not_for_the_own_account_nor_a_workers_nor_one_that_ended(self):
        user, gone = factories.staff(Role.CHIEF), factories.staff(Role.OPERATOR, is_active=False)
        client = browser(user)
        assert client.post(f"/chief/staff/{user.pk}/sessions/end/", self.WHY).status_code == 422
        for other in (factories.worker(), gone):
            assert client.post(f"/chief/staff/{other.pk}/sessions/end/", self.WHY).status_code == 404
        assert client.get("/chief/").status_code == 200


class TestInstitutions:
    def test_are_listed_by_credit_code_with_what_qualifies_them(self, chief):
        second, first = factories.institution("乙样例"), factories.institution("甲样例", qualified=False)
        Institution.objects.filter(pk=first.pk).update(code="10" + first.code[2:])
        shown = text_of(chief.get("/chief/institutions/"))
        assert shown.index("甲样例") < shown.index("乙样例")
        assert second.code in shown

    def test_registered_qualified_and_with_a_clerk_can_begin(self, chief):
        said = {
            "code": "91350100M000100Y43",
            "name": "新样例培训",
            "area_code": "460100",
            "address": "",
            "phone": "",
        }
        page = chief.post("/chief/institutions/register/", said)["Location"]
        grant = {
            "ground": "provincial_commitment",
            "valid_from": "2020-12-28",
            "valid_until": "",
            "reference": "承1号",
        }
        assert chief.post(page, grant).status_code == 302
        shown = chief.post(f"{page}clerks/open/", {"display_name": "黄经办", "username": "new-clerk"})
        assert "new-clerk" in text_of(shown)
        institution = Institution.objects.get(name="新样例培训")
        assert institution.memberships.get().user.role == Role.CLERK
        assert "新样例培训" in text_of(Client().get("/institutions/"))
        verbs = set(Event.objects.values_list("verb", flat=True))
        assert verbs >= {
            "institutions.institution.registered", "institutions.qualification.granted", "institutions.clerk.assigned",
        }  # fmt: skip

    def test_qualified_already_on_those_days_say_so(self, chief):
        institution = factories.institution()
        grant = {"ground": "national_directory", "valid_from": "2020-12-28", "valid_until": "2021-01-01"}
        shown = chief.post(f"/chief/institutions/{institution.pk}/", grant)
        assert shown.status_code == 422
        assert "已有资格" in shown.content.decode()


class TestEndingAQualification:
    @pytest.fixture
    def institution(self):
        return factories.institution()

    @pytest.fixture
    def address(self, institution):
        return f"/chief/institutions/qualifications/{institution.qualifications.get().pk}/end/"

    def test_shows_what_it_touches_and_changes_nothing_yet(self, chief, institution, address):
        batch_of(institution, rows=3)
        batch_of(institution, state="checked", rows=2)
        batch_of(institution, ended_on=date(2020, 12, 1), rows=7)
        factories.record(
            factories.person(), factories.approved_batch(institution),
            started_on=date(2021, 1, 2), ended_on=date(2021, 1, 3),
        )  # fmt: skip
        shown = text_of(chief.post(address, STOP))
        assert re.search(r"已提交的批次\s*1\D", shown)
        assert re.search(r"尚未提交的批次\s*1\D", shown)
        assert re.search(r"其中行数\s*3\D", shown)
        assert re.search(r"其中行数\s*2\D", shown)
        assert re.search(r"已计入个人的课程\s*1\D", shown)
        assert institution.qualifications.get().valid_until is None

    def test_confirmed_ends_it_and_tells_the_clerks(self, chief, institution, address):
        clerk = factories.clerk(institution)
        chief.post(address, STOP | {"confirmed": "yes"})
        assert institution.qualifications.get().valid_until == date(2020, 12, 31)
        assert Notice.objects.get(user=clerk).facts["reason"] == STOP["reason"]
        assert Event.objects.filter(verb="institutions.qualification.ended").count() == 1

    def test_suspended_leaves_a_gap_and_goes_on(self, chief, institution, address):
        chief.post(address, STOP | {"way": "suspend", "last": "2021-01-31", "confirmed": "yes"})
        assert is_qualified(institution, date(2020, 12, 31), date(2020, 12, 31))
        assert not is_qualified(institution, date(2021, 1, 1), date(2021, 1, 1))
        assert not is_qualified(institution, date(2021, 1, 31), date(2021, 1, 31))
        assert is_qualified(institution, date(2021, 2, 1), date(2021, 2, 1))
        assert Event.objects.filter(verb="institutions.qualification.suspended").count() == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"way": ""},
            {"reason": ""},
            {"first": "2018-01-01", "confirmed": "yes"},
            {"way": "suspend"},
            {"first": "x"},
        ],
    )
    def test_with_a_field_wrong_is_refused(self, chief, institution, address, wrong):
        assert chief.post(address, STOP | wrong).status_code == 422
        assert institution.qualifications.get().valid_until is None

    def test_suspended_from_its_first_day_or_past_its_end_is_no_suspension(self, institution):
        qualification = institution.qualifications.get()
        Qualification.objects.filter(pk=qualification.pk).update(valid_until=date(2021, 6, 30))
        for first, last in ((date(2019, 1, 1), date(2019, 2, 1)), (date(2021, 6, 1), date(2021, 6, 30))):
            with pytest.raises(QualificationSpanError):
                qualification_suspend(
                    qualification=qualification, first_day=first, last_day=last, reason="试", by=WEB
                )


class TestTheClosingReport:
    def test_is_the_kept_one_once_the_window_is_closed(self, chief):
        factories.ready_to_exchange()
        assert "换证尚未截止" in text_of(chief.get("/chief/closing-report/"))
        clock.move_to(shanghai(2021, 1, 1, 0, 1), running=False)
        window_close_if_due(by=Actor.job("close_window"))
        factories.ready_to_exchange(name="迟来者")
        shown = text_of(chief.get("/chief/closing-report/"))
        assert "换证已于2020年12月31日截止" in shown
        assert "0/1" in shown

    def test_puts_institutions_in_the_order_of_their_codes(self, chief):
        for name in ("乙样例", "甲样例"):
            factories.record(factories.person(), factories.approved_batch(factories.institution(name)))
        Institution.objects.filter(name="甲样例").update(code="10460000MA00000000")
        shown = text_of(chief.get("/chief/closing-report/"))
        assert shown.index("甲样例") < shown.index("乙样例")


class TestConsistency:
    def test_shows_each_reviewers_share_and_time(self, chief):
        judge = factories.reviewer("judge")
        for day, state in ((8, "approved"), (9, "returned")):
            batch = factories.approved_batch()
            type(batch).objects.filter(pk=batch.pk).update(
                state=state, return_reason="重复", decided_by=judge,
                submitted_at=shanghai(2020, 12, day, 8), decided_at=shanghai(2020, 12, day, 8 + 2),
            )  # fmt: skip
        shown = text_of(chief.get("/chief/consistency/"))
        assert "judge" in shown
        assert "平均每百批退回 50 批" in shown
        assert "2 小时" in shown.replace("\xa0", " ")

    def test_counts_the_last_day_and_no_other(self, chief):
        batch = factories.approved_batch()
        type(batch).objects.filter(pk=batch.pk).update(
            submitted_at=shanghai(2020, 12, 8), decided_at=shanghai(2020, 12, 8, 23, 59)
        )
        assert "没有审结" in text_of(chief.get("/chief/consistency/?first=2020-12-09&last=2020-12-28"))
        assert "没有审结" not in text_of(chief.get("/chief/consistency/?first=2020-12-08&last=2020-12-08"))
