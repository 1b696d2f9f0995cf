//! Views of a case as a whole: its timeline, and its days as a grid.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::problem::Problem;
use kit::statement::ColumnType;
use kit::text::Language;
use kit::time::{InZone, day_of};
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use uuid::Uuid;

use super::absences::{self, Reasons};
use super::readings::{SLOT, SLOT_ON, TemperatureSlot};
use super::stays::tied;
use super::wire::{ENDS_ON, STARTS_ON};
use super::{BELONGING, CARERS, CASE_ID, ERRANDS, ISOLATION_CASES, TEMPERATURE_READINGS, VIOLATIONS};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::answered::{AnyObject, Members, Said, Saying};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::scope::visible_to;
use crate::records::view::View;
use crate::records::{Kind, Record, read, view};
use crate::rooms::duties::{DUTIES, DutyKind, DutyState, DutyWaiver, wire as duties};
use crate::rooms::observation::isolation_cases::duty_kinds::DAILY;
use crate::rooms::observation::isolation_cases::duty_kinds::{
    AM_READING, GROUP_CHECK, PM_READING, POLICE_CHECK, TOWN_VISIT, VILLAGE_CHECK,
};

/// More lines than this no case has.
const MOST: i64 = 5_000;

/// A timeline.
#[derive(Serialize, ToSchema)]
struct Timeline<'a> {
    /// The oldest first.
    #[schema(inline, max_items = 5_000)]
    items: Vec<Entry<'a>>,
}

/// One record of the case.
#[derive(Serialize, ToSchema)]
struct Entry<'a> {
    /// Of which kind.
    #[schema(max_length = 60)]
    kind: &'static str,
    /// Which record.
    #[schema(value_type = String, max_length = 36)]
    id: Uuid,
    /// When it happened.
    #[schema(value_type = String, max_length = 40)]
    occurred_at: InZone,
    /// The record as its own path gives it.
    #[schema(inline, value_type = AnyObject)]
    record: View<'a>,
}

/// Days.
#[derive(Serialize, ToSchema)]
struct DayList<'a> {
    /// The oldest first.
    #[schema(inline, max_items = 5_000)]
    items: Vec<ShownDay<'a>>,
}

/// A day of observation.
#[derive(Serialize, ToSchema)]
struct ShownDay<'a> {
    /// Which day.
    #[schema(value_type = String, max_length = 10)]
    on_day: NaiveDate,
    /// The how many-th day of observation.
    #[schema(minimum = 0, maximum = 100)]
    day_no: i64,
    /// Readings done of those expected: `1/2`.
    #[schema(max_length = 5)]
    readings: String,
    /// Readings beside.
    #[schema(required = false, minimum = 0, maximum = 100)]
    extra_readings: i64,
    /// Errands asked for.
    #[schema(required = false, minimum = 0, maximum = 100)]
    errands: i64,
    /// Violations.
    #[schema(required = false, minimum = 0, maximum = 100)]
    violations: i64,
    /// The duty: state, proof, late, reported_late, reason.
    #[schema(inline, value_type = Option<AnyObject>)]
    am_reading: Option<ToldDuty>,
    /// The duty: state, proof, late, reported_late, reason.
    #[schema(inline, value_type = Option<AnyObject>)]
    pm_reading: Option<ToldDuty>,
    /// The duty: state, proof, late, reported_late, reason.
    #[schema(inline, value_type = Option<AnyObject>)]
    town_visit: Option<ToldDuty>,
    /// The duty: state, proof, late, reported_late, reason.
    #[schema(inline, value_type = Option<AnyObject>)]
    village_check: Option<ToldDuty>,
    /// The duty: state, proof, late, reported_late, reason.
    #[schema(inline, value_type = Option<AnyObject>)]
    group_check: Option<ToldDuty>,
    /// The duty: state, proof, late, reported_late, reason.
    #[schema(inline, value_type = Option<AnyObject>)]
    police_check: Option<ToldDuty>,
    /// Daily duties that were missed or waived, with the reason.
    #[schema(required = false, inline, value_type = Vec<AnyGap>, max_items = 12)]
    gaps: Vec<ShownGap<'a>>,
}

/// A daily duty as a day shows it.
#[derive(Serialize)]
struct ToldDuty {
    id: Uuid,
    state: Option<DutyState>,
    proof: Option<duties::Proof>,
    late: Option<bool>,
    reported_late: Option<bool>,
    explained: Option<bool>,
    waiver: Option<DutyWaiver>,
}

/// Members of a gap, which may become more.
struct GapMembers;
/// A gap in a list.
type AnyGap = Saying<GapMembers>;

impl Said for GapMembers {
    fn schema() -> ObjectBuilder {
        Members::schema().description(Some("A gap."))
    }
}

