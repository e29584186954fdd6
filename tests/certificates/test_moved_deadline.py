"""A later notice, announced on 20 December 2020, moves the last day to 30 June 2021: one more entry in the pack.

The gate, the closing job, the pages and the reminders follow, and the main job is done in spring.
"""

import pytest
from django.conf import settings as django_settings
from django.test import Client

from certificates.models import WindowClosing
from certificates.services.closing import window_close_if_due
from certificates.services.exchange import ExchangeRefusedError, certificate_exchange
from portal import clock
from portal.events.models import Event
from portal.events.services import Actor
from tests import factories
from tests.factories import shanghai

pytestmark = pytest.mark.django_db

JOB = Actor.job("close_window")
ONE_MORE_ENTRY = "{ since = 2020-12-20, value = 2021-06-30 }"


@pytest.fixture(autouse=True)
def _later_notice(settings, tmp_path):
    shipped = (django_settings.BASE_DIR / "portal/policy/hainan-2020.toml").read_text("utf-8")
    head, section, rest = shipped.partition("[exchange.window_end]")
    moved = rest.replace("value = 2020-12-31 }]", f"value = 2020-12-31 }}, {ONE_MORE_ENTRY}]", 1)
    path = tmp_path / "hainan-2020.toml"
    path.write_text(head + section + moved, "utf-8")
    settings.POLICY_PACK = str(path)


def stand_at(*parts):
    clock.move_to(shanghai(*parts), running=False)


def click(paper):
    return certificate_exchange(certificate=paper, by=Actor.command("test"))


def test_the_main_job_is_done_after_the_old_deadline_and_says_under_which_rules():
    worker = factories.worker(factories.person())
    paper = factories.paper(worker.person)
    factories.record(worker.person)
    stand_at(2021, 3, 1, 9)
    client = Client()
    client.force_login(worker)
    assert "2021年6月30日" in client.get("/me/").content.decode()
    answer = client.post(f"/me/certificates/{paper.pk}/exchange/")
    paper.refresh_from_db()
    assert answer.status_code == 302
    assert paper.status == "exchanged"
    decision = Event.objects.get(verb="certificates.exchange.completed").data["decision"]
    assert decision["checks"][0]["facts"]["closes"] == "2021-06-30"
    assert decision["policy"]["on"] == "2021-03-01"


@pytest.mark.parametrize(("moment", "open_"), [((2021, 6, 30, 23, 59, 59), True), ((2021, 7, 1), False)])
def test_the_gate_stands_at_the_new_day(moment, open_):
    paper = factories.ready_to_exchange()
    stand_at(*moment)
    if open_:
        assert click(paper).issued_at == clock.now()
    else:
        with pytest.raises(ExchangeRefusedError):
            click(paper)


def test_the_job_leaves_the_old_day_alone_and_closes_after_the_new_one():
    stand_at(2021, 1, 1)
    assert window_close_if_due(by=JOB) is None
    stand_at(2021, 7, 1)
    window_close_if_due(by=JOB)
    assert WindowClosing.objects.get().closes_on.isoformat() == "2021-06-30"


def test_before_the_announcement_everybody_reads_the_old_day():
    stand_at(2020, 12, 19, 23, 59)
    assert "2020年12月31日" in Client().get("/").content.decode()
    stand_at(2020, 12, 20)
    assert "2021年6月30日" in Client().get("/").content.decode()
