//! Lines of records that ask for something to be put right, and which rectification each of them is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use kit::value::Values;
use ledger::decide::Decider;
use uuid::Uuid;

use super::RectificationDecider;
use super::wire::{LINE_NO, REQUIREMENT, REQUIREMENTS, RectificationSource, RectificationState, STATE};
use crate::records::Record;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::supervision::oversight_checks::FINDINGS;

/// A line that asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Its place in the list, from 1.
    pub line_no: i64,
    /// The work that must be done.
    pub requirement: String,
    /// Until which day.
    pub due_on: NaiveDate,
}

/// The decider of a change of a record whose lines ask for something; none where neither revision asks.
pub fn demands(former: Option<&Record>, next: &Record, write_context: &Arc<WriteContext>) -> Vec<Arc<dyn Decider>> {
    let asks = |record: &Record| !lines_of(&record.values).is_empty();
    let concerned = asks(next) || former.is_some_and(asks);
    concerned.then(|| RectificationDecider::of(write_context)).into_iter().collect()
}

/// Lines of a record that ask for something until a day.
pub fn lines_of(values: &Values) -> Vec<Demand> {
    let required = (1..).zip(values.list(&REQUIREMENTS));
    let required =
        required.map(|(line_no, line)| Demand { line_no, requirement: line.requirement, due_on: line.due_on });
    let found = (1..).zip(values.list(&FINDINGS)).filter_map(|(line_no, line)| {
        Some(Demand { line_no, requirement: line.requirement.unwrap_or(line.finding), due_on: line.due_on? })
    });
    required.chain(found).collect()
}

/// Source that a kind of record is.
pub fn source_of(kind: &str) -> Option<RectificationSource> {
    RectificationSource::of_code(kind)
}

/// Which rectification each line is, by the line's number. The same words are the same line, wherever in the list they
/// stand now; other words in a line's place are that line still, as long as nobody has done anything about it.
pub fn matched(lines: &[Demand], known: &BTreeMap<Uuid, &LockedRow>) -> BTreeMap<i64, Uuid> {
    let mut found = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for line in lines {
        let same = |row: &LockedRow| row.record.values.get(&REQUIREMENT) == Some(line.requirement.as_str());
        let stands_there = |row: &LockedRow| row.record.values.get(&LINE_NO) == Some(line.line_no);
        let same_words: Vec<_> = known.iter().filter(|(id, row)| !taken.contains(*id) && same(row)).collect();
        let best = same_words.iter().find(|(_, row)| stands_there(row)).or(same_words.first());
        if let Some((id, _)) = best {
            taken.insert(**id);
            found.insert(line.line_no, **id);
        }
    }
    for line in lines {
        let untouched = |row: &LockedRow| {
            row.record.values.get(&LINE_NO) == Some(line.line_no)
                && row.record.values.get(&STATE) == Some(RectificationState::Issued)
        };
        if found.contains_key(&line.line_no) {
            continue;
        }
        if let Some((id, _)) = known.iter().find(|(id, row)| !taken.contains(*id) && untouched(row)) {
            taken.insert(*id);
            found.insert(line.line_no, *id);
        }
    }
    found
}
