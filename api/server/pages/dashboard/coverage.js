// Coverage of survey rounds: the caller's own share first, a bar a line, and the list of those whom nobody reached.
import { getAllowed } from "./api.js";
import { bar, legend } from "./bars.js";
import { element, empty, keepingFocus, pressed } from "./dom.js";
import { doors, moment } from "./doors.js";
import { number, say, tag } from "./texts.js";

const GROUPINGS = ["area", "grid_cell", "household_group", "place", "assignee"];
// Of several rounds that run at once so many are shown, the newest.
const MOST_ROUNDS = 8;
// Bars shown before somebody asks for all of them.
const MOST_LINES = 30;
// A round of more targets isn't shown group by group before an area was chosen: there are thousands.
const MANY_TARGETS = 3000;
// A district's coverage is dear to count: however much is written, it is asked for as often, and at once where somebody acts.
const PAUSE_MS = 5000;
// Roles that see to others' work and have no share of their own.
const WITHOUT_SHARE = ["district_admin", "cdc_officer"];

// The panel's own pieces: whoever shows it puts `mine` and `panel` where they belong, once or with each drawing.
const group = (id) => element("div", { id, className: "pressable" });
const parts = {
  title: element("h2", { id: "coverage-title" }),
  rounds: group("coverage-rounds"),
  total: element("p", { id: "coverage-total" }),
  by: group("coverage-by"),
  lines: element("div", { id: "coverage-lines" }),
  missedTitle: element("h3", { id: "coverage-missed-title", tabIndex: -1 }),
  what: group("coverage-what"),
  missed: element("div", { id: "coverage-missed" }),
};
export const mine = element("section", { id: "mine", className: "panel", hidden: true });
export const panel = element("section", { id: "coverage", className: "panel", hidden: true }, ...Object.values(parts));
mine.setAttribute("aria-live", "polite");
panel.setAttribute("aria-labelledby", "coverage-title");

const fresh = () => ({ round: null, by: "area", all: false, list: null });
let asked = { area: null, day: "", me: null, language: "" };
let chosen = fresh();
let turn = 0;
let readAt = 0;
let later = null;
let drawn = {};

function forget() {
  turn += 1;
  clearTimeout(later);
  later = null;
  chosen = fresh();
  drawn = {};
  readAt = 0;
  mine.hidden = true;
  panel.hidden = true;
}

const hasShare = (me) => (me.roles ?? []).some(({ role }) => !WITHOUT_SHARE.includes(role));
const path = (round, view) => `/v1/survey-rounds/${round.id}/${view}`;
const scope = () => (asked.area ? `&area_code=${asked.area}` : "");
const left = (line) => line.targets - line.done;

// Rates are cut, not rounded, where something is left: nobody is done by rounding.
function percent({ rate, done, targets }) {
  if (rate === null) return "–";
  const told = done < targets ? Math.min(Number(rate), 0.9999) : Number(rate);
  return new Intl.NumberFormat(tag(), { style: "percent", maximumFractionDigits: 2 }).format(told);
}

// Reads anew and draws, at once where another area or day is asked for; else after a pause.
export function coverage(next) {
  const told = { ...next, language: tag() };
  const isSame = ["area", "day", "me", "language"].every((name) => asked[name] === told[name]);
  asked = told;
  const wait = isSame ? readAt + PAUSE_MS - Date.now() : 0;
  if (wait <= 0) return read();
  later ??= setTimeout(redraw, wait);
  return Promise.resolve();
}

// The own share alone, for whoever has one: what a surveyor opens the page for.
export async function ownShare(next) {
  if (!hasShare(next.me)) return;
  asked = { ...next, language: tag() };
  const running = await getAllowed(`/v1/survey-rounds?state=running&limit=${MOST_ROUNDS}`);
  const shares = await sharesOf(running?.items ?? []);
  unlessDrawn("mine", [shares, asked.day], () => drawShares(shares));
}

const redraw = () => read().catch((problem) => document.dispatchEvent(new CustomEvent("problem", { detail: problem })));

function choose(change) {
  chosen = { ...chosen, ...change };
  return redraw();
}

