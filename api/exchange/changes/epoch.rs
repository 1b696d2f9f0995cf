//! The epoch of a ledger: whether a reader's number still means what it meant.
//!
//! A database that was restored to an earlier time gives numbers again, for other changes. A reader who comes back
//! with his number would miss those once the ledger has passed it. So `since` may carry the chain's head at its
//! number, as the cursor of a pull does: where the ledger has another one there, it isn't the ledger any more that
//! the reader followed. A bare number is believed while this database was never restored, as far as it can tell:
//! by which server, in which timeline and as which database its ledger was written.

use kit::catalogue::FaultCode;
use kit::database::{Database, DatabaseError};
use kit::problem::Problem;
use kit::statement::Statement;

use crate::exchange::codes::RESYNC_REQUIRED;
use crate::platform::core::Core;
use crate::platform::http::fault;

/// Bytes of the chain's head that are kept: enough that a restored ledger doesn't match by chance.
const HEAD_BYTES: usize = 12;
/// How a `since` is written: a number, and the chain's head at it.
pub const PATTERN: &str = "[0-9]{1,19}(\\.[0-9a-f]{24})?";

/// Where the ledgers of this database were begun, and whether they were restored since.
const LEARN: &str = "WITH here AS (SELECT concat_ws('-', s.system_identifier, c.timeline_id, d.oid) AS place \
    FROM pg_control_system() AS s, pg_control_checkpoint() AS c, pg_database AS d WHERE d.datname = current_database()), \
    known AS MATERIALIZED (SELECT s.name, s.value FROM service_settings AS s WHERE s.name IN ('ledger_begun_at', 'ledger_restored_at')), \
    begun AS (INSERT INTO service_settings (name, value) SELECT 'ledger_begun_at', place FROM here ON CONFLICT DO NOTHING), \
    moved AS (INSERT INTO service_settings (name, value) SELECT 'ledger_restored_at', h.place FROM here AS h \
    JOIN known AS k ON k.name = 'ledger_begun_at' AND k.value <> h.place ON CONFLICT DO NOTHING RETURNING 1) \
    SELECT EXISTS (SELECT 1 FROM moved) OR EXISTS (SELECT 1 FROM known WHERE name = 'ledger_restored_at') AS restored";

/// Whether the ledgers of this database were restored, now or ever; noted for all time.
pub async fn was_restored(database: &Database) -> Result<bool, DatabaseError> {
    let rows = database.read(&Statement::new(LEARN)).await?;
    Ok(rows.into_iter().next().and_then(|mut row| row.boolean("restored")).unwrap_or(false))
}

/// A place in a ledger, as a reader sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Only changes beyond it.
    pub number: i64,
    /// The chain's head there.
    chain: Option<String>,
}

impl Since {
    /// Reads one; a fault where it is none.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let (number, chain) = text.split_once('.').map_or((text, None), |(number, chain)| (number, Some(chain)));
        let number = number.parse().map_err(|_| fault("?since", FaultCode::BAD_PARAMETER))?;
        Ok(Self { number, chain: chain.map(str::to_owned) })
    }

    /// 410 where the ledger isn't the one any more that gave it.
    pub async fn require(&self, core: &Core, district_code: &str) -> Result<(), Problem> {
        let holds = match &self.chain {
            _ if self.number == 0 => true,
            Some(chain) => chain_at(core, district_code, self.number).await?.as_ref() == Some(chain),
            None => !core.restored,
        };
        if holds { Ok(()) } else { Err(RESYNC_REQUIRED.into()) }
    }
}

/// A number as a `since`, with the chain's head at it.
pub fn told(number: i64, head: &[u8]) -> String {
    if number == 0 { number.to_string() } else { format!("{number}.{}", shortened(head)) }
}

fn shortened(head: &[u8]) -> String {
    hex::encode(head.get(..HEAD_BYTES).unwrap_or_default())
}

/// Makes the `since` with which a caller goes on behind a number.
pub async fn since_of(core: &Core, district_code: &str, number: i64) -> Result<String, Problem> {
    let chain = chain_at(core, district_code, number).await?.filter(|chain| !chain.is_empty());
    Ok(chain.map_or_else(|| number.to_string(), |chain| format!("{number}.{chain}")))
}

/// The chain's head in the entry that holds a number; empty at the beginning, none where the ledger
/// doesn't reach so far.
pub async fn chain_at(core: &Core, district_code: &str, number: i64) -> Result<Option<String>, Problem> {
    if number == 0 {
        return Ok(Some(String::new()));
    }
    // Whoever waits at the head asks again and again: the clock was looked at for all of them.
    if let Some(head) = core.ledger.heads().fresh_head(district_code).filter(|head| head.number == number) {
        return Ok(Some(shortened(&head.chain)));
    }
    let statement =
        Statement::new("SELECT first_no + change_count AS after, head FROM ledger_entries WHERE district_code = ")
            .text(district_code)
            .sql(" AND first_no <= ")
            .integer(number)
            .sql(" ORDER BY first_no DESC LIMIT 1")
            .seeing_district(district_code);
    let Some(mut row) = core.database.read(&statement).await?.into_iter().next() else { return Ok(None) };
    if row.integer("after").is_none_or(|after| after <= number) {
        return Ok(None);
    }
    Ok(row.bytes("head").map(|head| shortened(&head)))
}
