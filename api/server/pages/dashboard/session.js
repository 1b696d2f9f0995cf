// The session: in this tab's session storage, so that a reload keeps it and closing the tab ends it. Why not a cookie:
// docs/decisions/11-the-pages-session.md.
const PLACE = "lianfang-session";
let session = null;
try {
  session = JSON.parse(sessionStorage.getItem(PLACE));
} catch {
  session = null;
}

// A duplicated tab has a copy of the session. Refresh tokens are good once: the one that renewed tells the others.
const others = "BroadcastChannel" in window ? new BroadcastChannel(PLACE) : null;
others?.addEventListener("message", ({ data }) => {
  if (!session?.family || data.family !== session.family) return;
  keep(data.ended ? null : data, { tell: false });
  if (data.ended) document.dispatchEvent(new CustomEvent("signed-out"));
});

export function keep(next, { tell = true } = {}) {
  const family = session?.family;
  session = next;
  try {
    if (next) sessionStorage.setItem(PLACE, JSON.stringify(next));
    else sessionStorage.removeItem(PLACE);
  } catch {
    // Without storage the session lives as long as the page.
  }
  if (tell && next) others?.postMessage(next);
  else if (tell && family) others?.postMessage({ family, ended: true });
}

export const current = () => session;
export const isKey = () => session !== null && !session.refresh;

export function accept(pair) {
  const family = session?.family ?? crypto.randomUUID?.() ?? String(Math.random());
  keep({ token: pair.access_token, refresh: pair.refresh_token, renewAt: Date.now() + (pair.expires_in - 60) * 1000, family });
}

// A name of this browser's own, made at first use: under one that all browsers share, whoever guesses passwords would
// slow down the owner's own browser, and a second browser would end the first one's session.
export function deviceId() {
  const made = () => `dashboard-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  try {
    const known = localStorage.getItem("lianfang-device") ?? made();
    localStorage.setItem("lianfang-device", known);
    return known;
  } catch {
    return made();
  }
}
