"""Asking other systems."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError

import pytest

from portal.outgoing import opener


@pytest.mark.parametrize("body", [None, b"secret"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_answer_that_leads_on_is_an_error_and_nothing_else_is_asked(body, status):
    asked = []

    class Leading(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Leading)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(HTTPError) as refused:
            opener.open(f"http://127.0.0.1:{server.server_port}/here", body, timeout=10)
        refused.value.close()
    finally:
        server.shutdown()
        server.server_close()
    assert (refused.value.code, asked) == (status, ["/here"])
