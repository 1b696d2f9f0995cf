//! The feed as Server-Sent Events: pushed as it is written, resumed by `Last-Event-ID`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream::unfold;
use kit::catalogue::Code;
use kit::cell_json::JsonWriter;
use kit::problem::Problem;
use kit::text::Language;
use tokio::time::timeout;
use uuid::Uuid;

use super::epoch::{self, Since};
use super::kinds;
use super::pages::write_change;
use super::queries::{Page, Window};
use super::shared::{Asked, Form};
use crate::platform::access::accounts::authenticate;
use crate::platform::access::roles::Actor;
use crate::platform::codes::NOT_FOUND;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::http::{Answer, Call};
use crate::records::Kind;
use crate::records::list::district;

/// How often something is said where there is nothing to say: proxies and phones drop what is silent.
const PING: Duration = Duration::from_secs(15);
/// Streams of one caller at once.
const MOST_OF_ONE: usize = 5;
/// When to try again where all are open: a caller's connections end as his program lets go of them.
const RETRY_S: u32 = 15;
/// Changes of one piece.
const PAGE: i64 = 200;

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How many streams each caller has open.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<HashMap<Uuid, usize>>>);

/// An open stream, until dropped.
struct Open {
    streams: Streams,
    user_id: Uuid,
}

impl Extension for Streams {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Streams {
    fn open(&self, user_id: Uuid) -> Result<Open, Problem> {
        let mut counts = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let count = counts.entry(user_id).or_default();
        if *count >= MOST_OF_ONE {
            return Err(Problem::new(Code::TOO_MANY_REQUESTS).with_header(RETRY_AFTER, RETRY_S.to_string()));
        }
        *count += 1;
        Ok(Open { streams: self.clone(), user_id })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut counts = self.streams.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(count) = counts.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user_id);
            }
        }
    }
}

struct Stream {
    core: Arc<Core>,
    request: HttpRequest,
    actor: Actor,
    kinds: Vec<&'static Kind>,
    window: Window,
    language: Language,
    begun: bool,
    _open: Open,
}

/// `GET /v1/changes/stream`.
pub async fn stream(call: Call) -> Answer {
    let actor = call.actor()?;
    let last = call.request.headers().get(&LAST_EVENT_ID).map(|value| value.to_str().unwrap_or_default());
    let since = Since::read(last.or(call.query.text("since")).unwrap_or("0"))?;
    let window = Window {
        slice: false,
        district_code: district(actor, &call.query)?.ok_or(NOT_FOUND)?,
        since: since.number,
        area_code: call.query.text("area_code").map(str::to_owned),
        limit: PAGE,
    };
    since.require(&call.core, &window.district_code).await?;
    let stream = Stream {
        core: Arc::clone(&call.core),
        request: call.request.clone(),
        actor: actor.clone(),
        kinds: kinds(&call)?,
        window,
        language: call.language,
        begun: false,
        _open: call.core.ext::<Streams>().open(actor.user_id)?,
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(unfold(Some(stream), step)))
}

impl Stream {
    fn asked(&self) -> Asked<'_> {
        Asked {
            core: &self.core,
            actor: &self.actor,
            kinds: &self.kinds,
            window: &self.window,
            language: self.language,
            form: Form::Events,
        }
    }
}

/// The end of a stream that can't go on.
fn broken(why: impl std::fmt::Display) -> Option<(Result<Bytes, std::io::Error>, Option<Stream>)> {
    tracing::warn!(problem = %why, "an event stream broke off");
    Some((Err(std::io::Error::other("broken off")), None))
}

/// The id of a piece where numbers alone are believed no longer; none where each number is an id.
async fn last_id(asked: &Asked<'_>, page: &Page) -> Result<Option<String>, Problem> {
    if !asked.core.restored {
        return Ok(None);
    }
    epoch::since_of(asked.core, &asked.window.district_code, page.next).await.map(Some)
}

/// Writes a page as events.
pub async fn write(asked: &Asked<'_>, page: &Page) -> Result<Vec<u8>, Problem> {
    if page.items.is_empty() {
        return Ok(Vec::new());
    }
    let id = last_id(asked, page).await?;
    let mut text = JsonWriter::with_room(0, asked.core.zone);
    let mut items = page.items.iter().peekable();
    while let Some(change) = items.next() {
        let number = change.number;
        // The id stands on the last change of a number: resumed behind it, none is missed.
        let is_last = items.peek().is_none_or(|next| next.number != number);
        match &id {
            // Resumed behind the last of the piece: that number is the one its epoch is known of.
            Some(id) if items.peek().is_none() => text.raw(&format!("id: {id}\n")),
            None if is_last => text.raw(&format!("id: {number}\n")),
            _ => {}
        }
        text.raw("event: change\ndata: ");
        write_change(asked, change, &mut text)?;
        text.raw("\n\n");
    }
    Ok(text.into_bytes())
}

/// The next piece. The stream ends in order when the service stops, and when the caller's token or rights
/// are over: he then comes again with a new one and the last id.
async fn step(stream: Option<Stream>) -> Option<(Result<Bytes, std::io::Error>, Option<Stream>)> {
    let mut stream = stream?;
    if !std::mem::replace(&mut stream.begun, true) {
        return Some((Ok(Bytes::from_static(b": welcome\n\n")), Some(stream)));
    }
    loop {
        if stream.core.ledger.heads().is_closing() {
            return None;
        }
        let signed_in = authenticate(&stream.core, &stream.request).await.ok()?;
        if signed_in.actor.grants != stream.actor.grants {
            return None;
        }
        let known = stream.core.ledger.heads().known(&stream.window.district_code);
        // Woken by a number that this process knows of: the clock needn't be asked again.
        let asked = stream.asked();
        // Woken by a number that this process knows of: the clock needn't be asked again.
        let piece = if known > stream.window.since { asked.piece_up_to(known).await } else { asked.piece().await };
        let piece = match piece {
            Ok(piece) => piece,
            Err(problem) => return broken(problem),
        };
        stream.window.since = piece.next;
        if !piece.is_empty {
            return Some((Ok(piece.body.clone()), Some(stream)));
        }
        if piece.next < piece.head {
            continue;
        }
        let heads = stream.core.ledger.heads();
        if timeout(PING, heads.beyond(&stream.window.district_code, piece.head)).await.is_err() {
            return Some((Ok(Bytes::from_static(b": ping\n\n")), Some(stream)));
        }
    }
}
