//! References by what a clerk has: people by their document, or name and phone, or phone; cases and volunteers through
//! their person; a shift by its place and its hours. Whom several may be is told with those he may be.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::tree::Tree;
use kit::value::Value;
use uuid::Uuid;

use super::items::Item;
use super::job::Job;
use super::names::set;
use crate::exchange::codes::{AMBIGUOUS_PERSON, NOT_IDENTIFIED};
use crate::platform::http::fault;
use crate::platform::privacy::blind::derived_id;
use crate::platform::privacy::holder;
use crate::platform::privacy::mask::mask_name;
use crate::records::rules::Told;
use crate::records::scope::visible_to;
use crate::records::{Draft, Kind, Record, read};

/// Candidates that are told.
const MOST_TOLD: usize = 5;
/// By which somebody is looked for whose document isn't given; each has a blind index.
const SOUGHT_BY: [&str; 2] = ["phone", "name"];

/// Members of an object, by name.
type Members = Vec<(String, Tree)>;

/// Somebody as a row tells him.
struct Mentioned {
    item: usize,
    /// The person's id, by his document, or by name and phone.
    id: Option<Uuid>,
    has_document: bool,
    name: Option<String>,
    phone: Option<String>,
}

impl Mentioned {
    /// Whether a record of the register may be him, by all that is told.
    fn may_be(&self, person: &Record) -> bool {
        let same = |name: &str, told: &Option<String>| {
            told.as_deref().is_none_or(|told| person.values.text(name) == Some(told))
        };
        (self.name.is_some() || self.phone.is_some()) && same("name", &self.name) && same("phone", &self.phone)
    }

    fn values(&self, field: &str) -> Option<&str> {
        if field == "name" { self.name.as_deref() } else { self.phone.as_deref() }
    }
}

impl Job {
    /// Puts ids in the place of what a sheet says of whom or what a row is about.
    pub(super) async fn resolve_told(&self, items: &mut [Item]) -> Result<(), Problem> {
        let kinds = self.core.kinds();
        let mut told_in_words: BTreeMap<&'static str, BTreeSet<usize>> = BTreeMap::new();
        for field in self.kind.body_fields() {
            let Shape::Reference(name) = field.shape else { continue };
            let Some(kind) = kinds.kind(name).filter(|kind| kind.is_people()) else { continue };
            let in_words = self.resolve_people(kind, field, items).await?;
            told_in_words.entry(kind.name).or_default().extend(in_words);
        }
        for field in self.kind.body_fields() {
            let Shape::Reference(name) = field.shape else { continue };
            let Some((kind, told)) = kinds.kind(name).and_then(|kind| Some((kind, kind.rules.told()?))) else {
                continue;
            };
            match self.person_of(kind, told) {
                Some((person, people)) => {
                    let in_words = told_in_words.get(people.name).cloned().unwrap_or_default();
                    self.resolve_through_person((kind, told), (field, person, people), &in_words, items).await?;
                }
                None => self.resolve_by_values((kind, told), field, items).await?,
            }
        }
        Ok(())
    }

    /// The reference to somebody through whom records of a kind are told, and the kind of people.
    fn person_of(&self, kind: &'static Kind, told: &Told) -> Option<(&'static str, &'static Kind)> {
        told.by.iter().find_map(|name| {
            let Shape::Reference(people) = kind.field(name)?.shape else { return None };
            Some((*name, self.core.kinds().kind(people).filter(|people| people.is_people())?))
        })
    }

    /// Somebody as words tell him; none where there is no object, and a problem where his document is wrong.
    fn mentioned(&self, people: &'static Kind, told: &Tree, at: &str, item: usize) -> Result<Mentioned, Problem> {
        let context = self.core.context(self.core.clock.now(), &self.district_code);
        let mut faults = Faults::default();
        let mut draft = Draft::parse(people, self.core.kinds(), told, at, &mut faults);
        people.rules.check(&mut draft, &context, &mut faults);
        if faults.touches(&draft.at("document_number")) {
            return Err(faults.finish().err().unwrap_or_else(|| fault(at, NOT_IDENTIFIED)));
        }
        let text = |name: &str| draft.values.text(name).map(str::to_owned);
        Ok(Mentioned {
            item,
            id: people.rules.identify(&draft, &context),
            has_document: text("document_number").is_some(),
            name: text("name"),
            phone: text("phone"),
        })
    }

