"""Numbers and names that identify: people (GB 11643), organisations (GB 32100), mobiles, certificates.

Each ``normalise_*`` repairs what typing and spreadsheets do to a value without changing its meaning (full-width digits,
spaces, zero-width characters, lower case) and returns the one form that is stored and compared, or a `Problem` that
says what is wrong. Nothing is guessed. A problem never carries the value itself.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from stdnum.cn import ric, uscc

NAME_LENGTH = 100
NUMBER_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, as a stable code; `portal.tables.messages.describe` puts it into words."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


_INVISIBLE = dict.fromkeys(
    [
        *range(0x20),
        *range(0x7F, 0xA0),
        0xAD,
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        0xFEFF,
    ]
)
_LINE_BREAKS = {ord(c): " " for c in "\t\n\v\f\r\x85\u2028\u2029"}
_CUT = re.compile(r"\d(?:\.\d*)?E\+?\d{1,3}|\d{15,}\.0*", re.ASCII)
_COMPATIBILITY_IDEOGRAPHS = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")
_NAME_DOTS = dict.fromkeys(map(ord, "•・‧∙⋅･᛫●⸱"), "·")
_HAN = r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_DOT_BETWEEN_HAN = re.compile(rf"(?<={_HAN})\s*[.．·]\s*(?={_HAN})")
_SPACE_BESIDE_HAN = re.compile(rf"(?<={_HAN})\s+|\s+(?={_HAN})")
_PLAIN_ID = re.compile(r"\d{17}[\dX]", re.ASCII)
PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{1,20}")
PLAIN_NUMBER = re.compile(r"[0-9A-DF-Z\u4e00-\u9fff]{1,60}")  # no E: it may be an exponent
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣-－_"))
_BRACKETS = str.maketrans("[]{}〔〕【】［］｛｝〈〉《》", "()()()()()()()()")
_MOBILE = re.compile(r"(?:\+?0{0,2}86)?(1[3-9]\d{9})", re.ASCII)


def visible(text: str) -> str:
    """Return ``text`` without control and zero-width characters, every run of white space as one space."""
    return " ".join(text.translate(_LINE_BREAKS).translate(_INVISIBLE).split())


def compact(text: str) -> str:
    """Return the letters and digits of a number as typed by any keyboard: half-width, upper case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).split()).upper()


def was_cut(number: str) -> bool:
    """Tell whether a spreadsheet kept ``number`` as a quantity: 15 digits survive, the rest are lost."""
    return bool(_CUT.fullmatch(number))


@lru_cache(maxsize=65_536)
def _is_birth_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 1900
    except ValueError:
        return False


def is_id_number(text: str) -> bool:
    """Tell whether ``text`` is a right ID number in its normal form."""
    return bool(
        _PLAIN_ID.fullmatch(text) and ric.calc_check_digit(text) == text[17] and _is_birth_date(text[6:14])
    )


def normalise_id_number(text: str) -> str | Problem:
    """Return the 18 characters of a resident ID number (GB 11643).

    A 15-digit number is widened. The place code is not looked up: older cards carry codes that were abolished since,
    which is why ``stdnum.cn.ric.validate`` as a whole would refuse too much.
    """
    if is_id_number(text):
        return text
    number = compact(text).lstrip("'").replace("-", "")
    if len(number) == 15 and number.isascii() and number.isdigit():
        number = f"{number[:6]}19{number[6:]}"
        number += ric.calc_check_digit(number + "0")
    return _id_number_problem(number) or number


def _id_number_problem(number: str) -> Problem | None:
    if not number:
        return Problem("id_empty")
    if was_cut(number):
        return Problem("id_cut_by_spreadsheet")
    if len(number) != 18:
        return Problem("id_length", {"length": len(number)})
    if not number.isascii() or not number[:17].isdigit() or number[17] not in "0123456789X":
        return Problem("id_characters")
    if number[17] != ric.calc_check_digit(number):
        return Problem("id_cut_by_spreadsheet" if number.endswith("000") else "id_check_digit")
    return None if _is_birth_date(number[6:14]) else Problem("id_birth_date")


def normalise_name(text: str) -> str | Problem:
    """Return a personal name: no stray spaces, every kind of middle dot as ``·``.

    Rare characters stay as they are; even the compatibility ideographs that Unicode's own normal forms would replace.
    """
    if PLAIN_NAME.fullmatch(text):
        return text
    name = visible(text).translate(_NAME_DOTS)
    parts = _COMPATIBILITY_IDEOGRAPHS.split(name)
    name = "".join(part if i % 2 else unicodedata.normalize("NFC", part) for i, part in enumerate(parts))
    name = _SPACE_BESIDE_HAN.sub("", _DOT_BETWEEN_HAN.sub("·", name))
    if not name:
        return Problem("name_empty")
    if len(name) > NAME_LENGTH:
        return Problem("name_too_long", {"limit": NAME_LENGTH})
    return name if any(map(str.isalpha, name)) else Problem("name_characters")


def same_name(first: str, second: str) -> bool:
    """Tell whether two names are written the same, whatever the spaces, dots, widths and capitals."""
    keys = (normalise_name(unicodedata.normalize("NFKC", name).casefold()) for name in (first, second))
    one, other = keys
    return isinstance(one, str) and one == other


def normalise_mobile(text: str) -> str | Problem:
    """Return the 11 digits of a mainland mobile number, without the country code."""
    number = compact(text).lstrip("'").replace("-", "")
    if not number:
        return Problem("mobile_empty")
    match = _MOBILE.fullmatch(number)
    return match[1] if match else Problem("mobile_format")


def normalise_credit_code(text: str) -> str | Problem:
    """Return the 18 characters of a unified social credit code (GB 32100).

    The registering authority may be a letter (A, N, Y), which ``stdnum.cn.uscc.validate`` does not know.
    """
    code = compact(text).lstrip("'").replace("-", "")
    if not code:
        return Problem("credit_code_empty")
    if was_cut(code):
        return Problem("credit_code_cut_by_spreadsheet")
    if len(code) != 18:
        return Problem("credit_code_length", {"length": len(code)})
    if not code[2:8].isdigit() or any(c not in uscc._alphabet for c in code):
        return Problem("credit_code_characters")
    return code if code[-1] == uscc.calc_check_digit(code) else Problem("credit_code_check_digit")


def number_key(text: str) -> str:
    """Return the one spelling under which a certificate number, paper or electronic, is looked up.

    Full-width characters become half-width, letters upper case, brackets round; spaces, invisible characters and dashes
    go; Chinese characters stay.
    """
    if PLAIN_NUMBER.fullmatch(text):
        return text
    folded = (
        unicodedata.normalize("NFKC", text.translate(_BRACKETS))
        .translate(_BRACKETS)
        .translate(_DASHES)
        .upper()
    )
    kept = "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf"})
    # What was left out, or upper case, may give characters that fold once more: a key is its own key.
    return kept if kept == text else number_key(kept)


def normalise_certificate_number(text: str) -> str | Problem:
    """Return a certificate number as printed on the certificate; compare by its `number_key`."""
    number = text if PLAIN_NUMBER.fullmatch(text) else visible(text).lstrip("'")
    key = number_key(number)
    if not key:
        return Problem("number_empty")
    if was_cut(key):
        return Problem("number_cut_by_spreadsheet")
    return number if len(number) <= NUMBER_LENGTH else Problem("number_too_long", {"limit": NUMBER_LENGTH})
