//! Draft of a record: a body once it was parsed and checked, not yet placed.

use std::collections::{BTreeMap, BTreeSet};

use kit::check::check_object;
use kit::faults::Faults;
use kit::field::{Field, Privacy, Shape, Write};
use kit::text::visible;
use kit::tree::Tree;
use kit::typed::{Key, TypedField};
use kit::value::{Value, Values};
use ledger::canonical::canonical;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::codes::{MASKED_VALUE, NO_FREE_TEXT};
use super::context::Context;
use super::definition::{Kind, Registry};
use super::envelope::NOTE;
use super::record::Record;
use super::warnings::{INVISIBLE_DROPPED, Noted, Warning};
use crate::platform::privacy::mask::looks_masked;

/// A draft.
#[derive(Clone)]
pub struct Draft {
    /// Kind of the record.
    pub kind: &'static Kind,
    /// Where it stands in the body: empty, or `/person` for one given inline.
    pub pointer: String,
    /// The good values, the envelope's among them.
    pub values: Values,
    /// The fields that a client gave; what else it has of them the server filled in.
    pub said: BTreeSet<&'static str>,
    /// Values of the record before this amendment: for fields that are noted once, such as a moment.
    pub former: Values,
    /// Whether whoever amends says when it happened.
    pub confirms_time: bool,
    /// Account that told it first, once it is placed; nil before.
    pub author: Uuid,
    /// Organisation to which it belongs, once it is placed.
    pub placed_org_id: Option<Uuid>,
    /// The records its references name, once resolved; by field.
    pub references: BTreeMap<&'static str, Record>,
    /// Records given inline, by the field they are given in.
    pub inline: Vec<(&'static str, Draft)>,
    /// Warnings so far.
    pub warnings: Vec<Noted>,
    /// Facts about it from earlier records, by names of its rules' own; kept nowhere.
    pub recalled: Values,
}

impl Draft {
    /// Parses a body. All faults of form and shape are noted, those of inline records too.
    pub fn parse(kind: &'static Kind, kinds: &Registry, tree: &Tree, pointer: &str, faults: &mut Faults) -> Self {
        let fields = kind.body_fields();
        let values = check_object(&fields, tree, pointer, faults);
        let mut draft = Self {
            kind,
            pointer: pointer.to_owned(),
            said: values.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect(),
            former: Values::default(),
            confirms_time: false,
            author: Uuid::nil(),
            placed_org_id: None,
            values,
            references: BTreeMap::new(),
            inline: Vec::new(),
            warnings: Vec::new(),
            recalled: Values::default(),
        };
        if !kind.takes_note && draft.values.get(&NOTE).is_some() {
            faults.add(draft.at(&NOTE), NO_FREE_TEXT);
        }
        draft.refuse_masked(&fields, faults);
        draft.drop_invisible(&fields);
        for field in fields {
            if let (Shape::Inline(name, _), Some(member)) = (field.shape, tree.member(field.name))
                && let Some(inner) = kinds.kind(name)
                && !matches!(member, Tree::Null)
            {
                draft.said.insert(draft.id_field(field.name));
                draft.inline.push((field.name, Self::parse(inner, kinds, member, &draft.at(field.name), faults)));
            }
        }
        draft
    }

    /// A record that stands, as rules judge it. Its references are still to be assigned.
    pub fn of_record(kind: &'static Kind, record: &Record) -> Self {
        let mut values = record.values.clone();
        values.set("id", Value::Id(record.envelope.id));
        Self {
            kind,
            pointer: String::new(),
            values,
            said: BTreeSet::new(),
            former: Values::default(),
            confirms_time: false,
            author: record.envelope.recorded_by,
            placed_org_id: record.envelope.org_id,
            references: BTreeMap::new(),
            inline: Vec::new(),
            warnings: Vec::new(),
            recalled: Values::default(),
        }
    }

    /// The field that holds the id of what is given inline in `field`: `person` and `person_id`.
    pub fn id_field(&self, field: &str) -> &'static str {
        let name = format!("{field}_id");
        self.kind.fields.iter().find(|other| other.name == name).map_or("id", |other| other.name)
    }

    /// The fields that a client may write, didn't, and that have a value: the server's, by its rules. When it
    /// happened may also be `assumed`, by no rule.
    pub fn derived(&self, assumed: bool) -> Vec<String> {
        let is_filled = |field: &&Field| {
            can_be_derived(field)
                && !(assumed && field.name == "occurred_at")
                && !self.said.contains(field.name)
                && self.values.get(field.name).is_some()
        };
        self.kind.body_fields().into_iter().filter(is_filled).map(|field| field.name.to_owned()).collect()
    }

    /// The pointer of one of its fields.
    pub fn at(&self, field: impl Key) -> String {
        format!("{}/{}", self.pointer, field.key())
    }

