"""The reviewer's desk: a person's file, queues with named filters, many decisions at once, never a number in an address."""

from datetime import date

import pytest
from django.urls import reverse

from certificates.models import ArchiveCheck, LegacyServiceRequest
from certificates.queues import archive_checks_like, open_archive_checks, too_late
from certificates.rules import archive_check_helps
from certificates.selectors import certificate_facts, policy_on
from certificates.services.archive import archive_check_decide
from education.models import Batch, BatchState, CERecord
from institutions.services import designation_report
from portal import clock
from portal.accounts.models import Role
from portal.events.services import Actor
from portal.models import SavedFilter
from tests import factories
from tests.desks.pages import ID_NUMBER, browser, content_of, text_of
from tests.education import batches
from tests.education.sheets import row
from tests.factories import shanghai

WEB = Actor("web")
CHECKS, BATCHES = "/review/archive-checks/", "/review/batches/"


@pytest.fixture
def reviewer():
    return factories.reviewer()


@pytest.fixture
def desk(reviewer):
    return browser(reviewer)


def check(name, *, asked=(2020, 11, 3), seen=date(2020, 11, 6), **values):
    paper = factories.paper(factories.person(name), in_national_system=False, **values)
    seen_by = factories.reviewer() if seen else None
    return ArchiveCheck.objects.create(
        certificate=paper, requested_at=shanghai(*asked), papers_seen_on=seen, papers_seen_by=seen_by
    )


@pytest.fixture
def queue():
    return {
        "good": check("王建国"),
        "unseen": check("符亚妹", seen=None),
        "asked late": check("陈海生", asked=(2020, 11, 11), seen=date(2020, 11, 12)),
        "seen late": check("林小芳", seen=date(2020, 11, 11)),
        "last day": check("韦国栋", asked=(2020, 11, 10, 23, 59), seen=date(2020, 11, 10)),
    }


class TestChecksThatCanNoLongerPass:
    """1.1: asked for and papers seen, both by 2020-11-10."""

    @pytest.mark.parametrize(
        "moment", [(2020, 11, 10, 9), (2020, 11, 10, 23, 59), (2020, 11, 11), (2020, 12, 28, 9)]
    )
    def test_are_marked_as_the_rule_says(self, queue, moment):
        at = shanghai(*moment)
        clock.move_to(at, running=False)
        policy = policy_on(at)
        by_rule = {
            each.pk
            for each in queue.values()
            if not archive_check_helps(certificate_facts(each.certificate).archive_check, policy, on=at)
        }
        assert by_rule
        marked = archive_checks_like(open_archive_checks(), at=at)
        assert {each.pk for each in marked if each.late} == by_rule
        assert (
            set(ArchiveCheck.objects.filter(too_late(policy, on=at)).values_list("pk", flat=True)) == by_rule
        )

    def test_say_so_in_the_list_and_on_their_page_and_can_be_filtered(self, desk, queue):
        assert text_of(desk.get(CHECKS)).count("已无法通过") == 1 + 3  # the filter, and three of five
        assert "这项核查已无法通过" in text_of(desk.get(f"{CHECKS}{queue['seen late'].pk}/"))
        assert "这项核查已无法通过" not in text_of(desk.get(f"{CHECKS}{queue['good'].pk}/"))
        late = text_of(desk.get(f"{CHECKS}?stage=late"))
        assert "陈海生" in late
        assert "王建国" not in late

    def test_a_filter_that_is_none_filters_nothing(self, desk, queue):
        assert "王建国" in text_of(desk.get(f"{CHECKS}?stage=nonsense&post=999"))


