"""One caller must not stop the others: floods of bounded size, each for some seconds, beside the good client.

Every client here is this process's own and ends with its phase.
"""

import asyncio
import json
import os
import time

from framing_cases import post
from wire import connect, read_answer

SILENT = int(os.environ.get("SILENT", "1100"))  # Bodies that are announced and never sent.
LASTS_S = 20
GUESSES = 25
SLOW_FILES = 2


async def _announce(token, path):
    reader, writer = await connect()
    signed = b"authorization: Bearer " + token.encode()
    writer.write(post(signed, b"content-length: 1000", target=path))
    return reader, writer


async def silent_bodies(report, token):
    """Announces bodies and stays silent; whoever is ended comes again until the time is over."""
    ends = time.monotonic() + LASTS_S
    statuses = set()

    async def one(number):
        path = b"/v1/auth/login" if number % 2 else b"/v1/screenings"
        while time.monotonic() < ends:
            try:
                reader, writer = await _announce(token, path)
            except OSError:
                await asyncio.sleep(2)
                continue
            try:
                answer = await asyncio.wait_for(read_answer(reader), max(0.1, ends - time.monotonic()))
                statuses.add(answer and answer.status)
                await asyncio.sleep(2)
            except (asyncio.TimeoutError, ConnectionError):
                pass
            finally:
                writer.transport.abort()

    await asyncio.gather(*(one(number) for number in range(SILENT)))
    # 503 only where hundreds came within one moment.
    report(f"neighbours: {SILENT} silent bodies", [f"answered {statuses}"] if statuses - {408, 503, None} else [])


async def slow_files(report, token):
    """Files that hardly arrive take their user's share and nobody's else; the pace ends them."""

    async def one():
        reader, writer = await connect()
        head = "POST /v1/imports?kind=places HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
        writer.write(f"{head}authorization: Bearer {token}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        try:
            async with asyncio.timeout(60):
                answer = asyncio.create_task(read_answer(reader))
                while not answer.done():
                    writer.write(b"1\r\n \r\n")
                    await asyncio.sleep(2)
                return await answer
        except (asyncio.TimeoutError, ConnectionError) as error:
            return error
        finally:
            writer.transport.abort()

    answers = await asyncio.gather(*(one() for _ in range(SLOW_FILES)))
    slow = [f"{answer!r}" for answer in answers if isinstance(answer, asyncio.TimeoutError)]
    report(f"neighbours: {SLOW_FILES} files at half a byte a second", slow)


async def _login(username, password, device):
    body = json.dumps({"username": username, "password": password, "device_id": device}).encode()
    reader, writer = await connect()
    try:
        writer.write(post(b"content-length: %d" % len(body), body=body))
        answer = await asyncio.wait_for(read_answer(reader), 30)
        return answer.status, answer.header("retry-after")
    finally:
        writer.transport.abort()


async def guesses(report, account):
    """Wrong passwords under a name that all browsers once had: slow, alike for whoever exists, and no lock."""
    names = [account["username"], "no.such.account.here"]
    results = await asyncio.gather(
        *(asyncio.gather(*(_login(name, "wrong password", "dashboard") for _ in range(GUESSES))) for name in names)
    )
    faults = [f"{name}: {sorted(set(statuses))}" for name, statuses in zip(names, results) if {status for status, _ in statuses} - {401, 429, 503}]
    counts = [sorted(status for status, _ in statuses) for statuses in results]
    # A busy machine may refuse some by 503, whoever is named.
    if counts[0] != counts[1] and 503 not in counts[0] + counts[1]:
        faults.append(f"who exists is told: {counts}")
    began = time.monotonic()
    status, _ = await _login(account["username"], account["password"], account["device_id"])
    if status != 200 or time.monotonic() - began > 5:
        faults.append(f"the owner's own device: {status} after {time.monotonic() - began:.1f} s")
    report(f"neighbours: {GUESSES} guesses at once", faults)


async def run(report, good, token, account):
    good.phase("silent bodies")
    await silent_bodies(report, token)
    good.phase("files that hardly arrive, guesses at passwords")
    await asyncio.gather(slow_files(report, token), guesses(report, account))
