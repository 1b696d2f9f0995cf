"""etcd, two nodes of Patroni, HAProxy and two processes of the service, on loopback, of the files that are deployed."""

import asyncio
import glob
import json
import os
import signal
import string
import subprocess
import threading
import time
import urllib.request

import psycopg2

from drill_scratch import free_ports

PASSWORD = "drill-only"


class Wire:
    """A line between a port and another that can be cut: nothing passes then, and nothing is closed, as with a pulled plug."""

    loop = asyncio.new_event_loop()

    def __init__(self, port, target):
        self.port, self.target, self.whole = port, target, None
        asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result()

    async def listen(self):
        self.whole = asyncio.Event()
        self.whole.set()
        await asyncio.start_server(self.serve, "127.0.0.1", self.port)

    async def serve(self, reader, writer):
        await self.whole.wait()
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.carry(reader, other_writer), self.carry(other_reader, writer))

    async def carry(self, reader, writer):
        try:
            while data := await reader.read(65536):
                await self.whole.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        await self.whole.wait()
        writer.close()

    def cut(self):
        self.loop.call_soon_threadsafe(self.whole.clear)

    def heal(self):
        self.loop.call_soon_threadsafe(self.whole.set)


threading.Thread(target=Wire.loop.run_forever, daemon=True).start()


def descendants(roots):
    """Processes below some, by /proc."""
    parents = {}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat) as file:
                pid, rest = file.read().split(" (", 1)
            parents[int(pid)] = int(rest.rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):
            continue
    found = set(roots)
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found & set(parents)
        found |= more


