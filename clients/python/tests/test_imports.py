"""Files in, and what was refused."""

import csv
from pathlib import Path

import pytest

from lianfang import Lianfang, Problem

SHEET = "名称,类型,区划代码\n城东超市,超市,511802001\n坏点,超市,没有这个地方\n城西药店,药店,511802002\n"


def test_refused_rows_come_with_their_lines(api: Lianfang, folder: Path) -> None:
    file = folder / "场所.csv"
    file.write_bytes(SHEET.encode("gb18030"))
    looked = api.import_file("places", file, dry_run=True)
    assert looked.checked_only
    assert (looked.counts["created"], looked.counts["refused"]) == (2, 1)
    assert not [place for place in api.list("places") if place["name"] in ("城东超市", "城西药店")], "nothing was written"

    imported = api.import_file("places", file)
    assert (imported.counts["read"], imported.counts["created"], imported.counts["refused"]) == (3, 2, 1)
    (row,) = imported.refused
    assert row.line == 3
    assert [(fault.pointer, fault.code, fault.column) for fault in row.faults] == [("/area_code", "not_an_area", "区划代码")]
    assert row.row["名称"] == "坏点"
    assert "坏点" not in f"{imported!r} {row} {row.faults}"

    mended = folder / "错误.csv"
    api.save_refused(imported, mended)
    assert oct(mended.stat().st_mode & 0o777) == "0o600"
    with mended.open(encoding="utf-8-sig", newline="") as opened:
        (only,) = csv.DictReader(opened)
    assert [*only.values()][-1] == "3"
    mended.write_text(mended.read_text(encoding="utf-8").replace("没有这个地方", "511802003"), encoding="utf-8")
    again = api.import_file("places", mended)
    assert (again.counts["created"], again.refused) == (1, ())


def test_the_same_file_again_changes_nothing(api: Lianfang, folder: Path) -> None:
    file = folder / "places.csv"
    file.write_text("external_id,name,kind,area_code\n1,城南菜市场,farmers_market,511802003\n", encoding="utf-8")
    first, again = (api.import_file("places", file, source="python-tests") for _ in range(2))
    assert (first.counts["created"], again.counts["created"], again.counts["same"]) == (1, 0, 1)


def test_columns_are_named(api: Lianfang, town: str, folder: Path) -> None:
    file = folder / "卡点.csv"
    file.write_text("时刻,度数\n2020-02-02 08:30,36.4\n", encoding="utf-8")
    named = {"时刻": "occurred_at", "度数": "temperature_c"}
    imported = api.import_file("screenings", file, columns=named, constants={"place_id": "龙溪苑北门", "direction": "进"})
    assert imported.counts["created"] == 1, imported.refused


def test_what_is_no_file_of_the_kind_is_a_problem(api: Lianfang, folder: Path) -> None:
    file = folder / "other.csv"
    file.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        api.import_file("places", file, unknown="refuse")
    assert (caught.value.status, caught.value.code) == (422, "unknown_columns")
    assert [fault.code for fault in caught.value.faults] == ["unknown_column", "unknown_column"]
    with pytest.raises(Problem) as caught:
        api.import_file("no_such_kind", file)
    assert {fault.pointer for fault in caught.value.faults} == {"?kind"}
