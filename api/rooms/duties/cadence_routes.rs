//! The operations on cadences.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use diesel::ExpressionMethods;
use diesel_async::RunQueryDsl;
use kit::catalogue::{Code, FaultCode};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::ids::new_id;
use kit::json::put;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::value::Values;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::wire::DUTY_KIND;
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::audit::system_write;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation, page};
use crate::platform::schema::duty_cadences;
use crate::records::document;
use crate::records::list::{CURSOR, LIMIT};

const WRITERS: &[Role] = &[Role::DistrictAdmin, Role::CdcOfficer];

static NEW: &[Field] = &[
    Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where it holds: that division and all below.")
        .required(),
    Field::new(
        "effective_on",
        Shape::Day,
        Text::new("Effective on", "施行日期"),
        "For days from this one on that aren't planned yet.",
    )
    .required(),
    Field::new("duty_kind", Shape::Word(&DUTY_KIND), Text::new("Duty", "责任事项"), "Of which duty.").required(),
    Field::new("active", Shape::Boolean, Text::new("Active", "是否要求"), "Whether it is expected at all.").required(),
    Field::new(
        "every_days",
        Shape::Integer { min: 1, max: 30 },
        Text::new("Every days", "间隔天数"),
        "Every so many days of an observation; 1 by default.",
    ),
    Field::new(
        "opens_minute",
        Shape::Integer { min: 0, max: 1_439 },
        Text::new("Opens (minutes)", "开始(分)"),
        "When its window opens, in minutes after midnight.",
    ),
    Field::new(
        "due_minute",
        Shape::Integer { min: 1, max: 1_440 },
        Text::new("Due (minutes)", "截止(分)"),
        "When its window closes, in minutes after midnight.",
    ),
    Field::new(
        "within_minutes",
        Shape::Integer { min: 5, max: 10_080 },
        Text::new("Within minutes", "时限(分)"),
        "How soon after its cause; with a window, at a random time inside it for so long.",
    ),
    Field::new(
        "escalation_levels",
        Shape::Integer { min: 1, max: 5 },
        Text::new("Escalation levels", "逐级上报级数"),
        "How many levels up a missed one goes, an hour apart, while nobody answers; 1 by default.",
    ),
    Field::new("source", free_text(200), Text::new("Source", "依据"), "The document that says so.").required(),
];
static SERVED: &[Field] = &[
    Field::new("id", Shape::Id, Text::new("Id", "编号"), "The cadence.").required(),
    Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where it holds; null for everywhere."),
    Field::new("created_at", Shape::Instant, Text::new("Created at", "录入时间"), "When it was given.").required(),
    Field::new(
        "created_by",
        Shape::Id,
        Text::new("Created by", "录入人"),
        "Who gave it; null for what came with the service.",
    ),
];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let new = json!({"area_code": "511802", "effective_on": "2020-02-10", "duty_kind": "am_reading", "active": true, "every_days": 1,
        "opens_minute": 360, "due_minute": 660, "within_minutes": null, "escalation_levels": 1, "source": "区指〔2020〕9号"});
    let mut served = new.clone();
    for (name, value) in [("id", "0198c0de-0009-7000-8000-000000000001"), ("created_at", "2020-02-09T18:00:00+08:00")] {
        put(&mut served, name, value);
    }
    put(&mut served, "created_by", Json::Null);
    vec![
        Operation::new(Method::GET, "/v1/duty-cadences", "list_duty_cadences", list)
            .described(
                "duties",
                "List duty cadences",
                "What is expected how often, the latest first. The narrowest area in force decides.",
            )
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .parameters(vec![&LIMIT, &CURSOR])
            .answers(
                200,
                "A page.",
                Some(reference("DutyCadencePage")),
                Some(json!({"items": [served], "next_cursor": null})),
            )
            .with_headers(&["Link"]),
        Operation::new(Method::POST, "/v1/duty-cadences", "create_duty_cadence", post)
            .described(
                "duties",
                "Give a duty cadence",
                "Holds for the days that aren't planned yet; what is planned stays as it was announced.",
            )
            .access(Access::Roles(WRITERS))
            .body(reference("NewDutyCadence"), new)
            .answers(201, "Given.", Some(reference("DutyCadence")), Some(served))
            .with_headers(&["Location"])
            .problems(&[Code::OutOfArea]),
    ]
}

fn check(form: &Values, faults: &mut Faults) {
    let (opens, due) = (form.integer("opens_minute"), form.integer("due_minute"));
    if opens.is_some() != due.is_some() {
        faults.add(if opens.is_some() { "/due_minute" } else { "/opens_minute" }, FaultCode::Required);
    }
    if let Some((opens, due)) = opens.zip(due) {
        if due <= opens {
            faults.add_with("/due_minute", FaultCode::InvalidOrder, vec![("other", "opens_minute".into())]);
        } else if form.integer("within_minutes").is_some_and(|within| within > due - opens) {
            faults.add_with(
                "/within_minutes",
                FaultCode::OutOfRange,
                vec![("min", "5".into()), ("max", (due - opens).to_string())],
            );
        }
    }
}

