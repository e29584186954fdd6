import pytest


@pytest.fixture(scope="session")
def issuer_key():
    from certificates.documents.issuer import create_demo_issuer

    return create_demo_issuer()[0]


@pytest.fixture(autouse=True)
def _issuer(settings, issuer_key):
    settings.ISSUER_KEY = issuer_key


@pytest.fixture
def asked(monkeypatch):
    """Which checks were asked of the workers; nothing is sent."""
    from education import tasks

    sent = []
    monkeypatch.setattr(tasks.check_batch, "apply_async", lambda args, **options: sent.append(args))
    return sent


@pytest.fixture
def school():
    from tests.factories import institution

    return institution()


@pytest.fixture
def by_clerk(school):
    from portal.events.services import Actor
    from tests.factories import clerk

    return Actor("web", clerk(school))


@pytest.fixture
def by_reviewer():
    from portal.events.services import Actor
    from tests.factories import reviewer

    return Actor("web", reviewer())


@pytest.fixture
def at():
    """Stop the clock at a moment in Shanghai."""

    from portal import clock
    from tests.factories import shanghai

    def stop(*parts):
        clock.move_to(shanghai(*parts), running=False)

    return stop