    /// The pointer of a member of an item of one of its lists.
    pub fn at_item(&self, list: impl Key, index: usize, member: &str) -> String {
        format!("{}/{}/{index}/{member}", self.pointer, list.key())
    }

    /// The record that a reference names, once resolved.
    pub fn reference(&self, field: &TypedField<Uuid>) -> Option<&Record> {
        self.references.get(field.name())
    }

    /// The id that the client chose.
    pub fn client_id(&self) -> Option<Uuid> {
        self.values.id("id")
    }

    /// Notes a warning about a field.
    pub fn warn(&mut self, warning: &Warning, field: impl Key) {
        self.note(Noted::new(warning, self.at(field)));
    }

    /// The draft itself, and those given inline in it.
    pub fn with_inline(&self) -> impl Iterator<Item = &Self> {
        [self].into_iter().chain(self.inline.iter().map(|(_, inner)| inner))
    }

    /// Records given inline stand where this one does, unless they say otherwise: which household it is depends on that.
    pub fn place_inline(&mut self, area_code: &str) {
        for (_, inner) in self.inline.iter_mut().filter(|(_, inner)| inner.values.text("area_code").is_none()) {
            inner.values.set("area_code", Value::Text(area_code.to_owned()));
        }
    }

    /// The id that a reference names, or that of the record told inline, by what identifies it.
    pub fn named(&self, reference: &TypedField<Uuid>, context: &Context<'_>) -> Option<Uuid> {
        let mut told = self.inline.iter().filter(|(field, _)| self.id_field(field) == reference.name());
        let inline = || told.find_map(|(_, inner)| inner.kind.rules.identify(inner, context));
        self.values.get(reference).or_else(inline)
    }

    /// Notes a warning once.
    pub fn note(&mut self, noted: Noted) {
        if !self.warnings.contains(&noted) {
            self.warnings.push(noted);
        }
    }

    /// Content that was submitted, in canonical form: instants by value, decimals by number, absent and null
    /// apart. The device's clock is left out: it differs at each retry.
    pub fn canonical(&self) -> Json {
        let mut members: Map<String, Json> = self
            .values
            .iter()
            .filter(|(name, _)| *name != "device_time")
            .map(|(name, value)| (name.to_owned(), canonical(value)))
            .collect();
        for (name, inner) in &self.inline {
            members.insert((*name).to_owned(), inner.canonical());
        }
        Json::Object(members)
    }

    /// Names lose what can't be seen in them: a name must look like itself.
    fn drop_invisible(&mut self, fields: &[&Field]) {
        for field in fields {
            let cleaned = match self.values.get(field.name) {
                Some(Value::Text(text)) if is_name(field.name) => visible(text).map(Value::Text),
                Some(Value::Json(json)) => {
                    let mut json = json.clone();
                    drop_in_members(&mut json).then_some(Value::Json(json))
                }
                _ => None,
            };
            if let Some(cleaned) = cleaned {
                self.values.set(field.name, cleaned);
                self.warn(&INVISIBLE_DROPPED, field.name);
            }
        }
    }

    /// A value in a mask's own form was read here and is being sent back: writing it would replace
    /// the real one by stars.
    fn refuse_masked(&mut self, fields: &[&Field], faults: &mut Faults) {
        for field in fields {
            let masked = matches!(field.privacy, Privacy::Masked(_))
                && self.values.get(field.name).is_some_and(|value| contains_mask(&value.to_json(chrono_tz::UTC)));
            if masked {
                faults.add(self.at(field.name), MASKED_VALUE);
                self.values.take(field.name);
            }
        }
    }
}

fn is_name(field: &str) -> bool {
    field == "name" || field.ends_with("_name")
}

/// The same for names within lists and objects. Says whether anything was dropped.
fn drop_in_members(json: &mut Json) -> bool {
    match json {
        Json::Array(items) => items.iter_mut().map(drop_in_members).fold(false, |any, dropped| any | dropped),
        Json::Object(members) => members.iter_mut().fold(false, |any, (name, member)| match member.as_str() {
            Some(text) if is_name(name) => match visible(text) {
                Some(cleaned) => {
                    *member = cleaned.into();
                    true
                }
                None => any,
            },
            _ => drop_in_members(member) | any,
        }),
        _ => false,
    }
}

/// Whether rules may fill a field of a body. Where a record stands and who captured it is the frame's to find.
fn can_be_derived(field: &Field) -> bool {
    const OF_THE_FRAME: [&str; 5] = ["id", "area_code", "area_edition", "org_id", "device_time"];
    field.write != Write::Never && !matches!(field.shape, Shape::Inline(..)) && !OF_THE_FRAME.contains(&field.name)
}

fn contains_mask(json: &Json) -> bool {
    match json {
        Json::String(text) => looks_masked(text),
        Json::Array(items) => items.iter().any(contains_mask),
        Json::Object(members) => members.values().any(contains_mask),
        _ => false,
    }
}
