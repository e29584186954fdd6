from dataclasses import replace
from datetime import date

import pytest

from portal.events.models import Event
from portal.events.services import Actor
from portal.policy import load_pack
from portal.policy.pack import Version
from portal.policy_in_use import policy_note
from tests.parallel import in_threads

JOB = Actor.job("test")


def changes():
    return Event.objects.filter(verb="portal.policy.changed").order_by("id")


@pytest.mark.django_db
class TestAChangeOfPolicy:
    def test_the_first_values_are_recorded_once(self):
        pack = load_pack("hainan-2020")
        assert policy_note(pack=pack, by=JOB) == sorted(pack.entries)
        assert policy_note(pack=pack, by=JOB) == []
        assert changes().get().data["before"] is None

    def test_a_moved_deadline_is_named_though_it_is_not_in_force_yet(self):
        pack = load_pack("hainan-2020")
        policy_note(pack=pack, by=JOB)
        entry = pack.entries["exchange.window_end"]
        later = Version(since=date(2030, 1, 1), value=date(2031, 6, 30))
        moved = replace(entry, versions=(*entry.versions, later))
        changed = replace(pack, entries={**pack.entries, entry.key: moved})
        assert policy_note(pack=changed, by=JOB) == ["exchange.window_end"]
        assert changes().last().data["values"] == ["exchange.window_end"]

    def test_another_pack_is_named_with_the_one_before(self):
        policy_note(pack=load_pack("hainan-2020"), by=JOB)
        policy_note(pack=load_pack("hubei-2021"), by=JOB)
        data = changes().last().data
        assert (data["before"], data["pack"]) == ("hainan-2020", "hubei-2021")


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_notice_at_once_record_it_once():
    in_threads(4, lambda _: policy_note(pack=load_pack("hainan-2020"), by=JOB))
    assert changes().count() == 1
