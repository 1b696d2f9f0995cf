// What is behind a figure: the list of its records, or one record with what belongs to it. The address says which, so
// that back closes it and a reload opens it again.
import { get, getAllowed, getPage } from "./api.js";
import { caseOf } from "./case.js";
import { button, byId, element, empty, small } from "./dom.js";
import { openRecords } from "./figures.js";
import { learn, learnRecords, nameOf } from "./names.js";
import { go, state } from "./state.js";
import { author, content, placeOf, records, subjectOf } from "./tell.js";
import { has, moment, number, say, tag } from "./texts.js";
import { words } from "./words.js";

const SIZE = 50;
const ONE = /^\/v1\/([a-z-]+)\/([0-9a-f-]{36})$/;
// What belongs to a compound, and where a gift went: neither a list nor a record.
const SHEET = /^\/v1\/(compounds|donations)\/[0-9a-f-]{36}\/(sheet|trace)$/;
const dialog = byId("drill");
let shownAs = null;

function head(title, note) {
  byId("drill-title").replaceChildren(title, ...(note ? [small(` ${note}`)] : []));
  byId("drill-back").hidden = history.length < 2;
}

function open() {
  if (dialog.open) return;
  dialog.showModal();
  byId("drill-title").focus();
}

// Of a place and an organisation `kind` is which sort of it; here it is what the record is.
const ofPath = (url, record) => {
  const [, path] = /^\/v1\/(places|organizations)\b/.exec(url) ?? [];
  return path ? { ...record, sort: record.kind, kind: path } : record;
};
const withParameter = (url, text) => `${url}${url.includes("?") ? "&" : "?"}${text}`;

async function list(url, label) {
  // Whatever comes for a list that was left is thrown away.
  const mine = shownAs;
  const ofKind = /^\/v1\/[a-z-]+(\?|$)/.test(url);
  const first = await getPage(withParameter(url, `limit=${SIZE}${ofKind ? "&count=exact" : ""}`));
  const word = await words();
  const items = [];
  const body = byId("drill-body");
  const add = async (page) => {
    const read = page.items.map((record) => ofPath(url, record));
    await learnRecords(read);
    if (shownAs !== mine) return;
    items.push(...read);
    const total = page.total ?? first.total ?? (page.next_cursor ? null : items.length);
    const told = total === null ? say("shownOf", { shown: number(items.length), total: "…" }) : say("shownOf", { shown: number(items.length), total: number(total) });
    const next = page.next_cursor ? button(say("more", { shown: number(items.length), total: total === null ? "…" : number(total) }), async ({ target }) => {
      target.disabled = true;
      await add(await getPage(withParameter(url, `limit=${SIZE}&cursor=${encodeURIComponent(page.next_cursor)}`)));
    }, { className: "more", id: "drill-more" }) : null;
    head(label || say("recordsTitle"), told);
    dialog.dataset.total = total ?? "";
    body.replaceChildren(...(items.length ? [records(items, word, label)] : [empty()]), ...(next ? [next] : []));
  };
  await add(first);
}

// Fields of the envelope and ids: told elsewhere, or of no use to a reader.
const HIDDEN = new Set(["id", "kind", "sort", "area_code", "area_code_submitted", "org_id", "occurred_at", "device_time", "clock_skew_s", "recorded_at", "recorded_by", "captured_by", "source", "revision", "change_no", "revised_at", "revised_by", "voided_at", "void_reason", "restore_reason", "warnings", "note", "place_id", "submission_digest", "pass_group_id"]);

