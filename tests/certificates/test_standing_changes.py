"""What follows from a settlement: rows at once where hours or certificates come, events and notices, the commands."""

import csv
import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from certificates.documents.issuer import create_demo_issuer
from certificates.models import CertificateStanding, ElectronicCertificate, SettlementRun
from certificates.replay import exchange_replay, facts_as_json, facts_from_json
from certificates.selectors import ce_records_of, electronic_standing, exchange_facts, stored_standing
from certificates.services.exchange import ExchangeRefusedError, certificate_exchange
from certificates.services.standing import standings_settle, standings_settle_if_due
from certificates.services.voiding import voidings_propose_if_due
from certificates.tasks import settle_standings
from portal import clock
from portal.accounts.models import Role
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from portal.notices.services import wording
from portal.policy import current_pack, load_pack
from tests import factories
from tests.education.batches import approved
from tests.education.sheets import row
from tests.factories import shanghai

pytestmark = pytest.mark.django_db
JOB = Actor.job("test")


def stop(*parts):
    clock.move_to(shanghai(*parts), running=False)


def electronic(owner, issued_at=None, **values):
    return ElectronicCertificate.objects.create(
        **{
            "number": f"E{owner.pk.hex[:8]}", "person": owner, "replaces": factories.paper(owner, status="exchanged",
            status_changed_at=factories.LONG_AGO), "holder_name": owner.name, "post_code": "101", "photo": owner.photo,
            "issued_at": issued_at or shanghai(2020, 11, 20, 10), **values,
        }
    )  # fmt: skip


def taken(owner, ended_on, hours=320, **values):
    return factories.record(
        owner, ended_on=ended_on, started_on=ended_on, hours=hours, professional_hours=hours * 7 // 10,
        course=f"course of {ended_on}", **values,
    )  # fmt: skip


def changes():
    found = Event.objects.filter(verb="certificates.standing.changed").order_by("pk")
    return [(event.data["from"], event.data["to"]) for event in found]


class TestAYearGoesBy:
    def test_each_change_is_an_event_and_tells_the_holder_once(self):
        """2.1: at risk when a year ends short, on track again by hours, lapsed when the window is decided."""
        owner = factories.person()
        certificate = electronic(owner)
        taken(owner, date(2021, 6, 1), 160)
        for moment in [(2021, 12, 31), (2022, 1, 1), (2022, 1, 2), (2023, 1, 31), (2023, 2, 1), (2023, 2, 2)]:
            stop(*moment, 3)
            standings_settle_if_due(by=JOB)
            voidings_propose_if_due(by=JOB)

        assert changes() == [("on_track", "at_risk"), ("at_risk", "lapsed")]
        told = list(Notice.objects.filter(person=owner).order_by("pk"))
        assert [notice.code for notice in told] == [
            "certificates.standing_at_risk",
            "certificates.voiding_proposed",  # one message about the failed window, not two
        ]
        assert told[0].link == f"/me/electronic/{certificate.pk}/"
        assert told[1].link == f"/me/electronic/{certificate.pk}/voiding/"
        assert "48" in wording(told[0])[1]
        assert certificate.number in wording(told[1])[1]
        event = Event.objects.filter(verb="certificates.standing.changed").order_by("pk").last()
        assert (event.subject_id, event.person_id) == (str(certificate.pk), owner.pk)
        assert (event.data["as_of"], event.data["pack"], event.data["clause"]) == (
            "2023-02-01",
            "hainan-2020",
            "2.1",
        )

    def test_a_safety_officer_is_told_under_the_own_clause(self):
        """3.1a: hours every year, no window."""
        factories.paper(
            factories.person(), kind="safety_officer", issued_on=date(2020, 5, 4), expires_on=None
        )
        for moment in [(2021, 12, 31), (2022, 1, 1), (2026, 1, 1)]:
            stop(*moment, 3)
            standings_settle_if_due(by=JOB)

        assert changes() == [("on_track", "at_risk")]
        assert Event.objects.get(verb="certificates.standing.changed").data["clause"] == "3.1a"
        assert "3.1a" in wording(Notice.objects.get(code="certificates.standing_at_risk"))[1]

    def test_an_officer_whose_certificate_ends_has_no_standing(self):
        paper = factories.paper(factories.person(), kind="safety_officer")
        stop(2021, 6, 1)
        standings_settle_if_due(by=JOB)
        assert CertificateStanding.objects.get().legacy == paper
        paper.status, paper.status_changed_at = "void", clock.now()
        paper.save()
        stop(2021, 6, 2)
        standings_settle_if_due(by=JOB)
        assert not CertificateStanding.objects.exists()

    def test_a_corrected_registry_entry_is_settled_anew_in_the_night(self):
        paper = factories.paper(factories.person(), kind="safety_officer", issued_on=date(2018, 5, 4))
        stop(2021, 6, 1)
        standings_settle_if_due(by=JOB)
        paper.issued_on = date(2019, 5, 4)
        paper.save()
        stop(2021, 6, 2)
        standings_settle_if_due(by=JOB)
        assert CertificateStanding.objects.get().first_start == date(2020, 1, 1)

    def test_nobody_is_told_of_a_day_that_is_not_today(self):
        electronic(factories.person())
        stop(2021, 6, 1)
        standings_settle(as_of=date(2021, 6, 1), by=JOB)
        standings_settle(as_of=date(2024, 6, 1), by=JOB)
        assert CertificateStanding.objects.get().status == "lapsed"
        assert changes() == []

    def test_once_a_day_in_shanghai(self):
        electronic(factories.person())
        stop(2021, 5, 31, 23, 59)
        settle_standings()
        settle_standings()
        stop(2021, 6, 1, 0, 1)
        settle_standings()
        settle_standings()
        days = SettlementRun.objects.order_by("pk").values_list("as_of", "recounted", "rows_written")
        assert list(days) == [(date(2021, 5, 31), True, 1), (date(2021, 6, 1), False, 0)]