    /// People told by words; answers the rows that did.
    async fn resolve_people(
        &self,
        people: &'static Kind,
        field: &Field,
        items: &mut [Item],
    ) -> Result<BTreeSet<usize>, Problem> {
        let at = format!("/{}", field.name);
        let mentioned = self.all_mentioned(people, field, items);
        if mentioned.is_empty() {
            return Ok(BTreeSet::new());
        }
        let ids: Vec<Uuid> = mentioned.iter().filter_map(|one| one.id).collect::<BTreeSet<_>>().into_iter().collect();
        let known = read::find_referenced(&self.core, &self.actor, people, &ids).await?;
        let is_open = |one: &Mentioned| !one.has_document && one.id.is_none_or(|id| !known.contains_key(&id));
        // A name alone may be anybody's.
        let sought: Vec<&Mentioned> = mentioned.iter().filter(|one| is_open(one) && one.phone.is_some()).collect();
        let statement = visible_to(&self.actor, people, &self.district_code).sql(" AND NOT r.voided");
        let found = self.sought(people, &sought, statement).await?;
        for one in &mentioned {
            let Some(item) = items.get_mut(one.item) else { continue };
            let candidates: Vec<&Record> = if is_open(one) && one.phone.is_some() {
                found.iter().filter(|person| one.may_be(person)).collect()
            } else {
                Vec::new()
            };
            match (candidates.as_slice(), one.id) {
                ([person], _) => set(&mut item.body.tree, field.name, person.envelope.id),
                ([], Some(id)) => set(&mut item.body.tree, field.name, id),
                ([], None) => drop(item.body.problem.get_or_insert_with(|| fault(&at, NOT_IDENTIFIED))),
                (several, _) => {
                    let several: Vec<(&Record, &Record)> = several.iter().map(|person| (*person, *person)).collect();
                    item.body.problem.get_or_insert_with(|| self.ambiguous(&at, &several));
                }
            }
        }
        Ok(mentioned.into_iter().map(|one| one.item).collect())
    }

    fn all_mentioned(&self, people: &'static Kind, field: &Field, items: &mut [Item]) -> Vec<Mentioned> {
        let (at, mut mentioned) = (format!("/{}", field.name), Vec::new());
        for (index, item) in items.iter_mut().enumerate() {
            let Some(told @ Tree::Object(_)) = item.body.tree.member(field.name) else { continue };
            match self.mentioned(people, told, &at, index) {
                Ok(one) => mentioned.push(one),
                Err(problem) => drop(item.body.problem.get_or_insert(problem)),
            }
        }
        mentioned
    }

    /// Records of the register that may be those who are sought, by phone or name.
    async fn sought(
        &self,
        people: &'static Kind,
        sought: &[&Mentioned],
        mut statement: Statement,
    ) -> Result<Vec<Record>, Problem> {
        if sought.is_empty() {
            return Ok(Vec::new());
        }
        let finding = holder::finding(&self.core).await?;
        statement = statement.sql(" AND (false");
        for field in SOUGHT_BY {
            let indexes_of = |text: &str| finding.indexes(&self.district_code, field, text);
            // By name only where no phone tells more.
            let told = sought.iter().filter(|one| field == "phone" || one.phone.is_none());
            let indexes: BTreeSet<Vec<u8>> =
                told.filter_map(|one| one.values(field).map(indexes_of)).flatten().collect();
            statement = statement
                .sql(format!(" OR r.{field}_blind_index = ANY("))
                .column(ColumnType::Bytes, indexes.into_iter().map(Value::Bytes).collect())
                .sql(")");
        }
        let found = read::load(&self.core, people, &statement.sql(")")).await?;
        Ok(found.into_iter().filter(|person| people.rules.pointer(person).is_none()).collect())
    }

