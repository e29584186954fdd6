"""Two years with too few hours: a job proposes, the holder is heard, two reviewers decide, and nobody else."""

import json

import pytest
from playwright.sync_api import expect

from tests.certificates.lapsing import LAST_DAY, OBJECTION_OVER
from tests.journeys.signing_in import sign_in

LAPSED = """
import json
from tests import factories
from tests.certificates.lapsing import lapsed, night
certificate = lapsed()
night()
reviewers = [factories.reviewer(name).username for name in ("first", "second")]
print(json.dumps({"id": str(certificate.pk), "number": certificate.number, "reviewers": reviewers,
                  "holder": certificate.person.id_number}))
"""


@pytest.fixture
def given(stack):
    stack.empty()
    stack.move_clock(LAST_DAY)
    return json.loads(stack.python(LAPSED).splitlines()[-1])


def decide(page, act, number):
    page.goto("/review/voiding/")
    if not page.get_by_role("link", name=number).count():
        page.goto("/review/voiding/second/")
    page.get_by_role("link", name=number).first.click()
    page.locator(f"[name=act][value={act}]").locator("xpath=ancestor::form").locator("button").first.click()


def test_a_certificate_short_of_hours_is_voided_by_two_reviewers_after_its_holder_was_heard(
    page, stack, given, picture
):
    # Given a holder who sees what is proposed, why, and by when to object
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, given["holder"])
    page.goto("/me/education/")
    expect(page.get_by_role("main")).to_contain_text("2021")
    picture("standing-phone")
    page.goto(f"/me/electronic/{given['id']}/voiding/")
    expect(page.get_by_role("main")).to_contain_text("64")
    page.fill("[name=text]", "2022年的培训记录尚未报送，请核实。")
    page.locator("form:has([name=text]) button[type=submit]").click()
    expect(page.get_by_role("main")).to_contain_text("尚未报送")
    picture("voiding-objection-phone")
    # When one reviewer confirms after the days for objecting, the certificate is still valid
    page.set_viewport_size({"width": 1280, "height": 900})
    stack.move_clock(OBJECTION_OVER)
    sign_in(page, given["reviewers"][0])
    decide(page, "confirm", given["number"])
    picture("review-voiding")
    page.goto(f"/v/{given['number']}")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "valid")
    # And only when another one approves it is void
    sign_in(page, given["reviewers"][1])
    decide(page, "approve", given["number"])
    page.goto(f"/v/{given['number']}")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "void")
    picture("verify-void")