class TestAtOnce:
    def test_an_approved_batch_settles_the_people_it_credits(self, settings):
        settings.ISSUER_KEY = create_demo_issuer()[0]
        school = factories.institution()
        by, judge = Actor("web", factories.clerk(school)), Actor("web", factories.reviewer())
        owner, other = factories.person("陈海生"), factories.person("林南")
        for holder in (owner, other):
            electronic(holder)
            taken(holder, date(2021, 6, 1), 160)
        stop(2022, 3, 1, 9)
        standings_settle_if_due(by=JOB)
        approved(school, by, judge, row(
            身份证号=owner.id_number, 姓名="陈海生", 开始日期="2022-02-01", 结束日期="2022-02-20", 总学时=48, 专业学时=34,
        ))  # fmt: skip

        stored = {row_.electronic.person_id: row_ for row_ in CertificateStanding.objects.all()}
        assert (stored[owner.pk].status, stored[owner.pk].hours) == ("on_track", [160, 480])
        assert (stored[other.pk].status, stored[other.pk].hours) == ("at_risk", [160, 0])
        assert changes() == [("at_risk", "on_track")]
        assert Event.objects.get(verb="certificates.standing.changed").actor_id == judge.user.pk

    def test_an_exchange_gives_its_certificate_a_standing(self):
        paper = factories.ready_to_exchange()
        stop(2020, 12, 28, 9)
        made = certificate_exchange(certificate=paper, by=JOB)
        stored = made.standing
        assert (stored.status, stored.first_start, stored.pack) == (
            "not_due",
            date(2021, 1, 1),
            "hainan-2020",
        )
        assert stored.changes_on == date(2021, 1, 1)

    def test_the_stored_standing_refuses_a_day_it_was_not_settled_for(self):
        owner = factories.person()
        certificate = electronic(owner)
        day = date(2021, 6, 1)
        standings_settle(as_of=day, by=JOB)
        stored, policy = CertificateStanding.objects.get(), current_pack().on(day)
        expected = electronic_standing(certificate, ce_records_of(owner), at=shanghai(2021, 12, 31, 12))
        as_of = date(2021, 12, 31)
        assert stored_standing(stored, current_pack().on(as_of), as_of=as_of) == expected
        for other in (day - timedelta(days=1), date(2022, 1, 1)):
            with pytest.raises(ValueError, match="Settled for"):
                stored_standing(stored, policy, as_of=other)


