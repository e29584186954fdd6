"""The photo as it is printed: small enough that a signed certificate stays below 65 kB, whatever was stored."""

from bisect import bisect
from io import BytesIO

from PIL import Image, UnidentifiedImageError

MOST_BYTES = 6_000
HEIGHT = 336
"""Pixels: 170 to an inch in the frame of the certificate."""
_QUALITIES = range(44, 86, 7)


class PhotoError(ValueError):
    """The photo of the holder is not a JPEG file."""


def printed_photo(jpeg: bytes) -> bytes:
    """Return ``jpeg`` as it is where it is small, else encoded anew; the same bytes give the same bytes.

    Raises `PhotoError` for what is no JPEG file.
    """
    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as image:
            if len(jpeg) > MOST_BYTES:
                return _reduced(image)
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise PhotoError("The photo of the holder is not a JPEG file; store it again.") from error
    return jpeg


def _reduced(image: Image.Image) -> bytes:
    """Return ``image`` at the best quality that fits, found by halves."""
    height, encoded = HEIGHT, dict[int, bytes]()

    def size(quality: int) -> int:
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True)
        encoded[quality] = buffer.getvalue()
        return buffer.tell()

    while True:
        image.draft("RGB", (height, height))
        image.thumbnail((height, height), Image.Resampling.LANCZOS)
        if fitting := bisect(_QUALITIES, MOST_BYTES, key=size):
            return encoded[_QUALITIES[fitting - 1]]
        height = height * 3 // 4  # a picture of mere noise
