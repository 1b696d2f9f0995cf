// The document, turned so that a page can be drawn from it: operations by id and by tag, what is found by a word.

const METHODS = ["get", "head", "post", "put", "patch", "delete"];

export function model(document) {
  const resolved = (one) => (one.$ref ? at(document, one.$ref) : one);
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ ...item[method], method, path, tag: item[method].tags[0] })));
  for (const operation of operations) operation.parameters = (operation.parameters ?? []).map(resolved);
  const tags = new Map(document.tags.map((tag) => [tag.name, { ...tag, operations: [] }]));
  for (const operation of operations) tags.get(operation.tag)?.operations.push(operation);
  for (const tag of tags.values()) tag.kindLabel = /（([^（）]+)）$/.exec(tag.description ?? "")?.[1];
  const known = {
    document, operations, tags,
    byId: new Map(operations.map((operation) => [operation.operationId, operation])),
    chapters: document["x-tagGroups"].map((group) => ({ name: group.name, tags: group.tags.map((name) => tags.get(name)).filter(Boolean) })),
    roles: document["x-roles"] ?? [],
    schemas: document.components.schemas,
    responses: document.components.responses,
  };
  known.codes = codes(known);
  return known;
}

export const at = (document, pointer) => pointer.slice(2).split("/").reduce((node, step) => node?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], document);

export const refName = (ref) => ref.split("/").pop();

/** What follows the kind in a path: "/{id}:void". */
export const rest = (operation) => operation.path.replace(/^\/v1\/[^/:]+/, "");

const OF_EVERY_KIND = ["", "/{id}", "/{id}:void", "/{id}:restore", "/{id}/revisions", ":batch", ":batch-amend", ":batch-void"];

/** Whether it is one of those that every kind of record has. */
export const isOfEveryKind = (known, operation) => known.tags.has(/^get_(.*)_figures$/.exec(operation.operationId)?.[1])
  || (Boolean(known.tags.get(operation.tag)?.kindLabel) && OF_EVERY_KIND.includes(rest(operation)));

/** Names of the schemas that something names, however deep within it, without following them. */
export function namedIn(value, names = new Set()) {
  if (value === null || typeof value !== "object") return names;
  if (typeof value.$ref === "string" && value.$ref.includes("/schemas/")) names.add(refName(value.$ref));
  for (const member of Object.values(value)) namedIn(member, names);
  return names;
}

/** Problem codes of an answer that the document names: `code` and what it means. */
export const codesOf = (response) => (response.description ?? "").split(" · ").map((part) => /^`([a-z_0-9]+)`: (.*)$/s.exec(part)?.slice(1)).filter(Boolean);

/** All codes, each with its status, its meaning and the operations that answer so. */
function codes({ operations, responses }) {
  const all = new Map();
  for (const operation of operations) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (!response.$ref) continue;
      for (const [code, meaning] of codesOf(responses[refName(response.$ref)])) {
        if (!all.has(code)) all.set(code, { code, meaning, status, operations: [] });
        all.get(code).operations.push(operation);
      }
    }
  }
  return [...all.values()].sort((one, other) => one.status - other.status || one.code.localeCompare(other.code));
}

/** What holds all these words: operations, fields of shapes, codes. Names before descriptions. */
export function find(known, query, nameOf) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (name, rest) => {
    const [first, all] = [name.toLowerCase(), `${name} ${rest}`.toLowerCase()];
    if (!words.every((word) => all.includes(word))) return 0;
    return words.every((word) => first.includes(word)) ? 2 : 1;
  };
  const ranked = (entries) => entries.filter((entry) => entry.rank).sort((one, other) => other.rank - one.rank);
  return {
    operations: ranked(known.operations.map((operation) => ({
      operation,
      rank: rank(`${operation.operationId} ${operation.path} ${operation.summary} ${nameOf(operation)}`, `${operation.description} ${operation.tag}`),
    }))),
    fields: ranked(Object.entries(known.schemas).flatMap(([schema, { properties = {} }]) => Object.entries(properties).map(([field, shape]) => ({
      schema, field, shape, rank: rank(`${field} ${shape.title ?? shape["x-label"] ?? ""}`, ""),
    })))),
    codes: ranked(known.codes.map((code) => ({ ...code, rank: rank(code.code, code.meaning) }))),
  };
}
