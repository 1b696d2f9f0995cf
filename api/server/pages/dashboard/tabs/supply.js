// Supply and prices: what each commodity costs and how long it lasts, one of them over days, and the stores that have
// not reported.
import { getAllowed } from "../api.js";
import { lines } from "../charts.js";
import { button, choices, element, empty, panel, small, table } from "../dom.js";
import { link, openRecords, unit } from "../figures.js";
import { daysBefore, go, state } from "../state.js";
import { dayText, moment, number, percent, say, since } from "../texts.js";
import { commodities } from "../words.js";

const STRONG = 0.05;
const LOW_DAYS = 3;

const money = (text) => (text === null || text === undefined ? "–" : Number(text).toFixed(2));

function change(item) {
  if (item.change_rate === null || item.change_rate === undefined) return "–";
  const rate = Number(item.change_rate);
  return element("span", { className: rate >= STRONG ? "up strong" : rate > 0 ? "up" : rate < 0 ? "down" : "", textContent: percent(rate) });
}

function goods(prices, supply, names) {
  const stock = new Map((supply?.items ?? []).filter((item) => !item.place_id && !item.area_code).map((item) => [item.commodity, item]));
  const priced = new Map((prices?.items ?? []).filter((item) => !item.area_code).map((item) => [item.commodity, item]));
  const codes = [...new Set([...priced.keys(), ...stock.keys()])];
  const row = (code) => {
    const [price, held] = [priced.get(code), stock.get(code)];
    const low = held?.low_stock || (held?.stock_days && Number(held.stock_days) < LOW_DAYS);
    const name = names.get(code) ?? code;
    return { className: code === state.choice("commodity") ? "chosen" : "", cells: [
      button(name, () => go({ commodity: code }), { className: "area" }),
      price ? element("span", {}, link(money(price.median), price.reports_url, `${name} ${say("median")}`), small(` ${unit(price.unit)}`)) : "–",
      price ? change(price) : "–", price ? `${money(price.min)}–${money(price.max)}` : "–",
      held ? element("span", {}, number(Number(held.sold)), small(` ${unit(held.unit)}`)) : "–",
      held ? element("span", {}, number(Number(held.closing_stock)), small(` ${unit(held.unit)}`)) : "–",
      held?.stock_days ? element("span", { className: low ? "bad" : "", textContent: held.stock_days }) : "–"] };
  };
  if (codes.length === 0) return empty(say("noReports"));
  return table([say("commodity"), { text: say("median"), numeric: true }, { text: say("change"), numeric: true }, { text: say("span"), numeric: true }, { text: say("sold"), numeric: true }, { text: say("closingStock"), numeric: true }, { text: say("stockDays"), numeric: true }], codes.map(row), { caption: say("goods") });
}

function stores(supply, context) {
  const told = element("p", { className: "lead" }, say("doneOf", { done: number(supply.received), expected: number(supply.expected) }), supply.zero ? small(` ${say("zeroReports", { count: supply.zero })}`) : null);
  const row = (store) => [button(store.name, () => openRecords(`/v1/duties?duty_kind=supply_report&subject_id=${store.place_id}`, store.name), { className: "area" }), element("span", { className: store.state === "missed" ? "bad" : "", textContent: say(store.state === "missed" ? "missedShort" : "open") }), element("span", {}, moment(store.due_at), small(` ${since(store.due_at, context.until)}`))];
  return [told, supply.missing.length ? table([say("store"), say("state"), say("missingSince")], supply.missing.map(row), { caption: say("storesMissing") }) : empty(say("allReported"))];
}

async function line(code, prices, context, names) {
  const count = state.choice("days") === "30" ? 30 : 14;
  const days = Array.from({ length: count }, (_, index) => daysBefore(context.day, count - 1 - index));
  const found = await getAllowed(`/v1/stats/prices?from_on=${days[0]}&to_on=${context.day}&commodity=${encodeURIComponent(code)}${context.scope}`);
  const items = (found?.items ?? []).filter((item) => !item.area_code || item.area_code === context.area);
  const value = (member) => days.map((day) => { const item = items.find(({ on }) => on === day); return item?.[member] ? Number(item[member]) : null; });
  const chart = await lines(days, ["median", "min", "max"].map((member) => ({ name: say(member), values: value(member) })), { label: names.get(code) ?? code, floor: null, digits: 2 });
  const choose = choices(say("period"), [["14", say("days14short")], ["30", say("days30short")]], String(count), (period) => go({ days: period }));
  return panel(`${names.get(code) ?? code} · ${unit(items[0]?.unit ?? "")} · ${dayText(days[0])} – ${dayText(context.day)}`, { wide: true, id: "price-line", more: choose }, items.length ? chart : empty(say("noReports")));
}

export async function render(context, show) {
  const { day, scope } = context;
  const [prices, supply, names] = await Promise.all([getAllowed(`/v1/stats/prices?from_on=${day}&to_on=${day}${scope}`), getAllowed(`/v1/stats/supply?on=${day}${scope}`), commodities(context.district)]);
  context.told(supply);
  const most = [...(prices?.items ?? [])].filter((item) => !item.area_code).sort((one, other) => Math.abs(other.change_rate ?? 0) - Math.abs(one.change_rate ?? 0))[0];
  const code = state.choice("commodity") ?? most?.commodity ?? supply?.items[0]?.commodity;
  const chart = code && context.may("get_price_statistics") ? await line(code, prices, context, names) : null;
  show(element("div", { className: "columns" }, chart,
    supply && panel(say("storesMissing"), { id: "stores" }, ...stores(supply, context)),
    panel(say("goods"), { full: true, id: "goods" }, goods(prices, supply, names))));
}
