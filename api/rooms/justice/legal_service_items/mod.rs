//! Legal services (法律服务事项): what came to one of the six groups of the justice bureau, and how far it is.

pub mod groups;

use chrono::{DateTime, NaiveDate, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_start;
use kit::value::Value;
use kit::{fields, words};

use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::conditions::{Condition, ConditionContext};
use crate::records::envelope::OCCURRED_AT;
use crate::records::rules::Move;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

words! {
    /// The six groups of the justice bureau.
    pub LegalGroup "legal_group" "Group" "司法行政工作小组" {
        LegalityReview "legality_review" "legality review" "合法性审查";
        MajorPenaltyGuidance "major_penalty_guidance" "guidance of major penalties" "重大行政处罚案件指导";
        MajorReconsiderationGuidance "major_reconsideration_guidance" "guidance of major reconsiderations" "重大行政复议案件指导";
        MajorDisputeMediation "major_dispute_mediation" "guidance of major disputes" "重大纠纷调处指导";
        LegalServiceEmergency "legal_service_emergency" "legal service in emergencies" "法律服务应急";
        LegalPublicity "legal_publicity" "guidance of legal publicity" "法治宣传指导";
    }
}

words! {
    /// Kinds of applicants.
    pub ApplicantKind "applicant_kind" "Applicant" "申请方" {
        Agency "agency" "agency" "机关";
        Enterprise "enterprise" "enterprise" "企业";
        Citizen "citizen" "citizen" "群众";
    }
}

words! {
    /// Matters of legal service items.
    pub LegalMatter "legal_matter" "Matter" "事项" {
        Contract "contract" "contract" "合同";
        Labor "labor" "labour" "劳动";
        Tenancy "tenancy" "tenancy" "租赁";
        Penalty "penalty" "penalty" "处罚";
        Reconsideration "reconsideration" "reconsideration" "复议";
        Mediation "mediation" "mediation" "调解";
        LegalAid "legal_aid" "legal aid" "法律援助";
        Review "review" "legality review" "合法性审查";
        Other "other" "other" "其他";
    }
}

words! {
    /// How far it is.
    pub LegalItemStatus "legal_item_status" "Status" "办理状态" {
        Received "received" "received" "受理";
        InProgress "in_progress" "in progress" "办理中";
        Closed "closed" "closed" "办结";
        Transferred "transferred" "transferred" "移交";
    }
}

fields! {
    /// The fields of an item, beside the envelope's.
    pub static FIELDS;
    GROUP_KIND: LegalGroup = Field::new("group_kind", Shape::Word(LegalGroup::VOCABULARY), Text::new("Group", "办理小组"), "The group that it came to.").also(&["工作组", "小组", "组别", "工作小组"]).required();
    APPLICANT_KIND: ApplicantKind = Field::new("applicant_kind", Shape::Word(ApplicantKind::VOCABULARY), Text::new("Applicant", "申请方"), "Who asks.").also(&["申请人类别", "服务对象", "申请人类型"]).required();
    MATTER: LegalMatter = Field::new("matter", Shape::Word(LegalMatter::VOCABULARY), Text::new("Matter", "事项"), "What it is about.").also(&["事项类别", "咨询事项", "法律服务事项"]).required();
    SUMMARY: String = Field::new("summary", free_text(500), Text::new("Summary", "事项摘要"), "What it is about, in words. Encrypted at rest.").also(&["主要内容", "简要情况"]).sealed();
    STATUS: LegalItemStatus = Field::new("status", Shape::Word(LegalItemStatus::VOCABULARY), Text::new("Status", "办理状态"), "How far it is.").also(&["办理情况", "状态", "办理结果状态"]).required();
    CLOSED_AT: DateTime<Utc> = Field::new("closed_at", Shape::Instant, Text::new("Closed at", "办结时间"), "When it was closed or transferred; when that was told by default.").also(&["办结日期"]).happened();
    RESULT: String = Field::new("result", free_text(300), Text::new("Result", "办理结果"), "What came of it. Encrypted at rest.").also(&["处理结果"]).sealed();
}

/// The kind.
pub static LEGAL_SERVICE_ITEMS: Kind = Kind::of(Definition {
    name: "legal_service_items",
    path: "legal-service-items",
    schema: "LegalServiceItem",
    label: Text::new("Legal service item", "法律服务事项"),
    about: "Something that came to one of the six groups of the justice bureau.",
    fields: FIELDS,
    filters: &[GROUP_KIND.name(), APPLICANT_KIND.name(), MATTER.name(), STATUS.name()],
    readers: &[Role::JusticeOfficer, Role::DistrictAdmin],
    writers: &[Role::JusticeOfficer],
    rules: &ItemRules,
    example: include_str!("../../../../openapi/examples/legal_service_items/create.json"),
    ..Definition::FIELD_RECORD
});

const ITEMS: Text = Text::new("items", "件");
const ALL: Figure = Figure::new("legal_service_items", Text::new("Legal service items", "法律服务事项"), ITEMS);
const CLOSED: Figure = Figure::new("closed", Text::new("Closed", "办结"), ITEMS).part(ALL.name, "status=closed");
const OPEN: Figure = Figure::new("pending", Text::new("Pending", "在办"), ITEMS).listed("open_on={to_on}").moving();

/// A figure of what came to a group.
const fn of_group(name: &'static str, label: Text, filter: &'static str) -> Figure {
    Figure::new(name, label, ITEMS).share(ALL.name, filter)
}

const LEGALITY_REVIEW: Figure =
    of_group("legality_review", Text::new("Legality review", "合法性审查"), "group_kind=legality_review");
const PENALTY: Figure = of_group(
    "major_penalty_guidance",
    Text::new("Guidance of major penalties", "重大行政处罚案件指导"),
    "group_kind=major_penalty_guidance",
);
const RECONSIDERATION: Figure = of_group(
    "major_reconsideration_guidance",
    Text::new("Guidance of major reconsiderations", "重大行政复议案件指导"),
    "group_kind=major_reconsideration_guidance",
);
const MEDIATION: Figure = of_group(
    "major_dispute_mediation",
    Text::new("Guidance of major disputes", "重大纠纷调处指导"),
    "group_kind=major_dispute_mediation",
);
const EMERGENCY: Figure = of_group(
    "legal_service_emergency",
    Text::new("Legal service in emergencies", "法律服务应急"),
    "group_kind=legal_service_emergency",
);
const PUBLICITY: Figure =
    of_group("legal_publicity", Text::new("Guidance of legal publicity", "法治宣传指导"), "group_kind=legal_publicity");

static OPEN_ON: Field = Field::new(
    "open_on",
    Shape::Day,
    Text::new("Pending on", "在办日期"),
    "Those that were pending at the end of this day.",
);

fn open_on(statement: Statement, value: &Value, asking: &ConditionContext<'_>) -> Statement {
    let next = match value {
        Value::Day(day) => day.succ_opt().and_then(|next: NaiveDate| day_start(next, asking.zone)),
        _ => None,
    };
    let until = || Value::Instant(next.unwrap_or(DateTime::UNIX_EPOCH));
    statement
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, until())
        .sql(" AND (r.closed_at IS NULL OR r.closed_at >= ")
        .bind(ColumnType::Instant, until())
        .sql(")")
}

