"""The forms that a policy value may take: how each is read from TOML, shown as JSON, and named in an error."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from stdnum.cn import uscc

from portal.policy.decision import JsonValue, json_number
from portal.policy.numbering import number_pattern

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages of the portal."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the text for a Django language code; Chinese is the default language."""
        return self.en if language.lower().startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a code and a name in both languages: a post, an area, an issuer."""

    code: str
    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the name for a Django language code."""
        return Text(self.zh, self.en).in_language(language)


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """How one kind of value is written.

    `parse` returns the typed value, or raises `ValueError`, `TypeError` or `KeyError` when the raw one does not fit.
    """

    unit: str
    expected: str
    parse: Callable[[Any], T]


def as_json(value: object) -> JsonValue:
    """Return a policy value for JSON: dates as ISO strings, tuples as lists, named things as objects."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return json_number(value)
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise TypeError(f"A policy value cannot be a {type(value).__name__}.")


def _require(fits: bool) -> None:
    if not fits:
        raise ValueError


def _exactly(raw: Any, kind: type[T]) -> T:
    _require(type(raw) is kind)
    return raw  # type: ignore[no-any-return]


def _date(raw: Any) -> date:
    _require(isinstance(raw, date) and not isinstance(raw, datetime))
    return raw  # type: ignore[no-any-return]


def _count(raw: Any) -> int:
    number = _exactly(raw, int)
    _require(number > 0)
    return number


def _percent(raw: Any) -> int:
    percent = _count(raw)
    _require(percent <= 100)
    return percent


def _hours(raw: Any) -> Decimal:
    _require(type(raw) in (int, Decimal))
    hours = Decimal(raw)
    _require(hours > 0 and hours * 2 == int(hours * 2))
    return hours


def _words(raw: Any) -> str:
    _require(_exactly(raw, str).strip() != "")
    return _exactly(raw, str)


def _text(raw: Any) -> Text:
    _require(set(raw) == {"zh", "en"})
    return Text(zh=_words(raw["zh"]), en=_words(raw["en"]))


def _named(raw: Any) -> Named:
    _require(set(raw) == {"code", "zh", "en"})
    return Named(code=_words(raw["code"]), zh=_words(raw["zh"]), en=_words(raw["en"]))


def _distinct(raw: Any, item: Callable[[Any], T]) -> tuple[T, ...]:
    values = tuple(item(entry) for entry in _exactly(raw, list))
    _require(len(values) > 0 and len(set(values)) == len(values))
    return values


def _named_list(raw: Any, code: str) -> tuple[Named, ...]:
    values = _distinct(raw, _named)
    _require(len({named.code for named in values}) == len(values))
    _require(all(re.fullmatch(code, named.code) for named in values))
    return values


def _reminder_days(raw: Any) -> tuple[int, ...]:
    values = _distinct(raw, _count)
    _require(list(values) == sorted(values, reverse=True))
    return values


def _years(raw: Any) -> tuple[int, ...]:
    values = _distinct(raw, _count)
    _require(list(values) == sorted(values) and values[0] >= 1949 and values[-1] <= 2999)
    return values


def choice(*allowed: str) -> Form[str]:
    """Return the form of a value that is one of the readings the rules know."""

    def parse(raw: Any) -> str:
        _require(raw in allowed)
        return _exactly(raw, str)

    return Form("reading", "one of " + ", ".join(f'"{word}"' for word in allowed), parse)


def words(*allowed: str) -> Form[tuple[str, ...]]:
    """Return the form of a list drawn from the given words."""

    def parse(raw: Any) -> tuple[str, ...]:
        values = _distinct(raw, _words)
        _require(set(values) <= set(allowed))
        return values

    return Form(
        "list", "a list without repeats, drawn from " + ", ".join(f'"{word}"' for word in allowed), parse
    )


def digits(length: int) -> Form[str]:
    """Return the form of a string of exactly `length` digits."""

    def parse(raw: Any) -> str:
        _require(re.fullmatch(f"[0-9]{{{length}}}", raw) is not None)
        return _exactly(raw, str)

    return Form("code", f"a string of {length} digits", parse)


def _licence_issuer(raw: Any) -> str:
    _require(uscc.is_valid(_exactly(raw, str)) and raw == uscc.compact(raw))
    return _exactly(raw, str)


def _licence_type(raw: Any) -> str:
    _require(re.fullmatch("[0-9]{3}", _exactly(raw, str)[18:]) is not None)
    return _licence_issuer(raw[:18]) + str(raw[18:])


def _number_pattern(raw: Any) -> str:
    number_pattern(_exactly(raw, str))
    return str(raw)


DATE = Form("date", "a date such as 2020-12-31, without quotes", _date)
DATE_OR_NONE = Form(
    "date",
    'a date such as 2020-11-10, without quotes, or "none"',
    lambda raw: None if raw == "none" else _date(raw),
)
HOURS = Form("hours", "hours greater than 0, whole or half, such as 32 or 28.5", _hours)
DAYS = Form("days", "a whole number of days greater than 0", _count)
COUNT = Form("count", "a whole number greater than 0", _count)
BYTES = Form("bytes", "a whole number of bytes greater than 0", _count)
PIXELS = Form("pixels", "a whole number of pixels greater than 0", _count)
PERCENT = Form("percent", "a whole number from 1 to 100", _percent)
FLAG = Form("yes/no", "true or false, without quotes", lambda raw: _exactly(raw, bool))
YEARS = Form("years", "a list of years in ascending order, such as [2015, 2016]", _years)
REMINDER_DAYS = Form(
    "days", "a list of whole numbers of days in descending order, such as [60, 30, 7, 1]", _reminder_days
)
NUMBER_PATTERN = Form(
    "pattern",
    "digits and capitals with {year}, {post}, {sequence:DIGITS}, {issuer} if wanted, each once, and at the end"
    " {check:mod_11_10} (all the rest digits) or {check:mod_37_36}; at most 24 characters in all",
    _number_pattern,
)
LICENCE_ISSUER = Form("code", "a unified social credit code (GB 32100) of 18 characters", _licence_issuer)
LICENCE_TYPE = Form("code", "a unified social credit code (GB 32100) and three digits", _licence_type)
TEXT = Form("text", 'a table with "zh" and "en"', _text)
NAMED = Form("named code", 'a table with "code", "zh" and "en"', _named)
POSTS = Form(
    "list",
    'a list of tables with "code" (three digits, each once), "zh" and "en"',
    lambda raw: _named_list(raw, r"[0-9]{3}"),
)
AREAS = Form(
    "list",
    'a list of tables with "code" (six digits or capitals, each once), "zh" and "en"',
    lambda raw: _named_list(raw, r"[0-9A-Z]{6}"),
)
OTHER_POSTS = Form(
    "list",
    'a list of tables with "code" (one to ten digits or capitals, each once), "zh" and "en"',
    lambda raw: _named_list(raw, r"[0-9A-Z]{1,10}"),
)
