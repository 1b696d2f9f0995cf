// Observation at home: each case a row with its days, its five lines of the day, its release.
import { getAllowed, getPage } from "../api.js";
import { fiveLines, strip } from "../case.js";
import { button, choices, element, empty, meter, panel, small, table } from "../dom.js";
import { link, linked, shown } from "../figures.js";
import { areaName, learnRecords, nameOf } from "../names.js";
import { go, state } from "../state.js";
import { openRecord } from "../tell.js";
import { dayText, number, say } from "../texts.js";
import { words } from "../words.js";

const SIZE = 20;
let further = { address: null, pages: [] };

function states(cases) {
  const entries = cases.catalogue.filter(({ name }) => !["persons", "isolation_cases"].includes(name));
  const known = entries.map((entry) => ({ ...entry, figure: cases.total[entry.name] })).filter(({ figure }) => figure?.value);
  const most = Math.max(1, ...known.map(({ figure }) => figure.value));
  return known.length ? element("ul", { className: "bars" }, known.map(({ name, label, figure }) => element("li", {}, button(label, () => go({ state: name }), { className: "area" }), meter(figure.value, most, `${label} ${shown(figure)}`), element("span", { className: "numeric" }, linked(figure, label))))) : empty();
}

function lines(completeness, word) {
  const rows = completeness.items.map((item) => [item.label ?? item.key, number(item.expected - item.waived), number(item.done), link(number(item.missed), item.missed ? item.missed_url : null, `${item.label} ${say("missed")}`)]);
  return table([say("line"), { text: say("expected"), numeric: true }, { text: say("done"), numeric: true }, { text: say("missedShort"), numeric: true }], rows, { caption: word("duty_line", ""), cards: false });
}

async function row(record, context, word) {
  const days = context.may("get_isolation_case_days") ? await getAllowed(`/v1/isolation-cases/${record.id}/days`) : null;
  const now = days?.items.find(({ on_day }) => on_day === context.day);
  const who = nameOf("isolation_cases", record.id) ?? "–";
  const categories = (record.categories ?? []).map((code) => word("person_category", code)).join("、");
  const release = record.release_from ? dayText(record.release_from.slice(0, 10)) : "–";
  return [
    element("span", {}, button(who, () => openRecord(record), { className: "figure", "aria-label": `${who} ${say("openRecord")}` }), small(` ${areaName(record.area_code)}`)),
    element("span", {}, categories, small(` ${word("isolation_state", record.state)}${record.extended ? ` · ${say("flag_extended")}` : ""}`)),
    days ? strip(days.items, context.day, `${who} ${say("daysOfCase")}`) : "–",
    now ? fiveLines(now, word) : small(say("notObservedThen")),
    element("span", {}, release, now ? small(` ${say("dayNo", { count: now.day_no })}`) : null),
  ];
}

export async function render(context, show) {
  const { day, scope } = context;
  const wanted = state.choice("state") ?? "under_observation";
  const address = `/v1/isolation-cases?to_on=${day}${wanted === "all" ? "" : `&state=${wanted}&state_on=${day}`}&order=oldest${scope}`;
  if (further.address !== address) further = { address, pages: [] };
  const [first, cases, completeness, word] = await Promise.all([
    getPage(`${address}&limit=${SIZE}&count=exact`),
    getAllowed(`/v1/stats/isolation-cases?cumulative=true&to_on=${day}${scope}`),
    getAllowed(`/v1/stats/completeness?by=kind&from_on=${day}&to_on=${day}${scope}`), words()]);
  context.told(cases);
  const items = [...first.items, ...further.pages.flatMap((page) => page.items)];
  await learnRecords(items);
  const rows = await Promise.all(items.map((record) => row(record, context, word)));
  const next = further.pages.at(-1) ?? first;
  const more = next.next_cursor ? button(say("more", { shown: number(items.length), total: number(first.total ?? items.length) }), async () => {
    further.pages.push(await getPage(`${address}&limit=${SIZE}&cursor=${encodeURIComponent(next.next_cursor)}`));
    await render(context, show);
  }, { className: "more" }) : null;
  const OF_CASES = ["am_reading", "pm_reading", "town_visit", "village_check", "group_check", "police_check"];
  const told = completeness ? { items: OF_CASES.map((key) => completeness.items.find((item) => item.key === key)).filter(Boolean) } : null;
  const options = [["under_observation", word("isolation_state", "under_observation")], ["all", say("every")], ...["identified", "notified", "suspended_referral", "lost_contact", "completed", "dismissed", "became_case", "centralized", "transferred_out"].map((code) => [code, word("isolation_state", code)])];
  const legend = element("p", { className: "note strip-legend" }, ...[["full", "2/2"], ["part", "1/2"], ["zero", "0/2"]].map(([tone, text]) => element("span", { className: `swatch ${tone}`, textContent: text })), ` ${say("stripNote")}`);
  show(element("div", { className: "filters" }, choices(say("state"), options, wanted, (code) => go({ state: code === "under_observation" ? null : code }))),
    element("div", { className: "columns" },
      panel(`${wanted === "all" ? say("every") : word("isolation_state", wanted)} ${number(first.total ?? items.length)}`, { full: true, id: "cases" }, legend, rows.length ? table([say("person"), say("reasonOf"), say("daysOfCase"), say("fiveLines"), say("releaseOn")], rows, { caption: say("tab_observation") }) : empty(), more),
      told && panel(say("expectedOfDay"), { wide: true }, lines(told, word)),
      cases && panel(say(context.isToday ? "statesNow" : "statesAt"), {}, states(cases))));
}
