//! Cards of what came in, went out and is left: each cell that says how much flowed is a record; what is left is compared
//! with what flowed and never stored.

use kit::text::Text;
use kit::tree::Tree;
use rust_decimal::Decimal;
use serde_json::json;

use super::header::Place;
use super::row::{Body, insert};
use super::table::{Table, has, of_row};
use super::wide::{CellAt, Unfolded, members_of, pointer, said};
use super::wide_header::Axis;
use crate::exchange::files::table::Row;
use crate::exchange::files::texts::{self, half_width, visible};
use crate::records::wide::{Path, WideAxis, WideFlow};
use crate::records::{Warning, Wide};

/// Rest of a thing, with what it is counted apart by.
pub type Left = (Vec<String>, Decimal);

/// A row that tells only what there was before.
static OPENING_TAKEN: Warning = Warning {
    code: "opening_taken",
    message: Text::new(
        "what there was before was taken as having come in; undo it where the register has it already",
        "期初结存已按入库登记;如系统中已有该库存,请作废该条",
    ),
};
/// A rest that isn't what flowed makes it.
const LEFT_DIFFERS: &str = "left_differs";

impl Table {
    /// Records of a row: one for each of its flows.
    pub(super) fn flows(
        &self,
        wide: &'static Wide,
        (row, cells): (&Row, &[String]),
        filled: &[usize],
        unfolded: &mut Unfolded,
    ) {
        let WideAxis::Flows { flows, unit, opening: (words, members), .. } = &wide.axis else { return };
        let base = self.body(row, cells, None);
        let amount = |column: usize| cells.get(column).map(|cell| visible(cell)).unwrap_or_default();
        for column in filled {
            let Some(Place::Axis(Axis::Flow(flow, brackets))) = self.header.places.get(*column) else { continue };
            if number(&amount(*column)).is_some_and(|number| number.is_zero()) {
                unfolded.blank += 1;
                continue;
            }
            let part = self.flowed(wide, &base, (flow, *unit, brackets.first()), (*column, &amount(*column)));
            unfolded.parts.push((part, vec![CellAt { pointer: pointer(wide.cell), column: *column, row: 0 }]));
        }
        let opens = cells.iter().any(|cell| words.contains(&visible(cell).as_str()));
        let left = self.left_column().map(|column| (column, amount(column))).filter(|(_, text)| !text.is_empty());
        if let (true, true, Some(flow), Some((column, text))) = (unfolded.parts.is_empty(), opens, flows.first(), left)
        {
            let mut part = self.flowed(wide, &base, (flow, *unit, None), (column, &text));
            let mut body = members_of(&mut part);
            for (path, word) in *members {
                insert(&mut body, path, Tree::Text((*word).to_owned()));
            }
            part.tree = Tree::Object(body);
            part.warnings.push((0, of_row(&pointer(wide.cell), &OPENING_TAKEN)));
            unfolded.parts.push((part, vec![CellAt { pointer: pointer(wide.cell), column, row: 0 }]));
        }
    }

    fn left_column(&self) -> Option<usize> {
        self.header.places.iter().position(|place| matches!(place, Place::Axis(Axis::Left)))
    }

    fn flowed(
        &self,
        wide: &Wide,
        base: &Body,
        (flow, unit, bracket): (&WideFlow, Path, Option<&String>),
        (column, text): (usize, &str),
    ) -> Body {
        let mut body = base.again();
        let mut members = members_of(&mut body);
        for (path, word) in flow.members {
            members.retain(|(name, _)| path.first() != Some(&name.as_str()));
            insert(&mut members, path, Tree::Text((*word).to_owned()));
        }
        let shape = self.header.kind.field(wide.cell.first().copied().unwrap_or_default()).map(|field| field.shape);
        let tree = shape.map_or_else(|| Tree::Text(text.to_owned()), |shape| texts::member(&shape, text, &self.hints));
        insert(&mut members, wide.cell, tree);
        if let Some(text) = bracket.filter(|_| !has(&members, unit)) {
            insert(&mut members, unit, Tree::Text(text.clone()));
        }
        body.texts.push((column, text.to_owned()));
        body.tree = Tree::Object(members);
        body
    }

    /// Compares what a row says is left with what was left before it and flowed since; warns where that differs.
    pub(super) fn compare_left(&mut self, wide: &'static Wide, cells: &[String], unfolded: &mut Unfolded) {
        let WideAxis::Flows { apart, .. } = &wide.axis else { return };
        let Some(column) = self.left_column() else { return };
        let Some((first, _)) = unfolded.parts.first() else { return };
        let text = |path: &Path| match path.iter().try_fold(&first.tree, |tree, step| tree.member(step)) {
            Some(Tree::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let key: Vec<String> = apart.iter().map(text).collect();
        let told = number(&said(cells, column));
        let mut flowed = Decimal::ZERO;
        for (part, at) in &unfolded.parts {
            let sign = at.first().and_then(|at| self.header.places.get(at.column)).map(|place| match place {
                Place::Axis(Axis::Flow(flow, _)) if flow.is_less => -Decimal::ONE,
                Place::Axis(Axis::Flow(..)) => Decimal::ONE,
                // Opening stock is what is left, and no flow.
                _ => Decimal::ZERO,
            });
            let amount = match wide.cell.iter().try_fold(&part.tree, |tree, step| tree.member(step)) {
                Some(Tree::Text(text)) => number(text),
                _ => None,
            };
            flowed = flowed.saturating_add(sign.unwrap_or_default().saturating_mul(amount.unwrap_or_default()));
        }
        let at = self.left.iter().position(|(other, _)| *other == key);
        let before = at.and_then(|at| self.left.get(at)).map(|(_, left)| *left);
        let expected = before.map(|before| before.saturating_add(flowed));
        if let (Some(expected), Some(told)) = (expected, told)
            && expected != told
            && let Some((body, _)) = unfolded.parts.first_mut()
        {
            let expected = expected.normalize();
            body.warnings.push((
                0,
                json!({"column": self.header.name_of(column), "pointer": "", "code": LEFT_DIFFERS,
                    "zh": format!("结存与上一行推算不符,应为 {expected};结存不入库,仅核对"),
                    "en": format!("what is left isn't what the rows above make it: {expected}; it is compared, not stored")}),
            ));
        }
        // A slip is told once: the rows below go on from what was written.
        let Some(left) = told.or(expected) else { return };
        let has_room = self.left.len() < MOST_LEFT;
        match at.and_then(|at| self.left.get_mut(at)) {
            Some((_, known)) => *known = left,
            None if has_room => self.left.push((key, left)),
            None => {}
        }
    }
}

/// Things of which it is remembered what is left.
const MOST_LEFT: usize = 2_000;

fn number(text: &str) -> Option<Decimal> {
    half_width(text).replace([',', ' '], "").parse().ok()
}
