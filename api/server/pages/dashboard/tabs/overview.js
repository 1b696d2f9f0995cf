// The day at a glance: each figure with its last fourteen days and all until the day; who is behind; the hours; the
// areas; observation by state.
import { getAllowed } from "../api.js";
import { mine, ownShare } from "../coverage.js";
import { button, element, empty, meter, panel, small, table } from "../dom.js";
import { against, amountOf, link, linked, shown, spark } from "../figures.js";
import { daysBefore, goTo } from "../state.js";
import { number, say } from "../texts.js";

// Kind, its path, and its tiles: name, figure, tone.
const COUNTED = [
  ["screenings", [["screened", "screened"], ["persons", "persons"], ["abnormal", "abnormal", "alarm"]]],
  ["temperature-readings", [["fevers", "fevers", "alarm"]]],
  ["disinfections", [["disinfected", "disinfected_area_m2"]]],
  ["publicity-activities", [["households", "households_reached"]]],
  ["inspections", [["inspections", "inspections"]]],
];
// Tiles of what is expected: name, kinds of duties. A shift counts by its assignments: that it is manned is another
// duty about the same people.
const EXPECTED = [["readings", ["am_reading", "pm_reading"]], ["shifts", ["shift_attendance"]], ["stores", ["supply_report"]]];

function counted([name, figure, tone], series, all) {
  const items = series?.items ?? [];
  const today = items.at(-1)?.figures[figure];
  if (!today) return null;
  const label = say(name);
  const days = items.map((item) => item.key);
  const line = spark(days, items.map((item) => amountOf(item.figures[figure])), label);
  const total = all?.total?.[figure];
  const sum = total ? element("small", { className: "sum" }, `${say(figure === "persons" ? "everPersons" : "cumulative")} `, linked(total, `${label} ${say("cumulative")}`)) : null;
  const node = element("article", { className: "tile", id: `tile-${name}` }, element("h2", { textContent: label }),
    element("p", { className: "big" }, linked(today, label)), element("div", { className: "beside" }, against(today) ?? small(" "), sum), line);
  if (tone && amountOf(today)) node.classList.add(tone);
  return node;
}

// Done of expected, over the kinds of duties named.
function completed([name, kinds], completeness, day) {
  const lines = completeness.items.filter((item) => kinds.includes(item.key));
  const sum = (field) => lines.reduce((total, line) => total + line[field], 0);
  const expected = sum("expected") - sum("waived");
  const label = say(name);
  const head = element("h2", { textContent: label });
  if (expected === 0) return element("article", { className: "tile", id: `tile-${name}` }, head, element("p", { className: "big", textContent: "–" }), small(say("nothingDue")));
  const missed = sum("missed");
  const open = sum("open");
  const records = (state, text) => lines.length === 1 || state !== "done" ? link(text, `/v1/duties?state=${state}&from_on=${day}&to_on=${day}${lines.length === 1 ? `&duty_kind=${lines[0].key}` : ""}`, `${label} ${say(state)}`) : text;
  const note = missed ? element("small", { className: "bad" }, lines.length === 1 ? records("missed", say("missedCount", { count: number(missed) })) : say("missedCount", { count: number(missed) })) : open ? small(say("openCount", { count: number(open) })) : small(say("allDone"));
  const shifts = name === "shifts" ? completeness.items.find((item) => item.key === "manned_post") : null;
  const node = element("article", { className: "tile", id: `tile-${name}` }, head,
    element("p", { className: "big" }, lines.length === 1 && sum("done") ? records("done", number(sum("done"))) : number(sum("done")), element("span", { className: "of", textContent: ` ${say("of", { expected: number(expected) })}` })),
    element("div", { className: "beside" }, note, shifts ? small(say("shiftsManned", { done: shifts.done, expected: shifts.expected - shifts.waived }), "sum") : null),
    meter(sum("done"), expected, `${label} ${sum("done")} / ${expected}`, missed ? "warn" : ""));
  if (missed) node.classList.add("warn");
  return node;
}

function behind(completeness, context) {
  const lines = completeness.items.filter((item) => item.missed > 0).sort((one, other) => other.missed - one.missed);
  const more = context.may("list_missed") ? button(say("toBehind"), () => goTo("behind"), { className: "quiet" }) : null;
  if (lines.length === 0) return panel(say("missed"), { more }, empty(say("allDone")));
  const most = Math.max(...lines.map((line) => line.expected - line.waived));
  const rows = lines.map((line) => {
    const label = line.label ?? line.key;
    return element("li", {}, element("span", { textContent: label }), meter(line.missed, most, `${label} ${line.missed}`, "warn"),
      element("span", { className: "numeric" }, link(number(line.missed), line.missed_url, `${label} ${say("missed")}`), small(` / ${number(line.expected - line.waived)}`)));
  });
  return panel(say("missed"), { more, note: say("missedNote") }, element("ul", { className: "bars" }, rows));
}

