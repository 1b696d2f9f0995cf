"""Who a client is: an API key, or an account whose tokens are renewed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from ._problem import Problem

EARLY_S = 30.0
"""So long before its end a token is renewed: the request that carries it may have to wait in a line."""

Post = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Posts a body without a token and gives the answer."""


class Identity(Protocol):
    """What signs requests."""

    def token(self, post: Post) -> str:
        """What stands behind `Bearer`."""

    def renew(self, refused: str, post: Post) -> bool:
        """Whether there is another token than the refused one."""

    def last(self) -> str | None:
        """The token of a session that should be ended, if there is one."""


class Key:
    """An API key. It is what it is: a refused one stays refused."""

    def __init__(self, key: str) -> None:
        self._key = key

    def token(self, post: Post) -> str:
        return self._key

    def renew(self, refused: str, post: Post) -> bool:
        return False

    def last(self) -> str | None:
        return None

    def __repr__(self) -> str:
        return "Key(…)"


class Account:
    """A username and a password. Safe for several threads."""

    def __init__(self, username: str, password: str) -> None:
        self._credentials = {"username": username, "password": password}
        self._pair: dict[str, Any] = {}
        self._renew_at = 0.0
        self._lock = threading.Lock()

    def token(self, post: Post) -> str:
        with self._lock:
            if time.monotonic() >= self._renew_at:
                self._next(post)
            return str(self._pair["access_token"])

    def renew(self, refused: str, post: Post) -> bool:
        with self._lock:
            # Another thread may have renewed it meanwhile.
            if self._pair.get("access_token") == refused:
                self._next(post)
            return True

    def last(self) -> str | None:
        return self._pair.get("access_token")

    def _next(self, post: Post) -> None:
        pair: dict[str, Any] | None = None
        if self._pair:
            try:
                # May be repeated: a lost answer's successor comes again until it is used.
                pair = post("/v1/auth/refresh", {"refresh_token": self._pair["refresh_token"]})
            except Problem as problem:
                if problem.status != 401:
                    raise
        self._pair = pair or post("/v1/auth/login", self._credentials)
        self._renew_at = time.monotonic() + float(self._pair["expires_in"]) - EARLY_S

    def __repr__(self) -> str:
        return "Account(…)"
