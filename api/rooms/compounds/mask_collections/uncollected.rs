//! Disposal points at which nobody looked for so many hours.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kit::columns;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::{InZone, day_of, day_start};
use kit::typed::TypedField;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::COLLECTORS;
use super::points::{Point, points};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::scope::{in_area, reached};
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::awaited::has_come;

/// Parameter: for how long.
const HOURS: TypedField<i64> = TypedField::named(
    "HOURS",
    Field::new(
        "hours",
        Shape::Integer { min: 1, max: 2_160 },
        Text::new("Hours", "小时数"),
        "Without a collection for at least so long; 24 by default.",
    ),
);
/// Hours where nobody says how many.
const A_DAY: i64 = 24;
/// Points of one answer at most; narrower areas have the rest.
const MOST: usize = 10_000;

columns! {
    /// When somebody looked last.
    LAST_COLLECTED_AT "last_collected_at": DateTime<Utc>;
}

/// A disposal point at which nobody looked.
#[derive(Serialize, ToSchema)]
struct UncollectedPoint {
    /// The point.
    place_id: Uuid,
    /// Its name.
    #[schema(max_length = 100)]
    name: String,
    /// Where it is.
    #[schema(max_length = 12)]
    area_code: String,
    /// The compound it belongs to.
    #[schema(required)]
    compound_id: Option<Uuid>,
    /// The compound's name.
    #[schema(required, max_length = 100)]
    compound_name: Option<String>,
    /// The organisation that answers for it.
    #[schema(required)]
    org_id: Option<Uuid>,
    /// When somebody looked last; null where nobody ever did.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    last_collected_at: Option<InZone>,
    /// Whole hours since then, or since the point is there.
    #[schema(minimum = 0)]
    hours: i64,
}

/// The points at which nobody looked.
#[derive(Serialize, ToSchema)]
struct UncollectedPoints {
    /// As of when.
    #[schema(value_type = DateTime<Utc>)]
    at: InZone,
    /// For at least so many hours.
    #[schema(minimum = 1, maximum = 2_160)]
    hours: i64,
    /// Points in use, within the caller's own.
    #[schema(minimum = 0)]
    points: i64,
    /// Those at which nobody looked, the longest first.
    #[schema(inline, max_items = 10_000)]
    items: Vec<UncollectedPoint>,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let item = json!({"place_id": "0198c0de-0002-7000-8000-000000000003", "name": "龙溪苑口罩弃置点", "area_code": "511802005001", "compound_id": null, "compound_name": null, "org_id": null, "last_collected_at": "2020-02-01T18:00:00+08:00", "hours": 38});
    let example = json!({"at": "2020-02-03T08:00:00+08:00", "hours": 24, "points": 18, "items": [item]});
    vec![
        Operation::new(Method::GET, "/v1/mask-collections/uncollected", "list_uncollected_mask_points", uncollected)
            .described("compounds", "Disposal points without a collection", "Disposal points in use at which nobody looked for so many hours: the longest first, each with whose it is. A point that was found empty was looked at.")
            .access(Access::Roles(COLLECTORS))
            .keys(KeyScope::Read)
            .parameters(vec![&HOURS.field, &AREA_CODE, &DISTRICT_CODE])
            .answers::<UncollectedPoints>(200, "The points.", Some(example))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
    ]
}

async fn uncollected(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let district_code = one_district(actor, &call.query)?;
    let (now, hours) = (core.clock.now(), call.query.get(&HOURS).unwrap_or(A_DAY));
    let today = day_of(now, core.zone);
    let statement = looked_at(&call, &district_code, today)?;
    let rows = core.database.read(&statement).await?;
    let found: Vec<(Point, Option<DateTime<Utc>>)> = rows.into_iter().filter_map(point).collect();
    let standing: Vec<_> = found.into_iter().filter(|(point, _)| point.stands_on(today)).collect();
    let points = i64::try_from(standing.len()).unwrap_or(i64::MAX);
    let mut items: Vec<UncollectedPoint> = standing
        .into_iter()
        .map(|(point, last_at)| told(&call, point, last_at, now))
        .filter(|item| item.hours >= hours)
        .collect();
    items.sort_by(|one, other| other.hours.cmp(&one.hours).then(one.place_id.cmp(&other.place_id)));
    items.truncate(MOST);
    let body = UncollectedPoints { at: InZone(now, core.zone), hours, points, items };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// `SELECT` the points within the caller's own and the area asked for, each with when somebody looked last.
fn looked_at(call: &Call, district_code: &str, today: NaiveDate) -> Result<Statement, Problem> {
    let statement = Statement::new("SELECT p.*, (SELECT max(m.occurred_at) FROM mask_collections AS m WHERE m.place_id = p.id AND NOT m.voided AND ")
        .sql(has_come("m."))
        .sql(" AND m.district_code = ")
        .text(district_code)
        .sql(") AS last_collected_at FROM (")
        .then(points(district_code, today))
        .sql(") AS p WHERE ");
    let statement = reached("p", statement, call.actor()?, COLLECTORS, true);
    Ok(in_area("p", statement, call.query.text(AREA_CODE.name)).seeing_district(district_code))
}

fn point(mut row: Row) -> Option<(Point, Option<DateTime<Utc>>)> {
    let last_at = row.get(&LAST_COLLECTED_AT);
    Some((Point::of_row(row)?, last_at))
}

fn told(call: &Call, point: Point, last_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> UncollectedPoint {
    let zone = call.core.zone;
    let since = last_at.or_else(|| day_start(point.since_on(zone), zone)).unwrap_or(now);
    UncollectedPoint {
        hours: (now - since).max(TimeDelta::zero()).num_hours(),
        last_collected_at: last_at.map(|at| InZone(at, zone)),
        place_id: point.id,
        name: point.name,
        area_code: point.area_code,
        compound_id: point.compound_id,
        compound_name: point.compound_name,
        org_id: point.org_id,
    }
}
