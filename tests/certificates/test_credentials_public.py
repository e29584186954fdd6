"""What anyone can fetch and check: keys, status lists, the snapshot, the comparison with a scanned code."""

import base64
import json
import re
import zlib
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from joserfc import jws
from joserfc.jwk import ECKey

from certificates.credentials.bitstring import ENTRIES
from certificates.credentials.jose import CredentialKey
from certificates.credentials.models import CertificateVersion, SigningKey
from certificates.documents.issuer import create_demo_issuer
from certificates.documents.qr import scan_address
from certificates.log.services import log_sequence
from certificates.models import ElectronicCertificate
from certificates.services import versions
from certificates.services.documents import certificate_content, current_version, document_ensure
from certificates.services.exchange import certificate_exchange
from certificates.services.versions import version_issue
from certificates.views.offline import BUILD
from portal import clock
from portal.events.services import Actor
from tests import factories
from tests.behind import no_triggers
from tests.certificates import measures
from tests.parallel import in_threads

pytestmark = pytest.mark.django_db
NOW = factories.shanghai(2020, 12, 1, 9, 20)


@pytest.fixture(autouse=True)
def _in_time(db):
    clock.move_to(NOW, running=False)


@pytest.fixture
def certificate():
    return exchanged()


def exchanged():
    return certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))


def fetch(url, **headers):
    response = Client().get(url, headers=headers)
    assert response.status_code == 200, response.content
    return response


class Outsider:
    """Checks a credential as a stranger would: fetches the keys and lists, and knows the standards, not the portal."""

    def __init__(self):
        keys = json.loads(fetch("/.well-known/jwks.json").content)["keys"]
        self.keys = {key["kid"]: ECKey.import_key(key) for key in keys}

    def read(self, text):
        kid = json.loads(base64.urlsafe_b64decode(text.split(".")[0] + "=="))["kid"]
        return json.loads(jws.deserialize_compact(text, self.keys[kid], algorithms=["ES256"]).payload)

    def is_set(self, entry):
        response = fetch(re.sub(r"^https?://[^/]+", "", entry["statusListCredential"]))
        assert response["Content-Type"] == "application/vc+jwt"
        listed = self.read(response.content.decode())
        subject = listed["credentialSubject"]
        assert listed["id"] == entry["statusListCredential"]
        assert "BitstringStatusListCredential" in listed["type"]
        assert (subject["type"], subject["statusPurpose"]) == ("BitstringStatusList", entry["statusPurpose"])
        assert listed["validFrom"] <= NOW.isoformat() < listed["validUntil"]
        packed = base64.urlsafe_b64decode(subject["encodedList"][1:] + "==")
        bits = "".join(f"{byte:08b}" for byte in zlib.decompress(packed, wbits=31))
        assert len(bits) >= 131_072
        return bits[int(entry["statusListIndex"])] == "1"

    def states(self, text):
        return {entry["statusPurpose"]: self.is_set(entry) for entry in self.read(text)["credentialStatus"]}


def credential_of(certificate):
    return certificate_content(current_version(certificate)).credential


# The credential and its status


def test_a_stranger_verifies_the_credential_with_what_is_published(certificate):
    said = Outsider().read(credential_of(certificate))
    assert said["credentialSubject"]["licenseNumber"] == certificate.number
    assert Outsider().states(credential_of(certificate)) == {"revocation": False, "suspension": False}


def test_a_change_of_state_shows_at_once_and_only_for_that_certificate(certificate):
    other, text = credential_of(exchanged()), credential_of(certificate)
    measures.suspended(certificate)
    assert Outsider().states(text) == {"revocation": False, "suspension": True}
    measures.lifted(certificate)
    assert Outsider().states(text) == {"revocation": False, "suspension": False}
    measures.revoked(certificate)
    assert Outsider().states(text) == {"revocation": True, "suspension": False}
    assert Outsider().states(other) == {"revocation": False, "suspension": False}


def corrected(certificate, name="陈海声"):
    with transaction.atomic():
        certificate.version, certificate.holder_name = certificate.version + 1, name
        certificate.save()
        return version_issue(certificate=certificate, at=NOW)


def test_a_superseded_version_is_revoked_and_keeps_what_it_printed(certificate):
    before = credential_of(certificate)
    version = corrected(certificate)
    assert Outsider().states(before)["revocation"] is True
    certificate.refresh_from_db()
    assert Outsider().states(credential_of(certificate)) == {"revocation": False, "suspension": False}
    first, second = certificate.versions.order_by("version")
    assert (first.holder_name, first.superseded_at) == ("陈海生", NOW)
    assert (second, second.holder_name, second.superseded_at) == (version, "陈海声", None)
    assert first.commitment_salt != second.commitment_salt
    assert (
        certificate_content(second).licence_identifier[:-6]
        == certificate_content(first).licence_identifier[:-6]
    )


