//! The duty of whoever answers for a disposal point: a look at it each day, until midnight. A collection of that day
//! proves it, whoever collected; one of the next day is the next day's.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use uuid::Uuid;

use super::points::{Point, points};
use super::{MASK_COLLECTIONS, PLACE_ID};
use crate::platform::core::Core;
use crate::records::Record;
use crate::records::awaited::has_come;
use crate::records::envelope::{ID, OCCURRED_AT, RECORDED_AT};
use crate::records::locked_row::LockedRow;
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::pass::{Pass, Settled, lapsed};
use crate::rooms::duties::wire::{SUBJECT_ID, WAIVER};
use crate::rooms::duties::{Contact, DUTIES, DutyLine, DutyState, DutyWaiver, duty_kinds};

duty_kinds! {
    /// All of them.
    pub const DUTY_KINDS;
    /// A disposal point has one each day on which it is in use.
    MASK_COLLECTION "mask_collection" "daily collection of used masks" "口罩收运" [Unit]
        |duty, contact, zone| {
            contact.kind == MASK_COLLECTIONS.name && day_of(contact.occurred_at, zone) == day_of(duty.opens_at, zone)
        };
}

/// Days that are planned ahead, so that phones have tomorrow's.
const AHEAD: u64 = 1;
/// Collections told later than this prove nothing any more.
const LOOKED_BACK: u64 = 14;

/// Makes the duties of today and tomorrow, and lets those there are stand as the collections say.
pub async fn plan(core: &Core, district_code: &str) -> Result<(), Problem> {
    let today = day_of(core.clock.now(), core.zone);
    let statement = points(district_code, today).seeing_district(district_code);
    let found = core.database.read(&statement).await?.into_iter().filter_map(Point::of_row);
    let points: BTreeMap<Uuid, Point> = found.map(|point| (point.id, point)).collect();
    if points.is_empty() {
        return Ok(());
    }
    let pass = Pass::begin(core, district_code).await?;
    let since = today.checked_sub_days(Days::new(LOOKED_BACK)).and_then(|day| day_start(day, core.zone));
    let since = since.unwrap_or(pass.now());
    let moved = moved(&pass, since).await?;
    let subjects: BTreeSet<Uuid> = moved.iter().filter_map(|duty| duty.values.get(&SUBJECT_ID)).collect();
    let collections = collections(&pass, &subjects, since).await?;
    let mut settled = new(&pass, &points).await?;
    for duty in moved {
        let Some(point) = duty.values.get(&SUBJECT_ID).and_then(|id| points.get(&id)) else { continue };
        settled.push(again(&pass, duty, point, collections.get(&point.id).map(Vec::as_slice).unwrap_or_default()));
    }
    pass.write(settled).await.map(drop)
}

/// Duties that may have to move: what is open, what could be open again, and what another collection proves than it did,
/// or none.
async fn moved(pass: &Pass<'_>, since: DateTime<Utc>) -> Result<Vec<Record>, Problem> {
    let zone = pass.core.zone.name();
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()))
        .text(pass.district_code)
        .sql(format!(" AND r.duty_kind = '{MASK_COLLECTION}' AND NOT r.voided AND r.opens_at >= "))
        .bind(ColumnType::Instant, Value::Instant(since))
        .sql(" AND (r.state = 'open' OR (r.state = 'waived' AND r.waiver = 'lapsed' AND r.due_at > ")
        .bind(ColumnType::Instant, Value::Instant(pass.now()))
        .sql(format!(") OR (r.state IN ('done', 'missed') AND (r.proof ->> 'id')::uuid IS DISTINCT FROM (SELECT c.id FROM mask_collections AS c WHERE c.district_code = r.district_code AND c.place_id = r.subject_id AND NOT c.voided AND {} AND (c.occurred_at AT TIME ZONE '{zone}')::date = (r.opens_at AT TIME ZONE '{zone}')::date AND c.occurred_at >= r.opens_at - interval '1 day' AND c.occurred_at < r.opens_at + interval '2 days' ORDER BY c.occurred_at, c.id LIMIT 1)))", has_come("c.")))
        .seeing_district(pass.district_code);
    pass.duties(&statement).await
}

