//! How venues stand on a day, by the histories of their status: open, takeaway only, suspended, closed, or never told.

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::columns;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::typed::{FieldType, TypedField};
use kit::value::Value;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::DISTRICT_CODE;
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::records::envelope;
use crate::rooms::registers::place::{KIND as PLACE_KIND, SUPERVISING_ORG_IDS};
use crate::rooms::registers::{OperatingStatus, PLACES, PlaceKind, VENUE_KINDS};
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, merge};
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, numbers, words as named};
use crate::statistics::{OfDistricts, opens_lists, said_share};

/// Parameter: which venues.
const KIND: TypedField<PlaceKind> = TypedField::named(
    "KIND",
    Field::new(
        "kind",
        Shape::Word(PlaceKind::VOCABULARY),
        Text::new("Kind", "类型"),
        "Venues of this kind; all venues by default.",
    ),
);
/// Parameter: on which day.
const ON: TypedField<NaiveDate> = TypedField::named(
    "ON",
    Field::new("on", Shape::Day, Text::new("Day", "截至日期"), "At the end of this day; today by default."),
);
/// Decimal places of rates.
pub const RATE_SCALE: u32 = 4;

columns! {
    /// How it stood then.
    STOOD "stood": OperatingStatus;
}

/// A venue on a day.
#[derive(Clone, Debug)]
pub struct Venue {
    /// The place.
    pub id: Uuid,
    /// Which venue it is.
    pub kind: PlaceKind,
    /// Where it is.
    pub area_code: String,
    /// Organisations that it is of, or that watch it.
    pub org_ids: Vec<Uuid>,
    /// How it stood; none where nobody had told by then.
    pub stood: Option<OperatingStatus>,
}

impl Venue {
    fn of_row(mut row: Row) -> Option<Self> {
        let watching = row.get(&SUPERVISING_ORG_IDS).unwrap_or_default();
        Some(Self {
            id: row.get(&envelope::ID)?,
            kind: row.get(&PLACE_KIND)?,
            area_code: row.get(&envelope::AREA_CODE)?,
            org_ids: watching.into_iter().chain(row.get(&envelope::ORG_ID)).collect(),
            stood: row.get(&STOOD),
        })
    }
}

/// Reads the venues of a district that were there at the end of a day. Who reads places reads those of the whole district.
pub async fn venues(
    call: &Call,
    snapshot: &mut Snapshot,
    district_code: &str,
    on: NaiveDate,
) -> Result<Vec<Venue>, Problem> {
    let until = on.succ_opt().and_then(|next| day_start(next, call.core.zone));
    let until = until.map_or(Value::Null, Value::Instant);
    let statement = Statement::new("SELECT p.id, p.kind, p.area_code, p.org_id, p.supervising_org_ids, (SELECT h.period->>'operating_status' FROM jsonb_array_elements(p.operating_status_history) AS h(period) WHERE (h.period->>'since_at')::timestamptz < ")
        .bind(ColumnType::Instant, until)
        .sql(" ORDER BY (h.period->>'since_at')::timestamptz DESC LIMIT 1) AS stood FROM places AS p WHERE NOT p.voided AND p.kind = ANY(")
        .column(ColumnType::Text, VENUE_KINDS.iter().map(|kind| kind.give()).collect())
        .sql(") AND (p.established_on IS NULL OR p.established_on <= ")
        .bind(ColumnType::Day, Value::Day(on))
        .sql(") AND (p.dismantled_on IS NULL OR p.dismantled_on > ")
        .bind(ColumnType::Day, Value::Day(on))
        .sql(") AND p.district_code = ")
        .text(district_code)
        .sql(" ORDER BY p.id")
        .seeing_district(district_code);
    Ok(snapshot.read(&statement).await?.into_iter().filter_map(Venue::of_row).collect())
}

/// The list of exactly the venues of a kind that stood so on a day, in an area; of no status, that had none yet.
pub fn list_url(
    kind: PlaceKind,
    on: NaiveDate,
    area_code: Option<&str>,
    stood: Option<Option<OperatingStatus>>,
) -> String {
    let status = stood.map(|stood| {
        let word = stood.map_or(kit::field::NONE, OperatingStatus::code);
        format!("&operating_status={word}&operating_status_on={on}")
    });
    let area = area_code.map(|area_code| format!("&area_code={area_code}"));
    format!("/v1/places?kind={kind}&standing_on={on}{}{}", status.unwrap_or_default(), area.unwrap_or_default())
}

/// The share of all to four places; 0 of none.
pub fn rate(count: i64, total: i64) -> Decimal {
    let mut rate = Decimal::from(count).checked_div(Decimal::from(total)).unwrap_or_default().round_dp(RATE_SCALE);
    rate.rescale(RATE_SCALE);
    rate
}

/// How the venues of a kind stand.
#[derive(Serialize, ToSchema)]
struct VenueStatusLine {
    /// The kind; null of all together.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    kind: Option<PlaceKind>,
    /// Open.
    #[schema(minimum = 0)]
    open: i64,
    /// Takeaway only.
    #[schema(minimum = 0)]
    takeaway_only: i64,
    /// Suspended.
    #[schema(minimum = 0)]
    suspended: i64,
    /// Closed for good.
    #[schema(minimum = 0)]
    closed: i64,
    /// Of which nobody had told.
    #[schema(minimum = 0)]
    unknown: i64,
    /// All.
    #[schema(minimum = 0)]
    total: i64,
    /// Share of those suspended.
    #[schema(max_length = 10)]
    suspended_rate: String,
    /// That share as it is said: 全部, 基本, 大部分, else the percentage; null where there are no venues.
    #[schema(required, max_length = 20)]
    said: Option<String>,
    /// The places that are suspended; null of all together, and for whoever reads no places.
    #[schema(required, max_length = 300)]
    suspended_url: Option<String>,
}

