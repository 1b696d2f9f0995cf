//! Gathering what happened to a household: from the revisions of the register, from memberships, from visits.

use chrono::{DateTime, NaiveDate, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{InZone, day_start};
use kit::value::Value;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{ChangedField, HouseholdEvent, TimelineEntry};
use crate::platform::http::Call;
use crate::platform::privacy::mask;
use crate::records::scope::{standing, visible_by_id, visible_to};
use crate::records::{Record, envelope, read, view};
use crate::rooms::households::household_members::{END_REASON as LEAVING, HOUSEHOLD_MEMBERS, RELATION, SINCE_ON};
use crate::rooms::households::households::{
    DOOR, DOOR_KEY, END_REASON, ENDED_ON, HOUSEHOLD_GROUP_ID, HOUSEHOLDS, MERGE_REASON, MERGED_INTO, PLACE_ID,
    SHARE_NO, STATUS,
};
use crate::rooms::households::roots::roots;
use crate::rooms::households::survey_visits::{ATTEMPT_NO, CHANNEL, HOUSEHOLD_ID, RESULT, ROUND_ID, SURVEY_VISITS};
use crate::rooms::registers::{PEOPLE, person};

/// Rows of each sort at most: nobody's door is knocked at so often.
const MOST: i64 = 2_000;

columns! {
    PERSON_ID "person_id": Uuid;
    ENDS_ON "ends_on": NaiveDate;
    /// When and by whom it was told that a membership ended.
    ENDED_AT "ended_at": DateTime<Utc>;
    ENDED_BY "ended_by": Uuid;
    TOLD_AT "told_at": DateTime<Utc>;
    TOLD_BY "told_by": Uuid;
}

/// Everything that happened to a household, in no order.
pub(super) async fn gather(call: &Call, household: &Record) -> Result<Vec<TimelineEntry>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let (district_code, id) = (&household.envelope.district_code, household.envelope.id);
    let family = read::family(core, &HOUSEHOLDS, district_code, id).await?;
    let current = read::load(core, &HOUSEHOLDS, &visible_by_id(actor, &HOUSEHOLDS, district_code, &family)).await?;
    let mut entries = of_register(call, district_code, current).await?;
    entries.extend(of_members(call, district_code, &family).await?);
    entries.extend(of_visits(call, district_code, &family).await?);
    Ok(entries)
}

/// The entries with the names of those whom the caller sees, masked.
pub(super) async fn named(call: &Call, mut entries: Vec<TimelineEntry>) -> Result<Vec<TimelineEntry>, Problem> {
    let ids: Vec<Uuid> = entries.iter().filter_map(|entry| entry.person_id).collect();
    let people = read::find_all(&call.core, call.actor()?, &PEOPLE, &ids).await?;
    for entry in &mut entries {
        let found = entry.person_id.and_then(|id| people.get(&id));
        entry.name = found.and_then(|found| found.values.get(&person::NAME)).map(mask::mask_name);
    }
    Ok(entries)
}

