//! Figures of the writer's work: counters that only grow.

use prometheus_client::metrics::counter::Counter;

/// Counts of the writer, shared with whoever shows them.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Batches taken from the queue.
    pub batches: Counter,
    /// Appends in those batches.
    pub appends: Counter,
    /// Appends that were written.
    pub written: Counter,
    /// Appends that were refused because the queue was full.
    pub refused: Counter,
}
