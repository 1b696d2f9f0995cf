//! A bulletin as it would be issued now: nothing is kept.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use chrono::{DateTime, NaiveDate, Utc};
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use kit::time::day_of;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::codes::NOT_YET;
use super::compose::{Composed, Wish, compose, district_of};
use super::editions::READERS;
use super::editions::wire::EditionFigure;
use super::paper::{self, Sheet};
use super::render::{LeftOut, Printed};
use super::templates::find;
use super::templates::wire::{BulletinScope, BulletinStyle};
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list::{self, one_district};
use crate::statistics::tag::{CACHING, Tag};

fields! {
    /// Parameters of a preview.
    static PARAMETERS;
    TEMPLATE: String = Field::new("template", Shape::Text { min: 2, max: 40, pattern: Some("[a-z][a-z0-9_-]*") }, Text::new("Template", "模板编码"), "Its code.").required();
    ON: NaiveDate = Field::new("on", Shape::Day, Text::new("Day", "截至日"), "Until the end of this day; today by default.");
    ORG_ID: Uuid = Field::new("org_id", Shape::Id, Text::new("Unit", "单位"), "The unit, with all below it: of templates of units.");
    AREA_CODE: String = list::AREA_CODE;
    STYLE: BulletinStyle = Field::new("style", Shape::Word(BulletinStyle::VOCABULARY), Text::new("Style", "数字写法"), "How numbers are said; the template's way by default.");
    AS_OF: DateTime<Utc> = Field::new("as_of", Shape::Instant, Text::new("As of (time)", "截至时间"), "As was known then: 422 `not_yet` but of now.");
    AS_OF_CHANGE_NO: i64 = Field::new("as_of_change_no", Shape::Integer { min: 0, max: i64::MAX }, Text::new("As of (change)", "变更号"), "As was known then: 422 `not_yet` but of the newest.");
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

/// A bulletin that isn't issued.
#[derive(Serialize, ToSchema)]
struct BulletinPreview<'a> {
    /// The template.
    #[schema(value_type = String, max_length = 40)]
    template_code: &'a str,
    /// Its record; null of a shipped one.
    #[schema(required)]
    template_id: Option<Uuid>,
    /// Its revision; null of a shipped one.
    #[schema(required, minimum = 1)]
    template_revision: Option<i64>,
    /// Its title.
    #[schema(value_type = String, max_length = 200)]
    title: &'a str,
    /// Until the end of this day.
    #[schema(value_type = String, max_length = 10)]
    as_of_on: NaiveDate,
    /// As of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
    /// How numbers are said.
    #[schema(value_type = String, max_length = 20)]
    style: BulletinStyle,
    /// Its paragraphs.
    #[schema(value_type = Vec<serde_json::Value>, max_items = 1_000)]
    paragraphs: &'a [Printed],
    /// Its figures, each with what it was counted from.
    #[schema(value_type = Vec<serde_json::Value>, max_items = 500)]
    figures: &'a [EditionFigure],
    /// Clauses that leave themselves out, each with the figure for want of which.
    #[schema(inline, max_items = 800)]
    left_out: &'a [LeftOut],
}

/// Templates that hold.
#[derive(Serialize, ToSchema)]
struct HeldTemplates {
    /// One a code.
    #[schema(inline, max_items = 500)]
    items: Vec<HeldTemplate>,
}

