"""The fonts of the certificate, and which characters they can print.

Only the files of one pinned package are used, never those of the machine, so that the bytes are the same everywhere.
"""

import unicodedata
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
    covered: set[int] = set()
    for script in ("sc", "tc", "jp", "kr"):
        with TTFont(font_path(script), lazy=True) as font:
            covered.update(font.getBestCmap())
    return frozenset(covered)


def unprintable(text: str) -> str:
    """The characters of ``text``, each once and in order, that no font has: a reviewer should see these."""
    if _is_common(text):
        return ""
    missing = (c for c in text if ord(c) not in _covered() and not _is_invisible(c))
    return "".join(dict.fromkeys(missing))


def printable(text: str) -> str:
    """``text`` with the geta mark in the place of each character that no font has, and without invisible ones."""
    if _is_common(text):
        return text
    missing = unprintable(text)
    return "".join(MISSING_GLYPH if c in missing else c for c in text if not _is_invisible(c))


def _is_common(text: str) -> bool:
    """Whether the first font is known to have all of ``text`` (it has GB 2312), so that no table need be read."""
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return text.isprintable()


def _is_invisible(character: str) -> bool:
    """Format characters and variation selectors: they show nothing, and the fonts have no glyph for them."""
    code = ord(character)
    return unicodedata.category(character) == "Cf" or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
