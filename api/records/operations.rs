//! The operations of every kind: written once, listed for each.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LOCATION, ETAG, LINK, LOCATION};
use kit::catalogue::Code;
use kit::etag::{self, IfMatch};
use kit::field::{Field, free_text};
use kit::json::put;
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Value;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::change_item::What;
use super::closed::note_read;
use super::codes::{
    APPROVAL_REQUIRED, CELL_TOO_LONG, ID_TAKEN, IDEMPOTENCY_KEY_REUSED, IN_USE, OUT_OF_AREA, RECORD_EXISTS,
    RECORD_PURGED, RECORD_VOIDED, SPANS_DISTRICTS, TOO_MANY_ROWS,
};
use super::create::{Created, create};
use super::definition::Kind;
use super::document::{PAGE_OF_PARTS, example_id, example_new, example_patch, example_served};
use super::hooks::{Hooks, PlainPeople};
use super::idempotency::{Key, REPLAYED};
use super::include::{self, INCLUDE, Named};
use super::list::RowPage;
use super::parameters::{Members, PART};
use super::record::Record;
use super::row_view::RowWriting;
use super::{amend, batch, batch_change, history, list, parameters, read, record_row, restore, totals, view, void};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{BAD_IDEMPOTENCY_KEY, DISTRICT_REQUIRED, IF_MATCH_REQUIRED};
use crate::platform::http::formats::{self, Format};
use crate::platform::http::page::next_link;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};

/// The form of a void.
pub static VOID: &[Field] = &[Field::new(
    "reason",
    free_text(500),
    Text::new("Reason", "原因"),
    "Why the record doesn't hold. Encrypted at rest.",
)
.required()];

/// The form of a restoration.
pub static RESTORE: &[Field] = &[Field::new(
    "reason",
    free_text(500),
    Text::new("Reason", "原因"),
    "Why the record holds after all. Encrypted at rest.",
)
.required()];