class TestReplay:
    def events(self):
        stop(2020, 12, 28, 9)
        refused = factories.paper(factories.person("林南"))
        with pytest.raises(ExchangeRefusedError):
            certificate_exchange(certificate=refused, by=JOB)
        certificate_exchange(certificate=factories.ready_to_exchange(), by=JOB)
        return Event.objects.filter(verb__startswith="certificates.exchange.").order_by("pk")

    def test_a_stored_decision_comes_out_the_same_under_the_policy_of_then(self):
        for event in self.events():
            replay = exchange_replay(event, current_pack().on(date(2020, 12, 28)))
            assert not [each for each in replay.checks if each.differs]
            assert len(replay.checks) == 12

    def test_what_an_event_keeps_names_nobody(self):
        events = self.events()
        kept = json.dumps([event.data["facts"] for event in events], ensure_ascii=False)
        assert "林南" not in kept
        assert "469900" not in kept
        assert "number" not in kept

    def test_facts_survive_being_kept(self):
        owner = factories.person()
        factories.record(owner, hours=285)
        paper = factories.paper(owner, in_national_system=False)
        facts = exchange_facts(paper, owner, ce_records_of(owner))
        assert facts_from_json(json.loads(json.dumps(facts_as_json(facts)))) == facts

    def test_the_command_shows_what_another_pack_would_say(self):
        event = self.events().get(verb="certificates.exchange.completed")
        assert "0 of 12 checks differ" in said("replay", event.pk)
        assert "0 of 12 checks differ" in said("replay", event.pk, policy="today")
        assert "1 of 12 checks differ" in said("replay", event.pk, policy="hubei-2021")

    def test_the_command_shows_an_outcome_that_would_be_another(self):
        """A paper that waits for its archive check can still be exchanged in the one province and no longer in the other."""
        stop(2020, 10, 1, 9)
        with pytest.raises(ExchangeRefusedError):
            certificate_exchange(
                certificate=factories.paper(factories.person(), in_national_system=False), by=JOB
            )
        event = Event.objects.get(verb="certificates.exchange.refused")
        other = said("replay", event.pk, policy="hubei-2021")
        assert "not_yet → ineligible; " in other
        assert "differs" in other

    def test_an_event_without_a_decision_is_refused_by_name(self):
        self.events()
        imported = Event.objects.create(at=clock.now(), verb="certificates.document.rendered", means="job")
        with pytest.raises(CommandError, match="keeps no decision"):
            said("replay", imported.pk)
        with pytest.raises(CommandError, match="no event 0"):
            said("replay", 0)


def said(*words, **options):
    output = StringIO()
    call_command(*map(str, words), stdout=output, **options)
    return output.getvalue()


@pytest.fixture
def two_holders():
    """One stands alike under both packs; the other's first period has begun under hubei-2021 only."""
    stop(2020, 12, 30, 9)
    alike = electronic(factories.person("林南"), issued_at=shanghai(2020, 12, 30, 8), number="E1")
    begun = electronic(factories.person("陈海生", area_code="460200"), number="E2")
    return alike, begun


class TestPreview:
    @pytest.mark.usefixtures("two_holders")
    def test_the_command_counts_by_city_and_post_and_lists_numbers(self, tmp_path):
        path = tmp_path / "list.csv"
        shown = said("policy", "preview", "hubei-2021", "--as-of", "2020-12-30", "--csv", path)

        assert "not_due → on_track: 1" in shown
        assert "1 certificates would change status" in shown
        assert list(csv.DictReader(path.read_text("utf-8-sig").splitlines())) == [
            {"number": "E2", "kind": "electronic", "area_code": "460200", "post_code": "101",
             "before": "not_due", "after": "on_track"}
        ]  # fmt: skip
        assert not CertificateStanding.objects.exists()

    def test_a_pack_that_is_none_is_named(self):
        with pytest.raises(CommandError, match="no policy pack"):
            said("policy", "preview", "atlantis-2020")

    @pytest.mark.usefixtures("two_holders")
    def test_the_page_shows_the_chief_the_same(self, client):
        client.force_login(factories.staff(Role.CHIEF))
        address = reverse("review-policy-preview")
        assert client.get(address).status_code == 200
        page = client.get(address, {"pack": "hubei-2021", "as_of": "2020-12-30"})
        assert page.context["total"] == 1
        listed = b"".join(
            client.get(address, {"pack": "hubei-2021", "as_of": "2020-12-30", "csv": 1}).streaming_content
        )
        assert listed.decode("utf-8-sig").splitlines()[1:] == ["E2,electronic,460200,101,not_due,on_track"]
        assert client.get(address, {"pack": "atlantis", "as_of": "soon"}).status_code == 422

    @pytest.mark.parametrize("role", [Role.REVIEWER, Role.OPERATOR])
    def test_nobody_else_finds_the_page(self, client, role):
        client.force_login(factories.staff(role))
        assert client.get(reverse("review-policy-preview")).status_code == 404


def test_the_settle_command_says_how_many_stand_where():
    electronic(factories.person())
    shown = said("settle_standing", "--as-of", "2024-06-01")
    assert "1 certificates, 1 rows written" in shown
    assert "lapsed: 0 → 1" in shown
    assert "1 certificates, 0 rows written" in said("settle_standing", "--as-of", "2024-06-02", "--from-sums")


def test_other_rules_make_everybody_counted_again(settings):
    electronic(factories.person(), number="E9")
    stop(2021, 6, 1)
    standings_settle_if_due(by=JOB)
    settings.POLICY_PACK = "hubei-2021"
    stop(2021, 6, 2)
    run = standings_settle_if_due(by=JOB)
    assert (run.recounted, run.pack, run.rows_written) == (True, load_pack("hubei-2021").name, 1)
    assert CertificateStanding.objects.get().first_start == date(2020, 11, 21)
