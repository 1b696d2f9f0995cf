//! Whether the service is ready, judged for all who ask at once: anybody may ask, and each question costs the
//! database as much as a write does.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::kit::catalogue::Code;
use crate::kit::database::Database;
use crate::kit::problem::Problem;
use crate::kit::statement::Statement;

/// How long a judgement is believed.
const BELIEVED: Duration = Duration::from_millis(500);

/// The last judgement, and when it was made.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, Result<(), Problem>)>>);

impl Readiness {
    /// Whether the service is ready. Who asks while another one's question is on its way has the same answer.
    pub async fn judged(&self, database: &Database) -> Result<(), Problem> {
        let mut last = self.0.lock().await;
        if let Some((at, judgement)) = &*last
            && at.elapsed() < BELIEVED
        {
            return judgement.as_ref().copied().map_err(Problem::again);
        }
        let judgement = judge(database).await;
        let answer = judgement.as_ref().copied().map_err(Problem::again);
        *last = Some((Instant::now(), judgement));
        answer
    }
}

async fn judge(database: &Database) -> Result<(), Problem> {
    let statement = Statement::new(
        "SELECT 1 AS missing FROM ledger_entries AS e WHERE e.first_no = 1 \
         AND NOT EXISTS (SELECT 1 FROM district_clocks AS c WHERE c.district_code = e.district_code) LIMIT 1",
    )
    .seeing_everything();
    if database.read(&statement).await?.is_empty() {
        return Ok(());
    }
    Err(Problem::unavailable(Code::LedgerUnavailable, 60, "a district has entries and no clock"))
}
