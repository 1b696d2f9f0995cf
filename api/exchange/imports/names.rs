//! References by name: a clerk's sheet says 「雨城超市」, not an id. A name that one reachable record has means
//! that record.

use std::collections::{BTreeMap, BTreeSet};

use kit::faults::Faults;
use kit::field::Field;
use kit::field::{Privacy, Shape};
use kit::problem::Problem;
use kit::statement::ColumnType;
use kit::tree::Tree;
use kit::value::Value;
use uuid::Uuid;

use super::items::Item;
use super::job::Job;
use crate::exchange::codes::{AMBIGUOUS_NAME, NOT_IDENTIFIED};
use crate::platform::http::fault;
use crate::platform::privacy::blind::derived_id;
use crate::records::Registry;
use crate::records::own_words::spell_out;
use crate::records::prepare::district_of;
use crate::records::scope::visible_to;
use crate::records::{Draft, Kind, read};

impl Job {
    /// Puts the ids of people in the place of what a sheet says of them: a document, or name and phone.
    pub(super) fn resolve_people(&self, items: &mut [Item]) {
        let context = self.core.context(self.core.clock.now(), &self.district_code);
        for field in self.kind.body_fields() {
            let Shape::Reference(name) = field.shape else { continue };
            let Some(kind) = self.core.kinds().kind(name) else { continue };
            for item in items.iter_mut() {
                let Some(told @ Tree::Object(_)) = item.body.tree.member(field.name) else { continue };
                let mut faults = Faults::default();
                let mut draft = Draft::parse(kind, self.core.kinds(), told, &format!("/{}", field.name), &mut faults);
                kind.rules.check(&mut draft, &context, &mut faults);
                let faulty = faults.touches(&draft.at("document_number"));
                match kind.rules.identify(&draft, &context).filter(|_| !faulty) {
                    Some(id) => set(&mut item.body.tree, field.name, id),
                    None => {
                        let code = NOT_IDENTIFIED;
                        let faults = faults.finish().err();
                        let told =
                            faults.filter(|_| faulty).unwrap_or_else(|| fault(&format!("/{}", field.name), code));
                        item.body.problem.get_or_insert(told);
                    }
                }
            }
        }
    }

    /// Puts codes in the place of what a sheet calls a thing; what means nothing stays, for the check to say so.
    pub(super) fn spell_out(&self, items: &mut [Item]) {
        for item in items {
            let told = district_of(&self.actor, &item.body.tree);
            let district_code = if told.is_empty() { &self.district_code } else { &told };
            let context = self.core.context(self.core.clock.now(), district_code);
            spell_out(&self.core, self.kind, &mut item.body.tree, &context, None, &mut Faults::default());
        }
    }

    /// Puts ids in the place of names.
    pub(super) async fn resolve_names(&self, items: &mut [Item]) -> Result<(), Problem> {
        for field in self.kind.body_fields() {
            let Shape::Reference(name) = field.shape else { continue };
            let Some(kind) = self.core.kinds().kind(name).filter(|kind| has_open_name(kind)) else { continue };
            let names: BTreeSet<String> =
                items.iter().filter_map(|item| name_in(&item.body.tree, field.name).map(str::to_owned)).collect();
            if names.is_empty() {
                continue;
            }
            let known = self.named(kind, &names).await?;
            for item in items.iter_mut() {
                let Some(name) = name_in(&item.body.tree, field.name) else { continue };
                // A name of nothing becomes an id of nothing: the check says so among all other faults.
                let nothing = || derived_id(&self.core.keys.identity, &["no such name", name]);
                let ids = known.get(name).map(Vec::as_slice).unwrap_or_default();
                if ids.len() > 1 {
                    let at = format!("/{}", field.name);
                    item.body.problem.get_or_insert_with(|| fault(&at, AMBIGUOUS_NAME));
                }
                let id = ids.first().copied().unwrap_or_else(nothing);
                set(&mut item.body.tree, field.name, id);
            }
        }
        Ok(())
    }

    async fn named(
        &self,
        kind: &'static Kind,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Vec<Uuid>>, Problem> {
        let statement = visible_to(&self.actor, kind, &self.district_code)
            .sql(" AND NOT r.voided AND r.name = ANY(")
            .column(ColumnType::Text, names.iter().cloned().map(Value::Text).collect())
            .sql(")");
        let mut known: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
        for record in read::load(&self.core, kind, &statement).await? {
            let name = record.values.text("name").unwrap_or_default().to_owned();
            known.entry(name).or_default().push(record.envelope.id);
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

fn has_open_name(kind: &Kind) -> bool {
    kind.field("name").is_some_and(|field| matches!(field.privacy, Privacy::Open))
}

/// The text of a reference that is no id. One with a NUL is nobody's name, and none that the database could be
/// asked for: the check says so.
fn name_in<'a>(tree: &'a Tree, field: &str) -> Option<&'a str> {
    match tree.member(field) {
        Some(Tree::Text(text)) if text.contains('\0') => None,
        Some(Tree::Text(text)) if Uuid::try_parse(text.trim()).is_err() => Some(text.trim()),
        _ => None,
    }
}

fn set(tree: &mut Tree, field: &str, id: Uuid) {
    let Tree::Object(members) = tree else { return };
    for (_, member) in members.iter_mut().filter(|(name, _)| name == field) {
        *member = Tree::Text(id.to_string());
    }
}
