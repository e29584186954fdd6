"""Take the pictures of `docs/` from the running demo."""

import json
import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import clock
from portal.accounts import totp

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 860}
ASKED = "/can-i-exchange/?kind=post_training&issuer=hainan-assessment-office&year=2016&post=101"
PICTURES = (
    # name, who signs in (the login's "about", name or role), page, size
    ("start", "", "/", DESK),
    ("start-phone", "", "/", PHONE),
    ("rules", "", "/rules/", DESK),
    ("can-exchange", "", ASKED, DESK),
    ("institutions", "", "/institutions/", DESK),
    ("verify", "", "/verify/", DESK),
    ("worker-home", "ready", "/me/", DESK),
    ("worker-home-phone", "short_of_hours", "/me/", PHONE),
    ("worker-electronic", "exchanged", "/me/", DESK),
    ("worker-education", "exchanged", "/me/education/", DESK),
    ("worker-data", "exchanged", "/me/data/", DESK),
    ("clerk-home", "clerk01", "/institution/", DESK),
    ("clerk-batches", "clerk01", "/institution/batches/", DESK),
    ("clerk-trainees", "clerk01", "/institution/trainees/", DESK),
    ("employer-home", "employer", "/home/", DESK),
    ("review-inbox", "reviewer", "/review/", DESK),
    ("review-archive-checks", "reviewer", "/review/archive-checks/", DESK),
    ("review-batches", "reviewer", "/review/batches/", DESK),
    ("chief-home", "chief", "/home/", DESK),
    ("county-home", "county", "/home/", DESK),
    ("operator-home", "operator", "/home/", DESK),
    ("operator-records", "operator", "/operator/records/", DESK),
    ("audit-home", "auditor", "/home/", DESK),
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Command(BaseCommand):
    help = "Take the pictures of docs/images from the running demo (start it first with make demo)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", help="only these pictures")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.VAR_DIR / "demo.json"
        if not path.exists():
            raise CommandError(f"{path} is not there: start the demo first with `make demo`.")
        demo = json.loads(path.read_text("utf-8"))
        folder = settings.BASE_DIR / "docs" / "images"
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [picture for picture in PICTURES if not options["names"] or picture[0] in options["names"]]
        with _browser() as browser:
            visits = Visits(browser, demo)
            for name, who, address, size in wanted:
                with visits.page(who, size) as page:
                    page.goto(address)
                    page.screenshot(path=folder / f"{name}.png", full_page=size is PHONE)
                    self.stdout.write(f"docs/images/{name}.png")


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # a development package

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise CommandError("No browser: install Chromium, then try again.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class Visits:
    """Pages of the demo, each person signed in once: the code of an authenticator app is good once."""

    def __init__(self, browser: Any, demo: dict[str, Any]) -> None:
        self.browser, self.demo = browser, demo
        self.sessions: dict[str, Any] = {"": None}

    @contextmanager
    def page(self, who: str, size: dict[str, int]) -> Iterator[Any]:
        if who not in self.sessions:
            self.sessions[who] = self._signed_in(who)
        context = self._context(viewport=size, storage_state=self.sessions[who])
        yield context.new_page()
        context.close()

    def _context(self, **options: Any) -> Any:
        return self.browser.new_context(base_url=self.demo["address"], locale="zh-CN", **options)

    def _signed_in(self, who: str) -> Any:
        logins = self.demo["logins"]
        login = next(login for login in logins if who in {login["about"], login["login"], login["role"]})
        context = self._context()
        page = context.new_page()
        page.goto("/sign-in/")
        page.fill("input[name=identifier]", login["login"])
        page.fill("input[name=password]", login["password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: not url.endswith("/sign-in/"))
        if "totp_secret" in login:
            _enter_code(page, login["totp_secret"])
        session = context.storage_state()
        context.close()
        return session


def _enter_code(page: Any, secret: str) -> None:
    """Enter the code of now; should it be used already, the next one, which the portal takes as well."""
    now = totp.step_of(clock.machine_now())
    for step in (now, now + 1):
        if "/sign-in/" in page.url:
            page.fill("main input[name=code]", totp.code_at(secret, step))
            with page.expect_navigation():
                page.press("main input[name=code]", "Enter")
    if "/sign-in/" in page.url:
        raise CommandError("The portal takes no code of the authenticator app: try again in a minute.")
