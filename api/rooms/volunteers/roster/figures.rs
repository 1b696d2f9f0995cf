//! Figures of service: unfilled shifts, a volunteer's hours, the figures of teams.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::value::Value;
use kit::{columns, fields, words};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::register::{Register, records_url, register};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, KEY_OUT_OF_SCOPE, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation, Tells, ends_before_it_begins, too_many_days};
use crate::records::awaited::has_come;
use crate::records::envelope;
use crate::records::list::DISTRICT_CODE;
use crate::records::read;
use crate::records::scope::{reached, within};
use crate::rooms::volunteers::shifts::service_records::hours_of;
use crate::rooms::volunteers::teams::ROSTER_READERS;
use crate::rooms::volunteers::volunteers::VOLUNTEERS;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, add_count, merge};
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, numbers, words};
use crate::statistics::{OfDistricts, opens_lists};

words! {
    /// Grouping of lines.
    pub ServiceGrouping "service_grouping" "By" "分组" {
        Team "team" "team" "队伍";
        Org "org" "organisation" "单位";
        Place "place" "place" "场所";
        Volunteer "volunteer" "volunteer" "志愿者";
        Day "day" "day" "日期";
    }
}

fields! {
    /// Parameters of its own.
    static PARAMETERS;
    FROM_ON: NaiveDate = Field::new(
        "from_on",
        Shape::Day,
        Text::new("From day", "起始日"),
        "Served on this day or later; the year's first by default.",
    );
    TO_ON: NaiveDate = Field::new("to_on", Shape::Day, Text::new("To day", "截止日"), "Served on this day or before; today by default.");
    BY: ServiceGrouping = Field::new(
        "by",
        Shape::Word(ServiceGrouping::VOCABULARY),
        Text::new("By", "分组"),
        "What a line stands for; `team` by default.",
    );
}

