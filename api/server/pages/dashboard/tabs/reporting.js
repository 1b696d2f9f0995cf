// Reports of the day: of each unit and report whether it came, and the work logs that are missing. A zero is a report.
import { button, choices, element, small } from "../dom.js";
import { openRecords } from "../figures.js";
import { counted, listed, many, opens, room } from "../rooms.js";
import { go, state } from "../state.js";
import { moment, number, say } from "../texts.js";

const COUNTS = ["expected", "on_time", "late", "missing", "due", "zero", "corrected"];
const holds = (item, standing) => ({ expected: item.standing !== "waived", zero: item.is_zero, corrected: item.corrected }[standing] ?? item.standing === standing);

// How each kind or unit stands; a number narrows the list below.
function counts(title, found, choice) {
  const pick = (item, name) => (item[name] ? button(number(item[name]), () => go({ report: null, unit: null, [choice]: item.key, standing: name }), { className: `figure${name === "missing" ? " bad" : ""}`, "aria-label": `${item.label} ${say(`reports_${name}`)} ${item[name]}` }) : number(0));
  const row = (item) => ({ className: state.choice(choice) === item.key ? "chosen" : "", cells: [item.label, ...COUNTS.map((name) => pick(item, name))] });
  return listed(title, [title, ...COUNTS.map((name) => many(`reports_${name}`))], found.map(row), { id: `by-${choice}`, none: say("noReportsDue") });
}

function standing(item) {
  const late = item.late_minutes ? small(` ${say("minutesAgo", { count: number(item.late_minutes) })}`) : null;
  const marks = ["zero", "corrected"].filter((name) => holds(item, name)).map((name) => small(` · ${say(`reports_${name}`)}`));
  const open = item.unexplained ? small(` · ${say("figuresUnexplained")}`, "bad") : null;
  return element("span", {}, element("span", { className: ["missing", "late"].includes(item.standing) ? "bad" : "", textContent: item.standing_label }), late, marks, open);
}

function reports(answer, context) {
  const [report, unit, chosen] = ["report", "unit", "standing"].map((name) => state.choice(name));
  const items = answer.items.filter((item) => (!report || item.report_kind === report) && (!unit || item.org_id === unit) && (!chosen || holds(item, chosen)));
  const duty = (item) => (context.may("list_duties") ? `/v1/duties?subject_id=${item.org_id}&from_on=${context.day}&to_on=${context.day}` : null);
  const row = (item) => [opens(item.org_name, item.report_url ?? duty(item), `${item.org_name} ${item.report_label}`), item.report_label, standing(item), moment(item.due_at), item.report_url ? button(moment(item.reported_at), () => openRecords(item.report_url, ""), { className: "figure", "aria-label": `${item.org_name} ${item.report_label} ${moment(item.reported_at)}: ${say("openRecord")}` }) : "–"];
  const options = [["", say("every")], ...COUNTS.slice(1).map((name) => [name, say(`reports_${name}`)])];
  const filter = choices(say("state"), options, chosen, (value) => go(value ? { standing: value } : { standing: null, report: null, unit: null }));
  return listed(say("reportsDue"), [say("unit"), say("reportKind"), say("state"), say("dueAtTime"), say("reportedAt")], items.map(row), { id: "reports", more: filter, none: say("noReportsDue") });
}

function missingLogs(answer) {
  const items = [...answer.items].sort((one, other) => one.line.localeCompare(other.line));
  const row = (item) => [item.line_label, opens(item.responsible_names || item.subject_name || say("nobodyNamed"), `/v1/duties/${item.duty_id}`), item.area_name ?? item.area_code, item.org_name ?? "–", moment(item.due_at)];
  return listed(say("logsMissing"), [say("level"), say("responsible"), say("where"), say("unit"), say("dueAtTime")], items.map(row), { count: answer.total, id: "logs-missing", none: say("allLogsThere") });
}

export async function render(context, show) {
  const { day, scope } = context;
  const drawReports = (answer) => [counts(say("reportKind"), answer.by_kind, "report"), counts(say("unit"), answer.by_org, "unit"), reports(answer, context)];
  await room(context, show, [
    { needs: "get_reporting", read: `/v1/stats/reporting?on=${day}${scope}`, draw: drawReports },
    { needs: "list_missed", read: `/v1/stats/completeness/missed?duty_kind=work_log&from_on=${day}&to_on=${day}&limit=100${scope}`, draw: missingLogs },
    counted(context, "work_logs", say("workLogs"), ["work_logs", "subdistrict", "village", "group", "zero"]),
  ]);
}