/// A template that holds.
#[derive(Serialize, ToSchema)]
struct HeldTemplate {
    /// Code by which it is asked for.
    #[schema(max_length = 40)]
    code: String,
    /// Title of its bulletins.
    #[schema(max_length = 100)]
    title: String,
    /// Whose bulletins it makes.
    #[schema(value_type = String, max_length = 20)]
    scope: BulletinScope,
    /// Series of its editions.
    #[schema(max_length = 40)]
    series: String,
    /// How numbers are said.
    #[schema(value_type = String, max_length = 20)]
    style: BulletinStyle,
    /// The unit for which a shipped one was written.
    #[schema(required, max_length = 100)]
    unit_name: Option<String>,
    /// Its record; null of a shipped one.
    #[schema(required)]
    template_id: Option<Uuid>,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let template = json!({"code": "edu-daily", "title": "雨城区教育局家属大院疫情防控工作情况", "scope": "unit", "series": "edu", "style": "seed", "unit_name": "雨城区教育局", "template_id": null});
    let preview = |operation: Operation| {
        operation.access(Access::Roles(READERS)).parameters(PARAMETERS.iter().collect()).problems(&[
            NOT_YET,
            DISTRICT_REQUIRED,
            NOT_FOUND,
        ])
    };
    vec![
        Operation::new(Method::GET, "/v1/bulletins/templates", "list_bulletins_templates", templates)
            .described(
                "bulletins",
                "Templates that hold",
                "One a code: the unit's own, else the district's, else the shipped one.",
            )
            .access(Access::Roles(READERS))
            .parameters(vec![&ON.field, &ORG_ID.field, &DISTRICT_CODE.field])
            .answers::<HeldTemplates>(200, "The templates.", Some(json!({"items": [template]})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
        preview(Operation::new(Method::GET, "/v1/bulletins/preview", "preview_bulletin", preview_json))
            .described("bulletins", "A bulletin as it would be issued now", "Nothing is kept.")
            .headers(&["If-None-Match"])
            .answers::<BulletinPreview<'_>>(200, "The bulletin.", None)
            .with_headers(&["ETag"])
            .answers_nothing(304, "Nothing changed."),
        preview(Operation::new(Method::GET, "/v1/bulletins/preview.html", "print_bulletin_preview", preview_html))
            .described("bulletins", "The same to print", "A page for A4.")
            .answers_nothing(200, "The page.")
            .as_files(vec!["text/html"]),
        preview(Operation::new(Method::GET, "/v1/bulletins/preview.txt", "read_bulletin_preview", preview_text))
            .described("bulletins", "The same as text", "Title and paragraphs, in Chinese.")
            .answers_nothing(200, "The text.")
            .as_files(vec!["text/plain"]),
    ]
}

async fn templates(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let on = call.query.get(&ON).unwrap_or_else(|| day_of(call.core.clock.now(), call.core.zone));
    let mut snapshot = call.core.database.snapshot().await?;
    let all = find::all(&call.core, &mut snapshot, &district_code, call.query.get(&ORG_ID), on).await?;
    snapshot.end().await?;
    let shown = |template: find::Template| HeldTemplate {
        code: template.code,
        title: template.title,
        scope: template.scope,
        series: template.series,
        style: template.style,
        unit_name: template.unit_name,
        template_id: template.id,
    };
    let body = HeldTemplates { items: all.into_iter().map(shown).collect() };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

fn wish(call: &Call) -> Result<Wish, Problem> {
    let query = &call.query;
    let district_code = district_of(call.actor()?, query.get(&AREA_CODE), query)?;
    let now = call.core.clock.now();
    let is_earlier = query.get(&AS_OF).is_some_and(|as_of| as_of < now);
    if is_earlier {
        return Err(NOT_YET.into());
    }
    let today = day_of(now, call.core.zone);
    Ok(Wish {
        district_code,
        template_code: query.required(&TEMPLATE)?.to_owned(),
        as_of_on: query.get(&ON).map_or(today, |day| day.min(today)),
        org_id: query.get(&ORG_ID),
        area_code: query.get(&AREA_CODE).map(str::to_owned),
        style: query.get(&STYLE),
        at: "?",
    })
}

async fn composed(call: &Call) -> Result<(Wish, Composed), Problem> {
    let wish = wish(call)?;
    let composed = compose(call, &wish).await?;
    match call.query.get(&AS_OF_CHANGE_NO) {
        Some(number) if number != composed.as_of_change_no => Err(NOT_YET.into()),
        _ => Ok((wish, composed)),
    }
}

async fn preview_json(call: Call) -> Answer {
    let today = day_of(call.core.clock.now(), call.core.zone);
    let tag = Tag::of(&call, &wish(&call)?.district_code, today)?;
    if let Some(unchanged) = tag.unchanged(&call) {
        return Ok(unchanged);
    }
    let (wish, composed) = composed(&call).await?;
    if let Some(known) = tag.known(&call, composed.as_of_change_no) {
        return Ok(known);
    }
    let body = BulletinPreview {
        template_code: &composed.template.code,
        template_id: composed.template.id,
        template_revision: composed.template.revision,
        title: &composed.title,
        as_of_on: wish.as_of_on,
        as_of_change_no: composed.as_of_change_no,
        style: composed.style,
        paragraphs: &composed.paragraphs,
        figures: &composed.figures,
        left_out: &composed.left_out,
    };
    Ok(HttpResponse::Ok().insert_header((ETAG, tag.text(composed.as_of_change_no))).insert_header(CACHING).json(body))
}

async fn preview_html(call: Call) -> Answer {
    let (wish, composed) = composed(&call).await?;
    let sheet = Sheet {
        title: &composed.title,
        subtitle: format!("预览 · 截至{} · 变更号 {}", wish.as_of_on, composed.as_of_change_no),
        paragraphs: &composed.paragraphs,
        figures: &composed.figures,
        corrections: Vec::new(),
    };
    Ok(paper::answer(paper::page(&sheet)))
}

async fn preview_text(call: Call) -> Answer {
    let (_, composed) = composed(&call).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(paper::text(&composed.title, &composed.paragraphs)))
}
