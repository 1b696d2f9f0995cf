//! Cells that say why there is nothing: they become no record, and explain what was missed.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate};
use kit::field::Shape;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::tree::Tree;
use serde_json::json;
use uuid::Uuid;

use super::header::Place;
use super::items::Item;
use super::job::Job;
use super::no_records::{NOT_DONE, Reason};
use super::outcomes::Listed;
use super::row;
use super::wide_header::Axis;
use super::wide_lots::line_of_cell;
use crate::records::read;
use crate::records::wide::{Absence, NotDone, Told};

impl Job {
    /// Parts what only explains something from what is to be a record, and keeps what of it the caller may see.
    pub(super) async fn part_absences(&mut self, items: Vec<Item>) -> Result<Vec<Item>, Problem> {
        let (absent, items): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.absence.is_some());
        let Some(kept) = self.kind.rules.wide().and_then(|wide| wide.absences).filter(|_| !absent.is_empty()) else {
            return Ok(items);
        };
        let mut told = Vec::new();
        for item in &absent {
            let Some(absence) = item.absence else { continue };
            match &item.body.problem {
                Some(problem) => self.tell_unresolved(item, absence, problem, &items),
                None => told.extend(absence_of(item, kept.about, absence)),
            }
        }
        let about = match self.kind.field(kept.about).map(|field| field.shape) {
            Some(Shape::Reference(name)) => self.core.kinds().kind(name),
            _ => None,
        };
        let Some(about) = about else { return Ok(items) };
        let ids: Vec<Uuid> = told.iter().map(|absence| absence.about).collect::<BTreeSet<_>>().into_iter().collect();
        let seen = read::find_all(&self.core, &self.actor, about, &ids).await?;
        self.absences.extend(told.into_iter().filter(|absence| seen.contains_key(&absence.about)));
        Ok(items)
    }

    /// Of a row that says nothing else, who couldn't be told is said here.
    fn tell_unresolved(&mut self, item: &Item, absence: &NotDone, problem: &Problem, items: &[Item]) {
        if items.iter().any(|other| other.is_beside(item)) {
            return;
        }
        let column = item.cells.iter().flatten().map(|cell| cell.column).next().unwrap_or_default();
        let reason = Reason { code: NOT_DONE, message: absence.meaning };
        let line = line_of_cell(item.rows.first().map_or(0, |row| row.line), column);
        let faults = row::faults(item.header.as_deref(), problem);
        let details = json!({"reason": reason.kept(), "warnings": faults});
        // It was listed already; one statement can't list a row twice.
        let pending = self.tried.as_mut().unwrap_or(&mut self.listed);
        match pending.iter_mut().find(|listed| listed.line == line) {
            Some(listed) => listed.details = details,
            None => self.list(Listed { line, outcome: "not_a_record", record_id: None, details }),
        }
    }

    /// Statement that keeps them with this step; none of a trial.
    pub(super) fn absences_to_keep(&mut self) -> Option<Statement> {
        let kept = self.kind.rules.wide().and_then(|wide| wide.absences)?;
        if self.options.validate_only || self.absences.is_empty() {
            return None;
        }
        let absences = std::mem::take(&mut self.absences);
        let told = Told { import_id: self.id, actor: &self.actor, now: self.core.clock.now() };
        Some((kept.keep)(&self.district_code, &absences, told))
    }
}

fn absence_of(item: &Item, about: &str, absence: &NotDone) -> Option<Absence> {
    let text = |name: &str| match item.body.tree.member(name) {
        Some(Tree::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let id = Uuid::try_parse(text(about)?).ok()?;
    let column = item.cells.iter().flatten().map(|cell| cell.column).next()?;
    let slot = match item.header.as_deref()?.places.get(column)? {
        Place::Axis(Axis::Day(_, slot)) => slot.as_ref()?.code,
        _ => return None,
    };
    // By the clock of the sheet: the offset stands in the text.
    let on: NaiveDate = DateTime::parse_from_rfc3339(text("occurred_at")?).ok()?.date_naive();
    Some(Absence { about: id, on, slot, code: absence.code })
}