/// Something that is missing.
#[derive(Serialize)]
struct ShownGap<'a> {
    duty_id: Uuid,
    duty_kind: Option<DutyKind>,
    state: Option<DutyState>,
    explained: Option<bool>,
    waiver: Option<DutyWaiver>,
    reason: Option<&'a str>,
    /// Reason for which there is no reading, as a sheet told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_done: Option<&'static str>,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let example_entry = json!({"items": [{"kind": "spot_checks", "id": "0198c0de-0015-7000-8000-000000000001", "occurred_at": "2020-01-23T16:20:00+08:00", "record": {"present": true, "compliant": true}}]});
    let example_day = json!({"items": [{"on_day": "2020-01-23", "day_no": 1, "readings": "1/2", "extra_readings": 0, "errands": 1, "violations": 0,
        "am_reading": {"state": "done", "late": false}, "gaps": [{"duty_kind": "pm_reading", "state": "missed", "explained": true, "reason": "停电"}]}]});
    let get = |operation: Operation| operation.access(Access::Roles(CARERS)).keys(KeyScope::Read);
    vec![
        get(Operation::new(Method::GET, "/v1/isolation-cases/{id}/timeline", "get_isolation_case_timeline", timeline))
            .described("isolation_cases", "The timeline of a case", "All records of the case that the caller may see, the oldest first.")
            .answers_inline::<Timeline<'_>>(200, "The timeline.", Some(example_entry)),
        get(Operation::new(Method::GET, "/v1/isolation-cases/{id}/days", "get_isolation_case_days", days))
            .described("isolation_cases", "The days of a case", "Each day of observation up to today: readings, visits, checks, errands, and what is missing with its reason.")
            .answers_inline::<DayList<'_>>(200, "The days.", Some(example_day)),
    ]
}

async fn timeline(call: Call) -> Answer {
    let case = case(&call).await?;
    let mut entries = Vec::new();
    for kind in BELONGING {
        for record in of_case(&call, kind, CASE_ID.name(), &case).await? {
            entries.push((record.envelope.occurred_at, kind, record));
        }
    }
    entries.sort_by_key(|(at, kind, record)| (*at, kind.name, record.envelope.id));
    let items = entries.iter().map(|(at, kind, record)| Entry {
        kind: kind.name,
        id: record.envelope.id,
        occurred_at: InZone(*at, call.core.zone),
        record: view::record(&call.core, kind, record, call.language),
    });
    answer(&Timeline { items: items.collect() })
}

/// Records of a case by day, for the grid.
struct Grid {
    /// Daily duties.
    duties: BTreeMap<NaiveDate, Vec<Record>>,
    /// Readings by slot.
    measured: BTreeMap<(NaiveDate, TemperatureSlot), i64>,
    /// Errands and violations.
    others: BTreeMap<(NaiveDate, &'static str), i64>,
    /// Reasons for which there is no reading, as sheets told them.
    reasons: Reasons,
    /// The reader's language.
    language: Language,
}

/// First and last day of a case.
fn days_of(case: &Record) -> Option<(NaiveDate, NaiveDate)> {
    case.values.get(&STARTS_ON).zip(case.values.get(&ENDS_ON))
}

async fn days(call: Call) -> Answer {
    let case = case(&call).await?;
    let grid = Grid::of(&call, &case).await?;
    let (first, last) = days_of(&case).ok_or_else(|| Problem::internal("a case has no days"))?;
    let last = last.min(day_of(call.core.clock.now(), call.core.zone));
    let days = first.iter_days().take_while(|day| *day <= last);
    answer(&DayList { items: days.map(|day| grid.line(first, day)).collect() })
}

impl Grid {
    async fn of(call: &Call, case: &Record) -> Result<Self, Problem> {
        let zone = call.core.zone;
        let (duties, measured, others) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let ids = [case.envelope.id].into_iter().chain(tied(&case.values)).map(Value::Id).collect();
        let reasons = absences::of_cases(&call.core, &case.envelope.district_code, ids).await?;
        let mut grid = Self { duties, measured, others, reasons, language: call.language };
        for duty in of_case(call, &DUTIES, duties::SUBJECT_ID.name(), case).await? {
            if duty.values.get(&duties::DUTY_KIND).is_some_and(|kind| DAILY.contains(&kind)) {
                grid.duties.entry(day_of(duty.envelope.occurred_at, zone)).or_default().push(duty);
            }
        }
        // Records of what lies ahead are on the timeline, and prove nothing yet.
        let has_come = |record: &Record| record.envelope.awaited.is_none();
        let readings = of_case(call, &TEMPERATURE_READINGS, CASE_ID.name(), case).await?;
        for reading in readings.into_iter().filter(has_come) {
            let slot = reading.values.get(&SLOT).unwrap_or(TemperatureSlot::Extra);
            if let Some(slot_on) = reading.values.get(&SLOT_ON) {
                *grid.measured.entry((slot_on, slot)).or_default() += 1;
            }
        }
        for kind in [&ERRANDS, &VIOLATIONS] {
            for record in of_case(call, kind, CASE_ID.name(), case).await?.into_iter().filter(has_come) {
                *grid.others.entry((day_of(record.envelope.occurred_at, zone), kind.name)).or_default() += 1;
            }
        }
        Ok(grid)
    }

