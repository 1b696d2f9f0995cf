//! Coverage of a round: how many of those on its list were looked at, by area, cell, group, compound or whose work it is.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::field::{Field, Shape};
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::typed::TypedField;
use kit::{columns, words};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::targets::{ready_round, standing_targets};
use super::{FROZEN, ROUND_NO, STATE};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::page::AREA_CODE;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::rooms::households::READERS;
use crate::rooms::households::codes::ROUND_NOT_READY;

words! {
    /// What a line of the coverage stands for.
    CoverageGrouping "survey_coverage_by" "By" "统计口径" {
        Area "area" "area" "区划";
        GridCell "grid_cell" "grid cell" "网格";
        HouseholdGroup "household_group" "group" "十户组";
        Place "place" "compound" "小区(院落)";
        Assignee "assignee" "whose work it is" "责任人";
    }
}

const BY: TypedField<CoverageGrouping> = TypedField::named(
    "BY",
    Field::new("by", Shape::Word(CoverageGrouping::VOCABULARY), Text::new("By", "统计口径"), "`area` by default."),
);

columns! {
    KEY "key": String;
    LABEL "label": String;
    TARGETS "targets": i64;
    DONE "done": i64;
    REACHED "reached": i64;
    VACANT "vacant": i64;
    MOVED "moved": i64;
    REFUSED "refused": i64;
    ATTEMPTED "attempted": i64;
    OPEN "open": i64;
    PERSONS "persons": i64;
    PERSONS_CONFIRMED "persons_confirmed": i64;
    ADDITIONAL "additional": i64;
}

/// Coverage of a round.
#[derive(Serialize, ToSchema)]
struct Coverage {
    /// The round.
    round_id: Uuid,
    /// Which of its series.
    #[schema(required, minimum = 1)]
    round_no: Option<i64>,
    /// How it stands.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    state: Option<super::RoundState>,
    /// Number under which it was started: it counts by what stood before it.
    #[schema(required, minimum = 0)]
    frozen_change_no: Option<i64>,
    /// What a line stands for.
    #[schema(value_type = String, max_length = 20)]
    by: CoverageGrouping,
    /// A line each.
    #[schema(inline, max_items = 10_000)]
    items: Vec<CoverageLine>,
    /// All together.
    #[schema(inline)]
    total: CoverageCounts,
    /// Targets for which nobody answers.
    #[schema(minimum = 0)]
    unassigned: i64,
}

/// A line of the coverage.
#[derive(Serialize, ToSchema)]
struct CoverageLine {
    /// Code or id of what it stands for.
    #[schema(required, max_length = 60)]
    key: Option<String>,
    /// That in words.
    #[schema(required, max_length = 200)]
    label: Option<String>,
    #[serde(flatten)]
    #[schema(inline)]
    counts: CoverageCounts,
    /// The list of those nobody reached.
    #[schema(required, max_length = 300)]
    missed_url: Option<String>,
}

