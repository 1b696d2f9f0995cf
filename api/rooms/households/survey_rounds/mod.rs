//! Survey rounds (摸排轮次): who must be looked at until when. What a round counts by is drawn up as it stood before the
//! round's own start, and never changes: a denominator that anybody can count again.

mod acts;
mod changes;
mod counts;
mod coverage;
pub mod figures;
mod freeze;
mod missed;
mod proof;
mod standings;
mod targets;
pub mod worker;

use chrono::{DateTime, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::in_utc_where_known;
use kit::value::Values;
use kit::{columns, fields, object, words};
use uuid::Uuid;

pub use self::acts::{close_round, start_round};
pub use self::freeze::remake;
pub use self::proof::unproven;
pub use self::standings::{TELLINGS, refresh, standing_targets};
use super::READERS;
use super::households::{HouseholdKind, Residency};
use super::survey_visits::SurveyChannel;
use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::platform::http::Operation;
use crate::records::envelope::AREA_CODE;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Reach, Record, Rules};
use crate::rooms::households::codes::ROUND_STARTED;
use crate::rooms::registers::PersonCategory;

words! {
    /// Sorts of targets that a round looks at.
    pub SurveyTarget "survey_target" "Target" "核查对象" {
        Households "households" "households" "户";
        Persons "persons" "persons" "人";
    }
}

words! {
    /// How a round stands.
    pub RoundState "survey_round_state" "State" "状态" {
        Draft "draft" "draft" "草稿";
        Running "running" "running" "进行中";
        Closed "closed" "closed" "已结束";
        Cancelled "cancelled" "cancelled" "已取消";
    }
}

words! {
    /// Purposes of a round.
    pub WorkTheme "work_theme" "Theme" "工作主题" {
        Screening "re_screen" "screening again" "再排查";
        Publicity "re_publicize" "publicity again" "再宣传";
        Control "re_control" "control again" "再稳控";
        Support "re_support" "support again" "再保障";
    }
}

object! {
    /// Which of an area's households or people a round looks at; what is left out narrows nothing.
    #[derive(Default)]
    pub struct SurveyScope, SCOPE_FIELDS {
        #[serde(skip_serializing_if = "Option::is_none")]
        residencies: Option<Vec<Residency>> = Field::new("residencies", Shape::List { of: &Shape::Word(Residency::VOCABULARY), max: 5 }, Text::new("Residencies", "居住情况"), "Households that live so.");
        #[serde(skip_serializing_if = "Option::is_none")]
        household_kinds: Option<Vec<HouseholdKind>> = Field::new("household_kinds", Shape::List { of: &Shape::Word(HouseholdKind::VOCABULARY), max: 4 }, Text::new("Kinds of households", "户类型"), "Households of these kinds.");
        #[serde(skip_serializing_if = "Option::is_none")]
        grid_cell_ids: Option<Vec<Uuid>> = Field::new("grid_cell_ids", Shape::List { of: &Shape::Id, max: 500 }, Text::new("Grid cells", "网格"), "Households of these cells.");
        #[serde(skip_serializing_if = "Option::is_none")]
        place_ids: Option<Vec<Uuid>> = Field::new("place_ids", Shape::List { of: &Shape::Reference("places"), max: 500 }, Text::new("Compounds", "小区(院落)"), "Households of these compounds.");
        #[serde(skip_serializing_if = "Option::is_none")]
        categories: Option<Vec<PersonCategory>> = Field::new("categories", Shape::List { of: &Shape::Word(PersonCategory::VOCABULARY), max: 10 }, Text::new("Categories", "人员类别"), "Of a round that looks at persons: those of these categories.");
    }
}

