"""Portraits: from whatever somebody uploads to one clean JPEG, or a problem that says what to do.

Only the pixels survive. They are decoded, turned upright, cut to the ratio of a portrait and encoded anew, so nothing
hidden in the file (a place, a comment, a script) is kept. The size in pixels is judged before any pixel is decoded.
"""

import hashlib
import io
import struct
import threading
from dataclasses import dataclass

from PIL import Image, ImageOps

from portal.policy import Policy
from portal.policy.parameters import PhotoParameters

STORED_HEIGHT = 672
QUALITY = 88
FORMATS = ("JPEG", "PNG")
LEAST_KEPT = 0.5
FACE_HEIGHT = 1 / 3
ONE_AT_A_TIME = threading.Lock()
"""Held while pixels are decoded: a photo of 30 megapixels needs up to 270 MB, whatever the size of its file."""
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    struct.error,
    EOFError,
    MemoryError,
    OverflowError,
    ZeroDivisionError,
)


class PhotoRefusedError(Exception):
    """The upload cannot become a portrait; ``code`` says why, `portal.accounts.messages` puts it into words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Portrait:
    """A portrait as it is kept: JPEG bytes without metadata. ``cut`` tells that a good part was cut off."""

    content: bytes
    width: int
    height: int
    cut: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def portrait(upload: bytes, policy: Policy) -> Portrait:
    """Return the portrait in ``upload``; raise `PhotoRefusedError`. The same bytes give the same portrait."""
    limits = policy.photo
    if len(upload) > limits.max_bytes:
        raise PhotoRefusedError("too_many_bytes")
    with ONE_AT_A_TIME:
        pixels = _upright(upload, limits)
    whole = pixels.width / pixels.height
    ratio = limits.ratio_width / limits.ratio_height
    if min(whole / ratio, ratio / whole) < LEAST_KEPT:
        raise PhotoRefusedError("wrong_ratio")
    cut = _cut_to(pixels, ratio, limits)
    return _encoded(cut, cut_much=abs(whole / ratio - 1) * 100 > limits.ratio_tolerance_percent)


def _upright(upload: bytes, limits: PhotoParameters) -> Image.Image:
    try:
        with Image.open(io.BytesIO(upload), formats=FORMATS) as image:
            _judge_size(image, limits)
            return _on_white(_turned(_reduced(image)))
    except Image.DecompressionBombError as error:
        raise PhotoRefusedError("too_many_pixels") from error
    except _UNREADABLE as error:
        raise PhotoRefusedError(_why_unreadable(upload)) from error


def _judge_size(image: Image.Image, limits: PhotoParameters) -> None:
    if image.width * image.height > limits.max_pixels:
        raise PhotoRefusedError("too_many_pixels")
    if min(image.size) < limits.min_width:
        raise PhotoRefusedError("too_small")


def _reduced(image: Image.Image) -> Image.Image:
    """Decode, and keep no more than twice the stored size; a JPEG is decoded at a fraction of its size at once."""
    image.draft("RGB", (2 * STORED_HEIGHT, 2 * STORED_HEIGHT))
    image.load()  # a small one would otherwise be decoded later, when its file is closed
    colours = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode not in {colours, "L", "CMYK"}:
        image = image.convert(colours)
    image.thumbnail((2 * STORED_HEIGHT, 2 * STORED_HEIGHT))
    return image if image.mode == colours else image.convert(colours)


def _turned(image: Image.Image) -> Image.Image:
    """Turn upright as the camera's note says; a note that cannot be read spoils no photo."""
    try:
        return ImageOps.exif_transpose(image)
    except _UNREADABLE:
        return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    opaque = Image.new("RGB", image.size, "white")
    opaque.paste(image, mask=image)
    return opaque


def _why_unreadable(upload: bytes) -> str:
    if upload[4:8] == b"ftyp" and upload[8:12] in _HEIC_BRANDS:
        return "heic"
    is_photo = upload.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
    return "damaged" if is_photo else "not_a_photo"


def _cut_to(image: Image.Image, ratio: float, limits: PhotoParameters) -> Image.Image:
    """Cut to the ratio: evenly at the sides; of the height, more below, since the face is in the upper half."""
    width = min(image.width, round(image.height * ratio))
    height = min(image.height, round(image.width / ratio))
    if width < limits.min_width or height < limits.min_height:
        raise PhotoRefusedError("too_small")
    stored = min(STORED_HEIGHT, height)
    size = (round(stored * ratio), stored)
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS, centering=(0.5, FACE_HEIGHT))


def _encoded(image: Image.Image, *, cut_much: bool) -> Portrait:
    buffer = io.BytesIO()
    image.info.clear()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return Portrait(buffer.getvalue(), image.width, image.height, cut_much)
