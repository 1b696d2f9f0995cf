// Households and rounds: the own share first, coverage of the rounds that run, then all rounds.
import { getAllowed } from "../api.js";
import { coverage, mine, panel as coveragePanel } from "../coverage.js";
import { button, element, empty, panel, table } from "../dom.js";
import { openRecords } from "../figures.js";
import { moment, number, say } from "../texts.js";
import { words } from "../words.js";

function row(round, word) {
  const frozen = round.frozen?.households ?? round.frozen?.persons ?? null;
  return [button(round.name, () => openRecords(`/v1/survey-visits?round_id=${round.id}`, round.name), { className: "area" }), word("survey_round_state", round.state), moment(round.starts_at), moment(round.due_at), frozen === null ? "–" : number(frozen)];
}

export async function render(context, show) {
  const [found, word] = await Promise.all([getAllowed(`/v1/survey-rounds?limit=50${context.scope}`), words(), coverage(context)]);
  const rounds = found?.items ?? [];
  const headers = [say("round"), say("state"), say("startsAt"), say("dueOn"), { text: say("targets"), numeric: true }];
  const all = panel(say("rounds"), { full: true, id: "survey-rounds" }, rounds.length ? table(headers, rounds.map((round) => row(round, word)), { caption: say("rounds") }) : empty(say("noRounds")));
  show(mine, element("div", { className: "columns" }, coveragePanel, all));
}
