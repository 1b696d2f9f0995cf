//! A look at whoever a survey found ill: the health centre's, within hours. Each person of whom the visit tells is a duty
//! of its own; where it names nobody, the household is. A reading, an isolation case or a health worker's visit of that
//! person after it proves it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::{Value, Values};
use uuid::Uuid;

use super::{SYMPTOM_CHECK, select};
use crate::records::awaited::has_come;
use crate::records::envelope::{ID, OCCURRED_AT, RECORDED_AT};
use crate::records::locked_row::LockedRow;
use crate::records::{Record, read};
use crate::rooms::duties::duty::{self, expectation};
use crate::rooms::duties::pass::{Pass, Settled, cancelled};
use crate::rooms::duties::wire::{CAUSE_ID, LINE, SUBJECT_ID};
use crate::rooms::duties::{Cadences, Contact, DutyState, DutyWaiver};
use crate::rooms::households::households::HOUSEHOLDS;
use crate::rooms::households::survey_visits::{
    ABNORMAL, HOUSEHOLD_ID, MEMBERS, PERSON_ID, SURVEY_VISITS, VisitedMember,
};
use crate::rooms::observation::{FOLLOW_UP_VISITS, ISOLATION_CASES, TEMPERATURE_READINGS};
use crate::rooms::registers::PEOPLE;
use crate::rooms::registers::family::{ROOT, one_person};

/// Marks that these duties follow from.
pub const WATCHES: &[&str] = &[
    "survey_visits",
    "temperature_readings",
    "isolation_cases",
    "follow_up_visits",
    "household_members",
    "households",
    "accounts",
    "merged_people",
];

/// Visits that are told later than an incubation lasts ask for nothing any more.
const LATELY: TimeDelta = TimeDelta::days(14);

columns! {
    KIND "kind": String;
    /// Person or household that somebody saw.
    SEEN_ID "seen_id": Uuid;
}

/// A duty for each who was found ill.
pub async fn settle(pass: &Pass<'_>) -> Result<Vec<Settled>, Problem> {
    let since = || Value::Instant(pass.now() - LATELY);
    let known = select(pass.district_code, SYMPTOM_CHECK)
        .sql(" AND (r.state IN ('open', 'missed') OR r.opens_at > ")
        .bind(ColumnType::Instant, since())
        .sql(")");
    let known = pass.duties(&known).await?;
    let causes: Vec<Uuid> = known.iter().filter_map(|duty| duty.values.get(&CAUSE_ID)).collect();
    let recent =
        Statement::new(format!("SELECT {} FROM survey_visits AS r WHERE r.district_code = ", SURVEY_VISITS.select()))
            .text(pass.district_code)
            .sql(format!(" AND r.abnormal AND NOT r.voided AND {} AND r.occurred_at > ", has_come("r.")))
            .bind(ColumnType::Instant, since())
            .seeing_district(pass.district_code);
    let mut visits: BTreeMap<Uuid, Record> = read::load(pass.core, &SURVEY_VISITS, &recent)
        .await?
        .into_iter()
        .map(|visit| (visit.envelope.id, visit))
        .collect();
    let others: Vec<Uuid> = causes.into_iter().filter(|id| !visits.contains_key(id)).collect();
    visits.extend(read::find_unscoped(pass.core, &SURVEY_VISITS, pass.district_code, &others).await?);
    let mut known: BTreeMap<Uuid, Record> = known.into_iter().map(|duty| (duty.envelope.id, duty)).collect();
    let mut rows = Vec::new();
    for visit in visits.values() {
        rows.extend(ill(pass, visit).into_iter().filter_map(|subject| asked(pass, visit, subject, &mut known)));
    }
    // The visit that asked for these was voided, or amended: nobody is ill, or somebody else.
    for duty in known.into_values() {
        let mut row = LockedRow::stored(duty);
        row.record = cancelled(&row.record, DutyWaiver::CauseVoided);
        rows.push(row);
    }
    let households = visits.values().filter_map(|visit| visit.values.get(&HOUSEHOLD_ID)).collect();
    let seen = Seen::load(pass, &rows, households).await?;
    let settled = |mut row: LockedRow| {
        if !duty::is(&row.record, DutyState::Waived) {
            row.record = pass.settled(&row.record, seen.of(&row.record));
        }
        let answers = row.record.values.get(&LINE).and_then(|line| pass.of_line(line, &row.record));
        Settled { row, answers }
    };
    Ok(rows.into_iter().map(settled).collect())
}

/// Whom a visit found ill: people, or the household where it names none.
fn ill(pass: &Pass<'_>, visit: &Record) -> Vec<(&'static str, Uuid)> {
    let envelope = &visit.envelope;
    if envelope.voided || envelope.awaited.is_some() || visit.values.get(&ABNORMAL) != Some(true) {
        return Vec::new();
    }
    let policy = pass.write_context.context().policy_at(&envelope.area_code, envelope.occurred_at);
    let members: Vec<VisitedMember> = visit.values.list(&MEMBERS).collect();
    let ill = members.iter().filter(|member| member.is_ill(policy.fever_c)).map(|member| member.person_id);
    let people: BTreeSet<Uuid> = ill.chain(visit.values.get(&PERSON_ID)).collect();
    if people.is_empty() {
        return visit.values.get(&HOUSEHOLD_ID).map(|id| (HOUSEHOLDS.name, id)).into_iter().collect();
    }
    people.into_iter().map(|id| (PEOPLE.name, id)).collect()
}

