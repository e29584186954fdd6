"""Passwords that somebody who knows the portal, or the holder of the account, would try (ASVS 6.1.2, 6.2.11)."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal import clock
from portal.accounts.models import User
from portal.policy import current_pack
from portal.policy.forms import Named, Text

LENGTH = 8  # what must be left of a password without such words
DIGITS = 6  # so many of a number of the holder's in a row give it away
SHORTEST = 2  # a single letter is no word
_ENDINGS = re.compile(r"(?:省|市|县|自治州|地区|开发区)$")


class GuessablePasswordValidator:
    """Refuses a password that is little more than words of `guessable.toml` and of the holder, or holds their numbers."""

    def validate(self, password: str, user: User | None = None) -> None:
        plain = _plain(password)
        if user and any(part in plain for number in _numbers_of(user) for part in _parts(number)):
            raise ValidationError(
                _("Choose a password without digits of your ID number or mobile number in it."), code="number"
            )
        if _left(plain, [*_words_of_portal(), *(_words_of(user) if user else ())]) < LENGTH <= len(plain):
            raise ValidationError(
                _(
                    "This is little more than words that others would try: names of the portal, the place or the trade, or "
                    "your own. Add words that only you would put together."
                ),
                code="guessable",
            )

    def get_help_text(self) -> str:
        return _("Not from names of the portal, the place, the trade or yourself.")


def _plain(text: str) -> str:
    """Return text as it is compared: small letters of usual width, nothing between them."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).lower() if letter.isalnum())


def _left(plain: str, words: Iterable[str]) -> int:
    """Count what is left of a password without ``words``, long ones first."""
    known = sorted({word for word in words if len(word) >= SHORTEST}, key=len, reverse=True)
    return len(re.sub("|".join(map(re.escape, known)), "", plain)) if known else len(plain)


@cache
def _listed() -> tuple[str, ...]:
    said = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return tuple(_plain(word) for words in said.values() for word in words)


def _words_of_portal() -> Iterator[str]:
    yield from _listed()
    province = current_pack().on(clock.today()).province
    named: list[Text | Named] = [province.name, province.department, province.portal, *province.areas]
    for name in (each.in_language(language) for each in named for language in ("zh-hans", "en")):
        yield from (_plain(name), _plain(_ENDINGS.sub("", name)))


def _words_of(user: User) -> Iterator[str]:
    """Yield names of an account: whole, and in the parts that they are written in."""
    for name in (user.username, user.display_name, user.person.name if user.person else ""):
        yield _plain(name or "")
        yield from (_plain(part) for part in re.split(r"[\W_]+", name or ""))


def _numbers_of(user: User) -> Iterator[str]:
    person = user.person
    typed = re.findall(r"\d+", user.username or "")
    yield from (
        _plain(each) for each in (*typed, person and person.id_number, person and person.mobile) if each
    )


def _parts(number: str) -> Iterator[str]:
    return (number[at : at + DIGITS] for at in range(len(number) - DIGITS + 1))