    /// Resolves references to what is somebody's: told by him, or meant where a row tells him and when it happened.
    async fn resolve_through_person(
        &self,
        (kind, told): (&'static Kind, &'static Told),
        (field, person, people): (&'static Field, &'static str, &'static Kind),
        in_words: &BTreeSet<usize>,
        items: &mut [Item],
    ) -> Result<(), Problem> {
        let mut mentioned: Vec<(Mentioned, bool)> = Vec::new();
        for one in self.all_mentioned_through(people, field, person, items) {
            mentioned.push((one, true));
        }
        for index in in_words {
            let Some(item) = items.get(*index).filter(|item| item.body.problem.is_none()) else { continue };
            if item.body.tree.member(field.name).is_some() || told.at.is_none() {
                continue;
            }
            if let Some(id) = self.person_in(item, people) {
                let (id, has_document) = (Some(id), true);
                mentioned.push((Mentioned { item: *index, id, has_document, name: None, phone: None }, false));
            }
        }
        if mentioned.is_empty() {
            return Ok(());
        }
        let sought: Vec<&Mentioned> = mentioned.iter().map(|(one, _)| one).filter(|one| !one.has_document).collect();
        // Nothing tells of people outside the caller's sight: only records that he sees are looked through.
        let statement =
            Statement::new(format!("SELECT {} FROM {} AS r WHERE r.district_code = ", people.select(), people.name));
        let statement =
            statement.text(&self.district_code).sql(" AND NOT r.voided").seeing_district(&self.district_code);
        let mut known: BTreeMap<Uuid, Record> =
            self.sought(people, &sought, statement).await?.into_iter().map(|one| (one.envelope.id, one)).collect();
        let ids: BTreeSet<Uuid> = mentioned.iter().filter_map(|(one, _)| one.id).collect();
        let roots = self.roots(people, ids).await?;
        let all: BTreeSet<Uuid> = known.keys().copied().chain(roots.values().copied()).collect();
        let missing: Vec<Uuid> = roots.values().filter(|id| !known.contains_key(id)).copied().collect();
        known.extend(read::find_unscoped(&self.core, people, &self.district_code, &missing).await?);
        let statement = visible_to(&self.actor, kind, &self.district_code)
            .sql(format!(" AND NOT r.voided AND r.{person} = ANY("))
            .column(ColumnType::Id, all.into_iter().map(Value::Id).collect())
            .sql(")");
        let records = read::load(&self.core, kind, &statement).await?;
        for (one, is_told) in &mentioned {
            let Some(item) = items.get_mut(one.item) else { continue };
            let of_person = |record: &&Record| {
                let id = record.values.id(person);
                let by_id = one.id.and_then(|id| roots.get(&id)).copied();
                id.is_some()
                    && (id == by_id
                        || (!one.has_document && id.and_then(|id| known.get(&id)).is_some_and(|him| one.may_be(him))))
            };
            let all: Vec<&Record> = records.iter().filter(of_person).collect();
            let at = happened(item).unwrap_or_else(|| self.core.clock.now());
            let then: Vec<&Record> = all
                .iter()
                .filter(|record| told.at.is_none_or(|covers| covers(record, at, self.core.zone)))
                .copied()
                .collect();
            // Records that were over, or hadn't begun, are meant only where nothing else can be.
            let meant = if then.is_empty() && *is_told { all } else { then };
            let pointer = format!("/{}", field.name);
            match (meant.as_slice(), is_told) {
                ([one], true) => set(&mut item.body.tree, field.name, one.envelope.id),
                ([one], false) => add(&mut item.body.tree, field.name, one.envelope.id),
                ([], true) => {
                    let nothing = derived_id(&self.core.keys.identity, &["nobody's", &one.item.to_string()]);
                    set(&mut item.body.tree, field.name, one.id.unwrap_or(nothing));
                }
                ([], false) => {}
                (several, _) => {
                    let him = |record: &&Record| record.values.id(person).and_then(|id| known.get(&id));
                    let several: Vec<(&Record, &Record)> =
                        several.iter().map(|record| (him(record).unwrap_or(record), *record)).collect();
                    item.body.problem.get_or_insert_with(|| self.ambiguous(&pointer, &several));
                }
            }
        }
        Ok(())
    }

    /// Whom ids mean: himself, or into whom somebody was merged.
    async fn roots(&self, people: &'static Kind, ids: BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, Uuid>, Problem> {
        let all: Vec<Uuid> = ids.iter().copied().collect();
        let found = read::find_unscoped(&self.core, people, &self.district_code, &all).await?;
        let mut roots = BTreeMap::new();
        for id in ids {
            let stands = found.get(&id).is_some_and(|person| people.rules.pointer(person).is_none());
            let root = if stands { id } else { read::root(&self.core, people, &self.district_code, id).await? };
            roots.insert(id, root);
        }
        Ok(roots)
    }

    /// Those who are told within the object of a reference: by `case_id.name` and the like.
    fn all_mentioned_through(
        &self,
        people: &'static Kind,
        field: &Field,
        person: &str,
        items: &mut [Item],
    ) -> Vec<Mentioned> {
        let (at, mut mentioned) = (format!("/{}", field.name), Vec::new());
        for (index, item) in items.iter_mut().enumerate() {
            let Some(told @ Tree::Object(_)) = item.body.tree.member(field.name) else { continue };
            let told = told.member(person).filter(|inner| matches!(inner, Tree::Object(_))).unwrap_or(told);
            match self.mentioned(people, told, &at, index) {
                Ok(one) if one.id.is_some() || one.name.is_some() || one.phone.is_some() => mentioned.push(one),
                Ok(_) => drop(item.body.problem.get_or_insert_with(|| fault(&at, NOT_IDENTIFIED))),
                Err(problem) => drop(item.body.problem.get_or_insert(problem)),
            }
        }
        mentioned
    }

    fn person_in(&self, item: &Item, people: &Kind) -> Option<Uuid> {
        let fields = self.kind.body_fields();
        let field = fields.iter().find(|field| matches!(field.shape, Shape::Reference(name) if name == people.name))?;
        match item.body.tree.member(field.name) {
            Some(Tree::Text(id)) => Uuid::try_parse(id).ok(),
            _ => None,
        }
    }

    /// Resolves references told by values of their own: a shift by its place and its hours.
    async fn resolve_by_values(
        &self,
        (kind, told): (&'static Kind, &'static Told),
        field: &Field,
        items: &mut [Item],
    ) -> Result<(), Problem> {
        // The names of one cell ask for the same.
        let mut last: Option<(Members, Vec<Record>)> = None;
        for item in items {
            let Some(Tree::Object(members)) = item.body.tree.member(field.name) else { continue };
            let members = members.clone();
            let mut statement = visible_to(&self.actor, kind, &self.district_code).sql(" AND NOT r.voided");
            for name in told.by {
                let text = members.iter().find_map(|(other, member)| match member {
                    Tree::Text(text) if other == name => Some(text.trim()),
                    _ => None,
                });
                let shape = kind.field(name).map(|field| field.shape);
                let (column, value) = match (shape, text) {
                    (Some(Shape::Reference(_)), Some(text)) => {
                        (ColumnType::Id, Uuid::try_parse(text).map_or(Value::Id(Uuid::nil()), Value::Id))
                    }
                    (Some(Shape::Instant), Some(text)) => match DateTime::parse_from_rfc3339(text) {
                        Ok(at) => (ColumnType::Instant, Value::Instant(at.with_timezone(&Utc))),
                        Err(_) => continue,
                    },
                    _ => continue,
                };
                statement = statement.sql(format!(" AND r.{name} = ")).bind(column, value);
            }
            let found = match last.take().filter(|(asked, _)| *asked == members) {
                Some((_, found)) => found,
                None => read::load(&self.core, kind, &statement.sql(" LIMIT 6")).await?,
            };
            let pointer = format!("/{}", field.name);
            match found.as_slice() {
                [one] => set(&mut item.body.tree, field.name, one.envelope.id),
                [] => {
                    let nothing = derived_id(&self.core.keys.identity, &["nothing of it", kind.name]);
                    set(&mut item.body.tree, field.name, nothing);
                }
                several => {
                    let several: Vec<(&Record, &Record)> = several.iter().map(|one| (one, one)).collect();
                    item.body.problem.get_or_insert_with(|| self.ambiguous(&pointer, &several));
                }
            }
            last = Some((members, found));
        }
        Ok(())
    }

    /// Several may be meant: each by his masked name and where the record stands.
    fn ambiguous(&self, at: &str, several: &[(&Record, &Record)]) -> Problem {
        let one = |(person, record): &(&Record, &Record)| {
            let name = person.values.text("name").map(mask_name).unwrap_or_default();
            format!("{name} {}", self.area_name(&record.envelope.area_code)).trim().to_owned()
        };
        let mut told: Vec<String> = several.iter().map(one).take(MOST_TOLD).collect();
        told.extend((several.len() > MOST_TOLD).then(|| "…".to_owned()));
        let values = vec![("candidates", told.join("、"))];
        Problem::invalid(vec![Fault { pointer: at.to_owned(), code: AMBIGUOUS_PERSON, values, hint: None }])
    }

    /// The name of an area; its code where it has none.
    pub(super) fn area_name(&self, code: &str) -> String {
        let divisions = &self.core.divisions;
        let edition = divisions.current_edition();
        let row = divisions.rows().iter().find(|row| row.edition == edition && row.code == code);
        row.map_or_else(|| code.to_owned(), |row| row.name.clone())
    }
}

/// When a row says that it happened.
fn happened(item: &Item) -> Option<DateTime<Utc>> {
    match item.body.tree.member("occurred_at") {
        Some(Tree::Text(text)) => DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc)),
        _ => None,
    }
}

fn add(tree: &mut Tree, field: &str, id: Uuid) {
    if let Tree::Object(members) = tree {
        members.push((field.to_owned(), Tree::Text(id.to_string())));
    }
}
