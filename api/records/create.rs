//! Creating a record: check, place, judge, append; and telling a retry from a collision.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::change::{Changes, receive};
use super::context::Context;
use super::definition::Kind;
use super::draft::Draft;
use super::envelope::Envelope;
use super::read;
use super::record::Record;
use super::resolve::{self, Place};
use crate::app::Service;
use crate::auth::roles::Actor;
use crate::kit::catalogue::Code;
use crate::kit::etag;
use crate::kit::faults::Faults;
use crate::kit::ids::new_id;
use crate::kit::problem::Problem;
use crate::kit::tree::Tree;
use crate::kit::value::{Value, Values};
use crate::ledger::AppendError;
use crate::privacy::blind::derived_id;

/// How often an append that met another writer is tried again.
pub const TRIES: usize = 8;

/// What a creation came to.
pub enum Created {
    /// It is new.
    New(Record),
    /// It was there already, with the same content: the current record.
    Same(Record),
    /// Somebody known: what was submitted added to him, and only that is shown.
    Known(Record, Values),
}

/// Creates a record of a kind from a body.
pub async fn create(service: &Service, actor: &Actor, kind: &'static Kind, tree: &Tree) -> Result<Created, Problem> {
    let now = service.clock.now();
    let mut faults = Faults::default();
    let mut draft = Draft::parse(kind, &service.kinds, tree, "", &mut faults);
    let digest = service.sealer.submission_digest(draft.canonical().to_string().as_bytes());
    let submitted = draft.values.clone();
    check(service, &mut draft, now, &mut faults);
    resolve::resolve_references(service, actor, &mut draft, &mut faults).await?;
    let place = resolve::place(service, actor, &mut draft, &mut faults);
    check_references(service, &mut draft, now, &mut faults);
    let place = match judge_place(actor, &draft, place, faults) {
        Ok(place) => place,
        // What was taken once is not refused because its author moved or its place closed since.
        Err(problem) => {
            return retried(service, actor, kind, draft.client_id(), &digest).await?.map(Created::Same).ok_or(problem);
        }
    };
    let id = draft.client_id().unwrap_or_else(new_id);
    for _ in 0..TRIES {
        let attempt = Attempt { service, actor, draft: draft.clone(), place: &place, id, digest, now };
        match attempt.run().await? {
            Some(Created::Known(record, _)) => return Ok(Created::Known(record, submitted)),
            Some(created) => return Ok(created),
            None => {}
        }
        if let Some(existing) = read::find_unscoped(service, kind, &place.district_code, id).await? {
            return judge_existing(service, actor, kind, existing, &digest).await;
        }
    }
    Err(Code::WriteConflict.into())
}

fn judge_place(actor: &Actor, draft: &Draft, place: Option<Place>, faults: Faults) -> Result<Place, Problem> {
    faults.finish()?;
    let place = place.ok_or_else(|| Problem::internal("a draft without faults has no place"))?;
    resolve::demand_reach(actor, draft, &place).map(|()| place)
}

/// The record of an id if this actor sent it with this content before.
async fn retried(
    service: &Service,
    actor: &Actor,
    kind: &Kind,
    id: Option<Uuid>,
    digest: &[u8; 32],
) -> Result<Option<Record>, Problem> {
    let Some(id) = id else { return Ok(None) };
    for district_code in &actor.districts {
        let existing = read::find_unscoped(service, kind, district_code, id).await?;
        let own = existing.filter(|record| {
            record.envelope.recorded_by == actor.user_id && record.envelope.submission_digest == digest
        });
        if own.is_some() {
            return Ok(own);
        }
    }
    Ok(None)
}

/// Same id: the same content is a retry, other content a collision; out of scope only "taken".
async fn judge_existing(
    service: &Service,
    actor: &Actor,
    kind: &Kind,
    existing: Record,
    digest: &[u8; 32],
) -> Result<Created, Problem> {
    let visible = read::find_all(service, actor, kind, &[existing.envelope.id]).await?;
    if !visible.contains_key(&existing.envelope.id) {
        return Err(Code::IdTaken.into());
    }
    if existing.envelope.submission_digest == digest {
        return Ok(Created::Same(existing));
    }
    let tag = etag::of_revision(existing.envelope.revision);
    Err(Problem::new(Code::RecordExists).with_header(actix_web::http::header::ETAG, tag))
}

/// The rules of the kind and of what is given inline.
fn check(service: &Service, draft: &mut Draft, now: DateTime<Utc>, faults: &mut Faults) {
    let context = service.context(now, "");
    for (_, inner) in &mut draft.inline {
        inner.kind.rules.check(inner, &context, faults);
    }
    draft.kind.rules.check(draft, &context, faults);
}

/// The rules that need to see what references name.
pub fn check_references(service: &Service, draft: &mut Draft, now: DateTime<Utc>, faults: &mut Faults) {
    let context = service.context(now, "");
    draft.kind.rules.check_references(draft, &context, faults);
}

/// One try at writing.
struct Attempt<'a> {
    service: &'a Service,
    actor: &'a Actor,
    draft: Draft,
    place: &'a Place,
    id: Uuid,
    digest: [u8; 32],
    now: DateTime<Utc>,
}

