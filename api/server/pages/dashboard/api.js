// The public API as this page uses it: answers kept by their tags, lists with their totals, the stream of changes.
import { accept, current, deviceId, keep } from "./session.js";
import { tag } from "./texts.js";

const kept = new Map();

export class Problem extends Error {
  constructor(status, problem) {
    const faults = (problem.errors ?? []).map((fault) => fault.message).join(";");
    super([problem.title, problem.detail && status !== 422 ? problem.detail : null, faults].filter(Boolean).join(": "));
    this.status = status;
    this.code = problem.code;
  }
}

const headers = (more = {}) => ({
  "Accept-Language": tag(),
  ...(current() ? { Authorization: `Bearer ${current().token}` } : {}),
  ...more,
});

async function checked(response) {
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({ title: `HTTP ${response.status}` }));
  throw new Problem(response.status, problem);
}

// Writes without a session to renew: signing in and renewing itself.
async function bare(method, path, body) {
  const response = await fetch(path, { method, headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(body ?? {}) });
  await checked(response);
  return response.status === 204 ? null : response.json();
}

export async function send(method, path, body) {
  await renew();
  return bare(method, path, body);
}

// Signs in with a name and a password, or with a key. `needsPassword` is true where a new one must be chosen first.
export async function signIn(username, password, newPassword) {
  keep(null, { tell: false });
  kept.clear();
  if (username.startsWith("lf_")) {
    keep({ token: username.trim(), renewAt: null }, { tell: false });
    return { needsPassword: false };
  }
  const pair = await bare("POST", "/v1/auth/login", { username, password, device_id: deviceId() });
  accept(pair);
  if (!pair.password_change_required) return { needsPassword: false };
  if (!newPassword) {
    keep(null);
    return { needsPassword: true };
  }
  await bare("POST", "/v1/auth/password", { current_password: password, new_password: newPassword });
  return { needsPassword: false };
}

export async function signOut() {
  try {
    if (current()?.refresh) await send("POST", "/v1/auth/logout");
  } finally {
    keep(null);
    kept.clear();
  }
}

let renewing = null;
async function renew() {
  const session = current();
  if (!session?.renewAt || Date.now() < session.renewAt) return;
  renewing ??= bare("POST", "/v1/auth/refresh", { refresh_token: session.refresh }).then(accept).finally(() => { renewing = null; });
  try {
    await renewing;
  } catch (problem) {
    if (problem.status === 401) {
      keep(null);
      document.dispatchEvent(new CustomEvent("signed-out"));
    }
    throw problem;
  }
}

async function asked(path, more, again = true) {
  await renew();
  const response = await fetch(path, { headers: headers(more), cache: "no-store" });
  // A service that was restored or a clock that was wrong: renew once, whatever the time is.
  if (response.status === 401 && again && current()?.refresh) {
    current().renewAt = 1;
    return asked(path, more, false);
  }
  if (response.status === 401) {
    keep(null);
    document.dispatchEvent(new CustomEvent("signed-out"));
  }
  return response;
}

// Reads; what is unchanged comes from memory (304).
export async function get(path) {
  const name = `${tag()} ${path}`;
  const known = kept.get(name);
  const response = await asked(path, known ? { "If-None-Match": known.etag } : {});
  if (response.status === 304) return known.body;
  await checked(response);
  const body = await response.json();
  const etag = response.headers.get("ETag");
  if (etag) kept.set(name, { etag, body });
  return body;
}

// Reads what the caller may not be allowed to, or what isn't there: null then.
export async function getAllowed(path) {
  try {
    return await get(path);
  } catch (problem) {
    if ([403, 404].includes(problem.status)) return null;
    throw problem;
  }
}

// A page of a list with the number of all.
export async function getPage(path) {
  const response = await checked(await asked(path, {}));
  const total = response.headers.get("Total-Count");
  return { ...(await response.json()), total: total === null ? null : Number(total) };
}

// A document as text.
export async function getText(path) {
  return (await checked(await asked(path, { Accept: "text/html" }))).text();
}

// Calls back at each change after a number, until aborted; throws when the stream breaks.
export async function follow(since, signal, changed) {
  await renew();
  const response = await fetch(`/v1/changes/stream?since=${since}`, { headers: headers({ Accept: "text/event-stream" }), signal, cache: "no-store" });
  await checked(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    if (lines.some((line) => line.startsWith("data:"))) changed();
  }
}
