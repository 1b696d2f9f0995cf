//! Coverage of a round: how many of those on its list were looked at, by area, cell, group, compound or whose work it is.

use actix_web::http::Method;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::Statement;
use kit::text::Text;
use kit::typed::TypedField;
use kit::{columns, words};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::counts::{CoverageCounts, columns, sums};
use super::standings::{filled, standing_targets};
use super::targets::{GRID_CELL_ID, HOUSEHOLD_GROUP_ID, PLACE_ID, of_part, ready_round};
use super::{FROZEN, ROUND_NO, STATE};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::KEY_OUT_OF_SCOPE;
use crate::platform::http::page::AREA_CODE;
use crate::platform::http::{Access, Answer, Call, Operation, Tells};
use crate::records::Record;
use crate::rooms::households::READERS;
use crate::rooms::households::codes::ROUND_NOT_READY;
use crate::rooms::households::survey_visits::SurveyChannel;
use crate::statistics::polled::{answer_as_book, polled_as_book};
use crate::statistics::sheet::{Column, numbers, words as named};

words! {
    /// Groupings of the coverage: a line of it stands for one area, cell, day and so on.
    CoverageGrouping "survey_coverage_by" "By" "统计口径" {
        Area "area" "area" "区划";
        GridCell "grid_cell" "grid cell" "网格";
        HouseholdGroup "household_group" "group" "十户组";
        Place "place" "compound" "小区(院落)";
        Assignee "assignee" "whose work it is" "责任人";
        Channel "channel" "channel" "核查方式";
        Day "day" "day" "日期";
    }
}

const BY: TypedField<CoverageGrouping> = TypedField::named(
    "BY",
    Field::new("by", Shape::Word(CoverageGrouping::VOCABULARY), Text::new("By", "统计口径"), "`area` by default."),
);

columns! {
    KEY "key": String;
    LABEL "label": String;
    UNASSIGNED "unassigned": i64;
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
    /// Grouping of the lines.
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
        .described("survey_rounds", "Coverage of a round", "How many of those on the list were looked at. The list is that of the start: what was registered later is `additional`. By channel and day a target counts where it was done, else where it was tried last. As CSV or XLSX the lines alone.")
        .access(Access::Roles(READERS))
        .keys(KeyScope::Read)
        .tells(Tells::SmallNumbers(READERS))
        .answers::<Coverage>(200, "The coverage.", Some(example))
        .problems(&[ROUND_NOT_READY, KEY_OUT_OF_SCOPE]);
    let narrowed = [&BY.field, &AREA_CODE, &GRID_CELL_ID.field, &HOUSEHOLD_GROUP_ID.field, &PLACE_ID.field];
    vec![polled_as_book(operation, narrowed)]
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
    answer_as_book(&call, &district_code, COLUMNS, async |now, head| of_round(&call, now, &round, head).await).await
}

async fn of_round(call: &Call, now: &mut Snapshot, round: &Record, as_of_change_no: i64) -> Result<Coverage, Problem> {
    let by = call.query.get(&BY).unwrap_or(CoverageGrouping::Area);
    let id = round.envelope.id;
    let statement = counted(call, &round.envelope.district_code, id, by)?;
    let (mut total, mut unassigned, mut items) = (CoverageCounts::default(), 0, Vec::new());
    for mut row in now.read(&statement).await? {
        let key = row.get(&KEY);
        let label = row.get(&LABEL).or_else(|| label_of(call, by, key.as_deref()));
        let counts = CoverageCounts::of_row(&mut row);
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

/// Counts by group. Whatever was visited beside the list is counted where the visit was made; by channel and day a target
/// counts where it was done, else tried last.
fn counted(call: &Call, district_code: &str, round_id: Uuid, by: CoverageGrouping) -> Result<Statement, Problem> {
    let named =
        |table: &str| format!("SELECT n.name FROM {table} AS n WHERE n.district_code = :district AND n.id = k.id");
    let (key, label) = match by {
        CoverageGrouping::Area => ("s.area_code", "NULL::text".to_owned()),
        CoverageGrouping::GridCell => ("s.grid_cell_id", named("grid_cells")),
        CoverageGrouping::HouseholdGroup => ("s.household_group_id", named("household_groups")),
        CoverageGrouping::Place => ("s.place_id", named("places")),
        CoverageGrouping::Assignee => {
            ("s.assignee_id", "SELECT u.display_name FROM users AS u WHERE u.id = k.id".to_owned())
        }
        CoverageGrouping::Channel => ("s.channel", "NULL::text".to_owned()),
        CoverageGrouping::Day => ("(s.decided_at AT TIME ZONE ", "k.key".to_owned()),
    };
    let sums = format!("{}, count(*) FILTER (WHERE s.listed AND s.assignee_id IS NULL) AS unassigned", sums());
    let statement = standing_targets(call.actor()?, district_code, round_id, &format!(", g AS (SELECT {key}"));
    let statement = match by {
        CoverageGrouping::Day => statement.text(call.core.zone.name()).sql(")::date"),
        _ => statement,
    };
    let area_code = call.query.text(AREA_CODE.name).unwrap_or(district_code);
    let statement =
        statement.sql(format!(" AS key, {sums} FROM s WHERE starts_with(s.area_code, ")).text(area_code).sql(")");
    let columns = columns().map(|column| format!("g.{column}")).collect::<Vec<_>>().join(", ");
    let id = match by {
        CoverageGrouping::Area | CoverageGrouping::Channel | CoverageGrouping::Day => "NULL::uuid",
        _ => "g.key",
    };
    let lines = format!(
        " GROUP BY 1), k AS (SELECT {id} AS id, g.key::text AS key, {columns} FROM g WHERE g.targets > 0 OR g.additional > 0) \
         SELECT k.*, ({label}) AS label FROM k ORDER BY k.key NULLS LAST"
    );
    Ok(of_part(call, statement).then(filled(&lines, district_code, round_id)))
}

/// The name of a line, where the database knows none: of an area, a channel, or of what stands nowhere.
fn label_of(call: &Call, by: CoverageGrouping, key: Option<&str>) -> Option<String> {
    let text = match (by, key) {
        (CoverageGrouping::Area, Some(code)) => {
            return call.core.divisions.find(code, None).map(|division| division.name.clone());
        }
        (CoverageGrouping::Channel, Some(code)) => SurveyChannel::VOCABULARY.find(code)?.label,
        (_, Some(_)) => return None,
        (CoverageGrouping::Area, None) => return None,
        (CoverageGrouping::GridCell, None) => Text::new("in no grid cell", "未划入网格"),
        (CoverageGrouping::HouseholdGroup, None) => Text::new("in no group", "未编组"),
        (CoverageGrouping::Place, None) => Text::new("in no compound", "不在小区(院落)内"),
        (CoverageGrouping::Assignee, None) => Text::new("nobody answers for it", "无责任人"),
        (CoverageGrouping::Channel | CoverageGrouping::Day, None) => Text::new("nobody looked", "尚未核查"),
    };
    Some(text.in_language(call.language).to_owned())
}

fn missed_url(round_id: Uuid, by: CoverageGrouping, key: &str) -> Option<String> {
    let parameter = match by {
        CoverageGrouping::Area => "area_code",
        CoverageGrouping::GridCell => "grid_cell_id",
        CoverageGrouping::HouseholdGroup => "household_group_id",
        CoverageGrouping::Place => "place_id",
        CoverageGrouping::Assignee => "assignee",
        CoverageGrouping::Channel | CoverageGrouping::Day => return None,
    };
    Some(format!("/v1/survey-rounds/{round_id}/missed?{parameter}={key}"))
}
