//! Disputes (涉疫纠纷): what people quarrel about because of the epidemic, until it was settled. Each asks for its handling:
//! a duty that the dispute's own status closes.

mod handling;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

pub use self::handling::DUTY_SOURCE;
use self::handling::HandlingDecider;
use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::PERSONS;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

words! {
    /// Subjects of disputes.
    pub DisputeKind "dispute_kind" "Kind of dispute" "纠纷类型" {
        Labor "labor" "labour" "劳动";
        Tenancy "tenancy" "tenancy" "租赁";
        Medical "medical" "medical" "医疗";
        Neighbour "neighbour" "neighbours" "邻里";
        Quarantine "quarantine" "isolation and control" "隔离管控";
        Price "price" "price" "价格";
        Contract "contract" "contract" "合同";
        Consumer "consumer" "consumer" "消费";
        Other "other" "other" "其他";
    }
}

words! {
    /// How grave a dispute is.
    pub DisputeSeverity "dispute_severity" "Severity" "严重程度" {
        General "general" "general" "一般";
        Major "major" "major" "重大";
    }
}

words! {
    /// How far a dispute is.
    pub DisputeStatus "dispute_status" "Status" "调处状态" {
        Found "found" "found" "发现";
        Mediating "mediating" "being mediated" "调处中";
        Settled "settled" "settled" "调处成功";
        Failed "failed" "not settled" "未成";
        Transferred "transferred" "transferred" "移交";
    }
}

fields! {
    /// The fields of a dispute, beside the envelope's.
    static FIELDS;
    DISPUTE_KIND: DisputeKind = Field::new("dispute_kind", Shape::Word(DisputeKind::VOCABULARY), Text::new("Kind", "纠纷类型"), "What it is about.").also(&["纠纷类别", "类型"]).required();
    CAUSED_BY_EPIDEMIC: bool = Field::new("caused_by_epidemic", Shape::Boolean, Text::new("Because of the epidemic", "是否涉疫"), "Whether the epidemic is its cause.").also(&["涉疫", "是否因疫情引发"]).required();
    PEOPLE: i64 = Field::new("people", Shape::Integer { min: 1, max: 1_000 }, Text::new("People", "涉及人数"), "How many quarrel.").also(&["涉及人员数", "当事人数", "人数"]).required();
    SEVERITY: DisputeSeverity = Field::new("severity", Shape::Word(DisputeSeverity::VOCABULARY), Text::new("Severity", "严重程度"), "How grave it is.").also(&["纠纷程度", "级别"]).required();
    PARTIES: String = Field::new("parties", free_text(300), Text::new("Parties", "当事人"), "Who quarrels. Encrypted at rest.").also(&["双方当事人", "当事人情况"]).sealed();
    STATUS: DisputeStatus = Field::new("status", Shape::Word(DisputeStatus::VOCABULARY), Text::new("Status", "调处状态"), "How far it is.").also(&["调处情况", "状态", "调处结果"]).required();
    HANDLED_AT: DateTime<Utc> = Field::new("handled_at", Shape::Instant, Text::new("Handled at", "处置时间"), "When it was settled, given up or transferred; when that was told by default.").also(&["调处时间", "办结时间"]).happened();
    HANDLED_BY_ORG_ID: Uuid = Field::new("handled_by_org_id", Shape::Reference("organizations"), Text::new("Handled by", "调处单位"), "The organisation that handles it: its people read it.").also(&["承办单位", "处置单位"]);
}

/// The kind.
pub static DISPUTES: Kind = Kind::of(Definition {
    name: "disputes",
    path: "disputes",
    schema: "Dispute",
    label: Text::new("Dispute", "涉疫纠纷"),
    about: "A dispute because of the epidemic, until it was settled.",
    fields: FIELDS,
    filters: &[
        DISPUTE_KIND.name(),
        CAUSED_BY_EPIDEMIC.name(),
        SEVERITY.name(),
        STATUS.name(),
        HANDLED_BY_ORG_ID.name(),
    ],
    readers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::PoliceOfficer, Role::JusticeOfficer],
    writers: &[Role::TownCadre, Role::PoliceOfficer, Role::JusticeOfficer],
    rules: &DisputeRules,
    example: include_str!("../../../../openapi/examples/disputes/create.json"),
    ..Definition::FIELD_RECORD
});

