"""Tokens, repetitions, problems; against the service, and a proxy before it that loses what it is told to."""

import contextlib
import http.server
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, USERNAME, Service

from lianfang import Lianfang, Problem

ID = "0198c0de-00aa-7000-8000-000000000001"
GATE = {"kind": "compound_gate", "name": "南门", "area_code": "511802005001"}


class Proxy(http.server.ThreadingHTTPServer):
    """Hands on what comes. Each of `mishaps` spoils one request whose path begins with it:

    `lost` answers nothing after the service did its work, `cut` breaks a file off in the middle, `spoilt` changes a figure in it, a number is answered.
    """

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind, self.mishaps, self.paths = behind, list[tuple[str, Any]](), list[str]()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Proxy

    def handle_one(self) -> None:
        mishaps, proxy = self.server.mishaps, self.server
        proxy.paths.append(self.path)
        mishap = mishaps.pop(0)[1] if mishaps and self.path.startswith(mishaps[0][0]) else None
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if isinstance(mishap, int):
            return self.answer(mishap, {"retry-after": "0", "content-type": "text/html"}, "<p>张三 13800000000</p>".encode())
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "accept-encoding")}
        asked = urllib.request.Request(proxy.behind + self.path, body or None, headers, method=self.command)
        try:
            with urllib.request.urlopen(asked) as response:
                status, told, content = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                status, told, content = error.code, error.headers, error.read()
        if mishap == "lost":
            self.close_connection = True
            return None
        if mishap == "spoilt":
            content = content.replace(b'"temperature_c":"36.', b'"temperature_c":"39.', 1)
        headers = {name: value for name, value in told.items() if name.lower() not in ("content-length", "transfer-encoding")}
        return self.answer(status, headers, content, len(content) // 2 if mishap == "cut" else len(content))

    def answer(self, status: int, headers: dict[str, str], content: bytes, sent: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:sent])
        self.close_connection = True

    do_GET = do_POST = do_PATCH = handle_one

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with Proxy(service.url) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def far(proxy: Proxy, service: Service) -> Iterator[Lianfang]:
    with Lianfang(proxy.url, api_key=service.api_key, patience_s=5) as api:
        yield api


def test_tokens_are_renewed(service: Service) -> None:
    with service.as_account() as api:
        next(api.list("places"), None)
        assert api.requests == 2
        account: Any = api._connection._identity
        first = dict(account._pair)
        account._renew_at = 0.0
        next(api.list("places"), None)
        assert api.requests == 4
        assert account._pair["refresh_token"] != first["refresh_token"]
        # Refused though it isn't old: renewed and sent again.
        account._pair["access_token"] = "not.a.token"
        next(api.list("places"), None)
        assert api.requests == 7
        # The session is gone: signed in anew.
        account._pair |= {"access_token": "not.a.token", "refresh_token": "gone"}
        next(api.list("places"), None)
        assert api.requests == 11
        token = account._pair["access_token"]
    with Lianfang(service.url, api_key=token) as api, pytest.raises(Problem) as caught:
        next(api.list("places"), None)
    assert caught.value.status == 401, "closing it ended the session"


def test_who_isnt_let_in_is_told_at_once(service: Service) -> None:
    strangers: tuple[dict[str, Any], ...] = ({"username": USERNAME, "password": "surely-another"}, {"api_key": "lf_no_such"})
    for who in strangers:
        with Lianfang(service.url, **who) as api, pytest.raises(Problem) as caught:
            next(api.list("places"), None)
        assert caught.value.status == 401
        assert not any(value in f"{caught.value!r} {caught.value} {api!r}" for value in who.values())


def test_a_lost_answer_makes_no_second_record(proxy: Proxy, far: Lianfang) -> None:
    proxy.mishaps = [("/v1/places", "lost"), ("/v1/places", 502), ("/v1/places", 503)]
    place = far.create("places", {"id": ID, **GATE})
    assert place["id"] == ID
    assert proxy.paths == ["/v1/places"] * 4
    assert sum(each["name"] == "南门" for each in far.list("places")) == 1


def test_what_may_not_be_sent_twice_isnt(proxy: Proxy, far: Lianfang) -> None:
    """Without an id or a key nobody knows whether it was done; what was surely not is sent again."""
    for mishap, code in (("lost", "unreachable"), (502, "unexpected_answer")):
        proxy.mishaps, proxy.paths = [("/v1/places", mishap)], []
        with pytest.raises(Problem) as caught:
            far.request("POST", "/v1/places", json={**GATE, "name": "中门"})
        assert caught.value.code == code
        assert len(proxy.paths) == 1
        assert "张三" not in f"{caught.value!r} {caught.value}", "a proxy's page isn't repeated"
    proxy.mishaps, proxy.paths = [("/v1/places", 429), ("/v1/places", 503)], []
    far.request("POST", "/v1/places", json={**GATE, "name": "东门"})
    assert len(proxy.paths) == 3


