"""The one exception of this package: what the service refused, or that it couldn't be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

UNREACHABLE = "unreachable"
"""Code of a problem without an answer: no connection, or one that broke off."""
UNEXPECTED = "unexpected_answer"
"""Code of an answer that isn't the service's, such as a proxy's page."""
DAMAGED = "damaged_file"
"""Code of a file whose digest isn't that of its lines."""


@dataclass(frozen=True)
class Fault:
    """One fault of a request or of a row.

    `pointer` is a JSON pointer into the body or `?name` for a parameter, `code` is stable, `message` is in the
    language of the client and never has the value that was sent. `column` is the file's header where it is of a row.
    """

    pointer: str
    code: str
    message: str
    hint: str | None = None
    column: str | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Fault:
        """A fault as the service tells it."""
        return cls(
            pointer=str(told.get("pointer", "")),
            code=str(told.get("code", "")),
            message=str(told.get("message", "")),
            hint=told.get("hint"),
            column=told.get("column"),
        )

    def __str__(self) -> str:
        return f"{self.column or self.pointer}: {self.message} ({self.code})"


class Problem(Exception):
    """A refusal of the service (RFC 9457), or no answer at all.

    Decide by `code` (stable, new ones may come) and the codes of `faults`; show the texts. `status` is the HTTP status,
    0 where there was no answer; `request_id` is what to ask the operator about; `retry_after_s` the seconds after
    which the service asked to come again. Nothing in it is a value that was sent.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        faults: tuple[Fault, ...] = (),
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(status, code, detail, faults, request_id, retry_after_s)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = faults
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    @classmethod
    def told(cls, told: Mapping[str, Any], *, status: int = 0, retry_after_s: float | None = None) -> Problem:
        """A problem document."""
        faults = tuple(Fault.of(each) for each in told.get("errors") or ())
        detail = str(told.get("detail") or told.get("title") or "")
        status = int(told.get("status") or status)
        return cls(status, str(told.get("code") or UNEXPECTED), detail, faults, told.get("request_id") or None, retry_after_s)

    @classmethod
    def of(cls, response: httpx.Response) -> Problem:
        """The problem that an answer is; of a stranger's page only the status, as anything may stand in it."""
        after = retry_after_s(response)
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            try:
                told = response.json()
            except ValueError:
                told = None
            if isinstance(told, dict):
                return cls.told(told, status=response.status_code, retry_after_s=after)
        request_id = response.headers.get("x-request-id")
        return cls(response.status_code, UNEXPECTED, "not an answer of the service", (), request_id, after)

    @classmethod
    def unreachable(cls, error: Exception) -> Problem:
        """No answer, told by the sort of error alone."""
        return cls(0, UNREACHABLE, type(error).__name__)

    def __str__(self) -> str:
        head = f"{self.status or 'no answer'} {self.code}: {self.detail}"
        if self.request_id:
            head += f" [request {self.request_id}]"
        return "\n  ".join([head, *map(str, self.faults)])

    def __repr__(self) -> str:
        return f"<Problem {self.status} {self.code}>"


def retry_after_s(response: httpx.Response) -> float | None:
    """`Retry-After` in seconds, the only form that the service uses."""
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
