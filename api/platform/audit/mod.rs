//! Audit of deeds that are no field records. Field records have the ledger; everything else that is
//! written goes through [`system_write`], so that nothing is changed without a line here.

pub mod refusals;
mod routes;
mod trail;
mod writes;

use std::net::IpAddr;

use diesel::ExpressionMethods;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager};
use kit::database::DatabaseError;
use kit::ids::new_id;
use kit::json::put;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use serde_json::{Value as Json, json};
use uuid::Uuid;

pub use self::routes::{answer, operations, position};
pub use self::trail::{AUDITORS, AuditLine, Trail, about};
use crate::platform::core::Core;
use crate::platform::privacy::seal::Owner;
use crate::platform::schema::audit_log;

/// The member of the details that has words of whoever did it.
const REASON: &str = "reason";
/// Member that holds these words sealed.
const SEALED: &str = "sealed";

/// One line of the audit. `details` names fields and codes, never personal values.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Account or key that acted; `None` for the command line and for sign-ins of nobody.
    pub actor_id: Option<Uuid>,
    /// The area it concerns, for the scope of auditors; `None` where nobody known acted.
    pub area_code: Option<String>,
    /// Verb of the deed, `subject.verb`.
    pub verb: &'static str,
    /// Kind of the thing it was done to.
    pub subject_kind: &'static str,
    /// Id of that thing.
    pub subject_id: Option<Uuid>,
    /// Request in which it was done.
    pub request_id: Option<String>,
    /// Address that the request came from.
    pub address: Option<IpAddr>,
    /// More about it.
    pub details: Json,
}

/// Why a system write did not happen.
#[derive(Debug)]
pub enum SystemWriteError {
    /// The request was at fault.
    Problem(Problem),
    /// The database was.
    Database(DatabaseError),
}

impl From<diesel::result::Error> for SystemWriteError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<Problem> for SystemWriteError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<SystemWriteError> for Problem {
    fn from(error: SystemWriteError) -> Self {
        match error {
            SystemWriteError::Problem(problem) => problem,
            SystemWriteError::Database(error) => error.into(),
        }
    }
}

/// Does a write that is no record, and notes it, in one transaction.
pub async fn system_write<R>(
    core: &Core,
    audit_entry: AuditEntry,
    write: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<R, SystemWriteError>,
) -> Result<R, Problem> {
    system_write_all(core, vec![audit_entry], write).await
}

/// The same, noting several deeds: one for each person of an answer.
pub async fn system_write_all<R>(
    core: &Core,
    audit_entries: Vec<AuditEntry>,
    write: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<R, SystemWriteError>,
) -> Result<R, Problem> {
    type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;
    let mut pooled = core.database.connection().await?;
    let connection: &mut AsyncPgConnection = &mut pooled;
    Transactions::begin_transaction(connection).await.map_err(DatabaseError::from)?;
    let written = match write(connection).await {
        Ok(written) => note(core, connection, audit_entries).await.map(|()| written),
        Err(error) => Err(error),
    };
    match written {
        Ok(written) => {
            Transactions::commit_transaction(connection).await.map_err(DatabaseError::from)?;
            Ok(written)
        }
        Err(error) => {
            // A connection whose rollback fails is dropped by the pool; the first error is the one to tell.
            if let Err(rollback) = Transactions::rollback_transaction(connection).await {
                tracing::warn!(error = %DatabaseError::from(rollback), "a rollback failed");
            }
            Err(error.into())
        }
    }
}

/// Writes how far a job came. Its beginning and its end are deeds; what lies between isn't noted.
pub async fn job_write(core: &Core, statements: Vec<Statement>) -> Result<(), Problem> {
    let engine = core.database.engine();
    system_write_all(core, Vec::new(), async |connection| {
        for statement in statements {
            statement.on(engine).load::<Row>(connection).await?;
        }
        Ok(())
    })
    .await
}

/// The details as they are kept: why somebody did it, in his words, is sealed.
pub(crate) fn sealed(core: &Core, id: Uuid, mut details: Json) -> Result<Json, Problem> {
    if let Some(reason) = details.get(REASON).and_then(Json::as_str) {
        let envelope = core.sealer.seal(of_reason(id), reason.as_bytes()).map_err(Problem::internal)?;
        put(&mut details, REASON, json!({SEALED: hex::encode(envelope)}));
    }
    Ok(details)
}

/// The details as they are read.
fn opened(core: &Core, id: Uuid, mut details: Json) -> Json {
    let envelope = details.get(REASON).and_then(|reason| reason.get(SEALED)).and_then(Json::as_str);
    if let Some(envelope) = envelope.and_then(|text| hex::decode(text).ok()) {
        // One line that can't be opened must not hide the others.
        let reason = core.sealer.open(of_reason(id), &envelope).ok().flatten();
        put(&mut details, REASON, reason.map(|reason| String::from_utf8_lossy(&reason).into_owned()));
    }
    details
}

fn of_reason(id: Uuid) -> Owner<'static> {
    Owner { kind: "audit_log", field: REASON, id, district_code: "" }
}

async fn note(
    core: &Core,
    connection: &mut AsyncPgConnection,
    audit_entries: Vec<AuditEntry>,
) -> Result<(), SystemWriteError> {
    let now = core.clock.now();
    let rows: Result<Vec<_>, Problem> = audit_entries
        .into_iter()
        .map(|audit_entry| {
            let id = new_id();
            let details = sealed(core, id, audit_entry.details)?;
            Ok((
                audit_log::id.eq(id),
                audit_log::occurred_at.eq(now),
                audit_log::actor_id.eq(audit_entry.actor_id),
                audit_log::area_code.eq(audit_entry.area_code),
                audit_log::verb.eq(audit_entry.verb),
                audit_log::subject_kind.eq(audit_entry.subject_kind),
                audit_log::subject_id.eq(audit_entry.subject_id),
                audit_log::request_id.eq(audit_entry.request_id),
                audit_log::address.eq(audit_entry.address.map(|address| address.to_string())),
                audit_log::details.eq(details),
            ))
        })
        .collect();
    let rows = rows?;
    if rows.is_empty() {
        return Ok(());
    }
    diesel::insert_into(audit_log::table).values(rows).execute(connection).await?;
    Ok(())
}

/// The verb under which a pull is noted that tells people plainly, with those it names.
pub const PULLED_PLAIN: &str = "sync.pull_plain";
/// The verb under which a page of plain values is noted, with the people it tells of.
pub const EXPORTED_PLAIN: &str = "export.page";
