"""Policy packs: TOML files of dated values, checked whole when they are read.

A pack has a `[pack]` head and one table a value, `[section.key]`, with `clause` or `document`, `unit`, `note` in both
languages, and `versions`: each a `value` and the first day (`since`) on which it is in force. A later notice that moves
a deadline is one more version. Before its first version a value is the first version's: the rules are then asked with
hindsight.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from portal.policy.clauses import clauses
from portal.policy.decision import JsonValue
from portal.policy.forms import Form, Text, as_json
from portal.policy.parameters import SECTIONS, Policy

CLAUSES = tuple(clause.id for clause in clauses())
SHIPPED = Path(__file__).parent
ENTRY_KEYS = {"clause", "document", "reading", "unit", "note", "versions"}


class PolicyError(ValueError):
    """A policy pack that cannot be used; each problem names the file, the key and what is expected there."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class _ProblemError(Exception):
    """What is wrong at one key, before the file is named."""


@dataclass(frozen=True, slots=True)
class Version:
    """A value, and the first day on which it is in force."""

    since: date
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value of a pack: where it comes from, what it says, and its versions from the oldest on."""

    key: str
    unit: str
    clause: str | None
    document: Text | None
    reading: bool
    """Whether the notice is silent here and the value is the portal's reading."""
    note: Text
    versions: tuple[Version, ...]

    def on(self, day: date) -> Version:
        """Return the version in force on a day: a later one prevails over what differs from it (clause 5)."""
        return next(
            (version for version in reversed(self.versions) if version.since <= day), self.versions[0]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueInForce:
    """One value as it stands on a day, for people and other systems to read."""

    key: str
    value: JsonValue
    unit: str
    clause: str | None
    document: Text | None
    reading: bool
    note: Text
    since: date

    def as_dict(self) -> dict[str, JsonValue]:
        """Return the value for JSON."""
        return {
            "key": self.key,
            "value": self.value,
            "unit": self.unit,
            "clause": self.clause,
            "document": as_json(self.document),
            "reading": self.reading,
            "note": as_json(self.note),
            "since": as_json(self.since),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPack:
    """All values of one province, with their versions."""

    name: str
    title: Text
    entries: Mapping[str, Entry]

    def on(self, day: date) -> Policy:
        """Return the parameters in force on a day."""
        return _policy(self, day)

    def in_force(self, day: date) -> list[ValueInForce]:
        """Return every value in force on a day, in the order of the sections."""
        return [_value_in_force(entry, entry.on(day)) for entry in self.entries.values()]

    @property
    def change_days(self) -> list[date]:
        """The days on which any value comes into force, in order."""
        return sorted({version.since for entry in self.entries.values() for version in entry.versions})

    def __hash__(self) -> int:
        return hash(self.name)


@cache
def load_pack(name: str) -> PolicyPack:
    """Return a shipped pack by its name; `PolicyError` when there is none or it does not fit."""
    shipped = shipped_packs()
    if name not in shipped:
        raise PolicyError([f'There is no policy pack "{name}". Expected one of: {", ".join(shipped)}.'])
    return load_pack_file(SHIPPED / f"{name}.toml")


def load_pack_file(path: str | Path) -> PolicyPack:
    """Read and check one pack file; `PolicyError` names every problem in it at once."""
    path = Path(path)
    raw = _read(path)
    problems = [f"{path.name}: {problem}" for problem in _head_problems(raw, path)]
    entries: dict[str, Entry] = {}
    for key, form in _forms():
        try:
            entries[key] = _entry(key, form, raw)
        except _ProblemError as problem:
            problems.append(f"{path.name}: {problem}")
    problems += [f"{path.name}: {key}: unknown key. {hint}" for key, hint in _unknown(raw)]
    if problems:
        raise PolicyError(problems)
    head = raw["pack"]
    pack = PolicyPack(name=head["name"], title=Text(**head["title"]), entries=entries)
    _refuse_contradictions(pack, path)
    return pack


def shipped_packs() -> list[str]:
    """Return the names of the packs that come with the portal."""
    return sorted(path.stem for path in SHIPPED.glob("*-*.toml"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise PolicyError([f"{path}: no such file. Expected a policy pack in TOML."]) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError([f"{path.name}: not TOML in UTF-8: {error}."]) from None


def _forms() -> Iterator[tuple[str, Form[Any]]]:
    for section, parameters in SECTIONS.items():
        for field in fields(parameters):
            yield f"{section}.{field.name}", field.metadata["form"]


def _head_problems(raw: dict[str, Any], path: Path) -> Iterator[str]:
    head = raw.get("pack")
    if not isinstance(head, dict) or set(head) != {"name", "title"}:
        yield 'pack: expected a table with "name" and "title".'
        return
    if head["name"] != path.stem:
        yield f'pack.name: expected "{path.stem}", the name of the file.'
    if not _is_text(head["title"]):
        yield f"pack.title: expected {_TEXT}."


_TEXT = 'a table with "zh" and "en"'


def _is_text(raw: Any) -> bool:
    if not isinstance(raw, dict) or set(raw) != {"zh", "en"}:
        return False
    return all(isinstance(words, str) and words.strip() for words in raw.values())


def _entry(key: str, form: Form[Any], raw: dict[str, Any]) -> Entry:
    section, name = key.split(".")
    table = raw.get(section, {})
    entry = table.get(name) if isinstance(table, dict) else None
    if entry is None:
        raise _ProblemError(f"{key}: missing. Expected a table [{key}] whose values are {form.expected}.")
    _expect(
        isinstance(entry, dict), key, 'a table with "clause" or "document", "unit", "note" and "versions"'
    )
    for unknown in sorted(set(entry) - ENTRY_KEYS):
        raise _ProblemError(f"{key}.{unknown}: unknown key. Expected only {', '.join(sorted(ENTRY_KEYS))}.")
    _expect(("clause" in entry) != ("document" in entry), key, 'either "clause" or "document"')
    clause, document = entry.get("clause"), entry.get("document")
    _expect(clause is None or clause in CLAUSES, f"{key}.clause", f"one of {', '.join(CLAUSES)}")
    _expect(document is None or _is_text(document), f"{key}.document", _TEXT)
    _expect(type(entry.get("reading", False)) is bool, f"{key}.reading", "true or false, without quotes")
    _expect(entry.get("unit") == form.unit, f"{key}.unit", f'"{form.unit}"')
    _expect(_is_text(entry.get("note")), f"{key}.note", _TEXT)
    return Entry(
        key=key,
        unit=form.unit,
        clause=clause,
        document=document and Text(**document),
        reading=entry.get("reading", False),
        note=Text(**entry["note"]),
        versions=_versions(key, form, entry.get("versions")),
    )


def _expect(fits: bool, key: str, expected: str) -> None:
    if not fits:
        raise _ProblemError(f"{key}: expected {expected}.")


def _versions(key: str, form: Form[Any], raw: Any) -> tuple[Version, ...]:
    expected = 'a list of tables with "since" and "value", at least one'
    _expect(isinstance(raw, list) and len(raw) > 0, f"{key}.versions", expected)
    versions = tuple(_version(f"{key}.versions[{place}]", form, version) for place, version in enumerate(raw))
    days = [version.since for version in versions]
    _expect(days == sorted(set(days)), f"{key}.versions", "each version to begin after the one before it")
    return versions


def _version(key: str, form: Form[Any], raw: Any) -> Version:
    _expect(isinstance(raw, dict) and set(raw) == {"since", "value"}, key, 'a table with "since" and "value"')
    since = raw["since"]
    is_day = isinstance(since, date) and not isinstance(since, datetime)
    _expect(is_day, f"{key}.since", "a date such as 2020-07-02, without quotes")
    try:
        return Version(since, form.parse(raw["value"]))
    except (ValueError, TypeError, KeyError, ArithmeticError):
        raise _ProblemError(f"{key}.value: expected {form.expected}.") from None


def _unknown(raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    known = {key for key, _ in _forms()}
    for section in raw.keys() - {"pack"}:
        if section not in SECTIONS or not isinstance(raw[section], dict):
            yield section, f"Expected only the sections {', '.join(SECTIONS)}."
            continue
        names = [key.split(".")[1] for key in known if key.startswith(f"{section}.")]
        for name in raw[section]:
            if name not in names:
                yield f"{section}.{name}", f"Expected only {', '.join(sorted(names))}."


def _policy(pack: PolicyPack, day: date) -> Policy:
    sections = {
        section: parameters(
            **{f.name: pack.entries[f"{section}.{f.name}"].on(day).value for f in fields(parameters)}
        )
        for section, parameters in SECTIONS.items()
    }
    return Policy(pack=pack.name, date=day, **sections)


def _value_in_force(entry: Entry, version: Version) -> ValueInForce:
    return ValueInForce(
        key=entry.key,
        value=as_json(version.value),
        unit=entry.unit,
        clause=entry.clause,
        document=entry.document,
        reading=entry.reading,
        note=entry.note,
        since=version.since,
    )


def _refuse_contradictions(pack: PolicyPack, path: Path) -> None:
    """Refuse a pack whose values fit each by itself but not together on some day."""
    problems = [
        f"{path.name}: {problem}, from {day} on."
        for day in pack.change_days
        for problem in _contradictions(pack.on(day))
    ]
    if problems:
        raise PolicyError(problems)


def _contradictions(policy: Policy) -> Iterator[str]:
    exchange, education, review = policy.exchange, policy.education, policy.review
    if exchange.professional_hours > exchange.hours:
        yield "exchange.professional_hours: expected no more than exchange.hours"
    if exchange.archive_check_deadline and exchange.archive_check_deadline > exchange.window_end:
        yield "exchange.archive_check_deadline: expected a day not after exchange.window_end"
    if education.annual_professional_hours > education.annual_hours:
        yield "education.annual_professional_hours: expected no more than education.annual_hours"
    for key in ("first_period_after_exchange", "first_period_after_training"):
        by_calendar = getattr(education, key) == "year_after_issue"
        if by_calendar != (education.period_basis == "calendar"):
            yield f'education.{key}: expected "year_after_issue" with the period basis "calendar", and only with it'
    if review.unusual_daily_hours > review.impossible_daily_hours:
        yield "review.unusual_daily_hours: expected no more than review.impossible_daily_hours"
