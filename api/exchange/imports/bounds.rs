//! Bounds of an import: its turn to work, its time, its faults; and that it ends with its client.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kit::catalogue::Code;
use kit::problem::Problem;
use serde_json::Value as Json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::items::Item;
use super::job::{CHUNK, Job};
use super::store;
use super::uploads::ImportSlots;
use crate::exchange::codes::TOO_MANY_FAULTS;
use crate::exchange::files::table::Row;

/// Faults that are kept of one import: whoever has more mends the file's form, not its rows.
const MOST_FAULTS: usize = 10_000;

/// A step of so many records within its time: the deadline for each chunk of them.
pub(super) async fn timed<T>(
    deadline: Duration,
    records: usize,
    step: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let chunks = u32::try_from(records / CHUNK + 1).unwrap_or(u32::MAX);
    let late = |_| Err(Problem::unavailable(Code::UNAVAILABLE, 5, "a step of an import took too long"));
    timeout(deadline.saturating_mul(chunks), step).await.unwrap_or_else(late)
}

impl Job {
    /// The turn of this import: a few work at once, in the order in which they ask. While a file arrives it has none.
    pub(super) fn turn(&self) -> impl Future<Output = Result<OwnedSemaphorePermit, Problem>> + use<> {
        let slots = Arc::clone(&self.core.ext::<ImportSlots>().0);
        async { slots.acquire_owned().await.map_err(Problem::internal) }
    }

    /// The client is there, or asked to go on without him.
    pub(super) fn require_client(&self) -> Result<(), Problem> {
        match &self.client {
            Some(client) if client.has_ended() => Err(Code::MALFORMED_REQUEST.into()),
            _ => Ok(()),
        }
    }

    /// Counts the rows of a record as refused, and keeps them with their faults while there is room.
    pub(super) fn refuse(
        &mut self,
        item: &Item,
        problem: &Problem,
        kept: &mut Vec<store::LockedRow>,
    ) -> Result<(), Problem> {
        let rows = item.weight();
        self.counts.read += rows;
        self.counts.refused += rows;
        let faults: Vec<Json> = item.faults(problem);
        if item.cells.is_some() {
            return self.refuse_cells(item, faults, kept);
        }
        self.faults += faults.iter().map(|faults| faults.as_array().map_or(1, Vec::len)).sum::<usize>();
        if self.faults > MOST_FAULTS {
            return Ok(());
        }
        let keep = |(row, faults): (&Row, Json)| {
            store::keep(&self.core, &self.district_code, self.id, row.line, &row.cells, faults)
        };
        for row in item.rows.iter().zip(faults).map(keep) {
            kept.push(row?);
        }
        Ok(())
    }

    /// Keeps a row of a wide sheet once, with what is wrong with each of its cells.
    fn refuse_cells(
        &mut self,
        item: &Item,
        faults: Vec<Json>,
        kept: &mut Vec<store::LockedRow>,
    ) -> Result<(), Problem> {
        for (row, faults) in item.rows.iter().zip(faults) {
            let line = i64::try_from(row.line).unwrap_or(i64::MAX);
            let known = kept.iter_mut().rev().find(|(other, ..)| *other == line);
            let mut new = faults.as_array().cloned().unwrap_or_default();
            if let Some((.., Json::Array(known))) = &known {
                new.retain(|fault| !known.contains(fault));
            }
            self.faults += new.len();
            match known {
                Some((.., Json::Array(known))) => known.extend(new),
                _ if self.faults > MOST_FAULTS => {}
                _ => kept.push(store::keep(
                    &self.core,
                    &self.district_code,
                    self.id,
                    row.line,
                    &row.cells,
                    Json::Array(new),
                )?),
            }
        }
        Ok(())
    }

    /// No more faults than are kept.
    pub(super) fn require_few_faults(&self) -> Result<(), Problem> {
        if self.faults > MOST_FAULTS { Err(TOO_MANY_FAULTS.into()) } else { Ok(()) }
    }
}
