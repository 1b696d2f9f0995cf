//! `GET /v1/notifications`, and marking them as read.

use actix_web::HttpResponse;
use actix_web::http::Method;
use serde_json::json;

use super::wire::{Found, IDS, MARKS, Notification, READ, UNREAD, UP_TO, example};
use super::{derived, marks};
use crate::platform::http::page::{self, Page};
use crate::platform::http::{Access, Answer, Call, Operation, fault_with};
use crate::records::codes::ONE_OF;
use crate::records::list::{CURSOR, LIMIT};

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    const TAG: &str = "notifications";
    vec![
        Operation::new(Method::GET, "/v1/notifications", "list_notifications", list)
            .described(TAG, "List what one should know of", "Of the last 14 days, the newest first: a fever among those in one's care, what one missed, what was handed over or offered to one, what became of what one offered, what went up to one, where one's phone and the server disagree. What isn't so any more isn't told.")
            .access(Access::SignedIn)
            .parameters(vec![&UNREAD.field, &LIMIT, &CURSOR])
            .answers::<Page<Notification>>(200, "A page.", Some(json!({"items": [example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::POST, "/v1/notifications:read", "read_notifications", read)
            .described(TAG, "Mark as read", "All up to an instant, or these. For the account, on whichever phone.")
            .access(Access::SignedIn)
            .takes(MARKS, json!({"up_to": "2020-02-02T12:00:00+08:00"}))
            .answers_nothing(204, "Noted."),
    ]
}

/// Place of a notification in the list.
fn position(found: &Found) -> String {
    format!("{}|{}", found.at.timestamp_micros(), found.id())
}

async fn list(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let unread = call.query.get(&UNREAD);
    let binding = format!("notifications|{}|{unread:?}", actor.user_id);
    let after = page::position(&call, &binding)?
        .map(|text| text.split_once('|').map(|(at, id)| (at.to_owned(), id.to_owned())));
    let after = after.flatten().and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id)));
    let marks = marks::Marks::of(core, actor.user_id).await?;
    let mut found = derived::all(core, actor).await?;
    found.retain(|one| unread.is_none_or(|unread| marks.read_at(one).is_none() == unread));
    if let Some(after) = after {
        found.retain(|one| (one.at.timestamp_micros(), one.id()) < after);
    }
    found.truncate(page::limit(&call) + 1);
    Ok(page::answer(&call, &binding, found, position, |one| one.told(core, call.language, marks.read_at(&one))))
}

async fn read(call: Call) -> Answer {
    let form = call.form(READ).await?;
    let (up_to, ids): (_, Vec<String>) = (form.get(&UP_TO), form.list(&IDS).collect());
    if up_to.is_some() != ids.is_empty() {
        let fields = format!("{}, {}", UP_TO.name(), IDS.name());
        return Err(fault_with("", ONE_OF, vec![("fields", fields)]));
    }
    // Notifications still to come can't have been read.
    let up_to = up_to.map(|up_to| up_to.min(call.core.clock.now()));
    marks::note(&call.core, call.actor()?.user_id, up_to, &ids).await?;
    Ok(HttpResponse::NoContent().finish())
}