/// Counts of targets and persons.
#[derive(Clone, Default, Serialize, ToSchema)]
struct CoverageCounts {
    /// On the list.
    #[schema(minimum = 0)]
    targets: i64,
    /// Looked at.
    #[schema(minimum = 0)]
    done: i64,
    /// Done: somebody was reached.
    #[schema(minimum = 0)]
    reached: i64,
    /// Done: nobody lives there.
    #[schema(minimum = 0)]
    vacant: i64,
    /// Done: moved away.
    #[schema(minimum = 0)]
    moved: i64,
    /// Not done: refused.
    #[schema(minimum = 0)]
    refused: i64,
    /// Not done: tried in vain.
    #[schema(minimum = 0)]
    attempted: i64,
    /// Not done: nobody looked.
    #[schema(minimum = 0)]
    open: i64,
    /// Persons that belong to the targets.
    #[schema(minimum = 0)]
    persons: i64,
    /// Persons of whom a visit told.
    #[schema(minimum = 0)]
    persons_confirmed: i64,
    /// Visited in the round, and on no list: beside the denominator, never in it.
    #[schema(minimum = 0)]
    additional: i64,
    /// `done` of `targets`, four decimal places; null of none.
    #[schema(required, value_type = Option<String>, max_length = 6)]
    rate: Option<Decimal>,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let counts = json!({"targets": 120, "done": 118, "reached": 117, "vacant": 1, "moved": 0, "refused": 1, "attempted": 1, "open": 0, "persons": 338, "persons_confirmed": 331, "additional": 2, "rate": "0.9833"});
    let mut line = counts.clone();
    if let Some(line) = line.as_object_mut() {
        line.insert("key".into(), "511802005001".into());
        line.insert("label".into(), "龙溪社区居委会".into());
        line.insert(
            "missed_url".into(),
            "/v1/survey-rounds/0198c0de-0043-7000-8000-000000000001/missed?area_code=511802005001".into(),
        );
    }
    let example = json!({"round_id": "0198c0de-0043-7000-8000-000000000001", "round_no": 2, "state": "running", "frozen_change_no": 10020, "by": "area", "items": [line], "total": counts, "unassigned": 3});
    vec![
        Operation::new(Method::GET, "/v1/survey-rounds/{id}/coverage", "get_survey_coverage", coverage)
            .described("survey_rounds", "Coverage of a round", "How many of those on the list were looked at. The list is that of the start: what was registered later is `additional`.")
            .access(Access::Roles(READERS))
            .keys(KeyScope::Read)
            .parameters(vec![&BY.field, &AREA_CODE])
            .answers::<Coverage>(200, "The coverage.", Some(example))
            .problems(&[ROUND_NOT_READY]),
    ]
}

