"""Two operations as a competent Python team would plainly write them: FastAPI, pydantic, asyncpg.

It does far less than the service it is measured beside: no ledger, chain or revisions, no encryption, no rollups, no
accounts or roles beside the token's area, no audit, no masks, no retries. Where there was a choice it has the faster:
bodies go from bytes into pydantic, rows into orjson, a token costs one HMAC, connections go back without a reset.

`python peer.py token` prints a token; `uvicorn peer:app` serves. PEER_DATABASE_URL and PEER_SECRET are its settings.
"""

import hashlib
import hmac
import os
import sys
import time
import uuid
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import asyncpg
import jwt
import orjson
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

SECRET = os.environ.get("PEER_SECRET", "of the bench, and of nothing else").encode()
DISTRICT = "511802"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewPerson(Strict):
    name: Annotated[str, Field(min_length=1, max_length=60)]
    document_type: Literal["resident_id", "household_booklet", "passport", "hk_macao_permit", "taiwan_permit", "hmt_residence_permit", "foreign_permanent_resident", "officer_card", "other"] = "resident_id"
    document_number: Annotated[str, Field(min_length=1, max_length=40)]
    phone: Annotated[str, Field(pattern=r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8})$")] | None = None
    sex: Literal["unknown", "male", "female", "not_stated"] | None = None
    birth_year: Annotated[int, Field(ge=1870, le=2100)] | None = None
    address: Annotated[str, Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def checks_document(self):
        """GB 11643: seventeen digits and what they add up to."""
        if self.document_type == "resident_id":
            number = self.document_number.upper()
            if len(number) != 18 or not number[:17].isdecimal():
                raise ValueError("a resident identity card has 18 characters")
            if "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS)) % 11] != number[17]:
                raise ValueError("the check digit doesn't fit")
        return self


class Vehicle(Strict):
    plate_number: Annotated[str, Field(max_length=20)] | None = None
    plate_kind: Literal["ordinary", "new_energy_small", "new_energy_large", "trailer", "learner", "police", "hk_macao", "embassy", "consulate", "military", "temporary", "none", "other"] | None = None
    origin: Annotated[str, Field(max_length=100)] | None = None


Answer = Literal["hubei_stay_14d", "hubei_transit_14d", "risk_area_stay_14d", "contact_case", "contact_hubei_returnee", "household_symptomatic", "none", "refused"]
Symptom = Literal["fever", "cough", "dry_cough", "shortness_of_breath", "chest_pain", "fatigue", "sore_throat", "runny_nose", "diarrhea", "conjunctival_congestion", "myalgia", "smell_taste_loss", "none", "other"]


class NewScreening(Strict):
    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    place_id: uuid.UUID
    direction: Literal["in", "out"]
    occurred_at: AwareDatetime | None = None
    device_time: AwareDatetime | None = None
    captured_by: uuid.UUID | None = None
    org_id: uuid.UUID | None = None
    person: NewPerson | None = None
    person_id: uuid.UUID | None = None
    person_kind: Literal["resident", "visitor", "delivery", "worker", "official", "other"] | None = None
    visiting: Annotated[str, Field(max_length=100)] | None = None
    reason: Annotated[str, Field(max_length=200)] | None = None
    vehicle: Vehicle | None = None
    pass_group_id: uuid.UUID | None = None
    answers: Annotated[list[Answer], Field(max_length=8)] | None = None
    symptoms: Annotated[list[Symptom], Field(max_length=14)] | None = None
    temperature_c: Annotated[Decimal, Field(ge=32, le=43, decimal_places=1)] | None = None
    measure_site: Literal["axillary", "forehead", "ear", "wrist", "oral"] | None = None
    device: Literal["mercury", "infrared", "electronic", "thermal_camera"] | None = None
    retest_of: uuid.UUID | None = None
    mask: bool | None = None
    disposition: Literal["admitted", "released_out", "retest", "waiting", "denied", "referred_fever_clinic", "reported_police"] | None = None
    note: Annotated[str, Field(min_length=1, max_length=500)] | None = None


COLUMNS = "id, place_id, area_code, org_id, occurred_at, recorded_at, recorded_by, captured_by, device_time, direction, person_id, person_kind, visiting, reason, vehicle, pass_group_id, answers, symptoms, temperature_c, measure_site, device, retest_of, mask, disposition, abnormal, complete, note"
# What the service's records have besides, so that answers are as long.
BESIDES = {"kind": "screenings", "revision": 1, "source": "api", "warnings": [], **dict.fromkeys(("area_code_submitted", "change_no", "clock_skew_s", "restore_reason", "revised_at", "revised_by", "void_reason", "voided_at"))}
FIND = "SELECT id FROM people WHERE document_hash = $1"
PERSON = "INSERT INTO people (id, document_hash, name, document_type, document_number, phone, sex, birth_year, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (document_hash) DO NOTHING RETURNING id"
# The place gives the area, and must lie in the caller's.
SCREENING = f"INSERT INTO screenings ({COLUMNS.replace('recorded_at, ', '')}) SELECT $1, id, area_code, {', '.join(f'${number}' for number in range(4, 27))} FROM places WHERE id = $2 AND area_code LIKE $3 || '%' RETURNING {COLUMNS}"
PAGE = f"SELECT {COLUMNS} FROM screenings WHERE area_code LIKE $1 || '%' {{}} ORDER BY occurred_at DESC, id DESC LIMIT $2"


async def prepared(connection):
    await connection.set_type_codec("jsonb", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog")


async def as_it_is(connection):
    """A connection goes back without the round trip that would reset it: nothing here sets anything."""


@asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["PEER_DATABASE_URL"], min_size=5, max_size=5, init=prepared, reset=as_it_is) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


def caller(authorization: Annotated[str, Header()] = ""):
    try:
        return jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"], options={"require": ["exp", "sub"]})
    except jwt.InvalidTokenError:
        raise HTTPException(401, "the token doesn't hold") from None


def answer(value, status=200):
    return Response(orjson.dumps(value, default=str), status, media_type="application/json")


@app.post("/v1/screenings")
async def create(request: Request, who: Annotated[dict, Depends(caller)]):
    try:
        new = NewScreening.model_validate_json(await request.body())
    except ValidationError as error:
        return answer(error.errors(include_context=False, include_input=False), 422)
    answers, symptoms, person = new.answers or [], new.symptoms or [], new.person
    abnormal = (new.temperature_c or 0) >= Decimal("37.3") or any(word != "none" for word in answers + symptoms)
    complete = bool(answers and new.temperature_c and (person or new.person_id))
    try:
        async with app.state.pool.acquire() as connection, connection.transaction():
            person_id = new.person_id
            if person:
                hashed = hmac.digest(SECRET, f"{person.document_type}:{person.document_number}".encode(), hashlib.sha256)
                person_id = await connection.fetchval(PERSON, uuid.uuid4(), hashed, person.name, person.document_type, person.document_number, person.phone, person.sex, person.birth_year, person.address)
                person_id = person_id or await connection.fetchval(FIND, hashed)
            row = await connection.fetchrow(SCREENING, new.id, new.place_id, who["area"], new.org_id, new.occurred_at or datetime.now().astimezone(), uuid.UUID(who["sub"]), new.captured_by, new.device_time, new.direction, person_id, new.person_kind, new.visiting, new.reason, new.vehicle and new.vehicle.model_dump(), new.pass_group_id, new.answers, new.symptoms, new.temperature_c, new.measure_site, new.device, new.retest_of, new.mask, new.disposition, abnormal, complete, new.note)
    except asyncpg.UniqueViolationError:
        return answer({"detail": "the id is taken"}, 409)
    except asyncpg.ForeignKeyViolationError:
        row = None
    return answer({**row, **BESIDES}, 201) if row else answer({"detail": "no such place or person"}, 422)


@app.get("/v1/screenings")
async def page(who: Annotated[dict, Depends(caller)], limit: Annotated[int, Query(ge=1, le=1000)] = 50, cursor: Annotated[str | None, Query(pattern="^[^_]{20,40}_[0-9a-f-]{36}$")] = None):
    if cursor:
        at, after = cursor.split("_")
        rows = await app.state.pool.fetch(PAGE.format("AND (occurred_at, id) < ($3, $4)"), who["area"], limit + 1, datetime.fromisoformat(at), uuid.UUID(after))
    else:
        rows = await app.state.pool.fetch(PAGE.format(""), who["area"], limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    following = last and f"{last['occurred_at'].isoformat().replace('+00:00', 'Z')}_{last['id']}"
    return answer({"items": [{**row, **BESIDES} for row in rows[:limit]], "next_cursor": following})


if sys.argv[1:] == ["token"]:
    print(jwt.encode({"sub": str(uuid.UUID(int=1)), "area": DISTRICT, "exp": int(time.time()) + 86_400}, SECRET, "HS256"))
