//! Places in the database where envelopes stand.

use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::super::owner::Work;
use crate::platform::core::Core;
use crate::platform::privacy::seal::{KEY_ID, Owner, PURGED_BYTES};

columns! {
    ID "id": Uuid;
    PART "part": i64;
    SEALED "sealed": Box<[u8]>;
    KEY "key": i64;
    COUNT "count": i64;
}

/// Rows of one statement: few enough that nobody who writes waits long.
const PAGE: i64 = 500;

/// Columns of tables that are no records: table, column, what the owner calls it, and the column of the owner's id where that is
/// another. Those without a district are of the whole service.
const COLUMNS: [(&str, &str, &str, bool); 11] = [
    ("users", "phone", "phone", false),
    ("sessions", "device", "device", false),
    ("push_subscriptions", "subscription", "subscription", false),
    ("held_items", "item", "item", true),
    ("held_items", "device", "device", true),
    ("sync_conflicts", "patch", "item", true),
    ("sync_conflicts", "device", "device", true),
    ("export_requests", "reason", "reason", true),
    ("purges", "reason", "reason", true),
    ("webhook_endpoints", "secret", "secret", true),
    ("webhook_endpoints", "former_secret", "secret", true),
];

/// Envelopes of a table, of which a row is `t`.
pub struct Place {
    table: &'static str,
    /// The envelope, as bytes.
    sealed: String,
    /// How another one takes its place: `u.again`.
    written: String,
    /// Whose they are: the kind, or the table.
    kind: &'static str,
    field: &'static str,
    /// The column of the owner's id.
    id: &'static str,
    /// The column by which rows of one owner differ.
    part: Option<&'static str>,
    of_districts: bool,
    /// A condition that all of them fulfil.
    only: String,
}

/// All of them. Records come before their history: what is amended meanwhile takes its former envelope there.
pub fn places(core: &Core) -> Vec<Place> {
    let mut places = Vec::new();
    for kind in core.kinds().kinds() {
        places.push(Place::column(kind.name, "personal", "personal", true));
    }
    for kind in core.kinds().kinds() {
        places.push(Place {
            sealed: "decode(substr(t.body ->> 'personal', 3), 'hex')".to_owned(),
            written: "body = t.body || jsonb_build_object('personal', '\\x' || encode(u.again, 'hex'))".to_owned(),
            kind: kind.name,
            part: Some("revision"),
            only: format!("t.kind = '{}'", kind.name),
            ..Place::column("record_revisions", "body", "personal", true)
        });
    }
    for (table, column, field, of_districts) in COLUMNS {
        places.push(Place::column(table, column, field, of_districts));
    }
    places.push(Place { id: "import_id", part: Some("line"), ..Place::column("import_faults", "row", "row", true) });
    places.push(Place {
        sealed: "decode(t.details -> 'reason' ->> 'sealed', 'hex')".to_owned(),
        written: "details = jsonb_set(t.details, '{reason,sealed}', to_jsonb(encode(u.again, 'hex')))".to_owned(),
        ..Place::column("audit_log", "details", "reason", false)
    });
    places
}

/// Columns of envelopes in tables that are no records, each with its table.
pub fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    COLUMNS.iter().map(|(table, column, ..)| (*table, *column)).chain([("import_faults", "row")])
}

impl Place {
    fn column(table: &'static str, column: &str, field: &'static str, of_districts: bool) -> Self {
        Self {
            table,
            sealed: format!("t.\"{column}\""),
            written: format!("\"{column}\" = u.again"),
            kind: table,
            field,
            id: "id",
            part: None,
            of_districts,
            only: "true".to_owned(),
        }
    }

    /// An expression of the key's number: four bytes, the highest first.
    fn key(&self) -> String {
        let byte = |index: usize| format!("get_byte({}, {})::bigint", self.sealed, KEY_ID.start + index);
        format!("({} * 16777216 + {} * 65536 + {} * 256 + {})", byte(0), byte(1), byte(2), byte(3))
    }

    /// The condition of envelopes that have content. Whatever is as short as what a purge leaves has none.
    fn has_content(&self) -> String {
        format!("octet_length({}) > {PURGED_BYTES}", self.sealed)
    }

    /// How many envelopes of a district, or the empty one, bear each key.
    pub async fn count(&self, work: &mut Work<'_>, district_code: &str) -> Result<Vec<(u32, u64)>, Problem> {
        // Envelopes without content are left out before their key is asked for: they have none.
        let select = format!("SELECT CASE WHEN {} THEN {} END AS key", self.has_content(), self.key());
        let statement = Statement::new(format!("{select}, count(*) AS count FROM {} AS t WHERE ", self.table));
        let rows = work.owner.run(statement.then(self.of(district_code)).sql(" GROUP BY 1")).await?;
        let counted = |mut row: kit::row::Row| {
            Some((u32::try_from(row.get(&KEY)?).ok()?, row.get(&COUNT).unwrap_or_default().unsigned_abs()))
        };
        Ok(rows.into_iter().filter_map(counted).collect())
    }

