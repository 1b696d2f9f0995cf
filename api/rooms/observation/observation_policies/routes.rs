//! The operations on observation policies.

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

use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::audit::system_write;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation, page};
use crate::platform::schema::observation_policies;
use crate::records::document;
use crate::records::list::{CURSOR, LIMIT};

const WRITERS: &[Role] = &[Role::DistrictAdmin, Role::CdcOfficer];

static NEW: &[Field] = &[
    Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where it holds: that division and all below.")
        .required(),
    Field::new("effective_on", Shape::Day, Text::new("Effective on", "施行日期"), "From which day on.").required(),
    Field::new(
        "observation_days",
        Shape::Integer { min: 1, max: 60 },
        Text::new("Days of observation", "观察天数"),
        "For how many days somebody is observed.",
    )
    .required(),
    Field::new(
        "fever_c",
        Shape::Decimal { scale: 1, min: "35.0", max: "40.0" },
        Text::new("Fever (℃)", "发热阈值(℃)"),
        "From here on a temperature is abnormal, itself included.",
    )
    .required(),
    Field::new(
        "retest_below_c",
        Shape::Decimal { scale: 1, min: "30.0", max: "36.5" },
        Text::new("Retest below (℃)", "复测下限(℃)"),
        "Below it a thermometer was too cold.",
    )
    .required(),
    Field::new("source", free_text(200), Text::new("Source", "依据"), "The document that says so.").required(),
];
static SERVED: &[Field] = &[
    Field::new("id", Shape::Id, Text::new("Id", "编号"), "The policy.").required(),
    Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where it holds; null for everywhere."),
    Field::new("created_at", Shape::Instant, Text::new("Created at", "录入时间"), "When it was given.").required(),
    Field::new(
        "created_by",
        Shape::Id,
        Text::new("Created by", "录入人"),
        "Who gave it; null for what came with the service.",
    ),
];

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let new = json!({"area_code": "511802", "effective_on": "2020-02-10", "observation_days": 14, "fever_c": "37.3",
        "retest_below_c": "35.0", "source": "区指〔2020〕7号"});
    let mut served = new.clone();
    for (name, value) in [("id", "0198c0de-0006-7000-8000-000000000001"), ("created_at", "2020-02-09T18:00:00+08:00")] {
        put(&mut served, name, value);
    }
    put(&mut served, "created_by", Json::Null);
    vec![
        Operation::new(Method::GET, "/v1/observation-policies", "list_observation_policies", list)
            .described("observation_policies", "List observation policies", "What counts as fever and how long is observed, the latest first. The narrowest area in force decides.")
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .parameters(vec![&LIMIT, &CURSOR])
            .answers(200, "A page.", Some(reference("ObservationPolicyPage")), Some(json!({"items": [served], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::POST, "/v1/observation-policies", "create_observation_policy", post)
            .described("observation_policies", "Give an observation policy", "Judges what happens from that day on, within five seconds. What was judged before stays as it was judged.")
            .access(Access::Roles(WRITERS))
            .body(reference("NewObservationPolicy"), new)
            .answers(201, "Given.", Some(reference("ObservationPolicy")), Some(served))
            .with_headers(&["Location"])
            .problems(&[Code::OutOfArea]),
    ]
}

async fn post(call: Call) -> Answer {
    let form = call.form(NEW).await?;
    let mut faults = Faults::default();
    let area_code = form.text("area_code").unwrap_or_default().to_owned();
    if call.core.divisions.place(&area_code, None).is_none() {
        faults.add("/area_code", FaultCode::UnknownArea);
    }
    faults.finish()?;
    if !call.actor()?.reaches(WRITERS, &area_code, None) {
        return Err(Code::OutOfArea.into());
    }
    let id = new_id();
    give(&call, id, area_code, &form).await?;
    super::forget(&call.core);
    let row = load(&call, select().sql(" WHERE id = ").id(id)).await?.pop();
    let json = row.ok_or_else(|| Problem::internal("a policy just given is not there"))?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/v1/observation-policies/{id}"))).json(json))
}

async fn give(call: &Call, id: Uuid, area_code: String, form: &Values) -> Result<(), Problem> {
    let details = json!({"area_code": area_code, "fever_c": form.decimal("fever_c"), "observation_days": form.integer("observation_days")});
    let mut audit_entry = call.audit_entry("observation_policy.create", "observation_policies", Some(id), details);
    audit_entry.area_code = Some(area_code.clone());
    let (created_by, now) = (call.actor()?.user_id, call.core.clock.now());
    let days = form.integer("observation_days").and_then(|days| i32::try_from(days).ok()).unwrap_or(14);
    system_write(&call.core, audit_entry, async |connection| {
        diesel::insert_into(observation_policies::table)
            .values((
                observation_policies::id.eq(id),
                observation_policies::area_code.eq(area_code),
                observation_policies::effective_on.eq(form.day("effective_on").unwrap_or_default()),
                observation_policies::observation_days.eq(days),
                observation_policies::fever_c.eq(form.decimal("fever_c").unwrap_or_default()),
                observation_policies::retest_below_c.eq(form.decimal("retest_below_c").unwrap_or_default()),
                observation_policies::source.eq(form.text("source").unwrap_or_default()),
                observation_policies::created_by.eq(created_by),
                observation_policies::created_at.eq(now),
            ))
            .execute(connection)
            .await?;
        Ok(())
    })
    .await
}

async fn list(call: Call) -> Answer {
    let binding = format!("observation_policies|{}", call.actor()?.user_id);
    let mut statement = select().sql(" WHERE true");
    if let Some(id) = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok()) {
        statement = statement
            .sql(" AND (effective_on, id) < (SELECT effective_on, id FROM observation_policies WHERE id = ")
            .id(id)
            .sql(")");
    }
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let items = load(&call, statement.sql(" ORDER BY effective_on DESC, id DESC LIMIT ").integer(limit)).await?;
    let position = |item: &Json| item.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    Ok(page::answer(&call, &binding, items, position, |item| item))
}

const COLUMNS: [&str; 9] = [
    "id",
    "area_code",
    "effective_on",
    "observation_days",
    "fever_c",
    "retest_below_c",
    "source",
    "created_by",
    "created_at",
];

fn select() -> Statement {
    Statement::new(format!("SELECT {} FROM observation_policies", COLUMNS.join(", ")))
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

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let fields: Vec<&Field> = NEW.iter().filter(|field| field.name != "area_code").chain(SERVED).collect();
    let mut policy = object(&fields, Direction::Served);
    put(&mut policy, "description", "What counts as fever and how long is observed.");
    vec![
        ("ObservationPolicy".into(), policy),
        ("NewObservationPolicy".into(), document::described(NEW, "Gives an observation policy.")),
        ("ObservationPolicyPage".into(), crate::platform::http::page::schema(&reference("ObservationPolicy"))),
    ]
}
