"""What a column holds: each kind turns one cell into a typed value or a `Problem`, without guessing."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import ClassVar

from portal.identity import (
    PLAIN_NAME,
    PLAIN_NUMBER,
    Problem,
    is_id_number,
    normalise_certificate_number,
    normalise_credit_code,
    normalise_id_number,
    normalise_mobile,
    normalise_name,
    visible,
)

Cell = str | float | bool | date | datetime | time | timedelta
Parser = Callable[[Cell], object]

EPOCH_1900 = date(1899, 12, 30)
EPOCH_1904 = date(1904, 1, 1)
_MOST_DIGITS = 15  # what a spreadsheet keeps of a number
_DATE = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d\d)(\d\d))(?: ?\d{1,2}:.*)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d*)?", re.ASCII)
_YEARS = range(1900, 2100)


def as_text(cell: Cell) -> str:
    """Return a cell as a reader of the sheet sees it, a whole number without its decimal point."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    return str(cell)


class Kind:
    """How a column's cells are read. ``repeats``: few distinct values, so each is parsed once."""

    repeats: ClassVar[bool] = True
    identity: ClassVar[bool] = False  # a formula in such a column is refused

    @staticmethod
    def is_normal(text: str, /) -> bool:  # noqa: ARG004
        """Tell that ``text`` needs no parsing: it is the value as it stands."""
        return False

    def parse(self, cell: Cell) -> object:
        """Return the value of a cell that is not empty, or a `Problem`."""
        raise NotImplementedError

    def parser(self, epoch: date) -> Parser:
        """Return the function to use in a workbook whose day numbers count from ``epoch``."""
        return self.parse


class _Identity(Kind):
    repeats = False
    identity = True
    as_number: ClassVar[Problem]
    cut: ClassVar[Problem]

    @staticmethod
    def normalise(text: str) -> str | Problem:
        raise NotImplementedError

    def parse(self, cell: Cell) -> object:
        if isinstance(cell, float):
            return self.as_number if abs(cell) < 10**_MOST_DIGITS else self.cut
        return self.normalise(as_text(cell))


class IdNumber(_Identity):
    """Resident ID number: `str` of 18. A number cell is refused, even where no digit was lost: none is guessed."""

    @staticmethod
    def is_normal(text: str, /) -> bool:
        return is_id_number(text)

    normalise = staticmethod(normalise_id_number)
    as_number = Problem("id_is_number")
    cut = Problem("id_cut_by_spreadsheet")


class CreditCode(_Identity):
    """Unified social credit code: `str` of 18."""

    repeats = True
    normalise = staticmethod(normalise_credit_code)
    as_number = Problem("credit_code_is_number")
    cut = Problem("credit_code_cut_by_spreadsheet")


class CertificateNumber(Kind):
    """Certificate number: `str` as printed. A number cell is taken while it is whole and no digit can have been lost."""

    repeats = False
    identity = True

    @staticmethod
    def is_normal(text: str, /) -> bool:
        return PLAIN_NUMBER.fullmatch(text) is not None

    def parse(self, cell: Cell) -> object:
        if isinstance(cell, float) and (abs(cell) >= 10**_MOST_DIGITS or not cell.is_integer()):
            return Problem("number_cut_by_spreadsheet")
        return normalise_certificate_number(as_text(cell))


class Name(Kind):
    """Personal name: `str`."""

    repeats = False
    identity = True

    @staticmethod
    def is_normal(text: str, /) -> bool:
        return PLAIN_NAME.fullmatch(text) is not None

    def parse(self, cell: Cell) -> object:
        return normalise_name(as_text(cell))


class Mobile(Kind):
    """Mainland mobile: `str` of 11 digits."""

    repeats = False

    def parse(self, cell: Cell) -> object:
        return normalise_mobile(as_text(cell))


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """Free text: `str` of at most ``limit`` characters, without invisible ones."""

    limit: int = 200

    def parse(self, cell: Cell) -> object:
        text = visible(as_text(cell))
        return (
            text
            if len(text) <= self.limit
            else Problem("text_too_long", {"limit": self.limit, "length": len(text)})
        )