async fn coverage(call: Call) -> Answer {
    let round = ready_round(&call).await?;
    let by = call.query.get(&BY).unwrap_or(CoverageGrouping::Area);
    let statement = counted(&call, &round.envelope.district_code, round.envelope.id, by)?;
    let rows = call.core.database.read(&statement).await?;
    let mut total = CoverageCounts::default();
    let mut unassigned = 0;
    let mut items = Vec::new();
    for mut row in rows {
        let (key, label) = (row.get(&KEY), row.get(&LABEL));
        let counts = counts_of(&mut row);
        total.add(&counts);
        unassigned += row.get(&UNASSIGNED).unwrap_or(0);
        let missed_url = key.as_deref().and_then(|key| missed_url(round.envelope.id, by, key));
        items.push(CoverageLine { key, label, counts: counts.rated(), missed_url });
    }
    let frozen = round.values.get(&FROZEN);
    let body = Coverage {
        round_id: round.envelope.id,
        round_no: round.values.get(&ROUND_NO),
        state: round.values.get(&STATE),
        frozen_change_no: frozen.and_then(|frozen| frozen.change_no),
        by,
        items,
        total: total.rated(),
        unassigned,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

columns! {
    UNASSIGNED "unassigned": i64;
}

/// Counts by group. Whatever was visited beside the list is counted where the visit was made.
fn counted(
    call: &Call,
    district_code: &str,
    round_id: Uuid,
    by: CoverageGrouping,
) -> Result<Statement, kit::problem::Problem> {
    let (key, of_visit, label) = match by {
        CoverageGrouping::Area => {
            ("s.area_code", "vs.area_code", "(SELECT d.name FROM divisions AS d WHERE d.code = k.key)")
        }
        CoverageGrouping::GridCell => (
            "s.grid_cell_id::text",
            "NULL",
            "(SELECT c.name FROM grid_cells AS c WHERE c.district_code = k.district AND c.id::text = k.key)",
        ),
        CoverageGrouping::HouseholdGroup => (
            "s.household_group_id::text",
            "NULL",
            "(SELECT g.name FROM household_groups AS g WHERE g.district_code = k.district AND g.id::text = k.key)",
        ),
        CoverageGrouping::Place => (
            "s.place_id::text",
            "NULL",
            "(SELECT p.name FROM places AS p WHERE p.district_code = k.district AND p.id::text = k.key)",
        ),
        CoverageGrouping::Assignee => ("s.assignee_id::text", "NULL", "NULL::text"),
    };
    let area_code = call.query.text(AREA_CODE.name).unwrap_or(district_code).to_owned();
    let sums = "count(*) AS targets, count(*) FILTER (WHERE s.state = 'done') AS done, count(*) FILTER (WHERE s.done_as = 'reached') AS reached, \
         count(*) FILTER (WHERE s.done_as = 'vacant') AS vacant, count(*) FILTER (WHERE s.done_as = 'moved') AS moved, count(*) FILTER (WHERE s.state = 'refused') AS refused, \
         count(*) FILTER (WHERE s.state = 'attempted') AS attempted, count(*) FILTER (WHERE s.state = 'open') AS open, sum(s.persons)::bigint AS persons, \
         sum(s.persons_confirmed)::bigint AS persons_confirmed, count(*) FILTER (WHERE s.assignee_id IS NULL) AS unassigned";
    let then = format!(", ks AS (SELECT {key} AS key, {sums} FROM s WHERE starts_with(s.area_code, ");
    let statement = standing_targets(call.actor()?, district_code, round_id, &then)
        .text(&area_code)
        .sql(") GROUP BY 1), ad AS (SELECT ")
        .sql(of_visit)
        .sql("::text AS key, count(DISTINCT vs.root) AS additional FROM vs WHERE vs.result IN ('reached', 'vacant', 'moved') AND starts_with(vs.area_code, ")
        .text(&area_code)
        .sql(") AND NOT EXISTS (SELECT 1 FROM ts WHERE ts.root = vs.root) GROUP BY 1), k AS (SELECT coalesce(ks.key, ad.key) AS key, ")
        .text(district_code)
        .sql(" AS district, ks.targets, ks.done, ks.reached, ks.vacant, ks.moved, ks.refused, ks.attempted, ks.open, ks.persons, ks.persons_confirmed, ks.unassigned, coalesce(ad.additional, 0) AS additional FROM ks FULL JOIN ad ON coalesce(ad.key, '') = coalesce(ks.key, '')) SELECT k.*, ")
        .sql(label)
        .sql(" AS label FROM k ORDER BY k.key NULLS LAST");
    Ok(statement)
}

fn counts_of(row: &mut Row) -> CoverageCounts {
    let mut count = |column| row.get(column).unwrap_or(0);
    CoverageCounts {
        targets: count(&TARGETS),
        done: count(&DONE),
        reached: count(&REACHED),
        vacant: count(&VACANT),
        moved: count(&MOVED),
        refused: count(&REFUSED),
        attempted: count(&ATTEMPTED),
        open: count(&OPEN),
        persons: count(&PERSONS),
        persons_confirmed: count(&PERSONS_CONFIRMED),
        additional: count(&ADDITIONAL),
        rate: None,
    }
}

impl CoverageCounts {
    fn add(&mut self, other: &Self) {
        for (sum, count) in [
            (&mut self.targets, other.targets),
            (&mut self.done, other.done),
            (&mut self.reached, other.reached),
            (&mut self.vacant, other.vacant),
            (&mut self.moved, other.moved),
            (&mut self.refused, other.refused),
            (&mut self.attempted, other.attempted),
            (&mut self.open, other.open),
            (&mut self.persons, other.persons),
            (&mut self.persons_confirmed, other.persons_confirmed),
            (&mut self.additional, other.additional),
        ] {
            *sum += count;
        }
    }

    fn rated(mut self) -> Self {
        let rate = Decimal::from(self.done).checked_div(Decimal::from(self.targets));
        self.rate = rate.map(|rate| {
            let mut rate = rate.round_dp(4);
            rate.rescale(4);
            rate
        });
        self
    }
}

fn missed_url(round_id: Uuid, by: CoverageGrouping, key: &str) -> Option<String> {
    let parameter = match by {
        CoverageGrouping::Area => "area_code",
        CoverageGrouping::GridCell => "grid_cell_id",
        CoverageGrouping::HouseholdGroup => "household_group_id",
        CoverageGrouping::Place => "place_id",
        CoverageGrouping::Assignee => return None,
    };
    Some(format!("/v1/survey-rounds/{round_id}/missed?{parameter}={key}"))
}
