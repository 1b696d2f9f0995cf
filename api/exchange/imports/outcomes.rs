//! Outcomes of rows that made no new record, or one with a word to say about it.

use actix_web::HttpResponse;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;
use kit::vocabulary::{Vocabulary, word};
use serde_json::Value as Json;
use uuid::Uuid;

use super::answer::{ImportRow, remark, remarks};
use super::store::{self, Import};
use crate::platform::http::{Answer, Call, page};

/// Rows of one import of which it is kept what came of each.
pub const MOST_LISTED: usize = 100_000;

static OUTCOME: Vocabulary = Vocabulary::new(
    "import_outcome",
    Text::new("Outcome", "结果"),
    &[
        word("created", "created", "已新增"),
        word("same", "there already", "已存在且相同"),
        word("revised", "amended", "已修订"),
        word("skipped", "there with other content", "已存在但不同,未导入"),
        word("refused", "refused", "被拒绝"),
        word("not_a_record", "not a record", "非数据行"),
    ],
);
/// The parameter that narrows the rows.
pub static BY_OUTCOME: Field = Field::new(
    "outcome",
    Shape::Word(&OUTCOME),
    Text::new("Outcome", "结果"),
    "Only rows with that outcome. Of the created only those are listed about which there is something to say.",
);

/// Outcome of a row.
pub struct Listed {
    /// Its line.
    pub line: u64,
    /// The word for it.
    pub outcome: &'static str,
    /// The record that it made or met.
    pub record_id: Option<Uuid>,
    /// Remarks on it: whether it differs, warnings, a reason.
    pub details: Json,
}

impl Listed {
    /// The same of a trial after which nothing was written.
    pub fn unwritten(self) -> Self {
        match self.outcome {
            "created" => Self { outcome: "skipped", record_id: None, ..self },
            _ => self,
        }
    }
}

/// Keeps outcomes of rows.
pub fn keep(district_code: &str, import_id: Uuid, listed: Vec<Listed>) -> Statement {
    let (mut lines, mut outcomes, mut ids, mut details) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in listed {
        lines.push(Value::Integer(i64::try_from(row.line).unwrap_or(i64::MAX)));
        outcomes.push(Value::Text(row.outcome.to_owned()));
        ids.push(row.record_id.map_or(Value::Null, Value::Id));
        details.push(Value::Json(row.details));
    }
    let columns = [
        ("line", ColumnType::Integer, lines),
        ("outcome", ColumnType::Text, outcomes),
        ("record_id", ColumnType::Id, ids),
        ("details", ColumnType::Json, details),
    ];
    store::put_rows("import_outcomes", district_code, import_id, columns)
        .sql(" UPDATE SET outcome = excluded.outcome, record_id = excluded.record_id, details = excluded.details")
}

struct Row {
    line: i64,
    shown: ImportRow,
}

/// `GET /v1/imports/{id}/rows`.
pub async fn list(call: Call) -> Answer {
    let import = store::find(&call.core, call.actor()?, call.path_id()?).await?;
    let outcome = call.query.text("outcome").map(str::to_owned);
    let binding = format!("import rows|{}|{}", import.id, outcome.as_deref().unwrap_or_default());
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let rows = rows(&call, &import, outcome.as_deref(), after, limit).await?;
    let response: HttpResponse = page::answer(&call, &binding, rows, |row| row.line.to_string(), |row| row.shown);
    Ok(response)
}

async fn rows(
    call: &Call,
    import: &Import,
    outcome: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<Row>, Problem> {
    let of_import = |statement: Statement| {
        let statement = statement.text(&import.district_code).sql(" AND import_id = ").id(import.id);
        statement.sql(" AND line > ").integer(after)
    };
    let statement = Statement::new(
        "SELECT * FROM (SELECT line, outcome, record_id, details FROM import_outcomes WHERE district_code = ",
    );
    let statement = of_import(statement).sql(
        " UNION ALL SELECT line, 'refused', NULL::uuid, jsonb_build_object('faults', faults) FROM import_faults WHERE district_code = ",
    );
    let statement = of_import(statement).sql(") AS k WHERE ");
    let statement = match outcome {
        Some(outcome) => statement.sql("k.outcome = ").text(outcome),
        None => statement.sql("true"),
    };
    let statement = statement.sql(" ORDER BY k.line LIMIT ").integer(limit).seeing_district(&import.district_code);
    let mut rows = Vec::new();
    for mut row in call.core.database.read(&statement).await? {
        let line = row.integer("line").unwrap_or_default();
        let details = row.take("details").to_json(call.core.zone);
        let shown = ImportRow {
            place: import.place(line),
            outcome: row.text("outcome").unwrap_or_default(),
            record_id: row.id("record_id"),
            differs: details.get("differs").and_then(Json::as_bool) == Some(true),
            faults: remarks(details.get("faults"), call.language),
            warnings: remarks(details.get("warnings"), call.language),
            reason: details.get("reason").map(|reason| remark(reason, call.language)),
        };
        rows.push(Row { line, shown });
    }
    Ok(rows)
}
