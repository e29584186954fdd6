"""Settings from the environment: strict, loud, and with every secret also as a file.

Values are looked up in the process environment, then (outside production) in ``var/local.env``, which ``make demo``
writes so that every later command talks to the same embedded services.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("PORTAL_VAR", ROOT / "var"))
DEPLOYMENTS = ("development", "demo", "test", "production")

deployment = os.environ.get("DEPLOYMENT", "development")
if deployment not in DEPLOYMENTS:
    raise ImproperlyConfigured(f"DEPLOYMENT is {deployment!r}; expected one of {', '.join(DEPLOYMENTS)}.")
is_production = deployment == "production"


def _local_values() -> dict[str, str]:
    path = VAR / "local.env"
    if is_production or deployment == "test" or not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text("utf-8").splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


_local = _local_values()


def _lookup(name: str) -> str | None:
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text("utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error
    return _local.get(name)


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