async fn post(call: Call) -> Answer {
    let form = call.form(NEW).await?;
    let mut faults = Faults::default();
    let area_code = form.text("area_code").unwrap_or_default().to_owned();
    if call.core.divisions.place(&area_code, None).is_none() {
        faults.add("/area_code", FaultCode::UnknownArea);
    }
    check(&form, &mut faults);
    faults.finish()?;
    if !call.actor()?.reaches(WRITERS, &area_code, None) {
        return Err(Code::OutOfArea.into());
    }
    let id = new_id();
    give(&call, id, area_code, &form).await?;
    super::cadences::forget(&call.core);
    let row = load(&call, select().sql(" WHERE id = ").id(id)).await?.pop();
    let json = row.ok_or_else(|| Problem::internal("a cadence just given is not there"))?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/v1/duty-cadences/{id}"))).json(json))
}

async fn give(call: &Call, id: Uuid, area_code: String, form: &Values) -> Result<(), Problem> {
    let details =
        json!({"area_code": area_code, "duty_kind": form.text("duty_kind"), "active": form.boolean("active")});
    let mut audit_entry = call.audit_entry("duty_cadence.create", "duty_cadences", Some(id), details);
    audit_entry.area_code = Some(area_code.clone());
    let (created_by, now) = (call.actor()?.user_id, call.core.clock.now());
    let small = |name: &str| form.integer(name).and_then(|number| i32::try_from(number).ok());
    system_write(&call.core, audit_entry, async |connection| {
        diesel::insert_into(duty_cadences::table)
            .values((
                duty_cadences::id.eq(id),
                duty_cadences::area_code.eq(area_code),
                duty_cadences::effective_on.eq(form.day("effective_on").unwrap_or_default()),
                duty_cadences::duty_kind.eq(form.text("duty_kind").unwrap_or_default()),
                duty_cadences::active.eq(form.boolean("active").unwrap_or_default()),
                duty_cadences::every_days.eq(small("every_days").unwrap_or(1)),
                duty_cadences::opens_minute.eq(small("opens_minute")),
                duty_cadences::due_minute.eq(small("due_minute")),
                duty_cadences::within_minutes.eq(small("within_minutes")),
                duty_cadences::escalation_levels.eq(small("escalation_levels").unwrap_or(1)),
                duty_cadences::source.eq(form.text("source").unwrap_or_default()),
                duty_cadences::created_by.eq(created_by),
                duty_cadences::created_at.eq(now),
            ))
            .execute(connection)
            .await?;
        Ok(())
    })
    .await
}

async fn list(call: Call) -> Answer {
    let binding = format!("duty_cadences|{}", call.actor()?.user_id);
    let mut statement = select().sql(" WHERE true");
    if let Some(id) = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok()) {
        statement = statement
            .sql(" AND (effective_on, id) < (SELECT effective_on, id FROM duty_cadences WHERE id = ")
            .id(id)
            .sql(")");
    }
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let items = load(&call, statement.sql(" ORDER BY effective_on DESC, id DESC LIMIT ").integer(limit)).await?;
    let position = |item: &Json| item.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    Ok(page::answer(&call, &binding, items, position, |item| item))
}

const COLUMNS: [&str; 13] = [
    "id",
    "area_code",
    "effective_on",
    "duty_kind",
    "active",
    "every_days",
    "opens_minute",
    "due_minute",
    "within_minutes",
    "escalation_levels",
    "source",
    "created_by",
    "created_at",
];

fn select() -> Statement {
    Statement::new(format!("SELECT {} FROM duty_cadences", COLUMNS.join(", ")))
}

async fn load(call: &Call, statement: Statement) -> Result<Vec<Json>, Problem> {
    let view = |mut row: Row| {
        let mut json = json!({});
        for column in COLUMNS {
            put(&mut json, column, row.take(column).to_json(call.core.zone));
        }
        json
    };
    Ok(call.core.database.read(&statement).await?.into_iter().map(view).collect())
}

/// The schemas of this part of the room.
pub fn schemas() -> Vec<(String, Json)> {
    let fields: Vec<&Field> = NEW.iter().filter(|field| field.name != "area_code").chain(SERVED).collect();
    let mut cadence = object(&fields, Direction::Served);
    put(&mut cadence, "description", "What is expected how often.");
    vec![
        ("DutyCadence".into(), cadence),
        ("NewDutyCadence".into(), document::described(NEW, "Gives a duty cadence.")),
        ("DutyCadencePage".into(), crate::platform::http::page::schema(&reference("DutyCadence"))),
    ]
}
