"""Archive checks (1.1) and services (3.2), from the holder's request to the reviewer's decision."""

import re

import pytest

from certificates.models import ArchiveCheck, LegacyServiceRequest
from portal import clock
from portal.notices.models import Notice
from tests import factories
from tests.factories import shanghai

ID_NUMBER = re.compile(r"469900\d{8,}")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_time(db):
    clock.move_to(shanghai(2020, 11, 5, 9), running=False)


@pytest.fixture
def missing():
    """A paper certificate that the national system does not show."""
    owner = factories.person("韦国栋")
    factories.worker(owner)
    return factories.paper(owner, in_national_system=False)


@pytest.fixture
def desk(client):
    client.force_login(factories.reviewer())
    return client


def ask(client, paper):
    client.force_login(paper.person.user)
    client.post(f"/me/certificates/{paper.pk}/archive-check/")
    return ArchiveCheck.objects.get(certificate=paper)


def request_change(client, paper, **fields):
    client.force_login(paper.person.user)
    data = {"new_name": "韦国梁", "explanation": "登记时写错了。", **fields}
    return client.post(f"/me/certificates/{paper.pk}/services/change_of_information/", data)


class TestAskingForAnArchiveCheck:
    def test_says_what_to_bring_where_and_by_when(self, client, missing):
        client.force_login(missing.person.user)
        page = client.get(f"/me/certificates/{missing.pk}/archive-check/").content.decode()
        for fact in ("本人身份证原件", "纸质证书原件", "511室", "2020年11月10日"):
            assert fact in page

    def test_asking_twice_is_one_request(self, client, missing):
        ask(client, missing)
        ask(client, missing)
        assert ArchiveCheck.objects.count() == 1

    def test_after_the_deadline_it_is_refused_with_clause_and_day(self, client, missing):
        clock.move_to(shanghai(2020, 11, 11), running=False)
        client.force_login(missing.person.user)
        answer = client.post(f"/me/certificates/{missing.pk}/archive-check/")
        assert answer.status_code == 409
        assert 'data-check="archive_window_open" data-result="fail"' in answer.content.decode()
        assert "2020年11月10日" in answer.content.decode()
        assert not ArchiveCheck.objects.exists()

    def test_nobody_is_sent_to_the_desk_when_it_is_too_late(self, client, missing):
        ask(client, missing)
        clock.move_to(shanghai(2020, 11, 11), running=False)
        page = client.get(f"/me/certificates/{missing.pk}/archive-check/").content.decode()
        assert "不能再换证" in page
        assert "本人身份证原件" not in page


