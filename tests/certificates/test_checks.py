"""Closer checks: what is printed for whoever holds the certificate, a file, a list; counted, and nobody's name harvested."""

import contextlib
import json
import resource
import subprocess
import zlib
from datetime import date

import pytest
from asn1crypto import keys
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.files.uploadedfile import SimpleUploadedFile
from pyhanko.sign.timestamps import DummyTimeStamper

from certificates.checks.lists import MOST, TooManyNumbersError, list_read, numbers_in
from certificates.checks.models import VerificationCount
from certificates.checks.services import checks_write
from certificates.credentials.facts import token_facts
from certificates.credentials.jose import SignatureError
from certificates.credentials.keys import public_keys, signing_key
from certificates.credentials.token import token_sign
from certificates.documents import judge
from certificates.documents.issuer import create_demo_issuer, load_issuer, to_asn1
from certificates.documents.render import render_certificate
from certificates.documents.signing import sign_pdf
from certificates.models import CertificateDocument, CertificateStanding, IssuerCertificate
from certificates.services.documents import certificate_content, current_version, document_ensure, issuer
from certificates.services.exchange import certificate_exchange
from certificates.verification import verify
from portal import clock, prepared
from portal.events.services import Actor
from tests import factories
from tests.behind import no_triggers
from tests.certificates import measures
from tests.certificates.test_signing_outside import authority as timestamp_authority
from tests.factories import shanghai

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_window(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


@pytest.fixture
def certificate():
    return exchanged()


def exchanged():
    return certificate_exchange(certificate=factories.ready_to_exchange(), by=Actor.command("test"))


def compare(client, number, name):
    return client.post("/verify/name/", {"number": number, "name": name})


class TestABareNumber:
    def test_gives_state_and_nobodys_name_on_the_page(self, client, certificate):
        page = client.get(f"/v/{certificate.number}").content.decode()
        assert 'data-state="valid"' in page
        for kept in ("陈海生", "陈**", certificate.person.masked_id_number, "data-printed"):
            assert kept not in page

    @pytest.mark.parametrize(("act", "state"), [("suspended", "suspended"), ("revoked", "void")])
    def test_says_since_when(self, client, certificate, act, state):
        clock.move_to(shanghai(2020, 12, 30, 9), running=False)
        getattr(measures, act)(certificate)
        page = client.get(f"/v/{certificate.number}").content.decode()
        assert f'data-state="{state}"' in page
        assert "2020年12月30日" in page

    def test_an_expired_paper_is_expired_since_the_day_after(self, client):
        paper = factories.paper(factories.person(), expires_on=date(2020, 12, 27))
        assert verify(paper.number).since == date(2020, 12, 28)


class TestWhatIsPrinted:
    def test_is_shown_to_whoever_knows_number_and_full_name(self, client, certificate):
        page = compare(client, certificate.number, " 陈海生 ").content.decode()
        assert "data-printed" in page
        assert certificate.person.masked_id_number in page
        assert certificate.person.id_number not in page

    def test_of_a_paper_too(self, client):
        paper = factories.paper(factories.person(name="林明"))
        assert paper.person.masked_id_number in compare(client, paper.number, "林明").content.decode()

    @pytest.mark.parametrize("name", ["陈海", "陈海生生", "王五", "*", ""])
    def test_is_not_shown_for_another_name(self, client, certificate, name):
        answer = compare(client, certificate.number, name)
        assert answer.status_code == 422
        assert certificate.person.masked_id_number not in answer.content.decode()
        assert "data-printed" not in answer.content.decode()

    def test_names_cannot_be_tried_out_from_many_addresses(self, client, certificate):
        answers = [
            client.post(
                "/verify/name/",
                {"number": certificate.number, "name": "王五"},
                REMOTE_ADDR=f"203.0.113.{index}",
            ).status_code
            for index in range(21)
        ]
        assert answers == [422] * 20 + [429]

    def test_by_the_token_of_a_version_that_was_replaced_says_so(self, client, certificate):
        token = token_sign(token_facts(current_version(certificate)), signing_key())
        measures.corrected(certificate, "陈海升")
        page = client.post("/verify/token/", {"token": token}).content.decode()
        assert "陈海生" in page
        assert "govuk-warning-text" in page

    def test_by_the_former_name_shows_the_former_version_as_replaced(self, client, certificate):
        measures.corrected(certificate, "陈海升")
        assert "govuk-warning-text" in compare(client, certificate.number, "陈海生").content.decode()
        assert "govuk-warning-text" not in compare(client, certificate.number, "陈海升").content.decode()


@pytest.fixture
def new_seal(settings):
    """Put another pair of key and certificate into the settings; the key of the credentials stays."""

    def replace():
        settings.CREDENTIAL_KEY = settings.ISSUER_KEY
        settings.ISSUER_KEY, settings.ISSUER_CERTIFICATE = create_demo_issuer()
        issuer.cache_clear()

    yield replace
    issuer.cache_clear()


def unpacking():
    """Return a small PDF whose table of objects unpacks to 64 megabytes."""
    entries = zlib.compress(bytes(64 << 20), 9)
    head = b"<< /Type /XRef /Size %d /W [1 2 1] /Root 2 0 R /Filter /FlateDecode /Length %d >>"
    table = (
        b"1 0 obj\n" + head % (16 << 20, len(entries)) + b"\nstream\n" + entries + b"\nendstream\nendobj\n"
    )
    return b"%PDF-1.7\n" + table + b"startxref\n9\n%%EOF\n"


def branching():
    """Return a small PDF whose form has 2⁶⁰ fields: each names the next one twice."""
    fields = [b"<< /T (f) /Kids [%d 0 R %d 0 R] >>" % (number + 1, number + 1) for number in range(2, 62)]
    catalog = b"<< /Type /Catalog /AcroForm << /Fields [2 0 R] /SigFlags 3 >> >>"
    places, content = [], b"%PDF-1.7\n"
    for number, body in enumerate([catalog, *fields, b"<< /T (f) /FT /Sig >>"], start=1):
        places.append(b"%010d 00000 n \n" % len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, count = len(content), len(places) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, b"".join(places))
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
    return content + table + trailer


class TestAFile:
    def verdict(self, client, content, name="c.pdf"):
        answer = client.post("/verify/file/", {"file": SimpleUploadedFile(name, content, "application/pdf")})
        return answer.context.get("verdict"), answer.content.decode()

    def pdf(self, certificate):
        with document_ensure(certificate=certificate).file.open() as file:
            return file.read()

    def test_that_is_ours_is_judged_with_its_certificate_today(self, client, certificate):
        content = self.pdf(certificate)
        verdict, page = self.verdict(client, content)
        assert verdict == "ours"
        assert 'data-state="valid"' in page
        assert certificate.person.masked_id_number in page
        measures.revoked(certificate)
        assert 'data-state="void"' in self.verdict(client, content)[1]

    def test_that_was_made_anew_since_is_ours_by_its_signature(self, client, certificate):
        content = self.pdf(certificate)
        CertificateDocument.objects.update(sha256="0" * 64)
        verdict, page = self.verdict(client, content)
        assert verdict == "ours"
        assert "data-printed" in page

    def test_that_was_sealed_under_a_certificate_since_replaced_is_ours(self, client, certificate, new_seal):
        content = self.pdf(certificate)
        CertificateDocument.objects.update(sha256="0" * 64)
        new_seal()
        assert self.verdict(client, content)[0] == "ours"
        newer = exchanged()
        assert self.verdict(client, self.pdf(newer))[0] == "ours"
        altered = bytearray(content)
        altered[5000] ^= 1
        assert self.verdict(client, bytes(altered))[0] in {"altered", "unreadable"}

    def test_that_was_sealed_before_certificates_were_kept_is_ours_byte_for_byte(
        self, client, certificate, new_seal
    ):
        content = self.pdf(certificate)
        with no_triggers():
            IssuerCertificate.objects.all().delete()
        new_seal()
        assert self.verdict(client, content)[0] == "ours"
        CertificateDocument.objects.update(sha256="0" * 64)
        assert self.verdict(client, content)[0] == "untrusted"

    def test_that_bears_a_timestamp_is_ours_by_its_signature(self, client, certificate, settings):
        key, authority = timestamp_authority()
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        stamper = DummyTimeStamper(to_asn1(authority), keys.PrivateKeyInfo.load(der), fixed_dt=clock.now())
        drawn = render_certificate(certificate_content(current_version(certificate)))
        content = sign_pdf(drawn, issuer(), signed_at=clock.now(), timestamper=stamper)
        assert self.verdict(client, content)[0] == "untrusted"
        settings.TIMESTAMP_CERTIFICATE = authority.public_bytes(Encoding.PEM).decode()
        assert self.verdict(client, content)[0] == "ours"

    def test_of_a_former_version_is_ours_and_said_to_be_replaced(self, client, certificate):
        content = self.pdf(certificate)
        measures.corrected(certificate)
        assert "govuk-warning-text" in self.verdict(client, content)[1]

    @pytest.mark.parametrize("place", [100, 5000, -2000])
    def test_that_was_altered_by_one_byte_is_not_ours(self, client, certificate, place):
        content = bytearray(self.pdf(certificate))
        content[place] ^= 1
        verdict, page = self.verdict(client, bytes(content))
        assert verdict in {"altered", "unreadable", "untrusted"}
        assert "data-printed" not in page

    def test_that_somebody_else_signed_is_not_ours(self, client, certificate):
        drawn = render_certificate(certificate_content(current_version(certificate)))
        forged = sign_pdf(drawn, load_issuer(*create_demo_issuer()), signed_at=clock.now())
        assert self.verdict(client, forged)[0] == "untrusted"
        assert self.verdict(client, drawn)[0] == "unsigned"

    @pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"hello", b"\x00" * 1000])
    def test_that_is_none_is_said_to_be_none(self, client, content):
        assert self.verdict(client, content)[0] == "unreadable"

    @pytest.mark.parametrize("hostile", [unpacking, branching])
    def test_that_asks_too_much_is_given_up_and_harms_nobody(self, client, hostile, monkeypatch):
        monkeypatch.setattr(judge, "SECONDS", 2)
        content = hostile()
        assert len(content) < 100_000
        before = resource.getrusage(resource.RUSAGE_SELF)
        assert self.verdict(client, content)[0] == "unreadable"
        after = resource.getrusage(resource.RUSAGE_SELF)
        assert after.ru_utime - before.ru_utime < 1
        assert after.ru_maxrss - before.ru_maxrss < 50_000

    def test_is_judged_or_the_fault_shows(self, monkeypatch):
        monkeypatch.setattr(judge, "__name__", "certificates.documents.nowhere")
        with pytest.raises(subprocess.CalledProcessError):
            judge.pdf_judge(b"%PDF-1.7", trusted=(), timestamp_certificates=())

    def test_that_is_too_large_or_missing_is_refused(self, client):
        too_large = SimpleUploadedFile("c.pdf", b"x" * (2 * 1024 * 1024 + 1))
        assert client.post("/verify/file/", {"file": too_large}).status_code == 422
        assert client.post("/verify/file/", {}).status_code == 422


