"""The second step of signing in, for tests: codes as an authenticator app shows them, each once."""

import re
import time

from portal import clock
from portal.accounts import totp
from tests.factories import APP_SECRET, PASSWORD

_used: dict[str, int] = {}
"""The last time step whose code was taken, by account."""


def forget() -> None:
    """Take every code for unused, as after the database was emptied."""
    _used.clear()


def app_code(who: str, secret: str = APP_SECRET) -> str:
    """Return a code that the app of ``who`` shows and that was not entered yet, waiting for one if need be."""
    while (step := totp.step_unused(at=clock.machine_now(), after=_used.get(who))) is None:
        time.sleep(1)
    _used[who] = step
    return totp.code_at(secret, step)


def signed_in_by_hand(client, who: str, password: str = PASSWORD, **options):
    """Sign in with password and code, by the pages; return the answer to the second."""
    client.post("/sign-in/", {"identifier": who, "password": password}, **options)
    return client.post("/sign-in/second/", {"code": app_code(who)}, **options)


def sets_up_an_app(client, **options):
    """Set up an app as an account without a second factor must; return its secret and the page with recovery codes."""

    page = client.get("/security/app/", **options).content.decode()
    secret = re.search(r'id="app-secret"[^>]*>([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    code = totp.code_at(secret, totp.step_of(clock.machine_now()))
    return secret, client.post("/security/app/", {"code": code}, **options)
