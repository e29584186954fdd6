"""An inspector at a gate without a network, and somebody who scans a certificate's code."""

import json

import pytest
from playwright.sync_api import expect

from tests.factories import shanghai

EXCHANGED = """
import json
from dataclasses import replace
from certificates.credentials.facts import token_facts
from certificates.credentials.keys import signing_key
from certificates.credentials.token import token_sign
from certificates.services.documents import certificate_content, current_version
from certificates.services.exchange import certificate_exchange
from portal.events.services import Actor
from tests import factories
certificate = certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("journey"))
content = certificate_content(current_version(certificate))
lettered = replace(token_facts(current_version(certificate)), number="462020JZ101000012M")
lettered = token_sign(lettered, signing_key())
print(json.dumps({"number": certificate.number, "scanned": content.qr_payload, "lettered": lettered}))
"""
REVOKED = """
from certificates.models import ElectronicCertificate
from tests.certificates import measures
measures.revoked(ElectronicCertificate.objects.get(number="%s"))
"""


@pytest.fixture
def certificate(stack):
    stack.empty()
    stack.move_clock(shanghai(2020, 12, 1, 9))
    return json.loads(stack.python(EXCHANGED).splitlines()[-1])


@pytest.fixture
def code(certificate, tmp_path):
    """The QR symbol as a picture, as a phone would take it."""
    import zxingcpp
    from PIL import Image

    symbol = zxingcpp.create_barcode(certificate["scanned"], zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    path = tmp_path / "code.png"
    Image.fromarray(symbol.to_image(scale=6)).save(path)
    return path


def check(page, text):
    page.fill("#token", text)
    page.click("#paste button")
    expect(page.locator("#answer")).to_be_visible()
    return page.locator("#answer").get_attribute("data-state")


def test_codes_are_checked_without_a_network(page, stack, certificate, code, picture):
    # Given an inspector who opened the page with a network
    page.goto("/verify/offline/")
    expect(page.locator("#age")).to_contain_text("2020")
    page.evaluate("navigator.serviceWorker.ready")
    # When the network is gone
    page.context.set_offline(True)
    page.reload()
    # Then a picture of a code is read, and the code verified
    page.set_input_files("#picture", code)
    expect(page.locator("#answer")).to_have_attribute("data-state", "good")
    expect(page.locator("#facts")).to_contain_text("陈**")
    expect(page.locator("#facts")).to_contain_text(certificate["number"][:4])
    picture("offline-good")
    # And its text too, but not with one character altered
    assert check(page, certificate["scanned"]) == "good"
    last = certificate["scanned"][-1]
    assert check(page, certificate["scanned"][:-1] + ("0" if last != "0" else "1")) == "refused"
    assert check(page, "nonsense") == "refused"
    # And one whose number has letters, as another policy has them
    assert check(page, certificate["lettered"]) == "good"
    expect(page.locator("#facts")).to_contain_text("46 2020 JZ10 1000 012M")


def test_a_newer_snapshot_tells_what_was_revoked_since(page, stack, certificate, tmp_path):
    page.goto("/verify/offline/")
    assert check(page, certificate["scanned"]) == "good"
    stack.python(REVOKED % certificate["number"])
    snapshot = tmp_path / "snapshot.jwt"
    answer = page.request.get("/api/v1/status-lists/snapshot")
    expect(answer).to_be_ok()
    snapshot.write_bytes(answer.body())
    page.set_input_files("#snapshot", snapshot)
    state = check(page, certificate["scanned"])
    assert (state, page.locator("#snapshot-problem").text_content()) == ("revoked", "")
    other = tmp_path / "other.jwt"
    other.write_text(snapshot.read_text()[:-2] + "AA")
    page.set_input_files("#snapshot", other)
    expect(page.locator("#snapshot-problem")).not_to_be_empty()


def test_a_page_that_was_saved_works_as_a_file(page, stack, certificate, tmp_path):
    saved = tmp_path / "offline.html"
    saved.write_bytes(page.request.get("/verify/offline/").body())
    page.goto(saved.as_uri())
    assert check(page, certificate["scanned"]) == "good"


def test_a_scanned_code_opens_the_comparison(page, stack, certificate, picture):
    page.goto(
        certificate["scanned"].lower().partition("/v/")[0] + certificate["scanned"][len(stack.address) :]
    )
    expect(page.locator("[data-printed]")).to_contain_text("陈")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "valid")
    assert "#" not in page.url
    picture("scanned-code")
