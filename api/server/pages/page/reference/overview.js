// Pages beside those of operations: the overview, a tag, a shape, codes, and what was found.
import { h, json, prose, table } from "./dom.js";
import { find, namedIn } from "./model.js";
import { line } from "./operation.js";
import { fields, type } from "./shapes.js";
import { about, called, label, say, tagName, title } from "./words.js";

export function contents(known, current) {
  const link = (href, text) => h("li", {}, h("a", { href, "aria-current": href === current && "page" }, text));
  return [
    h("ul", {}, link("#/", say("overview")), link("#/roles", say("rights")), link("#/codes", say("codes")), link("/docs/", say("try")), link("/openapi.json", say("document"))),
    known.chapters.map((chapter) => [
      h("h2", {}, title(chapter.name)),
      h("ul", {}, chapter.tags.map((tag) => link(`#/tag/${tag.name}`, tagName(tag)))),
    ]),
  ];
}

export function overview(known) {
  const { info, components } = known.document;
  return [
    h("h1", {}, `${info.title} · ${info.version}`),
    h("p", {}, prose(info.summary)),
    h("p", {}, prose(info.description)),
    h("p", {}, prose(components.securitySchemes.bearer.description)),
    h("p", {}, `${known.operations.length} ${say("operations")}`),
    known.chapters.map((chapter) => [
      h("h2", {}, title(chapter.name)),
      table([say("chapters"), say("about")], chapter.tags.map((tag) => [h("a", { href: `#/tag/${tag.name}` }, tagName(tag)), prose(about(tag.description ?? ""))])),
    ]),
  ];
}

export const tagPage = (known, tag) => [
  h("h1", {}, tagName(tag)),
  h("p", {}, prose(about(tag.description ?? ""))),
  tag.operations.map((operation) => line(known, operation)),
];

export function shapePage(known, name) {
  const shape = known.schemas[name];
  // Shapes that name it, and theirs, until an operation does.
  const naming = new Set([name]);
  for (let before = 0; before < naming.size;) {
    before = naming.size;
    for (const [other, { ...its }] of Object.entries(known.schemas)) if ([...namedIn(its)].some((one) => naming.has(one))) naming.add(other);
  }
  const direct = known.operations.filter((operation) => namedIn(operation).has(name));
  const using = direct.length ? direct : known.operations.filter((operation) => [...namedIn(operation)].some((one) => naming.has(one)));
  return [
    h("p", { class: "soft" }, say("shape")),
    h("h1", {}, name),
    h("p", {}, prose(shape.description)),
    fields(known, shape) ?? h("p", {}, type(shape)),
    h("h2", {}, say("usedBy")),
    using.map((operation) => line(known, operation)),
  ];
}

export function codesPage(known, chosen) {
  const all = known.codes;
  const one = all.find((entry) => entry.code === chosen);
  if (one) {
    return [h("h1", {}, `${one.status} `, h("code", {}, one.code)), h("p", {}, prose(one.meaning)), h("h2", {}, say("raised")), one.operations.map((operation) => line(known, operation))];
  }
  return [
    h("h1", {}, say("codes")),
    table([say("status"), say("code"), say("meaning")], all.map((entry) => [entry.status, h("a", { href: `#/codes/${entry.code}` }, h("code", {}, entry.code)), prose(entry.meaning)])),
    h("h2", {}, say("example")),
    json(Object.values(known.responses.unprocessable?.content?.["application/problem+json"]?.examples ?? {})[0]?.value ?? {}, say("example")),
  ];
}

const MOST = 60;

export function searchPage(known, query) {
  const found = find(known, query, (operation) => called(operation, known.tags.get(operation.tag)?.kindLabel));
  const count = found.operations.length + found.fields.length + found.codes.length;
  const shape = (name) => h("a", { href: `#/shape/${name}` }, name);
  return [
    h("h1", {}, query),
    h("p", { class: "soft", role: "status" }, count ? `${count} ${say("found")}` : say("nothing")),
    found.operations.slice(0, MOST).map(({ operation }) => line(known, operation)),
    table([say("code"), say("meaning")], found.codes.slice(0, MOST).map((one) => [h("a", { href: `#/codes/${one.code}` }, h("code", {}, one.code)), prose(one.meaning)])),
    table([say("field"), say("shape"), say("about")], found.fields.slice(0, MOST).map((one) => [h("code", {}, one.field), shape(one.schema), [h("strong", {}, `${label(one.shape.title ?? one.shape["x-label"])} `), prose(one.shape.description)]])),
  ];
}
