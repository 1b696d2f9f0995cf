// Sheets that the drill opens: what belongs to a compound, and where a donation went.
import { element, empty, panel, table } from "./dom.js";
import { link, unit } from "./figures.js";
import { areaName, learn, learnAreas, learnRecords, nameOf } from "./names.js";
import { many, openOne, opens } from "./rooms.js";
import { records } from "./tell.js";
import { moment, number, say } from "./texts.js";

const PARTS = ["partners", "gates", "mask_points", "mask_collections", "disinfections", "goods"];
const PLACES = ["gates", "mask_points"];

function part(name, { told, total, items }, word) {
  const title = say(`sheet_${name}`);
  if (!told) return panel(title, {}, empty(say("noRight")));
  // A place is its name; what was done has a day and an author.
  const list = PLACES.includes(name) ? element("ul", {}, items.map((item) => element("li", {}, openOne(item.name, { ...item, kind: "places" })))) : records(items, word, title);
  return panel(`${title} ${number(total)}`, {}, items.length ? list : empty());
}

async function compound({ compound: place, rounds, ...parts }, word) {
  await learnAreas([place.area_code]);
  await learnRecords(PARTS.flatMap((name) => (PLACES.includes(name) ? [] : parts[name].items)));
  const round = (item) => [opens(item.name, `/v1/survey-visits?round_id=${item.round_id}`), word("survey_round_state", item.state), number(item.targets)];
  return {
    title: place.name, note: `${word("place_kind", place.kind)} · ${areaName(place.area_code)}`,
    parts: [...PARTS.map((name) => part(name, parts[name], word)), panel(say("rounds"), {}, rounds.length ? table([say("round"), say("state"), many("targets")], rounds.map(round), { caption: say("rounds") }) : empty(say("noRounds")))],
  };
}

export const goods = (items, member = "quantity") => items.map((item) => `${item.item} ${number(Number(item[member]))}${unit(item.quantity_unit)}`).join("、");

async function donation(answer) {
  const issues = answer.issues;
  await learn("organizations", [answer.designated_org_id, ...issues.flatMap((issue) => [issue.org_id, issue.recipient_org_id])]);
  await learn("places", [answer.designated_place_id, ...issues.map((issue) => issue.recipient_place_id)]);
  const to = (issue) => nameOf("organizations", issue.recipient_org_id) ?? nameOf("places", issue.recipient_place_id) ?? nameOf("teams", issue.recipient_team_id) ?? "–";
  const left = answer.items.map((item) => [item.item, ...["quantity", "issued", "left"].map((member) => `${number(Number(item[member]))}${unit(item.quantity_unit)}`)]);
  const row = (issue) => [issue.is_readable ? link(moment(issue.occurred_at), `/v1/material-issues/${issue.material_issue_id}`, say("openRecord")) : moment(issue.occurred_at), nameOf("organizations", issue.org_id) ?? "–", to(issue), goods(issue.items), issue.recipients === null ? "–" : number(issue.recipients)];
  const meant = nameOf("organizations", answer.designated_org_id) ?? nameOf("places", answer.designated_place_id);
  return {
    title: say("donationTrace"), note: meant ? say("meantFor", { name: meant }) : "",
    parts: [element("p", {}, opens(say("record"), `/v1/donations/${answer.donation_id}`, "")),
      panel(say("leftOf"), {}, table([say("goodsItem"), many("given"), many("issued"), many("leftOver")], left, { caption: say("leftOf") })),
      panel(`${say("issuedTo")} ${number(issues.length)}`, {}, issues.length ? table([say("at"), say("unit"), say("recipient"), say("goodsItem"), many("people")], issues.map(row), { caption: say("issuedTo") }) : empty())],
  };
}

export const SHEETS = { sheet: compound, trace: donation };
