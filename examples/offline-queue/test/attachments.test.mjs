import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { crc32, deflateSync } from "node:zlib";

import { Offline } from "../dist/queue.js";
import { lossy, persist, start } from "../support/service.mjs";

let service, place;
before(async () => {
  service = await start();
  place = await service.place("supermarket", "惠民超市");
});
after(() => service.stop());

const crc = (bytes) => {
  if (crc32) return crc32(bytes);
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
};

/** A PNG of noise: three bytes a point, which nothing makes smaller. */
const picture = (edge) => {
  const chunk = (name, data) => {
    const named = Buffer.concat([Buffer.from(name), data]);
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32BE(data.length, 0);
    numbers.writeUInt32BE(crc(named), 4);
    return Buffer.concat([numbers.subarray(0, 4), named, numbers.subarray(4)]);
  };
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  head.writeUInt32BE(edge, 0);
  head.writeUInt32BE(edge, 4);
  const rows = Array.from({ length: edge }, () => Buffer.concat([Buffer.from([0]), randomBytes(edge * 3)]));
  const points = deflateSync(Buffer.concat(rows), { level: 0 });
  const start = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([start, chunk("IHDR", head), chunk("IDAT", points), chunk("IEND", Buffer.alloc(0))]);
};

const inspect = (queue) =>
  queue.create("inspections", { place_id: place, inspectors: ["李强"], items: [{ code: "temperature_monitoring", result: "pass" }] });

const attach = (queue, subject_id, bytes, media_type = "image/png") =>
  queue.attach({ kind: "inspections", id: subject_id }, { attachment_kind: "price_tag", media_type }, bytes);

/** Bytes that a busy server's HTTP layer may hold unread, and drops, when a connection ends: of the body and of the connection. */
const UNREAD_BYTES = 32_768 + 131_072;

/** A network that breaks when so many bytes of a part are sent, the rest of which the server still waits for. */
const cutting = (after) => async (url, request) => {
  if (request.method !== "PATCH") return fetch(url, request);
  const { hostname, port, pathname } = new URL(url);
  const headers = { host: "x", ...request.headers, "content-length": request.body.length };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await new Promise((sent) => {
    socket.write(`PATCH ${pathname} HTTP/1.1\r\n${head}\r\n`);
    socket.write(request.body.subarray(0, after), sent);
  });
  socket.end();
  throw new TypeError("the connection was lost");
};

/** A network that notes how many bytes of parts went over it. */
const counting = (parts) => async (url, request) => {
  if (request.method === "PATCH") parts.push(request.body.length);
  return fetch(url, request);
};

