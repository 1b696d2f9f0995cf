// The shell: header, tabs, the way down the areas; reads the open tab again whenever something changes.
import { get, getAllowed } from "./api.js";
import { byId, element } from "./dom.js";
import { TABS, drawDay, drawTabs, locate, may, offered } from "./header.js";
import { isKey } from "./session.js";
import { daysBefore, go, goTo, state, today } from "./state.js";
import { say, translate } from "./texts.js";

// Between two readings, however much is written.
const PAUSE_MS = 1000;
const KNOWN = "lianfang-me";

export const board = { me: null, district: null, head: 0, trail: [] };
let tabs = [];
let lastRead = 0;
let pending = null;
let reading = null;
let again = false;
// Whatever is read for a tab that was left is thrown away.
let turn = 0;

export function fail(problem) {
  byId("problem").textContent = problem.message;
  byId("problem").hidden = false;
}

// Facts that tabs ask of the shell.
function context() {
  const area = state.area ?? board.own ?? null;
  const scope = area ? `&area_code=${area}` : "";
  return {
    me: board.me, district: board.district, area, scope, day: state.day, isToday: state.isToday, isKey: isKey(),
    may: (...operations) => may(board.me, operations),
    // What was read tells as of which change it is.
    told: (answer) => { if (answer?.as_of_change_no) board.head = Math.max(board.head, answer.as_of_change_no); return answer; },
    // The moment as of which the day is looked at: now, or the day's end.
    until: state.isToday ? Date.now() : Date.parse(`${state.day}T23:59:59+08:00`),
    openArea: (code) => go({ area: code === board.district ? null : code }),
  };
}

async function read() {
  const mine = ++turn;
  lastRead = Date.now();
  const tab = tabs.find(({ name }) => name === state.tab) ?? tabs[0];
  const root = byId("tab");
  if (root.dataset.name !== tab.name) {
    root.dataset.name = tab.name;
    root.replaceChildren(element("p", { className: "empty", textContent: say("reading") }));
    for (const node of byId("tabs").children) node.setAttribute("aria-current", node.dataset.name === tab.name ? "page" : "false");
    byId("tabs").querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
  }
  const module = await tab.load();
  // A tab may show what it has before it has all.
  const show = (...children) => { if (mine === turn) keepingFocus(root, () => root.replaceChildren(...children.flat().filter(Boolean))); };
  await module.render(context(), show);
  if (mine !== turn) return;
  root.dataset.ready = `${tab.name} ${state.day} ${state.area ?? ""}`;
  byId("footer").textContent = `${board.head ? say("asOf", { head: board.head, time: new Date().toLocaleTimeString("sv-SE") }) : ""} · ${say("privacy")}`.replace(/^ · /, "");
  byId("problem").hidden = true;
}

// What had the focus has it again, by its place among its like.
function keepingFocus(root, change) {
  const places = () => [...root.querySelectorAll("button, a, select, input, summary, [tabindex]")];
  const place = places().indexOf(document.activeElement);
  change();
  if (place >= 0) places()[place]?.focus({ preventScroll: true });
}

// One read at a time; what changes meanwhile is read right after.
export function refresh() {
  if (reading) {
    again = true;
    return reading;
  }
  reading = read().catch((problem) => { if (board.me) fail(problem); }).finally(() => {
    reading = null;
    if (again && board.me) {
      again = false;
      refresh();
    }
  });
  return reading;
}

function soon() {
  const wait = Math.max(200, lastRead + PAUSE_MS - Date.now());
  pending ??= setTimeout(() => { pending = null; if (board.me && !document.hidden) refresh(); }, wait);
}

function accept(me) {
  board.me = me;
  board.district = me.districts?.[0] ?? me.roles?.[0]?.area_code?.slice(0, 6);
  const own = me.roles?.map((grant) => grant.area_code) ?? [];
  board.own = own.length === 1 && own[0].length > 6 ? own[0] : null;
  tabs = offered(me).filter((tab) => !tab.probe);
  byId("who").textContent = me.display_name ?? "";
}

// Whoever was known a moment ago is believed while he is asked for: a reload shows figures one round trip sooner.
function remembered() {
  try { return JSON.parse(sessionStorage.getItem(KNOWN)); } catch { return null; }
}

async function probed() {
  for (const tab of TABS.filter((tab) => tab.probe && may(board.me, tab.needs))) {
    if (await getAllowed(`${tab.probe}?on=${state.day}`).catch(() => null)) tabs.push(tab);
  }
  drawTabs(tabs);
}

export async function begin() {
  const known = remembered();
  const asked = get("/v1/auth/me");
  accept(known ?? await asked);
  drawTabs(tabs);
  drawDay();
  const first = refresh();
  const me = await asked;
  if (known && JSON.stringify(known) !== JSON.stringify(me)) {
    accept(me);
    drawTabs(tabs);
    refresh();
  }
  try { sessionStorage.setItem(KNOWN, JSON.stringify(me)); } catch { /* Read anew next time. */ }
  await Promise.all([locate(board), first]);
  await probed();
  if (!tabs.some(({ name }) => name === state.tab)) goTo("overview");
  else if (byId("tab").dataset.name !== state.tab) refresh();
  if (state.drill) openDrill();
  await hear();
}

export function end() {
  living?.stop();
  board.me = null;
  turn += 1;
  byId("tab").replaceChildren();
  delete byId("tab").dataset.name;
  byId("drill").close();
  try { sessionStorage.removeItem(KNOWN); } catch { /* Nothing was kept. */ }
}

// What follows changes is read once the figures are there.
let living = null;
async function hear() {
  living ??= await import("./live.js");
  if (board.me) living.live(board, soon);
}

async function openDrill() {
  const { drill } = await import("./drill.js");
  await drill(context()).catch(fail);
}

document.addEventListener("address", async ({ detail }) => {
  if (!board.me) return;
  const onlyDrill = detail?.length === 1 && detail[0] === "drill";
  if (!onlyDrill) {
    drawDay();
    await Promise.all([locate(board).catch(fail), refresh()]);
  }
  if (state.drill || byId("drill").open) openDrill();
});

export async function languageChanged(language) {
  go({ lang: language }, { replace: true });
  translate();
  if (!board.me) return;
  drawTabs(tabs);
  drawDay();
  await Promise.all([locate(board), refresh()]);
  if (state.drill) openDrill();
  await hear();
}

byId("on").addEventListener("change", ({ target }) => go({ on: target.value === today() ? null : target.value }));
byId("day-before").addEventListener("click", () => go({ on: daysBefore(state.day, 1) }));
byId("day-after").addEventListener("click", () => { const next = daysBefore(state.day, -1); go({ on: next >= today() ? null : next }); });
byId("to-today").addEventListener("click", () => go({ on: null }));

// At midnight the day is another one.
let lastDay = today();
setInterval(() => {
  if (today() === lastDay) return;
  lastDay = today();
  if (board.me) { drawDay(); refresh(); }
}, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden && board.me && Date.now() - lastRead > 30_000) refresh(); });
