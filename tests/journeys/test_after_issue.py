"""Two reviewers suspend a certificate; whoever checks it is told at once, and the log proves it afterwards."""

import base64
import gzip
import json

import pytest
from playwright.sync_api import expect

from tests.factories import shanghai
from tests.journeys.signing_in import sign_in

EXCHANGED = """
import json
from certificates.services.documents import certificate_content, current_version, document_ensure
from certificates.services.exchange import certificate_exchange
from portal.events.services import Actor
from tests import factories
certificate = certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("journey"))
document = document_ensure(certificate=certificate)
people = [factories.reviewer(name).username for name in ("first", "second", "third")]
scanned = certificate_content(current_version(certificate)).qr_payload
place = certificate.versions.get().status_index
print(json.dumps({"scanned": scanned, "place": place, "id": str(certificate.pk), "number": certificate.number, "people": people, "pdf": document.file.open().read().hex()}))
"""

PRESENT = """
import json
from certificates.models import ElectronicCertificate
from certificates.services.documents import certificate_content, current_version
version = current_version(ElectronicCertificate.objects.get())
print(json.dumps({"scanned": certificate_content(version).qr_payload, "place": version.status_index, "version": version.version}))
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
    page.locator("form:has([name=file]) button[type=submit]").click()
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


def payload(page, path):
    """What a signed text that is published says; other tests look at its signature."""
    body = page.request.get(path).text().split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def is_set(encoded, place):
    packed = base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4))
    return bool(gzip.decompress(packed)[place // 8] & 128 >> place % 8)


class Everywhere:
    """All the places at which somebody can look a certificate up, asked one after the other."""

    def __init__(self, page, number):
        self.page, self.number = page, number

    def says(self, state):
        self.page.context.clear_cookies()
        self.page.goto(f"/v/{self.number}")
        expect(self.page.locator("[data-state]")).to_have_attribute("data-state", state)
        assert self.page.request.get(f"/api/v1/verify/{self.number}/").json()["state"] == state

    def tells_of(self, code, *, revoked=False, suspended=False):
        expected = {"revocation-1": revoked, "suspension-1": suspended}
        lists = {
            name: payload(self.page, f"/api/v1/status-lists/{name}")["credentialSubject"]["encodedList"]
            for name in expected
        }
        for told in (lists, payload(self.page, "/api/v1/status-lists/snapshot")["lists"]):
            assert {name: is_set(told[name], code["place"]) for name in expected} == expected
        self.page.goto("/verify/offline/")
        self.page.fill("#token", code["scanned"])
        self.page.click("#paste button")
        shown = "revoked" if revoked else "suspended" if suspended else "good"
        expect(self.page.locator("#answer")).to_have_attribute("data-state", shown)


def take(page, given, kind, reason, **fields):
    """Fill in what a reviewer may do with the certificate, and send it."""
    page.goto(f"/review/certificates/{given['id']}/")
    form = page.locator(f"form:has(input[value={kind}])")
    form.locator("select").select_option(reason)
    form.locator("textarea").fill("经核查属实。")
    for name, value in fields.items():
        form.locator(f"[name={kind}-{name}]").fill(value)
    form.locator("button").click()


def approve(page, given):
    page.goto(f"/review/certificates/{given['id']}/")
    page.locator("form:has(input[value=approve]) button").click()


def test_a_certificate_lives_on_and_everybody_is_told_of_every_change(page, stack, given, picture):
    first, second, third = given["people"]
    everywhere = Everywhere(page, given["number"])
    # Given a certificate that is good wherever it is looked up
    everywhere.says("valid")
    everywhere.tells_of(given)
    # When one reviewer asks for a suspension, nothing changes
    sign_in(page, first)
    take(page, given, "suspend", "complaint")
    everywhere.says("valid")
    everywhere.tells_of(given)
    # But when a second one approves it, all are told at once
    sign_in(page, second)
    approve(page, given)
    everywhere.says("suspended")
    everywhere.tells_of(given, suspended=True)
    picture("offline-suspended")
    # When it is lifted, the same code is good again
    sign_in(page, third)
    take(page, given, "lift", "cleared")
    reviewer = page.context.cookies()
    everywhere.says("valid")
    everywhere.tells_of(given)
    # When the name is put right, the number stays good, and the former code is no more
    page.context.add_cookies(reviewer)
    take(page, given, "correct", "name_misspelt", name="陈海升")
    reviewer = page.context.cookies()
    present = json.loads(stack.python(PRESENT).splitlines()[-1])
    assert present["version"] == 2
    everywhere.says("valid")
    everywhere.tells_of(given, revoked=True)
    everywhere.tells_of(present)
    # When two reviewers revoke it, it is void for good, and both codes with it
    page.context.add_cookies(reviewer)
    take(page, given, "revoke", "fraud")
    everywhere.says("valid")
    stack.move_clock(shanghai(2020, 12, 1, 10))
    sign_in(page, first)
    approve(page, given)
    expect(page.locator(".moj-timeline")).to_contain_text("经核查属实。")
    everywhere.says("void")
    everywhere.tells_of(present, revoked=True)
    everywhere.tells_of(given, revoked=True)
    picture("offline-revoked")
    # And the log bears all of it out
    stack.manage("log", "sequence")
    assert "日志与数据逐条相符" in stack.manage("log", "verify", "--files")
