// An operation on a page: who may, what it takes, what it answers, and the request as a command.
import { block, h, json, later, prose, table } from "./dom.js";
import { codesOf, refName } from "./model.js";
import { fields, type } from "./shapes.js";
import { called, either, label, say } from "./words.js";

/** An operation in a line. */
export const line = (known, operation) => h("div", { class: "line" },
  h("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()),
  h("a", { href: `#/operation/${operation.operationId}` }, called(operation, known.tags.get(operation.tag)?.kindLabel)),
  h("code", {}, operation.path));

export const roleName = (known, code) => {
  const role = known.roles.find((one) => one.code === code);
  return role ? either(role.en, role.zh) : code;
};

function who(known, operation) {
  const roles = operation["x-roles"];
  const scope = operation["x-key-scope"];
  const keys = operation.security?.length ? `${say("scope")} ${scope === undefined ? say("noScope") : scope === "any" ? say("anyScope") : scope}` : "";
  const people = operation.security?.length === 0 ? say("anybody")
    : roles ? roles.map((code) => roleName(known, code)).join(either(", ", "、")) : say("everybody");
  return [h("h2", {}, say("who")), h("p", {}, people, operation["x-judges"] && ` ${say("judges")}`), keys && h("p", { class: "soft" }, keys)];
}

const example = (content) => Object.values(content?.examples ?? {})[0]?.value;

/** The request as a command for a shell. `$AUTH` and `$API` are those of the guide. */
export function command(operation) {
  const content = operation.requestBody?.content ?? {};
  const [media] = Object.keys(content);
  const value = media && example(content[media]);
  const path = operation.path.replaceAll("{id}", "$ID").replaceAll(/\{(\w+)\}/g, (_, name) => `$${name.toUpperCase()}`);
  const method = { get: "", head: "-I " }[operation.method] ?? `-X ${operation.method.toUpperCase()} `;
  const parts = [`curl -s ${method}"$API${path}"`];
  if (operation.security?.length) parts.push('-H "$AUTH"');
  if (media) parts.push(`-H 'content-type: ${media}'`);
  for (const one of operation.parameters.filter((parameter) => parameter.in === "header" && parameter.required)) parts.push(`-H '${one.name.toLowerCase()}: ${one.example ?? "…"}'`);
  if (media) parts.push(typeof value === "object" ? `-d '${JSON.stringify(value).replaceAll("'", "'\\''")}'` : "--data-binary @FILE");
  return parts.join(" \\\n  ");
}

function takes(known, operation) {
  const rows = operation.parameters.map((one) => [
    [h("code", {}, one.name), one.required && h("div", { class: "needed" }, say("required"))],
    [one.in === "query" ? "" : `${one.in} · `, type(one.schema ?? {})],
    [label(one.schema?.title ?? one.schema?.["x-label"]) && h("strong", {}, `${label(one.schema.title ?? one.schema["x-label"])} `), prose(one.description)],
  ]);
  const content = operation.requestBody?.content ?? {};
  const media = Object.keys(content);
  const schema = content[media[0]]?.schema;
  return [
    h("h2", {}, say("request")),
    block(command(operation), say("request")),
    table([say("parameter"), say("type"), say("about")], rows),
    schema && [h("h3", {}, `${say("body")} · ${media.join(", ")}`), schema.$ref && h("p", {}, type(schema)), fields(known, schema) ?? h("p", {}, type(schema), " ", prose(schema.description))],
  ];
}

function success(known, status, response) {
  const content = response.content ?? {};
  const headers = Object.entries(response.headers ?? {}).map(([name, header]) => [h("code", {}, name), prose(header.description)]);
  const of = (media) => [
    content[media].schema?.$ref && h("p", {}, type(content[media].schema)),
    example(content[media]) !== undefined && later(say("example"), () => json(example(content[media]), say("example"))),
    content[media].schema && later(say("fields"), () => fields(known, content[media].schema) ?? h("p", {}, type(content[media].schema))),
  ];
  const main = Object.keys(content)[0];
  return [
    h("h3", {}, `${status} · `, prose(response.description)),
    Object.keys(content).length > 0 && h("p", { class: "soft" }, Object.keys(content).join(", ")),
    main && of(main),
    table([say("header"), say("about")], headers),
  ];
}

function answers(known, operation) {
  const all = Object.entries(operation.responses);
  const failures = all.filter(([, response]) => response.$ref).flatMap(([status, response]) =>
    codesOf(known.responses[refName(response.$ref)]).map(([code, meaning]) => [status, h("a", { href: `#/codes/${code}` }, h("code", {}, code)), prose(meaning)]));
  return [
    h("h2", {}, say("answers")),
    all.filter(([, response]) => !response.$ref).map(([status, response]) => success(known, status, response)),
    h("h3", {}, say("codes")),
    table([say("status"), say("code"), say("meaning")], failures),
  ];
}

export function operationPage(known, operation) {
  const tag = known.tags.get(operation.tag);
  return [
    h("p", { class: "soft" }, h("a", { href: `#/tag/${operation.tag}` }, operation.tag), ` · ${operation.operationId}`),
    h("h1", {}, called(operation, tag?.kindLabel)),
    h("p", {}, h("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()), h("code", {}, operation.path), " ",
      h("a", { href: `/docs/#/${operation.tag}/${operation.operationId}` }, say("tryOne"))),
    h("p", {}, prose(operation.description)),
    who(known, operation),
    takes(known, operation),
    answers(known, operation),
  ];
}
