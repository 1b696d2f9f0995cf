// Addresses of partners that are told nothing: whoever answers for them hears it with the day.
import { getAllowed } from "./api.js";
import { element, panel, small, table } from "./dom.js";
import { moment, number, say } from "./texts.js";
import { words } from "./words.js";

const IN_TROUBLE = "/v1/webhook-endpoints?in_trouble=true&limit=20";

const why = ({ last_failure: failure, state_reason: reason }) => [reason && say(`webhook_${reason}`), failure && (failure.status ?? failure.reason)].filter(Boolean).join(" · ") || "–";

// A panel of those that fail or were switched off; nothing where all is well, or it is none of the caller's business.
export async function inTrouble(context) {
  const found = context.may("list_webhook_endpoints") ? await getAllowed(IN_TROUBLE) : null;
  if (!found?.items.length) return null;
  const word = await words();
  const row = (one) => [element("span", {}, one.description, element("br"), small(new URL(one.url).host)), word("webhook_state", one.state), why(one), moment(one.last_success_at), number(one.behind)];
  const heads = [say("webhookFor"), say("webhookState"), say("webhookWhy"), say("webhookTaken"), { text: say("webhookBehind"), numeric: true }];
  const note = found.next_cursor ? `${say("webhooksNote")} ${say("webhooksMore")}` : say("webhooksNote");
  return panel(say("webhooks"), { wide: true, id: "webhooks", note }, table(heads, found.items.map(row), { caption: say("webhooks") }));
}
