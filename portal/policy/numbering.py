"""The pattern of certificate numbers, a value of the policy: parts in braces, digits and capitals as they stand.

``{issuer}{year}{post}{sequence:6}{check:mod_11_10}``: the issuer's prefix (2 digits), the year (4), the post code (3), the
sequence within year and post with its number of digits, and the check character over everything before it, after ISO/IEC
7064.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

from stdnum.iso7064 import mod_11_10, mod_37_36

LONGEST = 24  # characters
_CHECKS: dict[str, ModuleType] = {"mod_11_10": mod_11_10, "mod_37_36": mod_37_36}
_WIDTHS = {"issuer": 2, "year": 4, "post": 3}
_PART = re.compile(r"\{(issuer|year|post|sequence:[1-9]|check:[a-z0-9_]+)\}|([0-9A-Z])")


class NumberFormatError(ValueError):
    """A part of a certificate number does not fit its place."""


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """A pattern that was read; ``parts`` are names with widths, or literal text with the name ``""``."""

    parts: tuple[tuple[str, str], ...]
    check: str
    form: "re.Pattern[str]"

    @property
    def last_sequence(self) -> int:
        """The highest sequence that a year and post can have."""
        return int("9" * int(dict(self.parts)["sequence"]))

    def number(self, *, issuer: str, year: int, post: str, sequence: int) -> str:
        """Return the number of the ``sequence``-th certificate (from 1) of a post and year; raises `NumberFormatError`."""
        if not 1 <= sequence <= self.last_sequence:
            raise NumberFormatError(f"sequence: expected 1 to {self.last_sequence}, got {sequence}.")
        given = {"issuer": issuer, "year": str(year), "post": post}
        for name, width in _WIDTHS.items():
            if not re.fullmatch(f"[0-9]{{{width}}}", given[name]):
                raise NumberFormatError(f"{name}: expected {width} digits, got {given[name]!r}.")
        body = "".join(
            f"{sequence:0{width}}" if name == "sequence" else given.get(name, width)
            for name, width in self.parts
        )
        return body + str(_CHECKS[self.check].calc_check_digit(body))

    def matches(self, number: str) -> bool:
        """Whether ``number`` has this form, and its check character is right."""
        return self.form.fullmatch(number) is not None and bool(_CHECKS[self.check].is_valid(number))


@lru_cache(maxsize=32)
def number_pattern(text: str) -> NumberPattern:
    """Read a pattern; ``ValueError`` unless it has year, post and sequence once, the issuer at most once, and ends in a
    check character that its text allows.
    """
    found = list(_PART.finditer(text))
    if not found or "".join(match[0] for match in found) != text:
        raise ValueError(f"{text!r} has something that is no part of a number.")
    *parts, (last, check) = (_part(match) for match in found)
    names = [name for name, _ in parts if name]
    if last != "check" or check not in _CHECKS or {*names, "issuer"} != {*_WIDTHS, "sequence"}:
        raise ValueError(f"{text!r} lacks a part of a number, or its check character.")
    if len(names) != len(set(names)):
        raise ValueError(f"{text!r} has a part twice.")
    pieces = [_piece(name, value) for name, value in parts]
    pattern = NumberPattern(tuple(parts), check, re.compile("".join(pieces) + "[0-9A-Z]"))
    sample = pattern.number(issuer="00", year=2000, post="000", sequence=1)
    if len(sample) > LONGEST:
        raise ValueError(f"{text!r} makes numbers of more than {LONGEST} characters.")
    return pattern


def _part(match: "re.Match[str]") -> tuple[str, str]:
    """Return the name of a part and what follows its colon, or no name and the literal text."""
    name, _, detail = (match[1] or "").partition(":")
    return name, detail or match[2] or ""


def _piece(name: str, value: str) -> str:
    width = value if name == "sequence" else _WIDTHS.get(name)
    return f"[0-9]{{{width}}}" if name else re.escape(value)
