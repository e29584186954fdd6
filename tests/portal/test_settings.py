"""What production refuses to start with."""

import os
import subprocess
import sys

import pytest

from portal.env import is_on_this_machine, is_verified
from tests.environment import ROOT

PRODUCTION = {
    **dict(line.split("=", 1) for line in (ROOT / "docs/deploy/portal.env").read_text().splitlines() if line[0] != "#"),
    "PATH": os.environ["PATH"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("postgresql://portal@%2Fvar%2Frun%2Fpostgresql/portal", True),
        ("postgresql:///portal", True),
        ("postgresql://portal:x@localhost:5432/portal", True),
        ("postgresql://portal:x@127.0.0.1/portal", True),
        ("redis://:x@[::1]:6379/0", True),
        ("redis://:x@redis:6379/0", True),
        ("postgresql://portal:x@10.0.0.7/portal", False),
        ("redis://:x@redis.example.org:6379/0", False),
        ("postgresql://portal:localhost@db.example.org/localhost", False),
        ("redis://:x@[fd00::7]:6379/0", False),
    ],
)
def test_what_stays_on_this_machine(address, here):
    assert is_on_this_machine(address) is here


@pytest.mark.parametrize(
    ("address", "verified"),
    [
        ("postgresql://u:p@db.example.org/x?sslmode=verify-full", True),
        ("postgresql://u:p@db.example.org/x?sslmode=verify-full&sslrootcert=/run/secrets/ca", True),
        ("postgresql://u:p@db.example.org/x?sslmode=require", False),
        ("postgresql://u:p@db.example.org/x?sslmode=verify-ca", False),
        ("postgresql://u:p@db.example.org/x", False),
        ("rediss://:p@r.example.org/0?ssl_cert_reqs=required", True),
        ("rediss://:p@r.example.org/0?ssl_cert_reqs=required&ssl_check_hostname=false", False),
        ("rediss://:p@r.example.org/0?ssl_cert_reqs=none", False),
        ("rediss://:p@r.example.org/0", False),
        ("redis://:p@r.example.org/0?ssl_cert_reqs=required", False),
        ("https://national.example.org/api", True),
        ("http://national.example.org/api", False),
    ],
)
def test_what_is_tls_with_a_certificate_that_is_checked(address, verified):
    assert is_verified(address) is verified


def test_every_client_of_a_queue_that_is_named_so_checks_its_certificate():
    """The address alone decides for all three: cache, queue, limits."""
    import ssl

    import redis
    from kombu import Connection

    address = "rediss://:p@r.example.org/0?ssl_cert_reqs=required"
    made = redis.Redis.from_url(address).connection_pool.make_connection()
    assert (made.cert_reqs, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert Connection(address).ssl["ssl_cert_reqs"] == ssl.CERT_REQUIRED
    assert Connection("rediss://:p@r.example.org/0").ssl["ssl_cert_reqs"] == ssl.CERT_NONE


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("DATABASE_URL", "postgresql://u:no-such-word@db.example.org/x?sslmode=require"),
        ("REDIS_URL", "rediss://:no-such-word@r.example.org/0"),
        ("NATIONAL_SYSTEM_URL", "http://national.example.org/"),
        ("OIDC_ISSUER", "http://identity.example.org/"),
        ("EMAIL_HOST", "mail.example.org"),
        ("", ""),
    ],
)
def test_production_starts_with_no_other_way_to_another_machine(name, address):
    started = subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        cwd=ROOT,
        env=PRODUCTION | ({name: address} if name else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (started.returncode == 0) is (not name)
    assert (
        f"ImproperlyConfigured: {name} names another machine" in started.stderr
        if name
        else not started.stderr
    )
    assert "no-such-word" not in started.stderr
