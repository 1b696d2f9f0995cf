//! Taking a part of an upload in. What has come stays, wherever the part breaks off. A newer part of the same upload takes
//! the place of one whose client is gone and hasn't been missed yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kit::catalogue::Code;
use kit::problem::Problem;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use uuid::Uuid;

use super::codes::{OFFSET_DIFFERS, UPLOAD_BUSY};
use super::part::{PIECE, Part};
use super::record::BYTE_COUNT;
use super::routes::UPLOAD_OFFSET;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::http::{Arriving, Call, Shares};
use crate::records::Record;

/// Parts of one user on their way at once: what a phone sends side by side.
const PARTS_OF_ONE: usize = 4;
/// Parts on their way in all.
const PARTS_OF_ALL: usize = 256;
/// Seconds after which to come again.
const RETRY_S: u32 = 5;
/// How long a newer part waits until the older one has left.
const LEAVES_WITHIN: Duration = Duration::from_secs(3);

/// The parts that are on their way.
pub struct Parts {
    /// How many of whom.
    pub shares: Shares,
    turns: Mutex<HashMap<Uuid, Arc<Turn>>>,
}

impl Extension for Parts {
    fn begin(_: &Config) -> Self {
        Self { shares: Shares::new(PARTS_OF_ONE, PARTS_OF_ALL, RETRY_S), turns: Mutex::default() }
    }
}

/// Whose turn it is at an upload.
struct Turn {
    newest: watch::Sender<u64>,
    place: Arc<Semaphore>,
}

/// A turn at an upload, until dropped.
pub struct Taken<'a> {
    parts: &'a Parts,
    id: Uuid,
    turn: Arc<Turn>,
    number: u64,
    _place: tokio::sync::OwnedSemaphorePermit,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut turns = self.parts.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and this one's: nobody else waits.
        if Arc::strong_count(&self.turn) == 2 {
            turns.remove(&self.id);
        }
    }
}

impl Parts {
    /// Takes the turn at an upload: whoever has it leaves as soon as what he has is written.
    pub async fn take(&self, id: Uuid) -> Result<Taken<'_>, Problem> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Turn { newest: watch::Sender::new(0), place: Arc::new(Semaphore::new(1)) });
            Arc::clone(turns.entry(id).or_insert_with(new))
        };
        turn.newest.send_modify(|newest| *newest += 1);
        let number = *turn.newest.borrow();
        let place = timeout(LEAVES_WITHIN, Arc::clone(&turn.place).acquire_owned()).await;
        let place = place.map_err(|_| Problem::new(UPLOAD_BUSY))?.map_err(Problem::internal)?;
        Ok(Taken { parts: self, id, turn, number, _place: place })
    }
}

impl Taken<'_> {
    /// Ends when a newer part has come.
    async fn is_over(&self) {
        // The sender lives in the turn: it can't be gone.
        let _ = self.turn.newest.subscribe().wait_for(|newest| *newest > self.number).await;
    }
}

/// Adds the body to what has come, from where the caller says that it begins; answers how many bytes there are then.
pub async fn take_in(call: &Call, record: &Record, taken: &Taken<'_>, offset: u64) -> Result<(Part, u64), Problem> {
    let core = &call.core;
    let mut part = Part::open(core, record).await?.ok_or(UPLOAD_BUSY)?;
    if part.byte_count != offset {
        return Err(Problem::new(OFFSET_DIFFERS).with_header(UPLOAD_OFFSET.clone(), part.byte_count.to_string()));
    }
    let whole = record.values.get(&BYTE_COUNT).unwrap_or_default().unsigned_abs();
    let mut body = Body { arriving: Arriving::new(call.take_payload(), &core.config), buffer: Vec::new() };
    let came = body.write(core, &mut part, whole, taken).await;
    part.settle().await?;
    came?;
    let byte_count = part.byte_count;
    Ok((part, byte_count))
}

struct Body {
    arriving: Arriving,
    /// Bytes that came and aren't written yet: pieces of a few bytes would each cost a head.
    buffer: Vec<u8>,
}

impl Body {
    async fn write(&mut self, core: &Core, part: &mut Part, whole: u64, taken: &Taken<'_>) -> Result<(), Problem> {
        let came = loop {
            let piece = tokio::select! {
                piece = self.arriving.next() => piece,
                () = taken.is_over() => Err(UPLOAD_BUSY.into()),
            };
            match piece {
                Ok(Some(piece)) => self.buffer.extend_from_slice(&piece),
                Ok(None) => break Ok(()),
                Err(problem) => break Err(problem),
            }
            if part.byte_count + self.buffer.len() as u64 > whole {
                // Bytes beyond the end: none of this piece is believed.
                return Err(Code::BODY_TOO_LARGE.into());
            }
            if self.buffer.len() >= PIECE {
                part.add(core, &std::mem::take(&mut self.buffer)).await?;
            }
        };
        // Bytes that came before it broke off are kept.
        part.add(core, &std::mem::take(&mut self.buffer)).await?;
        came
    }
}