columns! {
    KEY "key": String;
    PERSON_TIMES "person_times": i64;
    MEMBERS "members": i64;
    POSTS "posts": i64;
    MINUTES "minutes": i64;
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let served =
        json!({"person_times": 84, "members": 26, "posts": 6, "service_minutes": 25_200, "service_hours": "420.00"});
    let mut line = served.clone();
    kit::json::put(&mut line, "key", "0198c0de-0030-7000-8000-000000000001");
    kit::json::put(
        &mut line,
        "records_url",
        "/v1/service-records?pending=false&from_on=2020-01-21&to_on=2020-02-02&team_id=0198c0de-0030-7000-8000-000000000001",
    );
    vec![
        Operation::new(Method::GET, "/v1/volunteers/{id}/hours", "get_volunteer_hours", hours)
            .described("shifts", "Hours of a volunteer", "What somebody served, with the records behind it.")
            .access(Access::Roles(ROSTER_READERS))
            .keys(KeyScope::Read)
            .parameters(vec![&FROM_ON.field, &TO_ON.field])
            .answers::<VolunteerHours>(200, "The hours.", Some(json!({"volunteer_id": "0198c0de-0031-7000-8000-000000000001", "from_on": "2020-01-01", "to_on": "2020-02-02", "person_times": 3, "service_minutes": 900, "service_hours": "15.00", "records_url": "/v1/service-records?pending=false&volunteer_id=0198c0de-0031-7000-8000-000000000001"}))),
        polled(Operation::new(Method::GET, "/v1/stats/volunteers", "get_volunteer_statistics", statistics)
            .described("shifts", "Figures of volunteers", "Posts, members, person-times (人次) and hours served, by team, organisation, place, volunteer or day, each with the records behind it; and how many teams and volunteers are on the register.")
            .access(Access::Roles(with_statistics(ROSTER_READERS)))
            .keys(KeyScope::Statistics)
            // It is about who served where; shifts have figures of their own.
            .tells(Tells::SmallNumbers(ROSTER_READERS))
            .answers::<OfDistricts<VolunteerStatistics>>(200, "The figures.", Some(json!({"by": "team", "from_on": "2020-01-21", "to_on": "2020-02-02", "items": [line], "total": served, "teams": {"temporary_league_branch": 6}, "volunteers": 214, "league_members": 180, "party_members": 20, "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND, KEY_OUT_OF_SCOPE]), PARAMETERS.iter().chain([&WIDE_AREA_CODE, &DISTRICT_CODE])),
    ]
}

const COLUMNS: &[Column] = &[
    words("key", "分组"),
    numbers("person_times", "人次"),
    numbers("members", "人数"),
    numbers("posts", "岗位数"),
    numbers("service_minutes", "服务分钟"),
    numbers("service_hours", "服务小时"),
];
/// Days of one answer at most.
const MOST_DAYS: i64 = 366;

/// Service of a volunteer.
#[derive(Serialize, ToSchema)]
struct VolunteerHours {
    /// The volunteer.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    volunteer_id: Uuid,
    /// First day.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    from_on: NaiveDate,
    /// Last day.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    to_on: NaiveDate,
    /// How often.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    person_times: Option<i64>,
    /// How long.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    service_minutes: i64,
    /// The same in hours.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    service_hours: String,
    /// The records behind it.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    records_url: String,
}

/// Figures of volunteers.
#[derive(Serialize, ToSchema)]
struct VolunteerStatistics {
    /// Kind of group that a line stands for.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    by: ServiceGrouping,
    /// First day.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    from_on: NaiveDate,
    /// Last day.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    to_on: NaiveDate,
    /// A line a group.
    #[schema(inline, max_items = 1_000_000)]
    items: Vec<ServedByGroup>,
    /// Service of all groups together.
    #[schema(inline, value_type = Served)]
    total: Option<Served>,
    #[serde(flatten)]
    #[schema(inline)]
    register: Register,
}

/// Service of a group.
#[derive(Serialize, ToSchema)]
struct ServedByGroup {
    #[serde(flatten)]
    #[schema(inline)]
    served: Served,
    /// Which group.
    #[schema(required, max_length = 300)]
    key: Option<String>,
    /// The records behind it.
    #[schema(required, max_length = 300)]
    records_url: Option<String>,
}

/// Service in figures.
#[derive(Serialize, ToSchema)]
struct Served {
    /// Times served (人次).
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    person_times: Option<i64>,
    /// People who served.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    members: Option<i64>,
    /// Places served at.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    posts: Option<i64>,
    /// How long.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    service_minutes: i64,
    /// The same in hours.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    service_hours: String,
}

/// Within the area that is asked for.
pub fn narrowed(call: &Call, statement: Statement) -> Statement {
    match call.query.get(&envelope::AREA_CODE) {
        Some(area_code) => within("r", statement.sql(" AND "), area_code),
        None => statement,
    }
}

fn period(call: &Call) -> Result<(NaiveDate, NaiveDate), Problem> {
    let today = day_of(call.core.clock.now(), call.core.zone);
    let to_on = call.query.get(&TO_ON).unwrap_or(today);
    let first = NaiveDate::from_ymd_opt(chrono::Datelike::year(&to_on), 1, 1).unwrap_or(to_on);
    let from_on = call.query.get(&FROM_ON).unwrap_or(first);
    match (to_on - from_on).num_days() {
        ..0 => Err(ends_before_it_begins("?to_on")),
        MOST_DAYS.. => Err(too_many_days("?to_on", MOST_DAYS)),
        _ => Ok((from_on, to_on)),
    }
}

/// `… FROM service_records AS r WHERE` of those days.
fn served(call: &Call, select: &str, district_code: &str, (from_on, to_on): (NaiveDate, NaiveDate)) -> Statement {
    let begins =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, call.core.zone)).map_or(Value::Null, Value::Instant);
    Statement::new(format!("SELECT {select}, count(*) AS person_times, count(DISTINCT r.volunteer_id) AS members, count(DISTINCT r.place_id) AS posts, coalesce(sum(r.service_minutes), 0)::bigint AS minutes FROM service_records AS r WHERE NOT r.voided AND r.pending IS NOT TRUE AND {} AND r.district_code = ", has_come("r.")))
        .text(district_code)
        .sql(" AND r.starts_at >= ")
        .bind(ColumnType::Instant, begins(Some(from_on)))
        .sql(" AND r.starts_at < ")
        .bind(ColumnType::Instant, begins(to_on.succ_opt()))
}

fn figures(row: &mut Row) -> Served {
    let service_minutes = row.get(&MINUTES).unwrap_or_default();
    Served {
        person_times: row.get(&PERSON_TIMES),
        members: row.get(&MEMBERS),
        posts: row.get(&POSTS),
        service_minutes,
        service_hours: hours_of(service_minutes).to_string(),
    }
}

async fn hours(call: Call) -> Answer {
    let kind = &VOLUNTEERS;
    let volunteer = read::find(&call.core, call.actor()?, kind, call.path_id()?).await?;
    let (id, days) = (volunteer.envelope.id, period(&call)?);
    let statement = served(&call, "NULL::text AS key", &volunteer.envelope.district_code, days)
        .sql(" AND r.volunteer_id = ")
        .id(id)
        // Callers who may see a volunteer may see all his hours, wherever he served.
        .seeing_district(&volunteer.envelope.district_code);
    let row = call.core.database.read(&statement).await?.into_iter().next();
    let served = figures(&mut row.ok_or_else(|| Problem::internal("a sum without a row"))?);
    let body = VolunteerHours {
        volunteer_id: id,
        from_on: days.0,
        to_on: days.1,
        person_times: served.person_times,
        service_minutes: served.service_minutes,
        service_hours: served.service_hours,
        records_url: format!("/v1/service-records?pending=false&volunteer_id={id}&from_on={}&to_on={}", days.0, days.1),
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

async fn statistics(call: Call) -> Answer {
    let (days, by) = (period(&call)?, call.query.get(&BY).unwrap_or(ServiceGrouping::Team));
    answer_by_district(&call, COLUMNS, async |now: &mut Snapshot, part: &Part| of_days(part, now, days, by).await).await
}

impl Summed for VolunteerStatistics {
    fn add(&mut self, other: Self) {
        merge(
            &mut self.items,
            other.items,
            |line| (line.key.is_none(), line.key.clone()),
            |line, other| line.add(&other),
        );
        match (&mut self.total, other.total) {
            (Some(total), Some(other)) => total.add(&other),
            (total, other) => *total = total.take().or(other),
        }
        self.register.add(other.register);
    }
}

impl ServedByGroup {
    /// Adds another district's, of a day or of no group; no list has both.
    fn add(&mut self, other: &Self) {
        self.served.add(&other.served);
        self.records_url = None;
    }
}

impl Served {
    /// Adds another district's: volunteers and places are of one district each.
    fn add(&mut self, other: &Self) {
        add_count(&mut self.person_times, other.person_times);
        add_count(&mut self.members, other.members);
        add_count(&mut self.posts, other.posts);
        self.service_minutes += other.service_minutes;
        self.service_hours = hours_of(self.service_minutes).to_string();
    }
}

async fn of_days(
    part: &Part,
    now: &mut Snapshot,
    days: (NaiveDate, NaiveDate),
    by: ServiceGrouping,
) -> Result<VolunteerStatistics, Problem> {
    let (call, district_code) = (&part.call, part.district_code.as_str());
    let (key, filter) = match by {
        ServiceGrouping::Org => ("r.org_id::text", "org_id"),
        ServiceGrouping::Place => ("r.place_id::text", "place_id"),
        ServiceGrouping::Volunteer => ("r.volunteer_id::text", "volunteer_id"),
        ServiceGrouping::Day => ("to_char(r.starts_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')", ""),
        ServiceGrouping::Team => ("r.team_id::text", "team_id"),
    };
    let key = key.replace("Asia/Shanghai", call.core.zone.name());
    let scoped = |select: &str| {
        Ok::<_, Problem>(narrowed(
            call,
            reached(
                "r",
                served(call, select, district_code, days).sql(" AND "),
                call.actor()?,
                with_statistics(ROSTER_READERS),
                true,
            ),
        ))
    };
    let lines = now.read(&scoped(&format!("{key} AS key"))?.sql(" GROUP BY 1 ORDER BY 1")).await?;
    let total = now.read(&scoped("NULL::text AS key")?).await?.into_iter().next();
    Ok(VolunteerStatistics {
        by,
        from_on: days.0,
        to_on: days.1,
        items: lines.into_iter().map(|row| line(call, row, filter, days)).collect(),
        total: total.map(|mut row| figures(&mut row)),
        register: register(call, now, district_code).await?,
    })
}

fn line(call: &Call, mut row: Row, filter: &str, days: (NaiveDate, NaiveDate)) -> ServedByGroup {
    let (key, served) = (row.get(&KEY), figures(&mut row));
    let url = records_url(key.as_deref(), filter, days, call.query.get(&envelope::AREA_CODE));
    ServedByGroup { served, key, records_url: url.filter(|_| opens_lists(call, ROSTER_READERS)) }
}
