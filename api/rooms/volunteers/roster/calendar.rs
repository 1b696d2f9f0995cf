//! Somebody's shifts as a calendar (RFC 5545) at a secret address that can be taken back. It names places and times,
//! and nobody.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::RunQueryDsl;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::audit::system_write;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::codes::{OUT_OF_AREA, RECORD_VOIDED};
use crate::records::envelope::{ID, REVISED_AT};
use crate::records::gate::require_standing;
use crate::records::{Record, read};
use crate::rooms::volunteers::shifts::assignments::ROLE;
use crate::rooms::volunteers::shifts::{ENDS_AT, STARTS_AT, TITLE};
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};
use crate::rooms::volunteers::volunteers::USER_ID;
use crate::rooms::volunteers::volunteers::VOLUNTEERS;

/// Shifts so long ago are still shown.
const BACK: TimeDelta = TimeDelta::days(31);

/// A secret address.
#[derive(Serialize, ToSchema)]
struct SecretAddress {
    /// Whoever has it sees the shifts; shown once.
    #[schema(max_length = 200)]
    url: String,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, "/v1/volunteers/{id}:calendar", "create_calendar", create)
            .described(
                "shifts",
                "A secret address of somebody's shifts",
                "For the calendar of a phone. By an organiser or by the volunteer himself; the former address ends.",
            )
            .access(Access::Roles(ROSTER_READERS))
            .answers_inline::<SecretAddress>(201, "The address.", Some(json!({"url": "/v1/calendars/4f1c…"})))
            .problems(&[OUT_OF_AREA, RECORD_VOIDED]),
        Operation::new(Method::POST, "/v1/volunteers/{id}:revoke-calendar", "revoke_calendar", revoke)
            .described("shifts", "Take the address back", "From then on it answers 404.")
            .access(Access::Roles(ROSTER_READERS))
            .answers_nothing(204, "It is gone.")
            .problems(&[OUT_OF_AREA]),
        Operation::new(Method::GET, "/v1/calendars/{token}", "get_calendar", get)
            .described("shifts", "Somebody's shifts as a calendar", "iCalendar, for whoever has the address.")
            .access(Access::Public)
            .answers_nothing(200, "The calendar.")
            .as_files(vec!["text/calendar"])
            .problems(&[NOT_FOUND]),
    ]
}

