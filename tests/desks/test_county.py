"""The county officer: the own area, whole and masked; nobody else's, and nothing about institutions (4.1, 4.2)."""

import csv
import io
import re
from datetime import date

import pytest
from openpyxl import load_workbook

from portal import clock
from portal.accounts.models import User
from portal.downloads.models import Download
from portal.downloads.services import download_make
from tests import factories
from tests.desks.pages import ID_NUMBER, browser, content_of, staff_browser, text_of
from tests.factories import shanghai

PAGES = ("/county/", "/county/people/", "/county/people/?print=1", "/county/employers/")


def left(name="王建国", *, area="460100", employer="海口样例建筑有限公司", **values):
    owner = factories.person(name, area_code=area, employer_name=employer)
    return factories.paper(owner, **values)


def exchanged(day, **values):
    at = shanghai(2020, 10, day, 23, 59)
    return left(status="exchanged", status_changed_at=at, **values)


def letter_of(client):
    """The address of the letter to the only employer."""
    return re.search(r"/county/employers/[0-9a-f]+/notice/", content_of(client.get("/county/employers/")))[0]


def rows_of_csv(answer):
    return list(csv.reader(io.StringIO(content_of(answer).removeprefix("\ufeff"))))


class TestTheOwnArea:
    def test_is_all_that_an_officer_sees(self, officer):
        left("符亚妹", employer="三亚样例市政", area="460200")
        left("王建国")
        for page in PAGES:
            shown = text_of(officer.get(page))
            assert "三亚样例市政" not in shown
            assert "符*" not in shown
        assert "王**" in text_of(officer.get("/county/people/"))

    def test_keeps_the_letter_to_an_employer_of_another_area_closed(self, officer):
        left("符亚妹", employer="三亚样例市政", area="460200")
        other = staff_browser("county", area_code="460200")
        letter = letter_of(other)
        assert other.get(letter).status_code == 200
        assert officer.get(letter).status_code == 404

    def test_of_an_employer_that_works_in_two_areas_shows_the_own_people_only(self, officer):
        left("王建国", employer="跨市样例")
        left("符亚妹", employer="跨市样例", area="460200")
        key = content_of(officer.get("/county/employers/")).split("?employer=")[1].split('"')[0]
        assert "王**" in text_of(officer.get(f"/county/people/?employer={key}"))
        assert "符**" not in text_of(officer.get(f"/county/people/?employer={key}"))

    def test_is_compared_with_the_others_by_sums_alone(self, officer):
        """4.1: cities and counties side by side; of the others neither people nor employers, nor a way to them."""
        left()
        exchanged(8, area="460200", name="符亚妹", employer="椰林样例市政")
        shown = text_of(officer.get("/county/"))
        assert "2 本中已换 1 本" in shown
        assert shown.index("三亚市") < shown.index("海口市 本市县")  # the farthest first
        assert "椰林样例市政" not in shown
        assert "符**" not in shown
        assert "460200" not in content_of(officer.get("/county/"))

    @pytest.mark.parametrize(
        "role", ["worker", "clerk", "reviewer", "employer", "chief", "operator", "auditor"]
    )
    def test_does_not_exist_for_another_role(self, role):
        client = (
            staff_browser(role)
            if role not in {"worker", "clerk"}
            else browser(factories.worker() if role == "worker" else factories.clerk())
        )
        assert [client.get(page).status_code for page in PAGES] == [404] * len(PAGES)

    @pytest.mark.parametrize("address", [*PAGES, "/county/people/export/csv/"])
    def test_can_only_be_read(self, officer, address):
        assert officer.post(address).status_code == 405


class TestProgress:
    def test_counts_certificates_of_the_exchange_only(self, officer):
        left()
        left("甲", issued_on=date(2014, 12, 31))
        left("乙", kind="safety_officer", post_code="")
        left("丙", issuer="other")
        left("丁", status="void", status_changed_at=factories.LONG_AGO)
        assert "本市县共 1 本" in text_of(officer.get("/county/"))

    def test_adds_up_by_the_day_in_shanghai(self, officer):
        exchanged(8)
        exchanged(8, name="李")
        exchanged(9, name="赵")
        page = content_of(officer.get("/county/"))
        assert page.index("2020-10-09") < page.index("2020-10-08")
        assert '2020-10-08</th><td class="govuk-table__cell govuk-table__cell--numeric">2<' in page

    def test_is_a_picture_with_title_description_and_table_and_nothing_that_the_policy_refuses(self, officer):
        exchanged(8)
        page = content_of(officer.get("/county/"))
        picture = page[page.index('<svg class="app-chart"') :].split("</svg>")[0]
        assert 'role="img" aria-labelledby="by-day-title by-day-desc"' in picture
        assert "<title" in picture
        assert "<desc" in picture
        assert "style" not in picture
        assert "<script" not in picture

    def test_ranks_posts_and_employers_by_who_is_left(self, officer):
        left("一", employer="少的样例", post_code="111")
        for name in "二三":
            left(name, employer="多的样例", post_code="102")
        shown = text_of(officer.get("/county/"))
        assert shown.index("多的样例") < shown.index("少的样例")
        assert shown.index("装饰装修施工员") < shown.index("材料员")

    def test_says_nothing_about_any_institution(self, officer):
        paper = factories.ready_to_exchange()
        institution = paper.person.ce_records.get().institution.name
        for page in PAGES:
            assert institution not in text_of(officer.get(page))

    def test_takes_as_many_queries_for_sixty_people_as_for_one(self, officer, django_assert_max_num_queries):
        for number in range(60):
            left(f"人{number}", employer=f"样例{number}")
        for page in ("/county/", "/county/people/"):
            with django_assert_max_num_queries(16):
                officer.get(page)


