"""Files given as evidence: a picture or a PDF, judged by what is in it, whatever its name says."""

import io
import struct

from PIL import Image

from portal.accounts.photos import ONE_AT_A_TIME

_UNREADABLE = (OSError, SyntaxError, ValueError, struct.error, EOFError, MemoryError, OverflowError)
_PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png"}
MOST_PIXELS = 60_000_000  # a scan of A4 at 600 dpi has 35 million
_TAIL = 2048  # bytes at the end of a PDF among which its end mark stands


class EvidenceRefusedError(Exception):
    """The file is none that is taken; ``code`` says why: `too_large`, `empty`, `unknown_format` or `damaged`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def content_type_of(content: bytes, *, most_bytes: int) -> str:
    """Return the media type of a file from its content; raise `EvidenceRefusedError`."""
    if not content:
        raise EvidenceRefusedError("empty")
    if len(content) > most_bytes:
        raise EvidenceRefusedError("too_large")
    if content.startswith(b"%PDF-"):
        return _pdf(content)
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return _picture(content)
    raise EvidenceRefusedError("unknown_format")


def _pdf(content: bytes) -> str:
    if b"%%EOF" not in content[-_TAIL:]:
        raise EvidenceRefusedError("damaged")
    return "application/pdf"


def _picture(content: bytes) -> str:
    try:
        with Image.open(io.BytesIO(content), formats=tuple(_PICTURES)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise EvidenceRefusedError("too_large")
            with ONE_AT_A_TIME:
                image.load()
            return _PICTURES[str(image.format)]
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise EvidenceRefusedError("too_large") from error
    except _UNREADABLE as error:
        raise EvidenceRefusedError("damaged") from error
