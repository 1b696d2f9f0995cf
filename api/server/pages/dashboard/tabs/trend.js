// How it got there: figures over 14 or 30 days, of the area or of each of those below it.
import { getAllowed } from "../api.js";
import { lines } from "../charts.js";
import { button, choices, element, empty, panel, table } from "../dom.js";
import { amountOf, spark } from "../figures.js";
import { daysBefore, go, state } from "../state.js";
import { dayText, number, say } from "../texts.js";

// Choice, path of the kind, figure.
export const FIGURES = [
  ["screened", "screenings", "screened"], ["persons", "screenings", "persons"], ["abnormal", "screenings", "abnormal"],
  ["taken", "temperature-readings", "temperature_readings"], ["fevers", "temperature-readings", "fevers"],
  ["disinfected", "disinfections", "disinfected_area_m2"], ["households", "publicity-activities", "households_reached"],
  ["inspections", "inspections", "inspections"], ["visits", "survey-visits", "survey_visits"],
];

const mean = (value) => number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));

export async function render(context, show) {
  const { day } = context;
  const most = state.choice("days") === "30" ? 30 : 14;
  const from = daysBefore(day, most - 1);
  const own = FIGURES.filter(([, path]) => context.may(`get_${path.replaceAll("-", "_")}_figures`));
  const chosen = own.find(([name]) => name === state.choice("figure")) ?? own[0];
  const paths = [...new Set(own.map(([, path]) => path))];
  const days = Array.from({ length: most }, (_, index) => daysBefore(day, most - 1 - index));
  const read = (path, area) => getAllowed(`/v1/stats/${path}?from_on=${from}&to_on=${day}&by=day${area ? `&area_code=${area}` : ""}`);
  const parent = context.area ?? context.district;
  const [series, below] = await Promise.all([
    Promise.all(paths.map(async (path) => [path, context.told(await read(path, context.area))])),
    parent.length < 12 ? getAllowed(`/v1/stats/${chosen[1]}?from_on=${from}&to_on=${day}&by=area${context.scope}`) : null,
  ]);
  const all = new Map(series);
  const values = (found, figure) => days.map((_, index) => amountOf(found?.items[index]?.figures[figure]));
  const busy = (below?.items ?? []).filter((item) => item.key !== parent && amountOf(item.figures[chosen[2]]));
  const each = await Promise.all(busy.slice(0, 30).map(async (item) => [item, await read(chosen[1], item.key)]));
  const choose = element("div", { className: "filters" },
    choices(say("figure"), own.map(([name]) => [name, say(name)]), chosen[0], (figure) => go({ figure })),
    choices(say("period"), [["14", say("days14short")], ["30", say("days30short")]], String(most), (count) => go({ days: count })));
  const chart = await lines(days, [{ name: say(chosen[0]), values: values(all.get(chosen[1]), chosen[2]) }], { label: say(chosen[0]) });
  const overview = own.filter(([, path]) => all.get(path)).map(([name, path, figure]) => {
    const found = values(all.get(path), figure);
    const known = found.filter((value) => value !== null);
    return { className: name === chosen[0] ? "chosen" : "", cells: [button(say(name), () => go({ figure: name }), { className: "area" }), spark(days, found, say(name)), number(Math.round(found.at(-1) ?? 0)), number(Math.round(Math.max(0, ...known))), mean(known.reduce((sum, value) => sum + value, 0) / most)] };
  });
  const areas = each.map(([item, found]) => {
    const line = values(found, chosen[2]);
    const sum = line.reduce((total, value) => total + (value ?? 0), 0);
    return { sum, cells: [button(item.label, () => context.openArea(item.key), { className: "area" }), spark(days, line, item.label), number(Math.round(line.at(-1) ?? 0)), number(Math.round(sum))] };
  }).sort((one, other) => other.sum - one.sum);
  const period = `${dayText(from)} – ${dayText(day)}`;
  show(choose, element("div", { className: "columns" },
    panel(`${say(chosen[0])} · ${period}`, { full: true, id: "trend" }, chart),
    panel(say("allFigures"), { wide: true }, table([say("figure"), say("days"), { text: dayText(day), numeric: true }, { text: say("most"), numeric: true }, { text: say("mean"), numeric: true }], overview, { caption: say("allFigures"), cards: false })),
    panel(`${say("areas")} · ${say(chosen[0])}`, {}, areas.length ? table([say("area"), say("days"), { text: dayText(day), numeric: true }, { text: say("sum"), numeric: true }], areas, { caption: say("areas"), cards: false }) : empty())));
}
