//! The migration of a new kind, from its definition: the table as the frame writes it. Printed to be read, corrected
//! and committed; `tests/schema.rs` compares what was committed with the field table ever after.

use kit::field::{Field, Shape};

use super::definition::Kind;

/// Columns of the envelope, the same in every record table.
const ENVELOPE: &str = "    district_code text COLLATE \"C\" NOT NULL,
    id uuid NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    change_no bigint NOT NULL,
    area_code text COLLATE \"C\" NOT NULL,
    org_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    revised_at timestamptz NOT NULL,
    revised_by uuid NOT NULL,
    voided boolean NOT NULL,
    capture jsonb NOT NULL,
    submission_digest bytea NOT NULL,
    personal bytea,
    digest bytea NOT NULL,
";

/// The statements that make a kind's table: a column a field kept in the clear, one a blind index, and an index a filter.
pub fn create_table(kind: &Kind) -> String {
    let table = kind.name;
    let mut sql = format!("CREATE TABLE {table} (\n{ENVELOPE}");
    for field in kind.stored_fields() {
        let strict = if field.required { " NOT NULL" } else { "" };
        sql.push_str(&format!("    {} {}{strict},\n", quoted(field.name), column_type(field)));
    }
    for column in kind.rules.blind_columns() {
        sql.push_str(&format!("    {} bytea,\n", quoted(column)));
    }
    sql.push_str("    PRIMARY KEY (district_code, id)\n);\n");
    sql.push_str(&format!("CREATE UNIQUE INDEX {table}_change_no_key ON {table} (district_code, change_no);\n"));
    let order = "occurred_at DESC, id DESC";
    sql.push_str(&format!("CREATE INDEX {table}_occurred_at_idx ON {table} (district_code, {order});\n"));
    // Whoever sees a village or works for an organisation reads a list of its own.
    for column in ["area_code", "org_id"] {
        sql.push_str(&format!("CREATE INDEX {table}_{column}_idx ON {table} (district_code, {column}, {order});\n"));
    }
    for filter in kind.stored_fields().filter(|field| kind.filters.contains(&field.name)) {
        let column = quoted(filter.name);
        if matches!(filter.shape, Shape::Boolean) {
            // A truth stands in a statement as a word: of the two indexes each row is in one.
            for (name, condition) in [("", ""), ("not_", " IS NOT TRUE")] {
                sql.push_str(&format!(
                    "CREATE INDEX {table}_{name}{}_idx ON {table} (district_code, {order}) WHERE {column}{condition};\n",
                    filter.name
                ));
            }
            continue;
        }
        sql.push_str(&format!(
            "CREATE INDEX {table}_{}_idx ON {table} (district_code, {column}, {order});\n",
            filter.name
        ));
    }
    let about = kind.about.replace('\'', "''");
    sql.push_str(&format!("COMMENT ON TABLE {table} IS '{}';\n", about.trim_end_matches('.')));
    sql
}

/// Some fields are called as words of SQL are.
fn quoted(name: &str) -> String {
    if ["to", "from", "order", "user", "group", "limit"].contains(&name) {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    }
}

fn column_type(field: &Field) -> String {
    match field.shape {
        Shape::Word(_) | Shape::Area => "text COLLATE \"C\"".into(),
        Shape::Text { .. } | Shape::Secret { .. } => "text".into(),
        Shape::Decimal { scale, max, .. } => {
            let whole = max.split('.').next().unwrap_or(max).trim_start_matches('-').len();
            format!("numeric({}, {scale})", whole + scale as usize)
        }
        Shape::Integer { min, max } if i32::try_from(min).is_ok() && i32::try_from(max).is_ok() => "integer".into(),
        Shape::Integer { .. } => "bigint".into(),
        Shape::Number { .. } => "double precision".into(),
        Shape::Boolean => "boolean".into(),
        Shape::Instant => "timestamptz".into(),
        Shape::Day => "date".into(),
        Shape::Id | Shape::Account | Shape::Reference(_) | Shape::Inline(..) => "uuid".into(),
        Shape::List { .. } | Shape::Object(_) => "jsonb".into(),
    }
}