test("a picture goes on from whichever byte it broke off at, over restarts of the app", async () => {
  const bytes = picture(900);
  let queue = await service.queue("phone-1", { unmetered: async () => false });
  const id = await attach(queue, await inspect(queue), bytes);
  await queue.sync();
  const sent = async () => {
    const headers = { authorization: `Bearer ${service.token}` };
    const reply = await fetch(`${service.base}/v1/attachments/${id}/content`, { method: "HEAD", headers });
    return Number(reply.headers.get("upload-offset"));
  };
  let before = 0;
  for (const more of [0, 1, 4_095, 65_536, 65_537, 1_000_000, 1_048_575]) {
    queue = await service.queue("phone-1", { fetch: cutting(more) });
    await assert.rejects(queue.sync(), (error) => error instanceof Offline);
    for (let tries = 0; tries < 200 && (await sent()) < before + more; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const lost = before + more - (await sent());
    assert.ok(lost >= 0 && lost <= UNREAD_BYTES, `all that the server read is there: ${lost} bytes are not`);
    before += more - lost;
  }
  assert.ok(before > 1_048_576 && before < bytes.length, "in the middle of a later part");
  const parts = [];
  queue = await service.queue("phone-1", { fetch: counting(parts) });
  await queue.sync();
  assert.equal(parts.reduce((sum, part) => sum + part, 0), bytes.length - before, "no byte is sent twice");
  assert.deepEqual([queue.state.uploads, await service.files("phone-1").list()], [[], []]);
  const record = await service.get(`/v1/attachments/${id}`);
  assert.deepEqual([record.content_state, record.byte_count, record.width_px], ["kept", bytes.length, 900]);
});

test("the record goes at once, the bytes when there is wifi", async () => {
  let wifi = false;
  const options = { unmetered: async () => wifi };
  let queue = await service.queue("phone-2", options);
  const subject_id = await inspect(queue);
  const ids = [await attach(queue, subject_id, picture(20)), await attach(queue, subject_id, picture(30))];
  await queue.sync();
  assert.deepEqual([queue.state.queue, queue.state.problems], [[], []]);
  for (const id of ids) assert.equal(queue.state.known[id].record.content_state, "awaited");
  queue = await service.queue("phone-2", options);
  assert.equal((await service.files("phone-2").list()).length, 2);
  await queue.sync();
  assert.deepEqual(queue.state.uploads.map((upload) => [upload.id, upload.sent]), ids.map((id) => [id, 0]));
  wifi = true;
  await queue.sync();
  await queue.sync();
  for (const id of ids) assert.equal(queue.state.known[id].record.content_state, "kept", "the pull tells it");
  assert.deepEqual([queue.state.uploads, await service.files("phone-2").list()], [[], []]);
});

test("wifi that ends in the middle ends the upload between two parts", async () => {
  const bytes = picture(900);
  let parts = 0;
  const network = async (url, request) => {
    if (request.method === "PATCH") parts += 1;
    return fetch(url, request);
  };
  const queue = await service.queue("phone-3", { fetch: network, unmetered: async () => parts < 1 });
  await attach(queue, await inspect(queue), bytes);
  await queue.sync();
  assert.deepEqual(queue.state.uploads.map((upload) => [upload.sent, upload.state]), [[1_048_576, "waiting"]]);
});

test("lost answers double nothing", async () => {
  const network = lossy();
  const queue = await service.queue("phone-4", { fetch: network });
  const subject_id = await inspect(queue);
  for (let count = 0; count < 5; count += 1) await attach(queue, subject_id, picture(25));
  await persist(queue);
  assert.deepEqual([queue.state.uploads, queue.state.problems], [[], []]);
  const { items } = await service.get(`/v1/attachments?subject_kind=inspections&subject_id=${subject_id}`);
  assert.deepEqual(items.map((item) => item.content_state), Array(5).fill("kept"));
});

test("what the server won't keep is shown, stops nothing, and goes when the user says so", async () => {
  const queue = await service.queue("phone-5");
  const subject_id = await inspect(queue);
  const script = await attach(queue, subject_id, Buffer.from("<html><script>alert(1)</script></html>"));
  const good = await attach(queue, subject_id, picture(20));
  await queue.sync();
  assert.deepEqual(queue.state.uploads.map((upload) => [upload.id, upload.state, upload.code]), [[script, "refused", "content_refused"]]);
  await queue.sync();
  assert.equal(queue.state.known[good].record.content_state, "kept");
  assert.deepEqual(await service.files("phone-5").list(), [script]);
  await queue.drop(script);
  assert.deepEqual([queue.state.uploads, await service.files("phone-5").list()], [[], []]);
  await assert.rejects(attach(queue, subject_id, new Uint8Array(10_485_761)), RangeError);
});

test("bytes wait for a record that was held until that finds its place", async () => {
  const [queue, other] = [await service.queue("phone-6"), await service.queue("phone-7")];
  const subject_id = await inspect(other);
  const id = await attach(queue, subject_id, picture(20));
  await queue.sync();
  assert.deepEqual(queue.state.problems.map((problem) => [problem.id, problem.outcome]), [[id, "held"]]);
  assert.deepEqual(queue.state.uploads.map((upload) => [upload.state, upload.code]), [["waiting", "404"]]);
  // The other phone comes to town; what is held is tried again by the server itself, or by hand.
  await other.sync();
  const held = (await service.get("/v1/held-items?state=open")).items.filter((item) => item.record_id === id);
  for (const item of held) await service.call(`/v1/held-items/${item.id}:retry`);
  await queue.sync();
  assert.deepEqual(queue.state.uploads, []);
  assert.equal((await service.get(`/v1/attachments/${id}`)).content_state, "kept");
});

test("void before its bytes went, it takes none", async () => {
  const parts = [];
  const queue = await service.queue("phone-8", { fetch: counting(parts) });
  const id = await attach(queue, await inspect(queue), picture(20));
  await queue.void("attachments", id, "拍错");
  await queue.sync();
  assert.deepEqual([queue.state.uploads, await service.files("phone-8").list()], [[], []]);
  assert.ok((await service.get(`/v1/attachments/${id}`)).voided_at);
});

test("killed between two steps, the app leaves no bytes behind that nobody knows of, and misses those it lost", async () => {
  await service.files("phone-9").write("0198c0de-ffff-7000-8000-000000000002", picture(20));
  let queue = await service.queue("phone-9");
  assert.deepEqual(await service.files("phone-9").list(), []);
  const id = await attach(queue, await inspect(queue), picture(20));
  await service.files("phone-9").remove(id);
  queue = await service.queue("phone-9");
  await queue.sync();
  assert.deepEqual(queue.state.uploads.map((upload) => [upload.state, upload.code]), [["refused", "bytes_lost"]]);
});
