// Elements from words. Nothing is ever set as markup: what the document says stays text.

/** An element; attributes that are false or absent are left out, children that are absent, too. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false && child !== ""));
  return element;
}

/** A text in which `what stands between such marks` is code. */
export function prose(text) {
  return String(text ?? "").split("`").map((part, place) => (place % 2 ? h("code", {}, part) : part));
}

/** A table with these heads; none where there are no rows. */
export function table(heads, rows, attributes = {}) {
  if (rows.length === 0) return null;
  const head = h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text))));
  const cells = (row) => h("tr", {}, row.map((cell) => h("td", {}, cell)));
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": heads[0] }, h("table", attributes, head, h("tbody", {}, rows.map(cells))));
}

/** Something that is drawn when it is opened first. */
export function later(summary, draw, open = false) {
  const details = h("details", {}, h("summary", {}, summary));
  let drawn = false;
  const show = () => {
    if (drawn || !details.open) return;
    drawn = true;
    details.append(...[draw()].flat(Infinity).filter(Boolean));
  };
  details.addEventListener("toggle", show);
  details.open = open;
  show();
  return details;
}

/** A value as JSON, as a block. */
export const json = (value, label) => block(JSON.stringify(value, null, 2), label);

/** A block of code; it scrolls, so it can be reached by keys. */
export const block = (text, label) => h("pre", { tabindex: 0, role: "group", "aria-label": label }, h("code", {}, text));
