// Against the running service: the binary in SERVICE_BINARY, on a folder of its own.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { Offline, OfflineQueue } from "../dist/queue.js";

const run = promisify(execFile);
const binary = process.env.SERVICE_BINARY;
let folder, server, base, token, place;

const call = async (path, body, method = "POST") => {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${path} ${response.status}`);
  return response.status === 204 ? null : response.json();
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "lianfang-queue-"));
  server = spawn(binary, ["serve", "--json", "--listen", "127.0.0.1:0", "--data-dir", join(folder, "data")], { stdio: ["ignore", "pipe", "ignore"] });
  const line = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data))));
  base = JSON.parse(line).listening;
  const added = JSON.parse((await run(binary, ["user", "add", "admin", "--admin", "--json", "--data-dir", join(folder, "data")])).stdout);
  token = (await call("/v1/auth/login", { username: "admin", password: added.one_time_password })).access_token;
  await call("/v1/auth/password", { current_password: added.one_time_password, new_password: "雨城区-离线队列-2020" });
  place = (await call("/v1/places", { kind: "compound_gate", name: "北门", area_code: "511802005" })).id;
});

after(async () => {
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  await rm(folder, { recursive: true });
});

const fileStore = (name) => {
  const path = join(folder, name);
  return {
    load: async () => JSON.parse(await readFile(path, "utf8").catch(() => "null")) ?? undefined,
    save: async (state) => {
      await writeFile(`${path}.new`, JSON.stringify(state));
      await rename(`${path}.new`, path);
    },
  };
};

/** A network that loses every second answer after the server has had the request. */
const lossy = () => {
  let count = 0;
  return async (...request) => {
    const response = await fetch(...request);
    count += 1;
    if (count % 2 === 1) throw new TypeError("the connection was lost");
    return response;
  };
};

const open = (name, fetch) => OfflineQueue.open({ base, deviceId: name, token: async () => token, store: fileStore(name), fetch });

const persist = async (queue) => {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      return await queue.sync();
    } catch (error) {
      if (!(error instanceof Offline)) throw error;
    }
  }
  assert.fail("it never went through");
};

test("nothing is lost or doubled on a bad network, or when the app is killed", async () => {
  let queue = await open("phone-1", lossy());
  const ids = [];
  for (let minute = 10; minute < 40; minute += 1) {
    const body = { place_id: place, direction: "in", temperature_c: "36.5", answers: ["none"], note: `第${minute}分钟` };
    ids.push(await queue.create("screenings", body));
  }
  await queue.amend("screenings", ids[0], { temperature_c: "37.3" });
  await queue.void("screenings", ids[1], "录错");
  await queue.sync().catch((error) => assert.ok(error instanceof Offline));
  // Killed: what was saved is all there is.
  queue = await open("phone-1", lossy());
  assert.equal(queue.state.queue.length, 32, "the answer was lost, so the queue stays");
  await persist(queue);
  assert.deepEqual(queue.state.queue, []);
  assert.deepEqual(queue.state.problems, []);
  const known = Object.entries(queue.state.known).filter(([, entry]) => entry.kind === "screenings");
  assert.equal(known.length, 29, "thirty, less the void one");
  assert.equal(queue.state.known[ids[0]].record.abnormal, true);
  const listed = await call("/v1/screenings?limit=500&include_voided=true", undefined, "GET");
  assert.deepEqual(listed.items.map((item) => item.id).sort(), [...ids].sort());
});

test("what can't be placed is held and blocks nothing", async () => {
  const queue = await open("phone-2");
  const lost = await queue.create("screenings", { place_id: "0198c0de-ffff-7000-8000-000000000001", direction: "in" });
  const good = await queue.create("screenings", { place_id: place, direction: "out" });
  await persist(queue);
  assert.deepEqual(queue.state.problems.map((problem) => [problem.id, problem.outcome]), [[lost, "held"]]);
  assert.ok(queue.state.known[good]);
});

test("two phones that amend the same field meet in a conflict that is told", async () => {
  const one = await open("phone-3");
  const two = await open("phone-4");
  const id = await one.create("screenings", { place_id: place, direction: "in", temperature_c: "36.5" });
  await persist(one);
  await persist(two);
  await one.amend("screenings", id, { disposition: "waiting" });
  await two.amend("screenings", id, { disposition: "admitted", mask: true });
  await persist(one);
  await persist(two);
  assert.deepEqual(two.state.problems.map((problem) => [problem.outcome, problem.fields]), [["conflict", ["disposition"]]]);
  await persist(one);
  assert.deepEqual([one.state.known[id].record.disposition, one.state.known[id].record.mask], ["waiting", true]);
});
