"""Looking at the real processes from outside, and asking the portal as any program would."""

import json
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.environment import PATIENCE


@dataclass
class Answer:
    status: int
    headers: Message
    content: bytes

    @property
    def text(self):
        return self.content.decode()

    def json(self):
        return json.loads(self.content)


@dataclass
class Caller:
    """A client of the portal on a port: with a token, or with the cookies of a session."""

    port: int
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method, path, body=b"", **headers):
        """Send a request and return its connection, from which nobody has read the answer yet."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"Host": "localhost"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, headers)
        return connection

    def answer(self, connection):
        response = connection.getresponse()
        for line in response.headers.get_all("Set-Cookie", ()):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        got = Answer(response.status, response.headers, response.read())
        connection.close()
        return got

    def ask(self, method, path, body=b"", **headers):
        return self.answer(self.send(method, path, body, **headers))

    def get(self, path):
        return self.ask("GET", path)

    def form(self, path, **fields):
        """Return the arguments that post a form of a page, as a browser without scripts does."""
        if "csrftoken" not in self.cookies:
            self.get(path)
        body = urlencode(fields | {"csrfmiddlewaretoken": self.cookies["csrftoken"]}).encode()
        return {
            "method": "POST",
            "path": path,
            "body": body,
            "Content_Type": "application/x-www-form-urlencoded",
        }


def upload(content, *, key, name="october.csv"):
    """Return the arguments that upload a file as a batch."""
    mark = uuid.uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return {
        "method": "POST",
        "path": "/api/v1/batches/",
        "body": head.encode() + content + f"\r\n--{mark}--\r\n".encode(),
        "Content_Type": f"multipart/form-data; boundary={mark}",
        "Idempotency_Key": key,
    }


def part_of(stack, name):
    return next(part for part in stack.parts if part.name == name)


def children(part):
    listed = subprocess.run(
        ["pgrep", "-P", str(part.process.pid)], capture_output=True, text=True, check=False
    ).stdout
    return [int(pid) for pid in listed.split()]


def eventually(condition, seconds=PATIENCE):
    """Wait until ``condition`` holds, and return what it returned."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
    return found
