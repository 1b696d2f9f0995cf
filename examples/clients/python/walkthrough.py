"""A walk through the API with a client generated from the OpenAPI document: sign in, page, post, amend, batch,
import, follow the changes. Every claim is checked; the first that fails ends it with 1.

The people, places and documents are surely fake: there is no county 519999.
"""

import datetime
import os
import sys
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "generated"))

import httpx
from lianfang import AuthenticatedClient, Client
from lianfang.api.auth import create_session
from lianfang.api.changes import get_ledger_head, list_changes
from lianfang.api.imports import create_import
from lianfang.api.places import create_place, create_places_batch, list_places
from lianfang.api.screenings import amend_screening, create_screening, get_screening
from lianfang.models import (
    CreatePlacesBatchBody,
    CreateSessionBody,
    NewPerson,
    NewPlace,
    NewScreening,
    Problem,
    ScreeningPatch,
)
from lianfang.types import UNSET, File, Response, Unset

URL = os.environ["LIANFANG_URL"]
T = TypeVar("T")


def ok(response: Response[T | Problem]) -> T:
    """The answer that was asked for, or an error that says what the service said."""
    if isinstance(response.parsed, Problem):
        raise RuntimeError(f"{response.status_code.value}: {explain(response.parsed)}")
    assert response.parsed is not None, f"an answer that the document doesn't know: {response.status_code.value}"
    return response.parsed


def refused(response: Response[T | Problem], status: int) -> Problem:
    """The problem document of a refusal, which comes typed as well."""
    assert response.status_code == status, response.status_code
    assert isinstance(response.parsed, Problem)
    return response.parsed


def explain(problem: Problem) -> str:
    """A stable code, and every fault of the request with a pointer to it."""
    faults = [f"{fault.pointer}: {fault.message} ({fault.code})" for fault in problem.errors or []]
    return "\n  ".join([f"{problem.code}: {problem.detail}", *faults])


def sign_in() -> AuthenticatedClient:
    """1. Signing in gives an access token for ten minutes; `refresh_session` gives the next."""
    credentials = CreateSessionBody(
        username=os.environ["LIANFANG_USERNAME"], password=os.environ["LIANFANG_PASSWORD"]
    )
    pair = ok(create_session.sync_detailed(client=Client(URL), body=credentials))
    # An answer may take a while: `wait` below holds it back.
    return AuthenticatedClient(URL, pair.access_token, headers={"Accept-Language": "en"}, timeout=httpx.Timeout(60))


def page(client: AuthenticatedClient) -> None:
    """2. A list comes in pages; `next_cursor` is None at the end. Take the cursor as it is."""
    seen: set[UUID] = set()
    cursor: str | Unset = UNSET
    for pages in range(1, 6):
        places = ok(list_places.sync_detailed(client=client, limit=10, cursor=cursor))
        ids = {place.id for place in places.items}
        assert not seen & ids, "no record comes twice"
        seen |= ids
        if places.next_cursor is None:
            break
        cursor = places.next_cursor
    assert pages > 1, "there is more than one page; fill a district with `make demo` first"
    print(f"paged: {len(seen)} places on {pages} pages")


