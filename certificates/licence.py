"""The electronic-licence identifier of a certificate, after GB/T 36904: which licence, of whom, in which version.

``1.2.156.3005.2.<type 21>.<issuer 18>.<serial>.<version 3>.<check>``. The check character follows ISO/IEC 7064
MOD 37,36 over the parts after the root, without their dots.
"""

import re

from stdnum.iso7064 import mod_37_36

ROOT = "1.2.156.3005.2"
LAST_VERSION = 999
_FORM = re.compile(
    re.escape(ROOT) + r"\.([0-9A-Z]{18}[0-9]{3})\.([0-9A-Z]{18})\.([0-9A-Z]+)\.([0-9]{3})\.([0-9A-Z])",
)


def licence_identifier(*, type_code: str, issuer_code: str, serial: str, version: int) -> str:
    """The identifier of one version of a certificate; raises ``ValueError`` for a part that does not fit its place."""
    parts = (type_code, issuer_code, serial, f"{version:03d}")
    if not _FORM.fullmatch(".".join((ROOT, *parts, "0"))):
        raise ValueError(f"{'.'.join(parts)} are no parts of an identifier after GB/T 36904.")
    return ".".join((ROOT, *parts, mod_37_36.calc_check_digit("".join(parts))))


def licence_serial(identifier: str) -> tuple[str, int] | None:
    """Serial (the certificate's number) and version of ``identifier``; None when its form or check is wrong."""
    found = _FORM.fullmatch(identifier)
    if found is None or not mod_37_36.is_valid("".join(found.groups())):
        return None
    return found[3], int(found[4])
