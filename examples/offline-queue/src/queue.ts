// An offline queue: capture without network, hand in when there is some, follow what others did.
//
// What it promises, whatever the network does and whenever the app is killed:
// - nothing captured is lost: an item leaves the queue only when the server said what became of it, bytes of a picture
//   leave the phone only when the server keeps them;
// - nothing is doubled: ids are made here, and an item sent twice is recognised;
// - nothing blocks: what can't be placed is held by the server and shown in `problems`;
// - nobody's value is overwritten unseen: what somebody else changed, too, is shown in `conflicts` until it is decided.

import type { components } from "./api";
import { Link, Offline, Refused } from "./link.js";
import type { LinkOptions } from "./link.js";
import { MOST_BYTES, Uploads } from "./uploads.js";
import type { Files, Upload } from "./uploads.js";

export { Offline, Refused } from "./link.js";
export type { Files, Upload } from "./uploads.js";

type Schemas = components["schemas"];
export type Item = Schemas["SyncItem"];
export type Result = Schemas["SyncResult"];
type Results = Schemas["SyncResults"];
type Page = Schemas["SyncPage"];
type NewAttachment = Schemas["NewAttachment"];
type ShownConflict = Schemas["Conflict"];

/** A record as the server has it. */
export interface Known {
  kind: string;
  revision: number;
  record: Record<string, unknown>;
}

/** Fields that this phone and somebody else changed: the server's values stand until the user decides. */
export interface Conflict extends ShownConflict {
  /** What the user decided, where the server doesn't know it yet. */
  take?: Take;
  /** Why the server didn't do what he decided; he decides anew. */
  refused?: string;
}

/** Whose values hold. For a third value: take the server's, then amend. */
export type Take = Schemas["ResolveConflictBody"]["take"];

/** All that must outlive the app, beside the bytes in `Files`. */
export interface State {
  queue: Item[];
  /** Records of the slice, by id. */
  known: Record<string, Known>;
  /** The server's ids of what was captured under another one. */
  aliases: Record<string, string>;
  /** Items that were held or refused, with why. */
  problems: Result[];
  /** What this phone's user has to decide. */
  conflicts: Conflict[];
  /** Whether the server may have conflicts that aren't in `conflicts` yet. */
  unasked: boolean;
  /** Attachments whose bytes are still here. */
  uploads: Upload[];
  cursor: string | null;
}

/** Where the state is kept; `save` must be atomic (a database row, a file renamed into place). */
export interface Store {
  load(): Promise<Partial<State> | undefined>;
  save(state: State): Promise<void>;
}

export interface Options extends LinkOptions {
  deviceId: string;
  store: Store;
  /** Needed by `attach`. */
  files?: Files;
  /** Whether bytes may be sent now: there is wifi, or the user said so. Always, by default. */
  unmetered?(): Promise<boolean>;
  newId?(): string;
  now?(): Date;
}

/** Items of a push at most; the server takes no more. */
const MOST = 500;

export class OfflineQueue {
  private readonly link: Link;
  private saving: Promise<void> = Promise.resolve();
  private running: Promise<void> | undefined;

  private constructor(private readonly options: Options, readonly state: State) {
    this.link = new Link(options);
  }

  static async open(options: Options): Promise<OfflineQueue> {
    const state: State = {
      queue: [],
      known: {},
      aliases: {},
      problems: [],
      conflicts: [],
      unasked: true,
      uploads: [],
      cursor: null,
      // Last, and not instead: a state that an older version of the app saved lacks some.
      ...(await options.store.load()),
    };
    const queue = new OfflineQueue(options, state);
    await queue.tidy();
    return queue;
  }

