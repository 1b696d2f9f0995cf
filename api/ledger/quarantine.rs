//! Quarantine of appends that may have made the writer panic: its callers send a batch that went down with a panic
//! again, and one of it panics again. Whoever was in it is written by itself, so that no neighbour goes down with it
//! twice.

use std::collections::BTreeSet;
use std::time::Duration;

use kit::supervision::{Pauses, Supervision};
use uuid::Uuid;

use super::WRITER;
use super::writer::Job;

/// Pauses of the writer after a panic: phones wait meanwhile, so they are short.
const PAUSES: Pauses = Pauses { first: Duration::from_millis(100), longest: Duration::from_secs(5) };
/// Appends after a panic that are written by themselves whatever they are: some of it may come again under other ids.
const ALONE: usize = 512;
/// Suspects that are remembered at most.
const SUSPECTS: usize = 4_096;

/// State after panics.
pub(super) struct Quarantine {
    suspects: BTreeSet<Uuid>,
    alone: usize,
    pause: Duration,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self { suspects: BTreeSet::new(), alone: 0, pause: PAUSES.first }
    }
}

impl Quarantine {
    /// A batch in the lots in which it is written: one, but after a panic.
    pub(super) fn divide(&mut self, jobs: Vec<Job>) -> Vec<Vec<Job>> {
        if self.alone == 0 && self.suspects.is_empty() {
            return vec![jobs];
        }
        let mut lots: Vec<Vec<Job>> = Vec::new();
        let mut together = Vec::new();
        for job in jobs {
            let suspect = mark(&job).is_some_and(|id| self.suspects.contains(&id));
            match suspect || self.alone > 0 {
                true => lots.push(vec![job]),
                false => together.push(job),
            }
            self.alone = self.alone.saturating_sub(1);
        }
        if !together.is_empty() {
            lots.insert(0, together);
        }
        lots
    }

    /// Marks of a lot by which they are known when they are sent again.
    pub(super) fn members(lot: &[Job]) -> Vec<Uuid> {
        lot.iter().filter_map(mark).collect()
    }

    /// A lot went through.
    pub(super) fn passed(&mut self, members: &[Uuid]) {
        self.pause = PAUSES.first;
        if !self.suspects.is_empty() {
            self.suspects.retain(|id| !members.contains(id));
        }
    }

    /// A lot went down with a panic: the writer pauses, and writes with care for a while.
    pub(super) async fn panicked(&mut self, members: Vec<Uuid>, supervision: &Supervision) {
        self.alone = ALONE;
        if self.suspects.len() + members.len() > SUSPECTS {
            self.suspects.clear();
        }
        self.suspects.extend(members);
        let _down = supervision.is_down(WRITER);
        tracing::error!(worker = WRITER, pause_ms = self.pause.as_millis(), "the writer panicked; it begins again");
        tokio::time::sleep(self.pause).await;
        self.pause = PAUSES.after(self.pause);
    }
}

/// Mark of a job: its first row or, where it only asks, its first claim.
fn mark(job: &Job) -> Option<Uuid> {
    let rows = job.append.changes.iter().map(|change| change.id);
    rows.chain(job.append.claims.iter().map(|claim| claim.id)).next()
}
