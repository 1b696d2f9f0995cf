"""A good client, in a process of its own: asks, measures, and says what it noticed.

Lines on stdin name the phase from there on; the end of stdin ends it. Its last line is JSON.
"""

import http.client
import json
import sys
import threading
import time
import uuid

from wire import ADDRESS, call

PAUSE_S = 0.02
PER_CONNECTION = 25


def resident_id(sequence):
    """A surely-fake document (no county 519999 exists), its check digit right."""
    body = f"519999{1950 + sequence // 336 % 60:04}{1 + sequence // 28 % 12:02}{1 + sequence % 28:02}{sequence // 20160 % 1000:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights)) % 11]


def screening(place, sequence):
    person = {"name": "王五", "document_type": "resident_id", "document_number": resident_id(sequence)}
    return {
        "id": str(uuid.uuid4()), "place_id": place, "occurred_at": "2020-02-02T08:30:00+08:00", "direction": "in",
        "person": person, "answers": ["none"], "temperature_c": "36.5",
    }


class Good:
    def __init__(self, token):
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        area = {"kind": "compound_gate", "name": "北门", "area_code": "511802005001"}
        self.place = call("POST", "/v1/places", area, token)["id"]
        self.phase, self.phases, self.failures, self.connection, self.sent = "quiet", {}, [], None, 0

    def ask(self, name, method, path, body, expected):
        started = time.perf_counter()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(*ADDRESS, timeout=30)
            self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
            response = self.connection.getresponse()
            text = response.read()
            if response.status != expected:
                self.failures.append(f"{self.phase}: {name}: {response.status} {text[:120]!r}")
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{self.phase}: {name}: {error!r}")
            self.connection = None
        self.phases.setdefault(self.phase, {}).setdefault(name, []).append(time.perf_counter() - started)
        self.sent += 1
        if self.sent % PER_CONNECTION == 0 and self.connection is not None:
            self.connection.close()
            self.connection = None
        time.sleep(PAUSE_S)

    def run(self):
        for sequence in range(10_000_000):
            if self.phase is None:
                return
            self.ask("health", "GET", "/healthz", None, 200)
            self.ask("list", "GET", "/v1/places?limit=20", None, 200)
            self.ask("write", "POST", "/v1/screenings", screening(self.place, sequence), 201)


def figures(seconds):
    ordered = sorted(seconds)
    at = lambda share: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
    return {"count": len(ordered), "p50": at(0.5), "p99": at(0.99), "most": at(1)}


def main():
    good = Good(sys.argv[1])
    worker = threading.Thread(target=good.run)
    worker.start()
    for line in sys.stdin:
        good.phase = line.strip()
    good.phase = None
    worker.join()
    phases = {phase: {name: figures(times) for name, times in kinds.items()} for phase, kinds in good.phases.items() if phase}
    print(json.dumps({"phases": phases, "failures": good.failures}))


if __name__ == "__main__":
    main()
