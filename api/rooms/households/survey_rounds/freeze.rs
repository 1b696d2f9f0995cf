//! Drawing up a round's list: from the registers as they stood before the number under which the round was started, so
//! that it may take its time, and whoever counts again finds the same.

use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::Value;
use ledger::AppendError;
use uuid::Uuid;

use super::standings;
use super::{FROZEN, Frozen, RoundState, SCOPE, STATE, SURVEY_ROUNDS, SurveyScope, SurveyTarget, TARGET};
use crate::platform::audit::job_write;
use crate::platform::core::Core;
use crate::platform::leases::{let_go, take_lease};
use crate::records::change::Changes;
use crate::records::{Record, read};
use crate::rooms::households::roots::roots_of;

/// SHA-256 over the sorted ids of targets, a line each.
pub const DIGEST_OF_TARGETS: &str = "encode(sha256(convert_to(coalesce(string_agg(target_id::text, E'\\n' ORDER BY target_id::text COLLATE \"C\"), ''), 'UTF8')), 'hex')";

columns! {
    /// Number under which a round was started.
    STARTED_AS "started_as": i64;
    /// Targets or persons of a list.
    COUNT "count": i64;
    /// Sum over the ids of a list.
    DIGEST "digest": String;
}

/// Draws up the list of a round that was started, where that isn't done and nobody else does it: twice gives the same.
pub async fn draw_up(core: &Core, round: &Record) -> Result<(), Problem> {
    let waits = round.values.get(&FROZEN).is_some_and(|frozen| !frozen.ready);
    if round.values.get(&STATE) != Some(RoundState::Running) || !waits {
        return Ok(());
    }
    let (lease, holder) = (format!("survey_round {}", round.envelope.id), Uuid::new_v4());
    if !take_lease(core, &lease, holder).await? {
        return Ok(());
    }
    let drawn = draw(core, round).await;
    let_go(core, &lease, holder).await?;
    drawn
}

async fn draw(core: &Core, round: &Record) -> Result<(), Problem> {
    let (district_code, id) = (&round.envelope.district_code, round.envelope.id);
    let Some(started_as) = started_as(core, district_code, id).await? else { return Ok(()) };
    fill(core, round, started_as - 1).await?;
    note_ready(core, round, started_as).await
}

/// Fills the list of a round as of a number, and how its targets stand.
async fn fill(core: &Core, round: &Record, as_of: i64) -> Result<(), Problem> {
    let (district_code, id) = (&round.envelope.district_code, round.envelope.id);
    let mut statements = vec![Statement::new(standings::UNHURRIED)];
    statements.extend(standings::forget(district_code, id));
    for table in ["survey_targets", "survey_target_persons"] {
        let all = Statement::new(format!("DELETE FROM {table} WHERE district_code = ")).text(district_code);
        statements.push(all.sql(" AND round_id = ").id(id).seeing_district(district_code));
    }
    statements.extend(lists(core, round, as_of));
    job_write(core, statements).await?;
    standings::refresh(core, district_code, id).await
}

/// Makes anew what is kept of a district's visits and rounds, from the ledger.
pub async fn remake(core: &Core, district_code: &str) -> Result<(), Problem> {
    job_write(core, standings::tellings_anew(district_code)).await?;
    let ready =
        Statement::new(format!("SELECT {} FROM survey_rounds AS r WHERE r.district_code = ", SURVEY_ROUNDS.select()))
            .text(district_code)
            .sql(" AND r.frozen ->> 'ready' = 'true'")
            .seeing_district(district_code);
    for round in read::load(core, &SURVEY_ROUNDS, &ready).await? {
        if let Some(started_as) = started_as(core, district_code, round.envelope.id).await? {
            fill(core, &round, started_as - 1).await?;
        }
    }
    Ok(())
}

/// Whether nobody is in a round's scope now.
pub async fn is_empty(core: &Core, round: &Record) -> Result<bool, Problem> {
    let (targets, _) = sources(core, round, i64::MAX - 1);
    let statement = targets.sql(" LIMIT 1").seeing_district(&round.envelope.district_code);
    Ok(core.database.read(&statement).await?.is_empty())
}

/// The number under which a round came to run.
pub async fn started_as(core: &Core, district_code: &str, id: Uuid) -> Result<Option<i64>, Problem> {
    let statement = Statement::new("SELECT min(change_no) AS started_as FROM (SELECT change_no, state FROM survey_rounds WHERE district_code = ")
        .text(district_code)
        .sql(" AND id = ")
        .id(id)
        .sql(" UNION ALL SELECT change_no, body->>'state' FROM record_revisions WHERE kind = 'survey_rounds' AND district_code = ")
        .text(district_code)
        .sql(" AND id = ")
        .id(id)
        .sql(") AS r WHERE state = 'running'")
        .seeing_district(district_code);
    Ok(core.database.read(&statement).await?.into_iter().next().and_then(|mut row| row.get(&STARTED_AS)))
}