def post(client: AuthenticatedClient) -> UUID:
    """3. The id is chosen here. So sending again, after a lost answer, is safe: 201 once, 200 ever after."""
    place = NewPlace(id=uuid4(), kind="compound_gate", name="龙溪苑北门", area_code="511802005001")
    body = NewScreening(
        id=uuid4(),
        place_id=ok(create_place.sync_detailed(client=client, body=place)).id,
        direction="in",
        occurred_at=datetime.datetime.fromisoformat("2020-02-02T08:30:00+08:00"),
        person=NewPerson(name="李四", document_type="resident_id", document_number="519999199003070021"),
        answers=["none"],
        temperature_c="36.5",
    )
    first = create_screening.sync_detailed(client=client, body=body)
    again = create_screening.sync_detailed(client=client, body=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert ok(first).id == ok(again).id == body.id
    print(f"posted: screening {body.id}, twice, and it is one")
    return ok(first).id


def amend(client: AuthenticatedClient, id: UUID) -> None:
    """4. An amendment says which revision it was made from. An old one is 412: nobody's work is overwritten."""
    read = get_screening.sync_detailed(id, client=client)
    assert ok(read).revision == 1
    etag = read.headers["etag"]
    patch = ScreeningPatch(temperature_c="37.4")
    amended = amend_screening.sync_detailed(id, client=client, if_match=etag, body=patch)
    assert ok(amended).revision == 2
    assert ok(amended).temperature_c == "37.4", "decimals are strings, so nothing is rounded"
    assert ok(amended).abnormal

    patch = ScreeningPatch(temperature_c="36.9")
    stale = amend_screening.sync_detailed(id, client=client, if_match=etag, body=patch)
    assert refused(stale, 412).code == "stale"
    assert stale.headers["etag"] == amended.headers["etag"], "the ETag to go on with"
    print("amended: the second with the old ETag was refused")


def batch(client: AuthenticatedClient) -> UUID:
    """5. A batch answers 207; each item stands for itself."""
    items = [
        NewPlace(id=uuid4(), kind="supermarket", name="城东超市", area_code="511802001"),
        NewPlace(id=uuid4(), kind="pharmacy", name="城西药店", area_code="no such area"),
    ]
    answer = create_places_batch.sync_detailed(client=client, body=CreatePlacesBatchBody(items))
    assert answer.status_code == 207
    good, bad = ok(answer).results
    assert good.id is not None
    assert (good.status, good.outcome, good.id) == (201, "created", items[0].id)
    assert (bad.status, bad.outcome) == (422, "refused")
    assert bad.problem and bad.problem.errors and bad.problem.errors[0].pointer == "/area_code"
    print("batch: one created, one refused")
    return good.id


def import_file(client: AuthenticatedClient, path: Path) -> None:
    """6. A file is the body, sent as it is read: never in memory as a whole. The same twice changes nothing."""
    source = f"walkthrough-{uuid4()}"  # names the system that `external_id` is of
    counts = []
    for _ in range(2):
        with path.open("rb") as file:
            imported = ok(create_import.sync_detailed(client=client, body=File(file), kind="places", source=source))
        assert imported.state == "complete"
        assert len(imported.first_errors) == 1, "the bad row is told"
        counts.append(imported.counts)
    first, again = counts
    assert (first.read, first.created, first.refused) == (3, 2, 1)
    assert (again.created, again.same) == (0, 2)
    print(f"imported: {first.created} rows; the bad one is at {imported.errors_url}")


def follow(client: AuthenticatedClient, since: str, expected: set[tuple[str, UUID]]) -> None:
    """7. Whoever follows the changes sees every write once, in order: ask, keep `next_since`, ask again."""
    place, change_no = since, 0
    while expected:
        changes = ok(list_changes.sync_detailed(client=client, since=place, limit=5, wait=5))
        assert changes.items, f"not seen among the changes: {expected}"
        for change in changes.items:
            assert change_no < change.change_no <= changes.next_, "nothing old comes again"
            expected.discard((change.op, change.id))
        place, change_no = changes.next_since, changes.next_
    print(f"followed: from {since} to {place}, own writes among them")


def problem(client: AuthenticatedClient) -> None:
    """8. A refusal names every fault at once, with a pointer into the body; never with the value that was sent."""
    body = NewPlace(kind="supermarket", name="", area_code="no such area", latitude=200)
    fault = refused(create_place.sync_detailed(client=client, body=body), 422)
    pointers = sorted(each.pointer for each in fault.errors or [])
    assert pointers == ["/area_code", "/latitude", "/name"]
    print(f"refused, as it should be: {explain(fault)}")


with sign_in() as client:
    page(client)
    head = ok(get_ledger_head.sync_detailed(client=client)).since
    screening = post(client)
    amend(client, screening)
    place = batch(client)
    import_file(client, HERE.parent / "places.csv")
    follow(client, head, {("create", screening), ("amend", screening), ("create", place)})
    problem(client)
print("all as claimed")
