// The row of figures: each with its like of the day before, or what was expected.
import { element, linked, replace, shown } from "./dom.js";
import { number, say } from "./texts.js";

function against(figure) {
  const now = figure?.value ?? (figure?.amount === null ? null : Number(figure?.amount));
  const before = figure?.previous ?? (figure?.previous_amount === null ? null : Number(figure?.previous_amount));
  if (now === null || before === null || now === undefined || before === undefined) return null;
  const difference = Math.round(now - before);
  const sign = difference > 0 ? "▲" : difference < 0 ? "▼" : "＝";
  return element("small", { textContent: `${say("before")} ${sign}${difference === 0 ? "" : number(Math.abs(difference))}` });
}

function tile(name, content, ...more) {
  return element("article", { className: "tile", id: `tile-${name}` }, element("h2", { textContent: say(name) }), element("p", { className: "big" }, content), ...more);
}

function counted(name, statistics, figure, tone = "") {
  const found = statistics?.total?.[figure];
  if (!statistics || !found) return tile(name, "–", element("small", { textContent: statistics ? say("none") : say("noRight") }));
  const article = tile(name, linked(found, say(name)), against(found));
  if (tone && found.value) article.classList.add(tone);
  return article;
}

// Done of expected, over the kinds of duties named.
function completed(name, completeness, kinds) {
  if (!completeness) return tile(name, "–", element("small", { textContent: say("noRight") }));
  const lines = completeness.items.filter((item) => kinds.includes(item.key));
  const sum = (field) => lines.reduce((total, line) => total + line[field], 0);
  const expected = sum("expected") - sum("waived");
  if (expected === 0) return tile(name, "–", element("small", { textContent: say("nothingDue") }));
  const meter = element("meter", { min: 0, max: expected, value: sum("done"), title: `${sum("done")} / ${expected}` });
  const missed = sum("missed");
  const note = element("small", { textContent: missed ? say("missedCount", { count: number(missed) }) : "" });
  const article = tile(name, element("span", {}, `${number(sum("done"))} `, element("span", { className: "of", textContent: say("of", { expected: number(expected) }) })), meter, note);
  if (missed) article.classList.add("warn");
  return article;
}

export function tiles({ screenings, readings, completeness, disinfections, publicity, inspections }) {
  replace(
    "tiles",
    counted("screened", screenings, "screened"),
    counted("persons", screenings, "persons"),
    counted("abnormal", screenings, "abnormal", "alarm"),
    counted("fevers", readings, "fevers", "alarm"),
    completed("readings", completeness, ["am_reading", "pm_reading"]),
    completed("stores", completeness, ["supply_report"]),
    completed("shifts", completeness, ["shift_attendance", "manned_post", "shift_filling"]),
    counted("disinfected", disinfections, "disinfected_area_m2"),
    counted("households", publicity, "households_reached"),
    counted("inspections", inspections, "inspections"),
  );
}

// Cases by state, as bars.
export function states(cases) {
  if (!cases) return replace("states", element("p", { className: "empty", textContent: say("noRight") }));
  const names = cases.catalogue.filter(({ name }) => !["persons", "isolation_cases"].includes(name));
  const known = names.map((entry) => ({ ...entry, figure: cases.total[entry.name] })).filter(({ figure }) => figure.value || figure.suppressed);
  if (known.length === 0) return replace("states", element("p", { className: "empty", textContent: say("none") }));
  const most = Math.max(...known.map(({ figure }) => figure.value ?? 1));
  const rows = known.map(({ label, figure }) => {
    const bar = element("meter", { min: 0, max: most, value: figure.value ?? 0, title: `${label} ${shown(figure)}` });
    return element("li", {}, element("span", { textContent: label }), bar, element("span", { className: "numeric" }, linked(figure, label)));
  });
  replace("states", element("ul", { className: "bars" }, ...rows));
}
