"""Requests that are signed, and sent again where that can do no harm."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ._problem import UNEXPECTED, Problem
from ._session import Identity

LOG = logging.getLogger("lianfang")
LATER = frozenset({429, 503})
"""The service did nothing and says when to come again."""
PASSING = LATER | {408, 502, 504}
"""Whether anything was done isn't known: only for what may be repeated."""
LONGEST_BACKOFF_S = 30.0
LOYAL_TRIES = 4
"""So often the service is believed that it is ready sooner than one would come by oneself."""


@dataclass(frozen=True)
class Ask:
    """A request. `repeatable`: sent twice it does no more than once."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    json: Any = field(default=None, repr=False)
    body: Path | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = True
    signed: bool = True


class Connection:
    """A service, who one is there, and how long one is ready to wait for it."""

    def __init__(self, url: str, identity: Identity, *, language: str, patience_s: float, timeout_s: float) -> None:
        address = httpx.URL(url)
        if address.scheme not in ("http", "https") or not address.host or address.userinfo:
            raise ValueError("the service's address is like https://lianfang.example, without a name or a password in it")
        self.url = str(address).rstrip("/")
        self.language = language
        self._identity = identity
        self._patience_s = patience_s
        headers = {"accept-language": language, "user-agent": "lianfang-python/0.1.0"}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=httpx.Timeout(timeout_s, connect=10.0))
        self.requests = 0
        """How many requests were sent, repetitions and sign-ins among them."""

    def json(self, ask: Ask) -> dict[str, Any]:
        """The answer as an object; an empty one where there is no body."""
        with self.open(ask, read=True) as response:
            if not response.content:
                return {}
            try:
                answer = response.json()
            except ValueError:
                answer = None
            if not isinstance(answer, dict):
                raise Problem(response.status_code, UNEXPECTED, "not an object of JSON")
            return answer

    @contextlib.contextmanager
    def open(self, ask: Ask, *, read: bool = False) -> Iterator[httpx.Response]:
        """A good answer, open to be read, or read as a whole; else a `Problem`."""
        response = self._persist(ask, read)
        try:
            yield response
        finally:
            response.close()

    def close(self) -> None:
        """Ends the session, as well as that goes, and the connections."""
        token = self._identity.last()
        with contextlib.suppress(httpx.HTTPError):
            if token is not None:
                self._send(Ask("POST", "/v1/auth/logout"), read=True, token=token)
        self._http.close()

    def _persist(self, ask: Ask, read: bool) -> httpx.Response:
        patience = Patience(self._patience_s)
        renewed = False
        while True:
            token = self._identity.token(self._post) if ask.signed else None
            try:
                response = self._send(ask, read, token)
            except httpx.RequestError as error:
                # What never reached the service may always be sent again.
                problem = Problem.unreachable(error)
                again = ask.repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                if response.is_success:
                    return response
                if response.status_code == 401 and token and not renewed:
                    renewed = True
                    if self._identity.renew(token, self._post):
                        continue
                problem = Problem.of(response)
                again = problem.status in (PASSING if ask.repeatable else LATER)
            if not again:
                raise problem from None
            patience.wait(problem, f"{ask.method} {ask.path}")

    def _send(self, ask: Ask, read: bool, token: str | None = None) -> httpx.Response:
        headers = dict(ask.headers)
        if token:
            headers["authorization"] = f"Bearer {token}"
        with contextlib.ExitStack() as stack:
            content = None if ask.body is None else stack.enter_context(ask.body.open("rb"))
            request = self._http.build_request(
                ask.method, ask.path, params=dict(ask.query), json=ask.json, content=content, headers=headers
            )
            self.requests += 1
            response = self._http.send(request, stream=True)
            if read or not response.is_success:
                with contextlib.closing(response):
                    response.read()
            return response

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self.json(Ask("POST", path, json=body, signed=False))


class Patience:
    """Waits between attempts: as long as the service asks, else longer each time and never as long as others do."""

    def __init__(self, seconds: float) -> None:
        self._left_s = seconds
        self._tries = 0

    def wait(self, problem: Problem, what: str) -> None:
        """Waits, or raises the problem where waiting so long was not agreed to."""
        backoff_s = min(0.5 * 2**self._tries, LONGEST_BACKOFF_S) * (0.5 + random.random())
        asked_s = problem.retry_after_s
        seconds = backoff_s if asked_s is None else asked_s if self._tries < LOYAL_TRIES else max(asked_s, backoff_s)
        self._tries += 1
        if seconds > self._left_s:
            raise problem from None
        self._left_s -= seconds
        LOG.info("%s: %s %s; again in %.1f s", what, problem.status, problem.code, seconds)
        time.sleep(seconds)
