"""Writers that keep a journal, readers, and somebody who tries to write into each server; what must hold of all of it."""

import http.client
import itertools
import json
import os
import threading
import time
import uuid

WRITERS = int(os.environ.get("WRITERS", "8"))
READERS = 3
USERNAME, NEW_PASSWORD = "admin", "雨城区-防疫值守-2020"


def resident_id(sequence):
    """A surely-fake one: there is no county 519999."""
    day, month, year = 1 + sequence % 28, 1 + sequence // 28 % 12, 1950 + sequence // 336 % 60
    body = f"519999{year:04}{month:02}{day:02}{sequence // 20160 % 1000:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights)) % 11]


def new_id():
    number = (int(time.time() * 1000) << 80) | (uuid.uuid4().int & ((1 << 80) - 1))
    return str(uuid.UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62)))


def screening(place_id, sequence):
    person = {"name": "王五", "document_type": "resident_id", "document_number": resident_id(sequence), "phone": f"154{sequence:08}"}
    body = {"id": new_id(), "place_id": place_id, "occurred_at": "2020-02-02T08:30:00+08:00", "direction": "in"}
    return body | {"person": person, "answers": ["none"], "temperature_c": "36.5"}


class Client:
    """A connection to the service as a phone has it; made again when it breaks."""

    def __init__(self, load):
        self.load, self.connection = load, None

    def send(self, method, path, body=None, patience=30):
        """Status and answer; 0 where there was none."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.load.port, timeout=patience)
            headers = {"authorization": f"Bearer {self.load.token}", "content-type": "application/json"}
            self.connection.request(method, path, body and json.dumps(body), headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, None
        # HAProxy's own answers aren't JSON.
        return answer.status, json.loads(text) if "json" in (answer.getheader("content-type") or "") else None


class Load:
    def __init__(self, cluster):
        self.cluster, self.port, self.token = cluster, cluster.front, ""
        self.stop, self.lock = threading.Event(), threading.Lock()
        # Numbers that were acknowledged, with whose they are; moments at which writes and reads were answered.
        self.journal, self.written_at, self.read_at = {}, [], []
        self.statuses, self.told, self.probes, self.newest = {}, [], [], None
        self.sequences, self.threads = itertools.count(1), []

    def begin(self):
        one_time = self.cluster.account["one_time_password"]
        self.cluster.wait("signing in", lambda: self.sign_in(one_time))
        client = Client(self)
        changed = client.send("POST", "/v1/auth/password", {"current_password": one_time, "new_password": NEW_PASSWORD})
        if changed[0] != 204:
            raise SystemExit(f"the password can't be changed: {changed}")
        place = {"kind": "compound_gate", "name": "门", "area_code": "511802005"}
        _, self.place = client.send("POST", "/v1/places", place)
        works = [self.write] * WRITERS + [self.read] * READERS + [self.keep_signed_in]
        self.threads = [threading.Thread(target=work, daemon=True) for work in works]
        probes = [threading.Thread(target=self.probe, args=(node,), daemon=True) for node in self.cluster.nodes]
        for thread in self.threads + probes:
            thread.start()
        self.wait_written(2)

    def sign_in(self, password):
        login = {"username": USERNAME, "password": password, "device_id": "drill"}
        status, pair = Client(self).send("POST", "/v1/auth/login", login)
        if status == 200:
            self.token = pair["access_token"]
        return status == 200

    def keep_signed_in(self):
        while not self.stop.wait(240):
            while not self.sign_in(NEW_PASSWORD) and not self.stop.wait(5):
                pass

    def note(self, of, status, answer):
        with self.lock:
            self.statuses[of, status] = self.statuses.get((of, status), 0) + 1
            if status not in (0, 200, 201, 401, 503, 504, 502) and len(self.told) < 20:
                self.told.append(f"{of} was answered {status}: {answer}")

    def write(self):
        client = Client(self)
        while not self.stop.is_set():
            sequence = next(self.sequences)
            body = screening(self.place["id"], sequence)
            # The same record again until it is acknowledged, however often that takes.
            while True:
                status, answer = client.send("POST", "/v1/screenings", body)
                self.note("a write", status, answer)
                if status in (200, 201):
                    break
                time.sleep(0.2)
            with self.lock:
                self.written_at.append(time.time())
                self.newest = (answer["change_no"], body["id"])
                if self.journal.setdefault(answer["change_no"], body["id"]) != body["id"]:
                    self.told.append(f"two records were given the number {answer['change_no']}")
            time.sleep(0.02)

    def read(self):
        client = Client(self)
        while not self.stop.is_set():
            with self.lock:
                newest = self.newest
            if newest:
                number, id = newest
                status, answer = client.send("GET", f"/v1/screenings/{id}", patience=10)
                self.note("a read", status, answer)
                if status == 200:
                    with self.lock:
                        self.read_at.append(time.time())
                        if answer["change_no"] != number:
                            self.told.append(f"{id} was acknowledged as {number} and read as {answer['change_no']}")
            time.sleep(0.1)

    def probe(self, node):
        """Writes into a server by itself, past HAProxy, whatever Patroni says of it: as long as it acknowledges, it is a primary."""
        connection = None
        while not self.stop.is_set():
            try:
                if connection is None:
                    connection = node.connect()
                    connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO drill_probe (node) VALUES (%s)", (node.name,))
                if not connection.notices:
                    self.probes.append((time.time(), node.name))
                connection.notices.clear()
            except Exception:  # whatever it is, it wasn't acknowledged
                connection = None
            time.sleep(0.2)

    def wait_written(self, seconds):
        """Until writes go on for so long."""
        begun, count = time.time(), len(self.written_at)
        self.cluster.wait("writes", lambda: len(self.written_at) > count + WRITERS)
        time.sleep(seconds)
        return time.time() - begun

    def gaps(self, since):
        """The longest time without a write and without a read from a moment on."""

        def longest(moments):
            times = [since] + [at for at in moments if at > since] + [time.time()]
            return max(after - before for before, after in zip(times, times[1:]))

        with self.lock:
            return longest(self.written_at), longest(self.read_at)

    def end(self, timelines):
        """Stops, and says what doesn't hold."""
        self.stop.set()
        for thread in self.threads:
            thread.join(120)
        told = list(self.told)
        # Each change of who acknowledges is one of timelines; two at once would change places all the time.
        nodes = [node for _, node in sorted(self.probes)]
        changes = sum(one != other for one, other in zip(nodes, nodes[1:]))
        if changes > timelines:
            told.append(f"two primaries: those who acknowledged changed {changes} times in {timelines} timelines")
        print(f"{len(nodes)} writes past HAProxy; who acknowledged changed {changes} times in {timelines} timelines")
        fed, since = {}, 0
        while True:
            status, page = Client(self).send("GET", f"/v1/changes?since={since}&limit=500")
            if status == 401:
                self.sign_in(NEW_PASSWORD)
                continue
            if status != 200:
                return told + [f"the feed is answered {status}: {page}"]
            for item in page["items"]:
                if item["kind"] != "people" and fed.setdefault(item["change_no"], item["id"]) != item["id"]:
                    told.append(f"the number {item['change_no']} was given twice")
            since = page["next"]
            if since == page["head"]:
                break
        if sorted(fed) != list(range(1, since + 1)):
            told.append(f"the numbers up to {since} have gaps")
        lost = [number for number, id in self.journal.items() if fed.get(number) != id]
        told += [f"acknowledged, and not there: {number}" for number in lost[:20]]
        if len(fed) != len(self.journal) + 1 or len(set(fed.values())) != len(fed):
            told.append(f"{len(fed)} numbers, of which {len(self.journal)} were acknowledged beside the place")
        return told

    def summary(self):
        answers = ", ".join(f"{of[2:]} {status or 'none'}: {count}" for (of, status), count in sorted(self.statuses.items()))
        return f"{len(self.journal)} writes acknowledged; answers: {answers}"
