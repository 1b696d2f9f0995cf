//! Records and their former revisions.

use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::PAGE;
use crate::integrity::owner::Work;
use crate::records::proof::{self, Moved};
use crate::records::{Kind, Record};

/// Where rows of a kind stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The kind's table.
    Current,
    /// The history.
    History,
}

/// How many revisions of a district have something in the clear.
pub async fn count(work: &mut Work<'_>, district_code: &str) -> Result<u64, Problem> {
    let mut count = 0;
    for kind in work.core.kinds().kinds() {
        for place in [Place::Current, Place::History] {
            let statement = Statement::new(format!("SELECT count(*) AS count FROM {} WHERE ", place.table(kind)))
                .then(place.in_the_clear(kind, district_code));
            count += work.owner.count(statement).await?;
        }
    }
    Ok(count)
}

/// Moves them; how many, and how many were left.
pub async fn seal(work: &mut Work<'_>, district_code: &str) -> Result<(u64, u64), Problem> {
    let (mut moved, mut left) = (0, 0);
    for kind in work.core.kinds().kinds() {
        let (of_kind, left_of_kind) = seal_one(work, kind, district_code).await?;
        moved += of_kind;
        left += left_of_kind;
    }
    if moved > 0 {
        work.owner.clean("record_revisions").await?;
    }
    Ok((moved, left))
}

/// Moves those of one kind; how many, and how many were left.
pub async fn seal_one(work: &mut Work<'_>, kind: &'static Kind, district_code: &str) -> Result<(u64, u64), Problem> {
    let (mut moved, mut left) = (0, 0);
    // The history last: what is amended meanwhile takes its former revision there as it was.
    for place in [Place::Current, Place::History] {
        let (of_place, left_there) = seal_place(work, kind, place, district_code).await?;
        if of_place > 0 && place == Place::Current {
            work.owner.clean(kind.name).await?;
        }
        moved += of_place;
        left += left_there;
    }
    Ok((moved, left))
}

async fn seal_place(
    work: &mut Work<'_>,
    kind: &'static Kind,
    place: Place,
    district_code: &str,
) -> Result<(u64, u64), Problem> {
    let (mut moved, mut left) = (0, 0);
    let mut after = (Uuid::nil(), 0);
    loop {
        let rows = work.owner.run(place.page(kind, district_code, after)).await?;
        let count = rows.len();
        let mut page = Vec::with_capacity(count);
        for row in rows {
            let mut open = row.clone();
            // Only whose row it is: what it has is looked at by the proof.
            open.put("personal", Value::Null);
            let envelope = Record::from_row(kind, open, &work.core.sealer)?.envelope;
            after = (envelope.id, envelope.revision);
            match proof::moved(kind, &row, &envelope, &work.core.sealer) {
                Ok(Some(one)) => page.push((envelope.id, envelope.revision, changes(&one))),
                Ok(None) => {}
                Err(problem) => {
                    tracing::warn!(%problem, "a revision was left in the clear: run lianfang verify");
                    left += 1;
                }
            }
        }
        moved += page.len() as u64;
        if !page.is_empty() {
            work.owner.run(place.write(kind, district_code, &page)).await?;
        }
        work.tell(count);
        if i64::try_from(count).unwrap_or_default() < PAGE {
            return Ok((moved, left));
        }
    }
}

/// The columns that change, as a row has them in JSON.
fn changes(moved: &Moved) -> Json {
    let bytes = |bytes: &[u8]| Json::String(format!("\\x{}", hex::encode(bytes)));
    let mut changes: Map<String, Json> =
        moved.columns.iter().map(|(name, value)| ((*name).to_owned(), value.to_json(chrono_tz::UTC))).collect();
    changes.insert("personal".to_owned(), bytes(&moved.personal));
    changes.insert("digest".to_owned(), bytes(&moved.digest));
    Json::Object(changes)
}

