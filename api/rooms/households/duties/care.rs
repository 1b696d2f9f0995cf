//! Care for each key person: somebody who is in a category of which the care policies in force ask something is under
//! observation at home, or measured, within a day. Several categories of one person are one duty; so is one that goes
//! on in another.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use uuid::Uuid;

use super::key_people::{KeyPerson, LOOKED_BACK, key_people, within_window};
use super::{KEY_PERSON_CARE, select};
use crate::records::Record;
use crate::records::awaited::has_come;
use crate::records::envelope::{ID, OCCURRED_AT, RECORDED_AT};
use crate::records::locked_row::LockedRow;
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::pass::{Pass, Settled, cancelled, lapsed};
use crate::rooms::duties::wire::{LINE, PROOF, SUBJECT_ID, WAIVER};
use crate::rooms::duties::{Contact, DutyState, DutyWaiver};
use crate::rooms::households::care_policies::Care;
use crate::rooms::observation::{ISOLATION_CASES, TEMPERATURE_READINGS};
use crate::rooms::registers::PEOPLE;
use crate::rooms::registers::family::{PERSON_ID, ROOT, one_person};

/// Marks that the care of key people follows from.
pub const WATCHES: &[&str] = &[
    "people",
    "household_members",
    "households",
    "care_policies",
    "isolation_cases",
    "temperature_readings",
    "accounts",
];

columns! {
    KIND "kind": String;
}

/// A duty for everybody of whom the policies ask something.
pub async fn settle(pass: &Pass<'_>) -> Result<Vec<Settled>, Problem> {
    let people = key_people(pass.core, pass.district_code, pass.today).await?;
    let since = pass.today.checked_sub_days(Days::new(LOOKED_BACK)).unwrap_or(pass.today);
    let since = day_start(since, pass.write_context.zone).unwrap_or(pass.now());
    let known = select(pass.district_code, KEY_PERSON_CARE)
        .sql(" AND r.opens_at > ")
        .bind(ColumnType::Instant, Value::Instant(since));
    let known = pass.duties(&known).await?;
    let families = Families::load(pass, &people, &known).await?;
    let mut known_of: BTreeMap<Uuid, Vec<Record>> = BTreeMap::new();
    for duty in known {
        let root = families.root(duty.values.get(&SUBJECT_ID).unwrap_or_default());
        known_of.entry(root).or_default().push(duty);
    }
    let mut settled = Vec::new();
    let ids: BTreeSet<Uuid> = people.keys().chain(known_of.keys()).copied().collect();
    for id in ids {
        let known = known_of.remove(&id).unwrap_or_default();
        let person = people.get(&id);
        let rows = match person.filter(|person| person.care != Care::None) {
            Some(person) => wanted(pass, person, known, &families),
            None => known.into_iter().map(|duty| ended(duty, person, pass)).collect(),
        };
        settled.extend(rows);
    }
    let answered = |row: LockedRow| {
        let answers = row.record.values.get(&LINE).and_then(|line| pass.of_line(line, &row.record));
        Settled { row, answers }
    };
    Ok(settled.into_iter().map(answered).collect())
}

/// The duty about somebody: the one that is there, or a new one; others of the same person end.
fn wanted(pass: &Pass<'_>, person: &KeyPerson, known: Vec<Record>, families: &Families) -> Vec<LockedRow> {
    let zone = pass.write_context.zone;
    let id = pass.id(KEY_PERSON_CARE, &[&person.id.to_string(), &person.since_on.to_string()]);
    let current = |duty: &Record| duty.envelope.id == id || day_of(expectation(duty).opens_at, zone) >= person.since_on;
    let (mut own, former): (Vec<Record>, Vec<Record>) = known.into_iter().partition(current);
    own.sort_by_key(|duty| (rank(duty), duty.envelope.recorded_at, duty.envelope.id));
    let mut own = own.into_iter();
    let mut rows = Vec::new();
    let row = match own.next() {
        Some(duty) => Some(LockedRow::stored(duty)),
        None => asked(pass, id, person).map(LockedRow::new),
    };
    if let Some(mut row) = row {
        let waiver = row.record.values.get(&WAIVER);
        if matches!(waiver, Some(DutyWaiver::Lapsed | DutyWaiver::CauseVoided)) {
            duty::reopen(&mut row.record);
            if let Some(cadence) = pass.cadence(KEY_PERSON_CARE, &person.area_code) {
                let opens_at = expectation(&row.record).opens_at;
                row.record = duty::moved(&row.record, (opens_at, cadence.due_after(pass.now())));
            }
        }
        if !is(&row.record, DutyState::Done) {
            person.area_code.clone_into(&mut row.record.envelope.area_code);
        }
        let opens_at = expectation(&row.record).opens_at;
        let contacts = families.contacts(person, opens_at);
        if asks_more(&row.record, person)
            && contacts.is_empty()
            && let Some(cadence) = pass.cadence(KEY_PERSON_CARE, &person.area_code)
        {
            row.record = duty::moved(&row.record, (opens_at, cadence.due_after(pass.now())));
        }
        row.record = pass.settled(&row.record, contacts.iter());
        rows.push(row);
    }
    // One person, one duty: two who turned out to be one had one each.
    rows.extend(own.chain(former).map(|duty| {
        let mut row = LockedRow::stored(duty);
        row.record = lapsed(&row.record, DutyWaiver::Lapsed);
        row
    }));
    rows
}

