// Records told for people: when, where, whom it is about, what it says, who wrote it.
import { button, element, small, table } from "./dom.js";
import { areaName, nameOf } from "./names.js";
import { go } from "./state.js";
import { moment, say } from "./texts.js";
import { KINDS, otherwise } from "./tell-kinds.js";

// The service's own work is signed with this id.
const SERVICE = "00000000-0000-0000-0000-000000000000";

export function content(record, word) {
  const parts = (KINDS[record.kind] ?? otherwise)(record, word).filter((part) => part && part[0]);
  const nodes = parts.flatMap((part, index) => {
    const [text, tone] = typeof part === "string" ? [part, ""] : part;
    return [index ? " · " : "", tone ? element("span", { className: tone, textContent: text }) : String(text)];
  });
  if (record.voided_at) nodes.unshift(element("span", { className: "bad", textContent: `${say("voided")} · ` }));
  if (record.note) nodes.push(small(` ${record.note}`));
  return element("span", {}, nodes);
}

export const placeOf = (record) => [nameOf("places", record.place_id), areaName(record.area_code)].filter(Boolean);
export function subjectOf(record) {
  if (["places", "organizations"].includes(record.kind)) return record.name;
  return nameOf(record.kind, record.id) ?? (record.subject_kind ? nameOf(record.subject_kind, record.subject_id) : null) ?? record.name ?? null;
}
export function author(record) {
  const name = record.source === "system" ? say("byService") : record.recorded_by === SERVICE ? say("byService") : nameOf("users", record.recorded_by);
  return { name: name ?? "–", at: record.recorded_at };
}

export const openRecord = (record) => go({ drill: `|/v1/${record.kind.replaceAll("_", "-")}/${record.id}` });

export function records(items, word, caption) {
  const row = (record) => {
    const [place, area] = placeOf(record).length === 2 ? placeOf(record) : [null, placeOf(record)[0]];
    const { name, at } = author(record);
    return [
      button(moment(record.occurred_at), () => openRecord(record), { className: "figure", "aria-label": `${moment(record.occurred_at)} ${say("openRecord")}` }),
      element("span", {}, place ?? area, place ? small(` ${area}`) : null),
      subjectOf(record) ?? "–",
      content(record, word),
      element("span", {}, name, small(` ${moment(at)}`)),
    ];
  };
  return table([say("at"), say("where"), say("about"), say("details"), say("writtenBy")], items.map(row), { caption });
}