impl Place {
    fn table(self, kind: &Kind) -> &'static str {
        if self == Self::Current { kind.name } else { "record_revisions" }
    }

    /// A column, as JSON in the history.
    fn column(self, name: &str) -> String {
        if self == Self::Current { format!("\"{name}\"") } else { format!("(body -> '{name}')") }
    }

    /// The condition of rows that have something in the clear, and the place's own.
    fn in_the_clear(self, kind: &Kind, district_code: &str) -> Statement {
        let mut conditions = vec![format!("{} ? 'device_id'", self.column("capture"))];
        conditions.extend(kind.former_fields().map(|field| match self {
            Self::Current => format!("\"{}\" IS NOT NULL", field.name),
            Self::History => format!("(body ->> '{}') IS NOT NULL", field.name),
        }));
        conditions.extend(kind.stored_fields().flat_map(|field| {
            let column = self.column(field.name);
            field
                .sealed_members()
                .map(move |name| format!("jsonb_path_exists({column}, '$[*].\"{name}\" ? (@ != null)')"))
        }));
        let statement = Statement::new("district_code = ").text(district_code);
        let statement = match self {
            Self::Current => statement,
            Self::History => statement.sql(format!(" AND kind = '{}'", kind.name)),
        };
        statement.sql(format!(" AND ({})", conditions.join(" OR ")))
    }

    fn page(self, kind: &Kind, district_code: &str, (id, revision): (Uuid, i64)) -> Statement {
        let select = kind.select();
        let statement = match self {
            Self::Current => Statement::new(format!("SELECT {select} FROM {} WHERE ", kind.name)),
            Self::History => Statement::new(format!(
                "SELECT {select} FROM (SELECT (jsonb_populate_record(NULL::{}, body)).* FROM record_revisions WHERE ",
                kind.name
            )),
        };
        let statement = statement.then(self.in_the_clear(kind, district_code)).sql(" AND (id, revision) > (").id(id);
        let statement = statement.sql(", ").integer(revision).sql(") ORDER BY id, revision LIMIT ").integer(PAGE);
        if self == Self::Current { statement } else { statement.sql(") AS r ORDER BY id, revision") }
    }

    /// Writes a page. A record that was amended meanwhile isn't met: its former revision is in the history by now.
    fn write(self, kind: &Kind, district_code: &str, page: &[(Uuid, i64, Json)]) -> Statement {
        let statement = match self {
            Self::Current => {
                let columns: Vec<String> = written(kind).map(|name| format!("\"{name}\" = n.\"{name}\"")).collect();
                Statement::new(format!("UPDATE {} AS t SET {} FROM ", kind.name, columns.join(", ")))
            }
            Self::History => Statement::new("UPDATE record_revisions AS t SET body = t.body || u.changes FROM "),
        };
        let column = |value: fn(&(Uuid, i64, Json)) -> Value| page.iter().map(value).collect();
        let statement = statement
            .sql("unnest(")
            .column(ColumnType::Id, column(|(id, ..)| Value::Id(*id)))
            .sql("::uuid[], ")
            .column(ColumnType::Integer, column(|(_, revision, _)| Value::Integer(*revision)))
            .sql("::bigint[], ")
            .column(ColumnType::Json, column(|(.., changes)| Value::Json(changes.clone())))
            .sql("::jsonb[]) AS u(id, revision, changes)");
        let statement = match self {
            // Columns of a row that aren't among its changes stay as they are.
            Self::Current => statement.sql(format!(
                " JOIN {0} AS s ON s.id = u.id CROSS JOIN LATERAL jsonb_populate_record(s, u.changes) AS n WHERE s.district_code = t.district_code AND t.district_code = ",
                kind.name
            )),
            Self::History => statement.sql(format!(" WHERE t.kind = '{}' AND t.district_code = ", kind.name)),
        };
        statement.text(district_code).sql(" AND t.id = u.id AND t.revision = u.revision")
    }
}

/// The columns that moving a row of a kind may change.
fn written(kind: &Kind) -> impl Iterator<Item = &'static str> {
    let own = kind.stored_fields().filter(|field| field.sealed_members().next().is_some()).chain(kind.former_fields());
    ["personal", "digest", "capture"].into_iter().chain(own.map(|field| field.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_a_row_in_json() {
        let moved = Moved { personal: vec![1], digest: vec![2], columns: vec![("items", Value::Null)] };
        assert_eq!(changes(&moved), json!({"personal": "\\x01", "digest": "\\x02", "items": null}));
    }
}
