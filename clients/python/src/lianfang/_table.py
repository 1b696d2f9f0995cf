"""A copy of the records of some kinds that follows the changes, kept together with its place in the feed."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._changes import START, Page
from ._frames import frame_of

if TYPE_CHECKING:
    import pandas

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records (kind TEXT NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL,"
    " PRIMARY KEY (kind, id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS place (only_one INTEGER PRIMARY KEY CHECK (only_one = 1),"
    " kinds TEXT NOT NULL, cursor TEXT NOT NULL)",
)


class Table:
    """The records of some kinds that hold (void ones and those out of reach are taken out), by id.

    In memory, or in a file that nobody else may read. A page of changes and the place behind it are one transaction:
    a follower that is killed at any time goes on as if nothing had been, and two of one file don't disturb each other.
    """

    def __init__(self, kinds: str | Sequence[str], path: str | os.PathLike[str] | None = None) -> None:
        self.kinds = (kinds,) if isinstance(kinds, str) else tuple(sorted(kinds))
        if path is not None:
            # SQLite gives its own files beside it the same rights.
            Path(path).touch(mode=0o600)
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None)
        with self._transaction():
            for statement in SCHEMA:
                self._database.execute(statement)
            told = ",".join(self.kinds)
            self._database.execute("INSERT OR IGNORE INTO place VALUES (1, ?, ?)", (told, START))
            (kept,) = self._database.execute("SELECT kinds FROM place").fetchone()
        if kept != told:
            self.close()
            raise ValueError(f"the file follows {kept}: others need a file of their own")

    @property
    def cursor(self) -> str:
        """The place in the feed up to which the records are."""
        (cursor,) = self._database.execute("SELECT cursor FROM place").fetchone()
        return str(cursor)

    def apply(self, page: Page, behind: str) -> bool:
        """Takes a page that was read behind a place; false where another follower was there before."""
        with self._transaction():
            if self.cursor != behind:
                return False
            for change in page.changes:
                if change.record is not None and change.op in ("create", "amend"):
                    record = json.dumps(change.record, ensure_ascii=False)
                    self._database.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (change.kind, change.id, record))
                else:
                    self._database.execute("DELETE FROM records WHERE kind = ? AND id = ?", (change.kind, change.id))
            self._database.execute("UPDATE place SET cursor = ?", (page.cursor,))
        return True

    def clear(self) -> None:
        """Drops the copy, to begin anew: the service was restored to an earlier time."""
        with self._transaction():
            self._database.execute("DELETE FROM records")
            self._database.execute("UPDATE place SET cursor = ?", (START,))

    def records(self, kind: str | None = None) -> Iterator[dict[str, Any]]:
        """The records of a kind; the kind needn't be said where there is one."""
        rows = self._database.execute("SELECT record FROM records WHERE kind = ? ORDER BY id", (self._kind(kind),))
        return (json.loads(record) for (record,) in rows)

    def frame(
        self, kind: str | None = None, *, columns: Sequence[str] | None = None, decimals: str = "exact", zone: str = "Asia/Shanghai"
    ) -> pandas.DataFrame:
        """The records of a kind as `Lianfang.frame` gives them."""
        return frame_of(self._kind(kind), self.records(kind), columns, decimals, zone)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def __len__(self) -> int:
        (count,) = self._database.execute("SELECT count(*) FROM records").fetchone()
        return int(count)

    def __repr__(self) -> str:
        return f"<Table of {', '.join(self.kinds)}>"

    def _kind(self, kind: str | None) -> str:
        if kind is None and len(self.kinds) == 1:
            return self.kinds[0]
        if kind not in self.kinds:
            raise ValueError(f"the table follows {', '.join(self.kinds)}")
        return kind

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
