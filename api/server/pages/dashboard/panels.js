// Tables: the areas below, prices, what is missed, the records behind a figure.
import { get } from "./api.js";
import { element, empty, linked, replace, table } from "./dom.js";
import { say, tag } from "./texts.js";

export function path(trail, open) {
  const step = ({ code, name }, index) =>
    index === trail.length - 1
      ? element("strong", { textContent: name })
      : element("button", { type: "button", textContent: name, onclick: () => open(code) });
  const parts = trail.flatMap((area, index) => (index ? [" › ", step(area, index)] : [step(area, index)]));
  replace("path", ...parts);
}

export function areas(statistics, open) {
  if (!statistics) return replace("areas", empty(say("noRight")));
  if (statistics.items.length === 0) return replace("areas", empty());
  const people = statistics.catalogue.some(({ name }) => name === "persons");
  const columns = ["screened", ...(people ? ["persons"] : []), "abnormal"];
  const row = (item) => {
    const name = item.key && item.key.length <= 12 && item.key !== statistics.area_code
      ? element("button", { type: "button", className: "area", textContent: item.label, onclick: () => open(item.key) })
      : document.createTextNode(item.label);
    return [name, ...columns.map((column) => linked(item.figures[column], `${item.label} ${say(column)}`))];
  };
  const busy = (item) => item.figures.screened?.value ?? 0;
  const rows = [...statistics.items].sort((one, other) => busy(other) - busy(one)).map(row);
  replace("areas", table([say("area"), ...columns.map((column) => ({ text: say(column), numeric: true }))], rows));
}

export function prices(found, names) {
  if (!found) return replace("prices", empty(say("noRight")));
  const changed = found.items.filter((item) => item.change_rate !== null && !item.area_code);
  changed.sort((one, other) => Math.abs(other.change_rate) - Math.abs(one.change_rate));
  if (changed.length === 0) return replace("prices", empty());
  const percent = new Intl.NumberFormat(tag(), { style: "percent", minimumFractionDigits: 1, signDisplay: "exceptZero" });
  const row = (item) => {
    const rate = Number(item.change_rate);
    const tone = rate >= 0.05 ? "up strong" : rate > 0 ? "up" : rate < 0 ? "down" : "";
    return [names.get(item.commodity) ?? item.commodity, `${Number(item.median).toFixed(2)} ${tag() === "en" ? item.unit : item.unit.replace("CNY", "元").replace("/box", "/盒")}`, element("span", { className: tone, textContent: percent.format(rate) })];
  };
  replace("prices", table([say("commodity"), { text: say("median"), numeric: true }, { text: say("change"), numeric: true }], changed.slice(0, 10).map(row)));
}

export function missed(completeness) {
  if (!completeness) return replace("missed", empty(say("noRight")));
  const gaps = completeness.items.flatMap((item) => item.gaps.map((gap) => ({ ...gap, label: item.label ?? item.key })));
  if (gaps.length === 0) return replace("missed", empty(say("allDone")));
  gaps.sort((one, other) => one.due_at.localeCompare(other.due_at));
  const rows = gaps.map((gap) => [gap.label, gap.subject_name ?? "–", gap.area_name ?? gap.area_code, gap.org_name ?? "–", gap.due_at.slice(5, 16).replace("T", " ")]);
  const more = completeness.items.filter((item) => item.missed > item.gaps.length).map((item) =>
    element("button", { type: "button", textContent: `${item.label ?? item.key}: ${say("allMissed")} (${item.missed})`, onclick: () => records(item.missed_url, item.label ?? item.key) }));
  const count = (item) => element("li", { textContent: `${item.label ?? item.key} ${item.missed}` });
  const counts = element("ul", { className: "counts" }, ...completeness.items.filter((item) => item.missed > 0).map(count));
  replace("missed", counts, table([say("item"), say("subject"), say("where"), say("unit"), say("due")], rows), element("p", { className: "more" }, ...more));
}

// A record in words: its enumerated values by their labels, flags by name, a temperature with its unit.
async function describer() {
  const { items } = await get("/v1/vocabularies");
  const label = tag() === "en" ? "label_en" : "label_zh";
  const byName = new Map(items.map((vocabulary) => [vocabulary.name, new Map(vocabulary.words.map((word) => [word.code, word[label]]))]));
  const anywhere = (code) => [...byName.values()].map((words) => words.get(code)).find(Boolean);
  const word = (name, code) => byName.get(name)?.get(code) ?? (/^[a-z]+_[a-z_]+$/.test(code) ? anywhere(code) : undefined);
  return (record) => {
    const parts = [record.person?.name ?? record.name ?? record.title];
    for (const [name, value] of Object.entries(record)) {
      if (name === "temperature_c" && value) parts.push(`${value} ℃`);
      else if (name.endsWith("_m2") && value) parts.push(`${value} m²`);
      else if (value === true) parts.push(say(`flag_${name}`, {}));
      else if (Array.isArray(value)) parts.push(...value.filter((code) => typeof code === "string" && code !== "none").map((code) => word(name, code)));
      else if (typeof value === "string" && name !== "kind" && name !== "source") parts.push(word(name, value));
    }
    return parts.filter((part) => part && !part.startsWith("flag_")).join(" · ");
  };
}

// The first records behind a figure, as the service masks them.
export async function records(url, label) {
  const dialog = document.getElementById("records");
  const [found, describe] = await Promise.all([get(`${url}&limit=50`), describer()]);
  document.getElementById("records-title").textContent = say("records", { label, count: found.items.length });
  const codes = [...new Set(found.items.map((record) => record.area_code))];
  const names = new Map(await Promise.all(codes.map(async (code) => [code, (await get(`/v1/divisions/${code}`)).name])));
  const rows = found.items.map((record) => [record.occurred_at.slice(5, 16).replace("T", " "), names.get(record.area_code) ?? record.area_code, describe(record)]);
  replace("records-body", rows.length ? table([say("at"), say("area"), say("details")], rows) : empty());
  if (!dialog.open) dialog.showModal();
}