/// An entry that a record tells.
fn entry(call: &Call, event: HouseholdEvent, at: DateTime<Utc>, told: (&'static str, &Record)) -> TimelineEntry {
    let (record_kind, record) = told;
    let envelope = &record.envelope;
    // Instants before 1970 stand before later ones, too.
    let moment = at.timestamp_micros().saturating_add(1 << 60);
    TimelineEntry {
        event,
        at: InZone(at, call.core.zone),
        told_at: Some(InZone(envelope.revised_at, call.core.zone)),
        told_by: Some(envelope.revised_by),
        household_id: envelope.id,
        record_kind,
        record_id: envelope.id,
        revision: envelope.revision,
        changed: Vec::new(),
        other_household_id: None,
        household_group_id: None,
        person_id: None,
        name: None,
        relation: None,
        reason: None,
        round_id: None,
        channel: None,
        result: None,
        attempt_no: None,
        position: format!("{moment:020}|{:012}|{}|{}", envelope.change_no, envelope.id, event.code()),
    }
}

/// Events that the register's revisions tell.
async fn of_register(call: &Call, district_code: &str, current: Vec<Record>) -> Result<Vec<TimelineEntry>, Problem> {
    let ids = current.iter().map(|record| Value::Id(record.envelope.id)).collect();
    let statement = Statement::new(format!(
        "SELECT {} FROM (SELECT (jsonb_populate_record(NULL::households, h.body)).* FROM record_revisions AS h WHERE h.kind = 'households' AND h.district_code = ",
        HOUSEHOLDS.read_select()
    ))
    .text(district_code)
    .sql(" AND h.id = ANY(")
    .column(ColumnType::Id, ids)
    .sql(") ORDER BY h.change_no DESC LIMIT ")
    .integer(MOST)
    .sql(") AS r")
    .seeing_district(district_code);
    let mut all = read::load(&call.core, &HOUSEHOLDS, &statement).await?;
    all.extend(current);
    all.sort_by_key(|record| (record.envelope.id, record.envelope.revision));
    let (mut entries, mut former): (Vec<TimelineEntry>, Option<Record>) = (Vec::new(), None);
    for record in all {
        match former.as_ref().filter(|former| former.envelope.id == record.envelope.id) {
            Some(former) => entries.extend(of_revision(call, former, &record)?),
            None if record.envelope.revision == 1 => {
                let at = record.envelope.occurred_at;
                entries.push(entry(call, HouseholdEvent::Registered, at, (HOUSEHOLDS.name, &record)));
            }
            None => {}
        }
        former = Some(record);
    }
    Ok(entries)
}

/// Changes by a revision of the register, an entry for each thing that happened by it.
fn of_revision(call: &Call, former: &Record, next: &Record) -> Result<Vec<TimelineEntry>, Problem> {
    let at = next.envelope.revised_at;
    let event = |event, at| entry(call, event, at, (HOUSEHOLDS.name, next));
    let mut entries = Vec::new();
    let (left, came) = (former.values.get(&MERGED_INTO), next.values.get(&MERGED_INTO));
    if left != came {
        let word = if came.is_some() { HouseholdEvent::Merged } else { HouseholdEvent::Unmerged };
        entries.push(TimelineEntry { other_household_id: came.or(left), ..event(word, at) });
    }
    if former.envelope.voided != next.envelope.voided {
        let word = if next.envelope.voided { HouseholdEvent::Voided } else { HouseholdEvent::Restored };
        entries.push(event(word, at));
    }
    let (left, came) = (former.values.get(&HOUSEHOLD_GROUP_ID), next.values.get(&HOUSEHOLD_GROUP_ID));
    if left != came {
        let word = if came.is_some() { HouseholdEvent::Grouped } else { HouseholdEvent::Ungrouped };
        entries.push(TimelineEntry { household_group_id: came.or(left), ..event(word, at) });
    }
    let (before, ended_on) = (former.values.get(&ENDED_ON), next.values.get(&ENDED_ON));
    if before != ended_on {
        let word = if ended_on.is_some() { HouseholdEvent::Ended } else { HouseholdEvent::Resumed };
        let at = ended_on.and_then(|day| day_start(day, call.core.zone)).unwrap_or(at);
        let reason = next.values.get(&END_REASON).map(|reason| reason.code().to_owned());
        entries.push(TimelineEntry { reason, ..event(word, at) });
    }
    let (moved, amended): (Vec<_>, Vec<_>) =
        changed(call, former, next)?.into_iter().partition(|changed| OF_PLACE.contains(&changed.field));
    for (word, changed) in [(HouseholdEvent::Moved, moved), (HouseholdEvent::Amended, amended)] {
        if !changed.is_empty() {
            entries.push(TimelineEntry { changed, ..event(word, at) });
        }
    }
    Ok(entries)
}

/// Fields that say where a household lives.
const OF_PLACE: [&str; 4] = [envelope::AREA_CODE.name(), PLACE_ID.name(), DOOR.name(), SHARE_NO.name()];
/// Fields that have an event of their own, or say what others say.
const TOLD_OTHERWISE: [&str; 7] = [
    HOUSEHOLD_GROUP_ID.name(),
    ENDED_ON.name(),
    END_REASON.name(),
    MERGED_INTO.name(),
    MERGE_REASON.name(),
    STATUS.name(),
    DOOR_KEY.name(),
];

/// Fields in which two revisions differ, as they are shown.
fn changed(call: &Call, former: &Record, next: &Record) -> Result<Vec<ChangedField>, Problem> {
    let shown = |record| view::record(&call.core, &HOUSEHOLDS, record, call.language).to_json();
    let (before, after) = (shown(former)?, shown(next)?);
    let of = |json: &Json, name: &str| json.get(name).cloned().unwrap_or_default();
    let own = HOUSEHOLDS.shown_fields().map(|field| field.name).filter(|name| !TOLD_OTHERWISE.contains(name));
    let stored = |record: &Record, name: &str| record.values.get(name).filter(|value| !value.is_null()).cloned();
    let differs = |name: &&'static str| match *name == envelope::AREA_CODE.name() {
        true => former.envelope.area_code != next.envelope.area_code,
        false => stored(former, name) != stored(next, name),
    };
    let names = own.chain([envelope::AREA_CODE.name()]).filter(differs);
    Ok(names.map(|field| ChangedField { field, before: of(&before, field), after: of(&after, field) }).collect())
}

