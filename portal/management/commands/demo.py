"""The whole portal on this machine: services, web, worker and beat, with the sample province."""

import hashlib
import json
import os
import shutil
import signal
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from portal.runtime.embedded import require_free
from portal.runtime.local import IssuerCreate, local_environment_write, secrets_keep
from portal.runtime.part import PartError
from portal.runtime.stack import ENDING_SIGNALS, Stack

STARTS_AT = "2020-12-28T09:00:00+08:00"
# By name: this room may not import that one.
ISSUER_CREATE = "certificates.documents.issuer.create_demo_issuer"


class Command(BaseCommand):
    help = (
        "Start PostgreSQL, Redis, web, worker and beat, with the sample province; Ctrl-C stops all of them."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000")
        parser.add_argument("--empty", action="store_true", help="do not load the sample province")
        parser.add_argument("--reset", action="store_true", help="throw the demo's data away and end")

    def handle(self, *args: Any, **options: Any) -> None:
        for number in ENDING_SIGNALS:
            signal.signal(number, _interrupt)
        stack = Stack(settings.VAR_DIR, options["port"], environment=_given(), tell=self._say)
        try:
            with stack:
                if options["reset"]:
                    _refuse_to_lose_keys()
                    _reset(stack.home)
                else:
                    self._run(stack, with_sample=not options["empty"])
        except PartError as error:
            raise CommandError(f"{error}\nNothing was left running.") from error
        except OSError as error:
            raise CommandError(
                f"The portal cannot keep its files in {stack.home}.\nWhy: {error}\n"
                "What to do: free space there or make it writable, or set PORTAL_VAR to another directory.\n"
                "Nothing was left running."
            ) from error
        except KeyboardInterrupt:
            self._say("Stopped: every process of the demo has ended.")

    def _run(self, stack: Stack, *, with_sample: bool) -> None:
        require_free(stack.port)
        if _unfinished(stack.home).exists():
            _refuse_to_lose_keys()
            self._say("The sample province was loaded only in part; starting over.")
            _reset(stack.home)
        stack.environment.setdefault("PUBLIC_URL", stack.address)
        values = secrets_keep(stack.home, _issuer_create())
        stack.start_services()
        local_environment_write(stack.home, stack.environment | values)
        stack.manage("migrate", "--no-input", "--verbosity=0")
        self._collect_static(stack)
        stack.start_portal()
        if with_sample:
            self._load(stack)
        self._welcome(stack)
        stack.watch()

    def _collect_static(self, stack: Stack) -> None:
        stamp = stack.home / "static.stamp"
        digest = _static_digest()
        if not stamp.exists() or stamp.read_text() != digest:
            stack.manage("collectstatic", "--no-input", "--clear", "--verbosity=0")
            stamp.write_text(digest)

    def _load(self, stack: Stack) -> None:
        if not _logins(stack.home).exists() and "load_demo" in get_commands():
            self._say("Loading the sample province; this happens once.")
            _unfinished(stack.home).touch()
            stack.manage("load_demo", show=True)
            _unfinished(stack.home).unlink()

    def _welcome(self, stack: Stack) -> None:
        self._say(f"\nThe portal runs at {stack.address}")
        if _logins(stack.home).exists():
            keys = json.loads(_logins(stack.home).read_text("utf-8")) | {
                "address": stack.environment["PUBLIC_URL"]
            }
            _logins(stack.home).write_text(json.dumps(keys, ensure_ascii=False, indent=2) + "\n", "utf-8")
            for login in keys["logins"]:
                self._say("  " + "  ".join(str(value) for value in login.values()))
            self._say(f"Logins and API tokens: {_logins(stack.home)}")
        self._say(f"Logs: {stack.home / 'log'}. Ctrl-C stops everything.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _given() -> dict[str, str]:
    names = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "PORTAL_NOW", "POLICY_PACK")
    given = {name: value for name in names if (value := os.environ.get(name))}
    return {"DEPLOYMENT": "demo", "PORTAL_NOW": STARTS_AT} | given


def _issuer_create() -> IssuerCreate:
    create: IssuerCreate = import_string(ISSUER_CREATE)
    return create


def _logins(home: Path) -> Path:
    return home / "demo.json"


def _unfinished(home: Path) -> Path:
    return home / "demo.unfinished"


def _static_digest() -> str:
    digest = hashlib.sha256()
    for root in settings.STATICFILES_DIRS:
        for path in sorted(Path(root).rglob("*")):
            state = path.stat()
            digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _refuse_to_lose_keys() -> None:
    """Stop before the keys go while a database of one's own keeps what they encrypted."""
    if "DATABASE_URL" in _given():
        raise CommandError(
            "The database of DATABASE_URL is yours, and this command does not empty it. Drop and create it, unset "
            "DATABASE_URL, run `make demo-reset`, then start again."
        )


def _reset(home: Path) -> None:
    for name in ("postgres", "redis", "files", "static", "secrets"):
        shutil.rmtree(home / name, ignore_errors=True)
    for name in ("local.env", "demo.json", "demo.unfinished", "static.stamp"):
        (home / name).unlink(missing_ok=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