@dataclass(frozen=True, slots=True)
class Code(Kind):
    """A short code such as a post code: `str`, one of ``allowed`` where that is given."""

    allowed: frozenset[str] | None = None
    limit: int = 10

    def parse(self, cell: Cell) -> object:
        code = unicodedata.normalize("NFKC", visible(as_text(cell))).replace(" ", "").upper()
        if self.allowed is not None and code not in self.allowed:
            return Problem("not_a_choice", {"choices": "、".join(sorted(self.allowed))})
        if len(code) > self.limit:
            return Problem("text_too_long", {"limit": self.limit, "length": len(code)})
        return code


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a few words, each standing for a value: ``Choice({"是": True, "否": False})``."""

    options: Mapping[str, object]

    def parse(self, cell: Cell) -> object:
        word = unicodedata.normalize("NFKC", visible(as_text(cell))).replace(" ", "")
        if word in self.options:
            return self.options[word]
        return Problem("not_a_choice", {"choices": "、".join(self.options)})


@dataclass(frozen=True, slots=True)
class Date(Kind):
    """A day: `date`. Real date cells, day numbers, and text with year, month, day in that order."""

    def parse(self, cell: Cell) -> object:
        return _read_date(cell, EPOCH_1900)

    def parser(self, epoch: date) -> Parser:
        return partial(_read_date, epoch=epoch)


def _read_date(cell: Cell, epoch: date) -> date | Problem:
    if isinstance(cell, datetime):
        return _plausible(cell.date())
    if isinstance(cell, date):
        return _plausible(cell)
    if isinstance(cell, float):
        return _date_of_serial(cell, epoch)
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", visible(cell))) if isinstance(cell, str) else None
    if match is None:
        return Problem("date_format")
    year, month, day = (int(part) for part in match.groups() if part and part not in "-/.")
    try:
        return _plausible(date(year, month, day))
    except ValueError:
        return Problem("date_unreal")


def _plausible(day: date) -> date | Problem:
    return day if day.year in _YEARS else Problem("date_unreal")


def _date_of_serial(number: float, epoch: date) -> date | Problem:
    if 19_000_101 <= number <= 20_991_231:  # typed as 20201005
        return _read_date(f"{number:.0f}", epoch)
    try:
        return _plausible(epoch + timedelta(days=int(number)))
    except OverflowError:
        return Problem("date_unreal")


@dataclass(frozen=True, slots=True)
class Hours(Kind):
    """Hours: `int` in tenths. 22.5 is 225; a second decimal is a problem, never rounded."""

    most: int = 9_999

    def parse(self, cell: Cell) -> object:
        number = _decimal(cell)
        if number is None:
            return Problem("hours_format")
        tenths = number * 10
        if tenths != tenths.to_integral_value():
            return Problem("hours_decimals")
        return int(tenths) if 0 <= number <= self.most else Problem("hours_range", {"most": self.most})


@dataclass(frozen=True, slots=True)
class Score(Kind):
    """A mark out of ``most``: `int` in tenths."""

    most: int = 100

    def parse(self, cell: Cell) -> object:
        number = _decimal(cell)
        if number is None or number * 10 != (number * 10).to_integral_value():
            return Problem("score_format")
        return int(number * 10) if 0 <= number <= self.most else Problem("score_range", {"most": self.most})


@dataclass(frozen=True, slots=True)
class Year(Kind):
    """A calendar year: `int`. ``2021``, ``2021年`` and ``2021年度`` are the same."""

    first: int = 2000
    last: int = 2099

    def parse(self, cell: Cell) -> object:
        text = unicodedata.normalize("NFKC", visible(as_text(cell))).removesuffix("度").removesuffix("年")
        if not (text.isascii() and text.isdigit() and self.first <= int(text) <= self.last):
            return Problem("year_format", {"first": self.first, "last": self.last})
        return int(text)


def _decimal(cell: Cell) -> Decimal | None:
    if isinstance(cell, bool) or not isinstance(cell, (str, float)):
        return None
    text = unicodedata.normalize("NFKC", visible(as_text(cell)))
    return Decimal(text) if _NUMBER.fullmatch(text) else None
