"""Signing in by a provincial identity service: a real provider over HTTP, right and wrong."""

from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from portal import clock
from portal.accounts import totp
from portal.accounts.models import Factor, IdentityLink, Role
from portal.events.models import Event
from tests import factories
from tests.factories import APP_SECRET, shanghai
from tests.identity_service import CLIENT, SECRET, identity_service


@pytest.fixture
def service(db, settings):
    clock.move_to(shanghai(2020, 12, 28, 9), running=False)
    with identity_service() as provider:
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = (
            provider.issuer,
            CLIENT,
            SECRET,
        )
        settings.PUBLIC_URL = "http://testserver"
        yield provider


def at_the_service(departure):
    """Follow the browser to the service; return the address to which the service sends it back."""
    parts = urlsplit(departure.url)
    connection = HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = connection.getresponse().getheader("Location")
    connection.close()
    return back


def comes_back(client, start="/sign-in/service/"):
    return client.get(at_the_service(client.get(start)))


def is_in(client):
    return client.get("/notices/").status_code == 200


class TestSigningIn:
    def test_opens_the_account_of_the_verified_id_number(self, service):
        user, client = factories.worker(), Client()
        service.person |= {"id_number": user.person.id_number.lower()}
        assert "统一身份认证" in client.get("/sign-in/").content.decode()
        assert comes_back(client).url == "/home/"
        assert is_in(client)
        assert Event.objects.get(verb="accounts.session.started").data["means_of_proof"] == "identity_service"
        assert user.person.id_number not in str(list(Event.objects.values()))

    def test_asks_for_the_second_factor_where_there_is_one(self, service):
        user, client = factories.worker(), Client()
        factories.app_of(user)
        service.person |= {"id_number": user.person.id_number}
        assert comes_back(client).url == "/sign-in/second/"
        assert not is_in(client)
        code = totp.code_at(APP_SECRET, totp.step_of(clock.real_now()))
        assert client.post("/sign-in/second/", {"code": code}).url == "/home/"

    @pytest.mark.parametrize(
        "claims",
        [
            {"id_number": None},
            {"id_number": "469900198506150000"},
            {"id_number": ["469900"]},
            {"email": "chen@example.com", "email_verified": True},
            {"preferred_username": "chief", "name": "陈海生"},
        ],
    )
    def test_opens_nothing_by_an_e_mail_address_a_name_or_an_unknown_number(self, service, claims):
        person = factories.person(email="chen@example.com")
        factories.worker(person)
        chief = factories.staff(Role.CHIEF)
        chief.username = "chief"
        chief.save()
        service.person |= claims
        client = Client()
        assert comes_back(client).url == "/sign-in/"
        assert not is_in(client)
        assert Event.objects.get(verb="accounts.session.refused").subject_id == ""

    def test_opens_no_account_that_ended(self, service):
        user, client = factories.worker(), Client()
        user.is_active = False
        user.save()
        service.person |= {"id_number": user.person.id_number}
        assert comes_back(client).url == "/sign-in/"

    def test_sends_what_the_protocol_asks_for_and_no_secret(self, service):
        sent = parse_qs(urlsplit(Client().get("/sign-in/service/").url).query)
        assert set(sent) == {
            "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
            "code_challenge_method",
        }  # fmt: skip
        assert sent["redirect_uri"] == ["http://testserver/sign-in/service/return/"]
        assert all(len(sent[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))


@pytest.fixture
def known(service):
    user = factories.worker()
    service.person |= {"id_number": user.person.id_number}
    return user


@pytest.mark.usefixtures("known")
class TestWhatIsWrong:
    @pytest.mark.parametrize(
        "faults",
        [
            {"claims": {"nonce": "another"}},
            {"claims": {"nonce": None}},
            {"claims": {"aud": "another-client"}},
            {"claims": {"aud": [CLIENT, "another-client"]}},
            {"claims": {"azp": "another-client"}},
            {"claims": {"aud": None}},
            {"claims": {"iss": "https://evil.example"}},
            {"claims": {"exp": 1_600_000_000}},
            {"claims": {"exp": None}},
            {"claims": {"sub": None}},
            {"key": True},
            {"algorithm": "none"},
            {"algorithm": "HS256"},
            {"issuer": "https://evil.example"},
        ],
        ids=str,
    )
    def test_opens_nothing_and_is_recorded(self, service, faults):
        client = Client()
        departure = client.get("/sign-in/service/") if "issuer" not in faults else None
        service.faults = faults
        answer = client.get(at_the_service(departure)) if departure else client.get("/sign-in/service/")
        assert answer.url == "/sign-in/"
        assert not is_in(client)
        assert "identity_service" in Event.objects.get(verb="accounts.session.refused").data["reason"]

    def test_a_return_with_another_state_or_from_another_browser(self, service):
        client = Client()
        back = at_the_service(client.get("/sign-in/service/"))
        assert Client().get(back).url == "/sign-in/"
        assert client.get(back.replace("state=", "state=x")).url == "/sign-in/"
        assert client.get(back).url == "/sign-in/"
        assert not is_in(client)

    def test_a_code_used_a_second_time(self, service):
        client = Client()
        back = at_the_service(client.get("/sign-in/service/"))
        assert client.get(back).url == "/home/"
        client.post("/sign-out/")
        assert client.get(back).url == "/sign-in/"
        thief = Client()
        own = at_the_service(thief.get("/sign-in/service/"))
        code, stolen = (parse_qs(urlsplit(each).query)["code"][0] for each in (own, back))
        assert thief.get(own.replace(code, stolen)).url == "/sign-in/"
        assert not is_in(thief)

    def test_a_code_of_somebody_elses_departure(self, service):
        """Without the verifier that belongs to it a code is worth nothing."""
        victim, thief = Client(), Client()
        theirs = at_the_service(victim.get("/sign-in/service/"))
        own = at_the_service(thief.get("/sign-in/service/"))
        code, stolen = (parse_qs(urlsplit(each).query)["code"][0] for each in (own, theirs))
        assert thief.get(own.replace(code, stolen)).url == "/sign-in/"
        assert not is_in(thief)

    def test_a_service_that_is_away_or_without_tls(self, service, settings):
        for issuer in ("http://127.0.0.1:1", "http://identity.example"):
            settings.OIDC_ISSUER = issuer
            assert Client().get("/sign-in/service/").url == "/sign-in/"


class TestStaff:
    def linked(self, service, user):
        client = Client()
        client.force_login(user)
        return comes_back(client, "/security/service/link/")

    def test_link_their_account_and_then_sign_in_with_their_second_factor(self, service):
        user = factories.reviewer()
        assert self.linked(service, user).url == "/security/"
        client = Client()
        assert comes_back(client).url == "/sign-in/second/"
        code = totp.code_at(APP_SECRET, totp.step_of(clock.real_now()))
        assert client.post("/sign-in/second/", {"code": code}).url == "/home/"
        client.post("/security/service/unlink/")
        assert not IdentityLink.objects.exists()
        assert comes_back(Client()).url == "/sign-in/"

    def test_cannot_link_one_identity_to_two_accounts(self, service):
        first, second = factories.reviewer(), factories.reviewer()
        self.linked(service, first)
        self.linked(service, second)
        assert IdentityLink.objects.get().user == first

    def test_keep_the_services_name_for_them_encrypted(self, service):
        from django.db import connection

        self.linked(service, factories.reviewer())
        with connection.cursor() as cursor:
            cursor.execute("SELECT subject FROM accounts_identitylink")
            assert b"subject-1" not in bytes(cursor.fetchone()[0])

    def test_without_a_second_factor_still_have_to_set_one_up(self, service):
        user = factories.reviewer()
        self.linked(service, user)
        Factor.objects.filter(user=user).delete()
        client = Client()
        assert comes_back(client).url == "/home/"
        assert client.get("/review/").url == "/security/setup/"


@pytest.mark.django_db
def test_there_is_none_unless_it_is_set():
    assert Client().get("/sign-in/service/").status_code == 404
    assert Client().get("/sign-in/service/return/").status_code == 404
    assert "统一身份认证" not in Client().get("/sign-in/").content.decode()
