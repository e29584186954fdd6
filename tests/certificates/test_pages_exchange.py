"""更新 on the screen: one confirmation, one certificate, and an honest refusal."""

import time
from datetime import timedelta

import pytest

from certificates.models import ElectronicCertificate
from portal import clock
from tests import factories
from tests.factories import shanghai

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_window(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


@pytest.fixture
def paper(client):
    ready = factories.ready_to_exchange(name="陈海生")
    client.force_login(factories.worker(ready.person))
    return ready


def address(paper):
    return f"/me/certificates/{paper.pk}/exchange/"


def test_the_confirmation_says_what_will_be_printed_and_what_becomes_void(client, paper):
    page = client.get(address(paper)).content.decode()
    assert f"纸质证书 {paper.number} 即时作废" in page
    assert "陈海生" in page
    assert paper.person.masked_id_number in page
    assert "/me/photo/image/" in page
    paper.refresh_from_db()
    assert paper.status == "active"


def test_a_post_exchanges_and_says_what_happens_next(client, paper):
    answer = client.post(address(paper), follow=True)
    electronic = ElectronicCertificate.objects.get(replaces=paper)
    assert answer.redirect_chain == [(f"/me/electronic/{electronic.pk}/?done", 302)]
    page = answer.content.decode()
    assert "电子证书已生成" in page
    assert f"纸质证书 {paper.number} 已作废" in page


def test_a_second_post_leads_to_the_same_certificate(client, paper):
    first, second = client.post(address(paper)), client.post(address(paper))
    assert first["Location"] == second["Location"]
    assert ElectronicCertificate.objects.count() == 1


def test_the_confirmation_of_an_exchanged_paper_leads_to_its_certificate(client, paper):
    client.post(address(paper))
    electronic = ElectronicCertificate.objects.get(replaces=paper)
    assert client.get(address(paper))["Location"] == f"/me/electronic/{electronic.pk}/"


def test_a_refused_post_lists_all_twelve_checks_and_changes_nothing(client):
    paper = factories.paper(factories.person(photo=False))
    client.force_login(factories.worker(paper.person))
    answer = client.post(address(paper))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert page.count("data-check=") == 12
    assert "未办理换证" in page
    assert 'href="/me/photo/"' in page
    paper.refresh_from_db()
    assert paper.status == "active"


def test_looking_at_the_same_list_is_no_error(client):
    paper = factories.paper(factories.person(photo=False))
    client.force_login(factories.worker(paper.person))
    answer = client.get(address(paper))
    assert (answer.status_code, answer.content.decode().count("data-check=")) == (200, 12)
    assert "未办理换证" not in answer.content.decode()


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (shanghai(2020, 12, 31, 23, 59, 59) + timedelta(milliseconds=999), 302),
        (shanghai(2021, 1, 1), 409),
    ],
)
def test_the_last_millisecond_counts_and_midnight_does_not(client, paper, moment, status):
    clock.move_to(moment, running=False)
    answer = client.post(address(paper))
    assert answer.status_code == status
    if status == 409:
        assert 'data-check="window_open" data-result="fail"' in answer.content.decode()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (shanghai(2020, 12, 31, 23, 59, 59) + timedelta(milliseconds=999), 302),
        (shanghai(2021, 1, 1), 409),
    ],
)
def test_midnight_is_that_of_shanghai_wherever_the_machine_stands(
    client, paper, zone, moment, status, monkeypatch
):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        clock.move_to(moment, running=False)
        assert client.post(address(paper)).status_code == status
    finally:
        monkeypatch.undo()
        time.tzset()


def test_under_another_name_nothing_is_exchanged_and_the_way_out_is_shown(client):
    owner = factories.person("符亚明")
    factories.record(owner)
    paper = factories.paper(owner, holder_name="符阿强")
    client.force_login(factories.worker(owner))
    answer = client.post(address(paper))
    assert answer.status_code == 409
    assert "符阿强" not in answer.content.decode()
    assert "services/change_of_information/" in answer.content.decode()
    assert not ElectronicCertificate.objects.exists()


def test_another_method_is_refused(client, paper):
    assert client.put(address(paper)).status_code == 405


def test_without_the_form_token_nothing_happens(paper):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(paper.person.user)
    assert strict.post(address(paper)).status_code == 403
    assert not ElectronicCertificate.objects.exists()
