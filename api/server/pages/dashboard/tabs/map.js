// Townships coloured by a figure: a cartogram of equal squares, or the shapes that the district loaded itself.
import { getAllowed, send } from "../api.js";
import { arranged } from "../cartogram.js";
import { choices, drawn, element, empty, panel, table } from "../dom.js";
import { amountOf, linked, shown } from "../figures.js";
import { shapes } from "../shapes.js";
import { go, state } from "../state.js";
import { number, say } from "../texts.js";
import { FIGURES } from "./trend.js";

// Five tones of one colour: light to dark, and text that can be read on each.
const TONES = 5;
const tone = (value, most) => (!value ? 0 : Math.max(1, Math.min(TONES, Math.ceil((TONES * value) / most))));

const MORE = [["missedShort", null, "missed"], ["observed", "isolation-cases", "under_observation"]];

async function values(context, [name, path, figure]) {
  const { day, scope } = context;
  if (!path) {
    const found = await getAllowed(`/v1/stats/completeness?by=area&from_on=${day}&to_on=${day}${scope}`);
    return context.told(found)?.items.map((item) => ({ key: item.key, label: item.label, figure: { value: item.missed, records_url: item.missed_url } })) ?? [];
  }
  const period = name === "observed" ? `cumulative=true&to_on=${day}` : `from_on=${day}&to_on=${day}`;
  const found = context.told(await getAllowed(`/v1/stats/${path}?${period}&by=area${scope}`));
  return found?.items.map((item) => ({ key: item.key, label: item.label, figure: item.figures[figure] })) ?? [];
}

function square(area, most, context) {
  const value = amountOf(area.figure) ?? 0;
  const [x, y] = [area.column * 104, area.row * 104];
  const level = tone(value, most);
  const open = () => context.openArea(area.key);
  return drawn("g", { class: `place tone-${level}`, tabindex: 0, role: "button", "aria-label": `${area.label} ${shown(area.figure)}` , "data-code": area.key },
    drawn("rect", { x, y, width: 100, height: 100, rx: 4 }),
    textAt(x + 50, y + 42, area.label, "place-name", area.label.length > 5 ? 15 : 18), textAt(x + 50, y + 74, shown(area.figure), "place-value", 24), keyed(open));
}

function textAt(x, y, text, className, size) {
  const node = drawn("text", { x, y, class: className, "text-anchor": "middle", "font-size": size });
  node.textContent = text;
  return node;
}

// A shape is a button: by click, Enter or space. Returns nothing to draw; the listener waits for its parent.
function keyed(open) {
  const mark = drawn("desc");
  queueMicrotask(() => {
    const node = mark.parentNode;
    node?.addEventListener("click", open);
    node?.addEventListener("keydown", (event) => { if (["Enter", " "].includes(event.key)) { event.preventDefault(); open(); } });
  });
  return mark;
}

function cartogram(areas, most, context) {
  const placed = arranged(context.district, areas);
  const extent = (axis) => Math.max(...placed.map((area) => area[axis])) + 1;
  return drawn("svg", { class: "map", viewBox: `-2 -2 ${extent("column") * 104} ${extent("row") * 104}`, role: "group", "aria-label": say("tab_map") }, placed.map((area) => square(area, most, context)));
}

function real(collection, areas, most, context) {
  const { made, width, height } = shapes(collection);
  const byCode = new Map(areas.map((area) => [area.key, area]));
  const size = Math.max(12, Math.min(22, width / 40));
  const node = ({ code, name, d, at }) => {
    const figure = byCode.get(code)?.figure;
    return drawn("g", { class: `place tone-${tone(amountOf(figure) ?? 0, most)}`, tabindex: 0, role: "button", "aria-label": `${name} ${shown(figure)}`, "data-code": code },
      drawn("path", { d, "fill-rule": "evenodd" }), textAt(at[0], at[1], name, "place-name", size), textAt(at[0], at[1] + size * 1.3, shown(figure), "place-value", size * 1.2), keyed(() => context.openArea(code)));
  };
  return drawn("svg", { class: "map", viewBox: `-4 -4 ${width + 8} ${height + 8}`, role: "group", "aria-label": say("tab_map") }, made.map(node));
}

// Loads a district's own shapes. The service checks them; what it finds is told with its place.
function loading(context) {
  if (!context.may("put_division_geometry")) return null;
  const told = element("p", { className: "note", role: "status" });
  const load = async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    if (file.size > 2 * 1024 * 1024) { told.textContent = say("tooLarge"); return; }
    try {
      const { features } = await send("PUT", `/v1/divisions/geometry?district_code=${context.district}`, JSON.parse(await file.text()));
      told.textContent = say("shapesLoaded", { count: features.length });
      go({ map: "shapes" }, { replace: true });
    } catch (problem) {
      told.textContent = problem instanceof SyntaxError ? say("noJson") : problem.message;
    }
  };
  return element("details", {}, element("summary", { textContent: say("loadShapes") }), element("p", { className: "note", textContent: say("loadShapesNote") }),
    element("label", {}, `${say("file")} `, element("input", { type: "file", accept: ".json,.geojson,application/geo+json,application/json", onchange: load, id: "shapes" })), told);
}

export async function render(context, show) {
  const own = [...FIGURES.filter(([, path]) => context.may(`get_${path.replaceAll("-", "_")}_figures`)), ...MORE.filter(([, path]) => context.may(path ? "get_isolation_cases_figures" : "get_completeness"))];
  const chosen = own.find(([name]) => name === state.choice("figure")) ?? own[0];
  const parent = context.area ?? context.district;
  const [found, collection] = await Promise.all([values(context, chosen), parent === context.district ? getAllowed(`/v1/divisions/geometry?district_code=${context.district}`) : null]);
  const areas = found.filter(({ key }) => key && key !== parent);
  const most = Math.max(1, ...areas.map(({ figure }) => amountOf(figure) ?? 0));
  const shaped = collection && state.choice("map") !== "squares";
  const picture = areas.length === 0 ? empty(say("noneBelow")) : shaped ? real(collection, areas, most, context) : cartogram(areas, most, context);
  const legend = element("ul", { className: "legend", "aria-label": say("legend") }, Array.from({ length: TONES + 1 }, (_, level) => {
    const bound = (step) => Math.floor((most * step) / TONES);
    const text = level === 0 ? "0" : `${number(Math.min(bound(level), bound(level - 1) + 1))}–${number(bound(level))}`;
    return level && bound(level) === bound(level - 1) ? null : element("li", {}, element("span", { className: `swatch tone-${level}` }), text);
  }));
  const sorted = [...areas].sort((one, other) => (amountOf(other.figure) ?? 0) - (amountOf(one.figure) ?? 0));
  show(element("div", { className: "filters" }, choices(say("figure"), own.map(([name]) => [name, say(name)]), chosen[0], (figure) => go({ figure })),
    collection ? choices(say("tab_map"), [["", say("ownShapes")], ["squares", say("squares")]], state.choice("map") === "squares" ? "squares" : "", (map) => go({ map })) : null),
  element("div", { className: "columns" },
    panel(say(chosen[0]), { wide: true, id: "map", note: shaped ? say("shapesNote") : say("squaresNote") }, picture, legend, loading(context)),
    panel(say("areas"), {}, table([say("area"), { text: say(chosen[0]), numeric: true }], sorted.map((area) => [area.label, linked(area.figure, `${area.label} ${say(chosen[0])}`)]), { caption: say("areas"), cards: false }))));
}