async fn volunteer(call: &Call) -> Result<Record, Problem> {
    let kind = &VOLUNTEERS;
    let (actor, found) = (call.actor()?, read::find(&call.core, call.actor()?, kind, call.path_id()?).await?);
    let own = found.values.get(&USER_ID) == Some(actor.user_id);
    let envelope = &found.envelope;
    if own || actor.reaches(ORGANIZERS, &envelope.area_code, envelope.org_id) {
        Ok(found)
    } else {
        Err(OUT_OF_AREA.into())
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

async fn create(call: Call) -> Answer {
    let volunteer = volunteer(&call).await?;
    require_standing(&volunteer)?;
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let (id, district_code) = (volunteer.envelope.id, &volunteer.envelope.district_code);
    let statement = Statement::new("INSERT INTO calendar_tokens (district_code, volunteer_id, token_hash, created_at) VALUES (")
        .text(district_code)
        .sql(", ")
        .id(id)
        .sql(", ")
        .bytes(hash(&token))
        .sql(", ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now()))
        .sql(") ON CONFLICT (district_code, volunteer_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at");
    write(&call, "calendar.create", &volunteer, statement).await?;
    let url = format!("/v1/calendars/{token}");
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(SecretAddress { url }))
}

async fn revoke(call: Call) -> Answer {
    let volunteer = volunteer(&call).await?;
    let statement = Statement::new("DELETE FROM calendar_tokens WHERE district_code = ")
        .text(&volunteer.envelope.district_code)
        .sql(" AND volunteer_id = ")
        .id(volunteer.envelope.id);
    write(&call, "calendar.revoke", &volunteer, statement).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn write(call: &Call, verb: &'static str, volunteer: &Record, statement: Statement) -> Result<(), Problem> {
    let mut audit_entry = call.audit_entry(verb, "volunteers", Some(volunteer.envelope.id), json!({}));
    audit_entry.area_code = Some(volunteer.envelope.area_code.clone());
    system_write(&call.core, audit_entry, async |connection| {
        statement.execute(connection).await?;
        Ok(())
    })
    .await
}

async fn get(call: Call) -> Answer {
    let token = call.path_text("token")?;
    let statement = Statement::new("SELECT a.id, s.starts_at, s.ends_at, s.title, a.role, p.name, p.address, a.revised_at FROM calendar_tokens AS c JOIN shift_assignments AS a ON a.district_code = c.district_code AND a.volunteer_id = c.volunteer_id AND a.state = 'assigned' AND NOT a.voided JOIN shifts AS s ON s.district_code = a.district_code AND s.id = a.shift_id AND NOT s.cancelled AND NOT s.voided LEFT JOIN places AS p ON p.district_code = s.district_code AND p.id = s.place_id WHERE c.token_hash = ")
        .bytes(hash(token))
        .sql(" AND s.starts_at > ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now() - BACK))
        .sql(" ORDER BY s.starts_at LIMIT 1000")
        // The secret address says whose shifts they are.
        .seeing_everything();
    let known = Statement::new("SELECT 1 AS found FROM calendar_tokens WHERE token_hash = ")
        .bytes(hash(token))
        .seeing_everything();
    if call.core.database.read(&known).await?.is_empty() {
        return Err(NOT_FOUND.into());
    }
    let rows = call.core.database.read(&statement).await?;
    let events: String = rows.into_iter().filter_map(event).collect();
    let body = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Lianfang//Shifts//ZH\r\nCALSCALE:GREGORIAN\r\n{events}END:VCALENDAR\r\n"
    );
    Ok(HttpResponse::Ok()
        .content_type("text/calendar; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body))
}

columns! {
    /// Name of a place.
    NAME "name": String;
    /// Address of a place.
    ADDRESS "address": String;
}

fn event(mut row: Row) -> Option<String> {
    let stamp = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
    let (id, starts_at, ends_at, revised_at) =
        (row.get(&ID)?, row.get(&STARTS_AT)?, row.get(&ENDS_AT)?, row.get(&REVISED_AT)?);
    let role = row.get(&ROLE)?.zh();
    let title = row.get(&TITLE).map(|title| format!("{title} ")).unwrap_or_default();
    let place = [row.get(&NAME), row.get(&ADDRESS)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let lines = [
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{id}@lianfang"),
        format!("DTSTAMP:{}", stamp(revised_at)),
        format!("DTSTART:{}", stamp(starts_at)),
        format!("DTEND:{}", stamp(ends_at)),
        format!("SUMMARY:{}", escaped(&format!("{title}{role}"))),
        format!("LOCATION:{}", escaped(&place)),
        "END:VEVENT".to_owned(),
    ];
    Some(lines.iter().map(|line| folded(line)).collect())
}

/// Text as RFC 5545, 3.3.11 has it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace(['\r', '\n'], " ")
}

/// A line of at most 75 octets; what is longer goes on after a blank (RFC 5545, 3.1).
fn folded(line: &str) -> String {
    let (mut folded, mut length) = (String::new(), 0);
    for letter in line.chars() {
        if length + letter.len_utf8() > 73 {
            folded.push_str("\r\n ");
            length = 1;
        }
        length += letter.len_utf8();
        folded.push(letter);
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_letters() {
        let folded = folded(&format!("SUMMARY:{}", "测温".repeat(30)));
        assert!(folded.split("\r\n").all(|line| line.len() <= 75));
        assert_eq!(folded.replace("\r\n ", "").trim_end(), format!("SUMMARY:{}", "测温".repeat(30)));
        assert_eq!(escaped("a,b;c\\d\ne"), "a\\,b\\;c\\\\d e");
    }
}
