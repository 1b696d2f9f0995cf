//! One secondary cell never costs the row: what can't be read in it goes into the note, and is told.

use kit::faults::Fault;
use kit::field::{Field, Shape, Write};
use kit::text::Text;
use kit::tree::Tree;

use super::header::{Header, Unknown};
use super::items::{Checked, Item};
use super::job::Job;
use super::table::of_row;
use crate::exchange::files::columns::is_account;
use crate::exchange::files::texts::is_mark;
use crate::records::Warning;

/// A cell that can't be read and needn't be.
pub static CELL_KEPT: Warning = Warning {
    code: "cell_kept_in_note",
    message: Text::new("can't be read as this column; kept in the note", "内容不符合该列要求,已移入备注"),
};
/// More than a note holds.
pub static NOTE_CUT: Warning = Warning {
    code: "note_cut",
    message: Text::new("the note can't hold all of it and was cut", "备注超长,已截断"),
};

/// The most that a note holds.
const MOST_OF_NOTE: usize = 500;
/// How often what was taken out may uncover something else.
const TIMES: usize = 3;

impl Job {
    /// Moves secondary cells with faults into the notes of rows that are good but for them.
    pub(super) fn salvage(&self, items: &mut [Item]) {
        let context = self.core.context(self.core.clock.now(), &self.district_code);
        for item in items {
            let Some(header) = item.header.clone() else { continue };
            // Programs are told what they send wrong; clerks can't mend every cell.
            if item.body.problem.is_none() && header.unknown != Unknown::Refuse {
                for _ in 0..TIMES {
                    let checked = Checked::of(self.kind, self.core.kinds(), &item.body.tree, &context);
                    if !self.take_out(item, &header, checked.faults.list()) {
                        item.checked = Some(checked);
                        break;
                    }
                }
            }
            if !item.body.noted.is_empty() {
                finish_note(item);
                item.checked = None;
            }
        }
    }

    /// Takes secondary cells out; answers whether there were any, and nothing else was wrong.
    fn take_out(&self, item: &mut Item, header: &Header, faults: &[Fault]) -> bool {
        let pointers: Vec<String> = faults.iter().map(|fault| fault.pointer.clone()).collect();
        if pointers.is_empty() || !pointers.iter().all(|pointer| self.is_secondary(pointer)) {
            return false;
        }
        let mut indexes: Vec<usize> = Vec::new();
        // The last item of a list first, so that the others keep their places.
        for pointer in pointers.iter().rev() {
            let steps: Vec<&str> = pointer.split('/').skip(1).collect();
            let Some(index) = header.index_of(pointer) else { return false };
            let taken = remove(&mut item.body.tree, &steps);
            let text = match taken {
                // Of a list only the one word is kept aside.
                Some(Tree::Text(text)) if steps.last().is_some_and(|step| step.parse::<usize>().is_ok()) => text,
                Some(_) => item
                    .body
                    .texts
                    .iter()
                    .find(|(column, _)| *column == index)
                    .map(|(_, text)| text.clone())
                    .unwrap_or_default(),
                None => return false,
            };
            if is_mark(&text) {
                continue;
            }
            if !indexes.contains(&index) {
                indexes.push(index);
                item.body.warn(header, index, &CELL_KEPT);
            }
            item.body.noted.push((header.name_of(index), text));
        }
        true
    }

    /// Whether a record means the same without a field: it need not be there, it isn't what it is known by, and it
    /// says neither where nor when.
    fn is_secondary(&self, pointer: &str) -> bool {
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        let Some((first, rest)) = steps.split_first() else { return false };
        let fields = self.kind.body_fields();
        let Some(field) = fields.iter().find(|field| field.name == *first) else { return false };
        match (field.shape, rest) {
            (Shape::Inline(name, _), [inner]) => {
                let kind = self.core.kinds().kind(name);
                kind.and_then(|kind| kind.field(inner)).is_some_and(is_by_the_way)
            }
            (Shape::Object(members), [inner]) => {
                members.iter().find(|member| member.name == *inner).is_some_and(is_by_the_way)
            }
            // Words where an object is expected: a sheet says in a sentence what a form asks for piece by piece.
            (Shape::List { of: Shape::Word(_) | Shape::Object(_), .. }, [_]) => !field.required,
            (_, []) => is_by_the_way(field) && !self.is_key(first),
            _ => false,
        }
    }

    fn is_key(&self, name: &str) -> bool {
        self.kind.rules.natural_key().iter().any(|names| names.split('|').any(|other| other == name))
    }
}

pub fn is_by_the_way(field: &Field) -> bool {
    let says_where_or_when = !is_account(field)
        && matches!(
            field.shape,
            Shape::Reference(_)
                | Shape::Inline(..)
                | Shape::Area
                | Shape::Id
                | Shape::List { of: Shape::Object(_) | Shape::Id | Shape::Account, .. }
        );
    !field.required
        && field.write == Write::Always
        && !says_where_or_when
        && field.name != "occurred_at"
        && field.name != "note"
}

/// Takes a member out of a body; the member.
fn remove(tree: &mut Tree, steps: &[&str]) -> Option<Tree> {
    let (first, rest) = steps.split_first()?;
    match tree {
        Tree::Object(members) => {
            let at = members.iter().position(|(name, _)| name == first)?;
            if rest.is_empty() {
                return Some(members.remove(at).1);
            }
            let taken = remove(&mut members.get_mut(at)?.1, rest);
            // An object or a list of nothing says nothing.
            let is_empty = members.get(at).is_some_and(|(_, member)| {
                matches!(member, Tree::Object(inner) if inner.is_empty())
                    || matches!(member, Tree::List(inner) if inner.is_empty())
            });
            if is_empty {
                members.remove(at);
            }
            taken
        }
        Tree::List(items) => {
            let at: usize = first.parse().ok()?;
            (rest.is_empty() && at < items.len()).then(|| items.remove(at))
        }
        _ => None,
    }
}

/// Writes what has no field into the note, each once.
pub fn finish_note(item: &mut Item) {
    let mut noted = std::mem::take(&mut item.body.noted);
    let mut seen = Vec::new();
    noted.retain(|part| {
        !seen.contains(part) && {
            seen.push(part.clone());
            true
        }
    });
    let Tree::Object(members) = &mut item.body.tree else { return };
    let at = members.iter().position(|(name, _)| name == "note");
    let before = match at.map(|at| members.remove(at).1) {
        Some(Tree::Text(text)) => vec![text],
        _ => Vec::new(),
    };
    let parts = before.into_iter().chain(noted.iter().map(|(name, text)| format!("{name}：{text}")));
    let mut note = parts.collect::<Vec<_>>().join("；");
    if note.chars().count() > MOST_OF_NOTE {
        note = note.chars().take(MOST_OF_NOTE).collect();
        item.body.warnings.push((0, of_row("/note", &NOTE_CUT)));
    }
    members.push(("note".to_owned(), Tree::Text(note)));
}
