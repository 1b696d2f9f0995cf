// The reference: drawn from the document that the service serves, fetched once; each page when it is asked for.
import { h } from "./dom.js";
import { model } from "./model.js";
import { operationPage } from "./operation.js";
import { codesPage, contents, overview, searchPage, shapePage, tagPage } from "./overview.js";
import { rolesPage } from "./rights.js";
import { change, language, say } from "./words.js";

const page = document.getElementById("page");
const nav = document.getElementById("contents");
const search = document.getElementById("search");
const button = document.getElementById("language");
let known = null;

/** Draws what an address says; nothing where there is no such page. */
function pageOf(hash) {
  const [, what = "", ...rest] = decodeURIComponent(hash).split("/");
  const name = rest.join("/");
  if (what === "operation" && known.byId.has(name)) return () => operationPage(known, known.byId.get(name));
  if (what === "tag" && known.tags.has(name)) return () => tagPage(known, known.tags.get(name));
  if (what === "shape" && known.schemas[name]) return () => shapePage(known, name);
  if (what === "codes" && (!name || known.codes.some(({ code }) => code === name))) return () => codesPage(known, name);
  if (what === "roles") return () => rolesPage(known);
  if (what === "search" && name) return () => searchPage(known, name);
  return what ? null : () => overview(known);
}

/** For tests: whether a link of this page leads to none. */
globalThis.reference = { leadsNowhere: (hash) => !pageOf(hash) };

function show() {
  document.documentElement.lang = language();
  button.textContent = say("language");
  search.placeholder = say("search");
  const hash = location.hash || "#/";
  nav.replaceChildren(...contents(known, hash).flat(Infinity));
  // On a phone the chapters stand on a page of their own: the first.
  nav.classList.toggle("alone", hash === "#/");
  const draw = pageOf(hash) ?? (() => overview(known));
  page.replaceChildren(...draw().flat(Infinity).filter(Boolean));
  document.title = `${page.querySelector("h1")?.textContent ?? ""} · Lianfang 联防 API`;
  document.body.dataset.ready = hash;
}

button.addEventListener("click", () => {
  change();
  show();
});

search.addEventListener("input", () => {
  const hash = search.value.trim() ? `#/search/${encodeURIComponent(search.value.trim())}` : "#/";
  history.replaceState(null, "", hash);
  show();
});

window.addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#/search/")) search.value = "";
  show();
  window.scrollTo(0, 0);
  page.focus({ preventScroll: true });
});

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(String(response.status));
  known = model(await response.json());
  show();
} catch (error) {
  page.replaceChildren(h("p", { role: "alert" }, say("unreadable") + error.message));
  throw error;
}
