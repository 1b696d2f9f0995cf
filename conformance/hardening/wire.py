"""Raw bytes out, answers in: a strict reader of HTTP/1.x answers, so that nothing a client library mends is hidden."""

import asyncio
import json
import os
import urllib.parse
import urllib.request

SERVICE = os.environ["SERVICE"].rstrip("/")
_PARTS = urllib.parse.urlsplit(SERVICE)
ADDRESS = (_PARTS.hostname, _PARTS.port)
if ADDRESS[0] not in ("127.0.0.1", "::1", "localhost"):
    raise SystemExit("these are attacks: SERVICE must be on this machine")


class Garbled(Exception):
    """What came is no answer."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        values = [value for other, value in self.headers if other == name]
        return values[0] if values else None

    @property
    def closes(self):
        return "close" in (self.header("connection") or "").lower()

    def faults(self, head=False):
        """What is wrong with its form, in words."""
        found = []
        if self.status >= 500:
            found.append(f"status {self.status}")
        if self.header("server"):
            found.append("has a Server header")
        for name in ("x-request-id", "x-content-type-options"):
            if not self.header(name):
                found.append(f"has no {name}")
        if self.status >= 400 and not head:
            found += self._problem_faults()
        return found

    def _problem_faults(self):
        if self.header("content-type") != "application/problem+json":
            return [f"{self.status} is {self.header('content-type')}, not a problem: {self.body[:80]!r}"]
        try:
            body = json.loads(self.body)
        except ValueError:
            return [f"the problem is no JSON: {self.body[:80]!r}"]
        found = [f"the problem has no {name}" for name in ("type", "title", "code") if not body.get(name)]
        if body.get("status") != self.status:
            found.append(f"the problem says {body.get('status')}, the status line {self.status}")
        if body.get("request_id") != self.header("x-request-id"):
            found.append("request_id and x-request-id differ")
        return found

    def __repr__(self):
        return f"{self.status} {self.body[:120]!r}"


async def read_answer(reader, head=False):
    """The next final answer (1xx are passed over), or None at the end of the stream."""
    while True:
        try:
            text = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as end:
            if end.partial:
                raise Garbled(f"the stream ends within a head: {end.partial[:120]!r}") from None
            return None
        first, *lines = text[:-4].decode("latin-1").split("\r\n")
        words = first.split(" ", 2)
        if not words[0].startswith("HTTP/1.") or len(words) < 2 or not words[1].isdigit():
            raise Garbled(f"no status line: {first[:120]!r}")
        status = int(words[1])
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        if 100 <= status < 200 and status != 101:
            continue
        answer = Answer(status, headers, b"")
        if not (head or status in (204, 304)):
            answer.body = await _body(reader, answer)
        return answer


async def _body(reader, answer):
    if (answer.header("transfer-encoding") or "").lower() == "chunked":
        parts = []
        while True:
            size = int((await reader.readuntil(b"\r\n")).strip(), 16)
            part = await reader.readexactly(size + 2)
            if size == 0:
                return b"".join(parts)
            parts.append(part[:-2])
    length = answer.header("content-length")
    return await (reader.readexactly(int(length)) if length is not None else reader.read())


async def connect(limit=4 << 20):
    return await asyncio.wait_for(asyncio.open_connection(*ADDRESS, limit=limit), 10)


def call(method, path, body=None, token=None):
    """An ordinary request through an ordinary client; its JSON."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SERVICE + path, data, headers, method=method)
    with urllib.request.urlopen(request) as response:
        text = response.read()
    return json.loads(text) if text else None


def administrator():
    with open(os.environ["ACCOUNTS"], encoding="utf-8") as file:
        return json.load(file)["administrator"]


def sign_in():
    account = administrator()
    return call("POST", "/v1/auth/login", {name: account[name] for name in ("username", "password")})["access_token"]


def shorten(sent):
    text = repr(bytes(sent))
    return text if len(text) <= 300 else f"{text[:200]}…{text[-60:]} ({len(sent)} bytes)"
