"""Settings from the environment: strict, loud, and with every secret also as a file.

Values are looked up in the process environment, then (outside production) in ``var/local.env``, which ``make demo``
writes so that every later command talks to the same embedded services.
"""

import os
from collections.abc import Collection
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("PORTAL_VAR", ROOT / "var"))
DEPLOYMENTS = ("development", "demo", "test", "production")


def _local_values() -> dict[str, str]:
    path = VAR / "local.env"
    if os.environ.get("DEPLOYMENT") in {"production", "test"} or not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text("utf-8").splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


_local = _local_values()
deployment = os.environ.get("DEPLOYMENT") or _local.get("DEPLOYMENT", "development")
if deployment not in DEPLOYMENTS:
    raise ImproperlyConfigured(f"DEPLOYMENT is {deployment!r}; expected one of {', '.join(DEPLOYMENTS)}.")
is_production = deployment == "production"

_HOW_VERIFIED = (
    "Write postgresql://…?sslmode=verify-full, rediss://…?ssl_cert_reqs=required, or https://…; "
    "docs/operations.md tells how to name the certificate of an authority of your own."
)


def _lookup(name: str) -> str | None:
    for values in (os.environ, _local):
        if value := values.get(name):
            return value
        if path := values.get(f"{name}_FILE"):
            return _read(name, path)
    return None


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which cannot be read: {error.strerror}."
        ) from error


def text(name: str, default: str | None = None) -> str:
    """Return the value of ``name``; without one, ``default``, and without that either, stop the start by name."""
    value = _lookup(name)
    if value is not None:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set. Set it, or {name}_FILE to a file that holds it.")
    return default


def secret(name: str, development_default: str) -> str:
    """Return a secret; production has no default for any."""
    return text(name, None if is_production else development_default)


def server(name: str, development_default: str | None) -> str:
    """Return the address of a server. Production has no default, and takes one elsewhere only by TLS whose certificate is checked."""
    address = text(name, None if is_production else development_default)
    return _trusted(name, address)


def other_system(name: str) -> str:
    """Return the address of a system that may be missing, under the same condition."""
    address = text(name, "")
    return _trusted(name, address) if address else ""


def _trusted(name: str, address: str) -> str:
    if is_production and not (is_on_this_machine(address) or is_verified(address)):
        raise ImproperlyConfigured(
            f"{name} names another machine without TLS whose certificate is checked. {_HOW_VERIFIED}"
        )
    return address


def is_on_this_machine(address: str) -> bool:
    """Tell whether an address stays on this machine: a socket, the loopback, or a name without dots.

    Such a name is one of the machine itself or of a container on a network of its own (docker-compose.yml).
    """
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return "%2f" in host.lower() or "." not in host


def is_verified(address: str) -> bool:
    """Tell whether a client that is given this address speaks TLS alone and checks certificate and host name.

    Redis has to say so: without it the queue's client takes any certificate.
    """
    parts = urlsplit(address)
    said = dict(parse_qsl(parts.query))
    if parts.scheme in {"postgres", "postgresql"}:
        return said.get("sslmode") == "verify-full"
    if parts.scheme == "rediss":
        checks_name = said.get("ssl_check_hostname", "true").lower() == "true"
        return said.get("ssl_cert_reqs") == "required" and checks_name
    return parts.scheme == "https"


def boolean(name: str, default: bool) -> bool:
    value = text(name, "true" if default else "false").lower()
    if value not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name} is {value!r}; expected true or false.")
    return value == "true"


def integer(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}; expected a whole number.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def figures(name: str, default: str, keys: Collection[str]) -> dict[str, int]:
    """Return a whole number for each of ``keys``: written ``60,worker=30``, the first for all that are not named."""
    value = text(name, default)
    rest, *named = (word.strip() for word in value.split(","))
    pairs = dict(word.split("=", 1) for word in named if "=" in word)
    if not (
        set(pairs) <= set(keys)
        and all(map(_is_positive, [rest, *pairs.values()]))
        and len(pairs) == len(named)
    ):
        raise ImproperlyConfigured(
            f"{name} is {value!r}; expected a number for all, then such as worker=30 for one of {', '.join(keys)}."
        )
    return {key: int(pairs.get(key, rest)) for key in keys}


def _is_positive(word: str) -> bool:
    return word.isdecimal() and int(word) > 0
