//! Blind indexes made anew from what the envelopes beside them hold.
//!
//! Which key an index is under can be seen of it, so what is still to do is found by itself. A new index takes the other's
//! place only where that one is what its key makes of what the envelope holds: what was altered keeps its key, and
//! `lianfang verify` names it before and after. What a purge left has no key and stays.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::SETTLED;
use crate::integrity::owner::Work;
use crate::platform::access::sessions;
use crate::platform::core::Core;
use crate::platform::leases::districts;
use crate::platform::privacy::blind::{Finding, Indexer, is_bare, key_of};
use crate::platform::privacy::device::Device;
use crate::records::{Kind, Record};

columns! {
    ID "id": Uuid;
    REVISION "revision": i64;
    KEY "key": i64;
    COUNT "count": i64;
}

/// Rows of one statement: few enough that nobody who writes waits long.
const PAGE: usize = 500;

/// Rows whose indexes are made anew.
#[derive(Clone, Copy)]
enum Goal {
    /// Those of the first key have nothing behind them yet.
    Apart,
    /// They are under another key than this.
    Key(u32),
}

impl Goal {
    fn condition(self, index: &str) -> String {
        match self {
            Self::Apart => is_bare(index),
            Self::Key(number) => format!("{} <> {number}", key_of(index)),
        }
    }
}

/// Rows of a table, of which one is `t`, with their indexes.
struct Place {
    table: &'static str,
    of: Of,
    columns: &'static [&'static str],
}

