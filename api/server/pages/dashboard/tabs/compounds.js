// Compounds: where used masks wait, who helps whom and whom nobody, what was given and what is left of it.
import { getAllowed, send } from "../api.js";
import { element, small } from "../dom.js";
import { link, unit } from "../figures.js";
import { areaName, learn, nameOf } from "../names.js";
import { counted, listed, many, opens, page, rest, room } from "../rooms.js";
import { goods } from "../sheets.js";
import { dayText, moment, number, say } from "../texts.js";

// So many gifts are followed to what is left of them; all are in their list.
const GIFTS = 12;
// Of the points that wait so many are named, the longest first.
const LONGEST = 30;
const sheet = (name, id) => (id ? opens(name, `/v1/compounds/${id}/sheet`) : name);

function uncollected(answer) {
  const row = (item) => [item.name, sheet(item.compound_name ?? "–", item.compound_id), areaName(item.area_code), nameOf("organizations", item.org_id) ?? "–", element("span", {}, item.last_collected_at ? moment(item.last_collected_at) : say("neverCollected"), small(` ${say(item.hours < 48 ? "forHours" : "forDays", { count: number(item.hours < 48 ? item.hours : Math.floor(item.hours / 24)) })}`, "bad"))];
  return listed(say("uncollected"), [say("maskPoint"), say("compound"), say("where"), say("unit"), say("lastCollected")], answer.items.slice(0, LONGEST).map(row), { count: answer.items.length, id: "uncollected", note: say("uncollectedNote", { hours: answer.hours, points: number(answer.points), at: moment(answer.at) }), none: say("allCollected") });
}

async function withNames(answer) {
  await learn("organizations", (answer?.items ?? []).map((item) => item.org_id));
  return answer;
}

// Those whom nobody helps, by the figure that counts them.
async function alone(context) {
  const query = { figure: "compounds.without_partner", to_on: context.day, ...(context.area ? { area_code: context.area } : {}) };
  const { results } = await send("POST", "/v1/figures:evaluate", { queries: [query] });
  await learn("places", results[0].record_ids ?? []);
  return results[0].withheld ? null : results[0];
}

function withoutPartner({ value, record_ids: ids }) {
  return listed(say("withoutPartner"), [say("compound")], (ids ?? []).map((id) => [sheet(nameOf("places", id) ?? "–", id)]), { count: value ?? 0, full: false, id: "without-partner", none: say("allHavePartner") });
}

function partners(found, word, url) {
  const row = (record) => [sheet(nameOf("places", record.place_id) ?? "–", record.place_id), nameOf("organizations", record.partner_org_id) ?? "–", word("partnership_kind", record.partnership_kind), dayText(record.starts_on)];
  return listed(say("partners"), [say("compound"), say("partner"), say("partnershipKind"), say("startsAt")], found.items.map(row), { count: found.total, full: false, wide: true, id: "partners", after: rest(found, url, say("partners")) });
}

async function gifts(context, url) {
  const found = await page(url);
  const traces = context.may("get_donation_trace") ? await Promise.all(found.items.map(({ id }) => getAllowed(`/v1/donations/${id}/trace`))) : [];
  return { ...found, traces };
}

function donations(found, word, url) {
  const row = (record, index) => [opens(dayText(record.received_on), `/v1/donations/${record.id}/${found.traces[index] ? "trace" : ""}`.replace(/\/$/, "")), record.donor_name ?? nameOf("organizations", record.donor_org_id) ?? word("donor_kind", record.donor_kind), goods(record.items), nameOf("organizations", record.designated_org_id) ?? nameOf("places", record.designated_place_id) ?? "–", found.traces[index] ? element("strong", { textContent: goods(found.traces[index].items, "left") }) : "–"];
  return listed(say("donations"), [say("receivedOn"), say("donor"), say("goodsItem"), say("designated"), say("leftOver")], found.items.map(row), { count: found.total, id: "donations", after: rest(found, url, say("donations")) });
}

function given(answer) {
  const row = (item) => [item.org_name ?? say("nobodys"), item.item, `${number(Number(item.quantity))} ${unit(item.quantity_unit)}`, link(number(item.issues), item.records_url, `${item.org_name ?? ""} ${item.item}`)];
  return listed(say("goodsGiven"), [say("unit"), say("goodsItem"), many("quantity"), many("issuesCount")], answer.items.map(row), { id: "goods-given" });
}

export async function render(context, show) {
  const { day, scope } = context;
  const [standing, received] = [`/v1/compound-partnerships?standing_on=${day}${scope}`, `/v1/donations?to_on=${day}${scope}`];
  await room(context, show, [
    { needs: "list_uncollected_mask_points", read: async () => withNames(await getAllowed(`/v1/mask-collections/uncollected?hours=24${scope}`)), draw: uncollected },
    { needs: "list_compound_partnerships", read: () => page(`${standing}&limit=${LONGEST}`), draw: (found, word) => partners(found, word, standing) },
    { needs: "list_compound_partnerships", read: () => alone(context), draw: withoutPartner },
    { needs: "list_donations", read: () => gifts(context, `${received}&limit=${GIFTS}`), draw: (found, word) => donations(found, word, received) },
    { needs: "list_goods_given", read: `/v1/stats/goods-given?to_on=${day}${scope}`, draw: given },
    counted(context, "mask_collections", say("maskCollections"), ["mask_collections", "bags", "weight_kg"], { sums: { bags: "bags", weight_kg: "weight_kg" } }),
  ]);
}
