// Small pieces of the page. Styles are classes and the sizes of SVG: the page's policy allows nothing inline.
import { say } from "./texts.js";

export function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("aria-") || key === "role" || key.startsWith("data-")) node.setAttribute(key, value);
    else node[key] = value;
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function drawn(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.flat().filter(Boolean));
  return node;
}

export const byId = (id) => document.getElementById(id);
export const button = (text, onclick, properties = {}) => element("button", { type: "button", textContent: text, onclick, ...properties });
export const empty = (text = say("none")) => element("p", { className: "empty", textContent: text });
export const small = (text, className = "") => element("small", { textContent: text, className });

// A panel with a heading; `more` stands beside the heading.
export function panel(title, { wide = false, full = false, more = null, id = null, note = null } = {}, ...children) {
  const heading = element("div", { className: "panel-head" }, element("h2", { textContent: title }), more);
  const node = element("section", { className: `panel${wide ? " wide" : ""}${full ? " full" : ""}` }, heading, note && element("p", { className: "note", textContent: note }), ...children);
  node.setAttribute("aria-label", title);
  if (id) node.id = id;
  return node;
}

// A table of rows of cells; a cell is a text or a node, a header a text or {text, numeric}. On a phone each row
// becomes a card, which is why the cells carry their headers.
export function table(headers, rows, { caption = null, cards = true } = {}) {
  const told = headers.map((header) => (typeof header === "string" ? { text: header } : header));
  const head = element("tr", {}, told.map(({ text, numeric }) => element("th", { scope: "col", textContent: text, className: numeric ? "numeric" : "" })));
  const cell = (content, index) => {
    const { text, numeric } = told[index];
    const blank = index > 0 && (content === "–" || content === null || content === undefined);
    return element(index === 0 ? "th" : "td", { className: `${numeric ? "numeric" : ""}${blank ? " blank" : ""}`, "data-label": text, ...(index === 0 ? { scope: "row" } : {}) }, content ?? "–");
  };
  const body = rows.map((row) => element("tr", { className: row.className ?? "" }, (row.cells ?? row).map(cell)));
  const made = element("table", { className: cards ? "cards" : "" }, caption && element("caption", { textContent: caption, className: "hidden" }), element("thead", {}, head), element("tbody", {}, body));
  return scrolled(made, caption ?? told[0].text);
}

// What may be wider than its place can be scrolled by keyboard as well.
export function scrolled(node, label) {
  return element("div", { className: "scroll", tabIndex: 0, role: "group", "aria-label": label }, node);
}

// A choice among a few words, which goes to the address.
export function choices(label, options, chosen, onchange) {
  const list = options.map(([value, text]) => element("option", { value, textContent: text, selected: value === (chosen ?? "") }));
  return element("label", { className: "choice" }, `${label} `, element("select", { onchange: ({ target }) => onchange(target.value) }, list));
}

// A bar of how much of something is done; told in words beside it.
export function meter(value, most, label, tone = "") {
  const share = most > 0 ? Math.max(0, Math.min(100, (100 * value) / most)) : 0;
  const svg = drawn("svg", { class: `meter ${tone}`, viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": label });
  svg.append(drawn("rect", { class: "meter-all", width: 100, height: 6 }), drawn("rect", { class: "meter-part", width: share, height: 6 }));
  return svg;
}

// A button that says whether its choice is made; its key finds it again when it was drawn anew.
export function pressed(key, is, onclick, ...content) {
  return element("button", { type: "button", className: "pressed", onclick, "aria-pressed": String(is), "data-key": key }, content);
}

// Draws, and gives the focus back to the button that had it: whoever uses a keyboard stays where he is.
export function keepingFocus(draw) {
  const key = document.activeElement?.dataset.key;
  draw();
  if (key) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