/// Statements that fill the list of a round as of a number.
fn lists(core: &Core, round: &Record, as_of: i64) -> Vec<Statement> {
    let (district_code, id) = (&round.envelope.district_code, round.envelope.id);
    let (targets, persons) = sources(core, round, as_of);
    let head = |table: &str, columns: &str| {
        let statement = Statement::new(format!("INSERT INTO {table} (district_code, round_id, {columns}) SELECT "));
        statement.text(district_code).sql(", ").id(id).sql(format!(", {columns} FROM ("))
    };
    let columns = "target_id, household_id, person_id, area_code, org_id, grid_cell_id, household_group_id, place_id";
    let targets = head("survey_targets", columns).then(targets).sql(") AS s");
    let persons = head("survey_target_persons", "target_id, person_id").then(persons).sql(") AS s");
    [targets, persons].map(|statement| statement.seeing_district(district_code)).to_vec()
}

/// `SELECT` the targets of a round as of a number, and `SELECT` the persons that belong to each.
pub fn sources(core: &Core, round: &Record, as_of: i64) -> (Statement, Statement) {
    let district_code = &round.envelope.district_code;
    let on = Value::Day(day_of(
        round.values.get(&FROZEN).and_then(|frozen| frozen.at).unwrap_or(core.clock.now()),
        core.zone,
    ));
    let scope: SurveyScope = round.values.get(&SCOPE).unwrap_or_default();
    let stood = |kind: &str| stood_at(kind, district_code, as_of);
    // Somebody who turned out to be another, or whose household did, is that one: as of the number, not as of now.
    let merged = |kind: &str| {
        let then = Statement::new("SELECT c.id, c.merged_into FROM ").then(stood(kind));
        roots_of(then.sql(" AS c WHERE c.merged_into IS NOT NULL"))
    };
    let lives = || {
        Statement::new("SELECT DISTINCT ON (coalesce(p.root, m.person_id)) coalesce(h.root, m.household_id) AS household_id, coalesce(p.root, m.person_id) AS person_id, m.until_on FROM ")
            .then(stood("household_members"))
            .sql(" AS m LEFT JOIN ")
            .then(merged("people"))
            .sql(" AS p ON p.id = m.person_id LEFT JOIN ")
            .then(merged("households"))
            .sql(" AS h ON h.id = m.household_id WHERE NOT m.voided AND m.basis = 'lives' AND m.since_on <= ")
            .bind(ColumnType::Day, on.clone())
            .sql(" ORDER BY coalesce(p.root, m.person_id), m.since_on DESC, m.occurred_at DESC, m.id DESC")
    };
    let open = |statement: Statement| {
        statement.sql(" (l.until_on IS NULL OR l.until_on > ").bind(ColumnType::Day, on.clone()).sql(")")
    };
    match round.values.get(&TARGET) {
        Some(SurveyTarget::Persons) => {
            let targets = Statement::new("SELECT p.id AS target_id, l.household_id, p.id AS person_id, p.area_code, p.org_id, h.grid_cell_id, h.household_group_id, h.place_id FROM ")
                .then(stood("people"))
                .sql(" AS p LEFT JOIN (")
                .then(lives())
                .sql(") AS l ON l.person_id = p.id AND");
            let targets = open(targets)
                .sql(" LEFT JOIN ")
                .then(stood("households"))
                .sql(" AS h ON h.id = l.household_id WHERE NOT p.voided AND p.merged_into IS NULL");
            let targets = within("p", targets, &round.envelope.area_code);
            let targets = in_category(targets, &scope, on.clone());
            let persons = Statement::new("SELECT s.target_id, s.person_id FROM (").then(targets.clone()).sql(") AS s");
            (targets, persons)
        }
        _ => {
            let targets = Statement::new("SELECT h.id AS target_id, h.id AS household_id, NULL::uuid AS person_id, h.area_code, h.org_id, h.grid_cell_id, h.household_group_id, h.place_id FROM ")
                .then(stood("households"))
                .sql(" AS h WHERE NOT h.voided AND h.merged_into IS NULL AND h.status = 'active'");
            let targets = of_households(within("h", targets, &round.envelope.area_code), &scope);
            let persons = Statement::new("SELECT l.household_id AS target_id, l.person_id FROM (")
                .then(lives())
                .sql(") AS l WHERE");
            let persons = open(persons)
                .sql(" AND l.household_id IN (SELECT s.target_id FROM (")
                .then(targets.clone())
                .sql(") AS s)");
            (targets, persons)
        }
    }
}

