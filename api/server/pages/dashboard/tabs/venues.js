// Venues: how many are closed, banquets that were called off or are planned all the same, who wasn't inspected, what
// has to be put right and isn't.
import { element, small } from "../dom.js";
import { link } from "../figures.js";
import { areaName, nameOf } from "../names.js";
import { counted, listed, many, openOne, opens, page, rest, room } from "../rooms.js";
import { daysBefore } from "../state.js";
import { dayText, number, percent, say, since } from "../texts.js";

const MOST = 50;

function closed(answer, word) {
  const kinds = [...answer.items].sort((one, other) => (other.kind === "large_catering") - (one.kind === "large_catering") || other.total - one.total);
  const large = kinds.find(({ kind }) => kind === "large_catering");
  const lead = large && [`${word("place_kind", large.kind)} `, element("strong", { textContent: `${large.said ?? ""}${word("operating_status", "suspended")}` }), ` ${say("suspendedOf", { done: number(large.suspended), expected: number(large.total) })}`];
  const states = ["open", "takeaway_only", "suspended", "closed"];
  const row = (item) => [word("place_kind", item.kind), number(item.total), ...states.map((name) => (name === "suspended" ? link(number(item.suspended), item.suspended ? item.suspended_url : null, `${word("place_kind", item.kind)} ${word("operating_status", name)}`) : number(item[name]))), number(item.unknown), item.said ?? "–"];
  return listed(say("venueStatus"), [say("venueKind"), many("allOfThem"), ...states.map((name) => ({ text: word("operating_status", name), numeric: true })), many("unknownStatus"), say("said")], kinds.map(row), { id: "venue-status", lead });
}

function planned(found, url) {
  const row = (record) => [openOne(dayText(record.planned_on), record), nameOf("places", record.place_id) ?? record.address ?? areaName(record.area_code), number(record.tables), number(record.diners)];
  return listed(say("plannedUnderBan"), [say("plannedOn"), say("where"), many("tables"), many("diners")], found.items.map(row), { count: found.total, full: false, id: "planned-under-ban", none: say("nonePlanned"), after: rest(found, url, say("plannedUnderBan")) });
}

function uninspected(answer, word) {
  const open = answer.items.filter((item) => !item.inspected);
  const row = (item) => [opens(item.name, `/v1/inspections?place_id=${item.place_id}`), word("place_kind", item.place_kind), areaName(item.area_code), item.last_inspected_on ? dayText(item.last_inspected_on) : say("neverInspected")];
  const lead = say("inspectedOf", { done: number(answer.inspected), expected: number(answer.active) });
  return listed(say("notInspected"), [say("venue"), say("venueKind"), say("where"), say("lastInspected")], open.slice(0, MOST).map(row), { count: answer.not_inspected, id: "not-inspected", lead, wide: true, full: false, none: say("allInspected") });
}

function late(found, url, context) {
  const row = (record) => [openOne(nameOf("places", record.place_id) ?? nameOf("organizations", record.subject_org_id) ?? areaName(record.area_code), record), record.requirement, element("span", {}, dayText(record.extended_to ?? record.due_on), small(` ${since(record.due_at, context.until)}`, "bad"))];
  return listed(say("rectificationsOverdue"), [say("subject"), say("requirement"), say("missingSince")], found.items.map(row), { count: found.total, id: "overdue", none: say("noneOverdue"), after: rest(found, url, say("rectificationsOverdue")) });
}

function worst(answer, word) {
  const failed = answer.items.filter((item) => item.failed);
  const row = (item) => [word("inspection_item", item.item), number(item.failed), number(item.passed), item.pass_rate === null ? "–" : percent(Number(item.pass_rate), 0).replace("+", "")];
  const venues = answer.worst.map((item) => [opens(item.name, `/v1/inspections?place_id=${item.place_id}&from_on=${answer.from_on}&to_on=${answer.to_on}`), number(item.failed), number(item.inspections)]);
  const items = listed(`${say("worstItems")} · ${say("days14short")}`, [say("item"), many("notPassed"), many("passed"), many("passRate")], failed.map(row), { full: false, id: "worst-items" });
  return [items, listed(say("worstVenues"), [say("venue"), many("failedItems"), many("inspections")], venues, { full: false, id: "worst-venues" })];
}

export async function render(context, show) {
  const { day, scope } = context;
  const banned = `/v1/banquets?status=planned&status_on=${day}&ban_in_force=true${scope}`;
  const overdueUrl = `/v1/rectifications?overdue=true&overdue_on=${day}&order=oldest${scope}`;
  const banquets = ["cancelled", "postponed", "held"].flatMap((state) => ["banquets", "tables", "diners"].map((name) => `${name}_${state}`));
  const sums = Object.fromEntries(banquets.filter((name) => !name.startsWith("banquets")).map((name) => [name, name.split("_")[0]]));
  await room(context, show, [
    { needs: "get_venue_status", read: `/v1/stats/venue-status?on=${day}${scope}`, draw: closed },
    { needs: "list_rectifications", read: () => page(`${overdueUrl}&limit=${MOST}`), draw: (found) => late(found, overdueUrl, context) },
    { needs: "get_inspection_coverage", read: `/v1/stats/inspection-coverage?on=${day}${scope}`, draw: uninspected },
    { needs: "list_banquets", read: () => page(`${banned}&limit=${MOST}`), draw: (found) => planned(found, banned) },
    counted(context, "banquets", say("banquets"), banquets, { sums }),
    { needs: "get_inspection_results", read: `/v1/stats/inspection-results?from_on=${daysBefore(day, 13)}&to_on=${day}${scope}`, draw: worst },
  ]);
}