object! {
    /// List that a round counts by, as it stood before the round's start.
    pub struct Frozen, FROZEN_FIELDS {
        change_no: Option<i64> = Field::new("change_no", Shape::Integer { min: 0, max: i64::MAX }, Text::new("Change number", "变更号"), "Number under which the round was started: it counts by what stood before it.");
        #[serde(serialize_with = "in_utc_where_known")]
        at: Option<DateTime<Utc>> = Field::new("at", Shape::Instant, Text::new("At", "时间"), "When it was started.");
        ready: bool = Field::new("ready", Shape::Boolean, Text::new("Ready", "已生成"), "Whether the list is drawn up.").required();
        households: Option<i64> = Field::new("households", Shape::Integer { min: 0, max: i64::MAX }, Text::new("Households", "户数"), "Households on the list.");
        persons: Option<i64> = Field::new("persons", Shape::Integer { min: 0, max: i64::MAX }, Text::new("Persons", "人数"), "Persons on the list.");
        digest: Option<String> = Field::new("digest", free_text(64), Text::new("Digest", "摘要"), "SHA-256 over the sorted ids of the targets, a line each: whoever counts again finds the same.");
    }
}

fields! {
    /// The fields of a round, beside the envelope's.
    static FIELDS;
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "名称"), "What people call it.").required();
    SERIES: String = Field::new("series", Shape::Text { min: 1, max: 40, pattern: Some("[a-z][a-z0-9_]*") }, Text::new("Series", "系列"), "Rounds of one series are compared with each other: `households`, `hubei_returnees`.").required().on_create();
    TARGET: SurveyTarget = Field::new("target", Shape::Word(SurveyTarget::VOCABULARY), Text::new("Target", "核查对象"), "What it looks at.").required().on_create();
    SCOPE: SurveyScope = Field::new("scope", Shape::Object(SCOPE_FIELDS), Text::new("Scope", "范围"), "Which of the area's; all where it is left out.");
    CHANNELS: Vec<SurveyChannel> = Field::new("channels", Shape::List { of: &Shape::Word(SurveyChannel::VOCABULARY), max: 5 }, Text::new("Channels", "核查方式"), "How people are to be reached. Another way is warned of, not refused.");
    THEME: WorkTheme = Field::new("theme", Shape::Word(WorkTheme::VOCABULARY), Text::new("Theme", "工作主题"), "What it is for.");
    COMPARES_WITH_ID: Uuid = Field::new("compares_with_id", Shape::Reference("survey_rounds"), Text::new("Compares with", "对比轮次"), "The round with which it is compared.").on_create();
    STARTS_AT: DateTime<Utc> = Field::new("starts_at", Shape::Instant, Text::new("Starts at", "开始时间"), "When the work begins.").required();
    DUE_AT: DateTime<Utc> = Field::new("due_at", Shape::Instant, Text::new("Due at", "截止时间"), "Until when everybody must have been looked at.").required();
    STATE: RoundState = Field::new("state", Shape::Word(RoundState::VOCABULARY), Text::new("State", "状态"), "How it stands.").by_server();
    ROUND_NO: i64 = Field::new("round_no", Shape::Integer { min: 1, max: i64::MAX }, Text::new("Round", "第几轮"), "Which of its series in its area.").by_server();
    FROZEN: Frozen = Field::new("frozen", Shape::Object(FROZEN_FIELDS), Text::new("Frozen", "冻结清单"), "What it counts by, as it stood before its start.").by_server();
    CLOSED_AT: DateTime<Utc> = Field::new("closed_at", Shape::Instant, Text::new("Closed at", "结束时间"), "When it was closed or cancelled: what happened later doesn't count in it.").by_server();
    CANCEL_REASON: String = Field::new("cancel_reason", free_text(500), Text::new("Reason", "取消原因"), "Why it was cancelled. Encrypted at rest.").by_server().sealed();
}

/// Roles that make rounds.
const MAKERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::CdcOfficer];

/// The kind.
pub static SURVEY_ROUNDS: Kind = Kind::of(Definition {
    name: "survey_rounds",
    path: "survey-rounds",
    schema: "SurveyRound",
    label: Text::new("Survey round", "摸排轮次"),
    about: "Who must be looked at until when; its list is frozen when it starts.",
    fields: FIELDS,
    filters: &[SERIES.name(), TARGET.name(), STATE.name()],
    // A district's round is the work of every village: its surveyors must find it. Its targets are judged by where they stand.
    reach: Reach::District,
    readers: READERS,
    writers: MAKERS,
    rules: &RoundRules,
    example: include_str!("../../../../openapi/examples/survey_rounds/create.json"),
    ..Definition::FIELD_RECORD
});

