// Charts by uPlot, read when the first one is drawn. Each has the same as a table, for those who can't see it and on
// paper.
import { element, table } from "./dom.js";
import { amountOf, shown } from "./figures.js";
import { dayText, say } from "./texts.js";

const COLOURS = ["#2f6f5b", "#b3261e", "#31589c", "#8a5a00", "#6a4c93", "#00707a"];
let library = null;

function load() {
  const here = new URL("vendor/", import.meta.url);
  library ??= new Promise((done, failed) => {
    const style = element("link", { rel: "stylesheet", href: `${here}uplot-1.6.32.min.css` });
    document.head.append(style, element("script", { src: `${here}uplot-1.6.32.min.js`, onload: done, onerror: failed }));
  });
  return library;
}

const watching = new Map();
const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = watching.get(target);
    if (!target.isConnected) {
      plot?.destroy();
      watching.delete(target);
      watcher.unobserve(target);
    } else if (plot && target.clientWidth !== plot.width) plot.setSize({ width: Math.max(240, target.clientWidth), height: plot.height });
  }
});

// Draws into a box once it stands in the page: before that it has no width.
function place(options, data, label) {
  const box = element("div", { className: "chart", role: "img", "aria-label": label });
  const begin = () => {
    if (!box.isConnected) return;
    const plot = new uPlot({ ...options, width: Math.max(240, box.clientWidth) }, data, box);
    watching.set(box, plot);
    watcher.observe(box);
  };
  requestAnimationFrame(begin);
  return box;
}

const GRID = { stroke: "#e6e3da", width: 1 };
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000];

function options(labels, series, { height = 220, floor = 0, incrs = WHOLE, size = 46 } = {}) {
  const range = floor === null ? (_, low, high) => [low - (high - low || low * 0.02) * 0.2, high + (high - low || high * 0.02) * 0.2] : (_, low, high) => [0, Math.max(4, high * 1.12)];
  return {
    height,
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range } },
    axes: [
      { grid: { show: false }, stroke: "#4f5b56", font: "12px system-ui", values: (_, splits) => splits.map((split) => (Number.isInteger(split) ? labels[split] ?? "" : "")), space: 46 },
      { grid: GRID, stroke: "#4f5b56", font: "12px system-ui", incrs, size },
    ],
    series: [{ label: say("day") }, ...series],
    cursor: { drag: { x: false, y: false } },
    legend: { live: false, show: series.length > 1 },
  };
}

function asTable(heading, names, labels, rows) {
  return element("details", { className: "as-table" }, element("summary", { textContent: say("asTable") }),
    table([heading, ...names.map((text) => ({ text, numeric: true }))], rows.map((cells, index) => [labels[index], ...cells]), { cards: false, caption: say("asTable") }));
}

// Screenings by hour or day: bars for all, red ones for the abnormal.
export async function bars(statistics, by) {
  await load();
  const labels = statistics.items.map((item) => (by === "hour" ? item.label : dayText(item.key)));
  const values = (name) => statistics.items.map((item) => amountOf(item.figures[name]) ?? 0);
  const paths = uPlot.paths.bars({ size: [0.7, 46] });
  const told = [["screened", COLOURS[0]], ["abnormal", COLOURS[1]]];
  const data = [labels.map((_, index) => index), values("screened"), values("abnormal").map((value) => value || null)];
  const series = told.map(([name, colour]) => ({ label: say(name), fill: colour, stroke: colour, paths, points: { show: false } }));
  const words = statistics.items.map((item, index) => [labels[index], item.figures.screened]).filter(([, figure]) => figure?.value).map(([label, figure]) => `${label} ${shown(figure)}`).join(", ");
  const rows = statistics.items.map((item) => told.map(([name]) => shown(item.figures[name])));
  return element("div", {}, place(options(labels, series), data, `${say("screened")}: ${words}`), asTable(say(by), told.map(([name]) => say(name)), labels, rows));
}

// Lines over days: series are {name, values}. `floor: null` begins the scale where the values do.
export async function lines(days, series, { label, floor = 0, incrs, digits = 0, height = 240 } = {}) {
  await load();
  const labels = days.map(dayText);
  const drawn = series.map(({ name }, index) => ({ label: name, stroke: COLOURS[index % COLOURS.length], width: 2, points: { size: 5 } }));
  const data = [days.map((_, index) => index), ...series.map(({ values }) => values)];
  const text = (value) => (value === null || value === undefined ? "–" : Number(value).toFixed(digits));
  const words = series.map(({ name, values }) => `${name}: ${values.map((value, index) => `${labels[index]} ${text(value)}`).join(", ")}`).join("; ");
  const rows = days.map((_, index) => series.map(({ values }) => text(values[index])));
  return element("div", {}, place(options(labels, drawn, { floor, height, incrs: incrs ?? (floor === null ? [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, ...WHOLE] : WHOLE) }), data, `${label}: ${words}`), asTable(say("day"), series.map(({ name }) => name), labels, rows));
}
