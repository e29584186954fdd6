"""QR symbols of the certificate: drawn as one vector path, and read back."""

from itertools import groupby
from typing import Any
from urllib.parse import quote, urlsplit

import zxingcpp
from PIL import Image


def verification_address(public_url: str, number: str) -> str:
    """The short public address under which anyone can check the certificate ``number``."""
    return f"{public_url.rstrip('/')}/v/{quote(number)}"


def scan_address(public_url: str, number: str, token: str) -> str:
    """The address in the QR symbol: the short one in capitals, which fit its alphanumeric mode, and the signed token.

    The token stands after ``#``, so that the name in it reaches no server's log.
    """
    scheme, host, path, _, _ = urlsplit(public_url.rstrip("/"))
    return f"{scheme}://{host}".upper() + f"{path}/V/{quote(number)}#{token}"


def draw_qr(payload: str) -> bytes:
    """``payload`` as a QR symbol with error correction M: an SVG file of one path, without quiet zone.

    One path, because viewers show hairlines between separately drawn neighbours. The caller leaves four modules free.
    """
    symbol = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    modules: Any = symbol.to_image(scale=1, add_quiet_zones=False)  # a buffer, which its stub does not say
    rows: Any = memoryview(modules).tolist()
    path = "".join(_row_path(row, y) for y, row in enumerate(rows))
    size = len(rows)
    # Lines run along their middle; the shifted window keeps their coordinates whole, which is a tenth of the path.
    window = f"0 -.5 {size} {size}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{window}"><path d="{path}" stroke="#000"/></svg>'.encode()


def _row_path(row: list[int], y: int) -> str:
    """One thick line for each run of dark modules."""
    path, x = "", 0
    for value, run in groupby(row):
        length = len(list(run))
        if value == 0:
            path += f"M{x} {y}h{length}"
        x += length
    return path


def read_qr(image: Image.Image) -> list[str]:
    """The texts of all QR symbols found in ``image``."""
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
    return [found.text for found in zxingcpp.read_barcodes(image, formats=formats)]
