//! An edition issued: everything is counted at one moment, then written under the next number of its series.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use kit::catalogue::Code;
use kit::etag;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::text::Language;
use kit::time::day_of;
use kit::value::Values;
use ledger::AppendError;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::numbering::{last_numbers, shelf, statement};
use super::wire::{
    AS_OF_CHANGE_NO, AS_OF_ON, CHAIN_HEAD, CONTENT_DIGEST, EDITION_NO, EditionState, FIGURES, PARAGRAPHS, REPLACES_ID,
    SERIES, STATE, STYLE, TEMPLATE_CODE, TEMPLATE_ID, TEMPLATE_REVISION, TITLE,
};
use super::{BULLETIN_EDITIONS, request};
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{BAD_IDEMPOTENCY_KEY, DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::schema::{form, reference};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::records::act::{Asked, asked};
use crate::records::change::{Changes, receive};
use crate::records::codes::{IDEMPOTENCY_KEY_REUSED, OUT_OF_AREA, UNKNOWN_REFERENCE};
use crate::records::create::TRIES;
use crate::records::{Record, document, envelope, read, view};
use crate::rooms::bulletins::codes::NUMBER_TAKEN;
use crate::rooms::bulletins::compose::{Composed, Wish, compose, district_of};

/// Roles that issue editions, each of its own unit or area.
pub const ISSUERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, "/v1/bulletin-editions", "create_bulletin_edition", issue)
            .described("bulletin_editions", "Issue a bulletin", "Everything is counted as of one change number and stays as it is said: what comes later is told by `/corrections`.")
            .access(Access::Roles(ISSUERS))
            .keys(KeyScope::Write)
            .body(form(request::ISSUE), json!({"template_code": "district-daily", "as_of_on": "2020-02-02"}))
            .answers_with(201, "Issued.", Some(reference(BULLETIN_EDITIONS.schema)), Some(document::example_served(&BULLETIN_EDITIONS)))
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .headers(&["Idempotency-Key"])
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND, BAD_IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_REUSED, OUT_OF_AREA, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
    ]
}

