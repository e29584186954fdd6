"""The second factor: asked of all staff, good once, and asked again before what is grave."""

import base64
import html
import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from portal import clock, crypto
from portal.accounts import passkeys, totp
from portal.accounts.factors import (
    FactorRefusedError,
    Means,
    TooManyCodesError,
    code_check,
    factor_remove,
    recovery_codes_renew,
)
from portal.accounts.models import AccessGrant, Factor, RecoveryCode, Role, User, UserSession
from portal.events.models import Event
from portal.events.services import Actor
from portal.notices.models import Notice
from portal.rotation import encrypted_columns
from tests import factories
from tests.factories import APP_SECRET, PASSWORD, shanghai
from tests.parallel import in_threads
from tests.second_factor import app_code, sets_up_an_app, signed_in_by_hand

BY = Actor(Event.Means.WEB)
STAFF = [role for role in Role if role != Role.WORKER]


@pytest.fixture
def morning(db):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


def now_code(drift=0):
    return totp.code_at(APP_SECRET, totp.step_of(clock.real_now()) + drift)


def staff(role, **values):
    return factories.staff(role, **({"area_code": "460100"} if role == Role.COUNTY else {}), **values)


def without_factor(role=Role.REVIEWER):
    user = staff(role)
    Factor.objects.filter(user=user).delete()
    return user