/// The rows of a kind as they stood at a number, as a table in brackets.
fn stood_at(kind: &str, district_code: &str, as_of: i64) -> Statement {
    Statement::new(format!("(SELECT c.* FROM {kind} AS c WHERE c.district_code = "))
        .text(district_code)
        .sql(" AND c.change_no <= ")
        .integer(as_of)
        .sql(format!(
            " UNION ALL SELECT f.* FROM {kind} AS c CROSS JOIN LATERAL (SELECT (jsonb_populate_record(NULL::{kind}, b.body)).* FROM (SELECT h.body FROM record_revisions AS h WHERE h.kind = '{kind}' AND h.id = c.id AND h.district_code = c.district_code AND h.change_no <= "
        ))
        .integer(as_of)
        .sql(" ORDER BY h.revision DESC LIMIT 1) AS b) AS f WHERE c.revision > 1 AND c.district_code = ")
        .text(district_code)
        .sql(" AND c.change_no > ")
        .integer(as_of)
        .sql(")")
}

fn within(row: &str, statement: Statement, area_code: &str) -> Statement {
    statement.sql(format!(" AND starts_with({row}.area_code, ")).text(area_code).sql(")")
}

fn of_households(statement: Statement, scope: &SurveyScope) -> Statement {
    let words = |codes: Vec<&str>| codes.into_iter().map(|code| Value::Text(code.to_owned())).collect::<Vec<_>>();
    let residencies = scope.residencies.iter().flatten().map(|word| word.code()).collect();
    let kinds = scope.household_kinds.iter().flatten().map(|word| word.code()).collect();
    let ids = |ids: &Option<Vec<Uuid>>| ids.iter().flatten().copied().map(Value::Id).collect::<Vec<_>>();
    let narrowed = [
        ("residency", ColumnType::Text, words(residencies)),
        ("household_kind", ColumnType::Text, words(kinds)),
        ("grid_cell_id", ColumnType::Id, ids(&scope.grid_cell_ids)),
        ("place_id", ColumnType::Id, ids(&scope.place_ids)),
    ];
    narrowed.into_iter().filter(|(.., values)| !values.is_empty()).fold(statement, |statement, (column, of, values)| {
        statement.sql(format!(" AND h.{column} = ANY(")).column(of, values).sql(")")
    })
}

/// People of the categories in force on a day; of any where none is named.
fn in_category(statement: Statement, scope: &SurveyScope, on: Value) -> Statement {
    let categories: Vec<Value> =
        scope.categories.iter().flatten().map(|word| Value::Text(word.code().to_owned())).collect();
    let statement = statement
        .sql(" AND EXISTS (SELECT 1 FROM jsonb_array_elements(p.categories) AS k WHERE coalesce((k ->> 'until_on')::date, 'infinity') >= ")
        .bind(ColumnType::Day, on);
    let statement = match categories.is_empty() {
        true => statement,
        false => statement.sql(" AND k ->> 'category' = ANY(").column(ColumnType::Text, categories).sql(")"),
    };
    statement.sql(")")
}

/// Notes in the round what its list holds.
async fn note_ready(core: &Core, round: &Record, started_as: i64) -> Result<(), Problem> {
    let (district_code, id) = (&round.envelope.district_code, round.envelope.id);
    let counted = |statement: Statement| {
        statement
            .sql(" WHERE district_code = ")
            .text(district_code)
            .sql(" AND round_id = ")
            .id(id)
            .seeing_district(district_code)
    };
    let targets = counted(Statement::new(format!(
        "SELECT count(DISTINCT household_id)::bigint AS count, {DIGEST_OF_TARGETS} AS digest FROM survey_targets"
    )));
    let persons = counted(Statement::new("SELECT count(*)::bigint AS count FROM survey_target_persons"));
    let mut targets = core.database.read(&targets).await?.into_iter().next();
    let persons = core.database.read(&persons).await?.into_iter().next().and_then(|mut row| row.get(&COUNT));
    let former = round.clone();
    let mut next = former.clone();
    next.values.set(
        &FROZEN,
        Frozen {
            change_no: Some(started_as),
            at: round.values.get(&FROZEN).and_then(|frozen| frozen.at),
            ready: true,
            households: targets.as_mut().and_then(|row| row.get(&COUNT)),
            persons,
            digest: targets.as_mut().and_then(|row| row.get(&DIGEST)),
        },
    );
    next.envelope.revision += 1;
    next.envelope.revised_by = Uuid::nil();
    let mut changes = Changes::default();
    changes.next_number();
    changes.put(&SURVEY_ROUNDS, Some(former), next);
    let write_context = core.write_context(core.clock.now(), district_code);
    match core.ledger.append(changes.into_append(&write_context)?).await {
        // Somebody amended the round meanwhile: the worker notes it in the next round.
        Ok(_) | Err(AppendError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