async function read() {
  const own = (turn += 1);
  clearTimeout(later);
  later = null;
  readAt = Date.now();
  const [running, closed] = await Promise.all([getAllowed(`/v1/survey-rounds?state=running&limit=${MOST_ROUNDS}`), getAllowed("/v1/survey-rounds?state=closed&limit=1")]);
  const rounds = [...(running?.items ?? []), ...(closed?.items ?? [])];
  const round = rounds.find(({ id }) => id === chosen.round) ?? rounds[0];
  const [found, missed, shares, places] = round ? await Promise.all([lines(round, chosen.by), missedOf(round), sharesOf(running?.items ?? []), placesOf(round)]) : [null, null, [], null];
  // Whatever was asked for meanwhile comes by itself.
  if (own !== turn) return;
  unlessDrawn("mine", [shares, asked.day], () => drawShares(shares));
  panel.hidden = found === null;
  if (found !== null) unlessDrawn("coverage", [rounds, found, missed, chosen], () => keepingFocus(() => draw(rounds, round, found, missed, places)));
}

// What stands already isn't drawn again: whoever reads it on the screen, or has it read, keeps the place.
function unlessDrawn(name, data, draw) {
  const now = JSON.stringify([tag(), data]);
  if (drawn[name] === now) return;
  drawn[name] = now;
  draw();
}

document.addEventListener("ended", forget);

// The lines of a round; null where the caller may not see them, nothing yet while its list is being drawn up.
async function lines(round, by) {
  return atOnce(`${path(round, "coverage")}?by=${by}${scope()}`);
}

// What a round doesn't tell before its list is drawn up is undefined.
async function atOnce(url) {
  try {
    return await getAllowed(url);
  } catch (problem) {
    if (problem.status === 409) return undefined;
    throw problem;
  }
}

// The list of the missed, a page of it: of the whole round, or of the line that was opened.
function missedOf(round) {
  const { url, what, cursors } = chosen.list ?? { url: path(round, "missed"), what: "households", cursors: [] };
  const narrowed = url.includes("area_code=") ? "" : scope();
  const cursor = cursors.length ? `&cursor=${encodeURIComponent(cursors.at(-1))}` : "";
  return atOnce(`${url}${url.includes("?") ? "&" : "?"}what=${what}&limit=50${narrowed}${cursor}`);
}

// What is left of the caller's own share in each round that runs, with the doors.
async function sharesOf(running) {
  if (!hasShare(asked.me)) return [];
  const of = async (round) => {
    const found = await atOnce(`${path(round, "coverage")}?by=assignee`);
    const share = found?.items.find(({ key }) => key === asked.me.id);
    if (!share) return null;
    const list = left(share) ? await atOnce(`${path(round, "missed")}?assignee=me&limit=20`) : null;
    return { round, share, items: list?.items ?? [], places: [...(await placesOf(round))] };
  };
  return (await Promise.all(running.slice(0, 3).map(of))).filter(Boolean);
}

// Names of compounds and of areas, for the doors.
async function placesOf(round) {
  const found = await Promise.all(["area", "place"].map((by) => lines(round, by)));
  return new Map(found.flatMap((one) => one?.items ?? []).filter(({ key, label }) => key && label).map(({ key, label }) => [key, label]));
}

function drawShares(shares) {
  mine.hidden = shares.length === 0;
  const one = ({ round, share, items, places }) => {
    const count = number(left(share) || share.targets);
    const text = left(share) === 0 ? "allMine" : round.due_at.slice(0, 10) < asked.day ? "mineLate" : "mineLeft";
    const note = [round.name, say("roundDue", { at: moment(round.due_at) }), counts(round, share)].join(" · ");
    const more = left(share) > items.length && items.length ? element("p", { className: "hint", textContent: say("moreDoors", { count: number(left(share) - items.length) }) }) : "";
    return [element("p", { className: "big", textContent: say(`${text}_${round.target}`, { count }) }), element("p", { className: "hint", textContent: note }), items.length ? doors(items, { places: new Map(places) }) : "", more];
  };
  mine.replaceChildren(...shares.flatMap(one));
}

// Counts of a line in words: what is nought is left out, but for what was done.
function counts(round, line) {
  const others = ["refused", "attempted", "open"].filter((state) => line[state] > 0).map((state) => `${say(`target_${state}`)} ${number(line[state])}`);
  return [say(`doneOf_${round.target}`, { done: number(line.done), targets: number(line.targets) }), ...others].join(" · ");
}

const nameOf = ({ key, label }) => label ?? (key === null ? say(`without_${chosen.by}`) : key === asked.me.id ? asked.me.display_name : "–");

