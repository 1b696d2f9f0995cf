// Volunteers: posts that nobody has yet, who came, and the day sheet of each post for those without a phone.
import { get, getAllowed } from "../api.js";
import { button, element, empty, meter, panel, small, table } from "../dom.js";
import { link, linked } from "../figures.js";
import { learn, nameOf } from "../names.js";
import { openPaper } from "../paper.js";
import { moment, hourOf, number, say } from "../texts.js";
import { words } from "../words.js";

function unfilled(found, word) {
  const row = (shift) => [shift.place_name ?? "–", `${moment(shift.starts_at)}–${hourOf(shift.ends_at)}`, element("span", { className: "bad", textContent: shift.missing.map(({ role, count }) => `${word("duty_role", role)} ${count}`).join("、") }), sheet(shift.place_id, shift.place_name, shift.starts_at.slice(0, 10))];
  return table([say("post"), say("when"), say("lacking"), say("daySheet")], found.items.map(row), { caption: say("unfilled") });
}

let mayPrint = false;
function sheet(place, name, day) {
  if (!mayPrint || !place) return "–";
  return button(say("daySheet"), () => openPaper(`/v1/places/${place}/day-sheet.html?on=${day}`, `${name ?? ""} ${say("daySheet")}`), { className: "quiet day-sheet", "aria-label": `${name ?? ""} ${say("daySheet")}` });
}

function posts(found, day) {
  const row = (item) => [nameOf("places", item.key) ?? say("noPlace"), number(item.posts), link(number(item.person_times), item.records_url, `${nameOf("places", item.key) ?? ""} ${say("served")}`), number(item.members), item.service_hours, sheet(item.key, nameOf("places", item.key), day)];
  const busy = [...found.items].sort((one, other) => other.person_times - one.person_times);
  return table([say("post"), { text: say("shiftsCount"), numeric: true }, { text: say("served"), numeric: true }, { text: say("people"), numeric: true }, { text: say("hoursCount"), numeric: true }, say("daySheet")], busy.map(row), { caption: say("posts") });
}

function attendance(completeness, assignments, day) {
  const attended = completeness?.items.find(({ key }) => key === "shift_attendance");
  const manned = completeness?.items.find(({ key }) => key === "manned_post");
  const one = (label, line) => {
    if (!line) return null;
    const expected = line.expected - line.waived;
    return element("li", {}, element("span", { textContent: label }), meter(line.done, expected, `${label} ${line.done} / ${expected}`, line.missed ? "warn" : ""), element("span", { className: "numeric" }, link(number(line.done), line.done ? `/v1/duties?state=done&duty_kind=${line.key}&from_on=${day}&to_on=${day}` : null, label), ` / ${number(expected)}`));
  };
  const figures = assignments ? ["assignments", "no_shows", "assignments_cancelled", "assignments_swapped"].filter((name) => assignments.total[name]).map((name) => element("div", {}, element("dt", { textContent: assignments.catalogue.find((entry) => entry.name === name)?.label ?? name }), element("dd", {}, linked(assignments.total[name], name)))) : [];
  return [element("ul", { className: "bars" }, one(say("assignmentsAttended"), attended), one(say("postsManned"), manned)), element("dl", { className: "facts" }, figures)];
}

export async function render(context, show) {
  const { day, scope } = context;
  mayPrint = context.may("print_day_sheet");
  const on = `from_on=${day}&to_on=${day}${scope}`;
  const isNow = context.isToday;
  const [lacking, byPlace, completeness, assignments, word] = await Promise.all([
    isNow && context.may("list_unfilled_shifts") ? getAllowed(`/v1/shifts/unfilled?within_hours=24${scope}`) : null,
    getAllowed(`/v1/stats/volunteers?${on}&by=place`),
    context.may("list_duties") ? get(`/v1/stats/completeness?${on}&by=kind`) : null,
    getAllowed(`/v1/stats/shift-assignments?${on}`), words()]);
  context.told(byPlace);
  await learn("places", (byPlace?.items ?? []).map((item) => item.key));
  const missing = lacking ? lacking.items.reduce((sum, shift) => sum + shift.missing.reduce((total, { count }) => total + count, 0), 0) : null;
  const total = byPlace?.total;
  show(element("div", { className: "columns" },
    panel(say("attendance"), { wide: true, id: "attendance" }, ...attendance(completeness, assignments, day)),
    byPlace && panel(say("totals"), {}, element("dl", { className: "facts" }, [["served", total.person_times], ["people", total.members], ["shiftsCount", total.posts], ["hoursCount", total.service_hours], ["leagueMembers", byPlace.league_members], ["partyMembers", byPlace.party_members]].filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => element("div", {}, element("dt", { textContent: say(name) }), element("dd", { textContent: typeof value === "number" ? number(value) : value }))))),
    panel(missing ? `${say("unfilled")} ${number(missing)}` : say("unfilled"), { full: true, id: "unfilled", note: isNow ? say("unfilledNote") : null }, lacking?.items.length ? unfilled(lacking, word) : empty(say(isNow ? "allFilled" : "onlyNow"))),
    byPlace && panel(say("posts"), { full: true, id: "posts" }, byPlace.items.length ? posts(byPlace, day) : empty())));
}
