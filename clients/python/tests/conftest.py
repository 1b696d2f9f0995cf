"""A running service of the tests' own: the binary in SERVICE_BINARY, with its embedded PostgreSQL, in a folder of its own.

The people, places and documents are surely fake: there is no county 519999.
"""

import datetime
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lianfang import Lianfang

USERNAME, PASSWORD = "admin", "雨城区-测试用表格-2020"
ZONE = ZoneInfo("Asia/Shanghai")
FIRST_ON = datetime.date(2020, 1, 23)
CASES, DAYS = 40, 14


@dataclass
class Service:
    """Where it is."""

    url: str
    api_key: str

    def as_account(self, **more: Any) -> Lianfang:
        return Lianfang(self.url, username=USERNAME, password=PASSWORD, **more)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    binary, folder = os.environ["SERVICE_BINARY"], tmp_path_factory.mktemp("service")
    data = ["--data-dir", str(folder / "data")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [binary, "serve", "--json", "--listen", "127.0.0.1:0", *data], stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert server.stdout is not None
    try:
        with server.stdout:
            line = server.stdout.readline()
        assert line, (folder / "log").read_text()[-2000:]
        url = json.loads(line)["listening"]
        added = subprocess.run(
            [binary, "user", "add", USERNAME, "--admin", "--json", *data], capture_output=True, text=True, check=True
        )
        once = json.loads(added.stdout)["one_time_password"]
        with Lianfang(url, username=USERNAME, password=once) as api:
            change = {"current_password": once, "new_password": PASSWORD}
            api.request("POST", "/v1/auth/password", json=change)
        with Lianfang(url, username=USERNAME, password=PASSWORD) as api:
            until = datetime.datetime.now(ZONE) + datetime.timedelta(days=1)
            wanted = {"name": "notebook", "role": "district_admin", "area_code": "511802", "expires_at": until.isoformat()}
            key = api.request("POST", "/v1/api-keys", json={**wanted, "scopes": ["read", "import", "export", "write", "statistics"]})
        yield Service(url, key["key"])
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="session")
def api(service: Service) -> Iterator[Lianfang]:
    with service.as_account() as client:
        yield client


@pytest.fixture(scope="session")
def town(api: Lianfang) -> str:
    """A gate, by its id."""
    place = api.create("places", {"kind": "compound_gate", "name": "龙溪苑北门", "area_code": "511802005001"})
    return str(place["id"])


@pytest.fixture(scope="session")
def readings(api: Lianfang) -> int:
    """Forty people at home, measured twice a day for fourteen days: how many readings."""
    start = datetime.datetime.combine(FIRST_ON, datetime.time(9), ZONE)
    cases = [
        {
            "id": f"0198c0de-0010-7000-8000-{number:012}",
            "person": {"name": "李四", "document_type": "resident_id", "document_number": resident_id(number)},
            "area_code": "511802114",
            "categories": ["hubei_returnee"],
            "anchor": "departure",
            "anchored_on": (FIRST_ON - datetime.timedelta(days=1)).isoformat(),
            "occurred_at": start.isoformat(),
        }
        for number in range(1, CASES + 1)
    ]
    batch(api, "isolation-cases", cases)
    taken = [
        {
            "id": f"0198c0de-0013-7000-8000-{day:06}{hour:02}{number:04}",
            "case_id": cases[number]["id"],
            "temperature_c": f"36.{(number + day) % 10}",
            "occurred_at": (start + datetime.timedelta(days=day, hours=hour)).isoformat(),
        }
        for day in range(DAYS)
        for hour in (1, 8)
        for number in range(CASES)
    ]
    for first in range(0, len(taken), 500):
        batch(api, "temperature-readings", taken[first : first + 500])
    return len(taken)


def batch(api: Lianfang, path: str, items: list[dict[str, Any]]) -> None:
    results = api.request("POST", f"/v1/{path}:batch", json={"items": items})
    refused = [result for result in results["results"] if result["status"] >= 300]
    assert not refused, refused[:2]


def resident_id(number: int) -> str:
    """A resident's number of a county that there isn't."""
    body = f"51999919900307{number:03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


@pytest.fixture
def screening(api: Lianfang, town: str) -> Callable[..., dict[str, Any]]:
    """Makes a screening at the gate."""

    def make(**more: Any) -> dict[str, Any]:
        return api.create("screenings", {"place_id": town, "direction": "in", "temperature_c": "36.5", **more})

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
