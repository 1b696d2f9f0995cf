// Checkpoints: each gate's day, and the abnormal passages with why they are.
import { get, getAllowed, getPage } from "../api.js";
import { bars } from "../charts.js";
import { button, element, empty, panel, table } from "../dom.js";
import { amountOf, link, linked, openRecords } from "../figures.js";
import { learnRecords } from "../names.js";
import { daysBefore } from "../state.js";
import { number, percent, say } from "../texts.js";
import { records } from "../tell.js";
import { words } from "../words.js";

const COLUMNS = ["screened", "screened_in", "screened_out", "persons", "abnormal", "vehicles"];

function gates(found) {
  const names = COLUMNS.filter((name) => found.catalogue.some((entry) => entry.name === name));
  const share = (figures) => {
    const [all, complete] = [amountOf(figures.screened), amountOf(figures.complete)];
    return all ? percent(complete / all, 0).replace("+", "") : "–";
  };
  const row = (item) => [item.label || say("noPlace"), ...names.map((name) => linked(item.figures[name], `${item.label} ${say(name)}`)), share(item.figures)];
  const rows = [...found.items].sort((one, other) => (amountOf(other.figures.abnormal) ?? 0) - (amountOf(one.figures.abnormal) ?? 0) || (amountOf(other.figures.screened) ?? 0) - (amountOf(one.figures.screened) ?? 0)).map(row);
  return table([say("gate"), ...names.map((name) => ({ text: say(name), numeric: true })), { text: say("complete"), numeric: true }], rows, { caption: say("gates") });
}

export async function render(context, show) {
  const { day, scope } = context;
  const on = `from_on=${day}&to_on=${day}${scope}`;
  const [byPlace, byHour, series] = await Promise.all([getAllowed(`/v1/stats/screenings?${on}&by=place`), getAllowed(`/v1/stats/screenings?${on}&by=hour`), getAllowed(`/v1/stats/screenings?from_on=${daysBefore(day, 13)}&to_on=${day}&by=day${scope}`)]);
  context.told(byPlace);
  let abnormal = null;
  if (context.may("list_screenings")) {
    const url = `/v1/screenings?abnormal=true&${on}`;
    const [page, word] = await Promise.all([getPage(`${url}&limit=50&count=exact`), words()]);
    await learnRecords(page.items);
    const more = page.next_cursor ? button(say("more", { shown: number(page.items.length), total: number(page.total) }), () => openRecords(url, say("abnormal")), { className: "more" }) : null;
    abnormal = panel(`${say("abnormal")} ${number(page.total ?? page.items.length)}`, { full: true, id: "abnormal" }, page.items.length ? records(page.items, word, say("abnormal")) : empty(say("noAbnormal")), more);
  }
  let followed = null;
  if (context.may("list_duties")) {
    const found = await get(`/v1/stats/completeness?by=kind&${on}`);
    const line = found.items.find(({ key }) => key === "gate_follow_up");
    if (line) followed = element("p", { className: "note" }, `${line.label}: ${say("doneOf", { done: line.done, expected: line.expected - line.waived })} `, line.missed ? link(say("missedCount", { count: line.missed }), line.missed_url, line.label) : "");
  }
  show(element("div", { className: "columns" },
    byHour && panel(say("hours"), { wide: true, id: "hours" }, await bars(byHour, "hour")),
    series && panel(say("days14"), {}, await bars(series, "day")),
    abnormal, followed,
    byPlace && panel(say("gates"), { full: true, id: "gates" }, byPlace.items.length ? gates(byPlace) : empty())));
}
