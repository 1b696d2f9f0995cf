"""Files as clerks have them, brought in, with what was refused."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ._connection import Ask, Connection
from ._files import MEDIA_TYPES, private, whole_lines
from ._problem import UNEXPECTED, Fault, Problem

FIRST_POLL_S, LONGEST_POLL_S = 0.1, 2.0
SENT_AGAIN = 3
"""How often a file is sent again whose import was interrupted (by a restart of the service): it goes on."""


@dataclass(frozen=True)
class RefusedRow:
    """A row that was refused: its line in the file (from 1, the header's among them) and all its faults.

    `row` has the cells as they were sent, so it is left out of what is printed.
    """

    line: int
    sheet: str | None
    faults: tuple[Fault, ...]
    row: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Imported:
    """What came of a file.

    `counts`: `read` is the sum of `created`, `same`, `revised`, `skipped`, `refused` and `not_a_record`. `warnings`
    are of the file as a whole, each with a code and a message. `checked_only`: it was a dry run, nothing was written.
    """

    id: str
    counts: Mapping[str, int]
    refused: tuple[RefusedRow, ...]
    warnings: tuple[Mapping[str, Any], ...]
    checked_only: bool
    layout: Mapping[str, Any] | None = field(repr=False)
    """How the file was read: its sheets, and what each column was taken for."""


def import_file(connection: Connection, query: Mapping[str, str], path: Path, charset: str | None) -> Imported:
    """Sends a file and waits until it was read. The same file twice changes nothing, so it is sent again at will."""
    for _ in range(SENT_AGAIN):
        headers = {"content-type": _content_type(path, charset), "prefer": "respond-async"}
        told = connection.json(Ask("POST", "/v1/imports", query, body=path, headers=headers))
        pause_s = FIRST_POLL_S
        while told["state"] == "running":
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONGEST_POLL_S)
            told = connection.json(Ask("GET", f"/v1/imports/{told['id']}"))
        if told["state"] != "interrupted":
            break
    if told["state"] != "complete":
        # Kept in both languages, as whoever looks at it later may speak the other one.
        why = (told.get("problem") or {}).get(connection.language[:2]) or {"code": f"import_{told['state']}"}
        raise Problem.told(why)
    return Imported(
        id=told["id"],
        counts=told["counts"],
        refused=_refused(connection, told) if told["counts"]["refused"] else (),
        warnings=tuple(told["warnings"]),
        checked_only=query.get("validate_only") == "true",
        layout=told["layout"],
    )


def save_refused(connection: Connection, import_id: str, target: Path) -> None:
    """The refused rows in the form of the file that was sent, ready to be mended and sent again."""
    media_type = MEDIA_TYPES.get(target.suffix.lower().lstrip("."))
    if media_type is None:
        raise ValueError("the file's name ends in .csv, .xlsx or .ndjson")
    with connection.open(Ask("GET", f"/v1/imports/{import_id}/errors", headers={"accept": media_type}), read=True) as response:
        if response.headers.get("content-type", "").partition(";")[0] != media_type:
            raise Problem(response.status_code, UNEXPECTED, "rows of several sheets come as a workbook: name it .xlsx")
        with private(target, "wb") as file:
            file.write(response.content)


def _refused(connection: Connection, told: Mapping[str, Any]) -> tuple[RefusedRow, ...]:
    ask = Ask("GET", f"/v1/imports/{told['id']}/errors", headers={"accept": MEDIA_TYPES["ndjson"]})
    rows = []
    with connection.open(ask, read=True) as response:
        for line in whole_lines(response):
            row = json.loads(line)
            faults = tuple(Fault.of(each) for each in row.get("faults") or ())
            rows.append(RefusedRow(row["line"], row.get("sheet"), faults, row.get("row") or {}))
    return tuple(rows)


def _content_type(path: Path, charset: str | None) -> str:
    media_type = MEDIA_TYPES.get(path.suffix.lower().lstrip("."), MEDIA_TYPES["csv"])
    return f"{media_type}; charset={charset}" if charset and media_type == MEDIA_TYPES["csv"] else media_type
