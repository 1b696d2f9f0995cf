//! Flow of a file into the ledger: while a lot is written the next one is read, checked and told apart, so that neither
//! the server nor the database waits for the other.

use std::collections::VecDeque;
use std::iter::Peekable;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use futures_util::future::join;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::tree::Tree;
use tokio::sync::oneshot;

use super::bounds::timed;
use super::items::Item;
use super::job::{CHUNK, Job, new_of};
use super::reader::Reader;
use super::wide_lots::lot;
use crate::exchange::files::table::Row;
use crate::records::bulk::{Readied, create_readied, ready};
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
    rows: VecDeque<Row>,
    items: Peekable<IntoIter<Item>>,
    has_ended: bool,
    /// Whether what waited for the end of the file was taken.
    is_finished: bool,
    /// Rows that are taken at a time.
    size: usize,
    /// Where a row says what another row may have made; none where any row may mean another.
    own_references: Option<Vec<Path>>,
}

/// Names of members, one within the other.
type Path = Vec<&'static str>;

/// Records that are to be written next.
enum Lot {
    /// With ids of their own, and ready to be written.
    Ready(Vec<Item>, Box<Readied>),
    /// As they were read: who they are depends on what was written before them.
    Read(Vec<Item>),
}

impl Job {
    /// Reads all and writes what is good, lot by lot.
    pub(super) async fn run_rows(&mut self, reader: &mut Reader) -> Result<bool, Problem> {
        let (rows, items) = (VecDeque::new(), Vec::new().into_iter().peekable());
        let own_references = own_references(self.core.kinds(), self.kind).filter(|_| !self.options.validate_only);
        let mut source =
            Source { reader, rows, items, has_ended: false, is_finished: false, size: CHUNK, own_references };
        let mut next = self.next(&mut source).await?;
        while let Some(lot) = next {
            next = match lot {
                Lot::Ready(items, readied) => self.write_beside(items, *readied, &mut source).await?,
                Lot::Read(items) => {
                    let items = self.identified(items).await?;
                    let (started, appends) = (Instant::now(), self.appends());
                    self.write(items).await?;
                    self.give_way(&mut source, appends, started.elapsed()).await;
                    self.require_few_faults()?;
                    self.next(&mut source).await?
                }
            };
        }
        // Outcomes of the last rows are written with no record, too.
        self.write(Vec::new()).await?;
        self.require_few_faults()?;
        self.set_leaders().await.map(|()| true)
    }

    /// Writes a lot and makes the next one ready meanwhile. What was written is noted even where the file ends badly.
    async fn write_beside(
        &mut self,
        items: Vec<Item>,
        readied: Readied,
        source: &mut Source<'_>,
    ) -> Result<Option<Lot>, Problem> {
        self.require_client()?;
        let appends = self.appends();
        // The processor is one: what takes it comes while the database has something to do, not before.
        let (handed_in, is_handed_in) = oneshot::channel();
        let creation = self.creation(readied, items.len(), handed_in);
        let next = async {
            // An error says that nothing will be handed in.
            let _ = is_handed_in.await;
            self.next(source).await
        };
        let ((outcomes, took), next) = Box::pin(join(creation, next)).await;
        let (deadline, records, outcomes) = (self.core.config.file_deadline(), items.len(), outcomes?);
        let turn = self.turn().await?;
        timed(deadline, records, Box::pin(self.note(items, outcomes))).await?;
        drop(turn);
        self.require_few_faults()?;
        self.give_way(source, appends, took).await;
        next
    }

    /// Creation of a lot by itself, in its turn and its time, and how long it took.
    fn creation(
        &self,
        readied: Readied,
        records: usize,
        handed_in: oneshot::Sender<()>,
    ) -> impl Future<Output = (Result<Vec<Outcome>, Problem>, Duration)> + use<> {
        let (core, actor, kind, turn) = (self.core.clone(), self.actor.clone(), self.kind, self.turn());
        let source = self.source();
        async move {
            let turn = turn.await;
            let started = Instant::now();
            let created = async {
                let _turn = turn?;
                let told = || handed_in.send(()).unwrap_or_default();
                create_readied(&core, &actor, kind, readied, &source, told).await
            };
            (timed(core.config.file_deadline(), records, Box::pin(created)).await, started.elapsed())
        }
    }