struct RoundRules;

const ROUNDS: Figure =
    Figure::new("survey_rounds", Text::new("Survey rounds", "摸排轮次"), Text::new("rounds", "轮")).open();

columns! {
    /// Rounds of the series that the area has had.
    ROUNDS_BEFORE "rounds_before": i64;
}

impl Rules for RoundRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[SERIES.name(), STARTS_AT.name()] }
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let values = &draft.values;
        if let (Some(starts_at), Some(due_at)) = (values.get(&STARTS_AT), values.get(&DUE_AT))
            && due_at <= starts_at
        {
            faults.add_with(draft.at(&DUE_AT), INVALID_ORDER, vec![("other", "starts_at".into())]);
        }
        check_started(draft, faults);
    }

    fn recollection(&self, drafts: &[&Draft], context: &Context<'_>) -> Option<Statement> {
        let new = drafts.iter().filter(|draft| draft.former.get(&STATE).is_none());
        let mut statements = new.filter_map(|draft| rounds_before(draft, context));
        let first = statements.next()?;
        Some(statements.fold(first, |all, one| all.sql(" UNION ALL ").then(one)))
    }

    fn recollect(&self, drafts: &mut [&mut Draft], rows: Vec<Row>, context: &Context<'_>) {
        for mut row in rows {
            let (Some(series), Some(area_code)) = (row.get(&SERIES), row.get(&AREA_CODE)) else { continue };
            let count = row.get(&ROUNDS_BEFORE).unwrap_or(0);
            let same = |values: &Values| {
                values.get(&SERIES) == Some(series.as_str())
                    && values.get(&AREA_CODE).unwrap_or(context.district_code) == area_code
            };
            for draft in drafts.iter_mut().filter(|draft| same(&draft.values)) {
                draft.recalled.set(&ROUNDS_BEFORE, count);
            }
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&STATE).is_none() {
            draft.values.set(&STATE, RoundState::Draft);
        }
        if draft.values.get(&ROUND_NO).is_none() {
            let before = draft.recalled.get(&ROUNDS_BEFORE).unwrap_or(0);
            draft.values.set(&ROUND_NO, before + 1);
        }
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[ROUNDS] }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![ROUNDS.measured(1)]
    }
}

/// Once a round runs its name and a later end are all that may change: whoever counts by it must find it as it was.
fn check_started(draft: &Draft, faults: &mut Faults) {
    let former = &draft.former;
    if former.get(&STATE).is_none_or(|state| state == RoundState::Draft) {
        return;
    }
    let fixed = FIELDS.iter().filter(|field| ![NAME.name(), DUE_AT.name()].contains(&field.name));
    for field in fixed.filter(|field| draft.said.contains(field.name)) {
        if draft.values.get(field.name) != former.get(field.name) {
            faults.add(draft.at(field.name), ROUND_STARTED);
        }
    }
    if draft.values.get(&AREA_CODE) != former.get(&AREA_CODE) {
        faults.add(draft.at(&AREA_CODE), ROUND_STARTED);
    }
    let is_earlier =
        matches!((draft.values.get(&DUE_AT), former.get(&DUE_AT)), (Some(next), Some(former)) if next < former);
    if is_earlier {
        faults.add(draft.at(&DUE_AT), ROUND_STARTED);
    }
}

/// Asks how many rounds of a draft's series its area has had.
fn rounds_before(draft: &Draft, context: &Context<'_>) -> Option<Statement> {
    let area_code = draft.values.get(&AREA_CODE).unwrap_or(context.district_code);
    let statement = Statement::new("SELECT ")
        .text(draft.values.get(&SERIES)?)
        .sql(" AS series, ")
        .text(area_code)
        .sql(" AS area_code, count(*) AS rounds_before FROM survey_rounds WHERE district_code = ")
        .text(context.district_code)
        .sql(" AND NOT voided AND state <> 'cancelled' AND series = ")
        .text(draft.values.get(&SERIES)?)
        .sql(" AND area_code = ")
        .text(area_code);
    Some(statement)
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    [acts::operations(), targets::operations(), missed::operations(), coverage::operations(), changes::operations()]
        .into_iter()
        .flatten()
        .collect()
}
