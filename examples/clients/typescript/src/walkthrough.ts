// A walk through the API with a client whose types are generated from the OpenAPI document: sign in, page,
// post, amend, batch, import, follow the changes. Every claim is checked; the first that fails ends it with 1.
//
// The people, places and documents are surely fake: there is no county 519999.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "../generated/api.js";

type Problem = components["schemas"]["Problem"];

const baseUrl = setting("LIANFANG_URL");
// A list can be had as CSV too. Saying that JSON is meant makes `data` the record, not "record or text".
const api = createClient<paths, "application/json" | "application/problem+json">({ baseUrl });

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name} in the environment.`);
  return value;
}

/** The answer that was asked for, or an error that says what the service said. */
function ok<T>(answer: { data?: T; error?: Problem; response: Response }): T {
  if (answer.data !== undefined) return answer.data;
  throw new Error(`${answer.response.status}: ${answer.error ? explain(answer.error) : "no problem document"}`);
}

/** A problem document: a stable code, and every fault of the request with a pointer to it. */
function explain(problem: Problem): string {
  const faults = (problem.errors ?? []).map((fault) => `${fault.pointer}: ${fault.message} (${fault.code})`);
  return [`${problem.code}: ${problem.detail}`, ...faults].join("\n  ");
}

/** 1. Signing in gives an access token for ten minutes; `POST /v1/auth/refresh` gives the next. */
async function signIn(): Promise<void> {
  const credentials = { username: setting("LIANFANG_USERNAME"), password: setting("LIANFANG_PASSWORD") };
  const { access_token } = ok(await api.POST("/v1/auth/login", { body: credentials }));
  const bearer: Middleware = {
    onRequest({ request }) {
      request.headers.set("authorization", `Bearer ${access_token}`);
      request.headers.set("accept-language", "en");
      return request;
    },
  };
  api.use(bearer);
}

/** 2. A list comes in pages; `next_cursor` is null at the end. Take the cursor as it is. */
async function page(): Promise<void> {
  const seen = new Set<string>();
  let cursor: string | null = null;
  let pages = 0;
  do {
    const query: { limit: number; cursor?: string } = cursor === null ? { limit: 10 } : { limit: 10, cursor };
    const list = ok(await api.GET("/v1/places", { params: { query } }));
    for (const place of list.items) {
      assert(!seen.has(place.id), "no record comes twice");
      seen.add(place.id);
    }
    cursor = list.next_cursor;
    pages += 1;
  } while (cursor !== null && pages < 5);
  assert(pages > 1, "there is more than one page; fill a district with `make demo` first");
  console.log(`paged: ${seen.size} places on ${pages} pages`);
}

/** 3. The id is chosen here. So sending again, after a lost answer, is safe: 201 once, 200 ever after. */
async function post(): Promise<string> {
  const place_id = randomUUID();
  ok(await api.POST("/v1/places", {
    body: { id: place_id, kind: "compound_gate", name: "龙溪苑北门", area_code: "511802005001" },
  }));
  const body: components["schemas"]["NewScreening"] = {
    id: randomUUID(),
    place_id,
    direction: "in",
    occurred_at: "2020-02-02T08:30:00+08:00",
    person: { name: "李四", document_type: "resident_id", document_number: "519999199003070021" },
    answers: ["none"],
    temperature_c: "36.5",
  };
  const first = await api.POST("/v1/screenings", { body });
  const again = await api.POST("/v1/screenings", { body });
  assert.equal(first.response.status, 201);
  assert.equal(again.response.status, 200);
  assert.equal(ok(first).id, ok(again).id);
  assert.equal(ok(first).id, body.id);
  console.log(`posted: screening ${ok(first).id}, twice, and it is one`);
  return ok(first).id;
}

/** 4. An amendment says which revision it was made from. An old one is 412, so nobody's work is overwritten. */
async function amend(id: string): Promise<void> {
  const read = await api.GET("/v1/screenings/{id}", { params: { path: { id } } });
  assert.equal(ok(read).revision, 1);
  const etag = read.response.headers.get("etag");
  assert(etag !== null, "a record comes with its ETag");
  const patch = {
    params: { path: { id }, header: { "If-Match": etag } },
    headers: { "content-type": "application/merge-patch+json" },
  };
  const amended = await api.PATCH("/v1/screenings/{id}", { ...patch, body: { temperature_c: "37.4" } });
  assert.equal(ok(amended).revision, 2);
  assert.equal(ok(amended).temperature_c, "37.4", "decimals are strings, so nothing is rounded");
  assert.equal(ok(amended).abnormal, true);

  const stale = await api.PATCH("/v1/screenings/{id}", { ...patch, body: { temperature_c: "36.9" } });
  assert.equal(stale.response.status, 412);
  assert.equal(stale.error?.code, "stale");
  assert.equal(stale.response.headers.get("etag"), amended.response.headers.get("etag"), "the ETag to go on with");
  console.log("amended: the second with the old ETag was refused");
}

/** 5. A batch answers 207; each item stands for itself. */
async function batch(): Promise<string> {
  const id = randomUUID();
  const answer = await api.POST("/v1/places:batch", {
    body: {
      items: [
        { id, kind: "supermarket", name: "城东超市", area_code: "511802001" },
        { id: randomUUID(), kind: "pharmacy", name: "城西药店", area_code: "no such area" },
      ],
    },
  });
  assert.equal(answer.response.status, 207);
  const [good, bad] = ok(answer).results;
  assert(good && bad);
  assert.deepEqual([good.status, good.outcome, good.id], [201, "created", id]);
  assert.deepEqual([bad.status, bad.outcome], [422, "refused"]);
  assert.equal(bad.problem?.errors?.[0]?.pointer, "/area_code");
  console.log("batch: one created, one refused");
  return id;
}

/** 6. A file is the body, sent as it is read: it is never in memory as a whole. The same file twice changes nothing. */
async function importFile(path: string): Promise<void> {
  const source = `walkthrough-${randomUUID()}`; // names the system that `external_id` is of
  const send = () =>
    api.POST("/v1/imports", {
      params: { query: { kind: "places", source } },
      headers: { "content-type": "text/csv" },
      body: path,
      bodySerializer: (file) => Readable.toWeb(createReadStream(file)),
      duplex: "half", // fetch asks for it where the body is a stream
    });
  const first = ok(await send());
  assert.equal(first.state, "complete");
  assert.deepEqual([first.counts.read, first.counts.created, first.counts.refused], [3, 2, 1]);
  assert.equal(first.first_errors.length, 1, "the bad row is told");
  const again = ok(await send());
  assert.deepEqual([again.counts.created, again.counts.same], [0, 2]);
  console.log(`imported: ${first.counts.created} rows; the bad one is at ${first.errors_url}`);
}

/** 7. Whoever follows the changes sees every write once, in order: ask, keep `next_since`, ask again. */
async function follow(since: string, expected: Set<string>): Promise<void> {
  let [place, change_no] = [since, 0];
  for (;;) {
    const query = { since: place, limit: 5, wait: 5 };
    const { items, next, next_since } = ok(await api.GET("/v1/changes", { params: { query } }));
    for (const change of items) {
      assert(change.change_no > change_no && change.change_no <= next, "nothing old comes again");
      if (change.op === "create" || change.op === "amend") expected.delete(`${change.op} ${change.id}`);
    }
    [place, change_no] = [next_since, next];
    if (expected.size === 0) break;
    assert(items.length > 0, `not seen among the changes: ${[...expected].join(", ")}`);
  }
  console.log(`followed: from ${since} to ${place}, own writes among them`);
}

/** 8. A refusal names every fault at once, each with a pointer into the body; never with the value that was sent. */
async function problem(): Promise<void> {
  const { error, response } = await api.POST("/v1/places", {
    body: { kind: "supermarket", name: "", area_code: "no such area", latitude: 200 },
  });
  assert.equal(response.status, 422);
  assert(error && error.errors);
  const pointers = error.errors.map((fault) => fault.pointer).sort();
  assert.deepEqual(pointers, ["/area_code", "/latitude", "/name"]);
  console.log(`refused, as it should be: ${explain(error)}`);
}

await signIn();
await page();
const head = ok(await api.GET("/v1/ledger/head", {})).since;
const screening = await post();
await amend(screening);
const place = await batch();
await importFile("../places.csv");
await follow(head, new Set([`create ${screening}`, `amend ${screening}`, `create ${place}`]));
await problem();
console.log("all as claimed");