class TestManyAtOnce:
    def chosen(self, queue):
        return {"chosen": [str(each.pk) for each in queue.values()]}

    def test_are_shown_first_with_what_is_left_out_and_why_and_nothing_is_decided_yet(self, desk, queue):
        shown = text_of(desk.post(f"{CHECKS}bulk/", self.chosen(queue)))
        assert "本次办理 2 件" in shown
        assert "不办理 3 件" in shown
        assert not ArchiveCheck.objects.exclude(outcome="pending").exists()

    def test_are_decided_when_confirmed_without_those_that_are_flagged(self, desk, queue):
        answer = desk.post(f"{CHECKS}bulk/", self.chosen(queue) | {"confirmed": "1"}, follow=True)
        assert "已办结 2 件" in text_of(answer)
        assert "3 件未办：已无法通过" in text_of(answer)
        confirmed = ArchiveCheck.objects.filter(outcome="confirmed").values_list("pk", flat=True)
        assert set(confirmed) == {queue["good"].pk, queue["last day"].pk}

    def test_leave_out_what_a_colleague_decided_in_between(self, desk, queue):
        archive_check_decide(
            check=queue["good"],
            confirmed=False,
            reason="无此档案",
            by=Actor(means="web", user=factories.reviewer()),
        )
        answer = desk.post(f"{CHECKS}bulk/", self.chosen(queue) | {"confirmed": "1"}, follow=True)
        assert "已办结 1 件" in text_of(answer)
        assert ArchiveCheck.objects.get(pk=queue["good"].pk).outcome == "rejected"

    def test_pass_over_keys_that_are_none(self, desk, queue):
        chosen = {"chosen": ["", "x", "9" * 40, "-1", "00000000-0000-0000-0000-000000000000"]}
        assert desk.post(f"{CHECKS}bulk/", chosen)["Location"] == CHECKS
        assert desk.post(f"{BATCHES}bulk/", chosen)["Location"] == BATCHES

    def test_batches_are_credited_but_for_those_with_something_unusual(self, desk):
        school = factories.institution()
        by = Actor(means="web", user=factories.clerk(school))
        plain = batches.submitted(school, by, row())
        other = factories.institution("三亚样例培训中心")
        large = batches.submitted(
            other, Actor(means="web", user=factories.clerk(other)), row(id_number=factories.fresh_id_number())
        )
        Batch.objects.filter(pk=large.pk).update(rows_total=100_000)
        chosen = {"chosen": [str(plain.pk), str(large.pk)]}
        assert "行数异常多" in text_of(desk.post(f"{BATCHES}bulk/", chosen))
        assert not CERecord.objects.exists()
        desk.post(f"{BATCHES}bulk/", chosen | {"confirmed": "1"})
        assert Batch.objects.get(pk=plain.pk).state == BatchState.APPROVED
        assert Batch.objects.get(pk=large.pk).state == BatchState.SUBMITTED
        assert CERecord.objects.count() == 1


class TestOtherQueues:
    def test_services_are_filtered_by_kind_and_post(self, desk):
        for name, kind, post in (("陈海生", "cancellation", "101"), ("王建国", "extension", "111")):
            paper = factories.paper(factories.person(name), post_code=post)
            LegacyServiceRequest.objects.create(
                certificate=paper, kind=kind, requested_at=clock.now(), requested_by=factories.worker()
            )
        services = reverse("review-services")
        for query, shown, hidden in (
            ("?kind=cancellation", "陈海生", "王建国"),
            ("?post=111", "王建国", "陈海生"),
        ):
            page = text_of(desk.get(f"{services}{query}"))
            assert shown in page
            assert hidden not in page
        assert "陈海生" in text_of(desk.get(f"{services}?kind=none&post=%00"))

    def test_reports_of_a_designation_are_filtered_by_area(self, desk):
        for area, authority in (("460100", "甲局"), ("460200", "乙局")):
            designation_report(area_code=area, authority=authority, account="x", reported_by=None, by=WEB)
        reports = reverse("review-designation-reports")
        page = text_of(desk.get(f"{reports}?area=460100"))
        assert "甲局" in page
        assert "乙局" not in page
        assert "乙局" in text_of(desk.get(f"{reports}?area=999999"))

    @pytest.mark.parametrize(
        ("page", "query"),
        [("review-services", "kind=extension"), ("review-designation-reports", "area=460100")],
    )
    def test_keep_their_filters_under_a_name_too(self, desk, page, query):
        kept = desk.post("/review/filters/", {"page": page, "query": f"{query}&x=1", "name": "常用"})
        assert kept["Location"] == f"{reverse(page)}?{query}"
        assert "常用" in text_of(desk.get(reverse(page)))


