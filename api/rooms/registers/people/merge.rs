//! Two records of one person: `:merge` rewrites no rows, it sets a pointer that reads and counts
//! follow; `:unmerge` takes it away. A corrected document leaves such a pointer too, because a
//! person's id follows from the document.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use kit::catalogue::Code;
use kit::etag;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::tree::Tree;
use kit::value::{Value, Values};
use ledger::decide::Claim;
use ledger::{AppendError, KeyedAnswer};
use serde_json::json;
use uuid::Uuid;

use super::PEOPLE;
use super::sought::{DOCUMENT_NUMBER, DOCUMENT_TYPE};
use super::wire::{BIRTH_YEAR, MERGE_REASON, MERGED_INTO, SEX};
use crate::platform::access::Role;
use crate::platform::codes::BAD_IDEMPOTENCY_KEY;
use crate::platform::http::schema::form;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Form, Operation, fault};
use crate::records::act::{Asked, asked};
use crate::records::acyclic::Acyclic;
use crate::records::change::Changes;
use crate::records::codes::{IDEMPOTENCY_KEY_REUSED, OUT_OF_AREA, RECORD_VOIDED, UNKNOWN_REFERENCE};
use crate::records::create::{TRIES, create};
use crate::records::gate::require_standing;
use crate::records::{Record, amend, envelope, read, view};
use crate::rooms::observation::{CareDecider, KEPT_ID, MERGE_CASES, RECALL};
use crate::rooms::registers::codes::{ALREADY_MERGED, MERGE_CYCLE, NOT_MERGED, SAME_PERSON};

/// Roles that may say that two people are one.
const MERGERS: &[Role] = &[Role::DistrictAdmin, Role::TownCadre, Role::HealthWorker, Role::CdcOfficer];

fields! {
    /// The form of a merge.
    pub static MERGE;
    INTO_ID: Uuid = Field::new("into_id", Shape::Id, Text::new("Into", "合并至"), "The person who stays; any of his ids.").required();
    REASON: String = Field::new("reason", free_text(500), Text::new("Reason", "原因"), "Why. Encrypted at rest.").required();
    OPEN_CASE_ID: Uuid = Field::new(
        "open_case_id",
        Shape::Id,
        Text::new("Open case", "保留的个案"),
        "Which goes on where each of the two has an open isolation case; the older by default. The other is closed as `merged`.",
    );
}
/// The body of a merge.
const MERGED: Form = Form::new("Merge", MERGE, "Whom somebody turned out to be.");
static UNMERGE: &[Field] = &[REASON.field];
static CORRECTION: &[Field] = &[DOCUMENT_TYPE.field, DOCUMENT_NUMBER.field.required(), REASON.field];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let answers = |operation: Operation| {
        let example = Some(crate::records::document::example_served(&PEOPLE));
        operation
            .access(Access::Roles(MERGERS))
            .answers_with(200, "The person who stays.", Some(reference(PEOPLE.schema)), example)
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .headers(&["Idempotency-Key"])
            .problems(&[
                BAD_IDEMPOTENCY_KEY,
                IDEMPOTENCY_KEY_REUSED,
                OUT_OF_AREA,
                ALREADY_MERGED,
                RECORD_VOIDED,
                Code::WRITE_CONFLICT,
                Code::LEDGER_UNAVAILABLE,
            ])
    };
    vec![
        answers(Operation::new(Method::POST, "/v1/people/{id}:merge", "merge_person", merge).described("people", "Merge a person into another", "Nothing is rewritten: this id becomes another name of the one who stays. Of two open isolation cases one goes on, the other is closed as `merged`. Once more is no fault.").takes(MERGED, json!({"into_id": "0198c0de-0003-7000-8000-000000000001", "reason": "同一人,证件与手机号登记两次"}))),
        answers(Operation::new(Method::POST, "/v1/people/{id}:unmerge", "unmerge_person", unmerge).described("people", "Undo a merge", "Both are as they were, with all that was written since under either id.").body(form(UNMERGE), json!({"reason": "同名不同人"}))),
        answers(Operation::new(Method::POST, "/v1/people/{id}:correct-document", "correct_person_document", correct).described("people", "Correct a person's document", "The id follows from the document: the person continues under another one, and this id leads there.").body(form(CORRECTION), json!({"document_number": "519999199003070021", "reason": "录入时证件号码有误"}))),
    ]
}

