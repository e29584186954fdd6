"""The auditor reads everything and changes nothing; workers see what is held and who looked."""

import csv
import io
import json
import zipfile

import pytest
from django.db import transaction

from portal import clock
from portal.accounts.models import Role
from portal.events.models import Event
from portal.events.services import Actor, event_record
from portal.reveals import identity_reveal
from tests import factories
from tests.desks.pages import ID_NUMBER, browser, content_of, staff_browser, text_of

WEB = Actor(Event.Means.WEB)


def reveal(person, reason="核对原件", by=None):
    identity_reveal(person=person, reason=reason, by=Actor(Event.Means.WEB, by or factories.reviewer()))


def a_case(page):
    """Return the person of a case, and its page for reviewers."""
    from certificates.models import ArchiveCheck, LegacyServiceRequest
    from certificates.services.evidence import Evidence
    from certificates.services.exchange import certificate_exchange
    from certificates.services.voiding import leaving_find

    user = factories.worker(factories.ready_to_exchange().person)
    paper = user.person.legacy_certificates.get()
    match page:
        case "archive-checks":
            case = ArchiveCheck.objects.create(certificate=paper, requested_at=factories.LONG_AGO)
        case "services":
            case = LegacyServiceRequest.objects.create(
                certificate=paper, kind="replacement", requested_by=user, requested_at=factories.LONG_AGO
            )
        case _:
            case = certificate_exchange(certificate=paper, by=Actor.command("test"))
    if page == "voiding":
        by, evidence = (
            Actor(Event.Means.WEB, factories.reviewer()),
            [Evidence(b"%PDF-1.4", "application/pdf")],
        )
        case = leaving_find(certificate=case, finding="已离岗。", evidence=evidence, by=by)
    return user.person, f"/review/{page}/{case.pk}/"


