"""Lists as files on disk, which get their names only when they are whole."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from ._connection import Ask, Connection, Patience
from ._files import MEDIA_TYPES, Download, as_of, private
from ._problem import DAMAGED, Problem

KEPT_S = 3600.0
"""So long a part is gone on with. Later the caller will hardly mean the list as it stood then."""


@dataclass(frozen=True)
class Exported:
    """A file: `count` records (of NDJSON; else None) as of a change number, from which the changes can be followed."""

    path: Path
    count: int | None
    as_of_change_no: int | None


def export(
    connection: Connection, path: str, query: Mapping[str, str], target: Path, form: str, patience_s: float
) -> Exported:
    """Writes a list to `target`. NDJSON goes on where it broke off, be it in a former process; others begin anew."""
    if form not in MEDIA_TYPES:
        raise ValueError(f"a format is one of {', '.join(MEDIA_TYPES)}")
    if form == "ndjson":
        return _lines(connection, path, query, target, patience_s)
    part, patience = _beside(target, "part"), Patience(patience_s)
    while True:
        try:
            with connection.open(Ask("GET", path, query, headers={"accept": MEDIA_TYPES[form]})) as response:
                with private(part, "wb") as file:
                    for piece in response.iter_bytes():
                        file.write(piece)
                    _settle(file)
                number = as_of(response)
            break
        except httpx.RequestError as error:
            patience.wait(Problem.unreachable(error), f"GET {path}")
    os.replace(part, target)
    return Exported(target, None, number)


def _lines(connection: Connection, path: str, query: Mapping[str, str], target: Path, patience_s: float) -> Exported:
    part, place = _beside(target, "part"), _beside(target, "part.json")
    download = Download(path, query)
    count = _resume(download, part, place)
    noted = download.as_of_change_no
    with private(part, "ab" if count else "wb") as file:
        try:
            for line, _ in download.lines(connection, patience_s):
                if download.as_of_change_no != noted:
                    noted = download.as_of_change_no
                    note = {"path": path, "query": dict(query), "as_of_change_no": noted}
                    place.write_text(json.dumps(note), encoding="utf-8")
                file.write(line)
                count += 1
        except Problem as problem:
            if problem.code == DAMAGED:
                # Nobody knows which line was damaged.
                place.unlink(missing_ok=True)
            raise
        _settle(file)
    os.replace(part, target)
    place.unlink(missing_ok=True)
    return Exported(target, count, download.as_of_change_no)


def _resume(download: Download, part: Path, place: Path) -> int:
    """Takes up what a former process left of the same list: its whole lines. How many there are."""
    try:
        note = json.loads(place.read_text(encoding="utf-8"))
        fresh = time.time() - place.stat().st_mtime < KEPT_S
        if not fresh or note["path"] != download.path or note["query"] != dict(download.query):
            return 0
        count = end = 0
        with part.open("rb+") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                download.last_id = json.loads(line)["id"]
                count, end = count + 1, end + len(line)
            file.truncate(end)
    except (OSError, ValueError, KeyError, TypeError):
        download.last_id = None
        return 0
    if count:
        download.as_of_change_no = note["as_of_change_no"]
    return count


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(f"{target.name}.{ending}")


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
