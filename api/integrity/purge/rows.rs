//! Records and their former revisions: which are due, and how they are cut.

use chrono::{DateTime, Utc};
use kit::field::Shape;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::certificate::Certificate;
use crate::platform::core::Core;
use crate::platform::privacy::seal::{COMMITMENT_END, PURGED_BYTES};
use crate::records::Kind;
use crate::records::theme::Erasers;

/// Records of one page: few enough that nobody who writes waits long.
const PAGE: i64 = 200;

/// Rows that an order means.
#[derive(Clone, Copy)]
pub struct Target {
    /// Their kind.
    pub kind: &'static Kind,
    /// The kind of the records to which they belong, where those are what is ordered.
    subject: Option<&'static Kind>,
}

/// Targets of a kind: first all that belongs to its records, for once those are cut nobody looks for it any more.
pub fn targets(core: &Core, kind: &'static Kind) -> Vec<Target> {
    let belonging = core.kinds().kinds().filter(|other| other.subject(kind.name).is_some());
    let belonging = belonging.map(|other| Target { kind: other, subject: Some(kind) });
    belonging.chain([Target { kind, subject: None }]).collect()
}

/// An envelope in SQL as it is left: version, commitment, when.
pub fn cut(column: &str, purged_at: DateTime<Utc>) -> Statement {
    Statement::new(format!("substr({column}, 1, {COMMITMENT_END}) || int8send("))
        .integer(purged_at.timestamp_micros())
        .sql("::bigint)")
}

/// Whether an envelope in SQL has its content still.
pub fn has_content(column: &str) -> String {
    format!("octet_length({column}) > {PURGED_BYTES}")
}

/// The same of a former revision, whose envelope is a text: two letters before the digits.
fn had_content(alias: &str) -> String {
    format!("length({alias}.body ->> 'personal') > {}", 2 + 2 * PURGED_BYTES)
}

fn ids_of(ids: &[Uuid]) -> Vec<Value> {
    ids.iter().copied().map(Value::Id).collect()
}

impl Target {
    /// Whether its rows belong to records of the kind that is ordered.
    pub fn is_of_subject(&self) -> bool {
        self.subject.is_some()
    }

    /// The condition of rows `r` that are due.
    fn due(&self, core: &Core, district_code: &str, before_at: DateTime<Utc>) -> Statement {
        let name = self.kind.name;
        let mut content = format!(
            "({} OR (r.revision > 1 AND EXISTS (SELECT FROM record_revisions AS h WHERE h.district_code = r.district_code \
             AND h.kind = '{name}' AND h.id = r.id AND {}))",
            has_content("r.personal"),
            had_content("h"),
        );
        for eraser in core.ext::<Erasers>().0.iter().filter(|eraser| eraser.kind == name) {
            content = format!("{content} OR {}", eraser.unfinished);
        }
        let statement = Statement::new(format!("{content}) AND r.district_code = ")).text(district_code);
        match (self.subject, self.kind.rules.belongs_to()) {
            (Some(subject), Some(belongs)) => {
                let whose = format!(
                    " AND r.\"{}\" = '{}' AND EXISTS (SELECT FROM {} AS s WHERE s.district_code = r.district_code AND s.id = r.\"{}\" AND ",
                    belongs.kind, subject.name, subject.name, belongs.id
                );
                statement.sql(whose).then(is_over(core, subject, "s", before_at)).sql(")")
            }
            _ => statement.sql(" AND ").then(is_over(core, self.kind, "r", before_at)),
        }
    }

    /// How many rows are due, and when the oldest and the newest happened.
    pub fn counted(&self, core: &Core, district_code: &str, before_at: DateTime<Utc>) -> Statement {
        let counted = "SELECT count(*) AS count, min(r.occurred_at) AS oldest_at, max(r.occurred_at) AS newest_at";
        Statement::new(format!("{counted} FROM {} AS r WHERE ", self.kind.name)).then(self.due(
            core,
            district_code,
            before_at,
        ))
    }