class Node:
    """A machine: Patroni and the PostgreSQL that it keeps. Others reach it, and it reaches etcd, by wires."""

    def __init__(self, cluster, name):
        self.cluster, self.name, self.process = cluster, name, None
        self.pg_port, self.rest_port, pg, rest, etcd = free_ports(5)
        self.data_dir = f"{cluster.scratch}/{name}"
        targets = [(pg, self.pg_port), (rest, self.rest_port), (etcd, cluster.etcd_port)]
        self.wires = [Wire(port, target) for port, target in targets]
        self.pg, self.rest = f"127.0.0.1:{pg}", f"127.0.0.1:{rest}"
        self.config = f"{cluster.scratch}/{name}.yml"
        values = {
            "NAME": name,
            "REST_LISTEN": f"127.0.0.1:{self.rest_port}",
            "REST_ADDRESS": self.rest,
            "ETCD": f"127.0.0.1:{etcd}",
            "STRICT": "false",
            "PG_LISTEN": f"127.0.0.1:{self.pg_port}",
            "PG_ADDRESS": self.pg,
            "DATA_DIR": self.data_dir,
            "BIN_DIR": cluster.bin_dir,
            "SOCKET_DIR": cluster.scratch,
            "NETWORK": "127.0.0.1/32",
            "SUPERUSER_PASSWORD": PASSWORD,
            "REPLICATION_PASSWORD": PASSWORD,
            "REWIND_PASSWORD": PASSWORD,
        }
        with open(f"{cluster.here}/patroni.yml") as template, open(self.config, "w") as config:
            config.write(string.Template(template.read()).safe_substitute(values))

    def start(self):
        # etcd tells its own address, which would lead around the wire.
        environment = {**os.environ, "PATRONI_ETCD_USE_PROXIES": "true"}
        self.process = self.cluster.run(self.name, ["patroni", self.config], env=environment)

    def processes(self):
        roots = [self.process.pid] if self.process else []
        try:
            with open(f"{self.data_dir}/postmaster.pid") as file:
                roots.append(int(file.readline()))
        except (OSError, ValueError):
            pass
        return descendants(roots)

    def signal(self, number):
        for pid in sorted(self.processes()):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGSTOP)
        self.signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def cut(self):
        for wire in self.wires:
            wire.cut()

    def heal(self):
        for wire in self.wires:
            wire.heal()

    def ask(self, path):
        """An answer of its Patroni, asked on the machine itself; none where there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.rest_port}{path}", timeout=2) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def connect(self, database="postgres"):
        return psycopg2.connect(
            host="127.0.0.1", port=self.pg_port, user="postgres", password=PASSWORD, dbname=database, connect_timeout=2
        )


class Cluster:
    def __init__(self, here, scratch, bin_dir):
        self.here, self.scratch, self.bin_dir, self.children = here, scratch, bin_dir, []
        self.etcd_port, self.etcd_peer, self.front, self.back, self.one, self.two = free_ports(6)
        self.nodes = [Node(self, name) for name in ("one", "two")]
        self.services = []

    def run(self, log, command, **options):
        with open(f"{self.scratch}/{log}.log", "a") as file:
            child = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self.children.append(child)
        return child

    def start(self):
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_peer}"
        etcd = ["etcd", "--name", "drill", "--data-dir", f"{self.scratch}/etcd", "--logger", "zap", "--enable-v2=true", "--initial-cluster", f"drill={peer}"]
        etcd += ["--listen-client-urls", client, "--advertise-client-urls", client]
        etcd += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        self.run("etcd", etcd)
        time.sleep(2)
        one, two = self.nodes
        one.start()
        self.wait_primary()
        two.start()
        self.wait_whole()
        environment = {
            **os.environ,
            "LIANFANG_BIND": f"127.0.0.1:{self.front}",
            "LIANFANG_ONE": f"127.0.0.1:{self.one}",
            "LIANFANG_TWO": f"127.0.0.1:{self.two}",
            "DATABASE_BIND": f"127.0.0.1:{self.back}",
            "DATABASE_ONE": one.pg,
            "DATABASE_TWO": two.pg,
            "PATRONI_ONE": one.rest.split(":")[1],
            "PATRONI_TWO": two.rest.split(":")[1],
        }
        self.run("haproxy", ["/usr/sbin/haproxy", "-db", "-f", f"{self.here}/../haproxy.cfg", "-f", f"{self.here}/haproxy.cfg"], env=environment)
        connection = self.primary().connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE ROLE lianfang LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
            cursor.execute("CREATE DATABASE lianfang OWNER lianfang TEMPLATE template0")
            cursor.execute("CREATE TABLE drill_probe (node text, at timestamptz DEFAULT clock_timestamp())")
        connection.close()
        time.sleep(3)

    def environment(self):
        return {
            **os.environ,
            "DATABASE_URL": f"postgresql://lianfang:{PASSWORD}@127.0.0.1:{self.back}/lianfang",
            "LIANFANG_KEYS_DIR": f"{self.scratch}/keys",
            "LIANFANG_ATTACHMENTS_DIR": f"{self.scratch}/files",
            "LIANFANG_DRAIN_MS": "5000",
            "LIANFANG_WORKERS": "2",
        }

    def lianfang(self, *arguments, check=True):
        command = [f"{self.scratch}/lianfang", *arguments]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True)
        if check and done.returncode != 0:
            raise SystemExit(f"lianfang {arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def start_service(self):
        self.lianfang("migrate")
        self.account = json.loads(self.lianfang("user", "add", "admin", "--admin", "--json").stdout)
        for port in (self.one, self.two):
            command = [f"{self.scratch}/lianfang", "serve", "--listen", f"127.0.0.1:{port}", "--json"]
            self.services.append(self.run(f"lianfang-{port}", command, env=self.environment()))

    def stop_service(self):
        for service in self.services:
            service.terminate()
        for service in self.services:
            if service.wait(30) != 0:
                raise SystemExit(f"the service ended with {service.returncode}")

    def primary(self):
        """The node that says it is the primary; none where none does."""
        for node in self.nodes:
            answer = node.ask("/patroni")
            if answer and answer.get("role") in ("master", "primary") and answer.get("state") == "running":
                return node
        return None

    def timeline(self):
        return self.primary().ask("/patroni")["timeline"]

    def wait(self, what, holds, seconds=180):
        until = time.time() + seconds
        while time.time() < until:
            if found := holds():
                return found
            time.sleep(0.25)
        raise SystemExit(f"{what}: not within {seconds} s; the logs are in {self.scratch}")

    def wait_primary(self, other_than=None):
        def other():
            for node in self.nodes:
                answer = node is not other_than and node.ask("/patroni")
                if answer and answer.get("role") in ("master", "primary") and answer.get("state") == "running":
                    return node
            return None

        return self.wait("a primary", other)

    def wait_whole(self):
        """Until there are a primary and a synchronous standby that takes its log."""

        def is_whole():
            primary = self.primary()
            members = (primary and primary.ask("/cluster") or {}).get("members", [])
            roles = {member["role"] for member in members if member["state"] in ("running", "streaming")}
            return {"leader", "sync_standby"} <= roles

        self.wait("a primary with its synchronous standby", is_whole)

    def stop(self):
        for node in self.nodes:
            node.signal(signal.SIGCONT)
            node.signal(signal.SIGKILL)
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
