"""Lists as files of a record a line, gone on with where the download broke off."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any, Literal

import httpx

from ._connection import Ask, Connection, Patience
from ._problem import DAMAGED, Problem

MEDIA_TYPES = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Line = tuple[bytes, dict[str, Any]]
"""A line as it came, and its record."""


@dataclass
class Download:
    """Where a download stands: as of which change number, behind which record."""

    path: str
    query: Mapping[str, str]
    as_of_change_no: int | None = None
    last_id: str | None = None

    def lines(self, connection: Connection, patience_s: float) -> Iterator[Line]:
        """Every line once, however often the connection breaks; the last is believed only with its digest."""
        patience = Patience(patience_s)
        while True:
            before = self.last_id
            try:
                yield from self._piece(connection)
                return
            except httpx.RequestError as error:
                if self.last_id != before:
                    patience = Patience(patience_s)
                patience.wait(Problem.unreachable(error), f"GET {self.path}")

    def _piece(self, connection: Connection) -> Iterator[Line]:
        query = dict(self.query)
        if self.as_of_change_no is not None and self.last_id is not None:
            query |= {"as_of_change_no": str(self.as_of_change_no), "after": self.last_id}
        digest = hashlib.sha256()
        with connection.open(Ask("GET", self.path, query, headers={"accept": MEDIA_TYPES["ndjson"]})) as response:
            self.as_of_change_no = as_of(response)
            for line in whole_lines(response):
                record = json.loads(line)
                if record.get("_end"):
                    if record.get("sha256") != digest.hexdigest():
                        raise Problem(response.status_code, DAMAGED, "the file was damaged on the way")
                    return
                digest.update(line)
                # Set before it is handed over: whoever has it has it.
                self.last_id = record.get("id")
                yield line, record
        raise httpx.RemoteProtocolError("the file has no end")


def whole_lines(response: httpx.Response) -> Iterator[bytes]:
    """Lines with their ends. Text has more line ends than JSON may hold within a string: only LF is one here."""
    rest = b""
    for piece in response.iter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"


def private(path: Path, mode: Literal["wb", "ab"]) -> BufferedWriter:
    """Opens a file that nobody else on the machine reads: records are of people."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))


def as_of(response: httpx.Response) -> int | None:
    """As of which change number a file is."""
    text = response.headers.get("as-of-change-no", "")
    return int(text) if text.isdigit() else None
