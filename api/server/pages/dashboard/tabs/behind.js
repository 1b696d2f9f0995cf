// Who is behind: what was missed, the oldest first, each with whoever answers for it and since when.
import { get } from "../api.js";
import { button, choices, element, empty, panel, small, table } from "../dom.js";
import { link } from "../figures.js";
import { daysBefore, go, goTo, state } from "../state.js";
import { moment, number, say, since } from "../texts.js";
import { words } from "../words.js";

const PERIODS = { day: 0, week: 6, fortnight: 13, month: 29 };
// On a phone each takes several lines.
const size = () => (window.innerWidth < 760 ? 20 : 50);
let further = { address: null, pages: [] };

function query(context) {
  const period = PERIODS[state.choice("period")] ?? PERIODS.day;
  const parts = new URLSearchParams({ from_on: daysBefore(context.day, period), to_on: context.day });
  if (context.area) parts.set("area_code", context.area);
  for (const [choice, parameter] of [["line", "line"], ["duty", "duty_kind"], ["unit", "org_id"], ["escalated", "escalated"], ["explained", "explained"]]) {
    if (state.choice(choice)) parts.set(parameter, state.choice(choice));
  }
  return parts;
}

// How much each line, unit or township is behind: a way to narrow the list.
function groups(title, found, choose, chosen) {
  const rows = found.items.filter((item) => item.missed > 0).sort((one, other) => other.missed - one.missed);
  if (rows.length === 0) return null;
  const row = (item) => {
    const expected = item.expected - item.waived;
    const name = item.label ?? say("nobodys");
    return { className: item.key && chosen === item.key ? "chosen" : "", cells: [item.key ? button(name, () => choose(chosen === item.key ? null : item.key), { className: "area" }) : name, number(item.missed), number(expected), `${Math.round((100 * item.missed) / Math.max(1, expected))}%`] };
  };
  return panel(title, {}, table([title, { text: say("missedShort"), numeric: true }, { text: say("expected"), numeric: true }, { text: say("share"), numeric: true }], rows.map(row), { caption: title, cards: false }));
}

function filters(word, kinds) {
  const set = (name) => (value) => go({ [name]: value });
  const lines = ["town", "village", "group", "grid", "health_center", "police_station", "store", "unit", "venue", "inspector", "volunteer", "organizer", "district"].map((code) => [code, word("duty_line", code)]).filter(([code, text]) => code !== text || code === state.choice("line"));
  return element("div", { className: "filters", role: "group", "aria-label": say("filters") },
    choices(say("period"), [["", say("thisDay")], ["week", say("days7")], ["fortnight", say("days14short")], ["month", say("days30short")]], state.choice("period"), set("period")),
    choices(say("line"), [["", say("every")], ...lines], state.choice("line"), set("line")),
    choices(say("item"), [["", say("every")], ...kinds], state.choice("duty"), set("duty")),
    choices(say("escalation"), [["", say("every")], ["true", say("escalatedOnly")], ["false", say("notEscalated")]], state.choice("escalated"), set("escalated")),
    choices(say("explanation"), [["", say("every")], ["true", say("explainedOnly")], ["false", say("unexplained")]], state.choice("explained"), set("explained")),
    ["period", "line", "duty", "unit", "escalated", "explained"].some((name) => state.choice(name)) ? button(say("clear"), () => goTo("behind"), { className: "quiet" }) : null);
}

function responsible(item) {
  if (item.responsible.length === 0) return element("span", { className: "bad", textContent: say("nobodyNamed") });
  const by = item.responsible[0].by;
  return element("span", {}, item.responsible.map(({ name }) => name).join("、"), by === "account" ? small(` ${say("byAccount")}`) : null);
}

function row(item, context) {
  const up = item.escalated_to ? element("span", {}, `→ ${item.escalated_label}${item.escalated_name ? ` ${item.escalated_name}` : ""}`, item.escalations > 1 ? small(` ${say("levels", { count: item.escalations })}`) : null) : "–";
  const late = element("span", {}, moment(item.due_at), small(` ${since(item.due_at, context.until)}`, "bad"));
  const what = link(item.duty_label, `/v1/duties?subject_id=${item.subject_id}&duty_kind=${item.duty_kind}&order=oldest`, `${item.duty_label} ${item.subject_name ?? ""}`);
  return [element("span", {}, what, item.explained ? small(` ${say("explained")}`) : null), item.subject_name ?? "–", item.area_name ?? item.area_code, item.org_name ?? "–", item.line_label, responsible(item), late, up];
}

export async function render(context, show) {
  const asked = query(context);
  const address = asked.toString();
  if (further.address !== address) further = { address, pages: [] };
  const by = (name) => get(`/v1/stats/completeness?by=${name}&from_on=${asked.get("from_on")}&to_on=${asked.get("to_on")}${context.scope}`);
  const [list, word, lines, orgs, areas, kinds] = await Promise.all([get(`/v1/stats/completeness/missed?${address}&limit=${size()}`), words(), by("line"), by("org"), by("area"), by("kind")]);
  context.told(list);
  const items = [...list.items, ...further.pages.flatMap((page) => page.items)];
  const next = further.pages.at(-1) ?? list;
  const more = next.next_cursor ? button(say("more", { shown: number(items.length), total: number(list.total) }), async () => {
    further.pages.push(await get(`/v1/stats/completeness/missed?${address}&limit=${size()}&cursor=${encodeURIComponent(next.next_cursor)}`));
    await render(context, show);
  }, { className: "more", id: "more" }) : null;
  const until = items.length ? say("oldestSince", { when: moment(items[0].due_at) }) : null;
  const duties = kinds.items.filter((item) => item.missed > 0 || item.key === state.choice("duty")).map((item) => [item.key, item.label ?? item.key]);
  const headers = [say("item"), say("subject"), say("where"), say("unit"), say("line"), say("responsible"), say("missingSince"), say("escalation")];
  show(filters(word, duties),
    element("div", { className: "columns" },
      groups(say("line"), lines, (line) => go({ line }), state.choice("line")),
      groups(say("township"), areas, (area) => go({ area }), null),
      groups(say("unit"), orgs, (unit) => go({ unit }), state.choice("unit")),
      panel(say("missedList", { total: number(list.total) }), { full: true, id: "missed", note: until }, items.length ? table(headers, items.map((item) => row(item, context)), { caption: say("missed") }) : empty(say("allDone")), more)));
}
