"""Certificate numbers: how one is formed, read from what people type, and shown.

A number is ``issuer prefix (2) year (4) post (3) sequence (6) check digit (1)``, sixteen digits. The check digit follows
ISO 7064 MOD 11,10: it finds every single wrong digit, and every exchange of neighbouring digits except of some that
differ by one (with 0 and 9 as neighbours).
"""

import re

from stdnum.iso7064 import mod_11_10

from portal.identity import number_key

LENGTH = 16
MAX_SEQUENCE = 999_999


class NumberFormatError(ValueError):
    """A part of a certificate number does not fit its place."""


def format_number(prefix: str, year: int, post: str, sequence: int) -> str:
    """The number of the ``sequence``-th certificate (from 1) of that post and year, check digit included."""
    parts = {"prefix": (prefix, 2), "year": (str(year), 4), "post": (post, 3)}
    for name, (text, length) in parts.items():
        if len(text) != length or not text.isascii() or not text.isdigit():
            raise NumberFormatError(f"{name}: expected {length} digits, got {text!r}.")
    if not 1 <= sequence <= MAX_SEQUENCE:
        raise NumberFormatError(f"sequence: expected 1 to {MAX_SEQUENCE}, got {sequence}.")
    body = f"{prefix}{year}{post}{sequence:06d}"
    return body + mod_11_10.calc_check_digit(body)


def is_plausible(number: str) -> bool:
    """Whether ``number`` (normalised) has the form and the check digit of an electronic certificate's number."""
    return len(number) == LENGTH and number.isascii() and number.isdigit() and mod_11_10.is_valid(number)


normalise_number = number_key  # the kernel's, since batches of courses are matched by it too


def grouped(number: str) -> str:
    """``number`` for the eye: an electronic number in groups of four, any other as it is."""
    return re.sub(r"(?<=\d)(?=(?:\d{4})+$)", " ", number) if is_plausible(number) else number
