"""Passwords that were in somebody's hands already, asked of a file on this machine: none of them ever leaves it.

The file holds the first eight bytes of each password's SHA-1, sorted; `manage.py breached_passwords` writes it from the
files that Have I Been Pwned publishes. Until then there is `common-passwords.bin`, of the same form and shipped: what zxcvbn 4.5.0
and @zxcvbn-ts/language-common 4.1.3 (both MIT) list and Django's 20,000 most frequent passwords lack, from eight characters on.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

ENTRY = 8  # bytes: one false alarm in 10 billion passwords, for a file of a billion
HEX = ENTRY * 2
SHIPPED = Path(__file__).with_name("common-passwords.bin")


class NotSortedError(ValueError):
    """The hashes do not rise from line to line, so they could not be found again."""


def entry_of(password: str) -> bytes:
    return hashlib.sha1(password.encode(), usedforsecurity=False).digest()[:ENTRY]


def is_breached(password: str) -> bool:
    """Look a password up, in small letters too, in the shipped file and in the loaded one if there is one."""
    wanted = {entry_of(password), entry_of(password.lower())}
    files = [file for file in (SHIPPED, Path(settings.BREACHED_PASSWORDS)) if file.exists()]
    return any(_holds(file, entry) for file in files for entry in wanted)


def _holds(file: Path, wanted: bytes) -> bool:
    """Search a sorted file: some thirty reads for a billion entries."""
    with file.open("rb") as entries:
        low, high = 0, file.stat().st_size // ENTRY
        while low < high:
            middle = (low + high) // 2
            entries.seek(middle * ENTRY)
            found = entries.read(ENTRY)
            if found == wanted:
                return True
            low, high = (middle + 1, high) if found < wanted else (low, middle)
    return False


def hashes_of(paths: Iterable[Path], *, at_least: int) -> Iterator[bytes]:
    """Read the lines `HASH:COUNT` of whole files and of files of a range, which are called by the hashes' first five digits.

    Passwords seen less often than ``at_least`` are left out.
    """
    for path in paths:
        prefix = path.stem if len(path.stem) == 5 else ""
        with path.open(encoding="ascii") as lines:
            for line in lines:
                digits, _colon, count = line.strip().partition(":")
                if digits and int(count or 1) >= at_least:
                    yield bytes.fromhex((prefix + digits)[:HEX])


def file_write(path: Path, entries: Iterable[bytes]) -> int:
    """Write the file in one step, and return how many passwords it knows. Raises `NotSortedError`."""
    temporary, count, last = path.with_suffix(".new"), 0, b""
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary.open("wb") as file:
        for entry in entries:
            if entry < last:
                raise NotSortedError(entry.hex())
            if entry != last:
                file.write(entry)
                count += 1
            last = entry
    temporary.replace(path)
    return count


class BreachedPasswordValidator:
    """Refuses a password that attackers try first."""

    def validate(self, password: str, user: object = None) -> None:
        if is_breached(password):
            raise ValidationError(
                _("This password is on lists that attackers try first. Choose another one."), code="breached"
            )

    def get_help_text(self) -> str:
        return _("Not one that was published.")
