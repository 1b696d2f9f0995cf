"""What a script does with a service."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from . import _changes, _exports, _frames, _imports
from ._changes import START, Change, CursorFile
from ._connection import Ask, Connection
from ._exports import Exported
from ._files import Download
from ._imports import Imported
from ._problem import Problem
from ._query import path_of, query_of
from ._session import Account, Key
from ._table import Table

if TYPE_CHECKING:
    import pandas

PAGE = 500
MOST_IDS = 200
RESYNC_REQUIRED = "resync_required"
ONLY_OF_PAGES = frozenset({"fields", "include", "limit", "cursor"})
AS_A_WHOLE = frozenset({"ids", "people_once", "as_of_change_no", "after"})
"""Filters by which a record's place in a list hangs on others, or that ask for ids themselves: read anew as a whole."""
PathLike = str | os.PathLike[str]


class Lianfang:
    """A service as one caller sees it. Close it, or use it as a context; one for several threads will do.

    `url`: `https://lianfang.example`. Either `api_key` (by default that of the environment's `LIANFANG_API_KEY`), or
    `username` and `password`, whose tokens are renewed. `language`: of the service's messages, `en` or `zh-CN`.
    `zone`: the district's, for tables. `patience_s`: how long in all a request may wait to be sent again where the
    network or the service fails for now; `timeout_s`: how long an answer may be silent.

    Whatever the service refuses is a `Problem`. A kind is a word like `temperature_readings`; filters are those of its
    list in the document, `from_` for `from`, with Python's own values: `slot_on=date(2020, 2, 2)`, `fever=True`.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        username: str | None = None,
        password: str | None = None,
        language: str = "en",
        zone: str = "Asia/Shanghai",
        patience_s: float = 120.0,
        timeout_s: float = 60.0,
    ) -> None:
        if username is not None and password is not None and api_key is None:
            identity: Account | Key = Account(username, password)
        elif username is None and password is None and (key := api_key or os.environ.get("LIANFANG_API_KEY")):
            identity = Key(key)
        else:
            raise ValueError("either an API key, here or in LIANFANG_API_KEY, or a username and a password")
        self._connection = Connection(url, identity, language=language, patience_s=patience_s, timeout_s=timeout_s)
        self._patience_s = patience_s
        self._zone = zone

    @property
    def requests(self) -> int:
        """How many requests were sent until now, repetitions and sign-ins among them."""
        return self._connection.requests

    def request(
        self,
        method: str,
        path: str,
        /,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Anything else that the document has: its answer, an object.

        Sent again where that does no harm: reading, what has an `idempotency_key`, and creations that bring their ids.
        """
        told = dict(headers or {})
        if idempotency_key is not None:
            told["idempotency-key"] = idempotency_key
        repeatable = method.upper() in ("GET", "HEAD") or idempotency_key is not None or _brings_ids(path, json)
        return self._connection.json(
            Ask(method.upper(), path, query_of(query or {}), json=json, headers=told, repeatable=repeatable)
        )

    def create(self, kind: str, record: Mapping[str, Any], /) -> dict[str, Any]:
        """Makes a record. It gets its id here unless it has one, so a lost answer never makes a second one."""
        return self.request("POST", path_of(kind), json={"id": str(uuid.uuid4()), **record})

    def list(self, kind: str, /, **filters: Any) -> Iterator[dict[str, Any]]:
        """Every record of a list, page after page, as of the first page. Figures, too: `stats/screenings`."""
        query, path = query_of(filters), path_of(kind)
        if not path.startswith("/v1/stats/"):
            query = {"limit": str(PAGE), **query}
        while True:
            page = self._connection.json(Ask("GET", path, query))
            yield from page["items"]
            if page.get("next_cursor") is None:
                return
            query["cursor"] = page["next_cursor"]

    def export(self, kind: str, path: PathLike, /, *, format: str | None = None, **filters: Any) -> Exported:
        """Writes a list to a file, `csv`, `xlsx` or `ndjson` (by default the name's ending), as of one change number.

        The file gets its name when it is whole. NDJSON goes on where it broke off, also where the program was ended
        and is run again within an hour; the others, which don't tell their end, begin anew.
        """
        target = Path(path)
        form = format or target.suffix.lower().lstrip(".")
        return _exports.export(self._connection, path_of(kind), query_of(filters), target, form, self._patience_s)

    def import_file(
        self,
        kind: str,
        path: PathLike,
        /,
        *,
        dry_run: bool = False,
        charset: str | None = None,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Imported:
        """Brings in a file as clerks have it (CSV, XLSX, NDJSON) and waits until it was read.

        `dry_run`: every check, nothing written. `columns`: what headers mean, `{"电话": "person.phone"}`; `constants`:
        the same for all rows, `{"place_id": "北门"}`. Other options are those of the document: `mode="atomic"`,
        `on_duplicate="revise"`, `source="clinic"`. Refused rows come with their lines; a file that can't be read at
        all is a `Problem`. The same file again changes nothing.
        """
        query = query_of({**options, "kind": kind.replace("-", "_")})
        query |= {f"map.{header}": field for header, field in (columns or {}).items()}
        query |= {f"set.{field}": text for field, text in (constants or {}).items()}
        if dry_run:
            query["validate_only"] = "true"
        return _imports.import_file(self._connection, query, Path(path), charset)

    def save_refused(self, imported: Imported, path: PathLike, /) -> None:
        """Writes the refused rows of an import as a file of the form that was sent, to be mended and sent again."""
        _imports.save_refused(self._connection, imported.id, Path(path))

    def changes(
        self,
        kinds: str | Sequence[str] = (),
        /,
        *,
        after: str | PathLike | CursorFile = START,
        follow: bool = False,
        wait_s: int = 25,
        area_code: str | None = None,
        district_code: str | None = None,
    ) -> Iterator[Change]:
        """What was written behind a place, in order; all kinds by default. `follow`: without an end, as it comes.

        `after`: a change's `cursor`, or a file (a path or a `CursorFile`) in which the place is kept. A change is noted
        there as done when the next is asked for: what is killed before is told again, and nothing else. A `Problem`
        with the code `resync_required`: the service was restored to an earlier time; drop the copy, begin at "0".
        """
        place = CursorFile(after) if isinstance(after, os.PathLike) else after
        query = _scope(kinds, area_code, district_code)
        return _changes.changes(self._connection, query, place, follow=follow, wait_s=wait_s)

    def frame(
        self,
        kind: str,
        /,
        *,
        columns: Sequence[str] | None = None,
        decimals: str = "exact",
        **filters: Any,
    ) -> pandas.DataFrame:
        """A list as a table of pandas, in one request where the list comes as a file.

        Decimals are `Decimal`, or `Float64` with `decimals="float"`; instants are in the district's zone, days are
        midnights without one; truth values, whole numbers and texts are pandas' own types, which know what is missing;
        lists and objects stay what they are. Figures, too: `frame("stats/screenings", by="area")`.
        """
        kind, query = kind.replace("-", "_"), query_of(filters)
        if kind in _frames.types() and not ONLY_OF_PAGES & query.keys():
            download = Download(path_of(kind), query)
            records = [record for _, record in download.lines(self._connection, self._patience_s)]
            table = _frames.frame_of(kind, records, columns, decimals, self._zone)
            if download.as_of_change_no is not None:
                note = {"kind": kind, "query": query, "columns": columns and [*columns], "decimals": decimals}
                table.attrs[_frames.NOTE] = {**note, "cursor": str(download.as_of_change_no)}
            return table
        return _frames.frame_of(kind, self.list(kind, **filters), columns, decimals, self._zone)

    @overload
    def follow_into(self, copy: Table, /, *, follow: bool = False, wait_s: int = 25) -> Table: ...

    @overload
    def follow_into(self, copy: pandas.DataFrame, /) -> pandas.DataFrame: ...

    def follow_into(
        self, copy: Table | pandas.DataFrame, /, *, follow: bool = False, wait_s: int = 25
    ) -> Table | pandas.DataFrame:
        """Brings a copy up to date, by id: new and amended records in, void ones and those out of reach out.

        A `Table` is changed where it is, with `follow` without an end. A table of pandas that `frame` made stays as it
        is; the one that is given back has what its filters have now, for a request every 200 records that changed.
        """
        if not isinstance(copy, Table):
            return self._refreshed(copy)
        query = _scope(copy.kinds, None, None)
        while True:
            behind = copy.cursor
            try:
                for page in _changes.pages(self._connection, query, behind, wait_s if follow else 0):
                    if not copy.apply(page, behind):
                        break
                    behind = page.cursor
                    if page.is_last and not follow:
                        return copy
            except Problem as problem:
                if problem.code != RESYNC_REQUIRED or behind == START:
                    raise
                copy.clear()

    def _refreshed(self, table: pandas.DataFrame) -> pandas.DataFrame:
        import pandas

        note = table.attrs.get(_frames.NOTE)
        if note is None or "id" not in table:
            raise ValueError("only a table that `frame` made, with its `attrs` and ids, can be brought up to date")
        kind, filters, cursor = note["kind"], note["query"], note["cursor"]
        how = {"columns": note["columns"], "decimals": note["decimals"]}
        if AS_A_WHOLE & filters.keys():
            return self.frame(kind, **how, **filters)
        changed: dict[str, None] = {}
        try:
            for page in _changes.pages(self._connection, _scope(kind, None, filters.get("district_code")), cursor, 0):
                changed.update(dict.fromkeys(change.id for change in page.changes))
                cursor = page.cursor
                if page.is_last:
                    break
        except Problem as problem:
            if problem.code != RESYNC_REQUIRED:
                raise
            return self.frame(kind, **how, **filters)
        ids = [*changed]
        parts = [table[~table["id"].isin(ids)]]
        for first in range(0, len(ids), MOST_IDS):
            some = self.frame(kind, **how, **{**filters, "ids": ids[first : first + MOST_IDS]})
            parts.append(some[[*table.columns]])
        fresh = pandas.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        fresh.attrs[_frames.NOTE] = {**note, "cursor": cursor}
        return fresh

    def close(self) -> None:
        """Ends the session and the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Lianfang({self._connection.url!r})"


def _scope(kinds: str | Sequence[str], area_code: str | None, district_code: str | None) -> dict[str, str]:
    """Parameters of the feed."""
    return query_of({"kinds": kinds or None, "area_code": area_code, "district_code": district_code})


def _brings_ids(path: str, body: Any) -> bool:
    """Whether a body makes records that have their ids already, so that twice is once."""
    items = body.get("items", ()) if path.endswith(":batch") and isinstance(body, Mapping) else (body,)
    return bool(items) and all(isinstance(item, Mapping) and "id" in item for item in items)