impl Attempt<'_> {
    /// `None` where another writer was met: nothing was written.
    async fn run(mut self) -> Result<Option<Created>, Problem> {
        let context = self.service.context(self.now, &self.place.district_code);
        let mut changes = Changes::new(&context, &self.service.sealer);
        for (field, inner) in std::mem::take(&mut self.draft.inline) {
            let id = self.introduce(&context, &mut changes, inner).await?;
            self.draft.values.set(id_field(self.draft.kind, field), Value::Id(id));
        }
        let kind = self.draft.kind;
        if let Some(id) = kind.rules.identify(&self.draft, &context) {
            return self.identified(&context, changes, id).await;
        }
        let record = self.record(&context, self.id);
        changes.create(kind, &record)?;
        self.append(changes, record).await.map(|record| record.map(Created::New))
    }

    /// A record whose identity the server derives, posted itself.
    async fn identified(
        mut self,
        context: &Context<'_>,
        mut changes: Changes<'_>,
        id: Uuid,
    ) -> Result<Option<Created>, Problem> {
        let kind = self.draft.kind;
        let Some(known) = read::find_unscoped(self.service, kind, &self.place.district_code, id).await? else {
            self.keep_alias(id);
            let record = self.record(context, id);
            changes.create(kind, &record)?;
            return self.append(changes, record).await.map(|record| record.map(Created::New));
        };
        self.keep_alias(id);
        let reconciled = kind.rules.reconcile(&known, &mut self.draft, context);
        let Some(mut next) = reconciled else {
            return Ok(Some(Created::Known(self.with_warnings(known), Values::default())));
        };
        next.envelope.revised_by = self.actor.user_id;
        changes.revise(kind, &known, &next)?;
        let written = self.append(changes, next).await?;
        Ok(written.map(|record| Created::Known(self.with_warnings(record), Values::default())))
    }

    /// A record given inline: new, or known and perhaps completed. Answers its id.
    async fn introduce(
        &mut self,
        context: &Context<'_>,
        changes: &mut Changes<'_>,
        draft: Draft,
    ) -> Result<Uuid, Problem> {
        let kind = draft.kind;
        // Somebody without document and phone is nobody's twin: an id of his own, the same at each retry.
        let own = || derived_id(&context.keys.identity, &["inline", &self.id.to_string(), &draft.pointer]);
        let id = kind.rules.identify(&draft, context).unwrap_or_else(own);
        let mut inner = Attempt {
            service: self.service,
            actor: self.actor,
            draft,
            place: self.place,
            id,
            digest: self.digest,
            now: self.now,
        };
        inner.keep_alias(id);
        match read::find_unscoped(self.service, kind, &self.place.district_code, id).await? {
            None => changes.create(kind, &inner.record(context, id))?,
            Some(known) => {
                if let Some(mut next) = kind.rules.reconcile(&known, &mut inner.draft, context) {
                    next.envelope.revised_by = self.actor.user_id;
                    changes.revise(kind, &known, &next)?;
                }
            }
        }
        self.draft.warnings.append(&mut inner.draft.warnings);
        Ok(id)
    }

    /// A client's own id of somebody whose id is derived is kept as an alias.
    fn keep_alias(&mut self, id: Uuid) {
        if let Some(own) = self.draft.client_id().filter(|own| *own != id)
            && self.draft.kind.field("aliases").is_some()
        {
            self.draft.values.set("aliases", Value::Json(serde_json::json!([own.to_string()])));
        }
    }

    /// The first revision of the draft.
    fn record(&mut self, context: &Context<'_>, id: Uuid) -> Record {
        let occurred_at = self.draft.values.instant("occurred_at").unwrap_or(self.now);
        resolve::judge_envelope(self.actor, &mut self.draft, occurred_at, self.now);
        self.draft.kind.rules.judge(&mut self.draft, context);
        let envelope = Envelope {
            id,
            district_code: self.place.district_code.clone(),
            area_code: self.place.area_code.clone(),
            area_code_submitted: self.place.area_code_submitted.clone(),
            org_id: self.place.org_id,
            occurred_at,
            device_time: self.draft.values.instant("device_time"),
            recorded_at: self.now,
            recorded_by: self.actor.user_id,
            revised_at: self.now,
            revised_by: self.actor.user_id,
            captured_by: self.draft.values.id("captured_by"),
            source: "api".into(),
            revision: 1,
            change_no: 0,
            voided: false,
            warnings: self.draft.warnings.clone(),
            submission_digest: self.digest.to_vec(),
        };
        Record { envelope, values: self.draft.values.clone() }
    }

    async fn append(&self, changes: Changes<'_>, mut record: Record) -> Result<Option<Record>, Problem> {
        match self.service.ledger.append(&changes.into_append()).await {
            Ok(receipt) => {
                receive(&mut record, receipt);
                Ok(Some(record))
            }
            Err(AppendError::Conflict(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn with_warnings(&self, mut record: Record) -> Record {
        record.envelope.warnings = self.draft.warnings.clone();
        record
    }
}

/// The field that holds the id of what is given inline in `field`: `person` and `person_id`.
fn id_field(kind: &Kind, field: &str) -> &'static str {
    let name = format!("{field}_id");
    kind.fields.iter().find(|other| other.name == name).map_or("id", |other| other.name)
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(_) => Code::WriteConflict.into(),
            AppendError::ClockMissing(_) => Self::unavailable(Code::LedgerUnavailable, 60, error),
            AppendError::Database(error) => error.into(),
        }
    }
}
