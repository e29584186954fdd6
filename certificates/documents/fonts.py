"""The fonts of the certificate, and which characters they can print.

Only the files of one pinned package are used, never those of the machine, so that the bytes are the same everywhere.
"""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import typst
from fontTools.ttLib import TTFont

FONT_DIRECTORY = Path(str(files("justmytype_intl_cjk") / "fonts" / "ofl"))
MISSING_GLYPH = "〓"
"""Geta mark: the customary stand-in for a character that cannot be set."""


def font_path(script: str) -> Path:
    """The Noto Sans file of ``sc``, ``tc``, ``jp`` or ``kr``."""
    return next((FONT_DIRECTORY / f"notosans{script}").glob("*.ttf"))


@lru_cache(maxsize=1)
def typst_fonts() -> typst.Fonts:
    """The font files, opened once a process."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_DIRECTORY)]
    )


@lru_cache(maxsize=1)
def _covered() -> frozenset[int]:
    """Every code point that one of the fonts has; reading the tables takes half a second, once a process."""
    tables = (TTFont(font_path(script), lazy=True).getBestCmap() for script in ("sc", "tc", "jp", "kr"))
    return frozenset().union(*tables)


def unprintable(text: str) -> str:
    """The characters of ``text``, each once and in order, that no font has: a reviewer should see these."""
    try:
        text.encode("gb2312")  # the first font has all of GB 2312, so the tables need not be read
    except UnicodeEncodeError:
        return "".join(dict.fromkeys(c for c in text if ord(c) not in _covered()))
    return "".join(dict.fromkeys(c for c in text if c < " "))


def printable(text: str) -> str:
    """``text`` with the geta mark in the place of each character that no font has."""
    missing = unprintable(text)
    return text.translate({ord(c): MISSING_GLYPH for c in missing}) if missing else text