class TestDecidingAnArchiveCheck:
    def test_waits_oldest_first_and_never_shows_an_id_number(self, client, missing):
        other = factories.paper(factories.worker().person, in_national_system=False)
        ask(client, other)
        clock.move_to(shanghai(2020, 11, 6), running=False)
        ask(client, missing)
        client.force_login(factories.reviewer())
        page = client.get("/review/archive-checks/").content.decode()
        assert page.index(other.number) < page.index(missing.number)
        assert not ID_NUMBER.search(page)

    @pytest.mark.parametrize("text", ["number", "id", "name"])
    def test_is_found_by_number_id_number_or_name_without_putting_them_into_an_address(
        self, client, missing, text
    ):
        check = ask(client, missing)
        other = ask(client, factories.paper(factories.worker().person, in_national_system=False))
        client.force_login(factories.reviewer())
        sought = {"number": missing.number, "id": missing.person.id_number, "name": "国栋"}[text]
        answer = client.post("/review/archive-checks/", {"text": sought})
        assert f"/review/archive-checks/{check.pk}/" in answer.content.decode()
        assert f"/review/archive-checks/{other.pk}/" not in answer.content.decode()
        assert answer.request["QUERY_STRING"] == ""

    def test_confirming_needs_papers_that_were_seen(self, client, missing):
        check = ask(client, missing)
        client.force_login(factories.reviewer())
        answer = client.post(f"/review/archive-checks/{check.pk}/", {"outcome": "yes"})
        assert answer.status_code == 422
        check.refresh_from_db()
        assert check.outcome == "pending"

    def test_papers_seen_then_confirmed_then_the_holder_is_told(self, client, missing):
        check = ask(client, missing)
        client.force_login(factories.reviewer())
        page = f"/review/archive-checks/{check.pk}/"
        assert client.post(page, {"seen_on": "2020-11-05"}).status_code == 302
        assert client.post(page, {"outcome": "yes", "reason": ""}).status_code == 302
        check.refresh_from_db()
        assert (check.outcome, str(check.papers_seen_on)) == ("confirmed", "2020-11-05")
        assert Notice.objects.filter(person=missing.person, code="certificates.archive_decided").exists()

    @pytest.mark.parametrize("day", ["2020-11-04", "2020-11-06", "2020-02-30", ""])
    def test_a_day_on_which_papers_cannot_have_been_seen_is_an_error_beside_the_field(
        self, client, missing, day
    ):
        check = ask(client, missing)
        client.force_login(factories.reviewer())
        answer = client.post(f"/review/archive-checks/{check.pk}/", {"seen_on": day})
        assert answer.status_code == 422
        assert "id_seen_on_error" in answer.content.decode()

    def test_a_rejection_needs_a_reason(self, client, missing):
        check = ask(client, missing)
        client.force_login(factories.reviewer())
        page = f"/review/archive-checks/{check.pk}/"
        assert client.post(page, {"outcome": "no", "reason": " "}).status_code == 422
        assert client.post(page, {"outcome": "no", "reason": "档案中无此证。"}).status_code == 302

    def test_who_comes_second_is_told_who_decided_and_when(self, client, missing):
        check = ask(client, missing)
        page = f"/review/archive-checks/{check.pk}/"
        first = factories.reviewer("first-reviewer")
        client.force_login(first)
        client.post(page, {"outcome": "no", "reason": "档案中无此证。"})
        client.force_login(factories.reviewer())
        answer = client.post(page, {"outcome": "no", "reason": "另一个理由。"})
        assert answer.status_code == 409
        assert "first-reviewer 已于2020年11月5日 09:00办结" in answer.content.decode()
        check.refresh_from_db()
        assert check.reason == "档案中无此证。"

    def test_workers_find_no_such_pages(self, client, missing):
        check = ask(client, missing)
        for page in ("/review/archive-checks/", f"/review/archive-checks/{check.pk}/", "/review/services/"):
            assert client.get(page).status_code == 404


