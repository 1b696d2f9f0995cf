//! How the targets of a round stand. Kept as of a number and, for whoever reads, counted anew only where something was
//! written since: visits in whatever order, their amendments and voids, households and persons that turned out to be one,
//! or two after all. Where nothing is kept everything is counted; both give the same, which `lianfang verify` proves.

use kit::engine::Engine;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::Projection;
use uuid::Uuid;

use crate::platform::access::roles::Actor;
use crate::platform::audit::job_write;
use crate::platform::core::Core;
use crate::records::scope::standing;
use crate::rooms::households::households::HOUSEHOLDS;

/// Ids that turned out to be another's, and the number as of which a round's standings are kept.
const ROOTS: &str = include_str!("roots.sql");
/// The targets for which something was written since, as they stand: `computed`.
const STANDINGS: &str = include_str!("standings.sql");
/// The persons of some targets.
const MEMBERS: &str = include_str!("members.sql");

/// Whose work a target is; the condition on who sees it follows.
const ASSIGNED: &str = "s AS (SELECT stood.*, coalesce(hg.leader_user_id, gc.leader_user_id) AS assignee_id FROM stood \
    LEFT JOIN household_groups AS hg ON hg.id = stood.household_group_id AND NOT hg.voided AND hg.district_code = :district \
    LEFT JOIN grid_cells AS gc ON gc.id = stood.grid_cell_id AND NOT gc.voided AND gc.district_code = :district WHERE ";

/// Of whom the visits of rounds tell, made in a visit's own statement.
pub static TELLINGS: Projection = Projection {
    table: "survey_tellings",
    owner: "visit_id",
    select: "SELECT w.district_code, w.id, w.revision, n.no, w.round_id, n.subject_id, w.household_id IS NOT NULL, n.no > 0, n.confirms, \
        CASE WHEN n.no > 0 THEN 'reached' ELSE w.result END, w.channel, w.occurred_at, w.area_code \
        FROM {written} AS w CROSS JOIN LATERAL (\
        SELECT 0 AS no, coalesce(w.household_id, w.person_id) AS subject_id, w.person_id IS NOT NULL AND coalesce(w.verification IN ('confirmed', 'changed'), false) AS confirms \
        UNION ALL SELECT m.no::integer, (m.item ->> 'person_id')::uuid, m.item ->> 'status' <> 'not_here' \
        FROM jsonb_array_elements(CASE WHEN jsonb_typeof(w.members) = 'array' THEN w.members ELSE '[]' END) WITH ORDINALITY AS m(item, no)) AS n \
        WHERE w.round_id IS NOT NULL AND n.subject_id IS NOT NULL AND NOT w.voided AND (w.capture -> 'awaited') IS NULL",
};

/// Visits after which it takes less to count all of them.
const FAR_BEHIND: i64 = 20_000;

/// Statement that lets those after it take their time: a large list is drawn up, or counted anew.
pub const UNHURRIED: &str = "SET LOCAL statement_timeout = '10min'";

/// Columns of a standing, beside the district's and the round's.
pub const COLUMNS: [&str; 17] = [
    "target_id",
    "listed",
    "household_id",
    "person_id",
    "area_code",
    "org_id",
    "grid_cell_id",
    "household_group_id",
    "place_id",
    "attempts",
    "last_visit_at",
    "done_as",
    "state",
    "decided_at",
    "channel",
    "persons",
    "persons_confirmed",
];

/// Writes a statement's text with the district for `:district` and the round for `:round`.
pub fn filled(sql: &str, district_code: &str, round_id: Uuid) -> Statement {
    sql.split(":district").enumerate().fold(Statement::new(""), |statement, (index, part)| {
        let statement = if index == 0 { statement } else { statement.text(district_code) };
        part.split(":round").enumerate().fold(statement, |statement, (index, part)| {
            let statement = if index == 0 { statement } else { statement.id(round_id) };
            statement.sql(part)
        })
    })
}

