// Justice and communities: what the six groups have, disputes, incidents, tips, who was looked after and who is away.
import { getAllowed } from "../api.js";
import { button, element, panel } from "../dom.js";
import { link } from "../figures.js";
import { areaName, learnAreas } from "../names.js";
import { counted, inStates, listed, many, opens, room } from "../rooms.js";
import { number, say } from "../texts.js";

function groups(answer, word) {
  const row = (item) => [item.working_group_ids.length ? opens(item.label, `/v1/working-groups/${item.working_group_ids[0]}`) : item.label, item.working_group_ids.length ? say("groupThere") : element("span", { className: "bad", textContent: say("groupMissing") }), link(number(item.received), item.received ? item.records_url : null, `${item.label} ${say("itemsReceived")}`), link(number(item.pending), item.pending ? `${item.records_url}&open_on=${answer.on}` : null, `${item.label} ${say("itemsPending")}`)];
  return listed(say("legalGroups"), [say("workingGroup"), say("state"), many("itemsReceived"), many("itemsPending")], answer.items.map(row), { full: false, wide: true, id: "legal-groups" });
}

// Reading it is noted for each of them: it is read when somebody asks, and not again with each change.
let asked = { key: null, answer: null };
function unchecked(context, again) {
  const key = `${context.me.id} ${context.day} ${context.area ?? ""}`;
  const title = say("uncheckedSubjects");
  const ask = async () => {
    const answer = await getAllowed(`/v1/corrections-subjects/unchecked?on=${context.day}`);
    await learnAreas((answer?.items ?? []).map((item) => item.area_code));
    asked = { key, answer };
    await again();
  };
  const askFor = (name) => button(say(name), ask, { className: "quiet" });
  if (asked.key !== key) return panel(title, { id: "unchecked", note: say("uncheckedNote") }, askFor("showNames"));
  const { subjects, checked, items } = asked.answer ?? { subjects: 0, checked: 0, items: [] };
  return listed(title, [say("person"), say("where"), many("attemptsCount")], items.map((item) => [item.name, areaName(item.area_code), number(item.attempts)]), { count: items.length, full: false, id: "unchecked", more: askFor("readAgain"), lead: say("checkedOf", { done: number(checked), expected: number(subjects) }), none: say("allChecked") });
}

export async function render(context, show) {
  const { day } = context;
  await room(context, show, [
    { needs: "list_legal_groups", read: `/v1/legal-service-items/groups?on=${day}`, draw: groups },
    { needs: "list_unchecked_corrections_subjects", read: () => ({}), draw: () => unchecked(context, () => render(context, show)) },
    inStates(context, "disputes", say("disputes"), "dispute_status", ["found", "mediating", "settled", "failed", "transferred"]),
    counted(context, "disputes", say("disputes"), ["disputes", "caused_by_epidemic", "major", "people_involved"], { sums: { people_involved: "people" } }),
    counted(context, "incidents", say("incidents"), ["incidents", "rumors", "panics", "family_visits", "gatherings", "complaints", "stopped"]),
    inStates(context, "tips", say("tips"), "tip_status", ["received", "verified", "unfounded", "handled", "transferred"]),
    counted(context, "counseling_sessions", say("counseling"), ["sessions", "minutes", "referrals", "minors"], { note: say("counselingNote"), sums: { minutes: "minutes" } }),
    counted(context, "youth_works", say("youthWorks"), ["works", "videos", "newspapers", "letters", "kuaiban", "participants"], { sums: Object.fromEntries(["works", "videos", "newspapers", "letters", "kuaiban"].map((name) => [name, "works"]).concat([["participants", "participants"]])) }),
    counted(context, "travels", say("travels"), ["staff_away", "staff_returned", "returnees_away", "returnees_arrived", "residents_away", "residents_returned"]),
  ]);
}
