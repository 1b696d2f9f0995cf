"""Clients that are slow on purpose. Each must be answered 408 or ended in time; one line a kind in `KINDS`."""

import asyncio
import socket

from framing_cases import GOOD, chunked, post
from wire import ADDRESS, Garbled, connect, read_answer

# So many of each kind at once. Six kinds send bodies: together they stay within the places that an address has
# (256), so that each must be told 408; what happens beyond those is asked by neighbours.py.
EACH = 40
FEW = 2  # Of a kind that makes the service work, too.
SENDER_ENDS_S = 40  # The deadlines of a head and of a body are ten seconds each.
READER_ENDS_S = 100  # An answer may be left unread for a minute.
HEAD = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: " + b"a" * 1000
LOGIN = post(b"content-length: 100000")


async def trickle(writer, bytes_, pause):
    try:
        for byte in bytes_:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause)
        await asyncio.sleep(3600)
    except OSError:
        pass


async def sends(first, slowly, pause, statuses, greeting=b""):
    """Sends `greeting` and has its answer, then `first` at once and `slowly` byte by byte."""
    reader, writer = await connect()
    sender = None
    try:
        if greeting:
            writer.write(greeting)
            answer = await asyncio.wait_for(read_answer(reader), SENDER_ENDS_S)
            if answer is None or answer.status != 200:
                return [f"the good request before it got {answer}"]
        writer.write(first)
        sender = asyncio.create_task(trickle(writer, slowly, pause))
        answer = await asyncio.wait_for(read_answer(reader), SENDER_ENDS_S)
        if answer is None:
            return [] if None in statuses else ["ended without an answer"]
        faults = answer.faults()
        if answer.status not in statuses:
            faults.append(f"{answer.status} instead of {statuses}")
        second = await asyncio.wait_for(read_answer(reader), SENDER_ENDS_S)
        return faults + ([f"a second answer came: {second}"] if second else [])
    except asyncio.TimeoutError:
        return [f"neither answered nor ended within {SENDER_ENDS_S} s"]
    except ConnectionError:
        return [] if None in statuses else ["reset without an answer"]
    except Garbled as garbled:
        return [str(garbled)]
    finally:
        if sender:
            sender.cancel()
        writer.transport.abort()


async def cut_off(sent, statuses):
    """Ends its own side in the middle of a request."""
    reader, writer = await connect()
    try:
        writer.write(sent)
        writer.write_eof()
        answer = await asyncio.wait_for(read_answer(reader), SENDER_ENDS_S)
        return [] if (answer and answer.status) in statuses else [f"{answer} instead of {statuses}"]
    except asyncio.TimeoutError:
        return [f"neither answered nor ended within {SENDER_ENDS_S} s"]
    except ConnectionError:
        return [] if None in statuses else ["reset without an answer"]
    finally:
        writer.transport.abort()


async def never_reads(request, times):
    """Asks without reading. The service must end the connection."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        await loop.sock_connect(sock, ADDRESS)
        async with asyncio.timeout(READER_ENDS_S):
            await loop.sock_sendall(sock, request * times)
            while True:
                await asyncio.sleep(1)
                await loop.sock_sendall(sock, b"\r\n")
    except TimeoutError:
        return [f"still open after {READER_ENDS_S} s"]
    except OSError:
        return []
    finally:
        sock.close()


DOCUMENT = GOOD.replace(b"/healthz", b"/openapi.json")
KINDS = {
    "first head, byte by byte": lambda: sends(b"", HEAD, 0.5, {408}),
    "later head, byte by byte": lambda: sends(b"", HEAD, 0.5, {408}, GOOD),
    "first head, half": lambda: sends(HEAD, b"", 1, {408}),
    "half a head behind a request": lambda: sends(b"GET /heal", b"", 1, {408}, GOOD),
    "empty lines without an end": lambda: sends(b"", b"\r\n" * 500, 0.3, {408}),
    "body that pauses": lambda: sends(LOGIN + b"{", b"", 1, {408}),
    "body, byte by byte": lambda: sends(LOGIN, b"{" * 1000, 0.5, {408}),
    "body of a later request": lambda: sends(LOGIN, b"{" * 1000, 0.5, {408}, GOOD),
    "chunks, byte by byte": lambda: sends(chunked(b""), b"1\r\na\r\n" * 200, 0.3, {408}),
    "extension without an end": lambda: sends(chunked(b"1;"), b"x" * 1000, 0.3, {408}),
    "trailers without an end": lambda: sends(chunked(b"2\r\n{}\r\n0\r\n"), b"x: y\r\n" * 200, 0.3, {408}),
    "body nobody reads, byte by byte": lambda: sends(LOGIN.replace(b"/v1/auth/login", b"/nothing"), b"{" * 1000, 0.5, {404}),
    "length longer than what comes": lambda: cut_off(LOGIN + b"{}", {400}),
    "chunk longer than what comes": lambda: cut_off(chunked(b"ff\r\n{}"), {400}),
    "end within a head": lambda: cut_off(HEAD, {None}),
    "end behind a whole request": lambda: cut_off(GOOD, {200}),
    "documents, never read": lambda: never_reads(DOCUMENT, 300),
    "scripts, never read": lambda: never_reads(GOOD.replace(b"/healthz", b"/docs/swagger-ui-bundle.js"), 100),
    "small answers, never read": lambda: never_reads(GOOD, 20_000),
}


async def run(report):
    async def kind(name, client):
        count = FEW if name.startswith("small") else EACH
        results = await asyncio.gather(*(client() for _ in range(count)), return_exceptions=True)
        faults = sorted({fault for result in results for fault in (result if isinstance(result, list) else [repr(result)])})
        report(f"slow: {name} × {count}", faults)

    await asyncio.gather(*(kind(name, client) for name, client in KINDS.items()))
