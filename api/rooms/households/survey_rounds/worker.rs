//! Drawing up lists that a start left behind: the process ended, or somebody amended the round meanwhile.

use std::sync::Weak;
use std::time::Duration;

use kit::problem::Problem;
use kit::statement::Statement;
use uuid::Uuid;

use super::SURVEY_ROUNDS;
use super::freeze::draw_up;
use crate::platform::core::Core;
use crate::platform::leases::{districts, take_lease};
use crate::records::read;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(10);

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
    if !take_lease(core, "survey_rounds", holder).await? {
        return Ok(());
    }
    for district_code in districts(core).await? {
        let select = SURVEY_ROUNDS.select();
        let waiting = Statement::new(format!("SELECT {select} FROM survey_rounds AS r WHERE r.district_code = "))
            .text(&district_code)
            .sql(" AND r.state = 'running' AND NOT r.voided AND r.frozen ->> 'ready' = 'false'")
            .seeing_district(&district_code);
        for round in read::load(core, &SURVEY_ROUNDS, &waiting).await? {
            draw_up(core, &round).await?;
        }
    }
    Ok(())
}
