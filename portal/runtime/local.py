"""What the demo keeps below ``var/``: secrets of its own, and ``local.env``, by which every later command finds it."""

import base64
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from portal.runtime.embedded import write_private

FIELD_KEY_BYTES = 32
IssuerCreate = Callable[[], tuple[str, str]]


def secrets_keep(home: Path, create_issuer: IssuerCreate) -> dict[str, str]:
    """Create the secrets that are missing below ``home``; return ``NAME_FILE`` for each."""
    directory = home / "secrets"
    _keep(directory / "secret_key", lambda: secrets.token_urlsafe(48))
    _keep(directory / "field_keys", lambda: base64.b64encode(secrets.token_bytes(FIELD_KEY_BYTES)).decode())
    if not (directory / "issuer_certificate").exists():
        key, certificate = create_issuer()
        write_private(directory / "issuer_key", key)
        write_private(directory / "issuer_certificate", certificate)
    names = ("SECRET_KEY", "FIELD_KEYS", "ISSUER_KEY", "ISSUER_CERTIFICATE")
    return {f"{name}_FILE": str(directory / name.lower()) for name in names}


def local_environment_write(home: Path, values: Mapping[str, str]) -> None:
    """Write ``local.env``, which `portal.env` reads outside production and tests."""
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    write_private(home / "local.env", f"# Written by make demo at each start.\n{lines}")


def _keep(path: Path, create: Callable[[], str]) -> None:
    if not path.exists():
        write_private(path, create())
