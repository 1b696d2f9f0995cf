//! Standing answers: who was asked in the last 24 hours need not be asked again. The next passages of somebody known
//! are complete with a direction and a temperature, whichever of them is told first, and stop being so where the
//! answers they stood on are taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kit::columns;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::rules::NOT_REGISTERED;
use super::wire::{ANSWERS, COMPLETE, PERSON_ID, ScreeningAnswer, TEMPERATURE_C};
use crate::records::awaited::has_come;
use crate::records::change::Changes;
use crate::records::envelope::{ID, OCCURRED_AT};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Record};
use crate::rooms::checkpoints::screenings::SCREENINGS;
use crate::rooms::registers::family::{ROOT, one_person};

/// Time for which answers stand.
const STAND: TimeDelta = TimeDelta::hours(24);
/// Delay within which a passage counts as told at once: none can follow it yet.
const AT_ONCE: TimeDelta = TimeDelta::minutes(1);
columns! {
    /// In `draft.recalled`: whether answers of an earlier passage stand.
    pub STANDING_ANSWERS "standing_answers": bool;
    /// Place of a draft among those that came together.
    N "n": i64;
}

/// SQL: whether row `r` was asked and answered.
const ASKED: &str = "EXISTS (SELECT 1 FROM jsonb_array_elements_text(CASE WHEN jsonb_typeof(r.answers) = 'array' THEN r.answers ELSE '[]' END) AS a(code) WHERE a.code <> 'refused')";

/// Whether somebody answered.
pub fn asked(values: &Values) -> bool {
    values.list(&ANSWERS).any(|answer| answer != ScreeningAnswer::Refused)
}

/// Whether nobody asked: who refuses now has no answers that stand.
fn is_silent(values: &Values) -> bool {
    values.list(&ANSWERS).next().is_none()
}

/// Whether answers given at one time stand at another.
fn stands(answered_at: DateTime<Utc>, at: DateTime<Utc>) -> bool {
    answered_at <= at && at < answered_at + STAND
}

fn at(draft: &Draft, context: &Context<'_>) -> DateTime<Utc> {
    draft.values.get(&OCCURRED_AT).unwrap_or(context.now)
}

/// Asks who of those that weren't asked has answers that stand: `n`, the place of his draft.
pub fn recollection(drafts: &[&Draft], context: &Context<'_>) -> Option<Statement> {
    let silent: Vec<(i64, Uuid, &Draft)> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| is_silent(&draft.values) && draft.values.get(&TEMPERATURE_C).is_some())
        .filter_map(|(n, draft)| Some((i64::try_from(n).ok()?, draft.named(&PERSON_ID, context)?, *draft)))
        .collect();
    if silent.is_empty() {
        return None;
    }
    let people = || silent.iter().map(|(_, person_id, _)| Value::Id(*person_id)).collect();
    let touched = Statement::new("WITH RECURSIVE touched AS (SELECT DISTINCT unnest(")
        .column(ColumnType::Id, people())
        .sql("::uuid[]) AS person_id)");
    let statement = one_person(touched, context.district_code)
        .sql(" SELECT k.n FROM unnest(")
        .column(ColumnType::Integer, silent.iter().map(|(n, _, _)| Value::Integer(*n)).collect())
        .sql("::bigint[], ")
        .column(ColumnType::Id, people())
        .sql("::uuid[], ")
        .column(ColumnType::Instant, silent.iter().map(|(_, _, draft)| Value::Instant(at(draft, context))).collect())
        .sql("::timestamptz[], ")
        .column(ColumnType::Id, silent.iter().map(|(_, _, draft)| Value::Id(draft.client_id().unwrap_or_default())).collect())
        .sql("::uuid[]) AS k(n, person_id, at, own) WHERE EXISTS (SELECT 1 FROM members AS o JOIN members AS m ON m.root = o.root CROSS JOIN LATERAL (SELECT * FROM screenings AS t WHERE t.person_id = m.person_id AND t.occurred_at > k.at - interval '24 hours' AND t.district_code = ")
        .text(context.district_code)
        .sql(format!(" OFFSET 0) AS r WHERE o.person_id = k.person_id AND r.occurred_at <= k.at AND r.id <> k.own AND NOT r.voided AND {} AND {ASKED})", has_come("r.")));
    Some(statement)
}

/// Notes whose answers stand: of earlier records, and of those that come together with him.
pub fn recollect(drafts: &mut [&mut Draft], rows: Vec<Row>, context: &Context<'_>) {
    let known: BTreeSet<i64> = rows.into_iter().filter_map(|mut row| row.get(&N)).collect();
    let mut told: BTreeMap<Uuid, Vec<DateTime<Utc>>> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| asked(&draft.values)) {
        if let Some(person_id) = draft.named(&PERSON_ID, context) {
            told.entry(person_id).or_default().push(at(draft, context));
        }
    }
    for (n, draft) in drafts.iter_mut().enumerate().filter(|(_, draft)| is_silent(&draft.values)) {
        let at = at(draft, context);
        let person_id = draft.named(&PERSON_ID, context);
        let beside =
            person_id.and_then(|id| told.get(&id)).is_some_and(|times| times.iter().any(|told| stands(*told, at)));
        let earlier = i64::try_from(n).is_ok_and(|n| known.contains(&n));
        draft.recalled.set(&STANDING_ANSWERS, beside || earlier);
    }
}

