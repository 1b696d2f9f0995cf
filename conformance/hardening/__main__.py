#!/usr/bin/env python3
"""HTTP as strangers speak it, against a running service: `python3 conformance/hardening`.

SERVICE is its base URL (this machine only), ACCOUNTS a JSON file as `conformance/accounts.py` prints it,
SERVICE_PID its process. Good clients must notice nothing, memory must stay flat, every refusal must be a problem
document, nothing may cause a 5xx, no smuggled request may be answered. Takes some four minutes.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys

import body_cases
import framing_cases
import idle
import neighbours
import raw
import request_cases
import slow
from wire import SERVICE, administrator, sign_in

PID = int(os.environ["SERVICE_PID"])
QUIET_S = 12
# No absolute time is demanded: another machine is another machine. So many times the slowest kind's p99 of the
# quiet phase is a blow-up.
BLOW_UP = 12
# Of some hundred requests one waits for the machine now and then: what ends within this was noticed by nobody.
# A busy machine may be given more.
HICCUP_MS = int(os.environ.get("HICCUP_MS", "1000"))
SLOWHTTPTEST = {"-H": "slow heads", "-B": "slow bodies", "-X": "slow readers"}
HERE = os.path.dirname(os.path.abspath(__file__))
passed = failed = 0


def note(text):
    print(f"   {text}", flush=True)


def report(name, faults):
    global passed, failed
    if not faults:
        passed += 1
        return
    failed += 1
    print(f"FAILED {name}", *faults, sep="\n       ", flush=True)


class GoodClient:
    def __init__(self, token):
        command = [sys.executable, os.path.join(HERE, "good.py"), token]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def phase(self, name):
        print(f"== {name}", flush=True)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(name + "\n")
            self.process.stdin.flush()

    def finish(self):
        output, _ = self.process.communicate()
        return json.loads(output)


def judge(result):
    for phase, kinds in result["phases"].items():
        note(f"good client, {phase}: " + "; ".join(f"{kind} {one['count']} × p50 {one['p50']} p99 {one['p99']} ms" for kind, one in kinds.items()))
    asked = sum(one["count"] for kinds in result["phases"].values() for one in kinds.values())
    note(f"good client: {asked - len(result['failures'])} of {asked} requests answered as they must be")
    # Every one: with some thousand requests in all, 99.9 % would leave room for three.
    report("good client: no failure", result["failures"][:20])
    bound = max(HICCUP_MS, BLOW_UP * max(one["p99"] for one in result["phases"].pop("quiet").values()))
    for phase, kinds in result["phases"].items():
        slow_kinds = [f"{kind}: p99 {one['p99']} ms, bound {bound:.0f} ms" for kind, one in kinds.items() if one["p99"] > bound]
        report(f"good client: no delay in {phase}", slow_kinds)


async def slowhttptest(good):
    if not shutil.which("slowhttptest"):
        note("slowhttptest is left out: it isn't installed here")
        return
    for mode, name in SLOWHTTPTEST.items():
        good.phase(f"slowhttptest {name}")
        url = SERVICE + ("/openapi.json" if mode == "-X" else "/v1/auth/login" if mode == "-B" else "/healthz")
        command = ["slowhttptest", mode, "-c", "600", "-r", "200", "-l", "15", "-i", "3", "-x", "24", "-u", url]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await asyncio.wait_for(process.wait(), 40)
        except asyncio.TimeoutError:
            process.kill()


async def attack(good, token):
    before = idle.memory(PID)
    await asyncio.sleep(QUIET_S)
    good.phase("raw cases")
    cases = [case for module in (framing_cases, request_cases, body_cases) for case in module.table(token.encode())]
    note(f"{len(cases)} cases")
    await raw.run(cases, report)
    good.phase("slow and idle clients")
    impossible = idle.why_not(PID)
    if impossible:
        note(f"thousands of idle connections are left out: {impossible}")
    parts = [slow.run(report)] + ([] if impossible else [idle.run(report, PID, note)])
    await asyncio.gather(*parts)
    if not impossible:
        good.phase("connections opened and dropped")
        await idle.rounds(report, PID, note)
    await neighbours.run(report, good, token, administrator())
    await slowhttptest(good)
    note(f"memory: {before >> 20} MiB at first, {idle.memory(PID) >> 20} MiB at the end")


def main():
    token = sign_in()
    good = GoodClient(token)
    try:
        asyncio.run(attack(good, token))
    finally:
        result = good.finish()
    judge(result)
    report("still alive", [] if os.path.exists(f"/proc/{PID}") else ["the process is gone"])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
