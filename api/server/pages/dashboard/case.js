// A case under observation: its days, its five lines, who answers for it, its timeline, its certificate.
import { getAllowed } from "./api.js";
import { button, element, empty, panel, table } from "./dom.js";
import { learnRecords } from "./names.js";
import { openPaper } from "./paper.js";
import { openRecord, content } from "./tell.js";
import { dayText, moment, say } from "./texts.js";

// Each line with the duties that are its own.
export const LINES = [["town", ["town_visit"]], ["village", ["village_check"]], ["group", ["group_check"]], ["health_center", ["am_reading", "pm_reading"]], ["police_station", ["police_check"]]];
const MARKS = { done: "✓", missed: "✗", open: "…", waived: "免" };

// How a day stands: both readings, one, none, or none expected.
export function dayTone(day) {
  if (!day.am_reading && !day.pm_reading) return day.readings.startsWith("0") ? "none" : "part";
  const [taken, expected] = day.readings.split("/").map(Number);
  return taken >= expected ? "full" : taken > 0 ? "part" : [day.am_reading, day.pm_reading].some((duty) => duty?.state === "missed") ? "zero" : "none";
}

// The days as a strip, each with its readings; days that lie ahead are empty.
export function strip(days, until, title) {
  const cell = (day) => {
    const ahead = day.on_day > until;
    const words = `${dayText(day.on_day)} ${say("dayNo", { count: day.day_no })} ${ahead ? say("ahead") : `${say("readings")} ${day.readings}`}`;
    return element("li", { className: `${ahead ? "ahead" : dayTone(day)}${day.on_day === until ? " now" : ""}`, title: words }, element("span", { "aria-hidden": "true", textContent: ahead ? day.day_no : day.readings }), element("span", { className: "hidden", textContent: words }));
  };
  return element("ol", { className: "strip", "aria-label": title }, days.map(cell));
}

// The five lines of one day.
export function fiveLines(day, word) {
  const mark = ([line, duties]) => {
    const states = duties.map((duty) => day?.[duty]?.state).filter(Boolean);
    const found = states.includes("missed") ? "missed" : states.includes("open") ? "open" : states[0];
    const text = `${word("duty_line", line)} ${found ? word("duty_state", found) : say("nothingDue")}`;
    return element("li", { className: found ?? "none", title: text }, element("span", { "aria-hidden": "true", textContent: `${word("duty_line", line).slice(0, 1)}${MARKS[found] ?? "–"}` }), element("span", { className: "hidden", textContent: text }));
  };
  return element("ul", { className: "five" }, LINES.map(mark));
}

function dayTable(days, until, word) {
  const told = days.filter((day) => day.on_day <= until).reverse();
  const state = (duty) => (duty ? element("span", { className: duty.state === "missed" ? "bad" : "", textContent: `${MARKS[duty.state] ?? ""} ${word("duty_state", duty.state)}` }) : "–");
  const columns = ["am_reading", "pm_reading", "town_visit", "village_check", "group_check", "police_check"];
  const rows = told.map((day) => [`${dayText(day.on_day)} · ${say("dayNo", { count: day.day_no })}`, day.readings, ...columns.map((column) => state(day[column]))]);
  return table([say("day"), say("readings"), ...columns.map((column) => word("duty_kind", column))], rows, { caption: say("daysOfCase") });
}

function supervisors(list, word) {
  if (!list?.length) return empty(say("supervisorsMissing"));
  return element("dl", { className: "facts" }, list.map(({ level, name, phone }) => element("div", {}, element("dt", { textContent: word("supervisor_level", level) }), element("dd", { textContent: [name, phone].filter(Boolean).join(" ") }))));
}

export async function caseOf(record, context, word) {
  const [days, timeline] = await Promise.all([getAllowed(`/v1/isolation-cases/${record.id}/days`), getAllowed(`/v1/isolation-cases/${record.id}/timeline`)]);
  const told = timeline?.items.map((item) => item.record).filter(Boolean) ?? [];
  await learnRecords(told);
  const certificate = record.state === "completed" && context.may("print_isolation_case_certificate")
    ? button(say("certificate"), () => openPaper(`/v1/isolation-cases/${record.id}/certificate.html`, say("certificate")), { className: "strong", id: "certificate" }) : null;
  const line = (item) => element("li", {}, button(moment(item.occurred_at), () => openRecord(item), { className: "figure" }), ` ${say(`kind_${item.kind}`)} · `, content(item, word));
  return [
    certificate && element("p", {}, certificate),
    days && panel(say("daysOfCase"), {}, strip(days.items, context.day, say("daysOfCase")), dayTable(days.items, context.day, word)),
    panel(say("supervisors"), {}, supervisors(record.supervisors, word)),
    timeline && panel(say("timeline"), {}, told.length ? element("ol", { className: "timeline" }, told.map(line)) : empty()),
  ].filter(Boolean);
}