    /// The next lot; none where the file ends. It may be empty, where rows were no records or wait for others.
    async fn next(&mut self, source: &mut Source<'_>) -> Result<Option<Lot>, Problem> {
        if source.items.peek().is_none() && !self.read_on(source).await? {
            return Ok(None);
        }
        // A sheet that ends gives all that waited for its end.
        let size = if source.is_finished { SMALL_CHUNK } else { source.size.max(CHUNK) };
        let items = lot(&mut source.items, size);
        let is_apart =
            |paths: &Vec<Path>| !items.iter().any(|item| item.body.ours || names_any(&item.body.tree, paths));
        if !source.own_references.as_ref().is_some_and(is_apart) {
            return Ok(Some(Lot::Read(items)));
        }
        let items = self.identified(items).await?;
        let (core, trees) = (self.core.clone(), new_of(&items));
        let (records, told) = (trees.len(), self.source());
        let readied = ready(&core, &self.actor, self.kind, trees, &told);
        let readied = timed(core.config.file_deadline(), records, Box::pin(readied)).await?;
        Ok(Some(Lot::Ready(items, Box::new(readied))))
    }

    /// Reads some rows; whether there were any. What is left of the rows before is filled up: a small lot beside a large
    /// one would leave the server nothing to do while the large one is written.
    async fn read_on(&mut self, source: &mut Source<'_>) -> Result<bool, Problem> {
        let lacking = source.size.saturating_sub(source.rows.len());
        if lacking > 0 && !source.has_ended {
            match source.reader.next(lacking).await? {
                Some(rows) => source.rows.extend(rows),
                None => source.has_ended = true,
            }
        }
        if source.rows.is_empty() && source.has_ended && !source.is_finished {
            source.is_finished = true;
            source.items = self.end_of_file().await?.into_iter().peekable();
            return Ok(source.items.peek().is_some());
        }
        let size = source.size.min(source.rows.len());
        let rows: Vec<Row> = source.rows.drain(..size).collect();
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

/// Members by which a row of a kind means what another one of the same file may have made: rows without them can be told
/// apart before those ahead of them are written. None where any row may mean another: of people, and of a book.
fn own_references(kinds: &Registry, kind: &'static Kind) -> Option<Vec<Path>> {
    if kind.is_people() || kind.rules.book().is_some() {
        return None;
    }
    let made = |name: &str| name == kind.name || (kind.tells_people() && kinds.kind(name).is_some_and(Kind::is_people));
    let refers = |field: &Field| refers_to(&field.shape, &made);
    let mut paths: Vec<Path> = Vec::new();
    for field in kind.body_fields() {
        paths.extend(refers(field).then(|| vec![field.name]));
        if let Shape::Inline(name, _) = field.shape {
            let inner = kinds.kind(name).map(|kind| kind.fields).unwrap_or_default();
            paths.extend(inner.iter().filter(|inner| refers(inner)).map(|inner| vec![field.name, inner.name]));
        }
    }
    Some(paths)
}

fn refers_to(shape: &Shape, made: &impl Fn(&str) -> bool) -> bool {
    match shape {
        Shape::Reference(name) => made(name),
        Shape::List { of, .. } => refers_to(of, made),
        Shape::Object(members) => members.iter().any(|member| refers_to(&member.shape, made)),
        _ => false,
    }
}

fn names_any(tree: &Tree, paths: &[Path]) -> bool {
    let has = |path: &Path| path.iter().try_fold(tree, |tree, name| tree.member(name)).is_some();
    paths.iter().any(has)
}
