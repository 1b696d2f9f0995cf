#!/usr/bin/env python3
"""Writes src/lianfang/kinds.json from the OpenAPI document: what each field of each kind is, for the columns of a table.

    python3 kinds.py [openapi.json]
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE / "src/lianfang/kinds.json"
NDJSON = "application/x-ndjson"
FORMATS = {"date-time": "instant", "date": "day"}
TYPES = {"boolean": "boolean", "integer": "integer", "number": "number", "array": "many", "object": "object"}
DECIMAL = re.compile(r"\^-\?\[0-9\]|\^\[0-9\]\{1,[0-9]+\}\(\\\.")


def field_type(schema: dict[str, Any]) -> str:
    """The type of a column: a format first, then a decimal that comes as text, then JSON's own."""
    types = schema.get("type", "object")
    types = [types] if isinstance(types, str) else types
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    if "string" in types:
        return "decimal" if DECIMAL.match(schema.get("pattern", "")) else "text"
    return next((TYPES[each] for each in types if each in TYPES), "object")


def kinds(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Kind → field → type, of every list that comes as NDJSON."""

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = document["components"][node["$ref"].split("/")[2]][node["$ref"].split("/")[3]]
        return node

    found = {}
    for path, methods in document["paths"].items():
        match = re.fullmatch(r"/v1/([a-z-]+)", path)
        content = resolved(methods.get("get", {}).get("responses", {}).get("200", {})).get("content", {})
        if not match or NDJSON not in content:
            continue
        page = resolved(content["application/json"]["schema"])["properties"]
        item = resolved(page["items"]["items"])
        fields = {name: field_type(resolved(schema)) for name, schema in item["properties"].items()}
        # Comes with pages alone.
        fields.pop("included", None)
        identity = {"id": fields.pop("id")} if "id" in fields else {}
        found[match[1].replace("-", "_")] = identity | fields
    return dict(sorted(found.items()))


def written(document: dict[str, Any]) -> str:
    """The file: a line a kind."""
    lines = [f"{json.dumps(kind)}: {json.dumps(fields)}" for kind, fields in kinds(document).items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "../../openapi/openapi.json"
    TARGET.write_text(written(json.loads(source.read_text(encoding="utf-8"))), encoding="utf-8")