    fn line(&self, first: NaiveDate, day: NaiveDate) -> ShownDay<'_> {
        let count = |slot| self.measured.get(&(day, slot)).copied().unwrap_or_default();
        let of_kind = |name: &'static str| self.others.get(&(day, name)).copied().unwrap_or_default();
        let daily = self.duties.get(&day).map(Vec::as_slice).unwrap_or_default();
        let duty = |kind| daily.iter().find(|duty| duty.values.get(&duties::DUTY_KIND) == Some(kind)).map(told);
        ShownDay {
            on_day: day,
            day_no: (day - first).num_days() + 1,
            readings: format!("{}/2", count(TemperatureSlot::Am).min(1) + count(TemperatureSlot::Pm).min(1)),
            extra_readings: count(TemperatureSlot::Extra),
            errands: of_kind(ERRANDS.name),
            violations: of_kind(VIOLATIONS.name),
            am_reading: duty(AM_READING),
            pm_reading: duty(PM_READING),
            town_visit: duty(TOWN_VISIT),
            village_check: duty(VILLAGE_CHECK),
            group_check: duty(GROUP_CHECK),
            police_check: duty(POLICE_CHECK),
            gaps: daily.iter().filter(|duty| is_gap(duty)).map(|duty| self.gap(day, duty)).collect(),
        }
    }

    /// A gap, with what was said by hand, else by a sheet.
    fn gap<'a>(&self, day: NaiveDate, duty: &'a Record) -> ShownGap<'a> {
        let kind = duty.values.get(&duties::DUTY_KIND);
        let slots = [(AM_READING, TemperatureSlot::Am), (PM_READING, TemperatureSlot::Pm)];
        let slot = slots.into_iter().find(|(of_slot, _)| kind == Some(*of_slot)).map(|(_, slot)| slot);
        let told = slot.and_then(|slot| self.reasons.get(&(day, slot)));
        let mut gap = gap(duty);
        gap.not_done = told.map(|(code, _)| *code);
        gap.reason = gap.reason.or(told.map(|(_, meaning)| meaning.in_language(self.language)));
        gap
    }
}

fn told(duty: &Record) -> ToldDuty {
    let values = &duty.values;
    ToldDuty {
        id: duty.envelope.id,
        state: values.get(&duties::STATE),
        proof: values.get(&duties::PROOF),
        late: values.get(&duties::LATE),
        reported_late: values.get(&duties::REPORTED_LATE),
        explained: values.get(&duties::EXPLAINED),
        waiver: values.get(&duties::WAIVER),
    }
}

fn is_gap(duty: &Record) -> bool {
    matches!(duty.values.get(&duties::STATE), Some(DutyState::Missed | DutyState::Waived))
}

fn gap(duty: &Record) -> ShownGap<'_> {
    let values = &duty.values;
    ShownGap {
        duty_id: duty.envelope.id,
        duty_kind: values.get(&duties::DUTY_KIND),
        state: values.get(&duties::STATE),
        explained: values.get(&duties::EXPLAINED),
        waiver: values.get(&duties::WAIVER),
        reason: values.get(&duties::REASON),
        not_done: None,
    }
}

/// The case of the path.
pub async fn case(call: &Call) -> Result<Record, Problem> {
    read::find(&call.core, call.actor()?, &ISOLATION_CASES, call.path_id()?).await
}

/// The records of a case, and of those of the same person that were merged with it, that the caller may see.
async fn of_case(call: &Call, kind: &'static Kind, column: &str, case: &Record) -> Result<Vec<Record>, Problem> {
    // A duty of a case that was merged with this one is told there.
    let merged = if kind.name == DUTIES.name { Vec::new() } else { tied(&case.values) };
    let ids = [case.envelope.id].into_iter().chain(merged).map(Value::Id).collect();
    let statement = visible_to(call.actor()?, kind, &case.envelope.district_code)
        .sql(format!(" AND NOT r.voided AND r.{column} = ANY("))
        .column(ColumnType::Id, ids)
        .sql(") ORDER BY r.occurred_at LIMIT ")
        .integer(MOST);
    read::load(&call.core, kind, &statement).await
}

fn answer(body: &impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}
