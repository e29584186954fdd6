"""Known faults of the packages in the lock files, compared without a network against a dated copy of their facts.

The copy (`docs/security/advisories.json`) holds identifiers, packages and affected versions, one advisory a line, and beside
them the exceptions that somebody has given reasons for. `manage.py audit` compares, `manage.py audit --refresh` fetches.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

PYPI, NPM = "PyPI", "npm"
OLD = timedelta(days=30)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_INSIDE = "node_modules/"


class SnapshotError(ValueError):
    """The copy of the advisories, or an answer of the database, is not what it should be."""


@dataclass(frozen=True, order=True)
class Package:
    ecosystem: str
    name: str


@dataclass(frozen=True)
class Span:
    """Versions from ``introduced`` on: before ``fixed``, up to and with ``last_affected``, or without an end."""

    introduced: str
    fixed: str = ""
    last_affected: str = ""

    def holds(self, version: Version) -> bool:
        if self.introduced != "0" and version < Version(self.introduced):
            return False
        if self.fixed:
            return version < Version(self.fixed)
        return not self.last_affected or version <= Version(self.last_affected)


@dataclass(frozen=True)
class Advisory:
    id: str
    aliases: tuple[str, ...]
    ecosystem: str
    package: str
    published: str
    spans: tuple[Span, ...]
    versions: tuple[str, ...] = ()
    """Named one by one, where no span is given."""

    def concerns(self, version: str) -> bool:
        return version in self.versions or any(span.holds(Version(version)) for span in self.spans)

    @property
    def fixed_in(self) -> str:
        return ", ".join(span.fixed for span in self.spans if span.fixed) or "no version yet"


@dataclass(frozen=True)
class Excepted:
    """An advisory that is known and does no harm here, until a day on which somebody looks again."""

    id: str
    package: str
    reason: str
    until: date


@dataclass(frozen=True)
class Snapshot:
    taken: date
    looked_up: frozenset[Package] = frozenset()
    advisories: tuple[Advisory, ...] = ()
    exceptions: tuple[Excepted, ...] = ()


@dataclass(frozen=True)
class Findings:
    hits: Sequence[tuple[Advisory, str]] = ()
    """What a locked version is affected by, without what is excepted."""
    excepted: Sequence[Excepted] = ()
    not_looked_up: Sequence[Package] = field(default_factory=tuple)


def locked(root: Path) -> dict[Package, set[str]]:
    """Return the versions of every package in the lock files below ``root``: some differ by platform or Python."""
    found: dict[Package, set[str]] = {}
    for name in ("requirements.txt", "requirements-production.txt"):
        for package, version in _PIN.findall((root / name).read_text("utf-8")):
            found.setdefault(Package(PYPI, canonicalize_name(package)), set()).add(version)
    for place, entry in json.loads((root / "package-lock.json").read_text("utf-8"))["packages"].items():
        if _INSIDE in place:
            found.setdefault(Package(NPM, place.rpartition(_INSIDE)[2]), set()).add(entry["version"])
    return found


def compared(packages: Mapping[Package, Iterable[str]], snapshot: Snapshot, *, today: date) -> Findings:
    """Compare every locked version with every advisory. Raises `SnapshotError` for a version that cannot be compared."""
    concerned = list(_concerned(packages, snapshot.advisories))
    valid = {(each.id, each.package): each for each in snapshot.exceptions if today <= each.until}
    keys = {(advisory.id, advisory.package) for advisory, _version in concerned}
    return Findings(
        hits=[
            (advisory, version)
            for advisory, version in concerned
            if (advisory.id, advisory.package) not in valid
        ],
        excepted=[each for key, each in valid.items() if key in keys],
        not_looked_up=sorted(packages.keys() - snapshot.looked_up),
    )


def _concerned(
    packages: Mapping[Package, Iterable[str]], advisories: Iterable[Advisory]
) -> Iterator[tuple[Advisory, str]]:
    for advisory in advisories:
        for version in sorted(packages.get(Package(advisory.ecosystem, advisory.package), ())):
            try:
                if advisory.concerns(version):
                    yield advisory, version
            except InvalidVersion as error:
                raise SnapshotError(f"{advisory.id}, {advisory.package} {version}: {error}") from error


def snapshot_read(path: Path) -> Snapshot:
    """Read the copy. Raises `SnapshotError` with what is wrong with it."""
    try:
        said = json.loads(path.read_text("utf-8"))
        return Snapshot(
            taken=date.fromisoformat(said["taken"]),
            looked_up=frozenset(
                Package(ecosystem, name) for ecosystem, names in said["looked_up"].items() for name in names
            ),
            advisories=tuple(_advisory_read(each) for each in said["advisories"]),
            exceptions=tuple(_exception_read(each) for each in said["exceptions"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"{path.name} cannot be read: {error!r}") from error


def _advisory_read(said: Mapping[str, Any]) -> Advisory:
    spans = tuple(Span(**span) for span in said["spans"])
    return Advisory(
        **{
            **said,
            "aliases": tuple(said["aliases"]),
            "versions": tuple(said.get("versions", ())),
            "spans": spans,
        }
    )


def _exception_read(said: Mapping[str, str]) -> Excepted:
    if not said["reason"].strip():
        raise SnapshotError(f"The exception for {said['id']} gives no reason.")
    return Excepted(**{**said, "until": date.fromisoformat(said["until"])})  # type: ignore[arg-type]


def snapshot_write(path: Path, snapshot: Snapshot) -> None:
    """Write the copy, one advisory a line, so that a refresh can be read as a difference."""
    names: dict[str, list[str]] = {PYPI: [], NPM: []}
    for package in sorted(snapshot.looked_up):
        names[package.ecosystem].append(package.name)
    ordered = sorted(snapshot.advisories, key=lambda each: (each.ecosystem, each.package, each.id))
    parts = {
        "taken": json.dumps(snapshot.taken.isoformat()),
        "looked_up": json.dumps(names),
        "advisories": _lines(_plain(asdict(each)) for each in ordered),
        "exceptions": _lines(
            {**asdict(each), "until": each.until.isoformat()} for each in snapshot.exceptions
        ),
    }
    path.write_text("{\n" + ",\n".join(f'"{key}": {text}' for key, text in parts.items()) + "\n}\n", "utf-8")


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    spans = [{key: value for key, value in span.items() if value} for span in said["spans"]]
    return {
        key: value for key, value in {**said, "spans": spans}.items() if value or key in {"aliases", "spans"}
    }


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"[\n{text}\n]" if text else "[]"


Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Puts one question to an OSV database and returns its answer."""


