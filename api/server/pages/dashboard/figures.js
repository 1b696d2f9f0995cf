// Figures as text, as lines, and as the way to their records.
import { button, drawn, element } from "./dom.js";
import { go } from "./state.js";
import { number, say, tag } from "./texts.js";

// A figure's number; null where it is hidden or isn't one.
export const amountOf = (figure) => (figure?.value ?? null) !== null ? figure.value : (figure?.amount ?? null) !== null ? Number(figure.amount) : null;
export const previousOf = (figure) => (figure?.previous ?? null) !== null ? figure.previous : (figure?.previous_amount ?? null) !== null ? Number(figure.previous_amount) : null;

export function shown(figure) {
  if (!figure) return "–";
  const amount = amountOf(figure);
  if (amount === null) return figure.suppressed ? say("hidden") : "–";
  const text = number(figure.amount ? Math.round(amount) : amount);
  return figure.suppressed ? `≥ ${text}` : text;
}

// The records behind something, in the address: what it is, and the list of it.
export const openRecords = (url, label) => go({ drill: `${label}|${url}` });

export function linked(figure, label) {
  if (!figure?.records_url || !amountOf(figure)) return document.createTextNode(shown(figure));
  return link(shown(figure), figure.records_url, label);
}

export function link(text, url, label) {
  if (!url) return document.createTextNode(text);
  return button(text, () => openRecords(url, label), { className: "figure", "aria-label": `${label} ${text}: ${say("openRecords")}`, "data-url": url });
}

export function against(figure) {
  const [now, before] = [amountOf(figure), previousOf(figure)];
  if (now === null || before === null) return null;
  const difference = Math.round(now - before);
  const sign = difference > 0 ? "▲" : difference < 0 ? "▼" : "＝";
  return element("small", { textContent: `${say("before")} ${sign}${difference === 0 ? "" : number(Math.abs(difference))}` });
}

// Days as a small line, the last one marked. Its words are the first, the most and the last.
export function spark(days, values, label) {
  const known = values.map((value) => value ?? 0);
  if (known.length < 2 || known.every((value) => value === 0)) return element("span", { className: "spark none" });
  const [width, height, most] = [120, 28, Math.max(...known, 1)];
  const x = (index) => 2 + (index * (width - 4)) / (known.length - 1);
  const y = (value) => height - 3 - (value * (height - 6)) / most;
  const line = known.map((value, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const last = known.length - 1;
  const words = `${label}: ${days[0].slice(5)} ${number(known[0])}, ${say("most")} ${number(most)}, ${days[last].slice(5)} ${number(known[last])}`;
  return drawn("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
    drawn("path", { class: "spark-area", d: `${line}L${x(last)} ${height}L${x(0)} ${height}Z` }),
    drawn("path", { class: "spark-line", d: line }),
    drawn("path", { class: "spark-end", d: `M${x(last)} ${y(known[last])}h0.01` }));
}

const UNITS = {
  zh: { CNY: "元", kg: "千克", L: "升", box: "盒", bottle: "瓶", item: "件", piece: "个", pair: "双", t: "吨", set: "套", bag: "袋", m2: "平方米", g: "克", mL: "毫升", can: "罐", roll: "卷", sheet: "张", barrel: "桶", pack: "包", person: "人", times: "次" },
  en: { CNY: "CNY", item: "pcs", t: "t" },
};

// A unit in the reader's language: 元/瓶, CNY/bottle.
export function unit(code) {
  const words = UNITS[tag() === "en" ? "en" : "zh"];
  return (code ?? "").split("/").map((part) => words[part] ?? part).join("/");
}
