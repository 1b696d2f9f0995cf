// Shapes: what a field is, in a line; what an object has, as a table whose rows open.
import { h, later, prose, table } from "./dom.js";
import { at, refName } from "./model.js";
import { label, say } from "./words.js";

const WORDS_SHOWN = 8;

/** The shape without the null that it may be. */
function bare(shape) {
  const others = (shape.oneOf ?? []).filter((one) => one.type !== "null");
  return others.length === 1 ? { ...others[0], description: shape.description } : shape;
}

const kinds = (shape) => [shape.type ?? []].flat().filter((name) => name !== "null");

function bounds(shape) {
  const [least, most] = [shape.minimum, shape.maximum];
  const range = most !== undefined && most < 2 ** 53 ? ` ${least ?? ""}…${most}` : least !== undefined && least !== 0 ? ` ≥ ${least}` : "";
  const length = shape.maxLength && !shape.format && !shape.enum ? ` ≤ ${shape.maxLength}` : "";
  const items = shape.maxItems ? ` ≤ ${shape.maxItems}` : "";
  return range + length + items;
}

/** What it is, in a line: nodes. */
export function type(given) {
  const shape = bare(given);
  if (shape.$ref) return [h("a", { href: `#/shape/${refName(shape.$ref)}` }, refName(shape.$ref))];
  if (shape.enum) return ["string", words(shape.enum.filter((word) => word !== null))];
  if (shape.items) return ["[ ", type(shape.items), ` ]${bounds(shape)}`];
  return [`${kinds(shape).join(" | ") || "object"}${shape.format ? ` (${shape.format})` : ""}${bounds(shape)}`];
}

function words(all) {
  const shown = () => h("span", { class: "words" }, all.map((word) => h("code", {}, String(word))));
  return all.length > WORDS_SHOWN ? later(`${all.length} ${say("words")}`, shown) : shown();
}

/** The members of a shape, those that it takes over from others among them. */
export function members(known, given) {
  const shape = bare(given);
  if (shape.$ref) return members(known, at(known.document, shape.$ref));
  if (shape.items) return members(known, shape.items);
  const own = { properties: shape.properties ?? {}, required: shape.required ?? [] };
  for (const part of shape.allOf ?? []) {
    const { properties, required } = members(known, part);
    own.properties = { ...properties, ...own.properties };
    own.required = [...required, ...own.required];
  }
  return own;
}

/** A shape as a table of its fields. Those that have fields themselves open. */
export function fields(known, shape) {
  const { properties, required } = members(known, shape);
  const rows = Object.entries(properties).sort(([one], [other]) => required.includes(other) - required.includes(one));
  return table([say("field"), say("type"), say("about")], rows.map(([name, field]) => {
    const inner = () => later(say("fields"), () => fields(known, field));
    const named = label(field.title ?? field["x-label"]);
    return [
      [h("code", {}, name), required.includes(name) && h("div", { class: "needed" }, say("required"))],
      type(field),
      [named && h("strong", {}, `${named} `), prose(field.description), Object.keys(members(known, field).properties).length > 0 && inner()],
    ];
  }));
}