const CASES: Text = Text::new("disputes", "起");
const ALL: Figure = Figure::new("disputes", Text::new("Disputes", "纠纷"), CASES);
const EPIDEMIC: Figure = Figure::new("caused_by_epidemic", Text::new("Because of the epidemic", "涉疫纠纷"), CASES)
    .part(ALL.name, "caused_by_epidemic=true");
const MAJOR: Figure = Figure::new("major", Text::new("Major", "重大纠纷"), CASES).part(ALL.name, "severity=major");
const SETTLED: Figure =
    Figure::new("settled", Text::new("Settled", "调处成功"), CASES).share(ALL.name, "status=settled");
const FAILED: Figure = Figure::new("failed", Text::new("Not settled", "未成"), CASES).share(ALL.name, "status=failed");
const TRANSFERRED: Figure =
    Figure::new("transferred", Text::new("Transferred", "移交"), CASES).share(ALL.name, "status=transferred");
const INVOLVED: Figure = Figure::new("people_involved", Text::new("People involved", "涉及人数"), PERSONS);

/// Whether nothing more is asked of whoever handles it.
pub fn is_handled(status: DisputeStatus) -> bool {
    match status {
        DisputeStatus::Settled | DisputeStatus::Failed | DisputeStatus::Transferred => true,
        DisputeStatus::Found | DisputeStatus::Mediating => false,
    }
}

struct DisputeRules;

impl Rules for DisputeRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn shared_with(&self) -> Option<&'static str> {
        Some(HANDLED_BY_ORG_ID.name())
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let (at, handled_at) = (draft.values.get(&OCCURRED_AT), draft.values.get(&HANDLED_AT));
        if at.zip(handled_at).is_some_and(|(at, handled_at)| handled_at < at) {
            let other = vec![("other", OCCURRED_AT.name().to_owned())];
            faults.add_with(draft.at(&HANDLED_AT), INVALID_ORDER, other);
        }
    }

    /// Whoever says that it was handled needn't say when; what is taken up again isn't handled any more.
    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let handled = draft.values.get(&STATUS).is_some_and(is_handled);
        let was_handled = draft.former.get(&STATUS).is_some_and(is_handled);
        let told = || draft.former.get(&HANDLED_AT).filter(|_| was_handled).unwrap_or(context.now);
        let began = draft.values.get(&OCCURRED_AT).unwrap_or(context.now);
        let handled_at = handled.then(|| draft.values.get(&HANDLED_AT).unwrap_or_else(told).max(began));
        draft.values.set_or_clear(&HANDLED_AT, handled_at);
    }

    fn followers(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Vec<Arc<dyn Decider>> {
        vec![Arc::new(HandlingDecider(Arc::clone(write_context)))]
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[ALL, EPIDEMIC, MAJOR, SETTLED, FAILED, TRANSFERRED, INVOLVED] }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let values = &record.values;
        let of_status = match values.get(&STATUS) {
            Some(DisputeStatus::Settled) => Some(SETTLED),
            Some(DisputeStatus::Failed) => Some(FAILED),
            Some(DisputeStatus::Transferred) => Some(TRANSFERRED),
            Some(DisputeStatus::Found | DisputeStatus::Mediating) | None => None,
        };
        let all = [
            ALL.measured(1),
            EPIDEMIC.measured(i64::from(values.get(&CAUSED_BY_EPIDEMIC) == Some(true))),
            MAJOR.measured(i64::from(values.get(&SEVERITY) == Some(DisputeSeverity::Major))),
            INVOLVED.measured(values.get(&PEOPLE).unwrap_or_default()),
        ];
        all.into_iter().chain(of_status.map(|figure| figure.measured(1))).collect()
    }
}