/// Collections at these points, by point.
async fn collections(
    pass: &Pass<'_>,
    points: &BTreeSet<Uuid>,
    since: DateTime<Utc>,
) -> Result<BTreeMap<Uuid, Vec<Contact>>, Problem> {
    let statement = Statement::new(
        "SELECT c.id, c.place_id, c.occurred_at, c.recorded_at FROM mask_collections AS c WHERE c.district_code = ",
    )
    .text(pass.district_code)
    .sql(format!(" AND NOT c.voided AND {} AND c.occurred_at >= ", has_come("c.")))
    .bind(ColumnType::Instant, Value::Instant(since))
    .sql(" AND c.place_id = ANY(")
    .column(ColumnType::Id, points.iter().copied().map(Value::Id).collect())
    .sql(")")
    .seeing_district(pass.district_code);
    let mut found: BTreeMap<Uuid, Vec<Contact>> = BTreeMap::new();
    for row in pass.core.database.read(&statement).await? {
        if let Some((place_id, contact)) = contact(row) {
            found.entry(place_id).or_default().push(contact);
        }
    }
    Ok(found)
}

fn contact(mut row: Row) -> Option<(Uuid, Contact)> {
    let (occurred_at, known_at) = (row.get(&OCCURRED_AT)?, row.get(&RECORDED_AT)?);
    let contact =
        Contact { kind: MASK_COLLECTIONS.name, id: row.get(&ID)?, occurred_at, known_at, values: Values::default() };
    Some((row.get(&PLACE_ID)?, contact))
}

/// Duties that aren't there yet.
async fn new(pass: &Pass<'_>, points: &BTreeMap<Uuid, Point>) -> Result<Vec<Settled>, Problem> {
    let first = day_start(pass.today, pass.core.zone).unwrap_or(pass.now());
    let statement = Statement::new("SELECT d.id FROM duties AS d WHERE d.district_code = ")
        .text(pass.district_code)
        .sql(format!(" AND d.duty_kind = '{MASK_COLLECTION}' AND d.opens_at >= "))
        .bind(ColumnType::Instant, Value::Instant(first))
        .seeing_district(pass.district_code);
    let known = pass.core.database.read(&statement).await?;
    let known: BTreeSet<Uuid> = known.into_iter().filter_map(|mut row| row.get(&ID)).collect();
    let days = || (0..=AHEAD).filter_map(|ahead| pass.today.checked_add_days(Days::new(ahead)));
    let asked = points.values().flat_map(|point| days().map(move |day| (point, day)));
    let made = asked.filter_map(|(point, day)| made(pass, point, day, &known));
    Ok(made.collect())
}

fn made(pass: &Pass<'_>, point: &Point, day: NaiveDate, known: &BTreeSet<Uuid>) -> Option<Settled> {
    let id = pass.id(MASK_COLLECTION, &[&point.id.to_string(), &day.to_string()]);
    if known.contains(&id) || !point.is_expected(day, pass.core.zone) {
        return None;
    }
    let cadences = pass.write_context.settings.of::<crate::rooms::duties::Cadences>();
    let cadence = cadences.at(MASK_COLLECTION, &point.area_code, day)?;
    let index = (day - cadence.effective_on).num_days();
    let (opens_at, due_at) = cadence.window(day, index, pass.core.zone)?;
    let new = duty::New {
        id,
        duty_kind: MASK_COLLECTION,
        subject: ("places", point.id),
        cause_id: None,
        assignee_id: None,
        opens_at,
        due_at,
        area_code: &point.area_code,
        org_id: point.org_id,
        made_by: Uuid::nil(),
    };
    let record = duty::record(new, &pass.write_context);
    let answers = pass.of_line(DutyLine::Unit, &record);
    (due_at > pass.now()).then(|| Settled { row: LockedRow::new(record), answers })
}

/// A duty as its point and the collections of it make it stand. What was missed of a point that is said to have been
/// gone by then stays so: it is explained, not talked away.
fn again(pass: &Pass<'_>, duty: Record, point: &Point, collections: &[Contact]) -> Settled {
    let mut row = LockedRow::stored(duty);
    let day = day_of(expectation(&row.record).opens_at, pass.core.zone);
    let expected = point.is_expected(day, pass.core.zone);
    let has_lapsed = row.record.values.get(&WAIVER) == Some(DutyWaiver::Lapsed);
    if is(&row.record, DutyState::Open) || (has_lapsed && expected) {
        row.record.envelope.area_code.clone_from(&point.area_code);
        row.record.envelope.org_id = point.org_id;
    }
    if has_lapsed && expected {
        duty::reopen(&mut row.record);
    }
    if !is(&row.record, DutyState::Waived) {
        row.record = pass.settled(&row.record, collections.iter());
    }
    if !expected {
        row.record = lapsed(&row.record, DutyWaiver::Lapsed);
    }
    let answers = pass.of_line(DutyLine::Unit, &row.record);
    Settled { row, answers }
}
