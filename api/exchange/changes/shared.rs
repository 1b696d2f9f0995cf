//! Pieces of the feed that several ask for at once. One write wakes all who follow a district, and they come with the
//! same number: the piece is read and written as JSON once, for all who may see the same.
//!
//! A piece is kept under the head that it was read at and under all that decides what a reader sees. Whoever comes with
//! the same head would read the very same, for until the head moves the district's records are what they were. Only a
//! stream that is woken by a number may come after the head has moved on: it is told what was so two seconds ago at most.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::NaiveDate;
use kit::cache::{Cache, Kept};
use kit::problem::Problem;
use kit::text::Language;
use tokio::sync::Mutex as AsyncMutex;
use uuid::Uuid;

use super::parts::Part;
use super::queries::{self, Page, Window};
use super::{pages, stream};
use crate::platform::access::roles::{Actor, Grant};
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::records::Kind;

/// How long a piece is kept: what it shows is masked, and even so nobody keeps it without need.
const KEPT: Duration = Duration::from_secs(2);
/// Bytes of all pieces at most.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of a piece beside its text, about: many are empty.
const BESIDE: usize = 2_048;

/// Form in which a piece is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A page of JSON.
    Page,
    /// Server-Sent Events.
    Events,
}

/// A piece of the feed as it is sent.
pub struct Piece {
    /// The text.
    pub body: Bytes,
    /// Whether it tells nothing.
    pub is_empty: bool,
    /// Number behind which to go on.
    pub next: i64,
    /// The district's newest number when it was read.
    pub head: i64,
}

/// A request of the feed, and whose it is.
pub struct Asked<'a> {
    /// The service.
    pub core: &'a Core,
    /// The reader.
    pub actor: &'a Actor,
    /// Kinds that he reads.
    pub kinds: &'a [&'static Kind],
    /// The range.
    pub window: &'a Window,
    /// Language in which warnings are told.
    pub language: Language,
    /// The form.
    pub form: Form,
}

/// All that decides what a piece says.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    form: Form,
    language: Language,
    head: i64,
    since: i64,
    limit: i64,
    district_code: String,
    area_code: Option<String>,
    kinds: Vec<&'static str>,
    sight: Sight,
}

/// All that decides what a reader may see. His name and his account don't, where no kind shows him his own only.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Sight {
    user_id: Option<Uuid>,
    grants: Vec<Grant>,
    below: Arc<BTreeMap<Uuid, Vec<Uuid>>>,
    supervises: bool,
    today: NaiveDate,
}

/// Pieces made lately, and those in the making.
pub struct Pieces {
    made: Cache<Key, Piece>,
    making: Cache<Key, AsyncMutex<()>>,
}

impl Extension for Pieces {
    fn begin(_: &Config) -> Self {
        let weight = |piece: &Piece| u32::try_from(piece.body.len() + BESIDE).unwrap_or(u32::MAX);
        Self {
            made: Cache::weighing(MOST_BYTES, Kept::For(KEPT), weight),
            making: Cache::new(1_000, Kept::WhileUsed(KEPT)),
        }
    }
}

impl Asked<'_> {
    /// The piece up to the district's newest number.
    pub async fn piece(&self) -> Result<Arc<Piece>, Problem> {
        let head = queries::newest(self.core, &self.window.district_code, self.window.since).await?;
        self.piece_up_to(head).await
    }

    /// The same up to a number that is known to have been the head.
    pub async fn piece_up_to(&self, head: i64) -> Result<Arc<Piece>, Problem> {
        let (pieces, key) = (self.core.ext::<Pieces>(), self.key(head));
        if let Some(piece) = pieces.made.get(&key) {
            return Ok(piece);
        }
        let making = pieces.making.get_with(key.clone(), AsyncMutex::default);
        let _turn = making.lock().await;
        if let Some(piece) = pieces.made.get(&key) {
            return Ok(piece);
        }
        let piece = Arc::new(self.make(head).await?);
        pieces.made.insert(key, Arc::clone(&piece));
        Ok(piece)
    }

    async fn make(&self, head: i64) -> Result<Piece, Problem> {
        let page = queries::page_up_to(self.core, self.actor, self.kinds, self.window, &Part::FEED, head).await?;
        let body = match self.form {
            Form::Page => pages::write(self, &page).await?,
            Form::Events => stream::write(self, &page).await?,
        };
        let Page { items, next, head } = page;
        Ok(Piece { body: body.into(), is_empty: items.is_empty(), next, head })
    }

    fn key(&self, head: i64) -> Key {
        Key {
            form: self.form,
            language: self.language,
            head,
            since: self.window.since,
            limit: self.window.limit,
            district_code: self.window.district_code.clone(),
            area_code: self.window.area_code.clone(),
            kinds: self.kinds.iter().map(|kind| kind.name).collect(),
            sight: Sight::of(self.actor, self.kinds),
        }
    }
}

impl Sight {
    fn of(actor: &Actor, kinds: &[&'static Kind]) -> Self {
        let is_own = kinds
            .iter()
            .any(|kind| actor.grants_of(kind.readers).any(|grant| kind.rules.narrowed(grant.role).is_some()));
        Self {
            user_id: is_own.then_some(actor.user_id),
            grants: actor.grants.clone(),
            below: Arc::clone(&actor.below),
            supervises: actor.supervises,
            today: actor.today,
        }
    }
}