class TestAList:
    def test_numbers_are_read_from_what_people_paste(self):
        text = "\ufeff证书编号,姓名\n4620201010000019,陈海生\n\n琼样培 00770077；林明\n4620201010000019\n"
        assert numbers_in(text) == ["4620201010000019", "琼样培 00770077"]

    def test_more_than_the_most_are_refused(self, client):
        assert len(numbers_in("\n".join(map(str, range(MOST))))) == MOST
        with pytest.raises(TooManyNumbersError):
            numbers_in("\n".join(map(str, range(MOST + 1))))
        answer = client.post("/verify/list/", {"text": "\n".join(map(str, range(MOST + 1)))})
        assert answer.status_code == 422

    def test_is_answered_with_states_and_without_names(self, client, certificate):
        page = client.post(
            "/verify/list/", {"text": f"{certificate.number}\n{certificate.replaces.number}\n99"}
        ).content.decode()
        assert page.count('<strong class="govuk-tag') == 3
        assert "陈" not in page

    def test_may_come_as_a_file_in_the_encoding_of_excel(self, client, certificate):
        content = f"编号\n{certificate.replaces.number}\n".encode("gb18030")
        answer = client.post("/verify/list/", {"file": SimpleUploadedFile("l.csv", content)})
        assert [row["state"] for row in answer.context["rows"]] == ["void"]

    def test_the_signed_answer_is_checked_with_the_published_keys_and_bears_no_change(
        self, client, certificate
    ):
        answer = client.post("/verify/list/", {"text": certificate.number, "act": "sign"})
        assert answer["Content-Disposition"].startswith("attachment")
        signed = answer.content.decode()
        assert list_read(signed, public_keys())["results"][0] == {
            "number": certificate.number, "state": "valid", "reason": None, "since": None, "expires_on": None,
            "replaced_by": None,
        }  # fmt: skip
        head, body, signature = signed.split(".")
        with pytest.raises(SignatureError):
            list_read(f"{head}.{body[:-1]}{'A' if body[-1] != 'A' else 'B'}.{signature}", public_keys())

    def test_the_api_answers_and_signs_the_same(self, client, certificate):
        def ask(numbers):
            return client.post("/api/v1/verify-list/", json.dumps({"numbers": numbers}), "application/json")

        answer = ask([certificate.number, "99"]).json()
        assert [each["state"] for each in answer["results"]] == ["valid", "unknown"]
        assert list_read(answer.pop("signed"), public_keys()) == answer
        assert ask([]).status_code == 400
        assert ask(["1"] * (MOST + 1)).status_code == 400
        assert [ask(["1"]).status_code for _ in range(10)][-1] == 429


