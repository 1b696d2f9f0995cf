// The running service for a test: the binary in SERVICE_BINARY, on a folder of its own; and queues on it.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { Offline, OfflineQueue } from "../dist/queue.js";

const run = promisify(execFile);

export const start = async () => {
  const binary = process.env.SERVICE_BINARY;
  const folder = await mkdtemp(join(tmpdir(), "lianfang-queue-"));
  const data = ["--data-dir", join(folder, "data")];
  const server = spawn(binary, ["serve", "--json", "--listen", "127.0.0.1:0", ...data], { stdio: ["ignore", "pipe", "ignore"] });
  const line = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data))));
  const service = new Service(folder, server, JSON.parse(line).listening);
  const added = JSON.parse((await run(binary, ["user", "add", "admin", "--admin", "--json", ...data])).stdout);
  service.token = (await service.call("/v1/auth/login", { username: "admin", password: added.one_time_password })).access_token;
  await service.call("/v1/auth/password", { current_password: added.one_time_password, new_password: "雨城区-离线队列-2020" });
  return service;
};

class Service {
  token;

  constructor(folder, server, base) {
    Object.assign(this, { folder, server, base });
  }

  async stop() {
    this.server.kill("SIGTERM");
    await new Promise((resolve) => this.server.once("exit", resolve));
    await rm(this.folder, { recursive: true });
  }

  async call(path, body, method = "POST") {
    const headers = { "content-type": "application/json", ...(this.token ? { authorization: `Bearer ${this.token}` } : {}) };
    const response = await fetch(this.base + path, { method, headers, body: body && JSON.stringify(body) });
    assert.ok(response.ok, `${path} ${response.status} ${response.ok || (await response.text())}`);
    return response.status === 204 ? null : response.json();
  }

  get = (path) => this.call(path, undefined, "GET");

  place = async (kind, name) => (await this.call("/v1/places", { kind, name, area_code: "511802005" })).id;

  /** A queue whose app was just started: what it knows is what was saved. */
  queue = (name, options = {}) =>
    OfflineQueue.open({
      base: this.base,
      deviceId: name,
      token: async () => this.token,
      store: this.store(name),
      files: this.files(name),
      ...options,
    });

  store(name) {
    const path = join(this.folder, name);
    return {
      load: async () => JSON.parse(await readFile(path, "utf8").catch(() => "null")) ?? undefined,
      save: async (state) => {
        await writeFile(`${path}.new`, JSON.stringify(state));
        await rename(`${path}.new`, path);
      },
    };
  }

  files(name) {
    const folder = join(this.folder, `${name}.files`);
    return {
      write: async (id, bytes) => {
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, `${id}.new`), bytes);
        await rename(join(folder, `${id}.new`), join(folder, id));
      },
      read: async (id, from, to) => {
        const file = await open(join(folder, id)).catch(() => undefined);
        if (!file) return undefined;
        try {
          const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
          return buffer.subarray(0, bytesRead);
        } finally {
          await file.close();
        }
      },
      remove: (id) => rm(join(folder, id), { force: true }),
      list: async () => (await readdir(folder).catch(() => [])),
    };
  }
}

/** A network that loses more than half of the answers after the server has had the request, always the same ones. */
export const lossy = () => {
  let count = 0;
  return async (...request) => {
    const response = await fetch(...request);
    count += 1;
    if ("xxoxoox"[count % 7] === "x") throw new TypeError("the connection was lost");
    return response;
  };
};

/** Calls `sync` until it goes through. */
export const persist = async (queue) => {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      return await queue.sync();
    } catch (error) {
      if (!(error instanceof Offline)) throw error;
    }
  }
  assert.fail("it never went through");
};