class TestTheAuditor:
    def test_reads_events_in_words_with_who_and_facts(self, auditor):
        reveal(factories.person(), by=factories.staff(Role.REVIEWER, display_name="审核员甲"))
        shown = text_of(auditor.get("/audit/"))
        assert "工作人员查看完整身份证号" in shown
        assert "审核员甲（省级审核人员）" in shown
        assert "原因: 核对原件" in shown

    def test_finds_a_person_by_number_without_the_number_in_any_address(self, auditor):
        one, other = factories.person(), factories.person()
        reveal(one, "甲事由")
        reveal(other, "乙事由")
        answer = auditor.post("/audit/", {"text": one.id_number})
        assert answer["Location"] == f"/audit/?person={one.pk}"
        shown = text_of(auditor.get(answer["Location"]))
        assert "甲事由" in shown
        assert "乙事由" not in shown

    def test_finds_a_certificate_with_the_one_that_replaced_it(self, auditor):
        paper = factories.ready_to_exchange()
        found = auditor.post("/audit/", {"text": paper.number})["Location"]
        assert f"about=certificates.legacycertificate%3A{paper.pk}" in found
        assert auditor.get(found).status_code == 200

    @pytest.mark.parametrize(
        ("language", "name"), [("zh-hans", "系统（发送到期提醒）"), ("en", "The portal (Send reminders)")]
    )
    def test_reads_what_a_job_did_under_its_name(self, auditor, language, name):
        person = factories.person()
        with transaction.atomic():
            by = Actor.job("certificates.remind")
            event_record("certificates.reminders.sent", at=factories.LONG_AGO, by=by, subject=person)
        auditor.cookies["django_language"] = language
        shown = text_of(auditor.get("/audit/"))
        assert name in shown
        assert "certificates.remind" not in shown

    def test_looking_at_a_person_is_on_record_itself(self, auditor):
        person = factories.person()
        auditor.get(f"/audit/?person={person.pk}")
        assert Event.objects.get(verb="accounts.person.file_opened").person_id == person.pk

    def test_finds_what_an_account_did(self, auditor):
        judge = factories.reviewer("judge-one")
        reveal(factories.person(), by=judge)
        found = auditor.post("/audit/", {"text": "judge-one"})["Location"]
        assert found == f"/audit/?actor={judge.pk}"

    def test_is_told_when_nothing_is_known_by_that(self, auditor):
        answer = auditor.post("/audit/", {"text": factories.fresh_id_number()})
        assert answer.status_code == 422

    def test_filters_by_verb_and_day_in_shanghai(self, auditor):
        reveal(factories.person())
        assert "核对原件" in text_of(auditor.get("/audit/?first=2020-12-28&last=2020-12-28"))
        assert "核对原件" not in text_of(auditor.get("/audit/?last=2020-12-27"))
        assert "核对原件" not in text_of(auditor.get("/audit/?verb=accounts.session.started"))

    @pytest.mark.parametrize(
        "query", ["?person=x", "?about=x", "?about=a:%00", "?before=9x", "?first=x", "?verb=y"]
    )
    def test_bears_any_address_typed_by_hand(self, auditor, query):
        assert auditor.get(f"/audit/{query}").status_code == 200

    def test_pages_back_through_everything(self, auditor):
        person = factories.person()
        for number in range(60):
            reveal(person, f"第{number:02}次查看")
        first = auditor.get("/audit/")
        assert "第59次查看" in text_of(first)
        assert "第09次查看" not in text_of(first)
        older = content_of(first).split("before=")[1].split('"')[0]
        assert "第09次查看" in text_of(auditor.get(f"/audit/?before={older}"))

    def test_takes_it_along_escaped_and_leaves_a_trace(self, auditor):
        reveal(factories.person(), "=1+1")
        answer = auditor.post("/audit/export/?verb=accounts.identity.revealed")
        rows = list(csv.reader(io.StringIO(content_of(answer).removeprefix("\ufeff"))))
        assert rows[1][1] == "工作人员查看完整身份证号"
        assert rows[1][0] == "2020-12-28 09:00"
        assert not any(cell.startswith("=") for row in rows for cell in row)
        assert Event.objects.filter(verb="portal.history.exported").count() == 1

    def test_never_sees_an_id_number_whole(self, auditor):
        person = factories.worker().person
        reveal(person)
        for answer in (auditor.get("/audit/"), auditor.post("/audit/export/")):
            assert not ID_NUMBER.search(content_of(answer))

    @pytest.mark.parametrize(
        "address", ["/review/", "/county/", "/chief/", "/operator/", "/employer/", "/me/"]
    )
    def test_can_open_nothing_else(self, auditor, address):
        assert auditor.get(address).status_code == 404

    @pytest.mark.parametrize("role", ["county", "employer", "reviewer", "chief", "operator"])
    def test_is_the_only_one_who_reads_it(self, role):
        client = staff_browser(role, **({"area_code": "460100"} if role == "county" else {}))
        assert client.get("/audit/").status_code == 404
        assert client.post("/audit/export/").status_code == 404


class TestShowingAWholeNumber:
    def test_needs_a_reason_and_is_on_record_for_the_person(self):
        user = factories.worker()
        client = browser(factories.reviewer())
        address = f"/review/people/{user.person.pk}/id-number/"
        assert client.post(address, {"reason": " "}).status_code == 422
        answer = client.post(address, {"reason": "核对原件与档案"})
        assert user.person.id_number in content_of(answer)
        assert answer["Cache-Control"] == "no-store, private"
        event = Event.objects.get(verb="accounts.identity.revealed")
        assert (event.person_id, event.data) == (user.person.pk, {"reason": "核对原件与档案"})
        assert "核对原件与档案" in text_of(browser(user).get("/me/data/"))

    def test_is_offered_where_papers_are_checked(self):
        paper = factories.paper(factories.worker().person, in_national_system=False)
        from certificates.models import ArchiveCheck

        check = ArchiveCheck.objects.create(certificate=paper, requested_at=factories.LONG_AGO)
        page = content_of(browser(factories.reviewer()).get(f"/review/archive-checks/{check.pk}/"))
        assert f'action="/review/people/{paper.person_id}/id-number/"' in page
        assert not ID_NUMBER.search(page)

    @pytest.mark.parametrize("role", ["worker", "clerk", "county", "employer", "operator", "auditor"])
    def test_is_for_reviewers_alone(self, role):
        users = {"worker": factories.worker, "clerk": factories.clerk}
        values = {"area_code": "460100"} if role == "county" else {}
        user = users[role]() if role in users else factories.staff(Role(role), **values)
        answer = browser(user).post(
            f"/review/people/{factories.person().pk}/id-number/", {"reason": "想看看"}
        )
        assert answer.status_code == 404

    def test_by_a_link_shows_nothing(self):
        address = f"/review/people/{factories.person().pk}/id-number/"
        assert browser(factories.reviewer()).get(address).status_code == 405

    def test_cannot_be_done_to_copy_a_registry(self):
        client, person = browser(factories.reviewer()), factories.person()
        address = f"/review/people/{person.pk}/id-number/"
        answers = [client.post(address, {"reason": "核对原件"}).status_code for _ in range(62)]
        assert answers[-1] == 429
        assert Event.objects.filter(verb="accounts.identity.revealed").count() == 60