def refreshed(packages: Iterable[Package], before: Snapshot, *, ask: Ask, today: date) -> Snapshot:
    """Return a copy taken today, with the exceptions that were there. Raises what ``ask`` raises, or `SnapshotError`."""
    wanted = sorted(packages)
    found = [advisory for package in wanted for advisory in _fetched(package, ask)]
    return replace(before, taken=today, looked_up=frozenset(wanted), advisories=tuple(found))


def _fetched(package: Package, ask: Ask) -> Iterator[Advisory]:
    question: dict[str, Any] = {"package": {"ecosystem": package.ecosystem, "name": package.name}}
    while True:
        answer = ask(question)
        for record in answer.get("vulns", ()):
            if "withdrawn" not in record:
                yield from _facts(record, package)
        if not (token := answer.get("next_page_token")):
            return
        question["page_token"] = token


def _facts(record: Mapping[str, Any], package: Package) -> Iterator[Advisory]:
    """Take the facts of one record of the OSV schema, as far as it is about ``package``."""
    try:
        about = [each for each in record["affected"] if _is_about(each["package"], package)]
        spans = tuple(
            span
            for each in about
            for given in each.get("ranges", ())
            if given["type"] != "GIT"
            for span in spans_of(given["events"])
        )
        named = () if spans else tuple(version for each in about for version in each.get("versions", ()))
        if spans or named:
            yield Advisory(
                id=record["id"],
                aliases=tuple(record.get("aliases", ())),
                ecosystem=package.ecosystem,
                package=package.name,
                published=record["published"][:10],
                spans=spans,
                versions=named,
            )
    except (KeyError, TypeError, InvalidVersion) as error:
        raise SnapshotError(
            f"{record.get('id')} about {package.name} is no record of the OSV schema: {error!r}"
        ) from error


def _is_about(said: Mapping[str, str], package: Package) -> bool:
    name = canonicalize_name(said["name"]) if package.ecosystem == PYPI else said["name"]
    return (said["ecosystem"], name) == (package.ecosystem, package.name)


def spans_of(events: Iterable[Mapping[str, str]]) -> Iterator[Span]:
    """Turn the events of one range, in whatever order they stand, into spans."""
    at = sorted(((Version(version), kind, version) for event in events for kind, version in event.items()))
    start = ""
    for _version, kind, version in at:
        if kind == "introduced":
            start = start or version
        elif start and kind in {"fixed", "last_affected"}:
            yield Span(start, **{kind: version})
            start = ""
    if start:
        yield Span(start)
