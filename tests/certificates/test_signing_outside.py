"""Signing with what stands outside the portal: a timestamp authority over HTTP, a key inside a security module."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from asn1crypto import keys, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper, TimestampRequestError

from certificates.documents.issuer import (
    IssuerError,
    SecurityModule,
    create_demo_issuer,
    load_issuer,
    load_module_issuer,
    to_asn1,
)
from certificates.documents.render import render_certificate
from certificates.documents.signing import sign_pdf, validate_pdf
from certificates.documents.timestamps import HttpTimeStamper
from tests.certificates.document_samples import certificate_content

SIGNED_AT = datetime(2020, 12, 28, 9, 0, tzinfo=timezone(timedelta(hours=8)))
STAMPED_AT = datetime(2020, 12, 28, 1, 0, 7, tzinfo=UTC)
PIN = "271828"


@pytest.fixture(scope="module")
def rendered():
    return render_certificate(certificate_content())


# A timestamp authority


def authority():
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sample timestamp authority")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


@contextmanager
def served(stamper):
    """The authority behind a real HTTP server; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.headers["Content-Type"] == "application/timestamp-query"
            query = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            reply = stamper.request_tsa_response(query).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def stamped(rendered):
    issuer = load_issuer(*create_demo_issuer())
    key, certificate = authority()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stamper = DummyTimeStamper(to_asn1(certificate), keys.PrivateKeyInfo.load(der), fixed_dt=STAMPED_AT)
    with served(stamper) as address:
        pdf = sign_pdf(rendered, issuer, signed_at=SIGNED_AT, timestamper=HttpTimeStamper(address))
    return pdf, issuer.certificate, certificate


def test_a_timestamp_from_an_authority_is_accepted_with_the_signature(stamped):
    pdf, issuer, authority_certificate = stamped
    report = validate_pdf(pdf, issuer, timestamp_certificates=[authority_certificate])
    assert (report.accepted, report.reason) == (True, "ok")


def test_a_timestamp_of_an_authority_that_nobody_named_is_not_trusted(stamped):
    pdf, issuer, _ = stamped
    assert validate_pdf(pdf, issuer).reason == "untrusted"


def test_a_timestamp_that_was_altered_is_refused(stamped):
    pdf, issuer, authority_certificate = stamped
    stated = b"20201228010007Z".hex().upper().encode()
    assert pdf.count(stated) == 1
    altered = pdf.replace(stated, b"20201229010007Z".hex().upper().encode())
    assert not validate_pdf(altered, issuer, timestamp_certificates=[authority_certificate]).accepted


def test_an_authority_that_is_away_is_named(rendered):
    issuer = load_issuer(*create_demo_issuer())
    with pytest.raises(TimestampRequestError, match="cannot be reached"):
        sign_pdf(rendered, issuer, signed_at=SIGNED_AT, timestamper=HttpTimeStamper("http://127.0.0.1:9/"))


# A security module: SoftHSM, the same interface as the hardware


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    """A SoftHSM token with the issuer's key; yields the module and the issuer's certificate."""
    pytest.importorskip("pkcs11")
    library = next(filter(Path.exists, map(Path, _LIBRARIES)), None)
    if library is None or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM is not installed")
    home = tmp_path_factory.mktemp("softhsm")
    (home / "tokens").mkdir()
    (home / "softhsm2.conf").write_text(f"directories.tokendir = {home / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(home / "softhsm2.conf")
    key, certificate = create_demo_issuer()
    pkcs8 = load_pem_private_key(key.encode(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (home / "key.pem").write_bytes(pkcs8)
    _softhsm("--init-token", "--free", "--label", "issuer", "--so-pin", PIN, "--pin", PIN)
    _softhsm("--import", home / "key.pem", "--token", "issuer", "--label", "seal", "--id", "01", "--pin", PIN)
    yield SecurityModule(str(library), "issuer", PIN, "seal"), certificate
    os.environ.pop("SOFTHSM2_CONF")


_LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


def _softhsm(*words):
    subprocess.run(["softhsm2-util", *map(str, words)], check=True, capture_output=True)


def test_a_key_inside_a_security_module_signs(token, rendered):
    module, certificate = token
    issuer = load_module_issuer(module, certificate)
    for _ in range(2):
        report = validate_pdf(sign_pdf(rendered, issuer, signed_at=SIGNED_AT), issuer.certificate)
        assert (report.accepted, report.reason) == (True, "ok")


def test_a_key_that_the_module_does_not_have_is_named_but_never_the_pin(token):
    module, certificate = token
    for other in (
        SecurityModule(module.library, module.token, PIN, "other"),
        SecurityModule(module.library, "nowhere", PIN, "seal"),
        SecurityModule("/nowhere/module.so", module.token, PIN, "seal"),
    ):
        with pytest.raises(IssuerError, match="PKCS11_MODULE") as error:
            load_module_issuer(other, certificate)
        assert PIN not in str(error.value)
