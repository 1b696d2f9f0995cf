//! Flow of a file into the ledger: while a lot is written the next one is read, checked and told apart, so that neither
//! the server nor the database waits for the other.

use std::iter::Peekable;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use futures_util::future::join;
use kit::field::{Field, Shape};
use kit::problem::Problem;

use super::bounds::timed;
use super::items::Item;
use super::job::{CHUNK, Job, new_of};
use super::reader::Reader;
use super::wide_lots::lot;
use crate::exchange::files::table::Row;
use crate::records::bulk::create_bulk;
use crate::records::create::Outcome;
use crate::records::{Kind, Registry};

/// Rows of a lot while others write, and of records that were gathered from many rows each.
const SMALL_CHUNK: usize = 64;
/// Rows of a lot when nobody wrote for several: each of its counters is written once a lot.
const LARGE_CHUNK: usize = 1_000;
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Position in a file: what was read and isn't in a lot yet.
struct Source<'a> {
    reader: &'a mut Reader,
    rows: Peekable<IntoIter<Row>>,
    items: Peekable<IntoIter<Item>>,
    has_ended: bool,
    /// Rows that are taken at a time.
    size: usize,
}

/// Records that are to be written next.
enum Lot {
    /// With ids of their own.
    Identified(Vec<Item>),
    /// As they were read: who they are depends on what was written before them.
    Read(Vec<Item>),
}

impl Job {
    /// Reads all and writes what is good, lot by lot.
    pub(super) async fn run_rows(&mut self, reader: &mut Reader) -> Result<bool, Problem> {
        let (rows, items) = (Vec::new().into_iter().peekable(), Vec::new().into_iter().peekable());
        let mut source = Source { reader, rows, items, has_ended: false, size: CHUNK };
        let is_apart = is_apart_from_itself(self.core.kinds(), self.kind) && !self.options.validate_only;
        let mut next = self.next(&mut source, is_apart).await?;
        while let Some(lot) = next {
            let lot = match lot {
                Lot::Identified(items) => items,
                Lot::Read(items) => self.identified(items).await?,
            };
            next = if is_apart {
                self.write_beside(lot, &mut source).await?
            } else {
                let (started, appends) = (Instant::now(), self.appends());
                self.write(lot).await?;
                self.give_way(&mut source, appends, started.elapsed()).await;
                self.require_few_faults()?;
                self.next(&mut source, is_apart).await?
            };
        }
        // What is to be said of the last rows is written with no record, too.
        self.write(Vec::new()).await?;
        self.require_few_faults()?;
        self.set_leaders().await.map(|()| true)
    }

    /// Writes a lot and makes the next one ready meanwhile. What was written is noted even where the file ends badly.
    async fn write_beside(&mut self, items: Vec<Item>, source: &mut Source<'_>) -> Result<Option<Lot>, Problem> {
        self.require_client()?;
        let appends = self.appends();
        let creation = self.creation(&items);
        let ((outcomes, took), next) = Box::pin(join(creation, self.next(source, true))).await;
        let (deadline, records, outcomes) = (self.core.config.file_deadline(), items.len(), outcomes?);
        let turn = self.turn().await?;
        timed(deadline, records, Box::pin(self.note(items, outcomes))).await?;
        drop(turn);
        self.require_few_faults()?;
        self.give_way(source, appends, took).await;
        next
    }

    /// Creation of a lot by itself, in its turn and its time, and how long it took.
    fn creation(&self, items: &[Item]) -> impl Future<Output = (Result<Vec<Outcome>, Problem>, Duration)> + use<> {
        let (core, actor, kind, turn) = (self.core.clone(), self.actor.clone(), self.kind, self.turn());
        let (trees, source) = (new_of(items), format!("import:{}", self.id));
        async move {
            let turn = turn.await;
            let started = Instant::now();
            let created = async {
                let _turn = turn?;
                create_bulk(&core, &actor, kind, &trees, &source).await
            };
            (timed(core.config.file_deadline(), trees.len(), Box::pin(created)).await, started.elapsed())
        }
    }

    /// The next lot; none where the file ends. It may be empty, where rows were no records or wait for others.
    async fn next(&mut self, source: &mut Source<'_>, is_apart: bool) -> Result<Option<Lot>, Problem> {
        if source.items.peek().is_none() && !self.read_on(source).await? {
            return Ok(None);
        }
        // A sheet that ends gives all that waited for its end.
        let size = if source.has_ended { SMALL_CHUNK } else { source.size.max(CHUNK) };
        let items = lot(&mut source.items, size);
        if is_apart && !items.iter().any(|item| item.body.ours) {
            return Ok(Some(Lot::Identified(self.identified(items).await?)));
        }
        Ok(Some(Lot::Read(items)))
    }

    /// Reads some rows; whether there were any.
    async fn read_on(&mut self, source: &mut Source<'_>) -> Result<bool, Problem> {
        if source.rows.peek().is_none() && !source.has_ended {
            match source.reader.next(source.size).await? {
                Some(rows) => source.rows = rows.into_iter().peekable(),
                None => source.has_ended = true,
            }
            if source.has_ended {
                source.items = self.end_of_file().await?.into_iter().peekable();
                return Ok(source.items.peek().is_some());
            }
        }
        let rows: Vec<Row> = source.rows.by_ref().take(source.size).collect();
        source.items = self.items(&rows).await?.into_iter().peekable();
        Ok(!rows.is_empty())
    }

    fn appends(&self) -> u64 {
        self.core.ledger.figures().appends.get()
    }

    /// Lots grow while nobody else writes. Where somebody did, the next ones are small, and come after a pause as long as
    /// this one took.
    async fn give_way(&self, source: &mut Source<'_>, before: u64, took: Duration) {
        if self.appends() - before <= 1 {
            source.size = (source.size * 2).min(LARGE_CHUNK);
            return;
        }
        source.size = SMALL_CHUNK;
        tokio::time::sleep(took.min(LONGEST_PAUSE)).await;
    }
}

/// Whether no row of a kind means what another one of the same file made: then rows can be told apart before those ahead
/// of them are written.
fn is_apart_from_itself(kinds: &Registry, kind: &'static Kind) -> bool {
    let made = |name: &str| name == kind.name || (kind.tells_people() && kinds.kind(name).is_some_and(Kind::is_people));
    let refers = |field: &Field| matches!(field.shape, Shape::Reference(name) if made(name));
    let inner = |field: &&Field| match field.shape {
        Shape::Inline(name, _) => kinds.kind(name).is_some_and(|kind| kind.fields.iter().any(refers)),
        _ => false,
    };
    let fields = kind.body_fields();
    let has_own = fields.iter().any(|field| refers(field) || inner(field));
    !kind.is_people() && kind.rules.book().is_none() && !has_own
}
