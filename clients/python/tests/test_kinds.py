"""What the package knows of the document is what the document says."""

import importlib.resources
import json
from pathlib import Path

import kinds

DOCUMENT = Path(__file__).parents[3] / "openapi/openapi.json"


def test_kinds_are_fresh() -> None:
    packed = importlib.resources.files("lianfang").joinpath("kinds.json").read_text(encoding="utf-8")
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    assert packed == kinds.written(document), "stale: python3 clients/python/kinds.py"


def test_decimals_are_found() -> None:
    told = json.loads(importlib.resources.files("lianfang").joinpath("kinds.json").read_text(encoding="utf-8"))
    assert told["temperature_readings"]["temperature_c"] == "decimal"
    assert told["temperature_readings"]["slot_on"] == "day"
    assert told["price_observations"]["price"] == "decimal"
