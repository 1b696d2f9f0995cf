//! Nested things from cells: an item of a list by its column, somebody and his phone, a list in words.

use kit::field::{Field, Shape};
use kit::tree::Tree;

use super::header::{ItemColumn, Place};
use super::row::Body;
use super::table::Table;
use crate::exchange::files::columns::Column;
use crate::exchange::files::days::Hints;
use crate::exchange::files::texts::{self, visible};
use crate::records::{Kind, Registry, Rules};

/// Digits of which a number is a phone's.
const LEAST_OF_PHONE: usize = 7;

impl Table {
    /// An item of a list: its column says which, its cell how it was found.
    pub(super) fn item(
        &self,
        body: &mut Body,
        members: &mut Vec<(String, Tree)>,
        index: usize,
        item: &ItemColumn,
        text: &str,
        hints: &Hints,
    ) {
        let shown = visible(text);
        if shown.is_empty() {
            return;
        }
        if item.pair.is_some() && texts::is_mark(&shown) {
            return;
        }
        let mut said = match item.pair {
            Some(pair) => paired(item.value, pair, &shown),
            None => vec![(item.value.name.to_owned(), texts::member(&item.value.shape, text, hints))],
        };
        body.texts.push((index, shown));
        let key = (item.key.name.to_owned(), Tree::Text(item.code.to_owned()));
        // Several columns may speak of one item: who it is, and his phone.
        if let Some((_, Tree::List(items))) = members.iter_mut().find(|(name, _)| name == item.list.name) {
            let is_it = |other: &&mut Tree| matches!(other, Tree::Object(known) if known.contains(&key));
            if let Some(Tree::Object(known)) = items.iter_mut().find(is_it)
                && said.iter().all(|(name, _)| known.iter().all(|(other, _)| other != name))
            {
                return known.append(&mut said);
            }
        }
        let of_item = Tree::Object(std::iter::once(key).chain(said).collect());
        match members.iter_mut().find(|(name, _)| name == item.list.name) {
            Some((_, Tree::List(items))) => items.push(of_item),
            Some(_) => {}
            None => members.push((item.list.name.to_owned(), Tree::List(vec![of_item]))),
        }
    }

    /// The items of a list that a cell tells in words.
    pub(super) fn items_in_words(&self, index: usize, column: &Column, text: &str, hints: &Hints) -> Option<Vec<Tree>> {
        let rules = self.worded.get(index).copied().flatten().filter(|_| !hints.ours)?;
        let shown = visible(text);
        if shown.is_empty() || shown.starts_with(['[', '{']) || texts::is_mark(&shown) {
            return None;
        }
        rules.items_in_words(column.field.name, &shown, hints.day.unwrap_or(hints.today))
    }
}

/// The rules that read a list of things from words, where a column is one.
pub fn worded(kind: &'static Kind, kinds: &Registry, place: &Place) -> Option<&'static dyn Rules> {
    let Place::Field(column) = place else { return None };
    if !matches!(column.field.shape, Shape::List { of: Shape::Object(_), .. }) {
        return None;
    }
    match column.path.as_slice() {
        [_] => Some(kind.rules),
        [first, _] => match kind.field(first)?.shape {
            Shape::Inline(name, _) => kinds.kind(name).map(|inner| inner.rules),
            _ => None,
        },
        _ => None,
    }
}

/// `张三/13800000000`, `张三（0835-1234567）`: who, and his phone.
fn paired(value: &Field, pair: &Field, text: &str) -> Vec<(String, Tree)> {
    let half = texts::half_width(text);
    let digits = |letter: char| letter.is_ascii_digit() || letter == '-';
    let from = half.find(|letter: char| letter.is_ascii_digit());
    let number = from
        .and_then(|from| half.get(from..))
        .map(|rest| rest.split(|letter| !digits(letter)).next().unwrap_or_default());
    let number = number.filter(|number| number.len() >= LEAST_OF_PHONE);
    let (Some(number), Some(from)) = (number, from) else {
        return vec![(value.name.to_owned(), Tree::Text(text.to_owned()))];
    };
    let before = half.get(..from).unwrap_or_default();
    let name = before.trim_matches(|letter: char| {
        letter.is_whitespace() || matches!(letter, '/' | '(' | ')' | ':' | '、' | ',' | '，' | ';' | '-')
    });
    let phone = (pair.name.to_owned(), Tree::Text(number.to_owned()));
    if name.is_empty() {
        return vec![phone];
    }
    if value.name == pair.name {
        return vec![(value.name.to_owned(), Tree::Text(text.to_owned()))];
    }
    vec![(value.name.to_owned(), Tree::Text(name.to_owned())), phone]
}
