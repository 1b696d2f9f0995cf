// Bytes of attachments: kept on the phone until the server says that it keeps them, sent in parts from wherever it is.

import { Offline, Refused } from "./link.js";
import type { Link } from "./link.js";

/** An attachment whose bytes the server doesn't keep yet. */
export interface Upload {
  id: string;
  byte_count: number;
  /** Bytes that the server has, as it last said: to show how far it is. It is asked again before any are sent. */
  sent: number;
  /** `refused`: the server will never keep these bytes. They stay here until somebody says `drop`. */
  state: "waiting" | "refused";
  /** Why it was refused, or why it still waits (`404`: its record is held, or out of reach). */
  code?: string;
  /** How often the bytes that arrived weren't those declared. */
  mangled?: number;
}

/** Where bytes are kept until they are sent; encrypted, since pictures are personal data. */
export interface Files {
  /** Must be whole or not at all. */
  write(id: string, bytes: Uint8Array): Promise<void>;
  /** The bytes from `from` up to `to`, fewer at the end; undefined where there is no such file. */
  read(id: string, from: number, to: number): Promise<Uint8Array | undefined>;
  remove(id: string): Promise<void>;
  list(): Promise<string[]>;
}

/** Bytes that the server takes of one attachment. */
export const MOST_BYTES = 10 * 1024 * 1024;
/** Bytes of a part: passes every proxy, and little is sent again where a proxy holds back what broke off. */
const PART_BYTES = 1024 * 1024;

export class Uploads {
  constructor(
    private readonly link: Link,
    private readonly files: Files,
    private readonly unmetered: () => Promise<boolean>,
    private readonly save: () => Promise<void>,
  ) {}

  /** Sends what waits, while there is wifi; answers which are done, and why it ended early. One stops no other. */
  async run(uploads: readonly Upload[]): Promise<{ done: Set<string>; interrupted: Offline | undefined }> {
    const done = new Set<string>();
    let interrupted: Offline | undefined;
    for (const upload of uploads.filter((one) => one.state === "waiting")) {
      if (!(await this.unmetered())) break;
      try {
        if (await this.one(upload)) done.add(upload.id);
      } catch (error) {
        if (!(error instanceof Offline)) throw error;
        interrupted = error;
        if (!error.answered) break;
      }
    }
    return { done, interrupted };
  }

  /** Sends one; answers whether nothing is left to do for it. */
  private async one(upload: Upload): Promise<boolean> {
    const path = `/v1/attachments/${upload.id}/content`;
    try {
      // The server knows best where the last part broke off.
      let answer = await this.link.send(path, { method: "HEAD" });
      while (this.took(upload, answer) === "awaited") {
        await this.save();
        if (!(await this.unmetered())) return false;
        const body = await this.files.read(upload.id, upload.sent, upload.sent + PART_BYTES);
        const expected = Math.min(PART_BYTES, upload.byte_count - upload.sent);
        if (body?.length !== expected) return this.refuse(upload, "bytes_lost");
        answer = await this.part(path, upload, body);
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.judged(upload, error);
    }
    return upload.state === "waiting";
  }

  private async part(path: string, upload: Upload, body: Uint8Array): Promise<Response> {
    const headers = { "content-type": "application/offset+octet-stream", "upload-offset": String(upload.sent) };
    try {
      return await this.link.send(path, { method: "PATCH", headers, body });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // A part that was thought lost came after all: the answer says where to go on.
      const goOn = error.response.headers.get("upload-offset");
      if (error.code === "offset_differs" && goOn !== String(upload.sent)) return error.response;
      if (["offset_differs", "upload_busy", "write_conflict"].includes(error.code)) throw new Offline(error.code, true);
      if (error.code !== "content_differs" || upload.mangled) throw error;
      // Something on the way changed them: once more from the beginning.
      upload.mangled = 1;
      return this.link.send(path, { method: "HEAD" });
    }
  }

  /** Notes how far it is; answers what became of the bytes. */
  private took(upload: Upload, answer: Response): string {
    const offset = Number(answer.headers.get("upload-offset"));
    if (!Number.isInteger(offset) || offset < 0 || offset > upload.byte_count) throw new Offline("no offset", true);
    upload.sent = offset;
    delete upload.code;
    const state = answer.headers.get("content-state") ?? "awaited";
    if (state === "refused") this.refuse(upload, "content_refused");
    return state;
  }

  private judged(upload: Upload, error: Refused): boolean {
    const status = error.response.status;
    if (status === 401) throw error;
    // Void: it takes no bytes, and nobody misses them.
    if (error.code === "record_voided") return true;
    if (status === 403 || status === 404) {
      upload.code = String(status);
      return false;
    }
    return this.refuse(upload, error.code);
  }

  private refuse(upload: Upload, code: string): false {
    upload.state = "refused";
    upload.code = code;
    return false;
  }
}