    /// The next rows that are due, the oldest first.
    pub fn page(&self, core: &Core, running: &Certificate, after: Option<(DateTime<Utc>, Uuid)>) -> Statement {
        let due = self.due(core, &running.district_code, running.before_at);
        let page = Statement::new(format!("SELECT r.occurred_at, r.id FROM {} AS r WHERE ", self.kind.name)).then(due);
        let page = match after {
            Some((occurred_at, id)) => page
                .sql(" AND (r.occurred_at, r.id) > (")
                .bind(ColumnType::Instant, Value::Instant(occurred_at))
                .sql(", ")
                .id(id)
                .sql(")"),
            None => page,
        };
        page.sql(" ORDER BY r.occurred_at, r.id LIMIT ").integer(PAGE)
    }

    /// Those of a page that are due now.
    pub fn still_due(&self, core: &Core, running: &Certificate, ids: &[Uuid]) -> Statement {
        Statement::new(format!("SELECT r.id FROM {} AS r WHERE r.id = ANY(", self.kind.name))
            .column(ColumnType::Id, ids_of(ids))
            .sql(") AND ")
            .then(self.due(core, &running.district_code, running.before_at))
    }

    /// A statement that finds the rows which a purge erased, in the order of their ids: they bear its instant, or say that
    /// what was beside them is gone since it began. A page of them after an id.
    pub fn purged(&self, core: &Core, running: &Certificate, page: Option<(Uuid, i64)>) -> Statement {
        let name = self.kind.name;
        let at = running.purged_at.timestamp_micros();
        let mut statement = Statement::new(format!(
            "SELECT r.id, r.occurred_at FROM {name} AS r WHERE r.district_code = "
        ))
        .text(&running.district_code)
        .sql(format!(" AND (substr(r.personal, {}) = int8send(", COMMITMENT_END + 1))
        .integer(at)
        .sql(format!(
            "::bigint) OR (r.revision > 1 AND EXISTS (SELECT FROM record_revisions AS h WHERE h.district_code = r.district_code AND h.kind = '{name}' AND h.id = r.id \
             AND substr(h.body ->> 'personal', {}) = encode(int8send(",
            2 + 2 * COMMITMENT_END + 1
        ))
        .integer(at)
        .sql("::bigint), 'hex')))");
        for eraser in core.ext::<Erasers>().0.iter().filter(|eraser| eraser.kind == name) {
            statement = statement
                .sql(format!(" OR ({} AND r.revised_at >= ", eraser.finished))
                .bind(ColumnType::Instant, Value::Instant(running.started_at))
                .sql(")");
        }
        statement = statement.sql(")");
        if let (Some(subject), Some(belongs)) = (self.subject, self.kind.rules.belongs_to()) {
            statement = statement.sql(format!(" AND r.\"{}\" = '{}'", belongs.kind, subject.name));
        }
        match page {
            Some((after, most)) => statement.sql(" AND r.id > ").id(after).sql(" ORDER BY r.id LIMIT ").integer(most),
            None => statement,
        }
    }

    /// A statement that reads records, for those that go on being counted by what is sealed.
    pub fn read(&self, running: &Certificate, ids: &[Uuid]) -> Statement {
        Statement::new(format!("SELECT {} FROM {} WHERE district_code = ", self.kind.select(), self.kind.name))
            .text(&running.district_code)
            .sql(" AND id = ANY(")
            .column(ColumnType::Id, ids_of(ids))
            .sql(")")
    }

    /// A statement that cuts a record and leaves something in its blind indexes.
    pub fn cut_leaving(&self, running: &Certificate, id: Uuid, left: Vec<Value>) -> Statement {
        let statement = Statement::new(format!("UPDATE {} SET personal = ", self.kind.name))
            .then(cut("personal", running.purged_at));
        let columns = self.kind.rules.blind_columns().iter().zip(left);
        let statement = columns.fold(statement, |statement, (name, value)| {
            statement.sql(format!(", \"{name}\" = ")).bind(ColumnType::Bytes, value)
        });
        statement
            .sql(format!(" WHERE {} AND district_code = ", has_content("personal")))
            .text(&running.district_code)
            .sql(" AND id = ")
            .id(id)
    }

