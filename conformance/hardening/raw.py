"""Runs the table of raw cases: each on a connection of its own, then a good request on what is left of it."""

import asyncio

from wire import ADDRESS, Garbled, connect, read_answer, shorten

QUIET_S = 0.6  # Nothing for so long: no further answer comes.
ANSWER_S = 20  # The longest an answer may take: a head's or a body's deadline, and some.
AT_ONCE = 24
PROBE = b"GET /healthz HTTP/1.1\r\nhost: probe\r\nx-request-id: probe-of-the-same-connection\r\n\r\n"


class Case:
    """`expect`: the answers in order, each a status or several with `|`, then `close` (the connection must end),
    `stay` (it must serve the next request) or `any`. No status at all: no answer, just an end."""

    def __init__(self, name, sent, expect, head=False, head_last=False):
        *statuses, self.fate = expect.split()
        self.statuses = [{int(status) for status in word.split("|")} for word in statuses]
        self.name, self.sent = name, sent
        # Which answers are to a HEAD: all, or the last one.
        self.head, self.head_last = head, head_last

    def is_head(self, index):
        return self.head or (self.head_last and index + 1 == len(self.statuses))


async def _send(writer, sent):
    try:
        writer.write(sent)
        await writer.drain()
    except OSError:
        pass  # Refused before all was sent: what matters is the answer.


async def _next(reader, head, within):
    try:
        return await asyncio.wait_for(read_answer(reader, head), within)
    except ConnectionError:
        return None


async def _answers(reader, case):
    """All answers that come, and whether the connection ended."""
    answers = []
    while True:
        waited = len(answers) >= len(case.statuses) and (case.statuses or case.fate != "close")
        try:
            answer = await _next(reader, case.is_head(len(answers)), QUIET_S if waited else ANSWER_S)
        except asyncio.TimeoutError:
            return answers, False
        if answer is None:
            return answers, True
        answers.append(answer)


def _judge(case, answers, closed):
    faults = []
    if len(answers) != len(case.statuses):
        faults.append(f"{len(answers)} answers instead of {len(case.statuses)}")
    for answer, statuses in zip(answers, case.statuses):
        if answer.status not in statuses:
            faults.append(f"{answer.status} instead of {' or '.join(map(str, sorted(statuses)))}")
    for index, answer in enumerate(answers):
        faults += answer.faults(case.is_head(index))
        if "smuggled" in (answer.header("x-request-id") or ""):
            faults.append("a smuggled request was answered")
    if case.fate == "stay" and (closed or any(answer.closes for answer in answers)):
        faults.append("the connection was closed")
    if case.fate == "close" and not closed and not (answers and answers[-1].closes):
        faults.append("the connection was kept")
    if any(answer.closes for answer in answers[:-1]):
        faults.append("an answer came after one that closes")
    return faults


async def _probe(reader, writer, case, announced):
    """What is left of the connection serves exactly the next request, or nothing once an end was announced."""
    await _send(writer, PROBE)
    try:
        answer = await _next(reader, False, 2 if announced else ANSWER_S)
    except asyncio.TimeoutError:
        return [] if announced else ["the next request on the connection got no answer"]
    if announced:
        return [f"an answer came after one that closes: {answer}"] if answer else []
    if answer is None:
        return [] if case.fate == "any" else ["the connection ended with the next request"]
    if answer.status != 200 or answer.header("x-request-id") != "probe-of-the-same-connection":
        return [f"the next request on the connection got another answer: {answer}"]
    return []


async def run_case(case):
    """Its faults, in words."""
    reader, writer = await connect()
    try:
        sender = asyncio.create_task(_send(writer, case.sent))
        answers, closed = await _answers(reader, case)
        faults = _judge(case, answers, closed)
        if not closed:
            faults += await _probe(reader, writer, case, bool(answers) and answers[-1].closes)
        sender.cancel()
        return faults and faults + [f"came: {answers}, then {'the end' if closed else 'still open'}"]
    except (Garbled, ValueError, asyncio.IncompleteReadError) as garbled:
        return [f"what came is no HTTP: {garbled}"]
    finally:
        writer.transport.abort()


async def run(cases, report):
    gate = asyncio.Semaphore(AT_ONCE)
    # Few imports run at once, more are refused for the moment: those go one after another.
    imports = asyncio.Lock()

    async def one(case):
        async with imports if b"/v1/imports" in case.sent[:40] else gate:
            faults = await run_case(case)
        report(f"raw: {case.name}", [*faults, f"sent to {ADDRESS[0]}:{ADDRESS[1]}: {shorten(case.sent)}"] if faults else [])

    await asyncio.gather(*map(one, cases))
