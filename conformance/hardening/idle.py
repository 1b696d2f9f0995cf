"""Thousands of connections that do nothing: kept in little memory, still served, ended in time."""

import asyncio
import os
import resource

from framing_cases import GOOD
from wire import connect, read_answer

COUNT = int(os.environ.get("IDLE", "3000"))
SPARE = 1500  # Files that the rest of the run needs.
ENDS_S = 110  # An idle connection is kept for 75 seconds.
MOST_EACH = 48 * 1024  # Bytes of memory that an idle connection may take.
ROUNDS = 4
READY = GOOD.replace(b"/healthz", b"/readyz")


def memory(pid):
    """Resident bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def why_not(pid):
    """Why so many connections can't be had here, if so."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = COUNT + SPARE
    if hard != resource.RLIM_INFINITY and hard < needed:
        return f"this process may open {hard} files, {needed} are needed"
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard == resource.RLIM_INFINITY else hard, hard))
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        allowed = next(line.split()[3] for line in file if line.startswith("Max open files"))
    if allowed != "unlimited" and int(allowed) < needed:
        return f"the service may open {allowed} files, {needed} are needed"
    return None


async def _open(index):
    reader, writer = await connect(limit=1 << 16)
    if index % 3 == 1:  # Kept after a request that waits for the database.
        writer.write(READY)
        await asyncio.wait_for(read_answer(reader), 30)
    elif index % 3 == 2:  # Half a head.
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: ")
    return reader, writer


async def open_all(count, at_once=100):
    gate = asyncio.Semaphore(at_once)

    async def one(index):
        async with gate:
            return await _open(index)

    return await asyncio.gather(*(one(index) for index in range(count)))


async def _served(reader, writer):
    writer.write(GOOD)
    answer = await asyncio.wait_for(read_answer(reader), 30)
    return answer is not None and answer.status == 200


async def _ended(reader):
    try:
        await reader.read()
    except ConnectionError:
        pass


async def run(report, pid, note):
    before = memory(pid)
    connections = await open_all(COUNT)
    await asyncio.sleep(1)
    peak = memory(pid)
    note(f"{COUNT} idle connections: {before >> 20} MiB before, {peak >> 20} MiB with them")
    # What runs beside this takes memory, too: the bound is generous.
    over = peak - before > COUNT * MOST_EACH + (64 << 20)
    report("idle: memory", [f"{(peak - before) // COUNT} bytes a connection"] if over else [])
    chosen = [connection for index, connection in enumerate(connections) if index % 3 < 2][:: max(1, COUNT // 100)]
    served = await asyncio.gather(*(_served(*connection) for connection in chosen), return_exceptions=True)
    report("idle: still served", [f"{sum(one is not True for one in served)} of {len(served)} were not"] if set(served) - {True} else [])
    ends = [asyncio.create_task(_ended(reader)) for reader, _ in connections]
    _, open_ = await asyncio.wait(ends, timeout=ENDS_S)
    report("idle: ended in time", [f"{len(open_)} of {COUNT} are open after {ENDS_S} s"] if open_ else [])
    for task in open_:
        task.cancel()
    for _, writer in connections:
        writer.transport.abort()


async def rounds(report, pid, note):
    """Opens and drops all of them again and again: what is lost each time shows as growth."""
    seen = []
    for _ in range(ROUNDS):
        for _, writer in await open_all(COUNT):
            writer.transport.abort()
        await asyncio.sleep(1.5)
        seen.append(memory(pid))
    note(f"after {ROUNDS} rounds of {COUNT} connections: " + ", ".join(f"{bytes_ >> 20} MiB" for bytes_ in seen))
    # What is let go late shows in one round; what is kept, in every later one.
    grown = min(seen[-2:]) > seen[0] * 1.1 + (16 << 20)
    report("idle: memory after rounds", [f"it grew: {seen}"] if grown else [])