/// The duty about somebody whom a visit found ill.
fn asked(
    pass: &Pass<'_>,
    visit: &Record,
    subject: (&'static str, Uuid),
    known: &mut BTreeMap<Uuid, Record>,
) -> Option<LockedRow> {
    let envelope = &visit.envelope;
    let id = pass.id(SYMPTOM_CHECK, &[&envelope.id.to_string(), &subject.1.to_string()]);
    let opens_at = envelope.occurred_at;
    let day = day_of(opens_at, pass.write_context.zone);
    let cadence = pass.write_context.settings.of::<Cadences>().at(SYMPTOM_CHECK, &envelope.area_code, day);
    // Nobody can answer for what he wasn't told: what was told late is due from then on.
    let told_at = envelope.recorded_at.min(pass.now());
    let told_late = told_at > opens_at + pass.write_context.clock_tolerance;
    let due_at = cadence.map(|cadence| cadence.due_after(if told_late { told_at } else { opens_at }));
    if let Some(duty) = known.remove(&id) {
        let mut row = LockedRow::stored(duty);
        if row.record.values.get(&crate::rooms::duties::wire::WAIVER) == Some(DutyWaiver::CauseVoided) {
            duty::reopen(&mut row.record);
        }
        let unsettled = !duty::is(&row.record, DutyState::Done);
        if let Some(due_at) = due_at.filter(|_| unsettled && expectation(&row.record).opens_at != opens_at) {
            row.record = duty::moved(&row.record, (opens_at, due_at));
        }
        return Some(row);
    }
    let new = duty::New {
        id,
        duty_kind: SYMPTOM_CHECK,
        subject,
        cause_id: Some(envelope.id),
        assignee_id: None,
        opens_at,
        due_at: due_at.filter(|_| opens_at + LATELY > pass.now())?,
        area_code: &envelope.area_code,
        org_id: None,
        made_by: Uuid::nil(),
    };
    Some(LockedRow::new(duty::record(new, &pass.write_context)))
}

/// Records of people who were seen, by the id that stands for each; of households by theirs.
struct Seen {
    roots: BTreeMap<Uuid, BTreeSet<Uuid>>,
    contacts: BTreeMap<Uuid, Vec<Contact>>,
}

impl Seen {
    /// Those of the subjects of duties.
    async fn load(pass: &Pass<'_>, rows: &[LockedRow], households: BTreeSet<Uuid>) -> Result<Self, Problem> {
        let subjects: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.record.values.get(&SUBJECT_ID)).collect();
        let mut seen = Self { roots: BTreeMap::new(), contacts: BTreeMap::new() };
        let Some(since) = rows.iter().map(|row| expectation(&row.record).opens_at).min() else { return Ok(seen) };
        let ids: Vec<Value> = subjects.iter().copied().map(Value::Id).collect();
        let subjects = touched(pass, ids.clone()).sql(
            " SELECT w.subject_id AS seen_id, m.root FROM wanted AS w JOIN members AS m ON m.person_id = w.person_id",
        );
        for mut row in pass.core.database.read(&subjects.seeing_district(pass.district_code)).await? {
            if let (Some(subject), Some(root)) = (row.get(&SEEN_ID), row.get(&ROOT)) {
                seen.roots.entry(subject).or_default().insert(root);
            }
        }
        let households = households.into_iter().map(Value::Id).collect();
        let looks = looks(pass, ids, households, since).seeing_district(pass.district_code);
        for row in pass.core.database.read(&looks).await? {
            if let Some((id, contact)) = contact(row, pass.now()) {
                seen.contacts.entry(id).or_default().push(contact);
            }
        }
        Ok(seen)
    }

    /// Contacts with a duty's subject, except its cause.
    fn of<'s>(&'s self, duty: &Record) -> impl Iterator<Item = &'s Contact> {
        let subject = duty.values.get(&SUBJECT_ID);
        let cause = duty.values.get(&CAUSE_ID);
        let people = subject.and_then(|id| self.roots.get(&id)).into_iter().flatten().copied();
        let ids: Vec<Uuid> = people.chain(subject).collect();
        let of = ids.into_iter().filter_map(|id| self.contacts.get(&id)).flatten();
        of.filter(move |contact| Some(contact.id) != cause)
    }
}

