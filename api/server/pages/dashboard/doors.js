// The doors at which somebody is missed: who lives there, how it stands, when somebody was there, whose work it is.
import { table } from "./dom.js";
import { number, say } from "./texts.js";

export const moment = (at) => at.slice(5, 16).replace("T", " ");

// Names are masked by the service: a surname to ask for.
function household(item, what) {
  const members = what === "persons" ? item.members.filter(({ confirmed }) => !confirmed) : item.members.slice(0, 1);
  return members.map(({ name }) => name ?? "–").join("、") || "–";
}

export function doors(items, { what = "households", places = new Map(), nameOfAccount = () => null, withAssignee = false }) {
  const door = ({ place_id, area_code, door }) => [places.get(place_id) ?? places.get(area_code), door].filter(Boolean).join(" ") || "–";
  const last = ({ attempts, last_visit_at }) => (attempts ? say("attempts", { at: moment(last_visit_at), count: number(attempts) }) : say("never"));
  const whose = (item) => item.assignee_name ?? (item.assignee_id === null ? say("without_assignee") : nameOfAccount(item.assignee_id)) ?? "–";
  const row = (item) => [door(item), household(item, what), say(`target_${item.state}`), last(item), ...(withAssignee ? [whose(item)] : [])];
  const headers = ["door", what === "persons" ? "whoIsMissed" : "household", "standing", "lastAttempt", ...(withAssignee ? ["whose"] : [])];
  return table(headers.map((header) => say(header)), items.map(row), { caption: say("missedAll") });
}
