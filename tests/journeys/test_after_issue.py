"""Two reviewers suspend a certificate; whoever checks it is told at once, and the log proves it afterwards."""

import json

import pytest
from playwright.sync_api import expect

from tests.factories import shanghai
from tests.journeys.signing_in import sign_in

EXCHANGED = """
import json
from certificates.services.documents import document_ensure
from certificates.services.exchange import certificate_exchange
from portal.events.services import Actor
from tests import factories
certificate = certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("journey"))
document = document_ensure(certificate=certificate)
people = [factories.reviewer(name).username for name in ("first", "second")]
print(json.dumps({"id": str(certificate.pk), "number": certificate.number, "people": people, "pdf": document.file.open().read().hex()}))
"""


@pytest.fixture
def given(stack):
    stack.empty()
    stack.move_clock(shanghai(2020, 12, 1, 9))
    return json.loads(stack.python(EXCHANGED).splitlines()[-1])


def on_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})


def test_a_certificate_is_suspended_by_two_people_and_everybody_is_told(page, stack, given, picture):
    address = f"/review/certificates/{given['id']}/"
    # Given a reviewer who asks for a suspension
    sign_in(page, given["people"][0])
    page.goto(address)
    form = page.locator("form:has(input[value=suspend])")
    form.locator("select").select_option("complaint")
    form.locator("textarea").fill("接到举报，正在核查。")
    picture("review-certificate")
    form.locator("button").click()
    expect(page.locator("#waiting")).to_be_visible()
    # When another reviewer approves it from the inbox
    sign_in(page, given["people"][1])
    page.goto("/review/certificates/")
    picture("review-certificates")
    page.get_by_role("link", name=given["number"]).click()
    page.locator("form:has(input[value=approve]) button").click()
    expect(page.locator(".moj-timeline")).to_contain_text("电子证书暂停")
    on_phone(page)
    picture("review-certificate-phone")
    # Then whoever checks the number is told, without a name
    page.context.clear_cookies()
    page.goto(f"/v/{given['number']}")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "suspended")
    picture("verify-number-phone")
    # and whoever knows the name sees what is printed
    page.fill("[name=name]", "陈海生")
    page.locator("form:has([name=name]) button").click()
    expect(page.locator("[data-printed]")).to_contain_text("陈海生")
    picture("verify-printed-phone")
    # and a PDF is judged with the state of today
    page.goto("/verify/file/")
    pdf = {"name": "certificate.pdf", "mimeType": "application/pdf", "buffer": bytes.fromhex(given["pdf"])}
    page.set_input_files("[name=file]", pdf)
    page.locator("form:has([name=file]) button").click()
    expect(page.locator("[data-verdict]")).to_have_attribute("data-verdict", "ours")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "suspended")
    picture("verify-file-phone")
    # and a list of numbers
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/verify/list/")
    page.fill("[name=text]", f"{given['number']}\n4620201010000027")
    page.locator("button:not([name=act])[type=submit]").last.click()
    expect(page.locator("tbody tr")).to_have_count(2)
    picture("verify-list")
    # and the log bears it out
    stack.manage("log", "sequence")
    assert "日志与数据逐条相符" in stack.manage("log", "verify")