def password_given(user):
    client = Client()
    return client, client.post("/sign-in/", {"identifier": user.username, "password": PASSWORD})


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_codes_are_those_of_rfc_6238():
    """The examples of its appendix B, the last six of their eight digits."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    examples = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {second: totp.code_at(secret, second // 30) for second in examples} == examples


@pytest.mark.usefixtures("morning")
class TestSigningIn:
    @pytest.mark.parametrize("role", STAFF)
    def test_asks_every_member_of_staff_for_the_second_factor(self, role):
        user = staff(role)
        client, answer = password_given(user)
        assert answer.url.startswith("/sign-in/second/")
        assert client.get("/notices/").url.startswith("/sign-in/?")
        assert client.post("/sign-in/second/", {"code": now_code()}).status_code == 302
        assert client.get("/notices/").status_code == 200

    def test_comes_back_to_the_page_that_was_wanted(self):
        user, client = factories.reviewer(), Client()
        sent = {"identifier": user.username, "password": PASSWORD, "next": "/review/batches/"}
        second = client.post("/sign-in/", sent).url
        assert client.post(second, {"code": now_code()}).url == "/review/batches/"

    def test_repairs_what_people_type_around_a_code(self):
        client, _ = password_given(factories.reviewer())
        code = now_code()
        wide = code[:3].translate(str.maketrans("0123456789", "0123456789"))
        assert client.post("/sign-in/second/", {"code": f" {wide}\u00a0{code[3:]}\n"}).status_code == 302

    def test_takes_the_code_before_and_after_since_phones_go_wrong_and_none_farther(self):
        for drift, status in ((-1, 302), (1, 302), (-3, 422), (3, 422)):
            client, _ = password_given(factories.reviewer())
            assert client.post("/sign-in/second/", {"code": now_code(drift)}).status_code == status

    def test_begins_nothing_without_the_password(self):
        assert Client().post("/sign-in/second/", {"code": now_code()}).url == "/sign-in/"

    def test_waits_ten_minutes_and_no_longer(self, monkeypatch):
        client, _ = password_given(factories.reviewer())
        later = clock.real_now() + timedelta(minutes=11)
        monkeypatch.setattr("portal.accounts.views_factors.clock.real_now", lambda: later)
        assert client.post("/sign-in/second/", {"code": now_code()}).url == "/sign-in/"

    def test_starts_over_when_the_password_changed_meanwhile(self):
        user = factories.reviewer()
        client, _ = password_given(user)
        user.set_password("another-bridge-7")
        user.save()
        assert client.post("/sign-in/second/", {"code": now_code()}).url == "/sign-in/"

    def test_is_recorded_with_how_it_was_proved_and_refusals_too(self):
        client, _ = password_given(user := factories.reviewer())
        client.post("/sign-in/second/", {"code": "000000"})
        client.post("/sign-in/second/", {"code": now_code()})
        verbs = list(
            Event.objects.filter(subject_id=str(user.pk)).order_by("id").values_list("verb", flat=True)
        )
        assert verbs == ["accounts.factor.refused", "accounts.session.started"]
        assert Event.objects.get(verb="accounts.session.started").data["means_of_proof"] == "app"
        assert Notice.objects.filter(user=user, code="accounts.factor.refused").count() == 1

    def test_of_a_worker_asks_for_nothing_more_unless_they_set_one_up(self):
        user, client = factories.worker(), Client()
        assert (
            client.post("/sign-in/", {"identifier": user.person.id_number, "password": PASSWORD}).url
            == "/home/"
        )
        sets_up_an_app(client)
        other = Client().post("/sign-in/", {"identifier": user.person.id_number, "password": PASSWORD})
        assert other.url.startswith("/sign-in/second/")


@pytest.mark.usefixtures("morning")
class TestACode:
    def test_is_good_once_in_all_of_its_window(self):
        user, code = factories.reviewer(), now_code()
        assert check(user, code) == Means.APP
        for typed in (code, now_code(-1)):
            with pytest.raises(FactorRefusedError):
                check(user, typed)
        assert check(user, now_code(1)) == Means.APP

    def test_of_another_account_is_refused(self):
        other = factories.reviewer()
        Factor.objects.filter(user=other).update(secret=crypto.encrypt(totp.secret_new()))
        with pytest.raises(FactorRefusedError):
            check(other, now_code())

    def test_cannot_be_guessed_from_one_address_nor_from_many(self):
        user = factories.reviewer()
        wrong = next(f"{n:06}" for n in range(9) if f"{n:06}" not in {now_code(d) for d in (-1, 0, 1, 2)})
        kinds = [refused(user, wrong, "here") for _ in range(10)]
        assert kinds == [FactorRefusedError] * 8 + [TooManyCodesError] * 2
        elsewhere = [refused(user, wrong, f"network-{n}") for n in range(45)]
        assert elsewhere[:42] == [FactorRefusedError] * 42
        assert elsewhere[42:] == [TooManyCodesError] * 3
        assert refused(user, now_code(), "home") is TooManyCodesError
        (first, *_rest) = recovery_codes_renew(user=user, by=BY)
        assert check(user, first, "home") == Means.RECOVERY_CODE

    def test_is_refused_as_such_for_an_account_without_an_app(self):
        with pytest.raises(FactorRefusedError):
            check(without_factor(), now_code())


@pytest.mark.django_db(transaction=True)
def test_a_code_entered_twenty_times_at_the_same_moment_lets_one_in():
    user, code = factories.reviewer(), now_code()
    answers = in_threads(
        20, lambda index: check(user, code, f"network-{index}"), may_raise=FactorRefusedError
    )
    assert sum(answer == Means.APP for answer in answers) == 1
    assert sum(isinstance(answer, FactorRefusedError) for answer in answers) == 19


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_entered_at_the_same_moment_lets_one_in():
    user = factories.reviewer()
    code = recovery_codes_renew(user=user, by=BY)[0]
    answers = in_threads(4, lambda index: check(user, code, f"network-{index}"), may_raise=FactorRefusedError)
    assert sum(answer == Means.RECOVERY_CODE for answer in answers) == 1


def check(user, typed, origin="here"):
    return code_check(user=user, typed=typed, origin=origin, by=BY)


def refused(user, typed, origin):
    try:
        return check(user, typed, origin)
    except FactorRefusedError as error:
        return type(error)


@pytest.mark.usefixtures("morning")
class TestRecoveryCodes:
    def test_are_shown_once_kept_as_hashes_and_good_once_however_they_are_typed(self):
        user = without_factor()
        client, _ = password_given(user)
        _secret, page = sets_up_an_app(client)
        codes = re.findall(r"<li class=\"app-number\">([a-z2-9]{5}-[a-z2-9]{5})</li>", page.content.decode())
        assert len(set(codes)) == 10
        assert page["Cache-Control"] == "no-store, private"
        file = re.search(r'href="data:text/plain;charset=utf-8;base64,([^"]+)"', page.content.decode())[1]
        assert base64.b64decode(file).decode().split()[2:] == codes
        assert codes[0] not in text(client.get("/security/"))
        kept = RecoveryCode.objects.filter(user=user).values_list("code_hash", flat=True)
        assert all(each.startswith("argon2$argon2id$") for each in kept)
        typed = f"  {codes[0][:5].upper()} \u3000{codes[0][6:]}\t"
        other, _ = password_given(user)
        assert other.post("/sign-in/second/", {"recovery-code": typed}).status_code == 302
        third, _ = password_given(user)
        assert third.post("/sign-in/second/", {"recovery-code": typed}).status_code == 422
        assert Event.objects.filter(verb="accounts.recovery_code.used").count() == 1
        assert Notice.objects.get(code="accounts.recovery_code.used").facts == {"left": 9}

    def test_made_anew_void_the_old_ones(self):
        user = factories.reviewer()
        old = recovery_codes_renew(user=user, by=BY)[0]
        recovery_codes_renew(user=user, by=BY)
        with pytest.raises(FactorRefusedError):
            check(user, old)


@pytest.mark.usefixtures("morning")
class TestSettingUp:
    @pytest.mark.parametrize("role", STAFF)
    def test_comes_before_every_other_page(self, role):
        client, answer = password_given(without_factor(role))
        assert answer.url == "/home/"
        for page in (
            "/home/",
            "/",
            "/rules/",
            "/notices/",
            "/security/",
            "/password/",
            "/security/recovery-codes/",
        ):
            assert client.get(page).url == "/security/setup/", page
        assert "设置二次验证" in text(client.get("/security/setup/"))
        sets_up_an_app(client)
        assert client.get("/notices/").status_code == 200

    def test_lets_nobody_set_up_a_second_app_who_knows_the_password_only(self):
        user = without_factor()
        early, _ = password_given(user)
        client, _ = password_given(user)
        sets_up_an_app(client)
        assert early.get("/security/app/").url.startswith("/sign-in/")
        assert Factor.objects.filter(user=user).count() == 1

    def test_shows_the_secret_as_text_and_as_a_symbol_that_apps_read(self):
        import zxingcpp
        from PIL import Image

        client = Client()
        client.force_login(factories.worker())
        page = client.get("/security/app/").content.decode()
        secret = re.search(r'id="app-secret"[^>]*>([A-Z2-7 ]+)<', page)[1].replace(" ", "")
        svg = base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)[1]).decode()
        size = int(re.search(r'<svg width="(\d+)"', svg)[1])
        picture = Image.new("L", (size, size), 255)
        for bar in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", svg):
            left, top, width, height = map(int, bar)
            picture.paste(0, (left, top, left + width, top + height))
        (symbol,) = zxingcpp.read_barcodes(picture)
        assert symbol.text.startswith("otpauth://totp/")
        assert f"secret={secret}" in symbol.text
        assert (
            client.get("/security/app/").content.decode().count(secret[:4])
        )  # the same one when the page is loaded anew

    def test_keeps_secrets_encrypted_where_keys_are_renewed(self):
        user = factories.reviewer()
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM accounts_factor WHERE user_id = %s", [user.pk])
            stored = bytes(cursor.fetchone()[0])
        assert APP_SECRET.encode() not in stored
        assert crypto.decrypt(stored) == APP_SECRET
        assert "accounts_factor.secret" in {str(column) for column in encrypted_columns()}

    def test_keeps_a_secret_that_is_being_set_up_encrypted_in_the_session(self):
        client = Client()
        client.force_login(factories.worker())
        page = client.get("/security/app/").content.decode()
        secret = re.search(r'id="app-secret"[^>]*>([A-Z2-7 ]+)<', page)[1].replace(" ", "")
        assert secret not in json.dumps(dict(client.session))

    def test_removed_ends_other_sessions_and_the_last_one_stays(self):
        user = factories.worker()
        app, other = factories.app_of(user), factories.session_of(user)
        mine = factories.session_of(user)
        factor_remove(factor=app, session=mine, by=BY)
        other.refresh_from_db()
        mine.refresh_from_db()
        assert (other.ending, mine.ended_at) == ("factor", None)
        client = Client()
        client.force_login(reviewer := factories.reviewer())
        page = client.post(f"/security/factors/{reviewer.factors.get().pk}/remove/")
        assert page.status_code == 422
        assert "唯一" in text(page)


def form_around(answer, name):
    """Return the form of a page in which there is a field of this name."""
    forms = re.findall(r"<form.*?</form>", answer.content.decode(), re.DOTALL)
    return next(form for form in forms if f'name="{name}"' in form)


def fields_of(answer, name):
    """Return the hidden fields beside a field of this name, but for the form's token."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form_around(answer, name))
    return {field: html.unescape(value) for field, value in found if field != "csrfmiddlewaretoken"}


