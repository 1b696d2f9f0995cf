//! Values in a file of ours beside those that a client may send, and where they stand in it.

use kit::field::Write;
use kit::text::Language;
use kit::tree::Tree;

use super::header::{Header, Place};
use super::row::{Body, insert};
use crate::exchange::files::columns::{Column, Part, folded};
use crate::exchange::files::export::MARK;
use crate::records::document::is_server_field;
use crate::records::{Kind, envelope};

/// A value in a row beside those that a client may send.
#[derive(Clone)]
pub struct Told {
    /// Where: a column of the header, or a member of a line of JSON.
    pub place: ToldIn,
    /// As it was typed.
    pub text: String,
    /// As it was read.
    pub tree: Tree,
}

/// Place of what the server tells.
#[derive(Clone)]
pub enum ToldIn {
    /// A column, by its place.
    Column(usize, Column),
    /// A member.
    Member(String),
}

/// Parts what the server tells from what a client may send, in a line of an export; others are left as they are.
pub fn part(kind: &Kind, body: &mut Body) {
    let Tree::Object(members) = &mut body.tree else { return };
    let has = |name: &str| members.iter().any(|(other, _)| other == name);
    if !["id", "revision", "change_no", "recorded_at"].into_iter().all(has) {
        return;
    }
    let fields = kind.body_fields();
    let is_own = |name: &str| fields.iter().any(|field| field.name == name && field.write != Write::Never);
    let is_told = |name: &str| {
        is_server_field(kind, name)
            || kind.field(name).is_some_and(|field| field.write == Write::Never)
            || (name == "kind" && !kind.has_kind_of_its_own())
            || name == "person_plain"
            || MARK.contains(&name)
    };
    let (told, own) = std::mem::take(members).into_iter().partition(|(name, _)| !is_own(name) && is_told(name));
    *members = own;
    let told: Vec<(String, Tree)> = told;
    body.told.extend(told.into_iter().map(|(name, tree)| Told {
        place: ToldIn::Member(name),
        text: String::new(),
        tree,
    }));
    body.ours = true;
}

/// Whether a line is the end of an export.
pub fn is_end(text: &str) -> bool {
    text.trim_start().starts_with("{\"_end\":")
}

/// The place of a header of an export of ours.
pub fn place(kind: &Kind, added: &[Column], name: &str) -> Option<Place> {
    let is_it = |column: &&Column| {
        [Language::English, Language::Chinese].into_iter().any(|language| folded(&column.header(language)) == name)
    };
    let column = added.iter().find(is_it)?;
    let is_server = |column: &Column| {
        let first = column.path.first().copied().unwrap_or_default();
        let own = kind.body_fields().into_iter().find(|field| field.name == first);
        own.map_or_else(|| envelope::SERVED.iter().any(|served| served.name == first), |own| own.write == Write::Never)
    };
    Some(match column.part {
        Part::Name => Place::Served(column.clone()),
        Part::Value if is_server(column) => Place::Served(column.clone()),
        _ => Place::Field(column.clone()),
    })
}

/// In a table an empty cell says that there is nothing.
pub fn fill(header: &Header, tree: &mut Tree) {
    let Tree::Object(members) = tree else { return };
    for place in &header.places {
        let Place::Field(column) = place else { continue };
        let Some((list, rest)) = column.path.split_first() else { continue };
        if column.part != Part::Item {
            fill_member(members, &column.path);
            continue;
        }
        match members.iter_mut().find(|(name, _)| name == list) {
            Some((_, Tree::List(items))) => {
                for item in items {
                    if let Tree::Object(inner) = item {
                        fill_member(inner, rest);
                    }
                }
            }
            Some(_) => {}
            None => members.push(((*list).to_owned(), Tree::List(Vec::new()))),
        }
    }
}

fn fill_member(members: &mut Vec<(String, Tree)>, path: &[&'static str]) {
    let Some((first, rest)) = path.split_first() else { return };
    match members.iter_mut().find(|(name, _)| name == first) {
        None => insert(members, path, Tree::Null),
        Some((_, Tree::Object(inner))) if !rest.is_empty() => fill_member(inner, rest),
        Some(_) => {}
    }
}

/// Value that a row has for a field that the server fills in.
pub fn told_of<'a>(body: &'a Body, name: &str) -> Option<&'a Told> {
    body.told.iter().find(|told| match &told.place {
        ToldIn::Column(_, column) => column.part == Part::Value && column.name() == name,
        ToldIn::Member(member) => member == name,
    })
}

/// The revision that a row says it is of.
pub fn revision(told: &Told) -> Option<i64> {
    if let Tree::Number(number) = &told.tree { number.as_i64() } else { None }
}
