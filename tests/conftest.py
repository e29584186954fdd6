import os

import hypothesis
import pytest

from tests import environment

_services = environment.enter()  # before Django reads its settings

from django.conf import settings  # noqa: E402

hypothesis.settings.register_profile("portal", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("portal")

settings.DATABASES["default"]["ENGINE"] = "tests.postgres"
settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# The workers of xdist inherit this environment; with the variable, pytest-django would load their settings too early.
os.environ.pop("DJANGO_SETTINGS_MODULE")


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


@pytest.fixture(autouse=True)
def _empty_cache(request):
    """Leave no counter or cached answer behind for the next test that uses the services."""
    yield
    if {"db", "transactional_db", "_django_db_helper"} & set(request.fixturenames):
        from django.core.cache import cache

        cache.clear()