// Vocabularies of fields that aren't called as they are.
const VOCABULARIES = { device: "measuring_device", answers: "screening_answer", slot: "temperature_slot", anchor: "observation_anchor", escalated_to: "duty_line", line: "duty_line", channel: "survey_channel", method: "disinfection_method", topic: "publicity_topic", document: "publicity_document", activity: "disinfection_activity", role: "duty_role", attendance: "assignment_attendance", action: "attendance_action", waiver: "duty_waiver", categories: "person_category", destination: "mask_destination", found_by: "banquet_source", outcome: "violation_outcome", source_kind: "rectification_source", step: "rectification_step", level: "work_log_level", zero_reason: "work_log_zero_reason", group_kind: "working_group_kind", matter: "legal_matter", work_kind: "youth_work_kind", capacity: "travel_capacity", purpose: "travel_purpose", status: "group_status" };
const OWN_WORDS = { material_issues: { occasion: "issue_occasion" }, legal_service_items: { group_kind: "legal_group", status: "legal_item_status" } };
const STATES = { duties: "duty_state", isolation_cases: "isolation_state", shift_assignments: "assignment_state", survey_rounds: "survey_round_state" };
let kind = null;

function inWords(name, item, word) {
  const names = [name === "state" ? STATES[kind] : null, OWN_WORDS[kind]?.[name], `${kind.replace(/s$/, "")}_${name}`, VOCABULARIES[name], name, name.replace(/s$/, ""), "commodity"].filter(Boolean);
  return names.map((vocabulary) => word(vocabulary, item)).find((text) => text !== item) ?? String(item);
}

// Lines within a record: their words by what they are lines of.
const LINES = ["supervisor", "inspection", "finding", "task_force"];
const partWord = (key, code, word) => LINES.map((line) => word(`${line}_${key}`, code)).find((text) => text !== code) ?? code;

function detail(name, value, word) {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0) || /(_id|_ids)$/.test(name)) return null;
  const one = (item) => {
    if (typeof item === "boolean") return say(item ? "yes" : "no");
    if (typeof item === "string" && /^\d{4}-\d\d-\d\dT/.test(item)) return moment(item);
    if (typeof item !== "object") return inWords(name, item, word);
    if (item === null) return "–";
    return Object.entries(item).filter(([key, part]) => part !== null && !/_id$/.test(key)).map(([key, part]) => (typeof part === "object" ? "" : partWord(key, one(part), word))).filter(Boolean).join(" ");
  };
  const text = (Array.isArray(value) ? value : [value]).map(one).filter(Boolean).join(tag() === "en" ? ", " : "、");
  const label = [`field_${kind}_${name}`, `field_${name}`].find(has);
  return text && label ? element("div", {}, element("dt", { textContent: say(label) }), element("dd", { textContent: text })) : null;
}

// From a record to its case, its duties, the person's other records, its revisions.
async function related(record, context) {
  const links = [];
  const to = (text, url, operation) => context.may(operation) && links.push(button(text, () => openRecords(url, text), { className: "quiet" }));
  if (record.case_id) to(say("itsCase"), `/v1/isolation-cases/${record.case_id}`, "get_isolation_case");
  if (record.subject_kind === "isolation_cases") to(say("itsCase"), `/v1/isolation-cases/${record.subject_id}`, "get_isolation_case");
  if (record.person_id && record.kind !== "isolation_cases" && context.may("list_isolation_cases")) {
    const cases = await getAllowed(`/v1/isolation-cases?person_id=${record.person_id}&limit=1`);
    if (cases?.items.length && !record.case_id) to(say("personsCase"), `/v1/isolation-cases/${cases.items[0].id}`, "get_isolation_case");
  }
  if (record.person_id) to(say("personsDuties"), `/v1/duties?subject_id=${record.person_id}`, "list_duties");
  if (record.kind !== "duties") to(say("itsDuties"), `/v1/duties?subject_id=${record.id}`, "list_duties");
  if (record.subject_id) to(say("subjectsDuties"), `/v1/duties?subject_id=${record.subject_id}&order=oldest`, "list_duties");
  if (record.shift_id) to(say("itsShift"), `/v1/shifts/${record.shift_id}`, "get_shift");
  if (record.kind === "shifts") to(say("itsAssignments"), `/v1/shift-assignments?shift_id=${record.id}`, "list_shift_assignments");
  if (record.proof) to(say("itsProof"), `/v1/${record.proof.kind.replaceAll("_", "-")}/${record.proof.id}`, `list_${record.proof.kind}`);
  return element("div", { className: "filters" }, links);
}

