"""The seal that a signature shows: pure outlines, so that it needs no font and can never be missing one."""

from functools import lru_cache
from math import cos, pi, sin

from fontTools.pens.basePen import BasePen
from fontTools.pens.qu2cuPen import Qu2CuPen
from fontTools.ttLib import TTFont

from certificates.documents.fonts import MISSING_GLYPH, font_path, printable

SIZE = 108
"""Width and height of the seal in PDF points (38.1 mm)."""

_RED = "0.76 0.13 0.13"
_CENTRE = SIZE / 2
_CAPTION = "电子签名"
_FONT_UNITS = 1000
_UNITS = 125
"""Grid of a glyph: at 14 points a step is a tenth of a point, and the seal takes a third less room."""
_COARSE = 4
"""Units of the font, a thousand to the em, by which a joined curve may differ."""
_Matrix = tuple[float, float, float, float, float, float]


class _OutlinePen(BasePen):  # type: ignore[misc] # an untyped library
    """Writes an outline as PDF path operators."""

    def __init__(self, glyphs: object) -> None:
        super().__init__(glyphs)
        self.operators: list[str] = []

    def _write(self, operator: str, *points: tuple[float, float]) -> None:
        values = (value * _UNITS / _FONT_UNITS for point in points for value in point)
        self.operators.append(f"{_numbers(*values, digits=0)} {operator}")

    def _moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._write("m", point)

    def _lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._write("l", point)

    def _curveToOne(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self._write("c", *points)

    def _closePath(self) -> None:  # noqa: N802
        self.operators.append("h")


@lru_cache(maxsize=4)
def draw_seal(name: str) -> bytes:
    """PDF operators of a round seal of ``SIZE`` points with ``name`` along its upper rim."""
    name = printable(name)
    with TTFont(font_path("sc"), lazy=True) as font:
        pen = _OutlinePen(font.getGlyphSet(location={"wght": 600}))
        cmap = font.getBestCmap()
        glyphs = pen.glyphSet
        # The font's quadratic curves, joined to the fewest cubic ones: half of the room that each by itself would take.
        joined = Qu2CuPen(pen, max_err=_COARSE, all_cubic=True)
        for character, matrix in [*_along_rim(name), *_in_line(_CAPTION)]:
            pen.operators.append(f"q {_numbers(*matrix, digits=4)} cm")
            glyphs[cmap.get(ord(character), cmap[ord(MISSING_GLYPH)])].draw(joined)
            pen.operators.append("f Q")
    rings = [f"{width} w {_circle(radius)} S" for radius, width in ((52.5, 2.2), (49.5, 0.5), (22, 0.4))]
    return " ".join(["q", f"{_RED} rg {_RED} RG", *rings, *pen.operators, _petals(), "Q"]).encode()


def _along_rim(text: str) -> list[tuple[str, _Matrix]]:
    """Each character upright on the rim, spread evenly over at most 250 degrees, the middle one on top."""
    step = min(250 / max(len(text), 1), 26.0)
    size = min(14.0, step * 0.58)
    placed = []
    for index, character in enumerate(text):
        turn = -(index - (len(text) - 1) / 2) * step * pi / 180
        scale, radius = size / _UNITS, 46.5 - size * 0.88
        c, s = cos(turn) * scale, sin(turn) * scale
        x, y = _CENTRE - sin(turn) * radius, _CENTRE + cos(turn) * radius
        placed.append((character, (c, s, -s, c, x - c * _UNITS / 2, y - s * _UNITS / 2)))
    return placed


def _in_line(text: str, size: float = 9.5, baseline: float = 19.0) -> list[tuple[str, _Matrix]]:
    left = _CENTRE - len(text) * size / 2
    scale = size / _UNITS
    return [(c, (scale, 0, 0, scale, left + index * size, baseline)) for index, c in enumerate(text)]


def _circle(radius: float) -> str:
    return _ellipse(radius, radius, _CENTRE)


def _petals(count: int = 9) -> str:
    """Ellipses, each turned a little further than the one before: the same words again, which compress to nothing."""
    c, s = cos(pi / count), sin(pi / count)
    turned = f"{_ellipse(19.5, 8.5)} S {_numbers(c, s, -s, c, 0, 0, digits=4)} cm"
    return " ".join([f"1 0 0 1 {_CENTRE:.0f} {_CENTRE:.0f} cm 0.3 w", *[turned] * count])


def _ellipse(a: float, b: float, centre: float = 0) -> str:
    """An ellipse as four Bézier quarters."""
    k = 0.5523
    points = [(a, 0), (a, b * k), (a * k, b), (0, b), (-a * k, b), (-a, b * k), (-a, 0)]
    points += [(-a, -b * k), (-a * k, -b), (0, -b), (a * k, -b), (a, -b * k), (a, 0)]
    values = [centre + value for point in points for value in point]
    curves = [f"{_numbers(*values[start : start + 6])} c" for start in (2, 8, 14, 20)]
    return " ".join([f"{_numbers(*values[:2])} m", *curves, "h"])


def _numbers(*values: float, digits: int = 2) -> str:
    return " ".join(f"{value:.{digits}f}" for value in values)
