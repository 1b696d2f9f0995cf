// Stocks: what lies where, against what should lie there.
import { getAllowed } from "../api.js";
import { element, empty, meter, panel, small, table } from "../dom.js";
import { link, linked, unit } from "../figures.js";
import { learn, nameOf } from "../names.js";
import { number, say } from "../texts.js";
import { commodities } from "../words.js";

export async function render(context, show) {
  const { day, scope } = context;
  const [found, moved, names] = await Promise.all([getAllowed(`/v1/stocks?on=${day}${scope}`), getAllowed(`/v1/stats/stock-movements?from_on=${day}&to_on=${day}${scope}`), commodities(context.district)]);
  context.told(found);
  const items = found?.items ?? [];
  await learn("places", items.map((item) => item.place_id));
  const row = (item) => [names.get(item.commodity) ?? item.commodity, nameOf("places", item.place_id) ?? "–", element("span", {}, link(number(Number(item.quantity)), item.movements_url, names.get(item.commodity) ?? item.commodity), small(` ${unit(item.unit)}`))];
  const target = (item) => {
    const [have, want] = [Number(item.stock ?? 0), Number(item.quantity)];
    return [item.name, `${number(have)} / ${number(want)} ${unit(item.unit)}`, meter(have, want, `${item.name} ${number(have)} / ${number(want)}`, have < want ? "warn" : "")];
  };
  show(element("div", { className: "columns" },
    panel(say("stocksAt"), { wide: true, id: "stocks" }, items.length ? table([say("commodity"), say("place"), { text: say("quantity"), numeric: true }], items.map(row), { caption: say("stocksAt") }) : empty()),
    moved && panel(say("movedOnDay"), {}, element("p", { className: "big" }, linked(moved.total.stock_movements, say("movedOnDay")))),
    found?.targets.length ? panel(say("stockTargets"), { full: true }, table([say("field_name"), { text: say("quantity"), numeric: true }, say("share")], found.targets.map(target), { caption: say("stockTargets") })) : null));
}
