"""The plan of the sample province plays through the services of real users without one refusal."""

import json

import pytest
from django.core.management import call_command

from certificates.demo import Player
from certificates.models import ElectronicCertificate, LegacyCertificate
from certificates.selectors import ce_records_of, exchange_decision
from portal import clock
from portal.accounts.selectors import person_by_id_number
from portal.policy import Result

PEOPLE = 120


@pytest.mark.django_db
def test_everyone_does_what_the_plan_says_and_the_personas_stand_where_it_says(tmp_path):
    call_command("make_sample", people=PEOPLE, seed=11, out=tmp_path)
    plan = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    player = Player(tmp_path)
    player.play(lambda done, total: None)

    exchanges = sum(action["do"] == "exchange" for action in plan["actions"])
    assert ElectronicCertificate.objects.count() == exchanges > 5

    def stands(state):
        owner = person_by_id_number(player.people[plan["personas"][state]]["id_number"])
        paper = LegacyCertificate.objects.get(person=owner)
        return exchange_decision(paper, owner, ce_records_of(owner), at=clock.now())

    assert stands("ready").eligible
    short = {check.code for check in stands("short_of_hours").checks if check.result != Result.PASS}
    assert short <= {"ce_hours", "ce_professional_hours", "ce_assessment"}
    assert stands("exchanged").check("certificate_active").facts