// Each revision: when, by whom, what changed.
async function historyOf(record, path) {
  if (record.revision < 2) return null;
  const found = await getAllowed(`${path}/revisions?limit=50`);
  if (!found) return null;
  await learn("users", found.items.map((item) => item.revised_by));
  const line = (item) => element("li", { textContent: `${say("revisionNo", { count: item.revision })} · ${moment(item.revised_at)} · ${nameOf("users", item.revised_by) ?? say("byService")}` });
  return element("details", {}, element("summary", { textContent: say("revisions", { count: found.items.length }) }), element("ul", {}, found.items.map(line)));
}

async function single(path, context) {
  const mine = shownAs;
  const record = ofPath(path, await get(path));
  kind = record.kind;
  await learnRecords([record]);
  const word = await words();
  const who = subjectOf(record);
  head(who ?? say("record"), `${say(`kind_${record.kind}`)} · ${moment(record.occurred_at)}`);
  const facts = Object.entries(record).filter(([name]) => !HIDDEN.has(name)).map(([name, value]) => detail(name, value, word)).filter(Boolean);
  const { name, at } = author(record);
  const warnings = (record.warnings ?? []).map((warning) => element("li", { textContent: warning.message }));
  const links = await related(record, context);
  const own = record.kind === "isolation_cases" ? await caseOf(record, context, word) : [];
  const former = await historyOf(record, path);
  if (shownAs !== mine) return;
  byId("drill-body").replaceChildren(
    element("p", { className: "lead" }, content(record, word)),
    element("p", { className: "note", textContent: [placeOf(record).join(" · "), `${say("writtenBy")} ${name} ${moment(at)}`, nameOf("organizations", record.org_id)].filter(Boolean).join(" · ") }),
    links, ...own,
    element("dl", { className: "facts" }, facts),
    ...(warnings.length ? [element("h3", { textContent: say("warnings") }), element("ul", {}, warnings)] : []),
    ...(former ? [former] : []));
}

async function sheet(path) {
  const mine = shownAs;
  const { SHEETS } = await import("./sheets.js");
  const [answer, word] = await Promise.all([get(path), words()]);
  const { title, note, parts } = await SHEETS[path.split("/").at(-1)](answer, word);
  if (shownAs !== mine) return;
  head(title, note);
  byId("drill-body").replaceChildren(...parts);
}

export async function drill(context) {
  const asked = state.drill;
  if (!asked) {
    shownAs = null;
    delete dialog.dataset.ready;
    if (dialog.open) dialog.close();
    return;
  }
  const address = `${asked} ${tag()}`;
  if (address === shownAs && dialog.open) return;
  shownAs = address;
  const cut = asked.indexOf("|");
  const [label, url] = [asked.slice(0, cut), asked.slice(cut + 1)];
  // Only lists and records of this service: the address may come from anybody.
  if (!/^\/v1\/[a-z]/.test(url)) return go({ drill: null }, { replace: true });
  head(label || say("record"), say("reading"));
  byId("drill-body").replaceChildren();
  delete dialog.dataset.total;
  delete dialog.dataset.ready;
  open();
  try {
    await (ONE.test(url) ? single(url, context) : SHEET.test(url) ? sheet(url) : list(url, label));
    if (address === shownAs) dialog.dataset.ready = asked;
  } catch (problem) {
    byId("drill-body").replaceChildren(element("p", { role: "alert", className: "bad", textContent: problem.message }));
  }
}

byId("drill-close").addEventListener("click", () => go({ drill: null }));
byId("drill-back").addEventListener("click", () => history.back());
dialog.addEventListener("cancel", (event) => { event.preventDefault(); go({ drill: null }); });
dialog.addEventListener("click", (event) => { if (event.target === dialog) go({ drill: null }); });