class TestCounts:
    def test_every_way_of_checking_counts_and_the_holder_sees_how_often(self, client, certificate):
        client.get(f"/v/{certificate.number}")
        client.get(f"/api/v1/verify/{certificate.number}/")
        client.get("/api/v1/verify/4620201010000027/")
        client.post("/verify/list/", {"text": certificate.number})
        checks_write()
        count = VerificationCount.objects.get(subject_id=certificate.pk)
        assert (count.day, count.checks) == (date(2020, 12, 28), 3)
        client.get(f"/v/{certificate.number}")
        checks_write()
        count.refresh_from_db()
        assert count.checks == 4
        assert checks_write() == 0
        client.force_login(factories.worker(certificate.person))
        page = client.get(f"/me/electronic/{certificate.pk}/")
        assert page.context["checks"]["recent"] == 4

    def test_nothing_about_the_checker_is_written(self):
        fields = {field.name for field in VerificationCount._meta.get_fields()}
        assert fields == {"id", "subject_id", "day", "checks"}

    def test_without_redis_checks_are_answered_and_not_counted(self, client, certificate, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        assert client.get(f"/api/v1/verify/{certificate.number}/").json()["state"] == "valid"


class TestTheFastLane:
    def test_answers_as_the_ordinary_view_does(self, client, certificate):
        address = f"/api/v1/verify/{certificate.number}/"
        lean, ordinary = client.get(address), client.get(address, headers={"authorization": "Bearer x"})
        assert lean.json() == ordinary.json()
        assert "Vary" not in lean  # it never came to the middleware of languages
        assert "Vary" in ordinary
        for name in ("Content-Type", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy"):
            assert lean[name] == ordinary[name]

    def test_refuses_another_host(self, client, certificate):
        answer = client.get(f"/api/v1/verify/{certificate.number}/", headers={"host": "evil.example"})
        assert answer.status_code == 400

    def test_uses_the_settled_standing_only_while_it_holds(self, certificate):
        settled = CertificateStanding.objects.filter(electronic=certificate)
        settled.update(status="lapsed")
        assert verify(certificate.number).education == "lapsed"
        for stale in (
            {"settled_on": date(2020, 12, 29)},
            {"changes_on": date(2020, 12, 28)},
            {"pack": "other"},
        ):
            values = dict(settled.values().get())
            settled.update(**stale)
            assert verify(certificate.number).education == "not_due"
            settled.update(**{name: values[name] for name in stale})

    @pytest.mark.django_db(transaction=True)
    def test_plans_its_read_once_a_connection_and_gets_over_a_pooler_that_forgets(self, certificate):
        from django.db import connection

        assert verify(certificate.number).state == "valid"
        assert "verify_electronic" in prepared._ready[connection.connection]
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        assert verify(certificate.number).state == "valid"

    @pytest.mark.django_db(transaction=True)
    def test_gets_over_a_connection_that_died_meanwhile(self, client, certificate):
        from django.db import connection

        address = f"/api/v1/verify/{certificate.number}/"
        assert client.get(address).status_code == 200
        connection.close_if_unusable_or_obsolete()  # as each request begins
        with contextlib.closing(connection.copy()) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        assert client.get(address).json()["state"] == "valid"


class TestEvidence:
    def test_the_holder_downloads_it_and_nobody_else(self, client, certificate):
        client.force_login(factories.worker(certificate.person))
        answer = client.get(f"/me/electronic/{certificate.pk}/log/")
        assert set(answer.json()) == {"checkpoint", "leaves"}
        client.force_login(factories.worker())
        assert client.get(f"/me/electronic/{certificate.pk}/log/").status_code == 404


class TestHarvesting:
    """One address cannot try numbers out, whichever way it asks."""

    def answers(self, ask, count):
        return [ask(number).status_code for number in range(count)]

    def test_every_way_of_asking_about_a_number_draws_on_the_same_limit(self, client, certificate):
        ways = (
            lambda: client.get(f"/v/{certificate.number}"),
            lambda: client.get(f"/api/v1/verify/{certificate.number}/"),
            lambda: client.post("/verify/token/", {"token": "A" * 138}),
            lambda: client.post("/verify/file/", {"file": SimpleUploadedFile("c.pdf", b"%PDF-")}),
        )
        answers = self.answers(lambda number: ways[number % 4](), 40)
        assert 429 not in answers[:30]
        assert set(answers[34:]) == {429}

    @pytest.mark.parametrize("kind", ["page", "api", "file"])
    def test_lists_are_ten_an_hour_by_page_and_api_together(self, client, certificate, kind):
        def ask(number):
            if kind == "api":
                return client.post(
                    "/api/v1/verify-list/", {"numbers": [str(number)]}, content_type="application/json"
                )
            act = {"act": "sign"} if kind == "file" else {}
            return client.post("/verify/list/", {"text": certificate.number, **act})

        assert self.answers(ask, 12) == [200] * 10 + [429] * 2
        other = client.post("/verify/list/", {"text": certificate.number})
        assert other.status_code == 429
        assert int(other["Retry-After"]) > 0

    def test_a_list_tells_of_states_and_days_and_never_of_people(self, client, certificate):
        numbers = [certificate.number, certificate.replaces.number, "4620201019999995"]
        answer = client.post(
            "/api/v1/verify-list/", {"numbers": numbers}, content_type="application/json"
        ).json()
        assert [set(each) for each in answer["results"]] == [
            {"number", "state", "reason", "since", "expires_on", "replaced_by"}
        ] * 3
        assert [each["state"] for each in answer["results"]] == ["valid", "void", "unknown"]
        assert "陈" not in json.dumps(answer, ensure_ascii=False)
        assert list_read(answer.pop("signed"), public_keys()) == answer