/// Whether it is off the bureau's desk.
fn is_over(status: LegalItemStatus) -> bool {
    matches!(status, LegalItemStatus::Closed | LegalItemStatus::Transferred)
}

struct ItemRules;

impl Rules for ItemRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let (at, closed_at) = (draft.values.get(&OCCURRED_AT), draft.values.get(&CLOSED_AT));
        if at.zip(closed_at).is_some_and(|(at, closed_at)| closed_at < at) {
            let other = vec![("other", OCCURRED_AT.name().to_owned())];
            faults.add_with(draft.at(&CLOSED_AT), INVALID_ORDER, other);
        }
    }

    /// Whoever says that it is over needn't say since when; what is opened again is over no more.
    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let over = draft.values.get(&STATUS).is_some_and(is_over);
        let was_over = draft.former.get(&STATUS).is_some_and(is_over);
        let told = || draft.former.get(&CLOSED_AT).filter(|_| was_over).unwrap_or(context.now);
        let began = draft.values.get(&OCCURRED_AT).unwrap_or(context.now);
        let closed_at = over.then(|| draft.values.get(&CLOSED_AT).unwrap_or_else(told).max(began));
        draft.values.set_or_clear(&CLOSED_AT, closed_at);
    }

    fn conditions(&self) -> &'static [Condition] {
        static CONDITIONS: &[Condition] = &[Condition { parameter: &OPEN_ON, apply: open_on }];
        CONDITIONS
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[ALL, LEGALITY_REVIEW, PENALTY, RECONSIDERATION, MEDIATION, EMERGENCY, PUBLICITY, CLOSED, OPEN] }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let of_group = record.values.get(&GROUP_KIND).map(|group| match group {
            LegalGroup::LegalityReview => LEGALITY_REVIEW,
            LegalGroup::MajorPenaltyGuidance => PENALTY,
            LegalGroup::MajorReconsiderationGuidance => RECONSIDERATION,
            LegalGroup::MajorDisputeMediation => MEDIATION,
            LegalGroup::LegalServiceEmergency => EMERGENCY,
            LegalGroup::LegalPublicity => PUBLICITY,
        });
        let is_closed = record.values.get(&STATUS) == Some(LegalItemStatus::Closed);
        let all = [ALL.measured(1), CLOSED.measured(i64::from(is_closed))];
        all.into_iter().chain(of_group.map(|figure| figure.measured(1))).collect()
    }

    fn moves(&self, record: &Record) -> Vec<Move> {
        let steps = [(Some(record.envelope.occurred_at), 1), (record.values.get(&CLOSED_AT), -1)];
        let step = |(at, amount): (Option<DateTime<Utc>>, i64)| {
            Some(Move { at: at?, measure: OPEN.measured(amount), stood: None })
        };
        steps.into_iter().filter_map(step).collect()
    }
}
