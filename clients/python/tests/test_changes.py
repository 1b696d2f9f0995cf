"""The feed: nothing lost, nothing twice, whatever is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, USERNAME, Service

from lianfang import Change, CursorFile, Lianfang, Problem, Table
from lianfang._changes import Page

Make = Callable[..., dict[str, Any]]
FOLLOWER = """
import os, sys, time
from pathlib import Path
from lianfang import Lianfang
url, cursor, seen = sys.argv[1:]
with Lianfang(url, username=os.environ["NAME"], password=os.environ["WORD"]) as api, open(seen, "a") as out:
    for change in api.changes("screenings", after=Path(cursor), follow=True):
        out.write(f"{change.op} {change.id}\\n")
        out.flush()
        time.sleep(0.005)
"""
KEEPER = """
import os, sys
from lianfang import Lianfang, Table
with Lianfang(sys.argv[1], username=os.environ["NAME"], password=os.environ["WORD"]) as api:
    api.follow_into(Table("screenings", sys.argv[2]), follow=True, wait_s=1)
"""


def head(api: Lianfang) -> str:
    return str(api.request("GET", "/v1/ledger/head")["since"])


@pytest.fixture
def started(service: Service) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Starts a program of the above; all are ended."""
    running = []

    def start(program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        who = {**os.environ, "NAME": USERNAME, "WORD": PASSWORD}
        running.append(subprocess.Popen([sys.executable, "-c", program, service.url, *arguments], env=who))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it didn't come to it"
        time.sleep(0.02)


def test_every_write_comes_once_in_order(api: Lianfang, screening: Make) -> None:
    since = head(api)
    made = [screening() for _ in range(3)]
    api.request("POST", f"/v1/screenings/{made[0]['id']}:void", json={"reason": "录错"})
    told = [*api.changes("screenings", after=since)]
    ids = [each["id"] for each in made]
    assert [(change.op, change.id) for change in told] == [*(("create", id) for id in ids), ("void", ids[0])]
    assert [*api.changes("screenings", after=told[1].cursor)] == told[2:]
    assert [*api.changes("screenings", after=told[-1].cursor)] == []


def test_a_stopped_loop_goes_on_behind_what_was_done(api: Lianfang, screening: Make, folder: Path) -> None:
    file = CursorFile(folder / "screenings.cursor")
    file.write(head(api), settled=True)
    made = [screening()["id"] for _ in range(5)]

    def work(change: Change) -> None:
        if change.id == made[2] and len(done) == 2:
            raise KeyboardInterrupt
        done.append(change.id)

    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        for change in api.changes("screenings", after=file):
            work(change)
    assert done == made[:2]
    done.append("again")
    for change in api.changes("screenings", after=file):
        work(change)
    assert done == [*made[:2], "again", *made[2:]]
    assert [*api.changes("screenings", after=file)] == []
    file.path.write_text("", encoding="ascii")
    with pytest.raises(ValueError, match="no place in the feed"):
        next(api.changes("screenings", after=file))


def test_a_killed_follower_loses_nothing(api: Lianfang, screening: Make, folder: Path, started: Any) -> None:
    """SIGKILL, four times, while others write: what it was at may come again, and nothing else."""
    cursor, seen = folder / "cursor", folder / "seen"
    cursor.write_text(head(api), encoding="ascii")
    lines: Callable[[], list[str]] = lambda: seen.read_text().splitlines() if seen.exists() else []
    made: list[str] = []
    for kills in range(4):
        follower = started(FOLLOWER, str(cursor), str(seen))
        before = len(lines())
        made += [screening()["id"] for _ in range(8)]
        until(lambda: len(lines()) >= before + 3)
        follower.send_signal(signal.SIGKILL)
        follower.wait()
    started(FOLLOWER, str(cursor), str(seen))
    until(lambda: set(made) <= {line.split()[1] for line in lines()})
    told = [line.split()[1] for line in lines()]
    assert [*dict.fromkeys(told)] == made, "in order, none is missing"
    assert len(told) - len(made) <= 4, "at most one a kill"


def test_a_killed_table_neither_loses_nor_repeats(api: Lianfang, screening: Make, folder: Path, started: Any) -> None:
    """Records and the place are one transaction; two keepers of one file at once don't harm it."""
    path = folder / "screenings.sqlite"
    for _ in range(3):
        keepers = [started(KEEPER, str(path)) for _ in range(2)]
        one, two = screening(), screening()
        api.request("POST", f"/v1/screenings/{two['id']}:void", json={"reason": "录错"})
        until(lambda: one["id"] in ids(path))
        for keeper in keepers:
            keeper.send_signal(signal.SIGKILL)
            keeper.wait()
    table = Table("screenings", path)
    table = api.follow_into(table)
    listed = {record["id"]: record for record in api.list("screenings")}
    assert {record["id"]: record for record in table.records()} == listed
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    before = table.cursor
    assert api.follow_into(table).cursor == before
    frame = table.frame()
    assert len(frame) == len(listed)
    assert str(frame["occurred_at"].dtype) == "datetime64[us, Asia/Shanghai]"
    table.close()
    with pytest.raises(ValueError, match="others need a file of their own"):
        Table("places", path)


def test_a_page_is_taken_as_a_whole_and_only_behind_its_place() -> None:
    def made(number: int, record: Any) -> Change:
        told: dict[str, Any] = {"seq": 1, "kind": "screenings", "id": str(number), "revision": 1, "op": "create", "area_code": None}
        return Change(**told, change_no=number, recorded_at="", record=record, cursor="")

    table = Table("screenings")
    assert table.apply(Page((made(1, {"id": "1"}),), "1", False), "0")
    with pytest.raises(TypeError):
        table.apply(Page((made(2, {"id": "2"}), made(3, {"id": object()})), "3", False), "1")
    assert (table.cursor, len(table)) == ("1", 1), "all of it or nothing"
    assert not table.apply(Page((made(1, {"id": "stale"}),), "1", False), "0")
    assert [record["id"] for record in table.records()] == ["1"], "another follower was there before"
    table.close()


def ids(path: Path) -> set[str]:
    if not path.exists():
        return set()
    table = Table("screenings", path)
    try:
        return {record["id"] for record in table.records()}
    finally:
        table.close()


def test_a_ledger_that_is_another_one_is_copied_anew(api: Lianfang, screening: Make) -> None:
    one = screening()
    with pytest.raises(Problem) as caught:
        next(api.changes("screenings", after="1." + "0" * 24))
    assert (caught.value.status, caught.value.code) == (410, "resync_required")
    table = Table("screenings")
    table._database.execute("UPDATE place SET cursor = ?", ("1." + "0" * 24,))
    assert one["id"] in {record["id"] for record in api.follow_into(table).records()}
