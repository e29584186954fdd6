"""A receipt proves for ever what was reported and when: under former keys too, and not with one character altered."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from joserfc import jws
from joserfc.jwk import ECKey
from rest_framework.test import APIClient

from certificates.documents.issuer import create_demo_issuer
from education import receipts
from education.receipts import ReceiptError, receipt_verify
from tests.education.batches import submitted
from tests.education.sheets import row, workbook

pytestmark = pytest.mark.django_db
PAGE = "/receipts/"
CALL = "/api/v1/receipts/verify/"


@pytest.fixture(autouse=True)
def _november(at):
    at(2020, 11, 2, 9)


@pytest.fixture
def content():
    return workbook(row(), row())


@pytest.fixture
def batch(school, by_clerk, content):
    return submitted(school, by_clerk, content=content)


@pytest.fixture
def anybody(client):
    client.cookies["django_language"] = "en"
    return client


def verdict(anybody, **sent):
    answer = anybody.post(PAGE, sent)
    assert answer.status_code == 200
    return answer.content.decode()


def test_no_character_of_it_can_be_another(batch):
    assert receipt_verify(batch.receipt)["batch"] == str(batch.pk)
    for place, character in enumerate(batch.receipt):
        other = "A" if character != "A" else "B"
        with pytest.raises(ReceiptError):
            receipt_verify(batch.receipt[:place] + other + batch.receipt[place + 1 :])


def test_the_last_character_has_one_form_only(batch):
    """Four bits of it carry nothing; a reader that passes over them would take sixteen texts for one."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    good = [letter for letter in letters if _verifies(batch.receipt[:-1] + letter)]
    assert good == [batch.receipt[-1]]


def _verifies(text):
    try:
        return bool(receipt_verify(text))
    except ReceiptError:
        return False


@pytest.mark.parametrize("text", ["no receipt", "", "a.b", "é.é.é", "eyJ9.eyJ9.eyJ9", "x" * 5_000])
def test_what_is_none_is_refused(text):
    with pytest.raises(ReceiptError):
        receipt_verify(text)


def test_what_the_same_key_signed_for_another_purpose_is_no_receipt(batch, settings):
    key = ECKey.import_key(settings.ISSUER_KEY)
    for header in ({"typ": "JWT"}, {}):
        other = jws.serialize_compact({"alg": "ES256", "kid": key.thumbprint(), **header}, b"{}", key)
        with pytest.raises(ReceiptError):
            receipt_verify(other)


def test_it_verifies_after_the_key_was_replaced_since_the_public_half_stays_published(
    batch, settings, client
):
    former = ECKey.import_key(settings.ISSUER_KEY).thumbprint()
    settings.ISSUER_KEY = create_demo_issuer()[0]
    assert receipt_verify(batch.receipt)["batch"] == str(batch.pk)
    keys = json.loads(client.get(reverse("jwks")).content)["keys"]
    assert former in {key["kid"] for key in keys}


def test_a_key_that_never_signed_here_is_not_believed(batch, settings):
    stranger = ECKey.import_key(create_demo_issuer()[0])
    header = {"alg": "ES256", "typ": receipts.TYPE, "kid": stranger.thumbprint()}
    with pytest.raises(ReceiptError):
        receipt_verify(jws.serialize_compact(header, b"{}", stranger))
    header["kid"] = ECKey.import_key(settings.ISSUER_KEY).thumbprint()
    with pytest.raises(ReceiptError):
        receipt_verify(jws.serialize_compact(header, b"{}", stranger))


def test_with_the_issuers_key_in_a_security_module_the_key_for_credentials_signs(school, by_clerk, settings):
    settings.CREDENTIAL_KEY, settings.ISSUER_KEY = settings.ISSUER_KEY, ""
    assert receipt_verify(submitted(school, by_clerk).receipt)["place"] == 1


def test_anybody_pastes_or_uploads_one_and_reads_what_it_proves(anybody, batch, school):
    shown = verdict(anybody, text=f" {batch.receipt}\n")
    assert 'data-verdict="good"' in shown
    for fact in (school.name, school.code, batch.sha256, "2020-11 · 1"):
        assert fact in shown
    file = SimpleUploadedFile("receipt.jws", batch.receipt.encode())
    assert 'data-verdict="good"' in verdict(anybody, file=file)
    assert 'data-verdict="refused"' in verdict(anybody, text=batch.receipt[:-2])


def test_the_table_is_compared_by_its_fingerprint(anybody, batch, content):
    table = SimpleUploadedFile("十月.xlsx", content)
    assert "The table is the one that was reported" in verdict(anybody, text=batch.receipt, table=table)
    table = SimpleUploadedFile("十月.xlsx", content + b" ")
    assert "The table is another one" in verdict(anybody, text=batch.receipt, table=table)


def test_nothing_sent_and_no_text_at_all_are_said_at_the_field(anybody):
    assert "Paste the receipt" in anybody.post(PAGE, {}).content.decode()
    photo = SimpleUploadedFile("x.jws", b"\xff\xd8\xff")
    answer = anybody.post(PAGE, {"file": photo})
    assert (answer.status_code, "This file is no receipt" in answer.content.decode()) == (422, True)


def test_the_api_says_the_same_without_a_token(batch):
    api = APIClient()
    answer = api.post(CALL, {"receipt": batch.receipt}, format="json").json()
    assert (answer["genuine"], answer["receipt"]["file_sha256"]) == (True, batch.sha256)
    altered = api.post(CALL, {"receipt": batch.receipt[:-3]}, format="json")
    assert altered.json() == {"genuine": False, "receipt": None}
    assert api.post(CALL, {}, format="json").status_code == 400


def test_page_and_api_share_one_limit(anybody, batch):
    for _ in range(30):
        anybody.post(PAGE, {"text": batch.receipt})
    assert anybody.post(PAGE, {"text": batch.receipt}).status_code == 429
    assert APIClient().post(CALL, {"receipt": batch.receipt}, format="json").status_code == 429
