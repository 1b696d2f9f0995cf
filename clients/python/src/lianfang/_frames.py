"""Records as tables of pandas, with the types that the document gives to their fields."""

from __future__ import annotations

import decimal
import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

Record = Mapping[str, Any]
NOTE = "lianfang"
"""Under this name a table's `attrs` say what it is of, so that it can be brought up to date."""
PLAIN = {"boolean": "boolean", "integer": "Int64", "number": "Float64", "text": "string"}


@functools.cache
def types() -> Mapping[str, Mapping[str, str]]:
    """Kind → field → type, as the document says."""
    text = importlib.resources.files(__package__).joinpath("kinds.json").read_text(encoding="utf-8")
    told: dict[str, dict[str, str]] = json.loads(text)
    return told


def frame_of(
    kind: str, records: Iterable[Record], columns: Sequence[str] | None, decimals: str, zone: str
) -> pandas.DataFrame:
    """A table of records; one of a known kind has all columns, though there be no record."""
    try:
        import pandas
    except ImportError:
        raise ImportError("tables need pandas: pip install 'lianfang[pandas]'") from None
    if decimals not in ("exact", "float"):
        raise ValueError("decimals are 'exact' or 'float'")
    rows = [figures_beside(record) for record in records]
    known = types().get(kind, {})
    names = [*columns] if columns is not None else _names(rows, known)
    table = {name: _column([row.get(name) for row in rows], _type(name, known), decimals, zone) for name in names}
    return pandas.DataFrame(table, columns=pandas.Index(names))


def figures_beside(line: Record) -> Record:
    """A line of figures with each in a column of its own; its sum of money or goods in another, where it has one."""
    figures = line.get("figures")
    if not isinstance(figures, Mapping) or "id" in line:
        return line
    told: dict[str, Any] = {name: value for name, value in line.items() if name != "figures"}
    for name, figure in figures.items():
        told[name] = figure["value"]
        if figure.get("amount") is not None:
            told[f"{name}_amount"] = decimal.Decimal(figure["amount"])
    return told


def _names(rows: Sequence[Record], known: Mapping[str, str]) -> Sequence[str]:
    """Names in the order of the document, then those of a newer service; of an unknown kind as the records have them."""
    return [*dict.fromkeys([*known, *(name for row in rows for name in row)])]


def _type(name: str, known: Mapping[str, str]) -> str:
    if name in known:
        return known[name]
    return "instant" if name.endswith("_at") else "day" if name == "on" or name.endswith("_on") else "unknown"


def _column(values: Sequence[Any], kind: str, decimals: str, zone: str) -> pandas.Series[Any]:
    import pandas

    if kind == "instant":
        told = pandas.to_datetime(pandas.Series(values, dtype="object"), utc=True, format="ISO8601")
        return told.astype("datetime64[us, UTC]").dt.tz_convert(zone)
    if kind == "day":
        told = pandas.to_datetime(pandas.Series(values, dtype="object"), format="%Y-%m-%d")
        return told.astype("datetime64[s]")
    if kind == "decimal":
        if decimals == "float":
            return pandas.Series([None if value is None else float(value) for value in values], dtype="Float64")
        exact = [None if value is None else decimal.Decimal(value) for value in values]
        return pandas.Series(exact, dtype="object")
    if kind in PLAIN:
        return pandas.Series(values, dtype=PLAIN[kind])
    if kind == "unknown" and not any(isinstance(value, decimal.Decimal) for value in values):
        return pandas.Series(values, dtype="object").convert_dtypes()
    return pandas.Series(values, dtype="object")