function states(cases) {
  const names = cases.catalogue.filter(({ name }) => !["persons", "isolation_cases"].includes(name));
  const known = names.map((entry) => ({ ...entry, figure: cases.total[entry.name] })).filter(({ figure }) => figure?.value || figure?.suppressed);
  if (known.length === 0) return empty();
  const most = Math.max(...known.map(({ figure }) => figure.value ?? 1));
  return element("ul", { className: "bars" }, known.map(({ label, figure }) => element("li", {}, element("span", { textContent: label }),
    meter(figure.value ?? 0, most, `${label} ${shown(figure)}`), element("span", { className: "numeric" }, linked(figure, `${say("states")} ${label}`)))));
}

function areas(statistics, context) {
  if (statistics.items.length === 0) return empty();
  const people = statistics.catalogue.some(({ name }) => name === "persons");
  const columns = ["screened", ...(people ? ["persons"] : []), "abnormal"];
  const row = (item) => {
    const name = item.key && item.key.length <= 12 && item.key !== (context.area ?? context.district)
      ? button(item.label, () => context.openArea(item.key), { className: "area" }) : document.createTextNode(item.label);
    return [name, ...columns.map((column) => linked(item.figures[column], `${item.label} ${say(column)}`))];
  };
  const busy = (item) => item.figures.screened?.value ?? 0;
  const rows = [...statistics.items].sort((one, other) => busy(other) - busy(one)).map(row);
  return table([say("area"), ...columns.map((column) => ({ text: say(column), numeric: true }))], rows, { caption: say("areas"), cards: false });
}

export async function render(context, show) {
  const { day, scope } = context;
  const from = daysBefore(day, 13);
  const days = (path) => getAllowed(`/v1/stats/${path}?from_on=${from}&to_on=${day}&by=day${scope}`);
  const all = (path) => getAllowed(`/v1/stats/${path}?cumulative=true&to_on=${day}${scope}`);
  const parts = { series: new Map(), totals: new Map(), completeness: null, rest: [] };
  const draw = () => {
    const tiles = COUNTED.flatMap(([path, figures]) => figures.map((figure) => counted(figure, parts.series.get(path), parts.totals.get(path))));
    const expected = parts.completeness ? EXPECTED.map((tile) => completed(tile, parts.completeness, day)) : [];
    const shownTiles = [...tiles.slice(0, 4), ...expected, ...tiles.slice(4)].filter(Boolean);
    show(mine, element("div", { className: "tiles" }, shownTiles.length ? shownTiles : empty(say(context.isKey ? "noRightKey" : "noRight"))), element("div", { className: "columns" }, parts.rest));
  };
  if (context.may("list_survey_rounds")) ownShare(context).catch((problem) => document.dispatchEvent(new CustomEvent("problem", { detail: problem })));
  // What the eye meets first is asked for first: a phone has six connections. A first view shows what there is; later
  // ones change all at once.
  const isFirst = !document.getElementById("tile-screened");
  const leading = days("screenings");
  const beside = Promise.all([getAllowed(`/v1/stats/completeness?from_on=${day}&to_on=${day}&by=kind${scope}`),
    ...COUNTED.slice(1).map(async ([path]) => parts.series.set(path, await days(path)))]);
  const first = context.told(await leading);
  parts.series.set("screenings", first);
  if (isFirst && first) draw();
  const [completeness] = await beside;
  parts.completeness = context.told(completeness);
  if (isFirst) draw();
  const [, byHour, byArea, cases, webhooks] = await Promise.all([
    Promise.all(COUNTED.map(async ([path]) => parts.totals.set(path, await all(path)))),
    getAllowed(`/v1/stats/screenings?from_on=${day}&to_on=${day}&by=hour${scope}`),
    getAllowed(`/v1/stats/screenings?from_on=${day}&to_on=${day}&by=area${scope}`),
    getAllowed(`/v1/stats/isolation-cases?cumulative=true&to_on=${day}${scope}`),
    import("../webhooks.js").then(({ inTrouble }) => inTrouble(context)),
  ]);
  const { bars } = await import("../charts.js");
  const statistics = byHour ?? first;
  const hours = statistics ? await bars(statistics, byHour ? "hour" : "day") : null;
  parts.rest = [
    webhooks,
    hours && panel(say(byHour ? "hours" : "days14"), { wide: true, id: "hours" }, hours),
    completeness && context.may("list_duties") && behind(completeness, context),
    byArea && panel(say("areas"), { wide: true, id: "areas" }, areas(byArea, context)),
    cases && panel(say(context.isToday ? "statesNow" : "statesAt"), { id: "states" }, states(cases)),
  ].filter(Boolean);
  draw();
}