function draw(rounds, round, found, missed, places) {
  const ofRound = ({ id, name, state, due_at }) =>
    pressed(`round-${id}`, id === round.id, () => choose({ ...fresh(), round: id, by: chosen.by }), name, element("small", { textContent: ` ${say(`state_${state}`)} · ${say("roundDue", { at: moment(due_at) })}` }));
  parts.title.textContent = say("coverage");
  label(parts.rounds, say("rounds"), rounds.map(ofRound));
  const many = !asked.area && found?.total.targets > MANY_TARGETS;
  const groupings = GROUPINGS.filter((by) => by !== "household_group" || !many || by === chosen.by);
  label(parts.by, say("groupedBy"), groupings.map((by) => pressed(`by-${by}`, by === chosen.by, () => choose({ by, all: false, list: null }), say(`by_${by}`))));
  drawLines(round, found);
  drawMissed(round, missed, places);
}

// Choices of one sort, as a group that says what is chosen.
function label(node, text, buttons) {
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", text);
  node.replaceChildren(...buttons);
}

function drawLines(round, found) {
  if (!found) {
    parts.total.replaceChildren(say("drawnUp"));
    return parts.lines.replaceChildren();
  }
  const { total, unassigned } = found;
  const persons = total.persons && round.target === "households" ? say("personsOf", { done: number(total.persons_confirmed), persons: number(total.persons) }) : null;
  const beside = [persons, total.additional ? say("additional", { count: number(total.additional) }) : null, unassigned ? say("unassigned", { count: number(unassigned) }) : null].filter(Boolean);
  parts.total.replaceChildren(element("strong", { textContent: percent(total) }), ` ${counts(round, total)}`, element("br"), element("small", { textContent: beside.join(" · ") }));
  if (total.targets === 0) return parts.lines.replaceChildren(empty(say("outOfRound")));
  const sorted = [...found.items].sort((one, other) => left(other) - left(one) || nameOf(one).localeCompare(nameOf(other), tag(), { numeric: true }));
  const shown = chosen.all ? sorted : sorted.slice(0, MOST_LINES);
  const more = sorted.length > shown.length ? pressed("all-lines", false, () => choose({ all: true }), say("allLines", { count: number(sorted.length) })) : "";
  parts.lines.replaceChildren(legend(), element("ul", { className: "lines" }, ...shown.map((item) => line(round, item))), more);
}

// A line: its name, the bar, the rate and the counts. Where somebody is missed the name opens the list of them.
function line(round, item) {
  const name = nameOf(item);
  const mine = chosen.by === "assignee" && item.key === asked.me.id ? `${path(round, "missed")}?assignee=me` : null;
  const url = item.missed_url ?? mine;
  const open = async () => {
    await choose({ list: { url, name, what: "households", cursors: [] } });
    parts.missedTitle.focus();
  };
  const told = url && left(item) > 0 ? pressed(`line-${item.key}`, chosen.list?.url === url, open, name) : element("span", { textContent: name });
  return element("li", {}, told, bar(item), element("strong", { className: "numeric", textContent: percent(item) }), element("small", { textContent: counts(round, item) }));
}

function drawMissed(round, missed, places) {
  const list = chosen.list ?? { url: path(round, "missed"), name: null, what: "households", cursors: [] };
  const { name, what, cursors } = list;
  const turnTo = (next) => () => choose({ list: { ...list, ...next } });
  parts.missedTitle.textContent = name ? say("missedOf", { name }) : say("missedAll");
  const kinds = round.target === "households" ? ["households", "persons"] : [];
  const choices = kinds.map((kind) => pressed(`what-${kind}`, kind === what, turnTo({ what: kind, cursors: [] }), say(`missed_${kind}`)));
  if (name) choices.push(pressed("missed-all", false, () => choose({ list: null }), say("missedEverywhere")));
  label(parts.what, parts.missedTitle.textContent, choices);
  const items = missed?.items ?? [];
  const next = missed?.next_cursor;
  const pages = [
    cursors.length ? pressed("page-back", false, turnTo({ cursors: cursors.slice(0, -1) }), say("pageBack")) : "",
    next ? pressed("page-next", false, turnTo({ cursors: [...cursors, next] }), say("pageNext")) : "",
    cursors.length || next ? element("span", { textContent: say("page", { page: number(cursors.length + 1) }) }) : "",
  ];
  const of = { what, places, nameOfAccount: (id) => (id === asked.me.id ? asked.me.display_name : null), withAssignee: true };
  parts.missed.replaceChildren(items.length ? doors(items, of) : empty(say(missed ? "nobodyMissed" : "none")), element("p", { className: "pages" }, ...pages));
}
