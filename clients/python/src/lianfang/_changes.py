"""The change feed: every write once, in order, gone on with behind the last that was done."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ._connection import Ask, Connection

CURSOR = re.compile(r"(?P<since>[0-9]+(?:\.[0-9a-f]+)?)(?:\+(?P<change_no>[0-9]+)\.(?P<seq>[0-9]+))?")
START = "0"
PAGE = "500"


@dataclass(frozen=True)
class Change:
    """One revision that the ledger took.

    `op`: create, amend (restoring, too), void or access_revoked (the record left the caller's scope; `record` is None).
    `cursor` is the place behind it: whoever keeps it in the transaction of his own work does nothing twice.
    """

    change_no: int
    seq: int
    kind: str
    id: str
    revision: int
    op: str
    area_code: str | None
    recorded_at: str
    record: Mapping[str, Any] | None = field(repr=False)
    cursor: str = field(repr=False)


@dataclass(frozen=True)
class Page:
    """Changes, the place behind them, and whether there was no more when it was read."""

    changes: tuple[Change, ...]
    cursor: str
    is_last: bool


class CursorFile:
    """A follower's place, kept in a file: replaced as a whole, so that it is never half of one. For one follower."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def read(self) -> str:
        """The place; the beginning where there is no file. What is no place is told, for at 0 all would come again."""
        try:
            text = self.path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return START
        if not CURSOR.fullmatch(text):
            raise ValueError(f"{self.path} holds no place in the feed; delete it to begin anew")
        return text

    def write(self, cursor: str, *, settled: bool) -> None:
        """Keeps a place; `settled`: through a loss of power as well."""
        new = self.path.with_name(self.path.name + ".new")
        with new.open("w", encoding="ascii") as file:
            file.write(cursor)
            if settled:
                file.flush()
                os.fsync(file.fileno())
        os.replace(new, self.path)


def pages(connection: Connection, query: Mapping[str, str], cursor: str, wait_s: int) -> Iterator[Page]:
    """Pages behind a place, one after the other without an end; where there is nothing, `wait_s` is waited."""
    match = CURSOR.fullmatch(cursor)
    if match is None:
        raise ValueError("a cursor is what a change or a file of this package had")
    since = match["since"]
    done = (int(match["change_no"]), int(match["seq"])) if match["change_no"] else (0, -1)
    while True:
        ask = {**query, "since": since, "limit": PAGE, **({"wait": str(wait_s)} if wait_s else {})}
        told = connection.json(Ask("GET", "/v1/changes", ask))
        changes = tuple(
            _change(item, since) for item in told["items"] if (item["change_no"], item["seq"]) > done
        )
        since = told["next_since"]
        yield Page(changes, since, told["next"] >= told["head"])


def _change(item: Mapping[str, Any], since: str) -> Change:
    return Change(
        change_no=item["change_no"],
        seq=item["seq"],
        kind=item["kind"],
        id=item["id"],
        revision=item["revision"],
        op=item["op"],
        area_code=item["area_code"],
        recorded_at=item["recorded_at"],
        record=item["record"],
        cursor=f"{since}+{item['change_no']}.{item['seq']}",
    )


def changes(
    connection: Connection, query: Mapping[str, str], after: str | CursorFile, *, follow: bool, wait_s: int
) -> Iterator[Change]:
    """Changes one by one. With a file, each is noted as done when the next is asked for."""
    file = after if isinstance(after, CursorFile) else None
    cursor = after.read() if isinstance(after, CursorFile) else after
    for page in pages(connection, query, cursor, wait_s if follow else 0):
        for change in page.changes:
            yield change
            if file:
                file.write(change.cursor, settled=False)
        if file and page.cursor != cursor:
            file.write(page.cursor, settled=True)
        cursor = page.cursor
        if page.is_last and not follow:
            return
