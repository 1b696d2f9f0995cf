// Small pieces of the page.
import { number, say } from "./texts.js";

export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function replace(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}

// A figure as text: a count, an amount, or that it is hidden.
export function shown(figure) {
  if (!figure) return "–";
  if (figure.value === null && figure.amount === null) return figure.suppressed ? say("hidden") : "–";
  const text = figure.value !== null ? number(figure.value) : number(Math.round(Number(figure.amount)));
  return figure.suppressed ? `≥ ${text}` : text;
}

// A figure that opens the records behind it, where the caller may read them.
export function linked(figure, label) {
  const text = shown(figure);
  if (!figure?.records_url || !(figure.value || Number(figure.amount))) return document.createTextNode(text);
  const button = element("button", { type: "button", className: "figure", textContent: text, title: label });
  button.addEventListener("click", () => document.dispatchEvent(new CustomEvent("records", { detail: { url: figure.records_url, label } })));
  return button;
}

// A table of rows of cells; a cell is a text, a node, or {text, numeric: true}.
export function table(headers, rows) {
  const head = element("tr", {}, ...headers.map((header) => element("th", { scope: "col", textContent: header.text ?? header, className: header.numeric ? "numeric" : "" })));
  const cell = (content, index) => element("td", { className: headers[index].numeric ? "numeric" : "" }, content);
  const body = rows.map((row) => element("tr", {}, ...row.map(cell)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

export const empty = (text = say("none")) => element("p", { className: "empty", textContent: text });
