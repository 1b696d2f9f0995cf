// An offline queue: capture without network, hand in when there is some, follow what others did.
//
// What it promises, whatever the network does and whenever the app is killed:
// - nothing captured is lost: an item leaves the queue only when the server said what became of it;
// - nothing is doubled: ids are made here, and an item sent twice is recognised;
// - nothing blocks: what can't be placed is held by the server and shown in `problems`.

import type { components } from "./api";

type Schemas = components["schemas"];
export type Item = Schemas["SyncItem"];
export type Result = Schemas["SyncResult"];
type Results = Schemas["SyncResults"];
type Page = Schemas["SyncPage"];

/** A record as the server has it. */
export interface Known {
  kind: string;
  revision: number;
  record: Record<string, unknown>;
}

/** All that must outlive the app. */
export interface State {
  queue: Item[];
  /** Records of the slice, by id. */
  known: Record<string, Known>;
  /** The server's ids of what was captured under another one. */
  aliases: Record<string, string>;
  /** Items that were held, refused or met a conflict, with why. */
  problems: Result[];
  cursor: string | null;
}

/** Where the state is kept; `save` must be atomic (a database row, a file renamed into place). */
export interface Store {
  load(): Promise<State | undefined>;
  save(state: State): Promise<void>;
}

/** Thrown where there is no network, or the server is busy: try again later, nothing is lost. */
export class Offline extends Error {}

export interface Options {
  base: string;
  deviceId: string;
  /** The access token; refreshed by whoever gives it. */
  token(): Promise<string>;
  store: Store;
  fetch?: typeof fetch;
  newId?(): string;
  now?(): Date;
}

/** Items of a push at most; the server takes no more. */
const MOST = 500;

export class OfflineQueue {
  private constructor(private readonly options: Options, readonly state: State) {}

  static async open(options: Options): Promise<OfflineQueue> {
    const empty: State = { queue: [], known: {}, aliases: {}, problems: [], cursor: null };
    return new OfflineQueue(options, (await options.store.load()) ?? empty);
  }

  /** Captures a new record; answers its id at once. */
  async create(kind: string, body: Record<string, unknown>): Promise<string> {
    const id = (this.options.newId ?? (() => crypto.randomUUID()))();
    await this.enqueue({ kind, op: "create", id, body });
    return id;
  }

  /** Amends a record by a merge patch, against the revision that this phone knows. */
  async amend(kind: string, id: string, patch: Record<string, unknown>): Promise<void> {
    const known = this.state.known[this.state.aliases[id] ?? id];
    await this.enqueue({ kind, op: "amend", id, base_revision: known?.revision, body: patch });
  }

  /** Says that a record doesn't hold. */
  async void(kind: string, id: string, reason: string): Promise<void> {
    await this.enqueue({ kind, op: "void", id, body: { reason } });
  }

  /** Hands in what is queued, then fetches what changed. Throws `Offline`; call it again later. */
  async sync(): Promise<void> {
    while (this.state.queue.length > 0) await this.push();
    while (await this.pull());
  }

  private async enqueue(item: Partial<Item> & Pick<Item, "kind" | "op" | "id">): Promise<void> {
    const occurred_at = (this.options.now?.() ?? new Date()).toISOString();
    // Absent, not null: the server tells the two apart.
    const present = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
    this.state.queue.push({ ...present, occurred_at } as Item);
    await this.options.store.save(this.state);
  }

  private async push(): Promise<void> {
    // The clock as it is now, not when something was captured: by it the server sees whether it is wrong.
    const device_time = (this.options.now?.() ?? new Date()).toISOString();
    const items = this.state.queue.slice(0, MOST).map((item) => ({ ...item, device_time }));
    const body = JSON.stringify({ device_id: this.options.deviceId, items });
    const { results } = await this.request<Results>("/v1/sync/push", { method: "POST", body });
    for (const result of results) {
      if (result.id && result.id_alias) this.state.aliases[result.id] = result.id_alias;
      if (["held", "refused", "conflict"].includes(result.outcome ?? "")) this.state.problems.push(result);
    }
    // What was captured meanwhile stands behind these and stays.
    this.state.queue.splice(0, items.length);
    await this.options.store.save(this.state);
  }

  private async pull(): Promise<boolean> {
    const query = this.state.cursor ? `?cursor=${encodeURIComponent(this.state.cursor)}` : "";
    const page = await this.request<Page>(`/v1/sync/pull${query}`, { method: "GET" });
    for (const change of page.changes) {
      if (!change.id) continue;
      if (change.op === "upsert" && change.record) {
        this.state.known[change.id] = { kind: change.kind ?? "", revision: change.revision ?? 1, record: change.record };
      } else {
        delete this.state.known[change.id];
      }
    }
    this.state.cursor = page.next_cursor;
    await this.options.store.save(this.state);
    return page.has_more;
  }

  private async request<T>(path: string, init: { method: string; body?: string }): Promise<T> {
    const headers = { authorization: `Bearer ${await this.options.token()}`, "content-type": "application/json" };
    let response: Response;
    try {
      response = await (this.options.fetch ?? fetch)(this.options.base + path, { ...init, headers });
    } catch (cause) {
      throw new Offline(String(cause));
    }
    if (response.status === 410) {
      // The server was restored to an earlier time: what is known here is fetched anew, what is queued stays.
      this.state.known = {};
      this.state.cursor = null;
      await this.options.store.save(this.state);
      throw new Offline("resync required");
    }
    if (response.status >= 500 || response.status === 408 || response.status === 429) throw new Offline(`${response.status}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw new Offline(String(cause));
    }
  }
}