@pytest.mark.usefixtures("morning")
class TestConfirmingAgain:
    def stale(self, user):
        client = Client()
        client.force_login(user)
        UserSession.objects.filter(user=user).update(confirmed_at=clock.real_now() - timedelta(minutes=11))
        return client

    @pytest.mark.parametrize(
        ("role", "page"),
        [
            (Role.CHIEF, "/chief/staff/open/"),
            (Role.COUNTY, "/county/people/export/csv/"),
            (Role.REVIEWER, "/review/national/2020-12-01.csv"),
            (Role.WORKER, "/security/app/"),
            (Role.CLERK, "/security/recovery-codes/"),
        ],
    )
    def test_is_asked_before_the_page_opens_and_leads_back_to_it(self, role, page):
        user = factories.worker() if role == Role.WORKER else staff(role)
        client = self.stale(user)
        asked = client.get(page)
        assert asked.url.startswith("/security/confirm/?next=%2F")
        proof = {"password": PASSWORD} if role == Role.WORKER else {"code": now_code()}
        assert client.post(asked.url, {"code": "1", "password": "no"}).status_code == 422
        assert client.post(asked.url, proof).url == page
        assert client.get(page).status_code in {200, 404}
        assert Event.objects.filter(verb="accounts.session.confirmed").count() == 1

    @pytest.mark.parametrize(
        ("role", "page", "sent"),
        [
            (Role.AUDITOR, "/audit/export/", {}),
            (Role.EMPLOYER, "/employer/export/csv/", {}),
            (Role.CHIEF, "/chief/staff/open/", {"username": "new-one"}),
            (Role.REVIEWER, "/review/voiding/find/", {"text": "x"}),
        ],
    )
    def test_keeps_a_form_that_comes_too_late_from_doing_anything_and_says_so(self, role, page, sent):
        client = self.stale(staff(role))
        before = set(Event.objects.values_list("pk", flat=True))
        answer = client.post(page, sent)
        assert answer.status_code == 200
        assert "尚未执行" in text(answer)
        assert fields_of(answer, "proof-code") == sent
        assert set(Event.objects.values_list("pk", flat=True)) == before

    LOST = {"papers_seen": "on", "reason": "手机丢失 <b>\u201c引号\u201d", "next": "/home/"}

    def test_carries_out_what_waited_with_the_right_answer_and_not_before(self):
        client, holder = self.stale(factories.reviewer()), factories.worker()
        waiting = fields_of(
            client.post("/access/lost/", self.LOST | {"identifier": holder.person.id_number}), "proof-code"
        )
        assert waiting == self.LOST | {"identifier": holder.person.id_number}
        refused = client.post("/access/lost/", waiting | {"proof-code": "000000"})
        assert refused.status_code == 422
        assert fields_of(refused, "proof-code") == waiting
        assert fields_of(refused, "proof-recovery-code") == waiting
        assert not AccessGrant.objects.exists()
        assert client.post("/access/lost/", waiting | {"proof-code": now_code()}).url == "/access/"
        assert AccessGrant.objects.get().reason == self.LOST["reason"]
        assert Event.objects.filter(verb="accounts.session.confirmed").count() == 1

    def test_stores_nothing_of_what_waits(self):
        client, holder = self.stale(factories.reviewer()), factories.worker()
        client.post("/access/lost/", self.LOST | {"identifier": holder.person.id_number})
        kept = str(list(client.session.items())) + str(list(Event.objects.values()))
        assert holder.person.id_number not in kept
        assert self.LOST["reason"] not in kept

    def test_leads_on_to_the_form_with_its_text_when_something_is_missing(self):
        client = self.stale(factories.reviewer())
        answer = client.post("/access/lost/", self.LOST | {"identifier": "nobody", "proof-code": now_code()})
        assert answer.status_code == 422
        assert "手机丢失 &lt;b&gt;" in text(answer)

    def test_keeps_every_value_of_a_name(self):
        client = self.stale(factories.staff(Role.OPERATOR))
        answer = client.post("/access/lost/", {"batch": ["1", "2"]})
        assert re.findall(r'name="batch" value="(\d)"', form_around(answer, "proof-code")) == ["1", "2"]

    def test_of_an_account_without_a_factor_takes_the_password(self):
        user = factories.worker()
        client = self.stale(user)
        shown = client.post("/security/app/", {"code": "123456"})
        assert fields_of(shown, "proof-password") == {"code": "123456"}
        assert client.post("/security/app/", {"code": "1", "proof-password": "no"}).status_code == 422
        assert not UserSession.objects.filter(
            user=user, confirmed_at__gte=clock.real_now() - timedelta(minutes=1)
        ).exists()
        client.post("/security/app/", {"code": "1", "proof-password": PASSWORD})
        assert UserSession.objects.filter(
            user=user, confirmed_at__gte=clock.real_now() - timedelta(minutes=1)
        ).exists()

    def test_needs_the_form_token_like_any_form(self):
        user = factories.reviewer()
        self.stale(user)
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(user)
        UserSession.objects.filter(user=user).update(confirmed_at=clock.real_now() - timedelta(minutes=11))
        assert strict.post("/access/lost/", self.LOST | {"proof-code": now_code()}).status_code == 403

    def test_reading_a_certificate_asks_nothing(self):
        client = self.stale(factories.reviewer())
        assert client.get("/review/voiding/find/").status_code == 200

    def test_lasts_as_long_as_the_setting_says(self, settings):
        settings.STEP_UP_MINUTES = 30
        assert self.stale(factories.staff(Role.CHIEF)).get("/chief/staff/open/").status_code == 200

    def test_comes_after_the_role_so_that_it_tells_nothing(self):
        assert self.stale(factories.reviewer()).get("/chief/staff/open/").status_code == 404


