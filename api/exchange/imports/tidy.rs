//! Columns that only sheets have: what they say is put where it belongs before anything else is done with a row.

use std::collections::BTreeMap;

use kit::field::Field;
use kit::tree::Tree;
use serde_json::{Value as Json, json};

use super::items::Item;
use super::job::Job;
use crate::exchange::files::texts::is_mark;
use crate::records::{SheetRow, Warning};

impl Job {
    /// Puts what sheets say in words of their own into the members that mean it.
    pub(super) fn tidy(&self, items: &mut [Item]) {
        let rules = self.kind.rules;
        let group = rules.book().map(|book| book.groups.column);
        for item in items.iter_mut().filter(|item| !item.body.ours) {
            let mut said =
                if item.header.is_some() { taken(&mut item.body.tree, rules.sheet_fields()) } else { BTreeMap::new() };
            item.body.leader = group.and_then(|column| said.remove(column));
            let mut row = SheetRow { body: &mut item.body.tree, said, warnings: Vec::new(), noted: Vec::new() };
            rules.tidy_sheet(&mut row);
            let SheetRow { warnings, noted, .. } = row;
            for (pointer, text) in noted {
                let header = item.header.as_deref();
                let index = header.and_then(|header| header.index_of(&pointer));
                let called = header.zip(index).map(|(header, at)| header.name_of(at)).unwrap_or_default();
                item.body.noted.push((called, text));
            }
            for (pointer, warning) in warnings {
                warn(item, &pointer, warning);
            }
        }
    }
}

/// Takes members out of a body that no body has.
fn taken(tree: &mut Tree, fields: &'static [Field]) -> BTreeMap<&'static str, String> {
    let Tree::Object(members) = tree else { return BTreeMap::new() };
    let mut said = BTreeMap::new();
    for field in fields {
        let Some(at) = members.iter().position(|(name, _)| name == field.name) else { continue };
        if let (_, Tree::Text(text)) = members.remove(at)
            && !is_mark(&text)
        {
            said.insert(field.name, text.trim().to_owned());
        }
    }
    said
}

/// Warns of a member, in the row and the column where it stands.
fn warn(item: &mut Item, pointer: &str, warning: &'static Warning) {
    let own = item.cells.iter().flatten().find(|cell| cell.pointer == pointer).map(|cell| (cell.row, cell.column));
    let index_of = |pointer: &str| item.header.as_deref().and_then(|header| header.index_of(pointer));
    let (row, column) = match own {
        Some((row, column)) => (row, Some(column)),
        None => {
            let line = pointer.split('/').nth(2).and_then(|step| step.parse().ok());
            let row = line.filter(|row| item.cells.is_none() && *row < item.rows.len()).unwrap_or(0);
            (row, index_of(pointer))
        }
    };
    let called = column.zip(item.header.as_deref()).map(|(column, header)| header.name_of(column));
    item.body.warnings.push((row, told(called.as_deref(), pointer, warning)));
}

/// A warning as it is kept.
pub fn told(column: Option<&str>, pointer: &str, warning: &Warning) -> Json {
    json!({"column": column, "pointer": pointer, "code": warning.code, "zh": warning.message.zh, "en": warning.message.en})
}