/// The operations of a kind; `conflicts` are what a restoration may be answered with beside the rest.
pub fn of_kind(kind: &'static Kind, conflicts: &[Code]) -> Vec<Operation> {
    let base = format!("/v1/{}", kind.path);
    let one = snake(kind.schema);
    let label = kind.label.en.to_lowercase();
    let article = if label.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let a_label = format!("{article} {label}");
    let (record, page) = (reference(kind.schema), reference(&format!("{}Page", kind.schema)));
    let example = example_served(kind);
    let listed = json!({"items": [example], "next_cursor": null});
    let mut revised = example.clone();
    put(&mut revised, "changed", Json::Null);
    let writing =
        || if kind.rules.judges_others() { Access::Judges(kind.writers) } else { Access::Roles(kind.writers) };
    let voiding = || kind.rules.voiders().map_or_else(writing, Access::Roles);
    // No program deals with a closed room.
    let keys = |scope| if kind.closed { KeyScope::None } else { scope };
    let operations = vec![
        Operation::new(Method::POST, &base, format!("create_{one}"), move |call| post(kind, call))
            .described(kind.name, format!("Create {a_label}"), "The same `id` with the same content is answered 200 with the current record, with other content 409. Without an `id` the server makes one, and a retry makes another record.")
            .access(writing())
            .keys(keys(KeyScope::Write))
            .body(reference(&format!("New{}", kind.schema)), example_new(kind))
            .answers_with(201, "Created.", Some(record.clone()), Some(example.clone()))
            .with_headers(&["ETag", "Location"])
            .answers_with(200, "It was there already, with the same content.", Some(record.clone()), Some(example.clone()))
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .headers(&["Idempotency-Key"])
            .problems(&[BAD_IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_REUSED, OUT_OF_AREA, RECORD_EXISTS, RECORD_VOIDED, RECORD_PURGED, ID_TAKEN, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::POST, format!("{base}:batch"), format!("create_{}_batch", kind.name), move |call| batch::batch(kind, call))
            .described(kind.name, format!("Create many {label} records"), "Up to 500 items, each for itself: a bad one spoils none but those that name it (`refused_item`), as an item may name what an earlier one makes. `atomic=true` writes all or none, `validate_only=true` none.")
            .access(writing())
            .keys(keys(KeyScope::Write))
            .parameters(vec![&batch::ATOMIC, &batch::VALIDATE_ONLY])
            .body(json!({"type": "object", "required": ["items"], "additionalProperties": false, "properties": {"items": {"type": "array", "minItems": 1, "maxItems": batch::MAX_ITEMS, "items": reference(&format!("New{}", kind.schema)), "description": "What to create."}}}), json!({"items": [example_new(kind)]}))
            .answers::<batch::BatchResults>(207, "What became of each item, in their order.", Some(json!({"results": [{"index": 0, "id": example_id(kind), "outcome": "created", "status": 201, "change_no": 7, "problem": null, "warnings": [], "kind": kind.name}]})))
            .problems(&[BAD_IDEMPOTENCY_KEY, SPANS_DISTRICTS, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
        batch_change::operation(kind, What::Amend).access(writing()).keys(keys(KeyScope::Write)),
        batch_change::operation(kind, What::Void).access(voiding()).keys(keys(KeyScope::Write)),
        Operation::new(Method::GET, &base, format!("list_{}", kind.name), move |call| page_of(kind, call))
            .described(kind.name, format!("List {}", kind.name.replace('_', " ")), "Newest first, keyset pages, stable while others write. What is out of the caller's scope is not there. With `Accept: text/csv`, `application/x-ndjson` or XLSX all of it as a file, as of one change number (`As-Of-Change-No`).")
            .access(Access::Roles(kind.readers))
            .keys(keys(KeyScope::Read))
            .parameters(list::parameters(kind).to_vec())
            .answers_with(200, "A page; with `fields` of parts of its records; or all of it as a file.", Some(page), Some(listed))
            .or_as(PART, reference(PAGE_OF_PARTS))
            .with_headers(&["Link", "Total-Count", "Total-Count-Relation", "As-Of-Change-No"])
            .as_files(Format::ALL.map(Format::media_type).to_vec())
            .problems(&[DISTRICT_REQUIRED, TOO_MANY_ROWS, CELL_TOO_LONG, APPROVAL_REQUIRED, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::GET, format!("{base}/{{id}}"), format!("get_{one}"), move |call| get(kind, call))
            .described(kind.name, format!("Get {a_label}"), "The current revision. Out of scope answers like absent.")
            .access(Access::Roles(kind.readers))
            .keys(keys(KeyScope::Read))
            .parameters(vec![&INCLUDE])
            .headers(&["If-None-Match"])
            .answers_with(200, "The record.", Some(record.clone()), Some(example.clone()))
            .with_headers(&["ETag"])
            .answers_nothing(304, "Nothing changed."),
        Operation::new(Method::PATCH, format!("{base}/{{id}}"), format!("amend_{one}"), move |call| patch(kind, call))
            .described(kind.name, format!("Amend {a_label}"), "A merge patch makes the next revision; the former one stays readable.")
            .access(writing())
            .keys(keys(KeyScope::Write))
            .headers(&["If-Match"])
            .body_of(reference(&format!("{}Patch", kind.schema)), example_patch(kind), &["application/merge-patch+json", "application/json"])
            .answers_with(200, "The new revision, or the current one where the patch changes nothing.", Some(record.clone()), Some(example.clone()))
            .with_headers(&["ETag"])
            .problems(&[OUT_OF_AREA, RECORD_VOIDED, RECORD_PURGED, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::POST, format!("{base}/{{id}}:void"), format!("void_{one}"), move |call| void(kind, call))
            .described(kind.name, format!("Void {a_label}"), "It stays readable and counts as nothing. Once more is no fault. Records are never deleted.")
            .access(voiding())
            .keys(keys(KeyScope::Write))
            .body(reference("Voiding"), json!({"reason": "entered twice"}))
            .headers(&["Idempotency-Key"])
            .answers_with(200, "The void record.", Some(record.clone()), Some(example.clone()))
            .with_headers(&["ETag"])
            .problems(&[BAD_IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_REUSED, OUT_OF_AREA, IN_USE, Code::STALE, Code::BAD_IF_MATCH, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::POST, format!("{base}/{{id}}:restore"), format!("restore_{one}"), move |call| restored(kind, call))
            .described(kind.name, format!("Restore a void {label} record"), "It holds again, by whoever may void it. All is asked as if it were sent anew: what it names, the rules of its fields and those across records. Once more is no fault.")
            .access(voiding())
            .keys(keys(KeyScope::Write))
            .body(reference("Restoring"), json!({"reason": "voided by mistake"}))
            .headers(&["Idempotency-Key"])
            .answers_with(200, "The record, which holds again.", Some(record), Some(example))
            .with_headers(&["ETag"])
            .problems(&[BAD_IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_REUSED, OUT_OF_AREA, Code::STALE, Code::BAD_IF_MATCH, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE])
            .problems(conflicts),
        Operation::new(Method::GET, format!("{base}/{{id}}/revisions"), format!("list_{one}_revisions"), move |call| history::revisions(kind, call))
            .described(kind.name, format!("List the revisions of {a_label}"), "The oldest first, the current one last. Of its own fields each tells those that changed.")
            .access(Access::Roles(kind.readers))
            .keys(keys(KeyScope::Read))
            .parameters(vec![&list::LIMIT, &list::CURSOR])
            .answers_with(200, "A page.", Some(reference("RevisionPage")), Some(json!({"items": [revised], "next_cursor": null})))
            .with_headers(&["Link"]),
    ];
    // Kinds that only the service writes can only be read.
    operations.into_iter().filter(|operation| !kind.writers.is_empty() || operation.method == Method::GET).collect()
}

async fn post(kind: &'static Kind, call: Call) -> Answer {
    let tree = call.tree().await?;
    let key = Key::of_call(&call, &tree)?;
    if let Some(replay) = replayed(kind, &call, key.as_ref()).await? {
        return Ok(replay);
    }
    let created = match create(&call.core, call.actor()?, kind, &tree, key.as_ref()).await {
        Ok(created) => created,
        // Sent twice at once: the other one wrote it, this one answers the same.
        Err(problem) => return replayed(kind, &call, key.as_ref()).await?.ok_or(problem),
    };
    let record = &match &created {
        Created::New(record) | Created::Same(record) => as_read(&call, kind, record.clone()).await?,
        Created::Known(known, submitted) => {
            view::as_sent(known, submitted, call.actor()?.user_id, call.core.clock.now())
        }
    };
    let body = view::record(&call.core, kind, record, call.language);
    let mut response = if created.status() == 201 { HttpResponse::Created() } else { HttpResponse::Ok() };
    response.insert_header((LOCATION, format!("/v1/{}/{}", kind.path, record.envelope.id)));
    Ok(answer(response, record, &body))
}

/// A record that was just written, with what is counted of it from others.
async fn as_read(call: &Call, kind: &'static Kind, mut written: Record) -> Result<Record, Problem> {
    if kind.counted_fields().len() > 0 {
        let (district_code, id) = (&written.envelope.district_code, written.envelope.id);
        let found = read::find_unscoped(&call.core, kind, district_code, &[id]).await?.remove(&id);
        for field in kind.counted_fields() {
            let counted = found.as_ref().and_then(|found| found.values.get(field.name)).cloned();
            written.values.set(field.name, counted.unwrap_or(Value::Null));
        }
    }
    Ok(written)
}

/// The answer given before under the request's key.
pub async fn replayed(kind: &'static Kind, call: &Call, key: Option<&Key>) -> Result<Option<HttpResponse>, Problem> {
    let Some(key) = key else { return Ok(None) };
    let Some(replay) = key.replay(&call.core, call.actor()?, kind).await? else { return Ok(None) };
    let status = StatusCode::from_u16(replay.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header((REPLAYED.clone(), "true"));
    response.insert_header((LOCATION, format!("/v1/{}/{}", kind.path, replay.record.envelope.id)));
    let body = view::record(&call.core, kind, &replay.record, call.language);
    Ok(Some(answer(response, &replay.record, &body)))
}

async fn get(kind: &'static Kind, call: Call) -> Answer {
    let id = call.path_id()?;
    let record = read::find(&call.core, call.actor()?, kind, id).await?;
    // The tag says nothing of what the record names.
    let with_names = include::is_asked(&call.query);
    if is_merged(kind, &record, id) {
        // No tag: that of the other record would say something else once they are parted again.
        let location = format!("/v1/{}/{}", kind.path, record.envelope.id);
        let nobody = PlainPeople::default();
        let body = with_named(kind, &call, &record, &nobody).await?;
        let mut response = HttpResponse::Ok();
        return Ok(response
            .insert_header((CONTENT_LOCATION, location))
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(body));
    }
    let tag = record.envelope.tag();
    if !with_names && etag::is_unchanged(&call.request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    note_read(&call, [(kind, &record)]).await?;
    let told = told_plainly(&call, kind, std::slice::from_ref(&record)).await?;
    let body = with_named(kind, &call, &record, &told).await?;
    Ok(answer(HttpResponse::Ok(), &record, &body))
}

/// A record, with what it names where that is asked for.
async fn with_named<'a>(
    kind: &'static Kind,
    call: &'a Call,
    record: &'a Record,
    told: &'a PlainPeople,
) -> Result<WithNamed<'a>, Problem> {
    let view = view::record(&call.core, kind, record, call.language).telling(told.of_record(record));
    let mut included = None;
    if include::is_asked(&call.query) {
        let named = Named::of_records(kind, [record]);
        included = Some(include::included(call, &record.envelope.district_code, named, told).await?);
    }
    Ok(WithNamed { view, included })
}

/// A record beside what it names.
#[derive(serde::Serialize)]
struct WithNamed<'a> {
    #[serde(flatten)]
    view: view::View<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Json>,
}

/// Whether a record was found by the id of another that was merged into it.
fn is_merged(kind: &Kind, record: &Record, id: Uuid) -> bool {
    record.envelope.id != id && !read::aliases(kind, record).contains(&id)
}

async fn page_of(kind: &'static Kind, mut call: Call) -> Answer {
    let own = call.query.take("assignee").is_some();
    if own {
        let filter = if kind.field("assignee_id").is_some() { "assignee_id" } else { list::SUPERVISED_BY };
        let id = Value::Id(call.actor()?.user_id);
        call.query.set(filter, id);
    }
    let members = Members::of_query(&call.query);
    if let Some(format) = formats::asked(&call) {
        parameters::require_no_file(kind, &call.query)?;
        let export = call.core.ext::<Hooks>().export;
        return export(kind, call, format).await;
    }
    formats::require_none(&call.query)?;
    let total = totals::of(&call.core, call.actor()?, kind, &call.query).await?;
    let page = list::rows(&call.core, call.actor()?, kind, &call.query).await?;
    let body = written(kind, &call, &page, own, &members).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next_cursor {
        response.insert_header((LINK, next_link(&call, cursor)));
    }
    if let Some(total) = total {
        response.insert_header(("Total-Count", total.number.to_string()));
        response.insert_header(("Total-Count-Relation", total.relation));
    }
    Ok(response.insert_header((CACHE_CONTROL, "no-store")).content_type(members.media_type()).body(body))
}

/// The body of a page: from its rows, but where somebody has to look into its records first.
async fn written(
    kind: &'static Kind,
    call: &Call,
    page: &RowPage,
    own: bool,
    members: &Members,
) -> Result<Vec<u8>, Problem> {
    let (core, cursor) = (&call.core, page.next_cursor.as_deref());
    // One's own list is told plainly: whoever must call somebody must know whom.
    let own = own && kind.rules.plain_to_assignee();
    let mut told = PlainPeople::default();
    let body = if own || kind.closed {
        let records = record_row::records(core, kind, &page.items)?;
        note_read(call, records.iter().map(|record| (kind, record))).await?;
        if own {
            told = told_plainly(call, kind, &records).await?;
        }
        let body = view::page(core, kind, &records, cursor, call.language).telling(|record| told.of_record(record));
        members.of_page(&body)?
    } else {
        RowWriting { core, kind, language: call.language, plain: false, members }.page(&page.items, cursor)?
    };
    with_included(kind, call, page, &told, body).await
}

/// The body of a page, with what its records name where that is asked for.
async fn with_included(
    kind: &'static Kind,
    call: &Call,
    page: &RowPage,
    told: &PlainPeople,
    mut body: Vec<u8>,
) -> Result<Vec<u8>, Problem> {
    if !include::is_asked(&call.query) {
        return Ok(body);
    }
    let district_code = list::district(call.actor()?, &call.query)?.unwrap_or_default();
    let included =
        include::included(call, &district_code, Named::of_rows(&call.core, kind, &page.items)?, told).await?;
    body.pop();
    body.extend_from_slice(b",\"included\":");
    serde_json::to_writer(&mut body, &included).map_err(Problem::internal)?;
    body.push(b'}');
    Ok(body)
}

/// Finds the people whom records show unmasked to the caller, where records of the kind may.
async fn told_plainly(call: &Call, kind: &Kind, records: &[Record]) -> Result<PlainPeople, Problem> {
    if !kind.rules.plain_to_assignee() {
        return Ok(PlainPeople::default());
    }
    let records = records.iter().map(|record| (kind, record)).collect();
    let hooks = call.core.ext::<Hooks>();
    (hooks.tell_plainly)(call, hooks.read_plain, records).await
}

async fn patch(kind: &'static Kind, call: Call) -> Answer {
    let id = call.path_id()?;
    // Asked for before anything else: who doesn't know the revision can't know what he changes.
    let if_match = IfMatch::of_request(&call.request)?.ok_or(IF_MATCH_REQUIRED)?;
    let tree = call.tree().await?;
    let record = amend::amend(&call.core, call.actor()?, kind, id, &if_match, &tree, None).await?;
    let record = as_read(&call, kind, record).await?;
    let body = view::record(&call.core, kind, &record, call.language);
    Ok(answer(HttpResponse::Ok(), &record, &body))
}

async fn void(kind: &'static Kind, call: Call) -> Answer {
    let Reasoned { if_match, key, reason } = match reasoned(kind, &call, VOID).await? {
        Ok(reasoned) => reasoned,
        Err(replay) => return Ok(replay),
    };
    let (actor, id) = (call.actor()?, call.path_id()?);
    let record = void::void(&call.core, actor, kind, id, if_match.as_ref(), &reason, key.as_ref()).await?;
    let record = as_read(&call, kind, record).await?;
    let body = view::record(&call.core, kind, &record, call.language);
    Ok(answer(HttpResponse::Ok(), &record, &body))
}

async fn restored(kind: &'static Kind, call: Call) -> Answer {
    let Reasoned { if_match, key, reason } = match reasoned(kind, &call, RESTORE).await? {
        Ok(reasoned) => reasoned,
        Err(replay) => return Ok(replay),
    };
    let (actor, id) = (call.actor()?, call.path_id()?);
    let record = restore::restore(&call.core, actor, kind, id, if_match.as_ref(), &reason, key.as_ref()).await?;
    let record = as_read(&call, kind, record).await?;
    let body = view::record(&call.core, kind, &record, call.language);
    Ok(answer(HttpResponse::Ok(), &record, &body))
}

/// Request to void or to restore.
struct Reasoned {
    if_match: Option<IfMatch>,
    key: Option<Key>,
    reason: String,
}

/// That of a call; or the answer given before under its key.
async fn reasoned(
    kind: &'static Kind,
    call: &Call,
    form: &'static [Field],
) -> Result<Result<Reasoned, HttpResponse>, Problem> {
    let if_match = IfMatch::of_request(&call.request)?;
    let tree = call.tree().await?;
    let key = Key::of_call(call, &tree)?;
    if let Some(replay) = replayed(kind, call, key.as_ref()).await? {
        return Ok(Err(replay));
    }
    let form = call.form_of(&tree, form)?;
    let reason = form.text("reason").ok_or_else(|| Problem::internal("a checked form lacks its reason"))?.to_owned();
    Ok(Ok(Reasoned { if_match, key, reason }))
}

fn answer(mut response: actix_web::HttpResponseBuilder, record: &Record, body: &impl serde::Serialize) -> HttpResponse {
    response.insert_header((ETAG, record.envelope.tag())).insert_header((CACHE_CONTROL, "no-store")).json(body)
}

/// `UpperCamel` to `snake_case`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
