//! References by name: a clerk's sheet says 「雨城超市」, not an id. A name that one reachable record has means
//! that record.

use std::collections::{BTreeMap, BTreeSet};

use kit::faults::{Fault, Faults};
use kit::field::Field;
use kit::field::{Privacy, Shape};
use kit::problem::Problem;
use kit::statement::ColumnType;
use kit::tree::Tree;
use kit::value::Value;
use uuid::Uuid;

use super::items::Item;
use super::job::Job;
use crate::exchange::codes::AMBIGUOUS_NAME;
use crate::platform::privacy::blind::derived_id;
use crate::records::Registry;
use crate::records::envelope::AREA_CODE;
use crate::records::named_accounts::NamedAccounts;
use crate::records::own_words::spell_out;
use crate::records::prepare::district_of;
use crate::records::scope::visible_to;
use crate::records::{Kind, read};

/// Candidates that are told.
const MOST_TOLD: usize = 5;

/// A record of a name.
struct Named {
    id: Uuid,
    area_code: String,
}

impl Job {
    /// Puts codes in the place of what a sheet calls a thing; what means nothing stays, for the check to say so.
    /// Rows of ours come first: they are compared with what stands.
    pub(super) fn spell_out(&self, items: &mut [Item], ours: bool) {
        for item in items.iter_mut().filter(|item| !ours || item.body.ours) {
            let told = district_of(&self.actor, &item.body.tree);
            let district_code = if told.is_empty() { &self.district_code } else { &told };
            let context = self.core.context(self.core.clock.now(), district_code);
            spell_out(&self.core, self.kind, &mut item.body.tree, &context, None, &mut Faults::default());
        }
    }

    /// Puts ids in the place of user names; one that can't be told stays, for the check to say so.
    pub(super) async fn resolve_accounts(&self, items: &mut [Item]) -> Result<(), Problem> {
        let fields = self.kind.body_fields();
        let trees: Vec<&Tree> = items.iter().map(|item| &item.body.tree).collect();
        let named = NamedAccounts::of(&self.core, &self.actor, &fields, &trees).await?;
        for item in items.iter_mut().filter(|_| named.are_named()) {
            named.put_known(&fields, &mut item.body.tree);
        }
        Ok(())
    }

    /// Puts ids in the place of names.
    pub(super) async fn resolve_names(&self, items: &mut [Item]) -> Result<(), Problem> {
        for (path, kind) in self.named_by_name() {
            let mut names: BTreeSet<String> = BTreeSet::new();
            for item in items.iter() {
                if let Some(name) = name_in(&item.body.tree, &path) {
                    // 大兴街道北门 is 北门 there.
                    names.extend(self.without_area(name).map(|(_, rest)| rest.to_owned()));
                    names.insert(name.to_owned());
                }
            }
            if names.is_empty() {
                continue;
            }
            let known = self.named(kind, &names).await?;
            for item in items.iter_mut() {
                let Some(name) = name_in(&item.body.tree, &path).map(str::to_owned) else { continue };
                let within = match item.body.tree.member(AREA_CODE.name()) {
                    Some(Tree::Text(code)) => Some(code.clone()),
                    _ => None,
                };
                let found = self.meant(&known, &name, within.as_deref());
                if found.is_empty() && self.is_aside(&path) {
                    self.put_aside(item, &path, name);
                    continue;
                }
                if found.len() > 1 {
                    let one = |named: &&Named| format!("{name} {}", self.area_name(&named.area_code));
                    let told = found.iter().map(one).take(MOST_TOLD).collect::<Vec<_>>().join("、");
                    let (pointer, values) = (format!("/{}", path.join("/")), vec![("candidates", told)]);
                    let fault = Fault { pointer, code: AMBIGUOUS_NAME, values, hint: None };
                    item.body.problem.get_or_insert_with(|| Problem::invalid(vec![fault]));
                }
                // A name of nothing becomes an id of nothing: the check says so among all other faults.
                let nothing = || derived_id(&self.core.keys.identity, &["no such name", &name]);
                let id = found.first().map_or_else(nothing, |named| named.id);
                set_at(&mut item.body.tree, &path, id);
            }
        }
        Ok(())
    }

