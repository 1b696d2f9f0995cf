//! Settlement of rows: each is created, already there, revised or skipped, or else refused.

use kit::etag::IfMatch;
use kit::problem::Problem;
use kit::tree::Tree;
use serde_json::json;
use uuid::Uuid;

use super::items::Item;
use super::job::Job;
use super::kept_lines;
use super::outcomes::{self, Listed};
use super::returned::Change;
use super::tidy::told;
use super::wide_lots::line_of_cell;
use crate::platform::codes::NOT_FOUND;
use crate::records::codes::{RECORD_EXISTS, RECORD_VOIDED};
use crate::records::create::{Created, Outcome};
use crate::records::void::BROUGHT_BACK;
use crate::records::{Record, amend, read};

/// Result of a record of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settled {
    Created,
    Same,
    Revised,
    Skipped,
}

impl Job {
    /// Counts an outcome, by rows, and notes what is to be said of it. A record that is there with other content is
    /// left, or amended by the file.
    pub(super) async fn settle(&mut self, item: &Item, outcome: Outcome) -> Result<(), Problem> {
        let met = outcome.as_ref().ok().map(|created| created.record().envelope.id).or(item.met.map(|met| met.id));
        let is_exists = matches!(&outcome, Err(problem) if problem.code() == RECORD_EXISTS);
        let full = outcome.as_ref().ok().and_then(|created| self.note_leader(item, created));
        let settled = match item.met.map(|met| met.change).filter(|_| is_exists) {
            Some(Change::Nothing) => Settled::Same,
            Some(Change::Never) if !self.options.atomic => Settled::Skipped,
            Some(Change::Never) => return Err(RECORD_EXISTS.into()),
            _ => self.settled(&item.body.tree, outcome).await?,
        };
        let rows = item.weight();
        self.counts.read += rows;
        let full = full.map(|warning| told(None, "", warning));
        let (count, word) = match settled {
            Settled::Created => (&mut self.counts.created, "created"),
            Settled::Same => (&mut self.counts.same, "same"),
            Settled::Revised => (&mut self.counts.revised, "revised"),
            Settled::Skipped => (&mut self.counts.skipped, "skipped"),
        };
        *count += rows;
        let own = || match item.body.tree.member("id") {
            Some(Tree::Text(id)) => Uuid::try_parse(id).ok(),
            _ => None,
        };
        // A record that would be new is none yet.
        let record_id = if self.options.validate_only { met } else { met.or_else(own) };
        if let Some(cells) = &item.cells {
            let warnings = item.body.warnings_of(0);
            for cell in cells.iter().filter(|_| settled != Settled::Created || !warnings.is_empty()) {
                let line = item.rows.get(cell.row).map_or(0, |row| row.line);
                let details = json!({"differs": settled == Settled::Skipped, "warnings": warnings});
                self.list(Listed { line: line_of_cell(line, cell.column), outcome: word, record_id, details });
            }
            return Ok(());
        }
        for (index, row) in item.rows.iter().enumerate() {
            let mut warnings = item.body.warnings_of(index);
            warnings.extend(full.as_ref().filter(|_| index == 0));
            if settled == Settled::Created && warnings.is_empty() {
                continue;
            }
            let details = json!({"differs": settled == Settled::Skipped, "warnings": warnings});
            self.list(Listed { line: row.line, outcome: word, record_id, details });
        }
        Ok(())
    }

    /// Notes what came of a row, while there is room.
    pub(super) fn list(&mut self, listed: Listed) {
        if let Some(tried) = &mut self.tried {
            if tried.len() < outcomes::MOST_LISTED {
                tried.push(listed);
            }
        } else if self.listed_rows < outcomes::MOST_LISTED {
            self.listed_rows += 1;
            self.listed.push(listed);
        }
    }

    async fn settled(&mut self, tree: &Tree, outcome: Outcome) -> Result<Settled, Problem> {
        Ok(match outcome {
            Ok(Created::New(record)) => {
                self.assumed |= record.envelope.assumed;
                self.note_number(record.envelope.change_no);
                Settled::Created
            }
            // A file has no warnings by the row: whoever brings what is void is told by a row to mend.
            Ok(Created::Same(record) | Created::Known(record, _)) if record.envelope.voided && !self.options.atomic => {
                return Err(RECORD_VOIDED.into());
            }
            Ok(Created::Known(record, _)) if self.is_brought_back(&record) => {
                self.note_number(record.envelope.change_no);
                Settled::Created
            }
            Ok(Created::Known(record, _))
                if record.envelope.revised_by == self.actor.user_id && record.envelope.revision > 1 =>
            {
                Settled::Revised
            }
            // Outcomes of the first creation don't matter: the values that stand may be another row's.
            Ok(Created::Same(record)) if self.options.revise && self.may_differ(&record) => self.revise(tree).await?,
            Ok(Created::Same(_) | Created::Known(..)) => Settled::Same,
            // Only checked: it would be new.
            Err(problem) if self.options.validate_only && problem.code() == NOT_FOUND => Settled::Created,
            Err(problem) if problem.code() == RECORD_EXISTS && self.options.revise => self.revise(tree).await?,
            Err(problem) if problem.code() == RECORD_EXISTS && !self.options.atomic => Settled::Skipped,
            Err(problem) => return Err(problem),
        })
    }

    /// Whether somebody whom an undo took back is here again by this file, told once.
    fn is_brought_back(&mut self, record: &Record) -> bool {
        record.values.text("restore_reason") == Some(BROUGHT_BACK)
            && record.envelope.source == format!("import:{}", self.id)
            && self.brought_back.insert(record.envelope.id)
    }

    /// Whether a record may have been changed since it was created as the file has it.
    fn may_differ(&self, record: &Record) -> bool {
        !record.envelope.voided && (record.envelope.revision > 1 || self.revised.contains(&record.envelope.id))
    }

    async fn revise(&mut self, tree: &Tree) -> Result<Settled, Problem> {
        let Some(Tree::Text(id)) = tree.member("id") else { return Err(NOT_FOUND.into()) };
        let id = Uuid::try_parse(id).map_err(|_| Problem::new(NOT_FOUND))?;
        let current = match read::find(&self.core, &self.actor, self.kind, id).await {
            // The record is only in the file as yet, with other content.
            Err(_) if self.options.validate_only && self.options.atomic => return Err(RECORD_EXISTS.into()),
            Err(_) if self.options.validate_only => return Ok(Settled::Revised),
            found => found?,
        };
        let fixed = |name: &str| {
            let field = self.kind.body_fields().into_iter().find(|field| field.name == name);
            field.is_some_and(|field| {
                field.write != kit::field::Write::Always || matches!(field.shape, kit::field::Shape::Inline(..))
            })
        };
        let patch = match tree {
            Tree::Object(members) => Tree::Object(members.iter().filter(|(name, _)| !fixed(name)).cloned().collect()),
            other => other.clone(),
        };
        let patch = match self.kind.rules.lines().filter(|_| self.options.keep_good) {
            Some(lines) => kept_lines::joined(&current, lines, patch),
            None => patch,
        };
        if self.options.validate_only {
            let next = amend::patched(&self.core, &self.actor, self.kind, &current, &patch).await?;
            let same = amend::is_same(self.kind, &current, &next);
            return Ok(if same { Settled::Same } else { Settled::Revised });
        }
        let if_match = IfMatch::Any;
        let amended = amend::amend(&self.core, &self.actor, self.kind, id, &if_match, &patch, None).await?;
        if amended.envelope.revision == current.envelope.revision {
            return Ok(Settled::Same);
        }
        self.revised.insert(id);
        Ok(Settled::Revised)
    }
}
