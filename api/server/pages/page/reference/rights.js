// Who may do what: kinds by roles, then what isn't done to records of a kind.
import { h } from "./dom.js";
import { isOfEveryKind } from "./model.js";
import { roleName } from "./operation.js";
import { called, say, tagName } from "./words.js";

/** Whether a role is let in to an operation. */
const may = (operation, role) => !operation["x-roles"] || operation["x-roles"].includes(role);

/** What a role does with records of a kind, each by the operation that stands for its like. */
const LETTERS = [
  ["R", (operation) => operation.method === "get" && /^\/v1\/[^/:]+$/.test(operation.path)],
  ["W", (operation) => operation.path.endsWith(":batch")],
];

function letters(known, tag, role) {
  const does = ([, stands]) => tag.operations.some((operation) => stands(operation) && may(operation, role));
  const figures = known.byId.get(`get_${tag.name}_figures`);
  return [...LETTERS.filter(does).map(([letter]) => letter), ...(figures && may(figures, role) ? ["C"] : [])].join(" ");
}

function grid(known, caption, rows) {
  const heads = known.roles.map(({ code }) => h("th", { scope: "col", class: "role", title: code }, roleName(known, code)));
  const row = ({ link, cell }) => h("tr", {}, h("th", { scope: "row" }, link), known.roles.map(({ code }) => h("td", {}, cell(code))));
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
    h("table", { class: "rights" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, caption), heads)), h("tbody", {}, rows.map(row))));
}

export function rolesPage(known) {
  const kinds = known.chapters.flatMap((chapter) => chapter.tags.filter((tag) => tag.kindLabel));
  const others = known.operations.filter((operation) => operation["x-roles"] && !isOfEveryKind(known, operation));
  return [
    h("h1", {}, say("rights")),
    h("p", {}, say("reads"), ". ", h("a", { href: "/docs/roles.md" }, say("inFull"))),
    grid(known, say("chapters"), kinds.map((tag) => ({
      link: h("a", { href: `#/tag/${tag.name}` }, tagName(tag)),
      cell: (role) => letters(known, tag, role),
    }))),
    h("h2", {}, say("others")),
    h("p", { class: "soft" }, `† ${say("judges")}`),
    grid(known, say("others"), others.map((operation) => ({
      link: [h("a", { href: `#/operation/${operation.operationId}` }, called(operation, null)), operation["x-judges"] && " †"],
      cell: (role) => (may(operation, role) ? "●" : ""),
    }))),
  ];
}
