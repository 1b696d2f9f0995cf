//! Acting on a record that the service writes: somebody waives, explains, dismisses it. An act passes the gate of
//! amendments.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use kit::catalogue::Code;
use kit::check::check_object;
use kit::faults::Faults;
use kit::field::Field;
use kit::problem::Problem;
use kit::tree::Tree;
use kit::value::Values;
use uuid::Uuid;

use super::codes::{ALREADY_ENDED, IDEMPOTENCY_KEY_REUSED, OUT_OF_AREA, RECORD_PURGED, RECORD_VOIDED};
use super::create::TRIES;
use super::definition::Kind;
use super::gate::{find_standing, require_standing};
use super::idempotency::Key;
use super::named_accounts::NamedAccounts;
use super::operations::replayed;
use super::record::Record;
use super::{amend, read, view};
use crate::platform::codes::BAD_IDEMPOTENCY_KEY;
use crate::platform::http::{Answer, Call};

/// The problems of every act, beside those that follow from what it takes.
pub const ACT_PROBLEMS: &[Code] = &[
    BAD_IDEMPOTENCY_KEY,
    IDEMPOTENCY_KEY_REUSED,
    OUT_OF_AREA,
    ALREADY_ENDED,
    RECORD_VOIDED,
    RECORD_PURGED,
    Code::WRITE_CONFLICT,
    Code::LEDGER_UNAVAILABLE,
];

/// Content of an act's request: the form, and the key under which it came.
pub struct Asked {
    /// The form.
    pub form: Values,
    /// The key, if it came under one.
    pub key: Option<Key>,
}

/// Reads an act's request; or, where it came before under this key, gives the answer given then.
pub async fn asked(
    call: &Call,
    kind: &'static Kind,
    fields: &'static [Field],
) -> Result<Result<Asked, HttpResponse>, Problem> {
    let tree = call.tree().await?;
    let key = Key::of_call(call, &tree)?;
    match replayed(kind, call, key.as_ref()).await? {
        Some(answered) => Ok(Err(answered)),
        None => Ok(Ok(Asked { form: form_of(call, tree, fields).await?, key })),
    }
}

/// A tree checked against a form, with ids in the place of user names; all faults at once.
async fn form_of(call: &Call, mut tree: Tree, fields: &'static [Field]) -> Result<Values, Problem> {
    let fields: Vec<&Field> = fields.iter().collect();
    let named = NamedAccounts::of(&call.core, call.actor()?, &fields, &[&tree]).await?;
    let mut faults = Faults::default();
    named.put(&fields, &mut tree, &mut faults);
    let values = check_object(&fields, &tree, "", &mut faults);
    faults.finish().map(|()| values)
}

/// Record that an act is on, and what its request says.
#[derive(Clone, Copy)]
pub struct ActForm {
    kind: &'static Kind,
    fields: &'static [Field],
    itself: bool,
}

impl ActForm {
    /// A form for records of a kind: of an id the record that it turned out to be.
    pub const fn of(kind: &'static Kind, fields: &'static [Field]) -> Self {
        Self { kind, fields, itself: false }
    }

    /// The same for the record of the id itself, even where it turned out to be another's.
    pub const fn itself(mut self) -> Self {
        self.itself = true;
        self
    }

    async fn find(&self, call: &Call, id: Uuid) -> Result<Record, Problem> {
        if !self.itself {
            return find_standing(&call.core, call.actor()?, self.kind, id).await;
        }
        call.core.refresh_settings().await?;
        let found = read::find_itself(&call.core, call.actor()?, self.kind, id).await?;
        require_standing(&found).map(|()| found)
    }
}

/// Writes the next state of a record and answers it; again where somebody else changed it meanwhile. `may` says
/// whether this is allowed, `next` what it becomes: none where it is so already. Both are given the form.
pub async fn act(
    call: &Call,
    on: ActForm,
    may: impl AsyncFn(&Record, &Values) -> Result<(), Problem>,
    next: impl Fn(&Record, &Values) -> Result<Option<Record>, Problem>,
) -> Answer {
    let ActForm { kind, fields, .. } = on;
    let Asked { form, key } = match asked(call, kind, fields).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    let id = call.path_id()?;
    let (core, actor) = (&call.core, call.actor()?);
    for _ in 0..TRIES {
        let current = on.find(call, id).await?;
        may(&current, &form).await?;
        let Some(next) = next(&current, &form)? else { return Ok(answer(call, kind, &current)) };
        if let Some(written) =
            amend::write(core, actor, kind, &current, next, key.as_ref().map(|key| (key, 200))).await?
        {
            return Ok(answer(call, kind, &written));
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

fn answer(call: &Call, kind: &Kind, record: &Record) -> HttpResponse {
    let body = view::record(&call.core, kind, record, call.language);
    let tag = record.envelope.tag();
    HttpResponse::Ok().insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-store")).json(body)
}
