// What a record of a kind says, in words: parts are texts, or [text, "bad"] for what is wrong.
import { unit } from "./figures.js";
import { areaName, nameOf } from "./names.js";
import { dayText, hourOf, number, say } from "./texts.js";

const FEVER = 37.3;
const told = (vocabulary, codes, word) => (codes ?? []).filter((code) => code !== "none").map((code) => [word(vocabulary, code), "bad"]);
const degrees = (text) => (text ? [[`${text} ℃`, Number(text) >= FEVER ? "bad" : ""]] : []);
const amount = (text, of) => (text ? `${number(Number(text))} ${of}` : null);
const unitName = (id) => nameOf("organizations", id);
const things = (items) => (items ?? []).map((item) => `${item.item} ${amount(item.quantity, unit(item.quantity_unit))}`).join("、");
const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
const due = (day) => (day ? say("dueAt", { when: dayText(day) }) : null);
const span = (from, to) => [from ? say("since", { day: dayText(from) }) : null, to ? say("until", { day: dayText(to) }) : null];
const flag = (value, name, tone = "") => (value ? [[say(`flag_${name}`), tone]] : []);

export const KINDS = {
  screenings: (record, word) => [word("direction", record.direction), ...flag(record.abnormal, "abnormal", "bad"), ...told("screening_answer", record.answers, word), ...told("symptom", record.symptoms, word), ...degrees(record.temperature_c),
    record.mask === false ? [say("noMask"), "bad"] : null, record.disposition ? word("disposition", record.disposition) : null, record.vehicle?.plate ?? null, record.reason],
  isolation_cases: (record, word) => [word("isolation_state", record.state), ...(record.categories ?? []).map((code) => word("person_category", code)), record.ends_on ? say("until", { day: dayText(record.ends_on) }) : null,
    record.supervisors_complete ? null : [say("supervisorsMissing"), "bad"], ...flag(record.extended, "extended")],
  temperature_readings: (record, word) => [word("temperature_slot", record.slot), ...degrees(record.temperature_c), ...told("symptom", record.symptoms, word), ...flag(record.fever, "fever", "bad"), ...flag(record.needs_retest, "retest", "bad"), ...flag(record.home_visit, "home_visit")],
  duties: (record, word) => [word("duty_kind", record.duty_kind), [word("duty_state", record.state), record.state === "missed" ? "bad" : ""], say("dueAt", { when: `${record.due_at.slice(5, 10)} ${hourOf(record.due_at)}` }), `${say("line")} ${word("duty_line", record.line)}`,
    record.assignee_id ? nameOf("users", record.assignee_id) : null, record.escalated_to ? `→ ${word("duty_line", record.escalated_to)}` : null, ...flag(record.explained, "explained"), record.reason ?? record.answer,
    record.waiver ? word("duty_waiver", record.waiver) : null],
  disinfections: (record, word) => [word("disinfection_activity", record.activity), amount(record.area_m2, "m²"), record.agent, record.method ? word("disinfection_method", record.method) : null],
  publicity_activities: (record, word) => [word("publicity_method", record.method), record.topic ? word("publicity_topic", record.topic) : null, record.copies ? say("copies", { count: number(record.copies) }) : null, record.households_reached ? say("householdsReached", { count: number(record.households_reached) }) : null],
  inspections: (record, word) => [record.passed ? say("passed") : [say("notPassed"), "bad"], ...(record.items ?? []).filter(({ result }) => result === "fail").map(({ code }) => [word("inspection_item", code), "bad"]), (record.inspectors ?? []).join("、")],
  shifts: (record) => [record.title, `${hourOf(record.starts_at)}–${hourOf(record.ends_at)}`, say("needs", { count: (record.needs ?? []).reduce((sum, need) => sum + need.count, 0) }), ...flag(record.cancelled, "cancelled", "bad")],
  shift_assignments: (record, word) => [word("duty_role", record.role), `${hourOf(record.starts_at)}–${hourOf(record.ends_at)}`, [word("assignment_attendance", record.attendance), record.attendance === "no_show" ? "bad" : ""], record.state === "assigned" ? null : word("assignment_state", record.state)],
  shift_attendances: (record, word) => [word("attendance_action", record.action)],
  service_records: (record) => [`${hourOf(record.starts_at)}–${hourOf(record.ends_at)}`, say("hoursServed", { count: record.service_hours }), record.content],
  supply_reports: (record) => [record.is_zero ? [say("zeroReport"), "bad"] : say("reportLines", { count: (record.lines ?? []).length }), dayText(record.reported_on)],
  stock_movements: (record, word) => [word("stock_direction", record.direction), word("commodity", record.commodity), amount(record.quantity_normalized ?? record.quantity, unit(record.normalized_unit ?? record.quantity_unit)), word("stock_reason", record.reason), record.counterpart],
  people: (record, word) => [...(record.categories ?? []).map((entry) => word("person_category", entry.category ?? entry)), record.birth_year, record.sex ? word("sex", record.sex) : null, record.phone],
  survey_visits: (record, word) => [word("survey_channel", record.channel), [word("survey_result", record.result), record.result === "reached" ? "" : "bad"], ...flag(record.abnormal, "abnormal", "bad"), record.people_counted ? say("peopleCounted", { count: record.people_counted }) : null],
  households: (record, word) => [record.door, record.household_kind ? word("household_kind", record.household_kind) : null, record.status ? word("household_status", record.status) : null],
  observation_notices: (record) => [record.issued_by, record.signed_by, record.signed_on ? dayText(record.signed_on) : null],
  isolation_case_transitions: (record, word) => [word("isolation_transition", record.to), record.reason],
  follow_up_visits: (record, word) => [record.line ? word("duty_line", record.line) : null, record.health_status ? [word("health_status", record.health_status), record.health_status === "well" ? "" : "bad"] : null, record.content],
  spot_checks: (record) => [record.present === false ? [say("notPresent"), "bad"] : say("present"), record.compliant === false ? [say("notCompliant"), "bad"] : null],
  patrol_logs: (record) => [record.in_order === false ? [say("notInOrder"), "bad"] : say("inOrder")],
  violations: (record, word) => [[word("violation_kind", record.violation_kind), "bad"], record.outcome ? word("violation_outcome", record.outcome) : null],
  errands: (record, word) => [word("errand_state", record.state), record.content ?? record.items],
  need_requests: (record, word) => [word("need_state", record.state), record.content],
  price_alerts: (record, word) => [word("commodity", record.commodity), [word("price_alert_state", record.state), "bad"]],
  mask_collections: (record, word) => [say("bagsCount", { count: number(record.bags) }), amount(record.weight_kg, "kg"), word("mask_destination", record.destination), record.disinfected ? say("isDisinfected") : [say("notDisinfected"), "bad"], record.plate_number],
  compound_partnerships: (record, word) => [unitName(record.partner_org_id), word("partnership_kind", record.partnership_kind), record.leader, ...span(record.starts_on, record.ends_on)],
  banquets: (record, word) => [record.occasion ? word("banquet_occasion", record.occasion) : null, say("tablesCount", { count: number(record.tables), diners: number(record.diners) }), [word("banquet_status", record.status), record.ban_in_force && ["planned", "held"].includes(record.status) ? "bad" : ""], `${say("plannedOn")} ${dayText(record.planned_on)}`, record.ban_in_force ? say("underBan") : null, record.host, record.address],
  commitments: (record, word) => [word("commitment_kind", record.commitment_kind), unitName(record.committed_org_id), record.signed_by, dayText(record.signed_on)],
  gathering_bans: (record) => [!record.max_tables ? say("noBanquets") : say("mostTables", { count: number(record.max_tables) }), ...span(record.effective_on, record.until_on)],
  rectifications: (record, word) => [record.requirement, [word("rectification_state", record.state), record.overdue ? "bad" : ""], due(record.extended_to ?? record.due_on), unitName(record.subject_org_id)],
  rectification_steps: (record, word) => [word("rectification_step", record.step), record.reason, due(record.due_on), record.evidence],
  oversight_checks: (record) => [unitName(record.checked_org_id), record.passed ? say("passed") : null, ...(record.findings ?? []).map(({ finding }) => [finding, "bad"]), (record.checkers ?? []).join("、")],
  liaisons: (record, word) => [word("liaison_channel", record.channel), unitName(record.with_org_id) ?? (record.with_area_code ? areaName(record.with_area_code) : null), record.topic, record.agreed],
  incidents: (record, word) => [[word("incident_kind", record.incident_kind), "bad"], record.description, record.stopped ? say("wasStopped") : null, record.outcome ? word("violation_outcome", record.outcome) : null],
  tips: (record, word) => [word("tip_channel", record.channel), [word("tip_status", record.status), record.status === "received" ? "bad" : ""], record.content, unitName(record.handled_by_org_id)],
  donations: (record, word) => [record.donor_name ?? unitName(record.donor_org_id) ?? word("donor_kind", record.donor_kind), things(record.items), record.designated_org_id ? say("meantFor", { name: unitName(record.designated_org_id) ?? "–" }) : null, record.receipt_no],
  material_issues: (record, word) => [unitName(record.recipient_org_id) ?? nameOf("places", record.recipient_place_id), things(record.items), record.occasion ? word("issue_occasion", record.occasion) : null, record.recipients === null ? null : say("peopleCounted", { count: number(record.recipients) }), record.receiver],
  directives: (record, word) => [record.title, record.issuer, word("issuer_level", record.issuer_level), record.document_no, dayText(record.held_on)],
  org_members: (record) => [record.post, ...flag(record.keeps_work_log, "keeps_work_log"), ...flag(record.party_member, "party_member"), ...span(record.since_on, record.until_on)],
  work_logs: (record, word) => [word("work_log_level", record.level), nameOf("users", record.user_id), dayText(record.worked_on), record.is_zero ? say("noWork") : null, record.zero_reason ? word("work_log_zero_reason", record.zero_reason) : null, record.content],
  reporting_requirements: (record, word) => [word("report_kind", record.report_kind), unitName(record.required_org_id) ?? (record.required_org_kind ? word("organization_kind", record.required_org_kind) : null), say("dailyUntil", { time: clock(record.due_minute) }), ...span(record.effective_on, record.until_on)],
  daily_reports: (record, word) => [word("report_kind", record.report_kind), dayText(record.reported_on), record.is_zero ? say("zeroReport") : null, record.report_status ? [word("report_status", record.report_status), record.on_time === false ? "bad" : ""] : null, record.unexplained ? [say("figuresUnexplained"), "bad"] : null, record.narrative],
  task_forces: (record, word) => [record.name, word("group_status", record.status), record.document_no, (record.members ?? []).map(({ name }) => name).join("、")],
  working_groups: (record, word) => [word("working_group_kind", record.group_kind), word("group_status", record.status), record.leader, (record.members ?? []).join("、")],
  legal_service_items: (record, word) => [word("legal_group", record.group_kind), word("legal_matter", record.matter), word("applicant_kind", record.applicant_kind), word("legal_item_status", record.status), record.summary],
  disputes: (record, word) => [word("dispute_kind", record.dispute_kind), [word("dispute_severity", record.severity), record.severity === "major" ? "bad" : ""], word("dispute_status", record.status), say("peopleCounted", { count: number(record.people) }), record.caused_by_epidemic ? say("byEpidemic") : null],
  youth_works: (record, word) => [word("youth_work_kind", record.work_kind), say("worksCount", { count: number(record.works) }), record.participants ? say("peopleCounted", { count: number(record.participants) }) : null, record.platform ? word("youth_work_platform", record.platform) : null],
  travels: (record, word) => [word("travel_capacity", record.capacity), record.state ? word("travel_state", record.state) : null, record.purpose ? word("travel_purpose", record.purpose) : null, (record.stops ?? []).map(({ place_name: name }) => name).join(" → "), ...span(record.left_on, null), record.arrived_on ? say("until", { day: dayText(record.arrived_on) }) : due(record.expected_back_on)],
  places: (record, word) => [word("place_kind", record.sort ?? record.kind), record.operating_status ? word("operating_status", record.operating_status) : null, record.address],
  organizations: (record, word) => [word("organization_kind", record.sort ?? record.kind)],
  enforcement_actions: (record, word) => [word("enforcement_action_kind", record.action_kind)],
};

// Whatever has no sentence of its own: its enumerated values by their labels, flags by name.
export function otherwise(record, word) {
  const parts = [record.name ?? record.title];
  for (const [name, value] of Object.entries(record)) {
    if (typeof value === "string" && word(name, value) !== value) parts.push(word(name, value));
  }
  return parts;
}
