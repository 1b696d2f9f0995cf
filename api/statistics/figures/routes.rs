//! The operations of figures by name.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{DateTime, NaiveDate, Utc};
use kit::columns;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::time::day_of;
use kit::tree::Tree as BodyTree;
use serde_json::json;

use super::catalogue::Catalogue;
use super::queries::{self, AS_OF, AS_OF_CHANGE_NO, Body, body_schema};
use super::shown::{EvaluatedFigures, FigureCatalogue, FigureEntry, shown};
use super::{digests, evaluate, wide};
use crate::exchange::codes::BEYOND_HEAD;
use crate::platform::access::keys::KeyScope;
use crate::platform::access::organization_tree::Tree;
use crate::platform::codes::{DISTRICT_REQUIRED, KEY_OUT_OF_SCOPE, NOT_FOUND};
use crate::platform::http::{Answer, Call, Operation};
use crate::records::Registry;
use crate::records::list::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::records::named_figures::Reading;
use crate::statistics::OfDistricts;
use crate::statistics::answer::AsOf;
use crate::statistics::codes::NOT_YET;
use crate::statistics::districts::{self, Area, Part, WIDE_AREA_CODE, each};
use crate::statistics::tag::CACHING;

/// The operations. The examples tell of whatever kind has figures.
pub fn operations(kinds: &Registry) -> Vec<Operation> {
    let open = kinds.kinds().filter(|kind| !kind.closed);
    let figures = open.flat_map(|kind| kind.rules.figures().iter().map(move |figure| (kind, figure)));
    let found = figures.into_iter().find(|(_, figure)| !figure.distinct && figure.scale == 0 && !figure.moving);
    let name = found.map_or_else(String::new, |(kind, figure)| format!("{}.{}", kind.name, figure.name));
    let (kind, label, unit) = found.map_or(("", "", ""), |(kind, figure)| (kind.name, figure.label.zh, figure.unit.zh));
    let entry = json!({"name": name, "kind": kind, "label": label, "unit": unit, "scale": 0, "narrowed_by": ["org_id", "under_org_id", "no_org", "area_code", "from_on"], "filters": [], "privacy": "personal", "computed": "rollup", "moving": false, "as_it_stands": false, "readable": true});
    let query = json!({"figure": name, "to_on": "2020-02-02"});
    let url = format!("/v1/{}?to_on=2020-02-02", found.map_or("", |(kind, _)| kind.path));
    let result = json!({"query": query, "value": 106, "amount": null, "unit": unit, "label": label, "computed": "rollup", "suppressed": false, "withheld": null, "records_url": url, "further_records_url": null, "record_ids": null, "sum_of": null, "record_digest": null});
    vec![
        Operation::new(Method::GET, "/v1/figures", "list_figures", list)
            .described("stats", "The catalogue of figures", "Every figure that a kind of records declares or a part of the service computes: its name, unit, what narrows it, and whether the caller reads it.")
            .keys(KeyScope::Statistics)
            .parameters(vec![&DISTRICT_CODE, &AREA_CODE])
            .answers::<FigureCatalogue<'_>>(200, "The figures.", Some(json!({"items": [entry]})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]),
        Operation::new(Method::POST, "/v1/figures:evaluate", "evaluate_figures", evaluated)
            .described("stats", "Evaluate figures", "Up to 200 figures, all of one moment, each with the list that proves it; of a prefecture, a province or the country the sums of its districts, each of a moment of its own. One that the caller may not be told is null with its reason. Keys without `small_cells` and accounts that only read statistics see the sums of whole days and townships: 1 to 9 hidden, the rest rounded to 5.")
            .keys(KeyScope::Statistics)
            .parameters(vec![&DISTRICT_CODE, &WIDE_AREA_CODE])
            .body(body_schema(), json!({"queries": [query]}))
            .answers::<OfDistricts<EvaluatedFigures>>(200, "The figures.", Some(json!({"results": [result], "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]})))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND, KEY_OUT_OF_SCOPE]),
    ]
}

async fn list(call: Call) -> Answer {
    let district_code = districts::by_itself(&call)?;
    let today = day_of(call.core.clock.now(), call.core.zone);
    let catalogue = Catalogue::of(&call, &district_code, today).await?;
    let items = catalogue.entries().iter().filter(|entry| entry.is_known_to(&call));
    let items = items.map(|entry| FigureEntry::of(&call, entry)).collect();
    Ok(HttpResponse::Ok().insert_header(CACHING).json(FigureCatalogue { items }))
}

async fn evaluated(call: Call) -> Answer {
    let answer = match Area::asked(&call.query) {
        Some(area) => {
            let districts = area.districts(&call)?;
            let tree = call.tree().await?;
            let part = |code: String| (code.clone(), Part::of(&call, area, &code));
            let parts = districts.into_iter().map(part).collect();
            let (told, as_of) = each(&call, parts, async |part: Part| in_district(&part, &tree).await).await?;
            OfDistricts::sum(told, as_of)?
        }
        None => {
            let district_code = one_district(call.actor()?, &call.query)?;
            let tree = call.tree().await?;
            let (told, head) = in_district(&Part::whole(&call, &district_code), &tree).await?;
            OfDistricts::new(told, AsOf::one(&district_code, head), Some(head))
        }
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(answer))
}

/// Evaluates what is asked in a district, and says as of which number.
async fn in_district(part: &Part, tree: &BodyTree) -> Result<(EvaluatedFigures, i64), Problem> {
    let (call, district_code) = (&part.call, part.district_code.as_str());
    let today = day_of(call.core.clock.now(), call.core.zone);
    let catalogue = Catalogue::of(call, district_code, today).await?;
    let body = asked(part, tree, &catalogue, today)?;
    for entry in body.queries.iter().filter_map(|query| catalogue.entry(&query.figure)) {
        entry.require_person(call)?;
    }
    let mut snapshot = call.core.database.snapshot().await?;
    let as_of_change_no = head(call, &mut snapshot, district_code, &body).await?;
    let tree = Tree::of_rows(snapshot.read(&Tree::statement(district_code)).await?);
    let mut reading = Reading { call, district_code, tree: &tree, snapshot: &mut snapshot };
    let figures = evaluate(&mut reading, &catalogue, &body.queries).await?;
    let entries = || body.queries.iter().filter_map(|query| Some(&catalogue.entry(&query.figure)?.shown));
    let found = || body.queries.iter().zip(entries()).zip(&figures).map(|((query, entry), one)| (query, entry, one));
    let digests = if body.digest { digests(&mut reading, found()).await? } else { Vec::new() };
    snapshot.end().await?;
    let told = body.told.iter().zip(found());
    let mut results: Vec<_> =
        told.map(|(query, (_, entry, figure))| shown(call, query.clone(), entry, figure)).collect();
    results.iter_mut().zip(digests).for_each(|(result, digest)| result.record_digest = digest);
    Ok((EvaluatedFigures { results, language: call.language }, as_of_change_no))
}

/// The body: every fault of form, of names and of filters at once.
fn asked(part: &Part, tree: &BodyTree, catalogue: &Catalogue, today: NaiveDate) -> Result<Body, Problem> {
    let mut faults = Faults::default();
    let body = queries::read(tree, catalogue, today, &mut faults);
    if let Some(body) = body.as_ref().filter(|_| part.stands_for().is_some()) {
        wide::refuse(catalogue, body, &mut faults);
    }
    faults.finish()?;
    body.ok_or_else(|| Problem::internal("a body without faults is one"))
}

columns! {
    LAST_NO "last_no": i64;
    ADVANCED_AT "advanced_at": DateTime<Utc>;
}

/// The newest number, which must be what is asked for: of what was before nothing can be told yet.
async fn head(
    call: &Call,
    snapshot: &mut kit::database::Snapshot,
    district_code: &str,
    body: &Body,
) -> Result<i64, Problem> {
    let clock = kit::statement::Statement::new(
        "SELECT c.last_no, c.advanced_at FROM district_clocks AS c WHERE c.district_code = ",
    );
    let row = snapshot.read(&clock.text(district_code).seeing_district(district_code)).await?.into_iter().next();
    let clock = row.and_then(|mut row| Some((row.get(&LAST_NO)?, row.get(&ADVANCED_AT)?)));
    let (head, advanced_at) = clock.unwrap_or((0, DateTime::UNIX_EPOCH));
    let mut faults = Faults::default();
    match body.as_of_change_no {
        Some(asked) if asked > head => faults.add(AS_OF_CHANGE_NO.pointer(), BEYOND_HEAD),
        Some(asked) if asked < head => faults.add(AS_OF_CHANGE_NO.pointer(), NOT_YET),
        _ => {}
    }
    // Changes may still be written before an instant that is to come.
    if body.as_of.is_some_and(|as_of| as_of < advanced_at || as_of > call.core.clock.now()) {
        faults.add(AS_OF.pointer(), NOT_YET);
    }
    faults.finish().map(|()| head)
}
