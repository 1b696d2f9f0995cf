//! Names of what records refer to: of a chunk of records one statement a kind, and only of what the caller may see.

use std::collections::{BTreeMap, BTreeSet};

use kit::field::Shape;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::Value as Json;
use uuid::Uuid;

use super::columns::{Column, Naming, Part, naming};
use super::texts::visible;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::privacy::REVEALERS;
use crate::platform::privacy::mask::mask_name;
use crate::records::scope::visible_by_id;
use crate::records::{Kind, Record, read};

/// A record: its kind and its id.
type Of = (&'static str, Uuid);

/// A name as it is shown, and plainly where the caller may be told.
#[derive(Clone, Debug)]
struct Name {
    shown: String,
    plain: Option<String>,
}

/// Names by what they are of.
#[derive(Default)]
pub struct Names {
    of_records: BTreeMap<Of, Name>,
    of_areas: BTreeMap<String, String>,
    of_accounts: BTreeMap<Uuid, Name>,
    /// The reference to whom a record is about: in files of plain values he is told plainly, as was noted before.
    plain_field: Option<&'static str>,
}

impl Names {
    /// The names that columns need of these records. `plain_field` is the reference whose name is told plainly.
    pub async fn of(
        core: &Core,
        actor: &Actor,
        district_code: &str,
        columns: &[Column],
        records: &[Json],
        plain_field: Option<&'static str>,
    ) -> Result<Self, Problem> {
        let mut names = Self { plain_field, ..Self::default() };
        let mut wanted: BTreeMap<&'static str, BTreeSet<Uuid>> = BTreeMap::new();
        let mut accounts: BTreeSet<Uuid> = BTreeSet::new();
        for column in columns.iter().filter(|column| column.part == Part::Name) {
            for text in records.iter().filter_map(|record| column.value(record).as_str()) {
                match column.field.shape {
                    Shape::Reference(kind) => wanted.entry(kind).or_default().extend(Uuid::try_parse(text).ok()),
                    Shape::Id | Shape::Account => accounts.extend(Uuid::try_parse(text).ok()),
                    _ if names.of_areas.contains_key(text) => {}
                    _ => {
                        let found = core.divisions.find(text, None);
                        names.of_areas.extend(found.map(|found| (text.to_owned(), found.name.clone())));
                    }
                }
            }
        }
        names.load(core, actor, district_code, wanted).await?;
        names.of_accounts = of_accounts(core, actor, district_code, accounts).await?;
        Ok(names)
    }

    async fn load(
        &mut self,
        core: &Core,
        actor: &Actor,
        district_code: &str,
        mut wanted: BTreeMap<&'static str, BTreeSet<Uuid>>,
    ) -> Result<(), Problem> {
        let kind_of = |name: &str| core.kinds().kind(name);
        let through = |name: &&'static str| matches!(kind_of(name).and_then(naming), Some(Naming::Through(_)));
        let named_by_others: Vec<&'static str> = wanted.keys().copied().filter(through).collect();
        let mut called: Vec<(Of, Of)> = Vec::new();
        for name in named_by_others {
            let (Some(kind), Some(ids)) = (kind_of(name), wanted.remove(name)) else { continue };
            let Some(Naming::Through(field)) = naming(kind) else { continue };
            let Shape::Reference(other) = field.shape else { continue };
            for record in found(core, actor, district_code, kind, &ids).await? {
                let Some(id) = record.values.id(field.name) else { continue };
                called.push(((name, record.envelope.id), (other, id)));
                wanted.entry(other).or_default().insert(id);
            }
        }
        for (name, ids) in wanted {
            let Some(kind) = kind_of(name) else { continue };
            for record in found(core, actor, district_code, kind, &ids).await? {
                self.of_records.extend(name_of(kind, actor, &record).map(|of| ((name, record.envelope.id), of)));
            }
        }
        for (of, by) in called {
            // Whom a record leads to only by another one, nobody was told of.
            let name = self.of_records.get(&by).map(|name| Name { plain: None, ..name.clone() });
            self.of_records.extend(name.map(|name| (of, name)));
        }
        Ok(())
    }

    /// Whether a text is the name that stands in a column, masked or plain; where it is not known, nothing is said.
    pub fn is(&self, column: &Column, record: &Json, text: &str) -> bool {
        let Some(known) = self.name(column, record) else { return true };
        let plain = || {
            let id = Uuid::try_parse(column.value(record).as_str()?).ok()?;
            match column.field.shape {
                Shape::Reference(kind) => self.of_records.get(&(kind, id))?.plain.as_deref(),
                Shape::Id | Shape::Account => self.of_accounts.get(&id)?.plain.as_deref(),
                _ => None,
            }
        };
        visible(known) == text || plain().is_some_and(|plain| visible(plain) == text)
    }

    /// The name that stands in a column.
    pub fn name(&self, column: &Column, record: &Json) -> Option<&str> {
        let text = column.value(record).as_str()?;
        if matches!(column.field.shape, Shape::Id | Shape::Account) {
            let name = self.of_accounts.get(&Uuid::try_parse(text).ok()?)?;
            return Some(name.plain.as_deref().unwrap_or(&name.shown));
        }
        let Shape::Reference(kind) = column.field.shape else { return self.of_areas.get(text).map(String::as_str) };
        let name = self.of_records.get(&(kind, Uuid::try_parse(text).ok()?))?;
        let is_plain = column.path.first().copied() == self.plain_field && self.plain_field.is_some();
        Some(name.plain.as_deref().filter(|_| is_plain).unwrap_or(&name.shown))
    }
}

async fn found(
    core: &Core,
    actor: &Actor,
    district_code: &str,
    kind: &Kind,
    ids: &BTreeSet<Uuid>,
) -> Result<Vec<Record>, Problem> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    read::load(core, kind, &visible_by_id(actor, kind, district_code, &ids)).await
}

/// Names of accounts of a district: masked, but for his own and to whoever administers them.
async fn of_accounts(
    core: &Core,
    actor: &Actor,
    district_code: &str,
    ids: BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Name>, Problem> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = Statement::new("SELECT u.id, u.display_name, g.area_code, g.org_id FROM users AS u JOIN user_grants AS g ON g.user_id = u.id WHERE starts_with(g.area_code, ")
        .text(district_code)
        .sql(") AND u.id = ANY(")
        .column(ColumnType::Id, ids.into_iter().map(Value::Id).collect())
        .sql(")")
        .seeing_district(district_code);
    let mut names: BTreeMap<Uuid, Name> = BTreeMap::new();
    for mut row in core.database.read(&statement).await? {
        let (Some(id), Some(called)) = (row.id("id"), row.text("display_name")) else { continue };
        let area_code = row.text("area_code").unwrap_or_default();
        let may_be_told = id == actor.user_id || actor.reaches(ADMINISTRATORS, &area_code, row.id("org_id"));
        let name = names.entry(id).or_insert_with(|| Name { shown: mask_name(&called), plain: None });
        if may_be_told {
            name.plain = Some(called);
        }
    }
    Ok(names)
}

/// Whoever administers accounts.
const ADMINISTRATORS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin];

fn name_of(kind: &Kind, actor: &Actor, record: &Record) -> Option<Name> {
    let field = kind.field("name")?;
    let plain = record.values.text(field.name)?.to_owned();
    let shown = match field.mask() {
        Some(mask) => mask(&Json::String(plain.clone())).as_str()?.to_owned(),
        None => plain.clone(),
    };
    let may_be_told = actor.reaches(REVEALERS, &record.envelope.area_code, record.envelope.org_id);
    Some(Name { shown, plain: may_be_told.then_some(plain) })
}