/// `WITH … s AS (…)` and what follows: the targets of a round that the actor may see, each as its visits make it stand, and
/// what was visited beside the list (`NOT s.listed`). Households and persons that turned out to be another's are that one.
///
/// Beside the columns of a standing there is `assignee_id`: the leader of its group, else of its cell.
pub fn standing_targets(actor: &Actor, district_code: &str, round_id: Uuid, then: &str) -> Statement {
    let stood = filled(&format!("{ROOTS}{STANDINGS}, {}, {ASSIGNED}", stood()), district_code, round_id);
    standing("stood", stood, actor, &HOUSEHOLDS)
        .sql(") ")
        .sql(then)
        // A target keeps its area, wherever its visits were made: the condition above says who sees it.
        .seeing_district(district_code)
}

/// Kept standings, with those that were counted anew in their place.
fn stood() -> String {
    let columns = COLUMNS.join(", ");
    format!(
        "stood AS (SELECT {columns} FROM survey_standings AS k WHERE k.district_code = :district AND k.round_id = :round \
         AND (SELECT as_of IS NOT NULL FROM head) AND ((SELECT ids = '{{}}' FROM gone) OR NOT ((SELECT ids FROM gone) ? k.target_id::text)) \
         UNION ALL SELECT {columns} FROM computed)"
    )
}

/// `SELECT` the standings of all targets of a round, as whoever reads finds them.
pub fn standing_of_all(district_code: &str, round_id: Uuid) -> Statement {
    let columns = COLUMNS.join(", ");
    filled(&format!("{ROOTS}{STANDINGS}, {} SELECT {columns} FROM stood", stood()), district_code, round_id)
}

/// `SELECT` the persons of targets, each with whether a visit told of the person.
pub fn members(district_code: &str, round_id: Uuid, targets: &[Uuid]) -> Statement {
    let targets: Vec<Value> = targets.iter().copied().map(Value::Id).collect();
    let text = format!("{ROOTS}{MEMBERS}");
    let mut parts = text.split(":targets").map(|part| filled(part, district_code, round_id));
    let first = parts.next().unwrap_or_else(|| Statement::new(""));
    parts
        .fold(first, |statement, part| statement.column(ColumnType::Id, targets.clone()).sql("::uuid[]").then(part))
        .seeing_district(district_code)
}

/// Counts all targets of a round from its visits, whatever is kept: `computed`.
pub fn counted_anew(district_code: &str, round_id: Uuid, then: &str) -> Statement {
    // Nothing is kept for a recount.
    let roots = ROOTS.replace("survey_standing_heads", "(SELECT * FROM survey_standing_heads LIMIT 0)");
    filled(&format!("{roots}{STANDINGS}{then}"), district_code, round_id).seeing_district(district_code)
}

/// Forgets what is kept of a round.
pub fn forget(district_code: &str, round_id: Uuid) -> Vec<Statement> {
    ["survey_standings", "survey_standing_heads"]
        .map(|table| {
            let statement = format!("DELETE FROM {table} WHERE district_code = :district AND round_id = :round");
            filled(&statement, district_code, round_id).seeing_district(district_code)
        })
        .to_vec()
}

