// The public API as this page uses it: a session in memory, answers kept by their tags, the stream of changes.
import { tag } from "./texts.js";

let session = null;
const kept = new Map();

export class Problem extends Error {
  constructor(status, problem) {
    const faults = (problem.errors ?? []).map((fault) => fault.message).join(";");
    super([problem.title, faults].filter(Boolean).join(":"));
    this.status = status;
    this.code = problem.code;
  }
}

const headers = (more = {}) => ({
  "Accept-Language": tag(),
  ...(session ? { Authorization: `Bearer ${session.token}` } : {}),
  ...more,
});

async function checked(response) {
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({ title: `HTTP ${response.status}` }));
  throw new Problem(response.status, problem);
}

async function post(path, body) {
  const response = await fetch(path, { method: "POST", headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(body ?? {}) });
  await checked(response);
  return response.status === 204 ? null : response.json();
}

function accept(pair) {
  session = { token: pair.access_token, refresh: pair.refresh_token, renewAt: Date.now() + (pair.expires_in - 60) * 1000 };
}

export const isKey = () => session !== null && !session.refresh;

// A name of this browser's own, made at first use: under one that all browsers share, whoever guesses passwords would
// slow down the owner's own browser, and a second browser would end the first one's session.
function deviceId() {
  const made = () => `dashboard-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  try {
    const known = localStorage.getItem("lianfang-device") ?? made();
    localStorage.setItem("lianfang-device", known);
    return known;
  } catch {
    return made();
  }
}

// Signs in with a name and a password, or with a key. `needsPassword` is true where a new one must be chosen first.
export async function signIn(username, password, newPassword) {
  session = null;
  kept.clear();
  if (username.startsWith("lf_")) {
    session = { token: username.trim(), renewAt: Infinity };
    return { needsPassword: false };
  }
  const pair = await post("/v1/auth/login", { username, password, device_id: deviceId() });
  accept(pair);
  if (!pair.password_change_required) return { needsPassword: false };
  if (!newPassword) return { needsPassword: true };
  await post("/v1/auth/password", { current_password: password, new_password: newPassword });
  return { needsPassword: false };
}

export async function signOut() {
  const leaving = session;
  try {
    if (leaving?.refresh) await post("/v1/auth/logout");
  } finally {
    session = null;
    kept.clear();
  }
}

let renewing = null;
async function renew() {
  if (!session || Date.now() < session.renewAt) return;
  renewing ??= post("/v1/auth/refresh", { refresh_token: session.refresh }).then(accept).finally(() => { renewing = null; });
  await renewing;
}

// Reads; what is unchanged comes from memory (304).
export async function get(path) {
  await renew();
  const name = `${tag()} ${path}`;
  const known = kept.get(name);
  const response = await fetch(path, { headers: headers(known ? { "If-None-Match": known.etag } : {}), cache: "no-store" });
  if (response.status === 304) return known.body;
  await checked(response);
  const body = await response.json();
  const etag = response.headers.get("ETag");
  if (etag) kept.set(name, { etag, body });
  return body;
}

// Reads what the caller may not be allowed to: null then.
export async function getAllowed(path) {
  try {
    return await get(path);
  } catch (problem) {
    if (problem.status === 403) return null;
    throw problem;
  }
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