/// How venues stand.
#[derive(Serialize, ToSchema)]
struct VenueStatuses {
    /// At the end of this day.
    as_of_on: NaiveDate,
    #[serde(flatten)]
    #[schema(inline)]
    all: VenueStatusLine,
    /// By kind.
    #[schema(inline, max_items = 20)]
    items: Vec<VenueStatusLine>,
}

const COLUMNS: &[Column] = &[
    named("kind", "类型"),
    numbers("open", "营业"),
    numbers("takeaway_only", "仅外卖"),
    numbers("suspended", "暂停营业"),
    numbers("closed", "关闭"),
    numbers("unknown", "未报"),
    numbers("total", "总数"),
    numbers("suspended_rate", "暂停营业率"),
    named("said", "表述"),
];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let all = json!({"kind": "large_catering", "open": 0, "takeaway_only": 1, "suspended": 18, "closed": 0, "unknown": 1, "total": 20, "suspended_rate": "0.9000", "said": "基本", "suspended_url": "/v1/places?kind=large_catering&standing_on=2020-02-02&operating_status=suspended&operating_status_on=2020-02-02"});
    let mut example = all.clone();
    kit::json::put(&mut example, "as_of_on", json!("2020-02-02"));
    kit::json::put(&mut example, "items", json!([all]));
    kit::json::put(&mut example, "as_of_change_no", json!(12_894));
    kit::json::put(&mut example, "districts", json!([{"district_code": "511802", "as_of_change_no": 12_894}]));
    let operation = Operation::new(Method::GET, "/v1/stats/venue-status", "get_venue_status", statuses)
        .described("venues", "How venues stand on a day", "How many venues are open, sell takeaway only, are suspended or closed, and of how many nobody had told, by the histories of their status: what is told late counts since it began. `said` is 基本 from 0.90 on and 全部 at 1.")
        .access(Access::Roles(with_statistics(PLACES.readers)))
        .keys(KeyScope::Statistics)
        .answers::<OfDistricts<VenueStatuses>>(200, "The counts.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    vec![polled(operation, [&KIND.field, &ON.field, &WIDE_AREA_CODE, &DISTRICT_CODE])]
}

async fn statuses(call: Call) -> Answer {
    let core = &call.core;
    let on = call.query.get(&ON).unwrap_or(day_of(core.clock.now(), core.zone));
    let only = call.query.get(&KIND);
    if only.is_some_and(|kind| !VENUE_KINDS.contains(&kind)) {
        return Err(fault("?kind", FaultCode::BAD_PARAMETER));
    }
    answer_by_district(&call, COLUMNS, async |now: &mut Snapshot, part: &Part| of_day(part, now, on, only).await).await
}

async fn of_day(
    part: &Part,
    now: &mut Snapshot,
    on: NaiveDate,
    only: Option<PlaceKind>,
) -> Result<VenueStatuses, Problem> {
    let call = &part.call;
    let area = call.query.get(&envelope::AREA_CODE);
    let mut venues = venues(call, now, &part.district_code, on).await?;
    venues.retain(|venue| {
        only.is_none_or(|kind| kind == venue.kind) && area.is_none_or(|area| venue.area_code.starts_with(area))
    });
    let kinds = VENUE_KINDS.iter().filter(|kind| venues.iter().any(|venue| venue.kind == **kind));
    let of_kind = |kind: &PlaceKind| line(call, &venues, Some(*kind), on, area);
    let items = kinds.map(of_kind).collect();
    Ok(VenueStatuses { as_of_on: on, all: line(call, &venues, only, on, area), items })
}

impl Summed for VenueStatuses {
    fn add(&mut self, other: Self) {
        let place = |line: &VenueStatusLine| VENUE_KINDS.iter().position(|kind| Some(*kind) == line.kind);
        merge(&mut self.items, other.items, place, |line, other| line.add(&other));
        self.all.add(&other.all);
    }
}

impl VenueStatusLine {
    /// Adds another district's: the share is of all of them, which are in no list together.
    fn add(&mut self, other: &Self) {
        self.open += other.open;
        self.takeaway_only += other.takeaway_only;
        self.suspended += other.suspended;
        self.closed += other.closed;
        self.unknown += other.unknown;
        self.total += other.total;
        (self.suspended_rate, self.said) = share(self.suspended, self.total);
        self.suspended_url = None;
    }
}

/// The share of those suspended, and how it is said.
fn share(suspended: i64, total: i64) -> (String, Option<String>) {
    let share = rate(suspended, total);
    (share.to_string(), (total > 0).then(|| said_share(share)))
}

fn line(call: &Call, venues: &[Venue], kind: Option<PlaceKind>, on: NaiveDate, area: Option<&str>) -> VenueStatusLine {
    let own = || venues.iter().filter(|venue| kind.is_none_or(|kind| venue.kind == kind));
    let count = |stood: Option<OperatingStatus>| of(own().filter(|venue| venue.stood == stood).count());
    let (suspended, total) = (count(Some(OperatingStatus::Suspended)), of(own().count()));
    let (suspended_rate, said) = share(suspended, total);
    let opens = opens_lists(call, PLACES.readers);
    VenueStatusLine {
        kind,
        open: count(Some(OperatingStatus::Open)),
        takeaway_only: count(Some(OperatingStatus::TakeawayOnly)),
        suspended,
        closed: count(Some(OperatingStatus::Closed)),
        unknown: count(None),
        total,
        suspended_rate,
        said,
        suspended_url: kind
            .filter(|_| opens)
            .map(|kind| list_url(kind, on, area, Some(Some(OperatingStatus::Suspended)))),
    }
}

fn of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
