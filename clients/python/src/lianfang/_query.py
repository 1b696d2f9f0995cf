"""Kinds and filters as they stand in an address."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

KIND = re.compile(r"[a-z0-9]+(?:[_/-][a-z0-9]+)*")


def path_of(kind: str) -> str:
    """Where records of a kind are: `temperature_readings` → `/v1/temperature-readings`."""
    if not KIND.fullmatch(kind):
        raise ValueError("a kind is a word like temperature_readings")
    return "/v1/" + kind.replace("_", "-")


def query_of(filters: Mapping[str, Any]) -> dict[str, str]:
    """Filters as text. None is left out; `from_` stands for `from`, which is a word of Python."""
    return {name.rstrip("_"): text_of(value) for name, value in filters.items() if value is not None}


def text_of(value: Any) -> str:
    """A value as the service reads it: truth values, days, instants with their offset, several with commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone: datetime(..., tzinfo=ZoneInfo('Asia/Shanghai'))")
        return value.isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return ",".join(map(text_of, value))
    return str(value)