class TestMyData:
    @pytest.fixture
    def user(self):
        return factories.worker(factories.ready_to_exchange(name="吴阿强").person)

    def test_says_what_is_held_and_where_it_is_corrected(self, user):
        shown = text_of(browser(user).get("/me/data/"))
        for fact in ("您身份证号下的纸质证书", "已计入的继续教育", "可在个人信息页自行修改", "目前没有"):
            assert fact in shown
        assert user.person.id_number not in shown

    def test_is_handed_over_whole_with_the_photo_and_nobody_elses(self, user):
        factories.ready_to_exchange(name="别的人")
        reveal(user.person)
        answer = browser(user).post("/me/data/export/")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            names = archive.namelist()
            data = json.loads(archive.read("my-data.json"))
        assert any(name.startswith("photos/") for name in names)
        assert data["profile"][0]["id_number"] == user.person.id_number
        assert data["paper_certificates"][0]["holder_name"] == "吴阿强"
        assert data["education"][0]["hours"] == 32
        assert [line["what"] for line in data["history"]] == ["本人导出个人数据", "工作人员查看完整身份证号"]
        assert "别的人" not in json.dumps(data, ensure_ascii=False)

    def test_handed_over_is_history(self, user):
        browser(user).post("/me/data/export/")
        assert Event.objects.get(verb="portal.my_data.exported").person_id == user.person_id

    def test_shows_who_looked_without_other_peoples_looks(self, user):
        reveal(factories.person(), "别人的事由")
        reveal(user.person, "核对您的原件")
        shown = text_of(browser(user).get("/me/data/"))
        assert "核对您的原件" in shown
        assert "别人的事由" not in shown

    def test_lists_each_colleague_who_opened_the_file_once_a_day(self, user):
        one, other = browser(factories.reviewer()), staff_browser("chief")
        for client in (one, one, other):
            assert client.get(f"/review/people/{user.person.pk}/").status_code == 200
        clock.move_to(factories.shanghai(2020, 12, 29, 9), running=False)
        one.get(f"/review/people/{user.person.pk}/")
        looks = Event.objects.filter(verb="accounts.person.file_opened", person_id=user.person_id)
        assert [f"{look.at:%m-%d} {look.actor_role}" for look in looks.order_by("pk")] == [
            "12-28 reviewer", "12-28 chief", "12-29 reviewer",
        ]  # fmt: skip
        assert text_of(browser(user).get("/me/data/")).count("工作人员查阅个人档案") == 3

    @pytest.mark.parametrize("page", ["archive-checks", "services", "certificates", "voiding"])
    def test_lists_a_look_at_each_kind_of_case(self, page):
        person, address = a_case(page)
        answer = browser(factories.reviewer()).get(address)
        assert answer.status_code == 200
        assert Event.objects.get(verb="accounts.person.file_opened").person_id == person.pk

    def test_does_not_list_who_was_refused(self, user):
        assert browser(factories.clerk()).get(f"/review/people/{user.person.pk}/").status_code == 404
        assert not Event.objects.filter(verb="accounts.person.file_opened").exists()