class TestWhoIsLeft:
    def test_is_told_by_kind_of_help(self, officer):
        factories.paper(factories.person("何进", complete=False, photo=False))
        shown = text_of(officer.get("/county/people/"))
        assert "注册 · 个人信息 · 照片 · 学时 · 考核" in shown

    def test_with_everything_there_needs_the_click_alone(self, officer):
        paper = factories.ready_to_exchange()
        factories.worker(paper.person)
        assert "只差点击“更新”" in text_of(officer.get("/county/people/"))

    def test_can_be_narrowed_by_post_and_account(self, officer):
        factories.worker(left("甲某").person)
        left("乙某", post_code="111")
        assert "乙*" not in text_of(officer.get("/county/people/?post=101"))
        assert "甲*" not in text_of(officer.get("/county/people/?account=none"))
        assert "乙*" not in text_of(officer.get("/county/people/?account=open"))

    @pytest.mark.parametrize("query", ["?post=%00", "?page=-1", "?employer='%20or", "?account=x", "?page=zz"])
    def test_bears_any_address_typed_by_hand(self, officer, query):
        left()
        assert officer.get(f"/county/people/{query}").status_code == 200

    def test_shows_no_whole_name_number_or_id(self, officer):
        paper = left("欧阳海生")
        addresses = [*PAGES, "/county/people/export/csv/"]
        for address in addresses:
            content = content_of(officer.get(address))
            assert "欧阳" not in content
            assert paper.number not in content
            assert not ID_NUMBER.search(content)

    def test_goes_by_the_profile_when_the_employer_has_changed(self, officer):
        left("王建国", employer="新东家样例", employer_name="旧东家样例")
        shown = text_of(officer.get("/county/people/"))
        assert "新东家样例" in shown
        assert "旧东家样例" not in shown

    def test_is_a_letter_that_names_the_free_choice(self, officer):
        left("王建国")
        letter = text_of(officer.get(letter_of(officer)))
        assert "尚有 1 本证书未换证" in letter
        assert "任何部门不得指定" in letter
        assert "王**" in letter


class TestTakingTheListAlong:
    def test_gives_every_row_and_the_filters_hold(self, officer):
        left("甲某")
        left("乙某", post_code="111")
        assert len(rows_of_csv(officer.get("/county/people/export/csv/"))) == 3
        assert len(rows_of_csv(officer.get("/county/people/export/csv/?post=111"))) == 2

    def test_leaves_what_looks_like_a_formula_text(self, officer):
        left("甲某", employer='=HYPERLINK("http://x")')
        assert rows_of_csv(officer.get("/county/people/export/csv/"))[1][1].startswith("'=")
        answer = officer.get("/county/people/export/xlsx/")
        cell = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active["B2"]
        assert (cell.data_type, cell.value) == ("s", '=HYPERLINK("http://x")')

    def test_in_another_form_does_not_exist(self, officer):
        assert officer.get("/county/people/export/html/").status_code == 404


class TestTakingALongListAlong:
    """Made by a worker: asked for, fetched, and again only what the officer may see then."""

    @pytest.fixture(autouse=True)
    def _long(self, monkeypatch):
        monkeypatch.setattr("portal.downloads.tables.AT_ONCE_ROWS", 1)

    def asked(self, officer, query=""):
        answer = officer.get(f"/county/people/export/xlsx/{query}")
        download = Download.objects.get(pk=answer.url.split("/")[2])
        download_make(download)
        return download

    def rows(self, officer, download):
        answer = officer.get(f"/downloads/{download.pk}/file/", follow=True)
        return [row[0].value for row in load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active][
            1:
        ]

    def test_gives_the_own_area_narrowed_and_masked(self, officer):
        for name, values in (
            ("甲某", {}),
            ("乙某", {"post_code": "111"}),
            ("丙某", {}),
            ("丁某", {"area": "460200"}),
        ):
            left(name, **values)
        assert sorted(self.rows(officer, self.asked(officer))) == ["丙*", "乙*", "甲*"]
        assert sorted(self.rows(officer, self.asked(officer, "?post=101&account=none&x=1"))) == ["丙*", "甲*"]

    def test_leads_back_to_the_list_as_it_was_narrowed(self, officer):
        left("甲某")
        left("乙某")
        download = self.asked(officer, "?account=none")
        assert 'href="/county/people/?account=none"' in content_of(officer.get(f"/downloads/{download.pk}/"))

    def test_is_for_that_officer_alone_and_only_as_long_as_they_are_one(self, officer):
        left("甲某")
        left("乙某")
        download = self.asked(officer)
        assert (
            staff_browser("county", area_code="460200").get(f"/downloads/{download.pk}/").status_code == 404
        )
        User.objects.filter(pk=download.asked_by_id).update(role="auditor")
        assert officer.get(f"/downloads/{download.pk}/file/").status_code == 404

    def test_asked_for_twice_in_a_minute_is_one_file_and_later_a_new_one(self, officer):
        left("甲某")
        left("乙某")
        first = self.asked(officer)
        assert self.asked(officer) == first
        left("丙某")
        clock.move_to(shanghai(2020, 12, 28, 9, 1), running=False)
        assert len(self.rows(officer, self.asked(officer))) == 3

    def test_as_text_comes_at_once_however_long(self, officer):
        left("甲某")
        left("乙某")
        assert len(rows_of_csv(officer.get("/county/people/export/csv/"))) == 3
        assert not Download.objects.exists()


def test_after_the_end_the_list_says_that_it_is_closed(officer):
    left()
    clock.move_to(shanghai(2021, 1, 1), running=False)
    assert "换证已截止" in text_of(officer.get("/county/people/"))
