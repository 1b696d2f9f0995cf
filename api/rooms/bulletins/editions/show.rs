//! Editions as people read them: on paper, as text; and each figure with the records it was counted from.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::problem::Problem;
use serde_json::json;
use uuid::Uuid;

use super::corrections::{corrected, sentence};
use super::wire::{
    AS_OF_CHANGE_NO, AS_OF_ON, EDITION_NO, EditionFigure, EditionState, FIGURES, PARAGRAPHS, REPLACES_ID, STATE, TITLE,
};
use super::{BULLETIN_EDITIONS, READERS};
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::{Record, read};
use crate::rooms::bulletins::footnotes::{Footnote, footnote};
use crate::rooms::bulletins::paper::{self, Sheet};

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let record = json!({"kind": "disinfections", "id": "0198c0de-0003-7000-8000-000000000001", "revision": 1});
    let footnote = json!({"key": "area_m2", "as_of_change_no": 10019, "records": [record], "record_count": 1, "records_url": "/v1/disinfections?to_on=2020-02-02"});
    vec![
        Operation::new(Method::GET, "/v1/bulletin-editions/{id}/bulletin.html", "print_bulletin_edition", print)
            .described("bulletin_editions", "An edition to print", "A page for A4, one file, with numbered footnotes; of one that replaces another with a section of corrections.")
            .access(Access::Roles(READERS))
            .answers_nothing(200, "The page.")
            .as_files(vec!["text/html"]),
        Operation::new(Method::GET, "/v1/bulletin-editions/{id}/bulletin.txt", "read_bulletin_edition", text)
            .described("bulletin_editions", "An edition as text", "Title and paragraphs, in Chinese.")
            .access(Access::Roles(READERS))
            .answers_nothing(200, "The text.")
            .as_files(vec!["text/plain"]),
        Operation::new(Method::GET, "/v1/bulletin-editions/{id}/figures/{key}", "get_bulletin_figure", figure)
            .described("bulletin_editions", "A figure of an edition", "With the records that were counted, as they stood then; of more than 10,000 their list alone.")
            .access(Access::Roles(READERS))
            .answers::<Footnote>(200, "The figure.", Some(footnote)),
    ]
}

async fn edition(call: &Call) -> Result<Record, Problem> {
    read::find(&call.core, call.actor()?, &BULLETIN_EDITIONS, call.path_id()?).await
}

async fn print(call: Call) -> Answer {
    let edition = edition(&call).await?;
    let values = &edition.values;
    let paragraphs: Vec<_> = values.list(&PARAGRAPHS).collect();
    let figures: Vec<EditionFigure> = values.list(&FIGURES).collect();
    let corrections = match values.get(&REPLACES_ID) {
        Some(id) => corrections_of(&call, id, &figures).await?,
        None => Vec::new(),
    };
    let withdrawn = values.get(&STATE) == Some(EditionState::Withdrawn);
    let number = values.get(&EDITION_NO).unwrap_or(0);
    let day = values.get(&AS_OF_ON).map(|day| day.to_string()).unwrap_or_default();
    let change_no = values.get(&AS_OF_CHANGE_NO).unwrap_or(0);
    let state = if withdrawn { " · 已撤回" } else { "" };
    let sheet = Sheet {
        title: values.get(&TITLE).unwrap_or_default(),
        subtitle: format!("第{number}期 · 截至{day} · 变更号 {change_no}{state}"),
        paragraphs: &paragraphs,
        figures: &figures,
        corrections,
    };
    Ok(paper::answer(paper::page(&sheet)))
}

/// Corrections that an edition makes to the one it replaces, in words.
async fn corrections_of(call: &Call, replaced: Uuid, figures: &[EditionFigure]) -> Result<Vec<String>, Problem> {
    let found = read::find_all(&call.core, call.actor()?, &BULLETIN_EDITIONS, &[replaced]).await?.remove(&replaced);
    let Some(replaced) = found else { return Ok(Vec::new()) };
    let number = replaced.values.get(&EDITION_NO).unwrap_or(0);
    let before: Vec<EditionFigure> = replaced.values.list(&FIGURES).collect();
    Ok(corrected(&before, figures).map(|(was, is)| sentence(number, was, is)).collect())
}

async fn text(call: Call) -> Answer {
    let edition = edition(&call).await?;
    let paragraphs: Vec<_> = edition.values.list(&PARAGRAPHS).collect();
    let text = paper::text(edition.values.get(&TITLE).unwrap_or_default(), &paragraphs);
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text))
}

async fn figure(call: Call) -> Answer {
    let edition = edition(&call).await?;
    let key = call.path_text("key")?;
    let figure = edition.values.list(&FIGURES).find(|figure: &EditionFigure| figure.key == key);
    let figure = figure.ok_or(NOT_FOUND)?;
    let as_of = edition.values.get(&AS_OF_CHANGE_NO).unwrap_or(0);
    let body = footnote(&call, &edition.envelope.district_code, &figure, as_of).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}