/// Whether later passages may stand or fall with a change: what is told late, amended or taken back.
pub fn concerns(former: Option<&Record>, next: &Record, write_context: &WriteContext) -> bool {
    let late = former.is_some() || next.envelope.occurred_at + AT_ONCE < write_context.now;
    late && (asked(&next.values) || former.is_some_and(|former| asked(&former.values)))
}

/// Judges anew the passages that stand on others' answers. It refuses nothing.
pub struct AnswersDecider(pub Arc<WriteContext>);

struct Answers {
    write_context: Arc<WriteContext>,
    roots: BTreeMap<Uuid, Uuid>,
    /// Passages at which nobody was asked.
    silent: BTreeMap<Uuid, LockedRow>,
    /// Answers: of whom, when.
    told: BTreeMap<Uuid, (Uuid, DateTime<Utc>)>,
    /// Accounts that last wrote a passage of somebody, by the id that stands for him.
    authors: BTreeMap<Uuid, Uuid>,
}

impl Decider for AnswersDecider {
    fn group(&self) -> &'static str {
        "standing_answers"
    }

    /// Reads the people concerned, each with the id that stands for the person; the answers of those days; and the
    /// passages without any.
    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let kind = &SCREENINGS;
        let values = || claims.iter().flat_map(|claim| claim.former.iter().chain(&claim.next));
        let times = || values().filter_map(|values| values.get(&OCCURRED_AT));
        let (from, to) = (times().min().unwrap_or(self.0.now), times().max().unwrap_or(self.0.now));
        let members = || {
            let people = values().filter_map(|values| values.get(&PERSON_ID)).map(Value::Id).collect();
            let touched = Statement::new("WITH RECURSIVE touched AS (SELECT DISTINCT unnest(")
                .column(ColumnType::Id, people)
                .sql("::uuid[]) AS person_id)");
            one_person(touched, district_code)
        };
        let passages = |select: &str, condition: &str, from: DateTime<Utc>| {
            members()
                // Person by person: a plan made while the table was small would else read a whole district. The end of
                // the period is judged outside: with both ends the planner takes an index of times for as good.
                .sql(format!(" SELECT {select} FROM (SELECT DISTINCT person_id AS member_id FROM members) AS m CROSS JOIN LATERAL (SELECT * FROM screenings AS t WHERE t.person_id = m.member_id AND t.occurred_at > "))
                .bind(ColumnType::Instant, Value::Instant(from))
                .sql(" AND t.district_code = ")
                .text(district_code)
                .sql(" OFFSET 0) AS r WHERE r.occurred_at < ")
                .bind(ColumnType::Instant, Value::Instant(to + STAND))
                .sql(format!(" AND NOT r.voided AND {} AND {condition}", has_come("r.")))
        };
        let silent = "(r.answers IS NULL OR r.answers = '[]')";
        vec![
            members().sql(" SELECT root, person_id FROM members"),
            passages("r.id, r.person_id, r.occurred_at", ASKED, from - STAND),
            passages(kind.select(), silent, from - TimeDelta::seconds(1)),
        ]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut lists = rows.into_iter();
        let mut next = || lists.next().unwrap_or_default();
        let roots = next().into_iter().filter_map(|mut row| Some((row.get(&PERSON_ID)?, row.get(&ROOT)?))).collect();
        let answer = |mut row: Row| Some((row.get(&ID)?, (row.get(&PERSON_ID)?, row.get(&OCCURRED_AT)?)));
        let told = next().into_iter().filter_map(answer).collect();
        let silent = self.0.kept(&SCREENINGS, next())?;
        Ok(Box::new(Answers { write_context: Arc::clone(&self.0), roots, silent, told, authors: BTreeMap::new() }))
    }
}

impl State for Answers {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        // Its own append writes it.
        self.silent.remove(&claim.id);
        self.told.remove(&claim.id);
        let people = claim.former.iter().chain(&claim.next).filter_map(|values| values.get(&PERSON_ID));
        let people = people.map(|id| self.roots.get(&id).copied().unwrap_or(id));
        self.authors.extend(people.map(|id| (id, claim.by)));
        if let Some(next) = &claim.next {
            let when = next.get(&OCCURRED_AT).unwrap_or(self.write_context.now);
            let answer = next.get(&PERSON_ID).filter(|_| asked(next));
            self.told.extend(answer.map(|person_id| (claim.id, (person_id, when))));
        }
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        let kind = &SCREENINGS;
        let root = |id: Uuid| self.roots.get(&id).copied().unwrap_or(id);
        for mut kept in self.silent.into_values() {
            let (values, at) = (&kept.record.values, kept.record.envelope.occurred_at);
            let person_id = values.get(&PERSON_ID).map(root);
            let standing = self.told.values().any(|(other, told)| person_id == Some(root(*other)) && stands(*told, at));
            let registered = !kept.record.envelope.warnings.iter().any(|noted| noted.code == NOT_REGISTERED.code);
            let complete = standing && registered && values.get(&TEMPERATURE_C).is_some();
            kept.record.values.set(&COMPLETE, complete);
            kept.sign(person_id.and_then(|id| self.authors.get(&id).copied()).unwrap_or_default());
            kept.put_into(kind, &mut changes);
        }
        changes.following(&self.write_context)
    }
}
