//! Held items tried again by themselves: an amendment that came before its creation, a record that names what came
//! later. Each with the rights of whoever sent it, and no more often than it may help.

use chrono::TimeDelta;
use uuid::Uuid;

use super::held::{self, Held};
use super::item::Item;
use super::outcome::Outcome;
use super::{former, push, state};
use crate::app::Service;
use crate::audit::job_write;
use crate::auth::accounts;
use crate::auth::roles::Actor;
use crate::kit::catalogue::{Code, FaultCode};
use crate::kit::problem::Problem;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;

/// Items tried at once; the rest when these are done.
const TOGETHER: i64 = 50;
/// An item is tried again after so long.
const PAUSE: TimeDelta = TimeDelta::minutes(10);

/// Whether it may help to try again: what the item names may have come meanwhile.
pub fn may_help(problem: &Problem) -> bool {
    problem.code() == Code::NotFound || problem.faults().iter().any(|fault| fault.code == FaultCode::UnknownReference)
}

/// Tries what is held in a district and wasn't tried lately, whoever sent it.
pub async fn retry_held(service: &Service, district_code: &str) -> Result<(), Problem> {
    let before = service.clock.now() - PAUSE;
    let statement = waiting(district_code)
        .sql(" AND (r.tried_at IS NULL AND r.held_at < ")
        .bind(ColumnType::Instant, Value::Instant(before))
        .sql(" OR r.tried_at < ")
        .bind(ColumnType::Instant, Value::Instant(before))
        .sql(")");
    retry_all(service, statement).await
}

/// Tries what an account left over, now that something of it came.
pub async fn retry_of(service: &Service, user_id: Uuid, district_code: &str) -> Result<(), Problem> {
    retry_all(service, waiting(district_code).sql(" AND r.user_id = ").id(user_id)).await
}

/// Open items whose problem may have gone by now.
fn waiting(district_code: &str) -> Statement {
    Statement::new(format!("SELECT {} FROM held_items AS r WHERE r.state = 'open' AND (r.problem->'en'->>'code' = 'not_found' OR r.problem->'en'->'errors' @> '[{{\"code\": \"unknown_reference\"}}]') AND r.district_code = ", held::COLUMNS))
        .text(district_code)
}

async fn retry_all(service: &Service, statement: Statement) -> Result<(), Problem> {
    let statement = statement.sql(" ORDER BY r.held_at, r.id LIMIT ").integer(TOGETHER);
    let rows = {
        // Whose it is was asked for by whoever sent it.
        let all = statement.seeing_everything();
        service.database.read(&all).await?
    };
    for row in rows {
        let held = held::of_row(service, row)?;
        let author = accounts::of_user(service, held.user_id).await?.filter(|author| author.left_area.is_none());
        let statements = match author {
            Some(author) => retry(service, &author, &held).await?,
            None => vec![tried(service, &held, None)],
        };
        job_write(service, statements).await?;
    }
    Ok(())
}

/// What comes of an item tried by its author.
async fn retry(service: &Service, author: &Actor, held: &Held) -> Result<Vec<Statement>, Problem> {
    let mut item = Item::read(service, held.user_id, 0, &held.item);
    item.device_id.clone_from(&held.device_id);
    former::recognise(service, author, std::slice::from_mut(&mut item)).await?;
    let outcome = push::write_one(service, author, &item).await?;
    Ok(match &outcome {
        Outcome::Held(problem) | Outcome::Refused(problem) => vec![tried(service, held, Some(problem))],
        Outcome::Conflict(conflict) => vec![
            state::settle(service, &held.district_code, held.user_id, vec![Value::Bytes(held.hash.clone())]),
            state::conflicted(service, held.user_id, held.device_id.as_deref(), &item, conflict)?,
        ],
        _ => vec![state::settle(service, &held.district_code, held.user_id, vec![Value::Bytes(held.hash.clone())])],
    })
}

/// Notes that an item was tried, and why it is still held.
fn tried(service: &Service, held: &Held, problem: Option<&Problem>) -> Statement {
    let statement = Statement::new("UPDATE held_items SET tried_at = ")
        .bind(ColumnType::Instant, Value::Instant(service.clock.now()));
    let statement = match problem {
        Some(problem) => statement.sql(", problem = ").bind(ColumnType::Json, Value::Json(state::stored(problem))),
        None => statement,
    };
    statement.sql(" WHERE state = 'open' AND district_code = ").text(&held.district_code).sql(" AND id = ").id(held.id)
}