def test_waiting_is_as_long_as_asked_and_agreed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    answers = iter([(429, "3"), (503, "4"), (503, "9")])

    class Busy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, after = next(answers)
            self.send_response(status)
            self.send_header("retry-after", after)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Busy) as url, Lianfang(url, api_key="k", patience_s=10) as api, pytest.raises(Problem) as caught:
        next(api.list("places"), None)
    assert (caught.value.status, caught.value.retry_after_s, waits) == (503, 9, [3, 4])


@contextlib.contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_no_service_is_a_problem_too() -> None:
    with Lianfang("http://127.0.0.1:1", api_key="k", patience_s=0) as api, pytest.raises(Problem) as caught:
        next(api.list("places"), None)
    assert (caught.value.status, caught.value.code) == (0, "unreachable")


@pytest.mark.parametrize("form", ["ndjson", "csv", "xlsx"])
def test_a_broken_download_goes_on(
    proxy: Proxy, far: Lianfang, api: Lianfang, readings: int, folder: Path, form: str
) -> None:
    whole = api.export("temperature_readings", folder / f"whole.{form}")
    proxy.mishaps = [("/v1/temperature-readings", "cut"), ("/v1/temperature-readings", "cut")]
    told = far.export("temperature_readings", folder / f"far.{form}")
    assert len(proxy.paths) == 3
    assert told.as_of_change_no == whole.as_of_change_no
    if form != "xlsx":
        assert told.path.read_bytes() == whole.path.read_bytes()
    if form == "ndjson":
        assert told.count == whole.count == readings
        assert all("after=" in path and "as_of_change_no=" in path for path in proxy.paths[1:])
    assert sorted(path.name for path in folder.iterdir()) == [f"far.{form}", f"whole.{form}"], "nothing is left beside"
    assert oct(told.path.stat().st_mode & 0o777) == "0o600"


def test_a_spoilt_download_is_no_file(proxy: Proxy, far: Lianfang, readings: int, folder: Path) -> None:
    proxy.mishaps = [("/v1/temperature-readings", "spoilt")]
    with pytest.raises(Problem, match="damaged on the way"):
        far.export("temperature_readings", folder / "readings.ndjson")
    assert not (folder / "readings.ndjson").exists()
    assert far.export("temperature_readings", folder / "readings.ndjson").count == readings
    assert "39." not in (folder / "readings.ndjson").read_text(encoding="utf-8"), "nothing of it was gone on with"


def test_an_ended_export_goes_on(proxy: Proxy, service: Service, readings: int, folder: Path, town: str) -> None:
    """As the list stood when it was begun, though something was written since."""
    target = folder / "screenings.ndjson"
    with service.as_account() as api, Lianfang(proxy.url, api_key=service.api_key, patience_s=0) as impatient:
        for _ in range(6):
            api.create("screenings", {"place_id": town, "direction": "in"})
        proxy.mishaps = [("/v1/screenings", "cut")]
        with pytest.raises(Problem):
            impatient.export("screenings", target)
        assert not target.exists()
        expected = {record["id"] for record in api.list("screenings")}
        api.create("screenings", {"place_id": town, "direction": "in"})
        told = impatient.export("screenings", target)
        assert "after=" in proxy.paths[-1]
        assert told.count == len(expected)
        assert {line.split('"id":"')[1][:36] for line in target.read_text().splitlines()} == expected
        # Another list isn't gone on with.
        proxy.mishaps = [("/v1/screenings", "cut")]
        with pytest.raises(Problem):
            impatient.export("screenings", target)
        impatient.export("screenings", target, direction="in")
        assert "after=" not in proxy.paths[-1]


def test_problems_name_every_fault_and_no_value(api: Lianfang, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    person = {"name": "王小明", "document_type": "resident_id", "document_number": "519999199003070022", "phone": "1"}
    with pytest.raises(Problem) as caught:
        api.create("screenings", {"direction": "sideways", "person": person})
    problem = caught.value
    assert (problem.status, problem.code, bool(problem.request_id)) == (422, "unprocessable", True)
    assert {"/direction", "/place_id", "/person/document_number", "/person/phone"} <= {fault.pointer for fault in problem.faults}
    told = f"{problem} {problem!r} {problem.args} {caplog.text}"
    assert not any(value in told for value in ("王小明", "519999199003070022", "sideways", PASSWORD))


def test_addresses_are_addresses() -> None:
    for url in ("lianfang.example", "ftp://lianfang.example", "https://admin:secret@lianfang.example"):
        with pytest.raises(ValueError, match="address") as caught:
            Lianfang(url, api_key="k")
        assert "secret" not in str(caught.value)
    with Lianfang("http://127.0.0.1:1", api_key="k") as api:
        for wrong in ("places?x=1", "../v1", "places/", ""):
            with pytest.raises(ValueError, match="kind"):
                next(api.list(wrong))
