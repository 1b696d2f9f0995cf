//! Asking the rules across rows without writing: what is told may change before it is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::database::DatabaseError;
use kit::engine::Engine;
use kit::link::Link;
use kit::row_scope::RowScope;
use tokio::sync::Mutex;

use super::decision::decide;
use super::writer::STATEMENT_TIMEOUT;
use super::{Append, AppendError};

/// A connection of its own, one question at a time: it neither holds up the writer nor can many questions
/// take all connections.
#[derive(Clone)]
pub(super) struct DryRun {
    engine: Engine,
    url: String,
    link: Arc<Mutex<Option<Link>>>,
}

impl DryRun {
    pub(super) fn new(engine: Engine, database_url: &str) -> Self {
        Self { engine, url: database_url.to_owned(), link: Arc::default() }
    }

    /// The appends that would be refused if all were written in this order, by their place.
    pub(super) async fn refused(&self, appends: &[&Append]) -> Result<BTreeMap<usize, AppendError>, AppendError> {
        let mut districts: BTreeMap<&str, Vec<(usize, &Append)>> = BTreeMap::new();
        for (index, append) in appends.iter().enumerate().filter(|(_, append)| !append.claims.is_empty()) {
            districts.entry(&append.district_code).or_default().push((index, append));
        }
        let mut refused = BTreeMap::new();
        if districts.is_empty() {
            return Ok(refused);
        }
        let mut kept = self.link.lock().await;
        // Put back only after all answers: a caller who goes away leaves it in any state.
        let link = match kept.take() {
            Some(link) => link,
            None => self.open().await?,
        };
        for (district_code, members) in districts {
            refused.extend(decide(&mut &*link, district_code, &members, self.engine).await?.refused);
        }
        *kept = Some(link);
        Ok(refused)
    }

    /// Rules across rows ask about all records, whoever asks.
    async fn open(&self) -> Result<Link, DatabaseError> {
        let mut link = Link::open_on(self.engine, &self.url, STATEMENT_TIMEOUT).await?;
        link.see(&RowScope::Everything).await?;
        Ok(link)
    }
}