/// Members who came and went. The end of a membership is told by its own record, or by the person's next one.
async fn of_members(call: &Call, district_code: &str, family: &[Uuid]) -> Result<Vec<TimelineEntry>, Problem> {
    let ids = || family.iter().copied().map(Value::Id).collect();
    let order = "OVER (PARTITION BY m.basis, coalesce(b.root, m.person_id) ORDER BY m.since_on, m.occurred_at, m.id)";
    let statement = Statement::new("WITH roots AS MATERIALIZED (SELECT b.id, b.root FROM ")
        .then(roots(PEOPLE.name, district_code))
        .sql(" AS b), own AS (SELECT coalesce(b.root, o.person_id) AS root FROM household_members AS o LEFT JOIN roots AS b ON b.id = o.person_id WHERE o.district_code = ")
        .text(district_code)
        .sql(" AND o.household_id = ANY(")
        .column(ColumnType::Id, ids())
        .sql(format!(
            ")), theirs AS (SELECT own.root AS id FROM own UNION SELECT b.id FROM roots AS b WHERE b.root IN (SELECT own.root FROM own)), \
             r AS (SELECT m.*, CASE WHEN m.basis = 'lives' THEN lead(m.since_on) {order} END AS next_on, lead(m.area_code) {order} AS next_area, lead(m.recorded_at) {order} AS next_at, lead(m.recorded_by) {order} AS next_by \
             FROM household_members AS m LEFT JOIN roots AS b ON b.id = m.person_id WHERE m.district_code = "
        ))
        .text(district_code)
        .sql(
            " AND NOT m.voided AND m.person_id = ANY(ARRAY(SELECT theirs.id FROM theirs))) \
             SELECT r.id, r.revision, r.change_no, r.household_id, r.person_id, r.relation, r.end_reason, r.since_on, r.recorded_at AS told_at, r.recorded_by AS told_by, least(r.until_on, r.next_on) AS ends_on, \
             CASE WHEN r.next_on IS NULL OR r.until_on <= r.next_on THEN r.revised_at WHEN r.next_area = r.area_code THEN r.next_at END AS ended_at, \
             CASE WHEN r.next_on IS NULL OR r.until_on <= r.next_on THEN r.revised_by WHEN r.next_area = r.area_code THEN r.next_by END AS ended_by \
             FROM r WHERE r.household_id = ANY(",
        )
        .column(ColumnType::Id, ids())
        .sql(") AND ");
    let statement = standing("r", statement, call.actor()?, &HOUSEHOLD_MEMBERS)
        .sql(" ORDER BY r.since_on DESC LIMIT ")
        .integer(MOST);
    let rows = call.core.database.read(&statement.seeing_district(district_code)).await?;
    Ok(rows.into_iter().filter_map(|row| of_member(call, row)).flatten().collect())
}

fn of_member(call: &Call, mut row: Row) -> Option<Vec<TimelineEntry>> {
    let zone = call.core.zone;
    let (id, household_id, person_id) = (row.get(&envelope::ID)?, row.get(&HOUSEHOLD_ID)?, row.get(&PERSON_ID)?);
    let (revision, change_no) = (row.get(&envelope::REVISION)?, row.get(&envelope::CHANGE_NO)?);
    let (relation, reason) = (row.get(&RELATION), row.get(&LEAVING).map(|reason| reason.code().to_owned()));
    let told = (row.get(&TOLD_AT), row.get(&TOLD_BY));
    let ended = (row.get(&ENDED_AT), row.get(&ENDED_BY));
    let of = |event: HouseholdEvent, day: NaiveDate, (told_at, told_by): (Option<DateTime<Utc>>, Option<Uuid>)| {
        let at = day_start(day, zone)?;
        let moment = at.timestamp_micros().saturating_add(1 << 60);
        Some(TimelineEntry {
            event,
            at: InZone(at, zone),
            told_at: told_at.map(|at| InZone(at, zone)),
            told_by,
            household_id,
            record_kind: HOUSEHOLD_MEMBERS.name,
            record_id: id,
            revision,
            changed: Vec::new(),
            other_household_id: None,
            household_group_id: None,
            person_id: Some(person_id),
            name: None,
            relation,
            reason: None,
            round_id: None,
            channel: None,
            result: None,
            attempt_no: None,
            position: format!("{moment:020}|{change_no:012}|{id}|{}", event.code()),
        })
    };
    let joined = row.get(&SINCE_ON).and_then(|day| of(HouseholdEvent::MemberJoined, day, told));
    let left = row.get(&ENDS_ON).and_then(|day| of(HouseholdEvent::MemberLeft, day, ended));
    let left = left.map(|left| TimelineEntry { reason, ..left });
    Some(joined.into_iter().chain(left).collect())
}

/// Visits that stand.
async fn of_visits(call: &Call, district_code: &str, family: &[Uuid]) -> Result<Vec<TimelineEntry>, Problem> {
    let statement = visible_to(call.actor()?, &SURVEY_VISITS, district_code)
        .sql(" AND NOT r.voided AND r.household_id = ANY(")
        .column(ColumnType::Id, family.iter().copied().map(Value::Id).collect())
        .sql(") ORDER BY r.occurred_at DESC, r.id DESC LIMIT ")
        .integer(MOST);
    let visits = read::load(&call.core, &SURVEY_VISITS, &statement).await?;
    let of = |visit: &Record| {
        let values = &visit.values;
        TimelineEntry {
            household_id: values.get(&HOUSEHOLD_ID).unwrap_or_default(),
            told_at: Some(InZone(visit.envelope.recorded_at, call.core.zone)),
            told_by: Some(visit.envelope.recorded_by),
            round_id: values.get(&ROUND_ID),
            channel: values.get(&CHANNEL),
            result: values.get(&RESULT),
            attempt_no: values.get(&ATTEMPT_NO),
            ..entry(call, HouseholdEvent::Visited, visit.envelope.occurred_at, (SURVEY_VISITS.name, visit))
        }
    };
    Ok(visits.iter().map(of).collect())
}