    /// Statements that cut records and their former revisions.
    pub fn cut(&self, running: &Certificate, ids: &[Uuid]) -> [Statement; 2] {
        let blind = self.kind.rules.blind_columns();
        let emptied: String = blind.iter().map(|name| format!(", \"{name}\" = NULL")).collect();
        let current = Statement::new(format!("UPDATE {} SET personal = ", self.kind.name))
            .then(cut("personal", running.purged_at))
            .sql(format!("{emptied} WHERE {} AND district_code = ", has_content("personal")))
            .text(&running.district_code)
            .sql(" AND id = ANY(")
            .column(ColumnType::Id, ids_of(ids))
            .sql(")");
        let emptied: Vec<String> = blind.iter().map(|name| format!("\"{name}\": null")).collect();
        // As text an envelope has `\x` before its digits. It is put together as a text of JSON: an engine of several servers
        // changes no row by functions that may depend on settings, as those that build JSON do.
        let former = Statement::new(format!(
            r#"UPDATE record_revisions AS h SET body = jsonb_set(h.body, '{{personal}}', ('"\\x' || substr(h.body ->> 'personal', 3, {}) || encode(int8send("#,
            2 * COMMITMENT_END
        ))
        .integer(running.purged_at.timestamp_micros())
        .sql(format!(
            r#"::bigint), 'hex') || '"')::jsonb) || '{{{}}}' WHERE {} AND h.kind = '{}' AND h.district_code = "#,
            emptied.join(", "),
            had_content("h"),
            self.kind.name
        ))
        .text(&running.district_code)
        .sql(" AND h.id = ANY(")
        .column(ColumnType::Id, ids_of(ids))
        .sql(")");
        [former, current]
    }
}

/// The condition of records of a kind whose time is over: they happened before, and no younger record names them.
fn is_over(core: &Core, kind: &Kind, alias: &str, before_at: DateTime<Utc>) -> Statement {
    let before = || Statement::new("").bind(ColumnType::Instant, Value::Instant(before_at));
    let mut statement = Statement::new(format!("{alias}.occurred_at < ")).then(before());
    for (other, names) in naming(core, kind, alias) {
        statement = statement
            .sql(format!(
                " AND NOT EXISTS (SELECT FROM {} AS n WHERE n.district_code = {alias}.district_code AND {names} AND NOT n.voided AND n.occurred_at >= ",
                other.name
            ))
            .then(before())
            .sql(")");
    }
    statement
}

/// Kinds whose records `n` may name one of a kind, each with the condition by which they do.
fn naming(core: &Core, kind: &Kind, alias: &str) -> Vec<(&'static Kind, String)> {
    let is_it = |shape: &Shape| matches!(shape, Shape::Reference(name) if *name == kind.name);
    let mut naming = Vec::new();
    for other in core.kinds().kinds() {
        for field in other.stored_fields() {
            match field.shape {
                shape if is_it(&shape) => naming.push((other, format!("n.\"{}\" = {alias}.id", field.name))),
                Shape::List { of, .. } if is_it(of) => {
                    naming.push((other, format!("n.\"{}\" @> jsonb_build_array({alias}.id)", field.name)));
                }
                Shape::List { of: Shape::Object(members), .. } => {
                    let referring = members.iter().filter(|member| is_it(&member.shape) && !member.is_personal());
                    naming.extend(referring.map(|member| {
                        let item = format!("jsonb_build_array(jsonb_build_object('{}', {alias}.id))", member.name);
                        (other, format!("n.\"{}\" @> {item}", field.name))
                    }));
                }
                _ => {}
            }
        }
    }
    naming
}
