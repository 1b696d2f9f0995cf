//! Corrections of an edition: the same queries asked now, and which records made the difference.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::wire::{AS_OF_CHANGE_NO, AS_OF_ON, EditionFigure, FIGURES, STYLE, TEMPLATE_CODE};
use super::{BULLETIN_EDITIONS, READERS};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::{Record, read};
use crate::rooms::bulletins::compose::{Wish, recount};
use crate::rooms::bulletins::footnotes::{Counted, CountedRecord, counted};

/// Records of each sort that are told one by one.
const MOST: usize = 1_000;

/// Corrections of an edition.
#[derive(Serialize, ToSchema)]
struct Corrections {
    /// The edition counted as of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    was_as_of_change_no: i64,
    /// And now as of this one.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    is_as_of_change_no: i64,
    /// Figures that differ, or that are the same of other records.
    #[schema(inline, max_items = 500)]
    items: Vec<Correction>,
}

/// A figure that is counted otherwise now.
#[derive(Serialize, ToSchema)]
struct Correction {
    /// Its key.
    #[schema(max_length = 40)]
    key: String,
    /// Its name in words.
    #[schema(max_length = 100)]
    label: String,
    /// As it was counted.
    #[schema(max_length = 40)]
    was: String,
    /// As it is now.
    #[schema(max_length = 40)]
    is: String,
    /// By how much it is more.
    #[schema(required, max_length = 40)]
    difference: Option<String>,
    /// Words of the text for it.
    #[schema(max_length = 2_000)]
    said: String,
    /// Words that the text would have for it now.
    #[schema(max_length = 2_000)]
    would_say: String,
    /// Records that are counted now and weren't.
    #[schema(inline, max_items = 1_000)]
    records_added: Vec<CountedRecord>,
    /// Records that were counted in an earlier revision.
    #[schema(inline, max_items = 1_000)]
    records_changed: Vec<CountedRecord>,
    /// Records that were counted and aren't any more: void, or amended so that they don't belong.
    #[schema(inline, max_items = 1_000)]
    records_removed: Vec<CountedRecord>,
    /// Whether all of them are told; not where they are too many, or no list has exactly those.
    records_told: bool,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let added = json!({"kind": "screenings", "id": "0198c0de-0004-7000-8000-000000000001", "revision": 1});
    let item = json!({"key": "passages", "label": "登记人次", "was": "106", "is": "107", "difference": "1", "said": "100余", "would_say": "100余", "records_added": [added], "records_changed": [], "records_removed": [], "records_told": true});
    let example = json!({"was_as_of_change_no": 10019, "is_as_of_change_no": 10020, "items": [item]});
    vec![
        Operation::new(Method::GET, "/v1/bulletin-editions/{id}/corrections", "get_bulletin_corrections", corrections)
            .described(
                "bulletin_editions",
                "What an edition would say now",
                "Each of its figures asked again of the same days, as of now. The edition stays as it is.",
            )
            .access(Access::Roles(READERS))
            .answers::<Corrections>(200, "What differs.", Some(example)),
    ]
}

async fn corrections(call: Call) -> Answer {
    let edition = read::find(&call.core, call.actor()?, &BULLETIN_EDITIONS, call.path_id()?).await?;
    let (district_code, values) = (edition.envelope.district_code.clone(), &edition.values);
    let was: Vec<EditionFigure> = values.list(&FIGURES).collect();
    let (is, head) = recount(&call, &wish_of(&edition), &was).await?;
    let as_of = values.get(&AS_OF_CHANGE_NO).unwrap_or(0);
    let mut items = Vec::new();
    for (was, is) in was.iter().zip(&is).filter(|(was, is)| differs(was, is)) {
        let before = counted(&call, &district_code, was, as_of).await?;
        let after = counted(&call, &district_code, is, head).await?;
        items.push(correction(was, is, before.zip(after)));
    }
    let body = Corrections { was_as_of_change_no: as_of, is_as_of_change_no: head, items };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// The wish that made an edition.
fn wish_of(edition: &Record) -> Wish {
    let (envelope, values) = (&edition.envelope, &edition.values);
    let is_area = envelope.org_id.is_none() && envelope.area_code != envelope.district_code;
    Wish {
        district_code: envelope.district_code.clone(),
        template_code: values.get(&TEMPLATE_CODE).unwrap_or_default().to_owned(),
        as_of_on: values.get(&AS_OF_ON).unwrap_or_default(),
        org_id: envelope.org_id,
        area_code: is_area.then(|| envelope.area_code.clone()),
        style: values.get(&STYLE),
        at: "/",
    }
}

/// Whether a figure is another number, or the same of other records.
fn differs(was: &EditionFigure, is: &EditionFigure) -> bool {
    (was.value, &was.amount, &was.record_digest) != (is.value, &is.amount, &is.record_digest) || was.said != is.said
}

fn number(figure: &EditionFigure) -> Option<Decimal> {
    figure.value.map(Decimal::from).or_else(|| figure.amount.as_deref()?.parse().ok())
}

fn shown(figure: &EditionFigure) -> String {
    figure.value.map(|value| value.to_string()).or_else(|| figure.amount.clone()).unwrap_or_default()
}

/// Figures that differ, by key.
pub fn corrected<'a>(
    before: &'a [EditionFigure],
    after: &'a [EditionFigure],
) -> impl Iterator<Item = (&'a EditionFigure, &'a EditionFigure)> {
    before.iter().filter_map(|was| {
        let is = after.iter().find(|figure| figure.key == was.key && figure.query == was.query)?;
        differs(was, is).then_some((was, is))
    })
}

/// A correction in words.
pub fn sentence(replaced: i64, was: &EditionFigure, is: &EditionFigure) -> String {
    format!("第{replaced}期“{}”原为{}{},现更正为{}{}。", was.label, shown(was), was.unit, shown(is), is.unit)
}

fn correction(was: &EditionFigure, is: &EditionFigure, records: Option<(Counted, Counted)>) -> Correction {
    let mut correction = Correction {
        key: was.key.clone(),
        label: is.label.clone(),
        was: shown(was),
        is: shown(is),
        difference: number(is).zip(number(was)).map(|(is, was)| (is - was).normalize().to_string()),
        said: was.said.clone(),
        would_say: is.said.clone(),
        records_added: Vec::new(),
        records_changed: Vec::new(),
        records_removed: Vec::new(),
        records_told: records.is_some(),
    };
    let Some((before, after)) = records else { return correction };
    let told = |(&(kind, id), &revision): (&(&'static str, uuid::Uuid), &i64)| CountedRecord { kind, id, revision };
    for (key, revision) in &after {
        match before.get(key) {
            None => correction.records_added.push(told((key, revision))),
            Some(former) if former != revision => correction.records_changed.push(told((key, revision))),
            Some(_) => {}
        }
    }
    let removed = before.iter().filter(|(key, _)| !after.contains_key(key));
    correction.records_removed.extend(removed.map(told));
    for list in [&mut correction.records_added, &mut correction.records_changed, &mut correction.records_removed] {
        correction.records_told &= list.len() <= MOST;
        list.truncate(MOST);
    }
    correction
}