def test_a_version_has_its_own_place_and_there_is_one_current_version(certificate):
    version = certificate.versions.get()
    for change in ({"version": 2}, {"version": 1, "superseded_at": NOW}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CertificateVersion.objects.create(
                **{**_values(version), "status_index": (version.status_index + 1) % ENTRIES, **change}
            )
    with pytest.raises(IntegrityError), transaction.atomic():
        CertificateVersion.objects.create(**{**_values(version), "version": 2, "superseded_at": NOW})


def _values(version):
    return {
        field.attname: getattr(version, field.attname)
        for field in version._meta.fields
        if not field.primary_key
    }


def test_a_place_that_is_taken_is_never_drawn_again(certificate, monkeypatch):
    taken = certificate.versions.get().status_index
    draws = iter([taken] * versions._DRAWS + [5 if taken != 5 else 6] * versions._DRAWS)
    monkeypatch.setattr(versions.secrets, "randbelow", lambda _entries: next(draws))
    with transaction.atomic():
        version = corrected(certificate)
    assert version.status_list == 2  # the first page counts as full, and the next one opens in both lists
    fetch("/api/v1/status-lists/revocation-2")
    fetch("/api/v1/status-lists/suspension-2")


@pytest.mark.django_db(transaction=True)
def test_places_drawn_at_the_same_time_differ(monkeypatch):
    """Six exchanges at once, all drawing from nine places: each one gets a place of its own."""
    clock.move_to(NOW, running=False)
    papers = [factories.ready_to_exchange() for _ in range(6)]
    narrow = iter([number % 9 for number in range(100_000)])
    monkeypatch.setattr(versions.secrets, "randbelow", lambda _entries: next(narrow))
    in_threads(6, lambda n: certificate_exchange(certificate=papers[n], by=Actor.command("test")))
    places = list(CertificateVersion.objects.values_list("status_list", "status_index"))
    assert len(places) == len(set(places)) == len(papers)


# How the lists are served


@pytest.mark.parametrize("name", ["revocation-1", "suspension-1"])
def test_a_list_is_there_before_the_first_certificate(name):
    assert fetch(f"/api/v1/status-lists/{name}")["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize(
    "name", ["revocation-2", "revocation-0", "revocation-01", "revocation", "other-1", "revocation-1/x"]
)
def test_a_list_that_is_not_there_is_a_problem_document(name):
    response = Client().get(f"/api/v1/status-lists/{name}")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("accept", ["application/vc+jwt", "*/*", "application/json", "text/html"])
def test_whatever_a_client_accepts_it_gets_the_list(accept):
    assert fetch("/api/v1/status-lists/revocation-1", accept=accept)["Content-Type"] == "application/vc+jwt"


def test_an_unchanged_list_is_not_sent_again_and_a_changed_one_is(certificate):
    url = "/api/v1/status-lists/revocation-1"
    tag = fetch(url)["ETag"]
    assert Client().get(url, headers={"If-None-Match": tag}).status_code == 304
    measures.revoked(certificate)
    assert Client().get(url, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("form", ["W/{}", '"other", {}', '"other" , W/{} ', "*"])
@pytest.mark.parametrize("path", ["revocation-1", "snapshot"])
def test_a_tag_is_known_in_every_form_in_which_it_comes_back(path, form):
    url = f"/api/v1/status-lists/{path}"
    tag = fetch(url)["ETag"]
    answer = Client().get(url, headers={"If-None-Match": form.format(tag)})
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    assert Client().get(url, headers={"If-None-Match": 'W/"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["revocation-1", "suspension-1", "snapshot"])
def test_what_is_published_is_signed_once_a_change(certificate, monkeypatch, path):
    signed = []
    sign = CredentialKey.sign
    monkeypatch.setattr(CredentialKey, "sign", lambda key, data: signed.append(key) or sign(key, data))

    def fetched():
        signed.clear()
        fetch(f"/api/v1/status-lists/{path}")
        return len(signed)

    fetched()  # the first signature of a key is a change, too: it is published from now on
    assert [fetched() for _ in range(4)] == [1, 0, 0, 0]
    for change in (measures.suspended, measures.lifted, measures.corrected, measures.revoked):
        change(certificate)
        assert [fetched(), fetched()] == [1, 0], change.__name__
    log_sequence()
    assert fetched() == 1
    exchanged()
    assert fetched() == 0


@pytest.mark.parametrize("is_sequenced", [False, True])
def test_a_backup_restored_under_a_running_process_is_not_answered_from_before(is_sequenced):
    before, after = exchanged(), exchanged()

    def bits(revoked):
        measures.revoked(revoked)
        if is_sequenced:
            log_sequence()
        return [Outsider().states(text)["revocation"] for text in texts]

    texts = [credential_of(each) for each in (before, after)]
    for revoked, expected in ((before, [True, False]), (after, [False, True])):
        saved = transaction.savepoint()
        with connection.cursor() as cursor:
            cursor.execute("ALTER SEQUENCE certificates_logpending_id_seq RESTART WITH 1000")
        assert bits(revoked) == expected
        transaction.savepoint_rollback(saved)


def test_a_snapshot_is_at_most_a_minute_old(certificate):
    first = fetch("/api/v1/status-lists/snapshot").content
    clock.move_to(NOW + timedelta(minutes=1), running=False)
    second = fetch("/api/v1/status-lists/snapshot").content
    taken = [Outsider().read(each.decode())["iat"] for each in (first, second)]
    assert taken[1] - taken[0] == 60


@pytest.mark.parametrize(
    "path", ["/api/v1/status-lists/revocation-1", "/api/v1/status-lists/snapshot", "/verify/offline/"]
)
def test_nobody_fetches_without_end(path):
    answers = [Client().get(path) for _ in range(125)]
    assert {answer.status_code for answer in answers[:120]} == {200}
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) == 60
    assert Client().get(path, REMOTE_ADDR="203.0.113.7").status_code == 200


def test_reading_a_list_takes_few_queries(certificate, django_assert_max_num_queries):
    fetch("/api/v1/status-lists/revocation-1")
    with django_assert_max_num_queries(6):
        fetch("/api/v1/status-lists/suspension-1")
    with django_assert_max_num_queries(2):
        fetch("/api/v1/status-lists/suspension-1")


def test_the_page_for_checks_offline_names_the_software_in_it_and_leads_to_its_licences():
    page = fetch("/verify/offline/").content.decode()
    assert "Contains jsQR 1.4.0" in page
    assert re.findall(r'href="([^"]+licences[^"]*\.txt)"', page)
    text = (BUILD / "licences.txt").read_text("utf-8")
    assert "jsqr 1.4.0\nApache-2.0" in text
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    for name in json.loads((BUILD.parents[2] / "package.json").read_text("utf-8"))["dependencies"]:
        assert f"{name} " in text


# Keys


def test_the_key_set_holds_public_members_only():
    [key] = json.loads(fetch("/.well-known/jwks.json").content)["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


@pytest.mark.parametrize(
    "sign",
    [
        lambda: fetch("/api/v1/status-lists/suspension-1"),
        lambda: fetch("/api/v1/status-lists/snapshot"),
        lambda: fetch("/verify/offline/"),
        lambda: fetch("/api/v1/log/checkpoint"),
        lambda: Client().post("/api/v1/verify-list/", {"numbers": ["1"]}, content_type="application/json"),
        lambda: log_sequence() and exchanged(),
    ],
    ids=["list", "snapshot", "offline page", "empty tree head", "list of numbers", "tree head"],
)
def test_whatever_a_key_signs_it_stays_published(settings, sign):
    exchanged()
    sign()
    [former] = SigningKey.objects.values_list("kid", flat=True)
    settings.CREDENTIAL_KEY = create_demo_issuer()[0]
    settings.ISSUER_KEY, settings.ISSUER_CERTIFICATE = create_demo_issuer()
    assert former in Outsider().keys


def test_keys_that_have_signed_stay_published_when_they_are_replaced(certificate, settings):
    older = document_ensure(certificate=certificate) and credential_of(certificate)
    [kept] = SigningKey.objects.all()
    settings.CREDENTIAL_KEY = create_demo_issuer()[0]
    newer = credential_of(exchanged())
    assert kept.kid in Outsider().keys
    assert Outsider().read(older)["credentialSubject"]["licenseNumber"] == certificate.number
    assert Outsider().read(newer)
    settings.CREDENTIAL_KEY = settings.ISSUER_KEY = create_demo_issuer()[0]  # the first key left the settings
    assert Outsider().read(older)


def test_the_rendered_document_of_a_version_can_be_made_again_from_what_is_stored(certificate):
    first = certificate_content(current_version(certificate))
    person = certificate.person
    person.name = "陈海洋"
    person.save()
    assert certificate_content(current_version(certificate)) == first


def test_the_first_year_of_education_follows_the_policy(certificate, settings):
    assert certificate_content(current_version(certificate)).education.first_year == 2021
    settings.POLICY_PACK = "hubei-2021"
    with no_triggers():
        ElectronicCertificate.objects.update(issued_at=factories.shanghai(2021, 12, 1, 9))
        CertificateVersion.objects.update(issued_at=factories.shanghai(2021, 12, 1, 9))
    # An exchanged holder's first period there starts on the day after the exchange, in the year of it.
    assert certificate_content(current_version(certificate)).education.first_year == 2021


# The scanned code


def token_of(certificate):
    return certificate_content(current_version(certificate)).qr_payload.partition("#")[2]


def test_the_scanned_address_in_capitals_opens_the_verification_page(certificate):
    address, _, _ = certificate_content(current_version(certificate)).qr_payload.partition("#")
    assert address == scan_address("http://localhost:8000", certificate.number, "").rstrip("#")
    page = fetch(f"/V/{certificate.number}").content.decode()
    assert 'data-state="valid"' in page
    assert 'action="/verify/token/"' in page


def test_the_token_brings_up_what_was_printed(certificate):
    page = Client().post("/verify/token/", {"token": token_of(certificate)}).content.decode()
    assert 'data-state="valid"' in page
    assert "data-printed" in page
    assert "陈海生" in page


def test_the_token_of_a_superseded_version_is_called_that(certificate):
    token = token_of(certificate)
    corrected(certificate)
    page = Client().post("/verify/token/", {"token": token}).content.decode()
    assert "govuk-warning-text" in page
    assert (
        "govuk-warning-text"
        not in Client().post("/verify/token/", {"token": token_of(certificate)}).content.decode()
    )


def test_an_altered_token_is_refused(certificate):
    token = token_of(certificate)
    response = Client().post("/verify/token/", {"token": token[:-1] + ("0" if token[-1] != "0" else "1")})
    assert response.status_code == 422
    assert 'data-state="refused"' in response.content.decode()


def test_a_token_is_never_taken_from_an_address(certificate):
    assert Client().get("/verify/token/", {"token": token_of(certificate)}).status_code == 405


def test_comparisons_are_limited_like_every_verification(certificate):
    client, token = Client(), token_of(certificate)
    answers = [client.post("/verify/token/", {"token": token}).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]


# The command


@pytest.fixture
def files(certificate, tmp_path):
    """A signed PDF, a snapshot and the keys, as somebody would have downloaded them."""
    with document_ensure(certificate=certificate).file.open() as pdf:
        (tmp_path / "certificate.pdf").write_bytes(pdf.read())
    (tmp_path / "snapshot.jwt").write_bytes(fetch("/api/v1/status-lists/snapshot").content)
    (tmp_path / "keys.json").write_bytes(fetch("/.well-known/jwks.json").content)
    return tmp_path


def verify(*arguments, **options):
    from io import StringIO

    out = StringIO()
    call_command("verify", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def test_the_command_checks_a_pdf_and_a_token(certificate, files):
    for what, holder in ((files / "certificate.pdf", "陈海生"), (token_of(certificate), "陈**")):
        said = verify(what, snapshot=files / "snapshot.jwt", keys=files / "keys.json")
        assert certificate.number in said.replace(" ", "")
        assert holder in said
        assert "2020-12-01" in said


def test_the_command_needs_no_database(certificate, files, django_assert_num_queries):
    with django_assert_num_queries(0):
        verify(files / "certificate.pdf", snapshot=files / "snapshot.jwt")


def test_the_command_says_when_nothing_was_said_about_the_state(certificate):
    assert "未核对" in verify(token_of(certificate))


def test_the_command_finds_a_void_certificate_by_a_newer_snapshot(certificate, files):
    measures.revoked(certificate)
    (files / "newer.jwt").write_bytes(fetch("/api/v1/status-lists/snapshot").content)
    with pytest.raises(SystemExit) as left:
        verify(files / "certificate.pdf", snapshot=files / "newer.jwt")
    assert left.value.code == 2


@pytest.mark.parametrize("place", [200, 20_000, -300])
def test_the_command_refuses_a_pdf_altered_by_one_byte(files, place):
    pdf = bytearray((files / "certificate.pdf").read_bytes())
    pdf[place] ^= 1
    (files / "altered.pdf").write_bytes(pdf)
    with pytest.raises(CommandError) as refused:
        verify(files / "altered.pdf")
    assert refused.value.returncode == 1


def test_the_command_refuses_what_it_cannot_read(files):
    (files / "garbage.pdf").write_bytes(b"garbage")
    for what in (files / "garbage.pdf", files / "nowhere.pdf", "A" * 140):
        with pytest.raises(CommandError):
            verify(what)
    (files / "other.json").write_text("{}")
    with pytest.raises(CommandError):
        verify("A" * 140, keys=files / "other.json")