class TestServices:
    @pytest.mark.parametrize("kind", ["replacement", "cancellation", "extension", "change_of_information"])
    def test_each_kind_can_be_asked_for_once(self, client, missing, kind):
        client.force_login(missing.person.user)
        data = {
            "explanation": "纸质证书受潮损坏。",
            "new_expiry": "2024-05-03",
            "new_employer": "三亚样例工程有限公司",
        }
        page = f"/me/certificates/{missing.pk}/services/{kind}/"
        assert client.post(page, data)["Location"] == f"/me/certificates/{missing.pk}/"
        client.post(page, data)
        assert LegacyServiceRequest.objects.get().kind == kind
        assert "尚未办结" in client.get(page).content.decode()

    def test_a_kind_that_does_not_exist_is_404(self, client, missing):
        client.force_login(missing.person.user)
        assert client.get(f"/me/certificates/{missing.pk}/services/upgrade/").status_code == 404

    def test_a_change_that_changes_nothing_is_an_error(self, client, missing):
        answer = request_change(client, missing, new_name="韦 国栋", new_employer="")
        assert answer.status_code == 422
        assert "没有需要变更的内容" in answer.content.decode()

    def test_an_extension_must_reach_beyond_the_present_validity(self, client, missing):
        client.force_login(missing.person.user)
        data = {"new_expiry": "2022-05-03", "explanation": "延续。"}
        answer = client.post(f"/me/certificates/{missing.pk}/services/extension/", data)
        assert answer.status_code == 422
        assert not LegacyServiceRequest.objects.exists()

    def test_the_form_of_a_paper_under_another_name_offers_the_own_name_and_hides_the_other(self, client):
        owner = factories.person("符亚明")
        paper = factories.paper(owner, holder_name="符阿强")
        client.force_login(factories.worker(owner))
        page = client.get(f"/me/certificates/{paper.pk}/services/change_of_information/").content.decode()
        assert 'value="符亚明"' in page
        assert "符阿强" not in page

    @pytest.mark.parametrize(("method", "status"), [("get", 200), ("post", 409)])
    def test_after_the_last_day_the_page_names_clause_and_day(self, client, missing, method, status):
        clock.move_to(shanghai(2021, 1, 1), running=False)
        client.force_login(missing.person.user)
        page = f"/me/certificates/{missing.pk}/services/replacement/"
        answer = getattr(client, method)(page, {"explanation": "遗失。"})
        assert answer.status_code == status
        assert 'data-check="service_window_open" data-result="fail"' in answer.content.decode()
        assert "2020年12月31日" in answer.content.decode()
        assert "§ 3.2" in answer.content.decode()
        assert not LegacyServiceRequest.objects.exists()

    def test_an_approved_change_of_name_is_carried_out(self, client, missing):
        request_change(client, missing)
        wanted = LegacyServiceRequest.objects.get()
        client.force_login(factories.reviewer())
        page = client.get(f"/review/services/{wanted.pk}/").content.decode()
        assert "韦国栋 → <strong>韦国梁</strong>" in page
        assert not ID_NUMBER.search(page)
        assert client.post(f"/review/services/{wanted.pk}/", {"outcome": "yes"}).status_code == 302
        missing.refresh_from_db()
        assert missing.holder_name == "韦国梁"

    def test_a_refusal_needs_a_reason_that_the_holder_then_reads(self, client, missing):
        request_change(client, missing)
        wanted = LegacyServiceRequest.objects.get()
        client.force_login(factories.reviewer())
        assert client.post(f"/review/services/{wanted.pk}/", {"outcome": "no"}).status_code == 422
        client.post(f"/review/services/{wanted.pk}/", {"outcome": "no", "reason": "请附户籍证明。"})
        client.force_login(missing.person.user)
        assert "请附户籍证明。" in client.get(f"/me/certificates/{missing.pk}/").content.decode()

    def test_a_request_that_somebody_decided_meanwhile_stays_as_it_was_decided(self, client, missing):
        request_change(client, missing)
        wanted = LegacyServiceRequest.objects.get()
        client.force_login(factories.reviewer("first-reviewer"))
        client.post(f"/review/services/{wanted.pk}/", {"outcome": "no", "reason": "不符。"})
        client.force_login(factories.reviewer())
        answer = client.post(f"/review/services/{wanted.pk}/", {"outcome": "yes"})
        assert answer.status_code == 409
        assert "first-reviewer" in answer.content.decode()
        missing.refresh_from_db()
        assert missing.holder_name == "韦国栋"

    def test_nothing_is_decided_after_the_last_day(self, client, missing):
        request_change(client, missing)
        wanted = LegacyServiceRequest.objects.get()
        clock.move_to(shanghai(2021, 1, 1), running=False)
        client.force_login(factories.reviewer())
        answer = client.post(f"/review/services/{wanted.pk}/", {"outcome": "yes"})
        assert answer.status_code == 409
        assert 'data-check="service_window_open" data-result="fail"' in answer.content.decode()

    def test_what_a_holder_writes_is_text_and_nothing_else(self, client, missing):
        request_change(client, missing, explanation="<script>alert(1)</script>")
        wanted = LegacyServiceRequest.objects.get()
        client.force_login(factories.reviewer())
        page = client.get(f"/review/services/{wanted.pk}/").content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
