//! The operations on export requests.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::http::{Method, StatusCode};
use kit::ids::new_id;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::store::{self, canonical, find, owner};
use super::{APPROVERS, ExportRequest, NEW, NEW_REQUEST, REFUSAL, REFUSED, example};
use crate::platform::access::Role;
use crate::platform::codes::FORBIDDEN;
use crate::platform::http::page::Page;
use crate::platform::http::{Access, Answer, Call, Operation, fault, page};
use crate::platform::privacy::REVEALERS;
use crate::records::codes::{ALREADY_ENDED, OUT_OF_AREA, UNKNOWN_REFERENCE};
use crate::records::list::{CURSOR, LIMIT};

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let one = |operation: Operation| operation.answers::<ExportRequest>(200, "The request.", Some(example()));
    vec![
        Operation::new(Method::POST, "/v1/export-requests", "create_export_request", post)
            .described("exports", "Ask for a file of plain values", "For more than 200 people a second person must agree (`:approve`); then the file is taken once with `export_request_id`.")
            .access(Access::Roles(REVEALERS))
            .takes(NEW_REQUEST, json!({"kind": "people", "filter": "area_code=511802005", "purpose": "epidemic_control", "reason": "全街道人员排查底册"}))
            .answers::<ExportRequest>(201, "Asked.", Some(example()))
            .with_headers(&["Location"]),
        Operation::new(Method::GET, "/v1/export-requests", "list_export_requests", list)
            .described("exports", "List export requests", "The caller's own, and those that he may decide, the newest first.")
            .access(Access::Roles(Role::ALL))
            .parameters(vec![&LIMIT, &CURSOR])
            .answers::<Page<ExportRequest>>(200, "A page.", Some(json!({"items": [example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        one(Operation::new(Method::GET, "/v1/export-requests/{id}", "get_export_request", get)
            .described("exports", "Get an export request", "Out of reach answers like absent.")
            .access(Access::Roles(Role::ALL))),
        one(Operation::new(Method::POST, "/v1/export-requests/{id}:approve", "approve_export_request", approve)
            .described("exports", "Agree to an export", "By the command or an auditor of the whole area, never by whoever asks. Good for one file, within a day.")
            .access(Access::Roles(APPROVERS))
            .problems(&[FORBIDDEN, OUT_OF_AREA, ALREADY_ENDED])),
        one(Operation::new(Method::POST, "/v1/export-requests/{id}:refuse", "refuse_export_request", refuse)
            .described("exports", "Refuse an export", "With a reason, kept in the audit.")
            .access(Access::Roles(APPROVERS))
            .takes(REFUSED, json!({"reason": "范围过大"}))
            .problems(&[FORBIDDEN, OUT_OF_AREA, ALREADY_ENDED])),
    ]
}

async fn post(call: Call) -> Answer {
    let form = call.form(NEW).await?;
    let (core, actor, id) = (&call.core, call.actor()?, new_id());
    let text = |name: &str| form.text(name).unwrap_or_default().to_owned();
    let kind = core.kinds().kind(&text("kind")).ok_or_else(|| fault("/kind", UNKNOWN_REFERENCE))?;
    let area_code = actor.own_area().ok_or(FORBIDDEN)?;
    let district_code = actor.districts.first().ok_or(FORBIDDEN)?;
    let reason = core.sealer.seal(owner(id, district_code), text("reason").as_bytes()).map_err(Problem::internal)?;
    let statement = Statement::new("INSERT INTO export_requests (district_code, id, area_code, kind, filter, purpose, reason, state, requested_by, requested_at) VALUES (")
        .text(district_code).sql(", ").id(id).sql(", ").text(&area_code).sql(", ").text(kind.name)
        .sql(", ").text(canonical(&text("filter"))).sql(", ").text(text("purpose")).sql(", ").bytes(reason)
        .sql(", 'open', ").id(actor.user_id)
        .sql(", ").bind(ColumnType::Instant, Value::Instant(core.clock.now())).sql(")");
    let details = json!({"kind": kind.name, "filter": canonical(&text("filter")), "purpose": text("purpose")});
    let audit_entry = call.audit_entry("export_request.create", "export_requests", Some(id), details);
    store::add(core, statement, audit_entry).await?;
    answer(&call, id, StatusCode::CREATED).await
}

async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let binding = format!("export_requests|{}", actor.user_id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let mut items = Vec::new();
    for district_code in &actor.districts {
        let mut statement = store::visible(actor, district_code);
        if let Some(id) = after {
            statement = statement.sql(" AND r.id < ").id(id);
        }
        for row in call.core.database.read(&statement.sql(" ORDER BY r.id DESC LIMIT ").integer(limit)).await? {
            items.push(store::of_row(&call.core, row)?);
        }
    }
    items.sort_by_key(|request| std::cmp::Reverse(request.id));
    items.truncate(page::limit(&call) + 1);
    Ok(page::answer(&call, &binding, items, |request| request.id.to_string(), |request| request.shown))
}

async fn get(call: Call) -> Answer {
    answer(&call, call.path_id()?, StatusCode::OK).await
}

async fn approve(call: Call) -> Answer {
    decide(&call, "approved", "export_request.approve", json!({})).await
}

async fn refuse(call: Call) -> Answer {
    let form = call.form(REFUSAL).await?;
    decide(&call, "refused", "export_request.refuse", json!({"reason": form.text("reason")})).await
}

/// Decides an open request: nobody his own.
async fn decide(call: &Call, to: &'static str, verb: &'static str, details: serde_json::Value) -> Answer {
    let (actor, request) = (call.actor()?, find(call, call.path_id()?).await?);
    if request.requested_by == actor.user_id {
        return Err(FORBIDDEN.into());
    }
    if !actor.reaches(APPROVERS, &request.area_code, None) {
        return Err(OUT_OF_AREA.into());
    }
    if request.state != "open" {
        return Err(ALREADY_ENDED.into());
    }
    let statement = Statement::new("UPDATE export_requests SET state = ")
        .text(to)
        .sql(", decided_by = ")
        .id(actor.user_id)
        .sql(", decided_at = ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now()))
        .sql(" WHERE state = 'open' AND district_code = ")
        .text(&request.district_code)
        .sql(" AND id = ")
        .id(request.id)
        .sql(" RETURNING id");
    let audit_entry = call.audit_entry(verb, "export_requests", Some(request.id), details);
    store::move_on(&call.core, statement, audit_entry).await?;
    answer(call, request.id, StatusCode::OK).await
}

async fn answer(call: &Call, id: Uuid, status: StatusCode) -> Answer {
    let request = find(call, id).await?;
    let mut response = HttpResponse::build(status);
    if status == StatusCode::CREATED {
        response.insert_header((LOCATION, format!("/v1/export-requests/{id}")));
    }
    Ok(response.insert_header((CACHE_CONTROL, "no-store")).json(request.shown))
}