enum Of {
    Current(&'static Kind),
    Former(&'static Kind),
    Sessions,
}

/// Row to be written: whose, which revision, the envelope that was read, and its new indexes.
type Anew = (Uuid, i64, Vec<u8>, Vec<Value>);

/// All of them. Records come before their history: what is amended meanwhile takes its former index there.
fn places(core: &Core) -> Vec<Place> {
    let found = || core.kinds().kinds().filter(|kind| !kind.rules.blind_columns().is_empty());
    let current = found().map(|kind| Place::of_kind(kind, kind.name, Of::Current(kind)));
    let former = found().map(|kind| Place::of_kind(kind, "record_revisions", Of::Former(kind)));
    let sessions = Place { table: "sessions", of: Of::Sessions, columns: &["device_blind_index"] };
    current.chain(former).chain([sessions]).collect()
}

/// Lets indexes of the first key that figures tell things apart by tell the same under any key: what no rotation changes comes
/// behind them. Every process that is there writes it already; what a request computed before that is written within its
/// deadline, so nothing is without it afterwards but what can't be opened.
pub async fn tell_apart(work: &mut Work<'_>) -> Result<(), Problem> {
    let begun = Instant::now();
    let written_within = Duration::from_millis(work.core.config.write_deadline_ms);
    let counted = |place: &Place| matches!(place.of, Of::Current(kind) if kind.rules.counted_as().is_some());
    let places: Vec<Place> = places(work.core).into_iter().filter(counted).collect();
    loop {
        let is_settled = begun.elapsed() >= written_within;
        let (written, _) = pass(work, &places, Goal::Apart).await?;
        if is_settled && written == 0 {
            return Ok(());
        }
        tokio::time::sleep(written_within.saturating_sub(begun.elapsed()).min(SETTLED)).await;
    }
}

/// Makes indexes anew that are under another key than the one that is written with, until none is but what isn't what it
/// should be. How many rows, and how many are left.
pub async fn make_all_anew(work: &mut Work<'_>) -> Result<(u64, u64), Problem> {
    let goal = Goal::Key(work.core.keys.blind_indexes.writes_with());
    let places = places(work.core);
    let mut in_all = 0;
    loop {
        let (written, left) = pass(work, &places, goal).await?;
        in_all += written;
        if written == 0 {
            return Ok((in_all, left));
        }
        tokio::time::sleep(SETTLED).await;
    }
}

/// Goes through all places once; how many rows were written, and how many are left.
async fn pass(work: &mut Work<'_>, places: &[Place], goal: Goal) -> Result<(u64, u64), Problem> {
    let mut to_do = Vec::new();
    for place in places {
        for district_code in place.districts(work.core) {
            let counted = Statement::new(format!("SELECT count(*) AS count FROM {} AS t WHERE ", place.table));
            let count = work.owner.count(counted.then(place.others(&district_code, goal))).await?;
            if count > 0 {
                to_do.push((place, district_code, count));
            }
        }
    }
    work.expect(to_do.iter().map(|(.., count)| count).sum());
    let (mut written, mut left) = (0, 0);
    for (place, district_code, _) in to_do {
        let (of_place, left_there) = place.make_anew(work, &district_code, goal).await?;
        written += of_place;
        left += left_there;
    }
    Ok((written, left))
}

/// How many indexes are under each key.
pub async fn borne(work: &mut Work<'_>) -> Result<BTreeMap<u32, u64>, Problem> {
    let mut borne = BTreeMap::new();
    for place in places(work.core) {
        let keys: Vec<String> =
            place.columns.iter().map(|column| format!("({})", key_of(&place.index(column)))).collect();
        for district_code in place.districts(work.core) {
            let counted = Statement::new(format!(
                "SELECT k.key, count(*) AS count FROM {} AS t CROSS JOIN LATERAL (VALUES {}) AS k(key) WHERE ",
                place.table,
                keys.join(", ")
            ));
            let counted = counted.then(place.of(&district_code)).sql(" AND k.key IS NOT NULL GROUP BY 1");
            for mut row in work.owner.run(counted).await? {
                let (Some(key), Some(count)) = (row.get(&KEY), row.get(&COUNT)) else { continue };
                *borne.entry(u32::try_from(key).unwrap_or_default()).or_default() += count.unsigned_abs();
            }
        }
    }
    Ok(borne)
}

impl Place {
    fn of_kind(kind: &'static Kind, table: &'static str, of: Of) -> Self {
        Self { table, of, columns: kind.rules.blind_columns() }
    }

    /// Districts to go through; sessions stand in none.
    fn districts(&self, core: &Core) -> Vec<String> {
        match self.of {
            Of::Sessions => vec![String::new()],
            Of::Current(_) | Of::Former(_) => districts(core),
        }
    }

    /// An expression of the index of a column.
    fn index(&self, column: &str) -> String {
        match self.of {
            Of::Former(_) => format!("decode(substr(t.body ->> '{column}', 3), 'hex')"),
            Of::Current(_) | Of::Sessions => format!("t.\"{column}\""),
        }
    }

    /// The column of the envelope that says what the indexes are of.
    fn sealed(&self) -> &'static str {
        if matches!(self.of, Of::Sessions) { "device" } else { "personal" }
    }

    /// The condition of rows of a district.
    fn of(&self, district_code: &str) -> Statement {
        let of_kind = match self.of {
            Of::Sessions => return Statement::new("true"),
            Of::Former(kind) => format!("t.kind = '{}' AND ", kind.name),
            Of::Current(_) => String::new(),
        };
        Statement::new(format!("{of_kind}t.district_code = ")).text(district_code)
    }

    /// The condition of those that are still to do.
    fn others(&self, district_code: &str, goal: Goal) -> Statement {
        let others: Vec<String> = self.columns.iter().map(|column| goal.condition(&self.index(column))).collect();
        self.of(district_code).sql(format!(" AND ({})", others.join(" OR ")))
    }

    /// A page of them after a row, as rows of the kind.
    fn page(&self, district_code: &str, goal: Goal, (id, revision): (Uuid, i64)) -> Statement {
        let (table, most) = (self.table, i64::try_from(PAGE).unwrap_or(i64::MAX));
        match self.of {
            Of::Former(kind) => Statement::new(format!(
                "SELECT {} FROM (SELECT (jsonb_populate_record(NULL::{}, t.body)).* FROM {table} AS t WHERE ",
                kind.select(),
                kind.name
            ))
            .then(self.others(district_code, goal))
            .sql(" AND (t.id, t.revision) > (")
            .id(id)
            .sql(", ")
            .integer(revision)
            .sql(") ORDER BY t.id, t.revision LIMIT ")
            .integer(most)
            .sql(") AS r ORDER BY r.id, r.revision"),
            Of::Current(_) | Of::Sessions => {
                let select = match self.of {
                    Of::Current(kind) => kind.select(),
                    Of::Former(_) | Of::Sessions => "t.id, t.device, t.device_blind_index",
                };
                Statement::new(format!("SELECT {select} FROM {table} AS t WHERE "))
                    .then(self.others(district_code, goal))
                    .sql(" AND t.id > ")
                    .id(id)
                    .sql(" ORDER BY t.id LIMIT ")
                    .integer(most)
            }
        }
    }

    /// Makes the indexes of a district's rows anew; how many rows, and how many are left.
    async fn make_anew(&self, work: &mut Work<'_>, district_code: &str, goal: Goal) -> Result<(u64, u64), Problem> {
        let writing = work.core.keys.blind_indexes.writing()?;
        let (mut written, mut left) = (0, 0);
        let mut after = (Uuid::nil(), i64::MIN);
        loop {
            let rows = work.owner.run(self.page(district_code, goal, after)).await?;
            let (found, mut page) = (rows.len(), Vec::new());
            for row in rows {
                let mut head = row.clone();
                let Some(id) = head.get(&ID) else { continue };
                after = (id, head.get(&REVISION).unwrap_or_default());
                let Some((sealed, indexes)) = self.anew(work.core, &writing, id, row) else {
                    tracing::warn!(table = self.table, %id, "an index isn't that of its record: it keeps its key");
                    left += 1;
                    continue;
                };
                page.push((after.0, after.1, sealed, indexes));
            }
            if !page.is_empty() {
                written += self.write(work, district_code, page).await?;
            }
            work.tell(found);
            if found < PAGE {
                return Ok((written, left));
            }
        }
    }

    /// The envelope of a row, and its indexes under the key that is written with. None where what stands there isn't what one of
    /// the keys makes of the envelope's content.
    fn anew(&self, core: &Core, writing: &Indexer, id: Uuid, mut row: Row) -> Option<(Vec<u8>, Vec<Value>)> {
        let sealed = row.clone().bytes(self.sealed())?;
        let indexes: Vec<Value> = self.columns.iter().map(|column| row.clone().take(column)).collect();
        let (Of::Current(kind) | Of::Former(kind)) = self.of else {
            let name = sessions::place(id).of_row(&core.sealer, &mut row).ok()??;
            let keys = Finding(core.keys.blind_indexes.reading());
            let is_one = Device::blind_indexes(&keys, &name).into_iter().any(|index| [Value::Bytes(index)] == *indexes);
            return is_one.then(|| (sealed, vec![Value::Bytes(Device::blind_index(writing, &name))]));
        };
        let record = Record::from_row(kind, row, &core.sealer).ok()?;
        let is_own = record.envelope.purged_at.is_none() && record.is_found_by(kind, &core.keys, &indexes);
        is_own.then(|| (sealed, kind.rules.blind_values(&record, &core.keys, writing)))
    }

    /// Writes a page, the district's clock held: nobody amends meanwhile, so that nobody waits for somebody who waits for him.
    /// Where the envelope isn't any more what was read, because it was amended or purged, the row stays as it is.
    async fn write(&self, work: &mut Work<'_>, district_code: &str, page: Vec<Anew>) -> Result<u64, Problem> {
        let [mut ids, mut revisions, mut sealed] = [Vec::new(), Vec::new(), Vec::new()];
        let mut indexes: Vec<Vec<Value>> = self.columns.iter().map(|_| Vec::new()).collect();
        for (id, revision, envelope, of_row) in page {
            ids.push(Value::Id(id));
            revisions.push(Value::Integer(revision));
            sealed.push(Value::Bytes(envelope));
            indexes.iter_mut().zip(of_row).for_each(|(column, index)| column.push(index));
        }
        let (sets, names): (Vec<String>, Vec<String>) = self.columns.iter().map(|column| self.set(column)).unzip();
        let set = match self.of {
            Of::Former(_) => format!("body = t.body || jsonb_build_object({})", sets.join(", ")),
            Of::Current(_) | Of::Sessions => sets.join(", "),
        };
        let mut table = vec![(ColumnType::Id, ids), (ColumnType::Integer, revisions), (ColumnType::Bytes, sealed)];
        table.extend(indexes.into_iter().map(|column| (ColumnType::Bytes, column)));
        let mut statement = Statement::new(format!("UPDATE {} AS t SET {set} FROM ", self.table))
            .table(table)
            .sql(format!(" AS u(id, revision, sealed, {}) WHERE ", names.join(", ")))
            .then(self.of(district_code))
            .sql(format!(" AND t.id = u.id AND {} = u.sealed", self.index(self.sealed())));
        if matches!(self.of, Of::Former(_)) {
            statement = statement.sql(" AND t.revision = u.revision");
        }
        let statement = statement.sql(" RETURNING 1::bigint AS count");
        work.under_clock(district_code, statement).await
    }

    /// How a column is set, and the name of its value.
    fn set(&self, column: &str) -> (String, String) {
        let name = format!("new_{column}");
        match self.of {
            Of::Former(_) => (format!("'{column}', '\\x' || encode(u.{name}, 'hex')"), name),
            Of::Current(_) | Of::Sessions => (format!("\"{column}\" = u.{name}"), name),
        }
    }
}