class Key:
    """A security key in software, as WebAuthn describes one."""

    def __init__(self, origin="http://localhost:8000"):
        from cryptography.hazmat.primitives.asymmetric import ec

        self.private, self.origin, self.counter = ec.generate_private_key(ec.SECP256R1()), origin, 0
        self.id = crypto.os.urandom(32)

    def client_data(self, kind, challenge):
        return CollectedClientData.create(type=kind, challenge=challenge, origin=self.origin)

    def data(self, party, credential=b""):
        self.counter += 1
        flags = AuthenticatorData.FLAG.UP | (AuthenticatorData.FLAG.AT if credential else 0)
        from hashlib import sha256

        return AuthenticatorData.create(sha256(party.encode()).digest(), flags, self.counter, credential)

    def create(self, options):
        options = options["publicKey"]
        public = ES256.from_cryptography_key(self.private.public_key())
        made = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        said = self.client_data("webauthn.create", websafe_decode(options["challenge"]))
        attested = AttestationObject.create("none", self.data(options["rp"]["id"], made), {})
        return self.answer({"clientDataJSON": said, "attestationObject": attested})

    def get(self, options):
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256

        options = options["publicKey"]
        said = self.client_data("webauthn.get", websafe_decode(options["challenge"]))
        data = self.data(options["rpId"])
        signature = self.private.sign(data + said.hash, ec.ECDSA(SHA256()))
        return self.answer({"clientDataJSON": said, "authenticatorData": data, "signature": signature})

    def answer(self, response):
        encoded = {name: websafe_encode(bytes(value)) for name, value in response.items()}
        key = websafe_encode(self.id)
        return json.dumps({"id": key, "rawId": key, "type": "public-key", "response": encoded})