/// Whether measuring was enough before, and no longer is: there is a day again.
fn asks_more(duty: &Record, person: &KeyPerson) -> bool {
    let by_reading = duty.values.get(&PROOF).is_some_and(|proof| proof.kind == TEMPERATURE_READINGS.name);
    by_reading && person.care == Care::Isolation
}

/// Which of somebody's duties goes on: what was done, then what somebody waived, then what was missed.
fn rank(duty: &Record) -> u8 {
    let by_hand = duty.values.get(&WAIVER) == Some(DutyWaiver::ByHand);
    match (is(duty, DutyState::Done), by_hand, is(duty, DutyState::Missed), is(duty, DutyState::Open)) {
        (true, ..) => 0,
        (_, true, ..) => 1,
        (_, _, true, _) => 2,
        (.., true) => 3,
        _ => 4,
    }
}

fn asked(pass: &Pass<'_>, id: Uuid, person: &KeyPerson) -> Option<Record> {
    let cadence = pass.cadence(KEY_PERSON_CARE, &person.area_code)?;
    let opens_at = day_start(person.since_on, pass.write_context.zone)?;
    let new = duty::New {
        id,
        duty_kind: KEY_PERSON_CARE,
        subject: (PEOPLE.name, person.id),
        cause_id: None,
        assignee_id: None,
        opens_at,
        // Nobody can answer for what he wasn't told: it is due from when somebody told of the category.
        due_at: cadence.due_after(pass.now()),
        area_code: &person.area_code,
        org_id: None,
        made_by: Uuid::nil(),
    };
    Some(duty::record(new, &pass.write_context))
}

/// A duty about somebody of whom nothing is asked any more. What was missed stays so where it was rightly asked for.
fn ended(duty: Record, person: Option<&KeyPerson>, pass: &Pass<'_>) -> LockedRow {
    let day = day_of(expectation(&duty).opens_at, pass.write_context.zone);
    let rightly = person.is_some_and(|person| within_window(person, day));
    let mut row = LockedRow::stored(duty);
    row.record = match rightly {
        true => lapsed(&row.record, DutyWaiver::Lapsed),
        false => cancelled(&row.record, DutyWaiver::Lapsed),
    };
    row
}

/// Ids of the same people, and the first record since that shows each looked after.
struct Families {
    roots: BTreeMap<Uuid, Uuid>,
    cases: BTreeMap<Uuid, Contact>,
    readings: BTreeMap<Uuid, Contact>,
}

impl Families {
    async fn load(pass: &Pass<'_>, people: &BTreeMap<Uuid, KeyPerson>, known: &[Record]) -> Result<Self, Problem> {
        let subjects = known.iter().filter_map(|duty| duty.values.get(&SUBJECT_ID));
        let cared: Vec<&KeyPerson> = people.values().filter(|person| person.care != Care::None).collect();
        let touched: BTreeSet<Uuid> = subjects.chain(cared.iter().map(|person| person.id)).collect();
        let mut families = Self { roots: BTreeMap::new(), cases: BTreeMap::new(), readings: BTreeMap::new() };
        if touched.is_empty() {
            return Ok(families);
        }
        let members = members(pass, touched.into_iter().collect()).sql(" SELECT root, person_id FROM members");
        for mut row in pass.core.database.read(&members.seeing_district(pass.district_code)).await? {
            if let (Some(root), Some(person_id)) = (row.get(&ROOT), row.get(&PERSON_ID)) {
                families.roots.insert(person_id, root);
            }
        }
        let shown = shown(pass, &cared).seeing_district(pass.district_code);
        for row in pass.core.database.read(&shown).await? {
            families.note(row, pass.now());
        }
        Ok(families)
    }

