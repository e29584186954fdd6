"""Signing in as people do: password, then the code of an authenticator app where the account has one."""

from tests.factories import APP_SECRET, PASSWORD
from tests.second_factor import app_code


def sign_in(page, who: str, *, address: str = "", password: str = PASSWORD, secret: str = APP_SECRET) -> None:
    """Sign ``who`` in with ``page``, in place of whoever was signed in; ``address`` is the portal's if the page has none."""
    page.context.clear_cookies()
    page.goto(f"{address}/sign-in/")
    page.fill("[name=identifier]", who)
    page.fill("[name=password]", password)
    page.locator("form:has([name=password]) button[type=submit]").click()
    page.wait_for_url(lambda now: not now.endswith("/sign-in/"))
    if "/sign-in/second/" in page.url:
        enter_code(page, who, secret)
        page.wait_for_url(lambda now: "/sign-in/" not in now)


def enter_code(page, who: str, secret: str = APP_SECRET) -> None:
    """Enter a code where a page asks for one."""
    page.fill("main [name=code]", app_code(who, secret))
    page.locator("form:has([name=code]) button[type=submit]").click()
