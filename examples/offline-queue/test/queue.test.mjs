import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Offline } from "../dist/queue.js";
import { lossy, persist, start } from "../support/service.mjs";

let service, place;
before(async () => {
  service = await start();
  place = await service.place("compound_gate", "北门");
});
after(() => service.stop());

test("nothing is lost or doubled on a bad network, or when the app is killed", async () => {
  let queue = await service.queue("phone-1", { fetch: lossy() });
  const ids = [];
  for (let minute = 10; minute < 40; minute += 1) {
    const body = { place_id: place, direction: "in", temperature_c: "36.5", answers: ["none"], note: `第${minute}分钟` };
    ids.push(await queue.create("screenings", body));
  }
  await queue.amend("screenings", ids[0], { temperature_c: "37.3" });
  await queue.void("screenings", ids[1], "录错");
  await queue.sync().catch((error) => assert.ok(error instanceof Offline));
  // Killed: what was saved is all there is.
  queue = await service.queue("phone-1", { fetch: lossy() });
  assert.equal(queue.state.queue.length, 32, "the answer was lost, so the queue stays");
  await persist(queue);
  assert.deepEqual(queue.state.queue, []);
  assert.deepEqual(queue.state.problems, []);
  const known = Object.entries(queue.state.known).filter(([, entry]) => entry.kind === "screenings");
  assert.equal(known.length, 29, "thirty, less the void one");
  assert.equal(queue.state.known[ids[0]].record.abnormal, true);
  const listed = await service.get("/v1/screenings?limit=500&include_voided=true");
  assert.deepEqual(listed.items.map((item) => item.id).sort(), [...ids].sort());
});

test("two that sync at once are one, and lose nothing that is captured meanwhile", async () => {
  let [flying, most] = [0, 0];
  const network = async (...request) => {
    most = Math.max(most, (flying += 1));
    return fetch(...request).finally(() => (flying -= 1));
  };
  const queue = await service.queue("phone-0", { fetch: network });
  const capture = () => queue.create("screenings", { place_id: place, direction: "in", temperature_c: "36.4" });
  const ids = [await capture(), await capture()];
  const both = [queue.sync(), queue.sync()];
  ids.push(await capture(), await capture());
  await Promise.all(both);
  await queue.sync();
  assert.deepEqual([queue.state.queue, queue.state.problems], [[], []]);
  const listed = await service.get(`/v1/screenings?ids=${ids.join(",")}`);
  assert.deepEqual([listed.items.length, most], [4, 1]);
});

test("what the phone's clock says when it sends goes along, so that the server sees that it is wrong", async () => {
  let wrong_ms = 3_600_000;
  const queue = await service.queue("phone-9", { now: () => new Date(Date.now() + wrong_ms) });
  // Captured two hours before it is sent: that isn't a wrong clock.
  wrong_ms -= 7_200_000;
  const id = await queue.create("screenings", { place_id: place, direction: "in", temperature_c: "36.6" });
  wrong_ms += 7_200_000;
  await queue.sync();
  const skew_s = queue.state.known[id].record.clock_skew_s;
  assert.ok(Math.abs(skew_s - 3_600) < 60, `${skew_s}`);
});

test("what can't be placed is held and blocks nothing", async () => {
  const queue = await service.queue("phone-2");
  const lost = await queue.create("screenings", { place_id: "0198c0de-ffff-7000-8000-000000000001", direction: "in" });
  const good = await queue.create("screenings", { place_id: place, direction: "out" });
  await persist(queue);
  assert.deepEqual(queue.state.problems.map((problem) => [problem.id, problem.outcome]), [[lost, "held"]]);
  assert.ok(queue.state.known[good]);
});

/** Two phones that amended the same field; the second one, and the record. */
const meet = async (one_name, two_name) => {
  const one = await service.queue(one_name);
  const two = await service.queue(two_name);
  const id = await one.create("screenings", { place_id: place, direction: "in", temperature_c: "36.5" });
  await persist(one);
  await persist(two);
  await one.amend("screenings", id, { disposition: "waiting" });
  await two.amend("screenings", id, { disposition: "admitted", mask: true });
  await persist(one);
  await persist(two);
  return { one, two, id };
};

test("two phones that amend the same field meet in a conflict that is shown, to the phone that it is of", async () => {
  const { one, two, id } = await meet("phone-3", "phone-4");
  assert.deepEqual([one.state.conflicts, two.state.problems], [[], []]);
  const [conflict, ...others] = two.state.conflicts;
  assert.deepEqual([others, conflict.record_id, conflict.fields], [[], id, ["disposition"]]);
  assert.equal(conflict.phone_values.disposition, "admitted");
  assert.equal(conflict.server_values.disposition, "waiting");
  await persist(one);
  assert.deepEqual([one.state.known[id].record.disposition, one.state.known[id].record.mask], ["waiting", true]);
});

test("what the user decides goes when there is network, after a restart, too, and once", async () => {
  const { two, id } = await meet("phone-5", "phone-6");
  await two.decide(two.state.conflicts[0].id, "phone");
  const again = await service.queue("phone-6", { fetch: lossy() });
  assert.equal(again.state.conflicts[0].take, "phone", "kept over the restart");
  await persist(again);
  assert.deepEqual(again.state.conflicts, []);
  assert.equal(again.state.known[id].record.disposition, "admitted");
  assert.equal(again.state.known[id].revision, 4, "created, one, two's other field, decided; not twice");
  const { items } = await service.get("/v1/conflicts?state=resolved");
  assert.deepEqual(items.filter((item) => item.record_id === id).map((item) => item.taken), ["phone"]);
  await assert.rejects(again.decide(items[0].id, "server"), /no open conflict/);
});

test("the server's value may stand, and whoever decides first decides", async () => {
  const { two, id } = await meet("phone-7", "phone-8");
  const [conflict] = two.state.conflicts;
  await two.decide(conflict.id, "phone");
  // An administrator was quicker.
  await service.call(`/v1/conflicts/${conflict.id}:resolve`, { take: "server" });
  await persist(two);
  assert.deepEqual([two.state.conflicts, two.state.known[id].record.disposition], [[], "waiting"]);
});

test("a decision that the server can't follow is asked for again", async () => {
  const { two, id } = await meet("phone-10", "phone-11");
  await service.call(`/v1/screenings/${id}:void`, { reason: "录错" });
  await two.decide(two.state.conflicts[0].id, "phone");
  await persist(two);
  const [conflict] = two.state.conflicts;
  assert.deepEqual([conflict.take, conflict.refused], [undefined, "record_voided"]);
  await two.decide(conflict.id, "server");
  await persist(two);
  assert.deepEqual(two.state.conflicts, []);
});

test("a state that an older version of the app saved is understood", async () => {
  const item = { kind: "screenings", op: "create", id: crypto.randomUUID(), body: { place_id: place, direction: "in" } };
  await service.store("phone-12").save({ queue: [item], known: {}, aliases: {}, problems: [], cursor: null });
  const queue = await service.queue("phone-12");
  await queue.sync();
  assert.deepEqual([queue.state.queue, queue.state.conflicts, queue.state.uploads], [[], [], []]);
  assert.ok(queue.state.known[item.id]);
});
