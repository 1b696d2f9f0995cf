//! Held items tried again by themselves: an amendment that came before its creation, a record that names what came
//! later. Each with the rights of whoever sent it, and no more often than it may help.

use chrono::TimeDelta;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::held::{self, Held};
use super::item::Item;
use super::outcome::Outcome;
use super::{former, push, state};
use crate::platform::access::accounts;
use crate::platform::access::roles::Actor;
use crate::platform::audit::job_write;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::records::codes::UNKNOWN_REFERENCE;

/// Items tried at once; the rest when these are done.
const TOGETHER: i64 = 50;
/// An item is tried again after so long.
const PAUSE: TimeDelta = TimeDelta::minutes(10);

/// Whether it may help to try again: what the item names may have come meanwhile.
pub fn may_help(problem: &Problem) -> bool {
    problem.code() == NOT_FOUND || problem.faults().iter().any(|fault| fault.code == UNKNOWN_REFERENCE)
}

/// Tries what is held in a district and wasn't tried lately, whoever sent it.
pub async fn retry_held(core: &Core, district_code: &str) -> Result<(), Problem> {
    let before = core.clock.now() - PAUSE;
    let statement = waiting(district_code)
        .sql(" AND (r.tried_at IS NULL AND r.held_at < ")
        .bind(ColumnType::Instant, Value::Instant(before))
        .sql(" OR r.tried_at < ")
        .bind(ColumnType::Instant, Value::Instant(before))
        .sql(")");
    retry_all(core, statement).await
}

/// Tries what an account left over, now that something of it came.
pub async fn retry_of(core: &Core, user_id: Uuid, district_code: &str) -> Result<(), Problem> {
    retry_all(core, waiting(district_code).sql(" AND r.user_id = ").id(user_id)).await
}

/// Open items whose problem may have gone by now.
fn waiting(district_code: &str) -> Statement {
    Statement::new(format!("SELECT {} FROM held_items AS r WHERE r.state = 'open' AND (r.problem->'en'->>'code' = 'not_found' OR r.problem->'en'->'errors' @> '[{{\"code\": \"unknown_reference\"}}]') AND r.district_code = ", held::COLUMNS))
        .text(district_code)
}

async fn retry_all(core: &Core, statement: Statement) -> Result<(), Problem> {
    let statement = statement.sql(" ORDER BY r.held_at, r.id LIMIT ").integer(TOGETHER);
    let rows = {
        // Conditions above name the district or the account, so the wall may let all rows through.
        let all = statement.seeing_everything();
        core.database.read(&all).await?
    };
    for row in rows {
        let held = held::of_row(core, row)?;
        let author = accounts::of_user(core, held.user_id).await?.filter(|author| author.left_area.is_none());
        let statements = match author {
            Some(author) => retry(core, &author, &held).await?,
            None => vec![tried(core, &held, None)],
        };
        job_write(core, statements).await?;
    }
    Ok(())
}

/// Tries an item with its author's rights; gives the statements that keep the result.
async fn retry(core: &Core, author: &Actor, held: &Held) -> Result<Vec<Statement>, Problem> {
    let mut item = Item::read(core, held.user_id, 0, &held.item);
    item.device_id.clone_from(&held.device_id);
    former::recognise(core, author, std::slice::from_mut(&mut item)).await?;
    let outcome = push::write_one(core, author, &item).await?;
    Ok(match &outcome {
        Outcome::Held(problem) | Outcome::Refused(problem) => vec![tried(core, held, Some(problem))],
        Outcome::Conflict(conflict) => vec![
            state::settle(core, &held.district_code, held.user_id, vec![Value::Bytes(held.hash.clone())]),
            state::conflicted(core, held.user_id, held.device_id.as_deref(), &item, conflict)?,
        ],
        _ => vec![state::settle(core, &held.district_code, held.user_id, vec![Value::Bytes(held.hash.clone())])],
    })
}

/// Notes that an item was tried, and why it is still held.
fn tried(core: &Core, held: &Held, problem: Option<&Problem>) -> Statement {
    let statement =
        Statement::new("UPDATE held_items SET tried_at = ").bind(ColumnType::Instant, Value::Instant(core.clock.now()));
    let statement = match problem {
        Some(problem) => statement.sql(", problem = ").bind(ColumnType::Json, Value::Json(state::stored(problem))),
        None => statement,
    };
    statement.sql(" WHERE state = 'open' AND district_code = ").text(&held.district_code).sql(" AND id = ").id(held.id)
}