def options_of(page):
    from html import unescape

    return json.loads(unescape(re.search(r'data-options="([^"]+)"', page.content.decode())[1]))


@pytest.mark.usefixtures("morning")
class TestPasskeys:
    def holder(self, key):
        user = without_factor()
        client, _ = password_given(user)
        options = options_of(client.get("/security/passkey/"))
        made = client.post("/security/passkey/", {"name": "蓝色密钥", "credential": key.create(options)})
        return user, made

    def sign_in(self, user, key):
        client, answer = password_given(user)
        sent = key.get(options_of(client.get(answer.url)))
        return client, sent, client.post("/sign-in/second/", {"credential": sent})

    def test_set_up_and_used(self):
        user, made = self.holder(key := Key())
        assert made.status_code == 200
        assert "请保存这些恢复码" in text(made)
        _client, _sent, answer = self.sign_in(user, key)
        assert answer.url == "/home/"
        assert Factor.objects.get(user=user).sign_count == 2

    def test_answers_one_challenge_once(self):
        user, _ = self.holder(key := Key())
        _client, sent, _ = self.sign_in(user, key)
        other, answer = password_given(user)
        other.get(answer.url)
        assert other.post("/sign-in/second/", {"credential": sent}).status_code == 422
        again, answer = password_given(user)
        options = options_of(again.get(answer.url))
        wrong = Key()
        wrong.id = key.id
        assert again.post("/sign-in/second/", {"credential": wrong.get(options)}).status_code == 422
        assert again.post("/sign-in/second/", {"credential": key.get(options)}).status_code == 422

    def test_whose_counter_does_not_rise_is_a_copy(self):
        user, _ = self.holder(key := Key())
        self.sign_in(user, key)
        key.counter -= 1
        assert self.sign_in(user, key)[2].status_code == 422

    def test_made_for_another_site_is_refused(self):
        _user, made = self.holder(Key(origin="http://localhost.evil.example"))
        assert made.status_code == 422
        user, _ = self.holder(key := Key())
        key.origin = "http://localhost:9"
        assert self.sign_in(user, key)[2].status_code == 422

    @pytest.mark.parametrize("sent", ["", "{", "[]", "{}", '{"id": 1}', "[" * 5000])
    def test_refuses_nonsense_without_stumbling(self, sent):
        user, _ = self.holder(Key())
        client, answer = password_given(user)
        client.get(answer.url)
        assert client.post("/sign-in/second/", {"credential": sent}).status_code == 422

    def test_are_not_offered_where_browsers_refuse_them(self, settings):
        assert passkeys.is_possible()
        settings.PUBLIC_URL = "https://10.0.0.7"
        assert not passkeys.is_possible()
        client = Client()
        client.force_login(factories.worker())
        assert client.get("/security/passkey/").status_code == 404