    /// The condition of rows of a district.
    fn of(&self, district_code: &str) -> Statement {
        match self.of_districts {
            true => Statement::new(format!("{} AND t.district_code = ", self.only)).text(district_code),
            false => Statement::new(self.only.clone()),
        }
    }

    /// The condition of those whose envelopes bear another key than this.
    fn others(&self, district_code: &str, sealing: u32) -> Statement {
        self.of(district_code)
            .sql(format!(" AND CASE WHEN {} THEN {} <> ", self.has_content(), self.key()))
            .integer(sealing.into())
            .sql(" ELSE false END")
    }

    /// How many envelopes of a district bear another key than this. Where the table has no districts all of them are counted
    /// with the empty one.
    pub async fn count_others(&self, work: &mut Work<'_>, district_code: &str, sealing: u32) -> Result<u64, Problem> {
        let counted = Statement::new(format!("SELECT count(*) AS count FROM {} AS t WHERE ", self.table));
        work.owner.count(counted.then(self.others(district_code, sealing))).await
    }

    /// Whether a district, or the empty one, is to be gone through.
    pub fn has(&self, district_code: &str) -> bool {
        self.of_districts != district_code.is_empty()
    }

    /// Seals again what bears another key; how many, and how many can't be opened.
    pub async fn seal_again(
        &self,
        work: &mut Work<'_>,
        district_code: &str,
        sealing: u32,
    ) -> Result<(u64, u64), Problem> {
        let (mut sealed, mut left) = (0, 0);
        let mut after = (Uuid::nil(), i64::MIN);
        loop {
            let rows = work.owner.run(self.page(district_code, sealing, after)).await?;
            let found = rows.len();
            let [mut ids, mut parts, mut former, mut again] = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
            for mut row in rows {
                let (Some(id), Some(envelope)) = (row.get(&ID), row.get(&SEALED)) else { continue };
                after = (id, row.get(&PART).unwrap_or_default());
                let owner = Owner { kind: self.kind, field: self.field, id, district_code };
                match work.core.sealer.sealed_again(owner, &envelope) {
                    Ok(Some(new)) => {
                        ids.push(Value::Id(id));
                        parts.push(Value::Integer(after.1));
                        former.push(Value::Bytes(envelope.into_vec()));
                        again.push(Value::Bytes(new));
                    }
                    Ok(None) => {}
                    Err(_) => {
                        tracing::warn!(table = self.table, %id, "an envelope can't be opened: it keeps its key");
                        left += 1;
                    }
                }
            }
            if !ids.is_empty() {
                sealed += self.write(work, district_code, [ids, parts, former, again]).await?;
            }
            work.tell(found);
            if i64::try_from(found).unwrap_or_default() < PAGE {
                return Ok((sealed, left));
            }
        }
    }

    fn page(&self, district_code: &str, sealing: u32, (id, part): (Uuid, i64)) -> Statement {
        let own = self.id;
        let select = format!("SELECT t.{own} AS id, {} AS part, {} AS sealed", self.of_part("t"), self.sealed);
        let page = Statement::new(format!("{select} FROM {} AS t WHERE ", self.table))
            .then(self.others(district_code, sealing));
        match self.part {
            Some(column) => page
                .sql(format!(" AND (t.{own}, t.{column}) > ("))
                .id(id)
                .sql(", ")
                .integer(part)
                .sql(format!(") ORDER BY t.{own}, t.{column} LIMIT ")),
            None => page.sql(format!(" AND t.{own} > ")).id(id).sql(format!(" ORDER BY t.{own} LIMIT ")),
        }
        .integer(PAGE)
    }

    fn of_part(&self, alias: &str) -> String {
        self.part.map_or("0::bigint".to_owned(), |column| format!("{alias}.{column}"))
    }

    /// Writes a page, the district's clock held: nobody amends meanwhile, so that nobody waits for somebody who waits for him.
    /// What isn't any more what was read, because it was amended or purged, stays as it is.
    async fn write(
        &self,
        work: &mut Work<'_>,
        district_code: &str,
        [ids, parts, former, again]: [Vec<Value>; 4],
    ) -> Result<u64, Problem> {
        let mut statement = Statement::new(format!("UPDATE {} AS t SET {} FROM ", self.table, self.written))
            .table(vec![
                (ColumnType::Id, ids),
                (ColumnType::Integer, parts),
                (ColumnType::Bytes, former),
                (ColumnType::Bytes, again),
            ])
            .sql(" AS u(id, part, former, again) WHERE ")
            .then(self.of(district_code))
            .sql(format!(" AND t.{} = u.id", self.id));
        if let Some(column) = self.part {
            statement = statement.sql(format!(" AND t.{column} = u.part"));
        }
        let statement = statement.sql(format!(" AND {} = u.former RETURNING 1::bigint AS count", self.sealed));
        work.under_clock(district_code, statement).await
    }
}
