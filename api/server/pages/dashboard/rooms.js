// What the tabs of the rooms share. A tab is parts, each of them one answer drawn as a panel, for whoever may ask for it.
import { getAllowed, getPage } from "./api.js";
import { button, element, empty, panel, table } from "./dom.js";
import { link, linked, openRecords } from "./figures.js";
import { learnAreas, learnRecords } from "./names.js";
import { number, say } from "./texts.js";
import { openRecord } from "./tell.js";
import { words } from "./words.js";

export const many = (name) => ({ text: say(name), numeric: true });

// A name that opens a list, a record or a sheet.
export const opens = (text, url, label = text) => (url ? button(text, () => openRecords(url, label), { className: "area" }) : text);
export const openOne = (text, record) => button(text, () => openRecord(record), { className: "area" });

// Draws the parts that the caller may ask for. `read` is an address, or gives the answer itself.
export async function room(context, show, parts) {
  const word = await words();
  const one = async ({ needs, read, draw }) => {
    if (!context.may(needs)) return null;
    const answer = await (typeof read === "string" ? getAllowed(read) : read());
    if (answer?.items) await learnAreas(answer.items.map((item) => item.area_code));
    return answer && draw(context.told(answer), word);
  };
  const drawn = (await Promise.all(parts.map(one))).flat().filter(Boolean);
  show(element("div", { className: "columns" }, drawn.length ? drawn : empty(say("noRight"))));
}

// A list as a panel: a table, or a word where there is nothing.
export function listed(title, headers, rows, { none = say("none"), full = true, lead = null, after = null, count = null, ...more } = {}) {
  const heading = count === null ? title : `${title} ${number(count)}`;
  return panel(heading, { full, ...more }, lead && element("p", { className: "lead" }, lead), rows.length ? table(headers, rows, { caption: title }) : empty(none), after);
}

// Records of a list with their names, and how many there are of them.
export async function page(url) {
  const found = await getPage(`${url}&count=exact`);
  await learnRecords(found.items);
  return found;
}

// More than the page shows is read where any list is.
export const rest = (found, url, title) => (found.next_cursor ? button(say("more", { shown: number(found.items.length), total: number(found.total) }), () => openRecords(url, title), { className: "more" }) : null);

// Figures of a kind, of the day and in all, each with its records. `sums` tells of which member a figure is the sum.
export function counted(context, kind, title, names, { sums = {}, ...options } = {}) {
  const path = `/v1/stats/${kind.replaceAll("_", "-")}`;
  const read = async () => {
    const [ofDay, all] = await Promise.all([getAllowed(`${path}?from_on=${context.day}&to_on=${context.day}${context.scope}`), getAllowed(`${path}?cumulative=true&to_on=${context.day}${context.scope}`)]);
    return ofDay && all && { ...ofDay, all: all.total };
  };
  const draw = (answer) => {
    const cell = (figure, name, label) => {
      const node = linked(figure, label);
      if (sums[name] && node.dataset) node.dataset.sum = sums[name];
      return node;
    };
    const known = answer.catalogue.filter(({ name }) => names.includes(name));
    const rows = known.map(({ name, label, unit }) => [`${label} (${unit})`, cell(answer.total[name], name, `${label} ${say("thisDay")}`), cell(answer.all[name], name, `${label} ${say("cumulative")}`)]);
    return listed(title, [title, many("thisDay"), many("cumulative")], rows, { full: false, id: kind, ...options });
  };
  return { needs: `get_${kind}_figures`, read, draw };
}

// How many records of a kind stand in each state now, each with its list.
export function inStates(context, kind, title, vocabulary, states) {
  const address = (status) => `/v1/${kind}?to_on=${context.day}&status=${status}${context.scope}`;
  const read = async () => ({ totals: await Promise.all(states.map(async (status) => (await getPage(`${address(status)}&limit=1&count=exact`)).total)) });
  const draw = ({ totals }, word) => listed(`${title} · ${say("statesToday")}`, [say("state"), many("records")], states.map((status, index) => {
    const label = `${title} ${word(vocabulary, status)}`;
    return [word(vocabulary, status), link(number(totals[index]), totals[index] ? address(status) : null, label)];
  }), { full: false, id: `${kind}-states` });
  return { needs: `list_${kind}`, read, draw };
}