@pytest.mark.usefixtures("morning")
class TestSessions:
    def open(self, role=Role.REVIEWER):
        client = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36")
        user = staff(role) if role != Role.WORKER else factories.worker()
        signed_in_by_hand(client, user.username) if role != Role.WORKER else client.force_login(user)
        return user, client

    def backdate(self, user, **minutes):
        at = clock.real_now()
        UserSession.objects.filter(user=user).update(
            **{name: at - timedelta(minutes=value) for name, value in minutes.items()}
        )

    @pytest.mark.parametrize(
        ("role", "minutes", "status"),
        [(Role.REVIEWER, 29, 200), (Role.REVIEWER, 30, 302), (Role.WORKER, 59, 200), (Role.WORKER, 60, 302)],
    )
    def test_run_out_when_nobody_uses_them(self, role, minutes, status):
        user, client = self.open(role)
        self.backdate(user, last_seen_at=minutes)
        assert client.get("/notices/").status_code == status
        assert Event.objects.filter(verb="accounts.session.closed").count() == (status == 302)

    @pytest.mark.parametrize(("hours", "status"), [(9, 200), (10, 302)])
    def test_run_out_however_much_they_are_used(self, hours, status):
        user, client = self.open()
        self.backdate(user, started_at=hours * 60)
        assert client.get("/notices/").status_code == status

    def test_do_not_mind_a_simulated_clock(self):
        _user, client = self.open()
        clock.move_to(shanghai(2024, 1, 1))
        assert client.get("/notices/").status_code == 200

    def test_are_listed_with_their_device_and_ended_one_by_one_or_all_together(self):
        user, client = self.open()
        other = factories.session_of(user, device="Firefox · Windows")
        third = factories.session_of(user, device="WeChat · Android")
        page = text(client.get("/security/"))
        assert "Chrome · Linux" in page
        assert "Firefox · Windows" in page
        client.post(f"/security/sessions/{other.pk}/end/")
        assert "Firefox · Windows" not in text(client.get("/security/"))
        client.post("/security/sessions/end/")
        third.refresh_from_db()
        assert third.ending == "ended_by_holder"
        assert client.get("/security/").status_code == 200

    def test_end_with_the_account_and_with_the_password(self):
        from portal.accounts.services import account_end, password_change

        user, client = self.open()
        password_change(user=user, password="another-bridge-7", by=BY)
        assert client.get("/notices/").status_code == 302
        user, client = self.open()
        account_end(user=user, reason="left", by=BY)
        assert client.get("/notices/").status_code == 302
        assert not UserSession.objects.filter(user=user, ended_at=None).exists()

    def test_signed_out_cannot_be_taken_up_again_by_whoever_kept_the_cookie(self):
        _user, client = self.open()
        kept = client.cookies["sessionid"].value
        client.post("/sign-out/")
        thief = Client()
        thief.cookies["sessionid"] = kept
        assert thief.get("/notices/").status_code == 302

    def test_without_a_record_are_no_sessions(self):
        user, client = self.open()
        UserSession.objects.filter(user=user).delete()
        assert client.get("/notices/").status_code == 302


def test_the_code_is_shown_in_the_demonstration_alone(morning, settings):
    user = factories.reviewer()
    for deployment in ("development", "test", "production"):
        settings.DEPLOYMENT = deployment
        client, answer = password_given(user)
        page = client.get(answer.url).content.decode()
        assert not {now_code(drift) for drift in (-1, 0, 1)} & set(re.findall(r"\d{6}", page)), deployment
        assert "demo-code" not in page
    settings.DEPLOYMENT = "demo"
    client, answer = password_given(user)
    shown = re.search(r'id="demo-code">(\d{6})<', client.get(answer.url).content.decode())[1]
    assert client.post("/sign-in/second/", {"code": shown}).status_code == 302


def test_who_signs_in_by_hand_needs_both_steps(morning):
    client = Client()
    assert signed_in_by_hand(client, factories.reviewer("both-steps").username).url == "/home/"
    assert app_code("both-steps").isdecimal()
    assert User.objects.filter(username="both-steps").exists()
