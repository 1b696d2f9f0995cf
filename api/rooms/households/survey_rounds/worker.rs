//! Drawing up lists that a start left behind, for the process ended or somebody amended the round meanwhile; and keeping
//! how targets stand near the newest number, so that whoever reads has little to count anew.

use std::sync::Weak;
use std::time::Duration;

use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;
use uuid::Uuid;

use super::SURVEY_ROUNDS;
use super::freeze::draw_up;
use super::standings::refresh;
use crate::platform::core::Core;
use crate::platform::divisions::each::in_each;
use crate::platform::leases::under_lease;
use crate::records::read;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// Numbers by which the standings of a running round may be behind: counting so much anew is cheap.
const BEHIND: i64 = 200;
/// The same of a round that is over: late visits trickle in.
const BEHIND_WHEN_OVER: i64 = 5_000;

columns! {
    /// A round.
    ID "id": Uuid;
}

/// Works until the service ends.
pub async fn work(core: Weak<Core>) {
    let holder = Uuid::new_v4();
    while let Some(core) = core.upgrade() {
        if let Err(problem) = work_once(&core, holder).await {
            tracing::warn!(%problem, "lists of survey rounds could not be drawn up; tried again in a moment");
        }
        drop(core);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn work_once(core: &Core, holder: Uuid) -> Result<(), Problem> {
    under_lease(core, "survey_rounds", holder, look_after(core)).await
}

async fn look_after(core: &Core) -> Result<(), Problem> {
    in_each(core, |district_code| Box::pin(look_after_district(core, district_code))).await
}

async fn look_after_district(core: &Core, district_code: String) -> Result<(), Problem> {
    let select = SURVEY_ROUNDS.select();
    let waiting = Statement::new(format!("SELECT {select} FROM survey_rounds AS r WHERE r.district_code = "))
        .text(&district_code)
        .sql(" AND r.state = 'running' AND NOT r.voided AND r.frozen ->> 'ready' = 'false'")
        .seeing_district(&district_code);
    for round in read::load(core, &SURVEY_ROUNDS, &waiting).await? {
        draw_up(core, &round).await?;
    }
    for round_id in behind(core, &district_code).await? {
        refresh(core, &district_code, round_id).await?;
    }
    Ok(())
}

/// Rounds of which the standings are behind, or know another end.
async fn behind(core: &Core, district_code: &str) -> Result<Vec<Uuid>, Problem> {
    let statement = Statement::new(
        "SELECT r.id FROM survey_rounds AS r JOIN district_clocks AS c ON c.district_code = r.district_code \
         LEFT JOIN survey_standing_heads AS h ON h.district_code = r.district_code AND h.round_id = r.id \
         WHERE r.frozen ->> 'ready' = 'true' AND (h.as_of IS NULL OR h.closed_at IS DISTINCT FROM r.closed_at \
         OR c.last_no > h.as_of + CASE WHEN r.state = 'running' THEN ",
    )
    .integer(BEHIND)
    .sql(" ELSE ")
    .integer(BEHIND_WHEN_OVER)
    .sql(" END) AND r.district_code = ")
    .text(district_code)
    .seeing_district(district_code);
    Ok(core.database.read(&statement).await?.into_iter().filter_map(|mut row| row.get(&ID)).collect())
}
