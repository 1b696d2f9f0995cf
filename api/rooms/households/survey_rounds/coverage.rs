//! Coverage of a round: how many of those on its list were looked at, by area, cell, group, compound or whose work it is.

use actix_web::http::Method;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
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
use crate::platform::codes::KEY_OUT_OF_SCOPE;
use crate::platform::http::page::AREA_CODE;
use crate::platform::http::{Access, Answer, Call, Operation, Tells};
use crate::records::Record;
use crate::rooms::households::READERS;
use crate::rooms::households::codes::ROUND_NOT_READY;
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, numbers, words as named};

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
    /// Counted as of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
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
    let example = json!({"round_id": "0198c0de-0043-7000-8000-000000000001", "round_no": 2, "state": "running", "frozen_change_no": 10020, "by": "area", "items": [line], "total": counts, "unassigned": 3, "as_of_change_no": 12894});
    let operation = Operation::new(Method::GET, "/v1/survey-rounds/{id}/coverage", "get_survey_coverage", coverage)
        .described("survey_rounds", "Coverage of a round", "How many of those on the list were looked at. The list is that of the start: what was registered later is `additional`. As CSV the lines alone.")
        .access(Access::Roles(READERS))
        .keys(KeyScope::Read)
        .tells(Tells::SmallNumbers(READERS))
        .answers::<Coverage>(200, "The coverage.", Some(example))
        .problems(&[ROUND_NOT_READY, KEY_OUT_OF_SCOPE]);
    vec![polled(operation, [&BY.field, &AREA_CODE])]
}

/// Columns of the lines as a file.
const COLUMNS: &[Column] = &[
    named("key", "编码"),
    named("label", "名称"),
    numbers("targets", "应查"),
    numbers("done", "已查"),
    numbers("reached", "已核"),
    numbers("vacant", "空户"),
    numbers("moved", "迁出"),
    numbers("refused", "拒绝"),
    numbers("attempted", "未联系上"),
    numbers("open", "未查"),
    numbers("persons", "应核人数"),
    numbers("persons_confirmed", "已核人数"),
    numbers("additional", "名单外已查"),
    numbers("rate", "覆盖率"),
];

async fn coverage(call: Call) -> Answer {
    let round = ready_round(&call).await?;
    let district_code = round.envelope.district_code.clone();
    answer(&call, &district_code, COLUMNS, async |now, head| of_round(&call, now, &round, head).await).await
}

async fn of_round(call: &Call, now: &mut Snapshot, round: &Record, as_of_change_no: i64) -> Result<Coverage, Problem> {
    let by = call.query.get(&BY).unwrap_or(CoverageGrouping::Area);
    let id = round.envelope.id;
    let statement = counted(call, &round.envelope.district_code, id, by)?;
    let (mut total, mut unassigned, mut items) = (CoverageCounts::default(), 0, Vec::new());
    for mut row in now.read(&statement).await? {
        let (key, label) = (row.get(&KEY), row.get(&LABEL));
        let counts = counts_of(&mut row);
        total.add(&counts);
        unassigned += row.get(&UNASSIGNED).unwrap_or(0);
        let missed_url = key.as_deref().and_then(|key| missed_url(id, by, key));
        items.push(CoverageLine { key, label, counts: counts.rated(), missed_url });
    }
    Ok(Coverage {
        round_id: id,
        round_no: round.values.get(&ROUND_NO),
        state: round.values.get(&STATE),
        frozen_change_no: round.values.get(&FROZEN).and_then(|frozen| frozen.change_no),
        by,
        items,
        total: total.rated(),
        unassigned,
        as_of_change_no,
    })
}

columns! {
    UNASSIGNED "unassigned": i64;
}

/// Counts by group. Whatever was visited beside the list is counted where the visit was made.
fn counted(call: &Call, district_code: &str, round_id: Uuid, by: CoverageGrouping) -> Result<Statement, Problem> {
    let (key, label) = match by {
        CoverageGrouping::Area => ("s.area_code", "SELECT d.name FROM divisions AS d WHERE d.code = k.key LIMIT 1"),
        CoverageGrouping::GridCell => {
            ("s.grid_cell_id::text", "SELECT c.name FROM grid_cells AS c WHERE c.id::text = k.key")
        }
        CoverageGrouping::HouseholdGroup => {
            ("s.household_group_id::text", "SELECT g.name FROM household_groups AS g WHERE g.id::text = k.key")
        }
        CoverageGrouping::Place => ("s.place_id::text", "SELECT p.name FROM places AS p WHERE p.id::text = k.key"),
        CoverageGrouping::Assignee => ("s.assignee_id::text", "SELECT NULL::text"),
    };
    let area_code = call.query.text(AREA_CODE.name).unwrap_or(district_code);
    let count = |condition: &str| format!("count(*) FILTER (WHERE s.listed AND {condition})");
    let sums = [
        ("targets", count("true")),
        ("done", count("s.state = 'done'")),
        ("reached", count("s.done_as = 'reached'")),
        ("vacant", count("s.done_as = 'vacant'")),
        ("moved", count("s.done_as = 'moved'")),
        ("refused", count("s.state = 'refused'")),
        ("attempted", count("s.state = 'attempted'")),
        ("open", count("s.state = 'open'")),
        ("persons", "coalesce(sum(s.persons) FILTER (WHERE s.listed), 0)::bigint".to_owned()),
        ("persons_confirmed", "coalesce(sum(s.persons_confirmed) FILTER (WHERE s.listed), 0)::bigint".to_owned()),
        ("unassigned", count("s.assignee_id IS NULL")),
        ("additional", "count(*) FILTER (WHERE NOT s.listed AND s.state = 'done')".to_owned()),
    ];
    let sums: Vec<String> = sums.iter().map(|(name, sum)| format!("{sum} AS {name}")).collect();
    let then = format!(", k AS (SELECT {key} AS key, {} FROM s WHERE starts_with(s.area_code, ", sums.join(", "));
    let statement = standing_targets(call.actor()?, district_code, round_id, &then)
        .text(area_code)
        .sql(format!(") GROUP BY 1) SELECT k.*, ({label}) AS label FROM k WHERE k.targets > 0 OR k.additional > 0 ORDER BY k.key NULLS LAST"));
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