    fn note(&mut self, mut row: Row, now: DateTime<Utc>) -> Option<()> {
        let kind = row.get(&KIND)?;
        let (id, root) = (row.get(&ID)?, row.get(&ROOT)?);
        let (occurred_at, known_at) = (row.get(&OCCURRED_AT)?, row.get(&RECORDED_AT)?.min(now));
        let is_case = kind == ISOLATION_CASES.name;
        let kind = if is_case { ISOLATION_CASES.name } else { TEMPERATURE_READINGS.name };
        let contact = Contact { kind, id, occurred_at, known_at, values: Values::default() };
        let all = if is_case { &mut self.cases } else { &mut self.readings };
        let earlier = |known: &Contact| (contact.occurred_at, contact.id) < (known.occurred_at, known.id);
        if all.get(&root).is_none_or(earlier) {
            all.insert(root, contact);
        }
        Some(())
    }

    fn root(&self, id: Uuid) -> Uuid {
        self.roots.get(&id).copied().unwrap_or(id)
    }

    /// Proof that somebody is looked after as is needed: a case; where measuring is enough, a reading. A case that
    /// was opened before the category is one from its first day on.
    fn contacts(&self, person: &KeyPerson, opens_at: DateTime<Utc>) -> Vec<Contact> {
        let case = self.cases.get(&person.id).cloned().map(|mut case| {
            case.occurred_at = case.occurred_at.max(opens_at);
            case
        });
        let reading = self.readings.get(&person.id).filter(|_| person.care == Care::DailyTemperature).cloned();
        case.into_iter().chain(reading).collect()
    }
}

/// `WITH RECURSIVE … members(root, person_id)` of these people.
fn members(pass: &Pass<'_>, people: Vec<Uuid>) -> Statement {
    let touched = Statement::new("WITH RECURSIVE touched AS (SELECT unnest(")
        .column(ColumnType::Id, people.into_iter().map(Value::Id).collect())
        .sql("::uuid[]) AS person_id)");
    one_person(touched, pass.district_code)
}

/// `SELECT` of each person the first case that wasn't over before the category began, and the first reading since.
fn shown(pass: &Pass<'_>, people: &[&KeyPerson]) -> Statement {
    let starts = people.iter().map(|person| day_start(person.since_on, pass.write_context.zone).unwrap_or(pass.now()));
    let statement = members(pass, people.iter().map(|person| person.id).collect())
        .sql(", w AS (SELECT u.id, u.since_at FROM unnest(")
        .column(ColumnType::Id, people.iter().map(|person| Value::Id(person.id)).collect())
        .sql("::uuid[], ")
        .column(ColumnType::Instant, starts.map(Value::Instant).collect())
        .sql("::timestamptz[]) AS u(id, since_at)) SELECT 'isolation_cases' AS kind, r.id, m.root, r.occurred_at, r.recorded_at FROM members AS m JOIN w ON w.id = m.root CROSS JOIN LATERAL (SELECT * FROM isolation_cases AS t WHERE t.person_id = m.person_id AND t.district_code = ")
        .text(pass.district_code);
    statement
        .sql(format!(" OFFSET 0) AS r WHERE NOT r.voided AND r.state <> 'voided' AND {} AND (r.ended_at IS NULL OR r.ended_at >= w.since_at) UNION ALL SELECT 'temperature_readings', r.id, m.root, r.occurred_at, r.recorded_at FROM members AS m JOIN w ON w.id = m.root CROSS JOIN LATERAL (SELECT t.id, t.occurred_at, t.recorded_at FROM temperature_readings AS t WHERE t.person_id = m.person_id AND NOT t.voided AND {} AND t.occurred_at >= w.since_at AND t.district_code = ", has_come("r."), has_come("t.")))
        .text(pass.district_code)
        .sql(" ORDER BY t.occurred_at LIMIT 1) AS r")
}