  /** Captures a new record; answers its id at once. */
  async create(kind: string, body: Record<string, unknown>): Promise<string> {
    const id = this.newId();
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

  /**
   * Captures a picture or a paper of a record, of at most 10 MiB; answers its id. Its record goes with the next push,
   * behind the one that it belongs to; its bytes follow when they may.
   */
  async attach(
    subject: { kind: NewAttachment["subject_kind"]; id: string },
    about: Pick<NewAttachment, "attachment_kind" | "media_type"> & Partial<Pick<NewAttachment, "keep_position" | "note">>,
    bytes: Uint8Array,
  ): Promise<string> {
    if (!this.options.files) throw new Error("attachments need `files`");
    if (bytes.length === 0 || bytes.length > MOST_BYTES) throw new RangeError(`1 to ${MOST_BYTES} bytes`);
    const id = this.newId();
    const sha256 = hexadecimal(await crypto.subtle.digest("SHA-256", bytes));
    // Bytes first: killed in between, there are bytes too many, which `tidy` finds; never a record without its bytes.
    await this.options.files.write(id, bytes);
    this.state.uploads.push({ id, byte_count: bytes.length, sent: 0, state: "waiting" });
    const subject_id = this.state.aliases[subject.id] ?? subject.id;
    const body = { ...about, subject_kind: subject.kind, subject_id, byte_count: bytes.length, sha256 };
    await this.enqueue({ kind: "attachments", op: "create", id, body });
    return id;
  }

  /** Gives the bytes of an attachment up: refused ones, or those whose record never found its place. */
  async drop(id: string): Promise<void> {
    this.state.uploads = this.state.uploads.filter((upload) => upload.id !== id);
    await this.save();
    await this.options.files?.remove(id);
  }

  /** Decides a conflict; works without network. */
  async decide(id: string, take: Take): Promise<void> {
    const conflict = this.state.conflicts.find((one) => one.id === id);
    if (!conflict) throw new Error(`no open conflict ${id}`);
    conflict.take = take;
    delete conflict.refused;
    await this.save();
  }

  /**
   * Hands in what is queued and what was decided, fetches what changed, then sends bytes where they may be sent. Throws
   * `Offline`; call it again later. Called while it runs, it is the same one: what was captured meanwhile may be left.
   */
  sync(): Promise<void> {
    this.running ??= this.whole().finally(() => (this.running = undefined));
    return this.running;
  }

  private async whole(): Promise<void> {
    while (this.state.queue.length > 0) await this.push();
    for (const conflict of this.state.conflicts.filter((one) => one.take)) await this.resolve(conflict);
    while (await this.pull());
    if (this.state.unasked || this.state.conflicts.length > 0) await this.askForConflicts();
    await this.upload();
  }

  private newId(): string {
    return (this.options.newId ?? (() => crypto.randomUUID()))();
  }

  private now(): string {
    return (this.options.now?.() ?? new Date()).toISOString();
  }

  /** One after the other: of two that overlap the older state could win. */
  private save(): Promise<void> {
    this.saving = this.saving.catch(() => undefined).then(() => this.options.store.save(this.state));
    return this.saving;
  }

  private async enqueue(item: Partial<Item> & Pick<Item, "kind" | "op" | "id">): Promise<void> {
    // Absent, not null: the server tells the two apart.
    const present = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
    this.state.queue.push({ ...present, occurred_at: this.now() } as Item);
    await this.save();
  }

  private async push(): Promise<void> {
    // The clock as it is now, not when something was captured: by it the server sees whether it is wrong.
    const device_time = this.now();
    const items = this.state.queue.slice(0, MOST).map((item) => ({ ...item, device_time }));
    const body = JSON.stringify({ device_id: this.options.deviceId, items });
    const { results } = await this.link.json<Results>("/v1/sync/push", { method: "POST", body });
    for (const result of results) {
      if (result.id && result.id_alias) this.state.aliases[result.id] = result.id_alias;
      if (["held", "refused"].includes(result.outcome ?? "")) this.state.problems.push(result);
      if (result.outcome === "conflict") this.state.unasked = true;
    }
    // What was captured meanwhile stands behind these and stays.
    this.state.queue.splice(0, items.length);
    await this.save();
  }

  private async pull(): Promise<boolean> {
    const query = this.state.cursor ? `?cursor=${encodeURIComponent(this.state.cursor)}` : "";
    let page: Page;
    try {
      page = await this.link.json<Page>(`/v1/sync/pull${query}`, { method: "GET" });
    } catch (error) {
      if (!(error instanceof Refused) || error.response.status !== 410) throw error;
      // The server was restored to an earlier time: what is known here is fetched anew, what is queued stays.
      this.state.known = {};
      this.state.cursor = null;
      await this.save();
      throw new Offline("resync required", true);
    }
    for (const change of page.changes) {
      if (!change.id) continue;
      if (change.op === "upsert" && change.record) {
        this.state.known[change.id] = { kind: change.kind ?? "", revision: change.revision ?? 1, record: change.record };
      } else {
        delete this.state.known[change.id];
      }
    }
    this.state.cursor = page.next_cursor;
    await this.save();
    return page.has_more;
  }

  private async resolve(conflict: Conflict): Promise<void> {
    const body = JSON.stringify({ take: conflict.take });
    try {
      await this.link.json(`/v1/conflicts/${conflict.id}:resolve`, { method: "POST", body });
      this.state.conflicts = this.state.conflicts.filter((one) => one !== conflict);
    } catch (error) {
      if (!(error instanceof Refused) || error.response.status === 401) throw error;
      // Somebody else decided, or the record is void, or the values don't hold any more: shown until he decides anew.
      delete conflict.take;
      conflict.refused = error.code;
      this.state.unasked = true;
    }
    await this.save();
  }

  /** What of this phone is open; what was decided elsewhere goes, what was decided here stays decided. */
  private async askForConflicts(): Promise<void> {
    const open: Conflict[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const page = await this.link.json<Schemas["ConflictPage"]>(`/v1/conflicts?limit=500${query}`, { method: "GET" });
      open.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    const mine = open.filter((conflict) => conflict.device_id === this.options.deviceId);
    this.state.conflicts = mine.map((conflict) => {
      const known = this.state.conflicts.find((one) => one.id === conflict.id);
      return known ? { ...known, ...conflict } : conflict;
    });
    this.state.unasked = false;
    await this.save();
  }

  private async upload(): Promise<void> {
    const { files, unmetered = async () => true } = this.options;
    // Whatever is queued was captured meanwhile: its record isn't there yet.
    const queued = new Set(this.state.queue.map((item) => item.id));
    const ready = this.state.uploads.filter((upload) => !queued.has(upload.id));
    if (!files || ready.length === 0) return;
    const uploads = new Uploads(this.link, files, unmetered, () => this.save());
    const { done, interrupted } = await uploads.run(ready);
    this.state.uploads = this.state.uploads.filter((upload) => !done.has(upload.id));
    await this.save();
    for (const id of done) await files.remove(id);
    if (interrupted) throw interrupted;
  }

  /** Removes bytes that no attachment names: the app was killed between two steps. */
  private async tidy(): Promise<void> {
    const named = new Set(this.state.uploads.map((upload) => upload.id));
    const kept = (await this.options.files?.list()) ?? [];
    for (const id of kept) if (!named.has(id)) await this.options.files?.remove(id);
  }
}

function hexadecimal(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