/// `WITH RECURSIVE … wanted(subject_id, person_id), members(root, person_id)`: the people of these subjects, of a
/// household those who live there, each with all ids of the same person.
fn touched(pass: &Pass<'_>, ids: Vec<Value>) -> Statement {
    let wanted = Statement::new("WITH RECURSIVE wanted(subject_id, person_id) AS (SELECT s.id, s.id FROM unnest(")
        .column(ColumnType::Id, ids.clone())
        .sql("::uuid[]) AS s(id) UNION SELECT m.household_id, m.person_id FROM household_members AS m WHERE m.district_code = ")
        .text(pass.district_code)
        .sql(" AND m.household_id = ANY(")
        .column(ColumnType::Id, ids)
        .sql(") AND NOT m.voided AND m.basis = 'lives' AND m.since_on <= ")
        .bind(ColumnType::Day, Value::Day(pass.today))
        .sql(" AND (m.until_on IS NULL OR m.until_on > ")
        .bind(ColumnType::Day, Value::Day(pass.today))
        .sql(")), touched(person_id) AS (SELECT DISTINCT w.person_id FROM wanted AS w)");
    one_person(wanted, pass.district_code)
}

/// `SELECT` what was seen of them since: readings, cases, visits of the health centre's line, and survey visits that a
/// health worker made.
fn looks(pass: &Pass<'_>, ids: Vec<Value>, households: Vec<Value>, since: DateTime<Utc>) -> Statement {
    let instant = || Value::Instant(since);
    let mut statement = touched(pass, ids)
        .sql(format!(", h AS (SELECT r.id, r.household_id, r.members, r.occurred_at, r.recorded_at FROM survey_visits AS r WHERE NOT r.voided AND {}{BY_DOCTORS} AND r.household_id = ANY(", has_come("r.")))
        .column(ColumnType::Id, households)
        .sql(") AND r.district_code = ")
        .text(pass.district_code)
        .sql(" AND r.occurred_at > ")
        .bind(ColumnType::Instant, instant())
        .sql(") ");
    for kind in [TEMPERATURE_READINGS.name, ISOLATION_CASES.name, SURVEY_VISITS.name] {
        let by_doctors = if kind == SURVEY_VISITS.name { BY_DOCTORS } else { "" };
        statement = statement
            .sql(format!("SELECT '{kind}' AS kind, r.id, m.root AS seen_id, r.occurred_at, r.recorded_at FROM members AS m CROSS JOIN LATERAL (SELECT * FROM {kind} AS t WHERE t.person_id = m.person_id AND t.district_code = "))
            .text(pass.district_code)
            .sql(format!(" OFFSET 0) AS r WHERE NOT r.voided AND {}{by_doctors} AND r.occurred_at > ", has_come("r.")))
            .bind(ColumnType::Instant, instant())
            .sql(" UNION ALL ");
    }
    statement
        .sql("SELECT 'follow_up_visits', r.id, m.root, r.occurred_at, r.recorded_at FROM members AS m CROSS JOIN LATERAL (SELECT t.id FROM isolation_cases AS t WHERE t.person_id = m.person_id AND t.district_code = ")
        .text(pass.district_code)
        .sql(" OFFSET 0) AS c CROSS JOIN LATERAL (SELECT * FROM follow_up_visits AS t WHERE t.case_id = c.id AND t.district_code = ")
        .text(pass.district_code)
        .sql(format!(" OFFSET 0) AS r WHERE NOT r.voided AND {} AND r.line = 'health_center' AND r.occurred_at > ", has_come("r.")))
        .bind(ColumnType::Instant, instant())
        .sql(" UNION ALL SELECT 'survey_visits', d.id, coalesce(m.root, d.household_id), d.occurred_at, d.recorded_at FROM (SELECT r.id, r.household_id, r.occurred_at, r.recorded_at, NULL::uuid AS person_id FROM h AS r UNION ALL SELECT r.id, r.household_id, r.occurred_at, r.recorded_at, (e.member ->> 'person_id')::uuid FROM h AS r CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(r.members) = 'array' THEN r.members ELSE '[]' END) AS e(member) WHERE e.member ->> 'status' = 'present') AS d LEFT JOIN members AS m ON m.person_id = d.person_id WHERE d.person_id IS NULL OR m.root IS NOT NULL")
}

/// Somebody was reached by whoever is or was of a health centre.
const BY_DOCTORS: &str = " AND r.result = 'reached' AND r.recorded_by IN (SELECT g.user_id FROM user_grants AS g WHERE g.role IN ('health_worker', 'cdc_officer') UNION ALL SELECT f.user_id FROM former_grants AS f WHERE f.role IN ('health_worker', 'cdc_officer'))";

fn contact(mut row: Row, now: DateTime<Utc>) -> Option<(Uuid, Contact)> {
    let kind = row.get(&KIND)?;
    let names = [TEMPERATURE_READINGS.name, ISOLATION_CASES.name, SURVEY_VISITS.name, FOLLOW_UP_VISITS.name];
    let kind = names.into_iter().find(|name| *name == kind)?;
    let (id, seen) = (row.get(&ID)?, row.get(&SEEN_ID)?);
    let (occurred_at, known_at) = (row.get(&OCCURRED_AT)?, row.get(&RECORDED_AT)?.min(now));
    Some((seen, Contact { kind, id, occurred_at, known_at, values: Values::default() }))
}
