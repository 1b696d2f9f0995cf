"""Lists as tables: types, the number of requests, brought up to date."""

import datetime
import decimal
from collections.abc import Callable
from typing import Any

import pandas
from conftest import CASES, DAYS, FIRST_ON, Service

from lianfang import Lianfang

FORTNIGHT: dict[str, Any] = {"from_on": FIRST_ON, "to_on": FIRST_ON + datetime.timedelta(days=DAYS - 1)}


def test_the_analysts_notebook(service: Service, readings: int) -> None:
    """Fourteen days of temperatures are one request with a key; the figures of every day are another."""
    with Lianfang(service.url, api_key=service.api_key) as api:
        table = api.frame("temperature_readings", **FORTNIGHT)
        assert api.requests == 1
        assert len(table) == readings == CASES * DAYS * 2
        by_day = table.groupby("slot_on")["temperature_c"].max()
        assert len(by_day) == DAYS
        assert by_day.iloc[0] == decimal.Decimal("36.9")
        figures = api.frame("stats/temperature_readings", by="day", **FORTNIGHT)
        assert api.requests == 2
        assert len(figures) == DAYS
        assert figures["temperature_readings"].tolist() == [2 * CASES] * DAYS


def test_types(api: Lianfang, readings: int) -> None:
    table = api.frame("temperature_readings", slot_on=FIRST_ON)
    assert len(table) == 2 * CASES
    assert str(table["occurred_at"].dtype) == "datetime64[us, Asia/Shanghai]"
    assert set(table["occurred_at"].dt.hour) == {10, 17}
    assert str(table["slot_on"].dtype) == "datetime64[s]"
    assert {type(value) for value in table["temperature_c"]} == {decimal.Decimal}
    told = {"fever": "boolean", "revision": "Int64", "slot": "string", "device_time": "datetime64[us, Asia/Shanghai]"}
    assert {name: str(table[name].dtype) for name in told} == told
    assert table["device_time"].isna().all()
    assert str(api.frame("temperature_readings", decimals="float", slot_on=FIRST_ON)["temperature_c"].dtype) == "Float64"


def test_nothing_has_the_same_columns(api: Lianfang, readings: int) -> None:
    some = api.frame("temperature_readings", slot_on=FIRST_ON)
    none = api.frame("temperature_readings", slot_on=datetime.date(2021, 1, 1))
    assert none.empty
    assert sorted(none.columns) == sorted(some.columns)
    assert none.dtypes.sort_index().equals(some.dtypes.sort_index())


def test_pages_tell_what_files_do(api: Lianfang, readings: int) -> None:
    before = api.requests
    listed = {record["id"]: record for record in api.list("temperature_readings", **FORTNIGHT)}
    assert api.requests - before == 3
    assert len(listed) == readings
    assert set(api.frame("temperature_readings", **FORTNIGHT)["id"]) == set(listed)


def test_a_table_is_brought_up_to_date(api: Lianfang, screening: Callable[..., dict[str, Any]]) -> None:
    """By id and by its own filter: what no longer fits it goes, what fits it now comes."""
    stays, cools, void = (screening(temperature_c="38.1") for _ in range(3))
    screening()
    table = api.frame("screenings", abnormal=True, columns=["id", "temperature_c", "occurred_at"])
    assert set(table["id"]) == {stays["id"], cools["id"], void["id"]}
    new = screening(temperature_c="38.4")
    amend(api, stays, temperature_c="39.0")
    amend(api, cools, temperature_c="36.6")
    api.request("POST", f"/v1/screenings/{void['id']}:void", json={"reason": "录错"})
    before = api.requests
    fresh = api.follow_into(table)
    assert api.requests - before == 2
    told = dict(zip(fresh["id"], map(str, fresh["temperature_c"]), strict=True))
    assert told == {stays["id"]: "39.0", new["id"]: "38.4"}
    assert fresh.dtypes.equals(table.dtypes)
    assert len(table) == 3
    before = api.requests
    pandas.testing.assert_frame_equal(api.follow_into(fresh), fresh)
    assert api.requests - before == 1


def amend(api: Lianfang, record: dict[str, Any], **patch: Any) -> None:
    path, seen = f"/v1/screenings/{record['id']}", {"if-match": f'"{record["revision"]}"'}
    api.request("PATCH", path, json=patch, headers=seen)
