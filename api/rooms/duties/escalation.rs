//! A missed duty goes up: one level when it is missed, then, for kinds of which the cadence says so, one more each
//! hour while nobody answers. Each level once, and kept in the duty, so that no restart repeats or forgets one.

use chrono::{DateTime, TimeDelta, Utc};
use kit::field::{Field, Shape};
use kit::object;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::time::in_utc_where_known;
use kit::typed::{FieldType, TypedField};
use kit::value::{Value, Values};
use ledger::AppendError;
use uuid::Uuid;

use super::wire::{DUTY_KIND, DutyLine, ESCALATED_TO, ESCALATED_TO_ID, above};
use super::{duty, sources};
use crate::platform::core::Core;
use crate::records::change::Changes;
use crate::records::write_context::WriteContext;
use crate::records::{Record, read};
use crate::rooms::duties::DUTIES;
use crate::rooms::duties::cadences::Cadences;

/// So long each level has to answer.
const EACH: TimeDelta = TimeDelta::minutes(60);
/// Silence of so long ago goes no further: somebody works on it, or the duty is forgotten for other reasons.
const LOOKED_BACK: TimeDelta = TimeDelta::days(7);
/// Duties of one append.
const CHUNK: usize = 250;

object! {
    /// A level to which a duty went up.
    pub struct Level, LEVEL {
        line: DutyLine = Field::new("line", Shape::Word(DutyLine::VOCABULARY), Text::new("Line", "责任线"), "To whom.").required();
        user_id: Option<Uuid> = Field::new("user_id", Shape::Id, Text::new("Account", "账号"), "His account, where known.");
        #[serde(serialize_with = "in_utc_where_known")]
        at: Option<DateTime<Utc>> = Field::new("at", Shape::Instant, Text::new("At", "时间"), "When.").required();
    }
}

/// The field of a duty.
pub const ESCALATIONS: TypedField<Vec<Level>> = TypedField::named(
    "ESCALATIONS",
    Field::new(
        "escalations",
        Shape::List { of: &Shape::Object(LEVEL), max: 10 },
        Text::new("Escalations", "逐级上报"),
        "Each level to which it went up, and when; the last one is `escalated_to`.",
    )
    .by_server()
    .sealed(),
);

/// Notes that it went up to a line.
pub fn go_up(values: &mut Values, line: DutyLine, user_id: Option<Uuid>, at: DateTime<Utc>) {
    values.extend(&ESCALATIONS, [Level { line, user_id, at: Some(at) }]);
    values.set(&ESCALATED_TO, line);
    values.set_or_clear(&ESCALATED_TO_ID, user_id);
}

/// The level that is due now, where one is: the cadence lets it go so far, and the last one had its hour.
fn next_level(missed: &Record, write_context: &WriteContext) -> Option<DutyLine> {
    let values = &missed.values;
    let levels: Vec<Level> = values.list(&ESCALATIONS).collect();
    // Levels that an earlier release noted don't say when they were reached: the due time stands in.
    let last = levels.last().and_then(|level| level.at).unwrap_or(duty::due_at(missed));
    let day = day_of(duty::due_at(missed), write_context.zone);
    let cadence =
        write_context.settings.of::<Cadences>().at(values.get(&DUTY_KIND)?, &missed.envelope.area_code, day)?;
    let reached = i64::try_from(levels.len().max(1)).unwrap_or(i64::MAX);
    let from = values.get(&ESCALATED_TO)?;
    let line = above(from);
    (reached < cadence.escalation_levels && line != from && last + EACH <= write_context.now).then_some(line)
}

/// Lets what was missed and that nobody answered go further up. Costs what is silent now.
pub async fn escalate(core: &Core, district_code: &str) -> Result<(), Problem> {
    let now = core.clock.now();
    let write_context = core.write_context(now, district_code);
    let kind = &DUTIES;
    let kinds: Vec<Value> =
        write_context.settings.of::<Cadences>().escalating().into_iter().map(FieldType::give).collect();
    if kinds.is_empty() {
        return Ok(());
    }
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", kind.select()))
        .text(district_code)
        .sql(" AND r.state = 'missed' AND NOT r.explained AND NOT r.voided AND r.escalated_to <> 'district' AND r.due_at > ")
        .bind(ColumnType::Instant, Value::Instant(now - LOOKED_BACK))
        .sql(" AND r.due_at <= ")
        .bind(ColumnType::Instant, Value::Instant(now - EACH))
        .sql(" AND r.duty_kind = ANY(")
        .column(ColumnType::Text, kinds)
        .sql(")")
        .seeing_district(district_code);
    let silent = read::load(core, kind, &statement).await?;
    let due: Vec<(Record, DutyLine)> =
        silent.into_iter().filter_map(|duty| next_level(&duty, &write_context).map(|line| (duty, line))).collect();
    for lot in due.chunks(CHUNK) {
        match append(core, &write_context, lot).await {
            // Somebody answered one of them meanwhile: looked at again in the next round.
            Ok(()) | Err(AppendError::Conflict(_) | AppendError::Busy) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn append(
    core: &Core,
    write_context: &std::sync::Arc<WriteContext>,
    lot: &[(Record, DutyLine)],
) -> Result<(), AppendError> {
    let failed = |problem: Problem| AppendError::Failed(problem.to_string());
    let kind = &DUTIES;
    let duties: Vec<Record> = lot.iter().map(|(duty, _)| duty.clone()).collect();
    let accounts = sources::accounts(core, &write_context.district_code, &duties).await.map_err(failed)?;
    let mut changes = Changes::default();
    for (former, line) in lot {
        let mut next = former.clone();
        let account = sources::account(&accounts, former, *line);
        go_up(&mut next.values, *line, account, write_context.now);
        next.envelope.revision += 1;
        next.envelope.revised_by = Uuid::nil();
        changes.next_number();
        changes.put(kind, Some(former.clone()), next);
    }
    core.ledger.append(changes.into_append(write_context).map_err(failed)?).await.map(|_| ())
}