    /// References whose records have a name in the clear, and those by which others are told.
    fn named_by_name(&self) -> Vec<(Vec<&'static str>, &'static Kind)> {
        let kinds = self.core.kinds();
        let open = |field: &Field| match field.shape {
            Shape::Reference(name) => kinds.kind(name).filter(|kind| has_open_name(kind)),
            _ => None,
        };
        let mut all = Vec::new();
        for field in self.kind.body_fields() {
            all.extend(open(field).map(|kind| (vec![field.name], kind)));
            if let Shape::Inline(name, _) = field.shape {
                let inner = kinds.kind(name).map(|kind| kind.fields).unwrap_or_default();
                all.extend(inner.iter().filter_map(|inner| Some((vec![field.name, inner.name], open(inner)?))));
            }
            let Shape::Reference(name) = field.shape else { continue };
            let Some((kind, told)) = kinds.kind(name).and_then(|kind| Some((kind, kind.rules.told()?))) else {
                continue;
            };
            let inner = told.by.iter().filter_map(|name| kind.field(name));
            all.extend(inner.filter_map(|inner| open(inner).map(|of| (vec![field.name, inner.name], of))));
        }
        all
    }

    /// The records of a name: in the area that is named before it or that the row says, else in the caller's own; all of
    /// them where that leaves none.
    fn meant<'a>(&self, known: &'a BTreeMap<String, Vec<Named>>, name: &str, within: Option<&str>) -> Vec<&'a Named> {
        let of = |name: &str| known.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<&Named> = of(name).iter().collect();
        if all.is_empty()
            && let Some((area, rest)) = self.without_area(name)
        {
            all = of(rest).iter().filter(|named| named.area_code.starts_with(&area)).collect();
        }
        all.sort_by(|one, other| one.area_code.cmp(&other.area_code));
        let own = self.actor.own_area();
        for area in within.into_iter().chain(own.as_deref()) {
            let there: Vec<&Named> = all.iter().filter(|named| named.area_code.starts_with(area)).copied().collect();
            if all.len() > 1 && !there.is_empty() {
                all = there;
            }
        }
        all
    }

    /// The area with whose name a text begins, and what stands behind it.
    fn without_area<'a>(&self, text: &'a str) -> Option<(String, &'a str)> {
        let divisions = &self.core.divisions;
        let edition = divisions.current_edition();
        let rows =
            divisions.rows().iter().filter(|row| row.edition == edition && row.code.starts_with(&self.district_code));
        let rest = rows.filter_map(|row| {
            let rest = text.strip_prefix(row.name.as_str())?.trim_matches([' ', '\u{3000}', '-', '/', '·']);
            (!rest.is_empty()).then(|| (row.code.clone(), rest))
        });
        rest.max_by_key(|(code, rest)| (std::cmp::Reverse(rest.len()), code.len()))
    }

    async fn named(
        &self,
        kind: &'static Kind,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Vec<Named>>, Problem> {
        let statement = visible_to(&self.actor, kind, &self.district_code)
            .sql(" AND NOT r.voided AND r.name = ANY(")
            .column(ColumnType::Text, names.iter().cloned().map(Value::Text).collect())
            .sql(")");
        let mut known: BTreeMap<String, Vec<Named>> = BTreeMap::new();
        for record in read::load(&self.core, kind, &statement).await? {
            let name = record.values.text("name").unwrap_or_default().to_owned();
            let named = Named { id: record.envelope.id, area_code: record.envelope.area_code };
            known.entry(name).or_default().push(named);
        }
        Ok(known)
    }
}

/// Whether what stands for a field may be kept in the clear: a day, an area, a word, the name of a thing.
pub(super) fn is_open(field: &Field, kinds: &Registry) -> bool {
    match field.shape {
        Shape::Area | Shape::Day | Shape::Word(_) => !field.is_personal(),
        Shape::Reference(name) => kinds.kind(name).is_some_and(has_open_name),
        _ => false,
    }
}

pub(super) fn has_open_name(kind: &Kind) -> bool {
    kind.field("name").is_some_and(|field| matches!(field.privacy, Privacy::Open))
}

/// The text of a reference that is no id. One with a NUL is nobody's name, and none that the database could be
/// asked for: the check says so.
fn name_in<'a>(tree: &'a Tree, path: &[&str]) -> Option<&'a str> {
    match path.iter().try_fold(tree, |tree, step| tree.member(step)) {
        Some(Tree::Text(text)) if text.contains('\0') => None,
        Some(Tree::Text(text)) if Uuid::try_parse(text.trim()).is_err() => Some(text.trim()),
        _ => None,
    }
}

pub(super) fn set(tree: &mut Tree, field: &str, id: Uuid) {
    let Tree::Object(members) = tree else { return };
    for (_, member) in members.iter_mut().filter(|(name, _)| name == field) {
        *member = Tree::Text(id.to_string());
    }
}

fn set_at(tree: &mut Tree, path: &[&str], id: Uuid) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        return set(tree, first, id);
    }
    let Tree::Object(members) = tree else { return };
    if let Some((_, inner)) = members.iter_mut().find(|(name, _)| name == first) {
        set_at(inner, rest, id);
    }
}
