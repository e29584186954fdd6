"""Numbers that are right in form and belong to nobody: place code 469900, mobiles of a range that is not given out."""

from datetime import date, timedelta

from stdnum.cn import ric, uscc

PLACE = "469900"  # no place has it
_FIRST_BIRTH = date(1962, 1, 1)
_DAYS = 12_775  # 35 years; no divisor of the stride below
_STRIDE = 7_919
_MOBILES = 10_000_000
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def id_number(number: int, shift: int, *, female: bool) -> str:
    """Return the ID number of the ``number``-th person, different for each; ``shift`` comes from the seed."""
    born = _FIRST_BIRTH + timedelta(days=(number * _STRIDE + shift) % _DAYS)
    order = (number // _DAYS * 31 + shift) % 499 * 2 + (0 if female else 1)
    body = f"{PLACE}{born:%Y%m%d}{order:03d}"
    return body + ric.calc_check_digit(body + "0")


def fifteen(id_number: str) -> str:
    """Return the number as it stood on cards of the first generation."""
    return id_number[:6] + id_number[8:17]


def wrong_check_digit(id_number: str) -> str:
    return id_number[:-1] + ("1" if id_number[-1] != "1" else "2")


def mobile(number: int, shift: int) -> str:
    return f"1540{(number * 613 + shift) % _MOBILES:07d}"


def credit_code(prefix: str, number: int) -> str:
    """Return a unified social credit code; ``prefix``: ``91`` a company, ``52`` a private school."""
    organisation = f"MA{number:06d}"
    digits = [uscc._alphabet.index(c) if c.isdigit() else ord(c) - 55 for c in organisation]
    total = sum(d * w for d, w in zip(digits, _ORGANISATION_WEIGHTS, strict=True))
    body = prefix + PLACE + organisation + "0123456789X0"[(11 - total % 11) % 11]
    return body + uscc.calc_check_digit(body)
