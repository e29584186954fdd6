"""What a worker sees of the own certificates, and that nobody else sees it."""

import re
import uuid
from datetime import date

import pytest
from django.urls import reverse

from certificates.services.exchange import certificate_exchange
from portal import clock
from portal.events.services import Actor
from tests import factories
from tests.factories import shanghai

ID_NUMBER = re.compile(r"469900\d{8,}")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_window(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def home(client, person):
    client.force_login(factories.worker(person))
    return client.get("/me/").content.decode()


def electronic_of(paper):
    return certificate_exchange(certificate=paper, by=Actor.command("test"))


def worker_pages(paper, electronic):
    paper_pages = ["legacy-certificate", "exchange", "archive-check-request"]
    yield from (reverse(name, args=[paper.pk]) for name in paper_pages)
    yield reverse("legacy-service-request", args=[paper.pk, "extension"])
    electronic_pages = [
        "electronic-certificate",
        "electronic-certificate-pdf",
        "electronic-certificate-photo",
    ]
    yield from (reverse(name, args=[electronic.pk]) for name in electronic_pages)


class TestOwnership:
    def test_somebody_elses_certificate_does_not_exist(self, client):
        paper, exchanged = factories.ready_to_exchange(), factories.ready_to_exchange()
        electronic = electronic_of(exchanged)
        client.force_login(factories.worker())
        for page in worker_pages(paper, electronic):
            assert client.get(page).status_code == 404, page
            if "electronic" not in page:
                assert client.post(page).status_code in {404, 405}, page
        paper.refresh_from_db()
        assert paper.status == "active"

    def test_a_certificate_that_nobody_has_does_not_exist_either(self, client):
        client.force_login(factories.worker())
        assert client.get(f"/me/certificates/{uuid.uuid4()}/").status_code == 404

    def test_without_signing_in_every_page_leads_to_the_sign_in_page(self, client):
        paper = factories.ready_to_exchange()
        electronic = electronic_of(factories.ready_to_exchange())
        for page in ["/me/", *worker_pages(paper, electronic)]:
            answer = client.get(page)
            assert answer.status_code == 302, page
            assert answer["Location"].startswith("/sign-in/"), page

    def test_other_roles_find_no_worker_page(self, client):
        client.force_login(factories.reviewer())
        assert client.get("/me/").status_code == 404


class TestHome:
    def test_greets_by_name_and_shows_the_id_number_only_masked(self, client):
        paper = factories.ready_to_exchange(name="陈海生")
        page = home(client, paper.person)
        assert "陈海生，您好" in page
        assert paper.person.masked_id_number in page
        assert not ID_NUMBER.search(page)

    def test_the_next_step_of_an_eligible_paper_is_the_exchange(self, client):
        paper = factories.ready_to_exchange()
        page = home(client, paper.person)
        assert "您现在可以换证了" in page
        assert "还剩 3 天" in page
        assert page.count(f"/me/certificates/{paper.pk}/exchange/") == 2

    def test_each_condition_still_to_do_has_the_link_that_cures_it_and_the_day(self, client):
        owner = factories.person(complete=False, photo=False)
        factories.paper(owner)
        page = home(client, owner)
        for link in ("/me/profile/", "/me/photo/", "/institutions/"):
            assert f'class="govuk-link" href="{link}"' in page
        assert page.count('data-result="todo"') == 5
        assert page.count("请于2020年12月31日前完成") == 5
        assert "exchange/" not in page

    def test_a_missing_registry_record_leads_to_the_archive_check_while_there_is_time(self, client):
        clock.move_to(shanghai(2020, 11, 10, 9), running=False)
        owner = factories.person()
        factories.record(owner)
        paper = factories.paper(owner, in_national_system=False)
        page = home(client, owner)
        assert f'href="/me/certificates/{paper.pk}/archive-check/"' in page
        assert "今天是最后一天" in page

    def test_what_nobody_can_cure_comes_first_and_asks_nothing_of_the_holder(self, client):
        owner = factories.person(photo=False)
        factories.paper(owner, issued_on=date(2014, 3, 1))
        page = home(client, owner)
        assert "这本证书不能换证" in page
        assert page.index('data-result="fail"') < page.index('data-result="todo"')
        assert "app-checklist__help" not in page

    @pytest.mark.parametrize(
        ("changed", "moment", "reason"),
        [
            ({"kind": "enterprise_post"}, shanghai(2020, 12, 28, 9), "只适用于岗位培训考核合格证书"),
            ({}, shanghai(2021, 1, 1), "后停止办理（3.2）"),
        ],
    )
    def test_under_another_name_it_says_why_no_change_can_be_asked_for(self, client, changed, moment, reason):
        owner = factories.person("符亚明")
        factories.paper(owner, holder_name="符阿强", **changed)
        clock.move_to(moment, running=False)
        page = home(client, owner)
        assert reason in page
        assert "services/change_of_information/" not in page

    def test_a_paper_under_another_name_is_masked_and_leads_to_a_change_of_information(self, client):
        owner = factories.person("符亚明")
        paper = factories.paper(owner, holder_name="符阿强", number="琼样培 77665544")
        page = home(client, owner)
        assert "符阿强" not in page
        assert "77665544" not in page
        assert f"/me/certificates/{paper.pk}/services/change_of_information/" in page
        assert f"/me/certificates/{paper.pk}/exchange/" not in page

    def test_a_safety_officer_and_an_old_enterprise_certificate_are_explained_without_checks(self, client):
        owner = factories.person()
        factories.paper(owner, kind="safety_officer", post_code="C")
        factories.paper(owner, kind="enterprise_post", post_code="105")
        page = home(client, owner)
        assert "无需换证（3.1a）" in page
        assert "不列入换证（1.1）" in page
        assert "data-check=" not in page
        assert "今天没有需要办理的事项" in page

    def test_after_the_deadline_a_paper_says_what_it_is_still_worth(self, client):
        paper = factories.ready_to_exchange()
        clock.move_to(shanghai(2021, 1, 1, 0, 0, 1), running=False)
        page = home(client, paper.person)
        assert "换证已于2020年12月31日截止" in page
        assert "有效期至2022年5月3日" in page
        assert f"/me/certificates/{paper.pk}/exchange/" not in page

    def test_who_holds_nothing_learns_what_can_be_done(self, client):
        page = home(client, factories.person())
        for way in ("15 位旧身份证号", "曾用名", "其他机构核发", "511室", "/contact/"):
            assert way in page

    def test_an_electronic_certificate_is_a_card_with_download_and_duty(self, client):
        electronic = electronic_of(factories.ready_to_exchange())
        page = home(client, electronic.person)
        assert f"/me/electronic/{electronic.pk}/pdf/" in page
        assert "每年继续教育不少于 32 学时" in page
        assert "已作废" in page

    def test_who_took_too_few_hours_is_told_what_is_at_stake(self, client):
        electronic = electronic_of(factories.ready_to_exchange())
        clock.move_to(shanghai(2023, 3, 1), running=False)
        page = home(client, electronic.person)
        assert "您的证书可能作废" in page
        assert "今天没有需要办理的事项" not in page

    def test_queries_do_not_grow_with_the_certificates(self, client, django_assert_max_num_queries):
        owner = factories.person()
        for _ in range(2):
            factories.paper(owner)
        client.force_login(factories.worker(owner))
        with django_assert_max_num_queries(100) as few:
            client.get("/me/")
        for _ in range(6):
            factories.paper(owner)
        with django_assert_max_num_queries(len(few)):
            client.get("/me/")

    def test_every_page_speaks_the_chosen_language(self, client):
        paper = factories.ready_to_exchange(name="Chen Haisheng")
        client.force_login(factories.worker(paper.person))
        client.cookies["django_language"] = "en"
        page = client.get("/me/").content.decode()
        assert "Hello, Chen Haisheng" in page
        assert "Update" in page
        del client.cookies["django_language"]
        assert "更新" in client.get("/me/").content.decode()


class TestPaperPage:
    def test_lists_all_twelve_checks_and_the_four_services(self, client):
        paper = factories.paper(factories.person(photo=False))
        client.force_login(factories.worker(paper.person))
        page = client.get(f"/me/certificates/{paper.pk}/").content.decode()
        assert page.count("data-check=") == 12
        assert page.count(f"/me/certificates/{paper.pk}/services/") == 4

    def test_offers_no_service_after_the_last_day(self, client):
        paper = factories.paper(factories.person())
        clock.move_to(shanghai(2021, 1, 1), running=False)
        client.force_login(factories.worker(paper.person))
        assert "/services/" not in client.get(f"/me/certificates/{paper.pk}/").content.decode()


class TestElectronicPage:
    def test_groups_the_number_and_shows_what_to_show_on_site(self, client):
        electronic = electronic_of(factories.ready_to_exchange())
        client.force_login(factories.worker(electronic.person))
        page = client.get(f"/me/electronic/{electronic.pk}/").content.decode()
        grouped = " ".join(re.findall("....", electronic.number))
        assert grouped in page
        assert f"/v/{electronic.number}" in page
        assert "data:image/svg+xml" in page
        assert not ID_NUMBER.search(page)

    def test_shows_the_hours_of_each_period(self, client):
        electronic = electronic_of(factories.ready_to_exchange())
        factories.record(
            electronic.person,
            ended_on=date(2021, 5, 8),
            started_on=date(2021, 5, 1),
            hours=200,
            professional_hours=150,
        )
        clock.move_to(shanghai(2021, 6, 1), running=False)
        client.force_login(factories.worker(electronic.person))
        page = client.get(f"/me/electronic/{electronic.pk}/").content.decode()
        assert "20 / 32" in page
        assert "15 / 22" in page
        assert "2021年12月31日前还需完成 12 学时" in page

    def test_the_photo_is_the_one_that_was_printed_even_after_a_new_one(self, client):
        electronic = electronic_of(factories.ready_to_exchange())
        electronic.person.photo = factories.photo_of(electronic.person)
        electronic.person.save()
        client.force_login(factories.worker(electronic.person))
        answer = client.get(f"/me/electronic/{electronic.pk}/photo/", follow=True)
        assert answer["Content-Type"] == "image/jpeg"
        with electronic.photo.file.open() as printed:
            assert b"".join(answer.streaming_content) == printed.read()

    def test_the_pdf_comes_as_a_file_with_a_telling_name(self, client):
        electronic = electronic_of(factories.ready_to_exchange())
        client.force_login(factories.worker(electronic.person))
        answer = client.get(f"/me/electronic/{electronic.pk}/pdf/", follow=True)
        assert b"".join(answer.streaming_content).startswith(b"%PDF-")
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")
        assert answer["Content-Disposition"].endswith(f"{electronic.number}.pdf")
        assert answer["Cache-Control"] == "no-store, private"
