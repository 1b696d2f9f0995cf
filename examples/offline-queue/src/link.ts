// Requests, and the two ways in which they fail: nobody answered sensibly (later), or the answer is no (never as it is).

/** Thrown where there is no network, or the server is busy: try again later, nothing is lost. */
export class Offline extends Error {
  /** `answered`: whether there was an answer at all; without one, other requests needn't be tried now. */
  constructor(message: string, readonly answered = false) {
    super(message);
  }
}

/** An answer that isn't what was asked for. */
export class Refused extends Error {
  /** `code` is one of the document's catalogue; the status where the answer has no body. */
  constructor(path: string, readonly response: Response, readonly code: string, detail: string) {
    super(`${path}: ${response.status} ${detail}`);
  }
}

export interface Request {
  method: string;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
}

export interface LinkOptions {
  base: string;
  /** The access token; refreshed by whoever gives it. */
  token(): Promise<string>;
  fetch?: typeof fetch;
}

export class Link {
  constructor(private readonly options: LinkOptions) {}

  /** The answer, if it is a good one. Throws `Offline` or `Refused`. */
  async send(path: string, request: Request): Promise<Response> {
    const headers = {
      authorization: `Bearer ${await this.options.token()}`,
      "content-type": "application/json",
      ...request.headers,
    };
    let response: Response;
    try {
      response = await (this.options.fetch ?? fetch)(this.options.base + path, { ...request, headers });
    } catch (cause) {
      throw new Offline(String(cause));
    }
    if (response.status >= 500 || response.status === 408 || response.status === 429) {
      throw new Offline(`${response.status}`, true);
    }
    if (!response.ok) {
      const text = await response.text().catch(() => "");
      throw new Refused(path, response, codeOf(text) ?? String(response.status), text);
    }
    return response;
  }

  async json<T>(path: string, request: Request): Promise<T> {
    const response = await this.send(path, request);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw new Offline(String(cause));
    }
  }
}

function codeOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { code?: string }).code;
  } catch {
    return undefined;
  }
}
