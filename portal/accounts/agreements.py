"""What people agree to, in dated versions: the privacy notice, and the text of a consent towards an employer.

The file (`AGREEMENTS`) holds a list of versions of each, from the oldest on: ``version``, the day from which it applies
(``since``), for every later one what it ``changes``, and its ``sections``, all in both languages.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from django.conf import settings

from portal.policy.forms import Text

KEYS = {"version", "since", "changes", "sections"}
LONGEST = 20
NAMES = frozenset({"province", "department", "archive_desk"})
"""What a text may name in braces: who runs the portal, as the policy says."""


class Kind(StrEnum):
    PRIVACY = "privacy"
    EMPLOYER = "employer"


class AgreementsError(ValueError):
    """A file of agreements that cannot be used; the message names the file, the place and what is expected there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a text: perhaps a heading, and paragraphs."""

    title: Text | None
    paragraphs: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One version of a text, and the first day on which it applies."""

    version: str
    since: date
    changes: tuple[Text, ...]
    sections: tuple[Section, ...]


def versions_of(kind: Kind) -> tuple[Agreement, ...]:
    """Return every version, from the oldest on, those announced for a later day with them. Raises `AgreementsError`."""
    return _read(Path(settings.AGREEMENTS))[kind]


def in_force(kind: Kind, day: date) -> Agreement:
    """Return the version that applies on a day; before the first one the first."""
    versions = versions_of(kind)
    return next((each for each in reversed(versions) if each.since <= day), versions[0])


@cache
def _read(path: Path) -> Mapping[Kind, tuple[Agreement, ...]]:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AgreementsError(f"{path}: expected a readable TOML file. {error}") from error
    return {kind: tuple(_versions(document.get(kind), f"{path}: {kind}")) for kind in Kind}


def _versions(raw: Any, place: str) -> Iterator[Agreement]:
    _expect(isinstance(raw, list) and bool(raw), place, "at least one version, [[…]]")
    before: list[Agreement] = []
    for number, each in enumerate(raw, 1):
        found = _version(each, f"{place}[{number}]")
        _expect(
            found.version not in {old.version for old in before},
            f"{place}[{number}].version",
            "one of its own",
        )
        if before:
            _expect(
                found.since > before[-1].since, f"{place}[{number}].since", "a day after the version before"
            )
            _expect(bool(found.changes), f"{place}[{number}].changes", "what is new, in both languages")
        before.append(found)
        yield found


def _version(raw: Any, place: str) -> Agreement:
    _expect(isinstance(raw, dict) and set(raw) <= KEYS, place, f"a table of {', '.join(sorted(KEYS))}")
    version, since = raw.get("version"), raw.get("since")
    is_named = isinstance(version, str) and 0 < len(version) <= LONGEST
    _expect(is_named, f"{place}.version", f"a name of 1 to {LONGEST} characters")
    _expect(
        isinstance(since, date) and not isinstance(since, datetime),
        f"{place}.since",
        "a day such as 2020-07-01",
    )
    sections = raw.get("sections")
    _expect(isinstance(sections, list) and bool(sections), f"{place}.sections", "the text")
    return Agreement(
        version=version,
        since=since,
        changes=_texts(raw.get("changes", []), f"{place}.changes"),
        sections=tuple(_section(each, f"{place}.sections[{at}]") for at, each in enumerate(sections, 1)),
    )


def _section(raw: Any, place: str) -> Section:
    _expect(isinstance(raw, dict) and bool(raw.get("paragraphs")), place, "paragraphs")
    title = _text(raw["title"], f"{place}.title") if "title" in raw else None
    return Section(title=title, paragraphs=_texts(raw["paragraphs"], f"{place}.paragraphs"))


def _texts(raw: Any, place: str) -> tuple[Text, ...]:
    _expect(isinstance(raw, list), place, "a list of texts")
    return tuple(_text(each, f"{place}[{number}]") for number, each in enumerate(raw, 1))


def _text(raw: Any, place: str) -> Text:
    is_both = isinstance(raw, dict) and set(raw) == {"zh", "en"}
    is_said = is_both and all(isinstance(each, str) and each for each in raw.values())
    _expect(is_said, place, "{ zh = …, en = … }")
    _expect(
        all(map(_is_fillable, raw.values())),
        place,
        f"no other names in braces than {', '.join(sorted(NAMES))}",
    )
    return Text(raw["zh"], raw["en"])


def _is_fillable(text: str) -> bool:
    try:
        return {name for _text, name, _form, _how in Formatter().parse(text) if name is not None} <= NAMES
    except ValueError:  # a brace by itself
        return False


def _expect(fits: bool, place: str, expected: str) -> None:
    if not fits:
        raise AgreementsError(f"{place}: expected {expected}.")
