// Screenings by hour: bars for all, a line for the abnormal ones; the same as a table for those who can't see it.
import { element, replace, shown, table } from "./dom.js";
import { say } from "./texts.js";

let plot = null;
let watched = null;

export function hours(statistics, daily) {
  plot?.destroy();
  plot = null;
  watched?.disconnect();
  const series = statistics ?? daily;
  if (!series) return replace("hours", element("p", { className: "empty", textContent: say("noRight") }));
  const box = element("div", { className: "chart" });
  const labels = series.items.map((item) => (statistics ? item.label : item.key.slice(5)));
  const values = (name) => series.items.map((item) => item.figures[name]?.value ?? 0);
  const data = [labels.map((_, index) => index), values("screened"), values("abnormal").map((value) => value || null)];
  const rows = series.items.map((item, index) => [labels[index], shown(item.figures.screened), shown(item.figures.abnormal)]);
  const words = element("details", {}, element("summary", { textContent: say("asTable") }), table([say(statistics ? "hour" : "day"), { text: say("screened"), numeric: true }, { text: say("abnormal"), numeric: true }], rows));
  replace("hours", box, words);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `${say("hours")}: ${series.items.filter((item) => item.figures.screened?.value).map((item, index) => `${labels[index]} ${shown(item.figures.screened)}`).join(", ")}`);
  const bars = uPlot.paths.bars({ size: [0.7, 48] });
  const size = () => ({ width: Math.max(240, box.clientWidth), height: 240 });
  const grid = { stroke: "#e3e0d6", width: 1 };
  plot = new uPlot({
    ...size(),
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (_, low, high) => [0, Math.max(4, high * 1.15)] }, few: { range: (_, low, high) => [0, Math.max(4, high * 1.15)] } },
    axes: [
      { grid: { show: false }, values: (_, splits) => splits.map((split) => (Number.isInteger(split) ? labels[split] ?? "" : "")), space: 46 },
      { grid, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000] },
    ],
    series: [
      { value: (_, index) => labels[index] ?? "–", label: say("hour") },
      { label: say("screened"), fill: "#2f7d63", stroke: "#2f7d63", paths: bars, points: { show: false } },
      { label: say("abnormal"), fill: "#b3261e", stroke: "#b3261e", paths: bars, points: { show: false } },
    ],
    cursor: { drag: { x: false, y: false } },
    legend: { live: false },
  }, data, box);
  watched = new ResizeObserver(() => plot?.setSize(size()));
  watched.observe(box);
}
