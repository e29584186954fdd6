"""A migrated PostgreSQL of the benchmark's own, below the temporary directory, gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_database() -> Iterator[None]:
    """Start PostgreSQL as `make demo` does, set Django up on it, and end and remove it when done."""
    from portal.runtime.embedded import Postgres, database_create

    home = Path(tempfile.mkdtemp(prefix="standing-bench-"))
    home.chmod(0o755)
    server = Postgres(home)
    server.start()
    try:
        database_create(server.url("bench"))
        _set_up(server.url("bench"), home)
        yield
    finally:
        from django.db import connections

        connections.close_all()
        server.stop()
        shutil.rmtree(home)


def _set_up(url: str, home: Path) -> None:
    os.environ |= {
        "DEPLOYMENT": "test",
        "DATABASE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PORTAL_VAR": str(home / "var"),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
