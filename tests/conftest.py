import os
import shutil

import hypothesis
import pytest

from tests import environment

_services = environment.enter()  # before Django reads its settings

from django.conf import settings  # noqa: E402

# The same examples every time, and a busy machine is no failure; `--hypothesis-profile=default` draws others.
hypothesis.settings.load_profile("ci")

settings.DATABASES["default"]["ENGINE"] = "tests.postgres"
settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# The workers of xdist inherit this environment; with the variable, pytest-django would load their settings too early.
os.environ.pop("DJANGO_SETTINGS_MODULE")


def pytest_configure(config):
    config.addinivalue_line("markers", "xdist_group: known to xdist, which may be switched off")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One worker more than cores: journeys and faults spend their time waiting for browsers and processes."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    if _services and not session.config.option.collectonly:
        _services.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if _services:
        _services.stop()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    with django_db_blocker.unblock():
        environment.database_clone(environment.WORKER)
    yield
    from django.db import connections

    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session", autouse=True)
def _whole_sessions():
    """`Client.force_login` begins a session as a sign-in with every factor of the account does."""
    from django.test import Client

    from portal.accounts.entering import KEY
    from tests import factories

    plain = Client.force_login

    def force_login(client, user, backend=None):
        plain(client, user, backend)
        session = client.session
        session[KEY] = str(factories.session_of(user).pk)
        session.save()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", force_login)
        yield


@pytest.fixture(autouse=True)
def _empty_cache(request):
    """Leave no counter or cached answer behind for the next test that uses the services."""
    yield
    if {"db", "transactional_db", "_django_db_helper"} & set(request.fixturenames):
        from django.core.cache import cache

        from certificates.credentials import published
        from portal import limits

        cache.clear()
        limits.forget()
        published.forget()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """One xdist worker runs all journeys: there is one set of processes for them."""
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.xdist_group("journeys"))


@pytest.fixture(scope="session")
def stack(django_db_setup):
    """Web, worker and beat as real processes on a database of their own (`tests.stack.JourneyStack`)."""
    from tests.stack import journey_stack

    with journey_stack() as running:
        yield running


@pytest.fixture(scope="module")
def chromium():
    """A real browser; without one the test is skipped, but fails under CI.

    Closed with its module: while Playwright lives, its event loop runs in this thread, and Django refuses to work there.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        reason = f"no browser: none of {', '.join(names)} is on PATH"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=environment.PATIENCE * 1000)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=environment.BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let `page` know at its end how the test went."""
    report = yield
    if report.when == "call":
        item.has_failed = report.failed
    return report


@pytest.fixture
def page(request, chromium, stack):
    """A page in a browser context of its own, in Chinese; an error in a script fails the test.

    What it showed when a test failed is kept as var/screenshots/failed-<test>.png.
    """
    context = chromium.new_context(
        base_url=stack.address,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": 1280, "height": 900},
    )
    page = context.new_page()
    page.set_default_timeout(environment.PATIENCE * 1000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if _is_script_error(message) else None)
    yield page
    if getattr(request.node, "has_failed", False):
        environment.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=environment.SCREENSHOTS / f"failed-{request.node.name}.png", full_page=True)
    context.close()
    assert errors == []


def _is_script_error(message):
    # A page that answers 404 or 409 on purpose is reported here too; the journey itself judges those.
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@pytest.fixture
def picture(page):
    """Save what the page shows: ``picture("home")`` writes var/screenshots/home.png."""

    def save(name, *, full_page=True):
        environment.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = environment.SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=full_page)
        return path

    return save
