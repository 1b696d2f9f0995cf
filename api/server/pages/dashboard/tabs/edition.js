// A bulletin as it reads: paragraphs whose figures lead to their records, and the figures with what they were counted
// from.
import { element, small, table } from "../dom.js";
import { link } from "../figures.js";
import { number, say } from "../texts.js";

const exact = (figure) => (figure.value ?? null) !== null ? number(figure.value) : (figure.amount ?? null) !== null ? number(Number(figure.amount)) : "–";

export function paragraphs(bulletin) {
  const byKey = new Map(bulletin.figures.map((figure) => [figure.key, figure]));
  const part = ({ text, figure: key }) => {
    const figure = byKey.get(key);
    return figure?.records_url ? link(text, figure.records_url, figure.label ?? key) : document.createTextNode(text);
  };
  return element("div", { className: "bulletin" }, bulletin.paragraphs.map((paragraph) => element("div", {},
    paragraph.heading ? element("h3", { textContent: paragraph.heading }) : null,
    element("p", {}, paragraph.parts?.length ? paragraph.parts.map(part) : paragraph.text))));
}

// What was said beside what was counted: 近600 and 596.
export function figures(bulletin) {
  const rows = bulletin.figures.map((figure) => [figure.label ?? figure.key, figure.said, link(`${exact(figure)} ${figure.unit ?? ""}`, figure.records_url, figure.label ?? figure.key)]);
  const left = bulletin.left_out?.length ? element("p", { className: "note", textContent: say("leftOut", { count: bulletin.left_out.length }) }) : null;
  return element("div", {}, table([say("figure"), say("said"), { text: say("counted"), numeric: true }], rows, { caption: say("figures"), cards: false }), left);
}

// Figures of an edition that are counted otherwise now.
export function corrections(found) {
  if (!found || found.items.length === 0) return element("p", { className: "note", textContent: say("noCorrections") });
  const records = (item) => [["records_added", "+"], ["records_changed", "~"], ["records_removed", "−"]].map(([name, sign]) => (item[name]?.length ? `${sign}${item[name].length}` : null)).filter(Boolean).join(" ");
  const rows = found.items.map((item) => [item.label ?? item.key, item.was, item.is, `${item.said} → ${item.would_say}`, records(item)]);
  return element("div", {}, table([say("figure"), { text: say("was"), numeric: true }, { text: say("is"), numeric: true }, say("said"), say("records")], rows, { caption: say("corrections") }), small(say("correctionsNote")));
}