/// Statements that bring what is kept of a round up to the newest number.
pub fn refreshed(district_code: &str, round_id: Uuid, engine: Engine) -> Vec<Statement> {
    let lock = "SELECT h.as_of FROM survey_standing_heads AS h WHERE h.district_code = :district AND h.round_id = :round FOR UPDATE";
    // The round ended, or more was written than to count everything takes: nothing of what is kept holds.
    let behind = format!(
        "DELETE FROM survey_standing_heads AS h USING survey_rounds AS r WHERE r.district_code = :district AND r.id = :round \
         AND h.district_code = :district AND h.round_id = :round AND (h.closed_at IS DISTINCT FROM r.closed_at OR {FAR_BEHIND} < \
         (SELECT count(*) FROM (SELECT 1 FROM survey_visits AS v WHERE v.district_code = :district AND v.round_id = :round AND v.change_no > h.as_of LIMIT {FAR_BEHIND} + 1) AS v))"
    );
    let forget = "DELETE FROM survey_standings AS k WHERE k.district_code = :district AND k.round_id = :round AND NOT EXISTS \
        (SELECT 1 FROM survey_standing_heads AS h WHERE h.district_code = :district AND h.round_id = :round)";
    let first = match engine {
        Engine::OneServer => None,
        // Several statements see what is written between them: nothing is.
        Engine::SeveralServers { .. } => Some(HELD.to_owned()),
    };
    let texts = first.into_iter().chain([lock.to_owned(), behind, forget.to_owned()]).chain(kept_anew(engine));
    texts.map(|sql| filled(&sql, district_code, round_id).seeing_district(district_code)).collect()
}

/// The district's clock, held until the transaction ends.
const HELD: &str = "SELECT c.last_no FROM district_clocks AS c WHERE c.district_code = :district FOR UPDATE";

/// Takes away what stands no longer, puts what was counted anew in its place, and notes as of which number: as one statement, of
/// one moment. Where that would be refused, one after the other.
fn kept_anew(engine: Engine) -> Vec<String> {
    let columns = COLUMNS.join(", ");
    let kept = COLUMNS.map(|column| format!("{column} = excluded.{column}")).join(", ");
    let into = format!("INSERT INTO survey_standings (district_code, round_id, {columns}) ");
    let computed = format!(
        "SELECT :district, :round, {columns} FROM computed ON CONFLICT (district_code, round_id, target_id) DO UPDATE SET {kept}"
    );
    let head = "INSERT INTO survey_standing_heads (district_code, round_id, as_of, closed_at) \
         SELECT r.district_code, r.id, c.last_no, r.closed_at FROM survey_rounds AS r JOIN district_clocks AS c ON c.district_code = r.district_code \
         WHERE r.district_code = :district AND r.id = :round \
         ON CONFLICT (district_code, round_id) DO UPDATE SET as_of = excluded.as_of, closed_at = excluded.closed_at";
    let away = |ids: &str| {
        format!(
            "DELETE FROM survey_standings AS k USING ({ids}SELECT jsonb_object_keys(ids)::uuid AS id FROM gone) AS i \
             WHERE k.district_code = :district AND k.round_id = :round AND k.target_id = i.id"
        )
    };
    match engine {
        Engine::OneServer => {
            let away = away("");
            vec![format!(
                "{ROOTS}{STANDINGS}, put AS ({into}{computed}), \
                 away AS ({away} AND NOT EXISTS (SELECT 1 FROM computed AS c WHERE c.target_id = k.target_id)) {head}"
            )]
        }
        Engine::SeveralServers { .. } => {
            let known = format!("{ROOTS}{STANDINGS} ");
            vec![away(&known), format!("{into}{known}{computed}"), head.to_owned()]
        }
    }
}

/// Brings what is kept of a round up to the newest number.
pub async fn refresh(core: &Core, district_code: &str, round_id: Uuid) -> Result<(), Problem> {
    job_write(core, refreshed(district_code, round_id, core.database.engine())).await
}

/// Statements that make anew of whom a district's visits tell.
pub fn tellings_anew(district_code: &str) -> Vec<Statement> {
    let gone = Statement::new("DELETE FROM survey_tellings WHERE district_code = ").text(district_code);
    let select = TELLINGS.select.replace("{written}", "survey_visits");
    let made =
        Statement::new(format!("INSERT INTO survey_tellings {select} AND w.district_code = ")).text(district_code);
    let unhurried = Statement::new(UNHURRIED);
    [unhurried, gone, made].map(|statement| statement.seeing_district(district_code)).to_vec()
}