class TestNamedFilters:
    def keep(self, desk, **said):
        return desk.post(
            "/review/filters/", {"page": "review-batches", "query": "unusual=on", "name": "异常"} | said
        )

    def test_are_kept_for_the_account_and_lead_back_to_the_list(self, desk, reviewer):
        assert self.keep(desk)["Location"] == f"{BATCHES}?unusual=on"
        assert "异常" in text_of(desk.get(BATCHES))
        assert SavedFilter.objects.get().user == reviewer
        assert 'aria-current="true"' in content_of(desk.get(f"{BATCHES}?unusual=on"))

    def test_are_nobody_elses(self, desk):
        self.keep(desk)
        colleague = browser(factories.reviewer())
        saved = SavedFilter.objects.get()
        assert f"/review/filters/{saved.pk}/" in content_of(desk.get(BATCHES))
        assert f"/review/filters/{saved.pk}/" not in content_of(colleague.get(BATCHES))
        assert colleague.post(f"/review/filters/{saved.pk}/delete/").status_code == 404
        assert desk.post(f"/review/filters/{saved.pk}/delete/")["Location"] == BATCHES
        assert not SavedFilter.objects.exists()

    def test_one_of_the_same_name_takes_the_others_place(self, desk):
        self.keep(desk)
        self.keep(desk, query="overdue=on")
        assert SavedFilter.objects.get().query == "overdue=on"

    def test_keep_only_what_the_list_filters_by(self, desk):
        self.keep(desk, query="unusual=on&page=3&id_number=469900198506150011")
        assert SavedFilter.objects.get().query == "unusual=on"

    @pytest.mark.parametrize("said", [{"name": ""}, {"name": "\u200b"}, {"query": ""}, {"query": "page=2"}])
    def test_without_a_name_or_a_filter_nothing_is_kept_and_it_is_said(self, desk, said):
        answer = desk.post(
            "/review/filters/",
            {"page": "review-batches", "query": "unusual=on", "name": "x"} | said,
            follow=True,
        )
        assert "未保存" in text_of(answer)
        assert not SavedFilter.objects.exists()


class TestAPersonsFile:
    @pytest.fixture
    def somebody(self):
        owner = factories.worker(factories.person("欧阳海生")).person
        factories.paper(owner, number="琼样培 20201234")
        factories.record(owner, hours=285)
        return owner

    @pytest.mark.parametrize("typed", ["琼样培20201234", "欧阳海生"])
    def test_is_found_by_number_and_name(self, desk, somebody, typed):
        assert desk.post("/review/people/", {"text": typed})["Location"] == f"/review/people/{somebody.pk}/"

    def test_is_found_by_id_number_which_stays_out_of_every_address(self, desk, somebody):
        answer = desk.post("/review/people/", {"text": somebody.id_number})
        assert answer["Location"] == f"/review/people/{somebody.pk}/"
        assert desk.get("/review/people/", {"text": somebody.id_number}).status_code == 200
        assert "欧阳" not in content_of(desk.get("/review/people/", {"text": "欧阳"}))

    def test_lists_several_and_says_when_there_is_nobody(self, desk, somebody):
        factories.person("欧阳海燕")
        assert "2" in text_of(desk.post("/review/people/", {"text": "欧阳"}))
        assert "没有查到" in text_of(desk.post("/review/people/", {"text": "司徒"}))

    def test_shows_everything_masked_with_its_history_in_words(self, desk, somebody):
        client = browser(somebody.user)
        client.post("/language/", {"language": "en"})
        desk.post(f"/review/people/{somebody.pk}/id-number/", {"reason": "核对档案"})
        page = desk.get(f"/review/people/{somebody.pk}/")
        shown = text_of(page)
        for part in ("欧阳海生", "琼样培", "28.5", "核对档案", somebody.masked_id_number):
            assert part in shown
        assert not ID_NUMBER.search(shown)
        assert "accounts." not in shown  # no code stands for words

    @pytest.mark.parametrize("role", [Role.COUNTY, Role.CLERK, Role.EMPLOYER, Role.OPERATOR])
    def test_is_closed_to_others(self, somebody, role):
        values = {"area_code": "460100"} if role == Role.COUNTY else {}
        other = browser(factories.clerk() if role == Role.CLERK else factories.staff(role, **values))
        assert other.get(f"/review/people/{somebody.pk}/").status_code == 404
