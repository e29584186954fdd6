"""Compare the lock files with the known faults of their packages."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import advisories, clock
from portal.advisories import NPM, PYPI, Advisory, Findings, Snapshot, SnapshotError

DATABASE = "https://api.osv.dev"
SECONDS = 30
SNAPSHOT = Path("docs", "security", "advisories.json")


class Command(BaseCommand):
    help = (
        "Compare every version in the lock files with the known faults in docs/security/advisories.json, without a network. "
        "With --refresh, first fetch those of all locked packages from an OSV database."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--refresh", action="store_true", help="fetch the advisories anew; needs a network"
        )
        parser.add_argument("--database", default=DATABASE, metavar="URL", help=f"instead of {DATABASE}")
        parser.add_argument(
            "--root", type=Path, default=settings.BASE_DIR, help="where the lock files are, instead of here"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        root: Path = options["root"]
        today = clock.machine_now().date()
        packages = advisories.locked(root)
        try:
            snapshot = advisories.snapshot_read(root / SNAPSHOT)
            if options["refresh"]:
                asked = Database(options["database"])
                snapshot = advisories.refreshed(packages, snapshot, ask=asked, today=today)
                advisories.snapshot_write(root / SNAPSHOT, snapshot)
            findings = advisories.compared(packages, snapshot, today=today)
        except SnapshotError as error:
            raise CommandError(str(error)) from error
        except (URLError, TimeoutError) as error:
            raise CommandError(
                f"{options['database']} did not answer ({error}). Nothing was changed; try again where there is a network."
            ) from error
        self._tell(snapshot, findings)
        if (today - snapshot.taken) > advisories.OLD:
            self.stdout.write(
                f"WARNING: the advisories are of {snapshot.taken}. Run `make audit` where there is a network, and commit them."
            )
        if findings.hits:
            raise CommandError("\n".join(_sentence(*hit) for hit in findings.hits))

    def _tell(self, snapshot: Snapshot, findings: Findings) -> None:
        self.stdout.write(
            f"{len(snapshot.advisories)} advisories of {snapshot.taken} about {len(snapshot.looked_up)} packages; "
            f"{len(findings.hits)} concern a locked version."
        )
        for each in findings.excepted:
            self.stdout.write(f"Excepted until {each.until}: {each.id} ({each.package}). {each.reason}")
        if findings.not_looked_up:
            names = {
                kind: sum(each.ecosystem == kind for each in findings.not_looked_up) for kind in (PYPI, NPM)
            }
            self.stdout.write(
                f"WARNING: never looked up: {names[PYPI]} locked packages of Python, {names[NPM]} of npm."
            )


def _sentence(advisory: Advisory, version: str) -> str:
    aliases = f" ({', '.join(advisory.aliases)})" if advisory.aliases else ""
    way = (
        f'Run `make lock LOCK="--upgrade-package {advisory.package}"`'
        if advisory.ecosystem == PYPI
        else "Raise it in package.json"
    )
    return (
        f"{advisory.package} {version}: {advisory.id}{aliases}; fixed in {advisory.fixed_in}. {way}, or "
        f"write an exception with its reason and its last day into {SNAPSHOT}."
    )


class Database:
    """An OSV database, asked one question at a time."""

    def __init__(self, address: str) -> None:
        self.address = f"{address.rstrip('/')}/v1/query"

    def __call__(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        request = Request(  # noqa: S310 - the operator names the address
            self.address, json.dumps(question).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            try:
                said = json.load(answer)
            except ValueError as error:
                raise SnapshotError(f"{self.address} answered no JSON.") from error
        if not isinstance(said, dict):
            raise SnapshotError(f"{self.address} answered no object.")
        return said
