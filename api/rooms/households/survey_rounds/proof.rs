//! Proof of the rounds of a district: each list is drawn up once more from the former revisions of the ledger, as of the
//! number before the start, and compared with its digest and with what is kept of it; whatever is kept of visits and
//! standings is counted once more from the visits.

use diesel_async::SimpleAsyncConnection;
use kit::columns;
use kit::database::{Connection, DatabaseError};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;

use super::freeze::{DIGEST_OF_TARGETS, sources, started_as};
use super::standings::{COLUMNS, TELLINGS, counted_anew, filled, standing_of_all};
use super::{FROZEN, SURVEY_ROUNDS};
use crate::platform::core::Core;
use crate::records::theme::Unproven;
use crate::records::{Record, read};
use crate::rooms::households::survey_visits::SURVEY_VISITS;

columns! {
    /// Sum over the ids of a list.
    DIGEST "digest": String;
}

/// The first round of a district that isn't what its ledger says, if any.
pub async fn unproven(core: &Core, district_code: &str) -> Result<Option<Unproven>, Problem> {
    let select = SURVEY_ROUNDS.select();
    let ready = Statement::new(format!("SELECT {select} FROM survey_rounds AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND r.frozen ->> 'ready' = 'true' ORDER BY r.change_no")
        .seeing_district(district_code);
    for round in read::load(core, &SURVEY_ROUNDS, &ready).await? {
        if let Some(what) = differs(core, &round).await? {
            return Ok(Some(Unproven { kind: SURVEY_ROUNDS.name, id: round.envelope.id, what }));
        }
    }
    Ok(None)
}

/// Reads of a proof: as long as they take, for a large list is drawn up once more.
struct Reading(Connection);

impl Reading {
    async fn begin(core: &Core) -> Result<Self, Problem> {
        let mut connection = core.database.connection().await?;
        for sql in ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL statement_timeout = 0"] {
            connection.batch_execute(sql).await.map_err(DatabaseError::from)?;
        }
        Ok(Self(connection))
    }

    async fn read(&mut self, statement: Statement) -> Result<Vec<Row>, Problem> {
        Ok(self.0.run(statement).await?)
    }

    async fn end(mut self) -> Result<(), Problem> {
        Ok(self.0.batch_execute("COMMIT").await.map_err(DatabaseError::from)?)
    }
}

/// How a round isn't what its ledger says.
async fn differs(core: &Core, round: &Record) -> Result<Option<&'static str>, Problem> {
    let mut reading = Reading::begin(core).await?;
    let found = compared(core, &mut reading, round).await;
    reading.end().await?;
    found
}

async fn compared(core: &Core, reading: &mut Reading, round: &Record) -> Result<Option<&'static str>, Problem> {
    let (district_code, id) = (&round.envelope.district_code, round.envelope.id);
    let frozen = round.values.get(&FROZEN);
    let started_as = started_as(core, district_code, id).await?;
    let told = frozen.as_ref().and_then(|frozen| frozen.change_no);
    let Some(number) = started_as.filter(|number| told == Some(*number)) else {
        return Ok(Some("the number of its start"));
    };
    let (targets, persons) = sources(core, round, number - 1);
    let digest = Statement::new(format!("SELECT {DIGEST_OF_TARGETS} AS digest FROM (")).then(targets.clone());
    let digest = reading.read(digest.sql(") AS s").seeing_district(district_code)).await?;
    let digest = digest.into_iter().next().and_then(|mut row| row.get(&DIGEST));
    if digest != frozen.and_then(|frozen| frozen.digest) {
        return Ok(Some("the digest of its list"));
    }
    let columns = "target_id, household_id, person_id, area_code, org_id, grid_cell_id, household_group_id, place_id";
    let kept = |columns: &str, table: &str| {
        let kept = format!("SELECT {columns} FROM {table} WHERE district_code = :district AND round_id = :round");
        filled(&kept, district_code, id)
    };
    let again = |columns: &str, source: Statement| {
        Statement::new(format!("SELECT {columns} FROM (")).then(source).sql(") AS s")
    };
    let standing = COLUMNS.join(", ");
    let parts = [
        ("its list", again(columns, targets), kept(columns, "survey_targets")),
        (
            "the persons of its list",
            again("target_id, person_id", persons),
            kept("target_id, person_id", "survey_target_persons"),
        ),
        (
            "of whom its visits tell",
            of_visits().then(filled(" AND w.round_id = :round AND w.district_code = :district", district_code, id)),
            kept("*", TELLINGS.table),
        ),
        (
            "how its targets stand",
            counted_anew(district_code, id, &format!(" SELECT {standing} FROM computed")),
            standing_of_all(district_code, id),
        ),
    ];
    for (what, one, other) in parts {
        let either = Statement::new("WITH one AS MATERIALIZED (")
            .then(one)
            .sql("), other AS MATERIALIZED (")
            .then(other)
            .sql(") (SELECT * FROM one EXCEPT SELECT * FROM other) UNION ALL (SELECT * FROM other EXCEPT SELECT * FROM one) LIMIT 1")
            .seeing_district(district_code);
        if !reading.read(either).await?.is_empty() {
            return Ok(Some(what));
        }
    }
    Ok(None)
}

/// Tellings of visits, from the visits themselves.
fn of_visits() -> Statement {
    Statement::new(TELLINGS.select.replace("{written}", SURVEY_VISITS.name))
}
