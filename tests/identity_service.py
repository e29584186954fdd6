"""A small OpenID Connect provider that really answers over HTTP, and can be told to answer wrongly."""

import base64
import hashlib
import json
import secrets
import threading
import time
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "portal", "only-in-tests-7"


@cache
def _signing_key(which):
    key = RSAKey.generate_key(2048)
    key.ensure_kid()
    return key


class Provider:
    """Everybody who comes is ``person``: the claims that the service tells of them."""

    def __init__(self):
        self.key, self.wrong_key = _signing_key("right"), _signing_key("wrong")
        self.person = {"sub": "subject-1"}
        self.faults = {}
        self.codes = {}
        self.issuer = ""

    def authorise(self, query):
        """Return where the browser goes next, as after a sign-in at the service."""
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, authorization, form):
        """Return status and body for a code: good once, for its client, with its verifier."""
        asked = self.codes.pop(form.get("code"), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(
            b"="
        )
        is_right = (
            asked is not None
            and authorization == "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge.decode() == asked["code_challenge"]
        )
        if not is_right:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": self.id_token(asked)}

    def id_token(self, asked):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.faults.get("claims", {}),
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if "algorithm" in self.faults:
            header, body = ({"alg": self.faults["algorithm"]}, claims)
            parts = [
                base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode()
                for each in (header, body)
            ]
            return ".".join([*parts, ""])
        key = self.wrong_key if self.faults.get("key") else self.key
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, key)

    def document(self, path):
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.faults.get("issuer", self.issuer),
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        return {"keys": [self.key.as_dict(private=False)]} if path == "/keys" else None


def _handler(provider):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", provider.authorise(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                document = provider.document(parts.path)
                self.answer(200 if document else 404, document or {})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(*provider.token(self.headers["Authorization"], form))

        def answer(self, status, document):
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args):
            """Say nothing."""

    return Handler


@contextmanager
def identity_service():
    """Run a provider on a free port of this machine."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    server.server_close()
    thread.join()
