"""Drawn portraits for people who do not exist: simple faces, many under a safety helmet."""

import random
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = (320, 448)  # 5:7
_SCALE = 2  # drawn larger, then reduced: smooth edges
_BACKGROUNDS = ["#DCEBF2", "#E8EFE2", "#F3EBDD", "#E6E3F0", "#FFFFFF", "#D8E8E4"]
_SKINS = ["#F2CFAE", "#E8BD95", "#D9A97E", "#C99469"]
_HAIRS = ["#1F1A17", "#2B221C", "#3A2D25", "#6B6561"]
_HELMETS = ["#F2B91D", "#E9EDF0", "#D8412F", "#2E6DB4"]
_CLOTHES = ["#2F4858", "#3F6B5B", "#7A4B3A", "#5B5F97", "#40495A", "#E87A2C"]


def draw_portrait(path: Path, seed: str, *, female: bool) -> None:
    """Write one portrait as JPEG; the same seed gives the same face."""
    rng = random.Random(seed)  # noqa: S311 - a drawing, no secret
    width, height = SIZE[0] * _SCALE, SIZE[1] * _SCALE
    image = Image.new("RGB", (width, height), rng.choice(_BACKGROUNDS))
    _Face(ImageDraw.Draw(image), width, height, rng).draw(long_hair=female)
    image.reduce(_SCALE).save(path, "JPEG", quality=84)


class _Face:
    def __init__(self, pen: ImageDraw.ImageDraw, width: int, height: int, rng: random.Random) -> None:
        self.pen, self.width, self.height, self.rng = pen, width, height, rng
        self.middle, self.line = width / 2, int(height * 0.5)
        self.face = width * rng.uniform(0.245, 0.275)
        self.skin, self.hair = rng.choice(_SKINS), rng.choice(_HAIRS)

    def draw(self, *, long_hair: bool) -> None:
        if long_hair:
            self._round(self.line + self.face * 0.3, self.face * 1.24, self.face * 1.6, self.hair)
        self._shoulders()
        self._round(self.line, self.face, self.face * 1.28, self.skin)
        self._ears()
        self._features()
        if self.rng.random() < 0.55:
            self._helmet()
        else:
            self._fringe()

    def _round(self, y: float, half_width: float, half_height: float, colour: str) -> None:
        box = (self.middle - half_width, y - half_height, self.middle + half_width, y + half_height)
        self.pen.ellipse(box, fill=colour)

    def _shoulders(self) -> None:
        top, clothes = self.height * 0.76, self.rng.choice(_CLOTHES)
        body = (self.width * 0.1, top, self.width * 0.9, self.height * 1.3)
        self.pen.rounded_rectangle(body, radius=self.width * 0.22, fill=clothes)
        neck = self.face * 0.45
        self.pen.rectangle(
            (self.middle - neck, self.line, self.middle + neck, top + neck * 0.5), fill=self.skin
        )
        self.pen.ellipse((self.middle - neck, top, self.middle + neck, top + neck), fill=self.skin)
        if clothes == _CLOTHES[-1]:  # a site vest
            for x in (0.26, 0.68):
                self.pen.rectangle(
                    (self.width * x, top, self.width * (x + 0.06), self.height), fill="#E6E9C0"
                )

    def _ears(self) -> None:
        for side in (-1, 1):
            x = self.middle + side * self.face * 0.98
            self.pen.ellipse((x - 20, self.line - 34, x + 20, self.line + 38), fill=self.skin)

    def _features(self) -> None:
        gap, size = self.face * 0.42, self.face * 0.1
        for side in (-1, 1):
            x = self.middle + side * gap
            self.pen.ellipse((x - size, self.line - size, x + size, self.line + size), fill="#2A211C")
            self.pen.arc(
                (x - size * 2, self.line - size * 4, x + size * 2, self.line - size), 200, 340, self.hair, 7
            )
        if self.rng.random() < 0.25:
            self._glasses(gap)
        mouth = self.line + self.face * 0.55
        smile = self.rng.uniform(0.2, 0.34) * self.face
        self.pen.arc(
            (self.middle - smile, mouth - smile, self.middle + smile, mouth + smile * 0.6),
            25,
            155,
            "#A2493F",
            9,
        )
        self.pen.arc(
            (self.middle - 18, self.line + 6, self.middle + 18, self.line + 56), 20, 160, "#B07A55", 5
        )

    def _glasses(self, gap: float) -> None:
        ring = self.face * 0.3
        for side in (-1, 1):
            x = self.middle + side * gap
            self.pen.ellipse(
                (x - ring, self.line - ring, x + ring, self.line + ring), outline="#333A40", width=6
            )
        self.pen.line(
            (self.middle - gap + ring, self.line, self.middle + gap - ring, self.line), "#333A40", 6
        )

    def _fringe(self) -> None:
        top = self.line - self.face * 1.36
        box = (
            self.middle - self.face * 1.04,
            top,
            self.middle + self.face * 1.04,
            self.line + self.face * 0.5,
        )
        self.pen.pieslice(box, 180 + self.rng.randrange(8), 360 - self.rng.randrange(8), fill=self.hair)

    def _helmet(self) -> None:
        colour, brim = self.rng.choice(_HELMETS), self.line - self.face * 0.5
        dome = (
            self.middle - self.face * 1.1,
            brim - self.face * 1.15,
            self.middle + self.face * 1.1,
            brim + self.face * 1.1,
        )
        self.pen.pieslice(dome, 180, 360, fill=colour)
        edge = (self.middle - self.face * 1.25, brim - 16, self.middle + self.face * 1.25, brim + 22)
        self.pen.rounded_rectangle(edge, radius=18, fill=colour, outline="#00000022", width=2)
        ridge = (self.middle - 22, dome[1] - 8, self.middle + 22, brim - 18)
        self.pen.rounded_rectangle(ridge, radius=16, fill=colour, outline="#8A8F94", width=2)
