// 简报: the bulletin of any day as it would be issued, frozen editions, what was corrected since, and paper.
import { get, getAllowed, send } from "../api.js";
import { button, choices, element, empty, panel, table } from "../dom.js";
import { openPaper } from "../paper.js";
import { go, state } from "../state.js";
import { moment, say } from "../texts.js";
import { corrections, figures, paragraphs } from "./edition.js";

// Organisations, of which a unit's bulletin is one's: the one that is chosen, else the one it was written for.
let units = [];
const unitOf = (template) => state.choice("unit") ?? units.find(({ name }) => name === template.unit_name)?.id ?? null;

// What is asked of the service about one template: whose it is and how it says numbers.
function wish(context, template) {
  const parts = new URLSearchParams({ template: template.code, on: context.day });
  if (template.scope === "unit" && unitOf(template)) parts.set("org_id", unitOf(template));
  if (template.scope === "area" && context.area) parts.set("area_code", context.area);
  if (state.choice("style")) parts.set("style", state.choice("style"));
  return parts;
}

function issuing(context, template, told) {
  if (!context.may("create_bulletin_edition")) return null;
  return button(say("freeze"), async () => {
    const asked = wish(context, template);
    const body = Object.fromEntries([["template_code", template.code], ["as_of_on", context.day], ...["org_id", "area_code", "style"].filter((name) => asked.get(name)).map((name) => [name, asked.get(name)])]);
    try {
      const edition = await send("POST", "/v1/bulletin-editions", body);
      go({ edition: edition.id });
    } catch (problem) {
      told.textContent = problem.message;
    }
  }, { className: "strong", id: "freeze" });
}

function withdrawing(context, edition, told) {
  if (edition.state === "withdrawn" || !context.may("withdraw_bulletin_edition")) return null;
  const reason = element("input", { maxLength: 500, required: true, name: "reason" });
  const form = element("form", { className: "filters", onsubmit: async (event) => {
    event.preventDefault();
    try {
      await send("POST", `/v1/bulletin-editions/${edition.id}:withdraw`, { reason: reason.value });
      go({ edition: edition.id }, { replace: true });
    } catch (problem) {
      told.textContent = problem.message;
    }
  } }, element("label", {}, `${say("reason")} `, reason), element("button", { type: "submit", textContent: say("withdraw") }));
  return element("details", {}, element("summary", { textContent: say("withdraw") }), form);
}

async function edition(context, id, told) {
  const [found, corrected] = await Promise.all([get(`/v1/bulletin-editions/${id}`), getAllowed(`/v1/bulletin-editions/${id}/corrections`).catch(() => null)]);
  const title = `${found.title} ${say("editionNo", { number: found.edition_no })}`;
  const path = context.may("print_bulletin_edition") ? `/v1/bulletin-editions/${id}/bulletin.html` : `/v1/bulletin-editions/${id}`;
  const tools = element("div", { className: "filters" }, button(say("toPreview"), () => go({ edition: null }), { className: "quiet" }), button(say("onPaper"), () => openPaper(path, title), { className: "strong", id: "bulletin-paper" }));
  return [panel(title, { wide: true, id: "bulletin", note: `${say(`edition_${found.state}`)} · ${say("asOfChange", { head: found.as_of_change_no })} · ${found.as_of_on}` }, tools, paragraphs(found), withdrawing(context, found, told)),
    panel(say("figures"), {}, figures(found)), panel(say("corrections"), { full: true, id: "corrections" }, corrections(corrected))];
}

async function preview(context, templates, told) {
  const template = templates.find(({ code }) => code === state.choice("template")) ?? templates.find(({ scope }) => scope === "district") ?? templates[0];
  if (!template) return [panel(say("preview"), { full: true }, empty(say("noTemplates")))];
  const asked = wish(context, template);
  const choose = element("div", { className: "filters" },
    choices(say("template"), templates.map(({ code, title, unit_name }) => [code, unit_name && !title.includes(unit_name) ? `${title}(${unit_name})` : title]), template.code, (code) => go({ template: code, unit: null })),
    template.scope === "unit" && units.length ? choices(say("unit"), [["", say("chooseUnit")], ...units.map(({ id, name }) => [id, name])], unitOf(template), (unit) => go({ unit })) : null,
    choices(say("style"), [["", say("styleOwn")], ["seed", say("styleSeed")], ["exact", say("styleExact")]], state.choice("style"), (style) => go({ style })));
  let found = null;
  try {
    found = context.told(await get(`/v1/bulletins/preview?${asked}`));
  } catch (problem) {
    return [choose, panel(template.title, { full: true, id: "bulletin" }, element("p", { className: "bad", textContent: problem.message }))];
  }
  const paper = context.may("print_bulletin_preview") ? button(say("onPaper"), () => openPaper(`/v1/bulletins/preview.html?${asked}`, found.title), { id: "bulletin-paper" }) : null;
  return [choose, panel(found.title, { wide: true, id: "bulletin", note: `${say("previewNote")} · ${say("asOfChange", { head: found.as_of_change_no })}` }, paragraphs(found), element("div", { className: "filters" }, issuing(context, template, told), paper)),
    panel(say("figures"), {}, figures(found))];
}

export async function render(context, show) {
  const told = element("p", { className: "bad", role: "status" });
  const [templates, editions] = await Promise.all([getAllowed(`/v1/bulletins/templates?on=${context.day}`), getAllowed("/v1/bulletin-editions?limit=30")]);
  const id = state.choice("edition");
  if (!id && templates?.items.some(({ scope }) => scope === "unit") && context.may("list_organizations")) units = (await getAllowed("/v1/organizations?limit=200"))?.items ?? [];
  const parts = id ? await edition(context, id, told) : await preview(context, templates?.items ?? [], told);
  const row = (item) => ({ className: item.id === id ? "chosen" : "", cells: [button(`${item.title} ${say("editionNo", { number: item.edition_no })}`, () => go({ edition: item.id }), { className: "area" }), item.as_of_on, say(`edition_${item.state}`), moment(item.recorded_at)] });
  const past = editions?.items.length ? table([say("edition"), say("day"), say("state"), say("issuedAt")], editions.items.map(row), { caption: say("editions") }) : empty(say("noEditions"));
  show(element("div", { className: "columns" }, told, ...parts, panel(say("editions"), { full: true, id: "editions" }, past)));
}