async fn merge(call: Call) -> Answer {
    let asked = match asked(&call, &PEOPLE, MERGE).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    merge_into(&call, call.path_id()?, asked.form.required(&INTO_ID)?, &asked).await
}

async fn merge_into(call: &Call, id: Uuid, into: Uuid, Asked { form, key }: &Asked) -> Answer {
    let (reason, open_case_id) = (form.required(&REASON)?, form.get(&OPEN_CASE_ID));
    let (core, actor, kind) = (&call.core, call.actor()?, &PEOPLE);
    for _ in 0..TRIES {
        let current = writable(call, id).await?;
        let target = read::find(core, actor, kind, into).await;
        let target = target.map_err(|_| fault("/into_id", UNKNOWN_REFERENCE))?;
        require_reach(call, &target)?;
        require_standing(&target)?;
        let into = target.envelope.id;
        match current.values.get(&MERGED_INTO) {
            _ if into == current.envelope.id && into == id => return Err(fault("/into_id", SAME_PERSON)),
            _ if target.envelope.district_code != current.envelope.district_code => return Err(OUT_OF_AREA.into()),
            Some(_) if read::find(core, actor, kind, id).await?.envelope.id == into => return answer(call, &target),
            Some(_) => return Err(ALREADY_MERGED.into()),
            None => {}
        }
        let mut next = current.clone();
        next.values.set(&MERGED_INTO, into);
        next.values.set(&MERGE_REASON, reason);
        let closings = closings(call, [&current, &target], open_case_id).await?;
        let keyed = key.as_ref().map(|key| key.answer(kind.name, into, target.envelope.revision, 200));
        if write(call, current, next, closings, keyed).await? {
            return answer(call, &read::find(core, actor, kind, id).await?);
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

/// A case to be closed, and the one of the same person that goes on.
type Closing = (Uuid, Uuid);

/// Of the open cases of two who turn out to be one, all but one are closed.
async fn closings(call: &Call, people: [&Record; 2], open_case_id: Option<Uuid>) -> Result<Vec<Closing>, Problem> {
    let [one, other] = people;
    let (core, district_code) = (&call.core, &one.envelope.district_code);
    let mut ids = Vec::new();
    for person in [one, other] {
        ids.extend(read::family(core, &PEOPLE, district_code, person.envelope.id).await?);
    }
    let statement =
        Statement::new("SELECT id FROM isolation_cases WHERE NOT voided AND ended_at IS NULL AND district_code = ")
            .text(district_code)
            .sql(" AND person_id = ANY(")
            .column(ColumnType::Id, ids.into_iter().map(Value::Id).collect())
            .sql(") ORDER BY registered_at, id")
            .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    let open: Vec<Uuid> = rows.into_iter().filter_map(|mut row| row.get(&envelope::ID)).collect();
    let kept = match open_case_id {
        Some(id) if !open.contains(&id) => return Err(fault("/open_case_id", UNKNOWN_REFERENCE)),
        Some(id) => Some(id),
        None => open.first().copied(),
    };
    Ok(kept.map(|kept| open.into_iter().filter(|id| *id != kept).map(|id| (id, kept)).collect()).unwrap_or_default())
}

/// Writes the pointer and closes the cases, both or neither. `false` where somebody was changed meanwhile.
async fn write(
    call: &Call,
    current: Record,
    mut next: Record,
    closings: Vec<Closing>,
    keyed: Option<KeyedAnswer>,
) -> Result<bool, Problem> {
    let (core, by) = (&call.core, call.actor()?.user_id);
    let write_context = core.write_context(core.clock.now(), &current.envelope.district_code);
    next.envelope.revision = current.envelope.revision + 1;
    next.envelope.revised_by = by;
    let mut changes = Changes::default();
    changes.next_number();
    changes.put(&PEOPLE, Some(current), next);
    keyed.into_iter().for_each(|keyed| changes.keep(keyed));
    let mut append = changes.into_append(&write_context)?;
    for (closed_id, kept_id) in closings {
        let mut values = Values::default();
        values.set(&KEPT_ID, kept_id);
        let claim = |kind, id| {
            let (decider, next) = (CareDecider::of(&write_context), Some(values.clone()));
            Claim { decider, kind, id, by, former: None, next }
        };
        append.claims.extend([claim(MERGE_CASES, closed_id), claim(RECALL, kept_id)]);
    }
    match core.ledger.append(append).await {
        Ok(_) => Ok(true),
        Err(AppendError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn unmerge(call: Call) -> Answer {
    let (core, actor, kind) = (&call.core, call.actor()?, &PEOPLE);
    let Asked { form, key } = match asked(&call, kind, UNMERGE).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    for _ in 0..TRIES {
        let current = writable(&call, call.path_id()?).await?;
        if current.values.get(&MERGED_INTO).is_none() {
            return Err(fault("/id", NOT_MERGED));
        }
        let mut next = current.clone();
        next.values.clear(&MERGED_INTO);
        next.values.set(&MERGE_REASON, form.required(&REASON)?);
        if let Some(written) =
            amend::write(core, actor, kind, &current, next, key.as_ref().map(|key| (key, 200))).await?
        {
            return answer(&call, &written);
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

/// The person under the right document, made if nobody has it yet; then this one leads there.
async fn correct(call: Call) -> Answer {
    let (core, actor, kind) = (&call.core, call.actor()?, &PEOPLE);
    let asked = match asked(&call, kind, CORRECTION).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    let current = writable(&call, call.path_id()?).await?;
    let Tree::Object(members) = current.to_body(kind) else { return Err(Code::UNPROCESSABLE.into()) };
    // Sex and year of birth follow from the new document where it tells them.
    let replaced = [DOCUMENT_TYPE.name(), DOCUMENT_NUMBER.name(), SEX.name(), BIRTH_YEAR.name()];
    let mut body: Vec<_> = members.into_iter().filter(|(name, _)| !replaced.contains(&name.as_str())).collect();
    for name in [DOCUMENT_TYPE.name(), DOCUMENT_NUMBER.name()] {
        if let Some(value) = asked.form.get(name) {
            body.push((name.to_owned(), Tree::from_json(&value.to_json(call.core.zone))));
        }
    }
    let created = create(core, actor, kind, &Tree::Object(body), None).await?;
    let into = created.record().envelope.id;
    if into == current.envelope.id {
        return answer(&call, &current);
    }
    merge_into(&call, current.envelope.id, into, &asked).await
}

/// The person of an id itself, if the caller may say such things about him.
async fn writable(call: &Call, id: Uuid) -> Result<Record, Problem> {
    call.core.refresh_settings().await?;
    let record = read::find_itself(&call.core, call.actor()?, &PEOPLE, id).await?;
    require_reach(call, &record)?;
    require_standing(&record).map(|()| record)
}

fn require_reach(call: &Call, record: &Record) -> Result<(), Problem> {
    let envelope = &record.envelope;
    let may = call.actor()?.reaches(MERGERS, &envelope.area_code, envelope.org_id);
    if may { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}

fn answer(call: &Call, record: &Record) -> Answer {
    let body = view::record(&call.core, &PEOPLE, record, call.language);
    let tag = etag::of_revision(record.envelope.revision);
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// No circle of pointers, however many merge at once.
pub const MERGES: Acyclic =
    Acyclic { kind: "people", field: MERGED_INTO.name(), pointer: "/into_id", code: MERGE_CYCLE };

/// Where a record leads, for the rules: only a change of that is decided.
pub fn pointer(record: &Record) -> Option<Uuid> {
    record.values.get(&MERGED_INTO)
}
