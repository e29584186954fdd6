"""Where tests run: PostgreSQL and Redis of their own, a database for each xdist worker, nothing of the demo's."""

import fcntl
import hashlib
import os
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
REDIS_DATABASE = 0 if WORKER == "main" else int(WORKER.removeprefix("gw")) + 1
STACK_REDIS_DATABASE = 15
PATIENCE = 120
"""Seconds for what takes a moment: a machine may be busy, and waiting costs nothing where all goes well."""
SCREENSHOTS = ROOT / "var" / "screenshots"
BROWSER_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECRETS = ("SECRET_KEY", "FIELD_KEYS", "ISSUER_KEY", "ISSUER_CERTIFICATE")
FOREIGN = ("PORTAL_NOW", "POLICY_PACK", "PUBLIC_URL", "ALLOWED_HOSTS", *SECRETS)


class Services:
    """The embedded servers of one test run. Concurrent runs each take the next free directory below var/test/."""

    def __init__(self) -> None:
        from portal.runtime.home import claim

        for number in count():
            self.home = ROOT / "var" / "test" / str(number)
            self.claim = claim(self.home)
            if self.claim:
                break
        self.started = []

    def prepare(self) -> None:
        """Say in the environment where the servers will be; start nothing yet."""
        from portal.runtime.embedded import Postgres, Redis

        os.environ["PORTAL_TEST_HOME"] = str(self.home)
        if "DATABASE_URL" not in os.environ:
            postgres = Postgres(self.home, durable=False)
            os.environ["DATABASE_URL"] = postgres.url("zhengtong_test")
            self.started.append(postgres)
        if "REDIS_URL" not in os.environ:
            redis = Redis(self.home, durable=False)
            os.environ["REDIS_URL"] = redis.url()
            self.started.append(redis)

    def start(self) -> None:
        from portal.runtime.home import sweep

        sweep(self.home)
        for service in self.started:
            service.start()

    def stop(self) -> None:
        for service in reversed(self.started):
            service.stop()
        self.claim.close()


def home() -> Path:
    return Path(os.environ["PORTAL_TEST_HOME"])


def enter() -> Services | None:
    """Set the environment of this process before Django's settings load; return the services if they are its own."""
    services = None
    if WORKER == "main":
        for name in FOREIGN:
            os.environ.pop(name, None)
        os.environ["DEPLOYMENT"] = "test"
        services = Services()
        services.prepare()
        os.environ.update(_secrets(services.home))
    os.environ["PORTAL_VAR"] = str(home() / WORKER)
    os.environ["DATABASE_URL"] = database_url(WORKER)
    os.environ["REDIS_URL"] = redis_url(REDIS_DATABASE)
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    # Playwright keeps an event loop in the thread that also runs the other tests.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return services


def _secrets(directory: Path) -> dict[str, str]:
    from portal.runtime.local import secrets_keep

    def create_issuer():
        from certificates.documents.issuer import create_demo_issuer

        return create_demo_issuer()

    return secrets_keep(directory, create_issuer)


def database_url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/zhengtong_test_{name}"))


def redis_url(database: int) -> str:
    return urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{database}"))


def migrations_digest() -> str:
    """Return a name for the schema that the migrations make."""
    digest = hashlib.sha256()
    for room in ("portal", "institutions", "education", "certificates"):
        for path in sorted((ROOT / room).rglob("migrations/*.py")):
            digest.update(path.read_bytes())
    digest.update((ROOT / "portal" / "settings.py").read_bytes())
    return digest.hexdigest()[:12]


def template_name() -> str:
    """Return what the template with this schema is called below ``zhengtong_test_``."""
    return f"template_{migrations_digest()}"


def database_clone(name: str) -> str:
    """Make ``zhengtong_test_<name>`` anew as a copy of the migrated template; return its address."""
    template = f"zhengtong_test_{template_name()}"
    with _administrator() as cursor, _alone():
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [template])
        if not cursor.fetchone():
            _template_create(cursor, template)
    with _administrator() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS zhengtong_test_{name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE zhengtong_test_{name} TEMPLATE {template} STRATEGY file_copy")
    return database_url(name)


def _template_create(cursor, template: str) -> None:
    from django.core.management import call_command
    from django.db import connection

    cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'zhengtong\\_test\\_template\\_%'")
    for (old,) in cursor.fetchall():
        cursor.execute(f"ALTER DATABASE {old} IS_TEMPLATE false")
        cursor.execute(f"DROP DATABASE {old} WITH (FORCE)")
    cursor.execute(f"CREATE DATABASE {template}")
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = template
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    cursor.execute(f"ALTER DATABASE {template} IS_TEMPLATE true")


@contextmanager
def _administrator():
    address = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres"))
    with closing(psycopg2.connect(address)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


@contextmanager
def _alone():
    with (home() / "run" / "template.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