async fn issue(mut call: Call) -> Answer {
    let Asked { form, key } = match asked(&call, &BULLETIN_EDITIONS, request::ISSUE).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    let wish = wish(&call, &form)?;
    let composed = composed(&mut call, &wish).await?;
    let values = values(&call, &wish, &form, &composed).await?;
    for _ in 0..TRIES {
        let mut record = numbered(&call, &wish, &composed, values.clone()).await?;
        let mut changes = Changes::default();
        let number = changes.next_number();
        changes.put(&BULLETIN_EDITIONS, None, record.clone());
        if let Some(key) = &key {
            changes.keep(key.answer(BULLETIN_EDITIONS.name, record.envelope.id, 1, 201));
        }
        let write_context = call.core.write_context(call.core.clock.now(), &wish.district_code);
        match call.core.ledger.append(changes.into_append(&write_context)?).await {
            Ok(receipt) => {
                receive(&mut record, receipt, number);
                return Ok(issued(&call, &record));
            }
            // Another edition of the series took the number meanwhile.
            Err(AppendError::Refused(faults)) if faults.iter().all(|fault| fault.code == NUMBER_TAKEN) => {}
            Err(AppendError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

/// The bulletin with the names of its figures in the language of its text, whoever issues it.
async fn composed(call: &mut Call, wish: &Wish) -> Result<Composed, Problem> {
    let language = std::mem::replace(&mut call.language, Language::Chinese);
    let composed = compose(call, wish).await;
    call.language = language;
    composed
}

fn issued(call: &Call, record: &Record) -> HttpResponse {
    let body = view::record(&call.core, &BULLETIN_EDITIONS, record, call.language);
    HttpResponse::Created()
        .insert_header((ETAG, etag::of_revision(record.envelope.revision)))
        .insert_header((LOCATION, format!("/v1/{}/{}", BULLETIN_EDITIONS.path, record.envelope.id)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

/// Bulletin that is asked for, in the caller's reach.
fn wish(call: &Call, form: &Values) -> Result<Wish, Problem> {
    let actor = call.actor()?;
    let today = day_of(call.core.clock.now(), call.core.zone);
    let area_code = form.get(&request::AREA_CODE).map(str::to_owned);
    let as_of_on = form.get(&request::AS_OF_ON).map_or(today, |day| day.min(today));
    Ok(Wish {
        district_code: district_of(actor, area_code.as_deref(), &Values::default())?,
        template_code: form.required(&request::TEMPLATE_CODE)?.to_owned(),
        as_of_on,
        org_id: form.get(&request::ORG_ID),
        area_code,
        style: form.get(&request::STYLE),
        at: "/",
    })
}

/// The values of the edition but its number. Whoever issues must reach whose bulletin it is.
async fn values(call: &Call, wish: &Wish, form: &Values, composed: &Composed) -> Result<Values, Problem> {
    let actor = call.actor()?;
    if !actor.reaches(ISSUERS, &composed.area_code, wish.org_id) {
        return Err(OUT_OF_AREA.into());
    }
    let mut values = Values::default();
    let template = &composed.template;
    values.set(&TEMPLATE_CODE, template.code.clone());
    values.set_or_clear(&TEMPLATE_ID, template.id);
    values.set_or_clear(&TEMPLATE_REVISION, template.revision);
    values.set(&TITLE, composed.title.clone());
    values.set(&SERIES, template.series.clone());
    values.set(&AS_OF_ON, wish.as_of_on);
    values.set(&AS_OF_CHANGE_NO, composed.as_of_change_no);
    values.set(&STYLE, composed.style);
    values.set(&PARAGRAPHS, composed.paragraphs.clone());
    values.set(&FIGURES, composed.figures.clone());
    values.set_or_clear(&CHAIN_HEAD, composed.chain_head.clone());
    values.set(&STATE, EditionState::Frozen);
    let digest = content_digest(&values);
    values.set(&CONTENT_DIGEST, digest);
    if let Some(id) = form.get(&request::REPLACES_ID) {
        let replaced = read::find_all(&call.core, actor, &BULLETIN_EDITIONS, &[id]).await?.remove(&id);
        let is_of_series = replaced.is_some_and(|replaced| replaced.values.get(&SERIES) == Some(&template.series));
        if !is_of_series {
            return Err(fault(&request::REPLACES_ID.pointer(), UNKNOWN_REFERENCE));
        }
        values.set(&REPLACES_ID, id);
    }
    Ok(values)
}

/// SHA-256 of the canonical form of what an edition says and of what it was counted from.
pub fn content_digest(values: &Values) -> String {
    let content = json!({
        "template": values.get(&TEMPLATE_CODE),
        "revision": values.get(&TEMPLATE_REVISION),
        "as_of_on": values.get(&AS_OF_ON),
        "as_of_change_no": values.get(&AS_OF_CHANGE_NO),
        "paragraphs": values.list(&PARAGRAPHS).collect::<Vec<_>>(),
        "figures": values.list(&FIGURES).collect::<Vec<_>>(),
    });
    hex::encode(Sha256::digest(ledger::canonical::encode(&kit::tree::Tree::from_json(&content))))
}

/// The edition under the number that is next as far as anybody knows.
async fn numbered(call: &Call, wish: &Wish, composed: &Composed, mut values: Values) -> Result<Record, Problem> {
    let statement = statement(&wish.district_code).seeing_district(&wish.district_code);
    let last = last_numbers(call.core.database.read(&statement).await?);
    let number = shelf(&values).and_then(|shelf| last.get(&shelf).copied()).unwrap_or(0) + 1;
    values.set(&EDITION_NO, number);
    let now = call.core.clock.now();
    let by = call.actor()?.user_id;
    let write_context = call.core.write_context(now, &wish.district_code);
    let envelope = envelope::Envelope {
        source: "api".to_owned(),
        ..write_context.envelope(new_id(), &composed.area_code, wish.org_id, now, by)
    };
    Ok(Record { envelope, values })
}
