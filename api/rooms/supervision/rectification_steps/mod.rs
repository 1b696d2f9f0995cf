//! Steps of a rectification (整改进展): reported as done, verified or rejected, extended, waived. How the rectification
//! stands follows from them under the lock: [`crate::rooms::supervision::rectifications`].

use std::sync::Arc;

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use super::codes::ONLY_FOR;
use super::rectifications::{self, RectificationDecider, RectificationState};
use crate::platform::access::Role;
use crate::platform::access::roles::{Actor, Grant};
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Narrowed, Record, Rules};

words! {
    /// Kind of a step.
    pub RectificationStep "rectification_step" "Step" "步骤" {
        Reported "reported" "reported as done" "整改完成";
        Verified "verified" "verified" "验收合格";
        Rejected "rejected" "rejected" "验收不合格";
        Extended "extended" "extended" "延期";
        Waived "waived" "waived" "免除";
    }
}

impl RectificationStep {
    /// State to which it leads; none where it leaves it.
    pub fn leads_to(self) -> Option<RectificationState> {
        match self {
            Self::Reported => Some(RectificationState::Reported),
            Self::Verified => Some(RectificationState::Verified),
            Self::Rejected => Some(RectificationState::Rejected),
            Self::Waived => Some(RectificationState::Waived),
            Self::Extended => None,
        }
    }
}

fields! {
    /// The fields of a step, beside the envelope's.
    pub static FIELDS;
    RECTIFICATION_ID: Uuid = Field::new(
        "rectification_id",
        Shape::Reference("rectifications"),
        Text::new("Rectification", "整改事项"),
        "Which rectification it moves on.",
    )
    .brings_area(1)
    .required()
    .on_create();
    STEP: RectificationStep = Field::new("step", Shape::Word(RectificationStep::VOCABULARY), Text::new("Step", "步骤"), "What was done.")
        .required()
        .on_create()
        .also(&["整改情况", "进展"]);
    DUE_ON: NaiveDate = Field::new("due_on", Shape::Day, Text::new("Extended to", "延期至"), "Of an extension: the new day.").any_day();
    EVIDENCE: String = Field::new("evidence", free_text(300), Text::new("Evidence", "整改佐证"), "By what it is seen. Encrypted at rest.")
        .sealed()
        .also(&["佐证材料", "整改结果"]);
    REASON: String = Field::new("reason", free_text(300), Text::new("Reason", "原因"), "Why it was rejected, extended or waived. Encrypted at rest.").sealed();
    PLACE_ID: Uuid = Field::new("place_id", Shape::Id, Text::new("Place", "场所"), "The rectification's place.").by_server();
    COUNTERPART_ORG_ID: Uuid = Field::new(
        "counterpart_org_id",
        Shape::Id,
        Text::new("Other side", "对方单位"),
        "The organisation that reads it beside the one whose step it is: who must mend it, or who asked for it.",
    )
    .by_server();
}

/// Roles that read what is to be put right.
pub const READERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::TownCadre, Role::StoreReporter, Role::Auditor];
/// Roles that write steps.
const WRITERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::StoreReporter, Role::Auditor];
/// Roles that judge what others did.
const JUDGES: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::Auditor];

/// The kind.
pub static RECTIFICATION_STEPS: Kind = Kind::of(Definition {
    name: "rectification_steps",
    path: "rectification-steps",
    schema: "RectificationStep",
    label: Text::new("Rectification step", "整改进展"),
    about: "A step of a rectification: reported as done, verified, rejected, extended, waived.",
    fields: FIELDS,
    filters: &[RECTIFICATION_ID.name(), STEP.name()],
    readers: READERS,
    writers: WRITERS,
    takes_attachments: true,
    rules: &StepRules,
    example: include_str!("../../../../openapi/examples/rectification_steps/create.json"),
    ..Definition::FIELD_RECORD
});

struct StepRules;

/// Figures of steps.
static FIGURES: &[Figure] = &[STEPS, VERIFICATIONS, REJECTIONS];

const STEPS: Figure =
    Figure::new("rectification_steps", Text::new("Steps of rectifications", "整改进展"), TIMES).open();
const VERIFICATIONS: Figure =
    Figure::new("verifications", Text::new("Verified", "验收合格"), TIMES).share(STEPS.name, "step=verified").open();
const REJECTIONS: Figure =
    Figure::new("rejections", Text::new("Rejected", "验收不合格"), TIMES).share(STEPS.name, "step=rejected").open();

impl Rules for StepRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let Some(step) = draft.values.get(&STEP) else { return };
        let extends = step == RectificationStep::Extended;
        let given = draft.values.get(&DUE_ON).is_some();
        if extends && !given && !faults.touches(&draft.at(&DUE_ON)) {
            faults.add(draft.at(&DUE_ON), FaultCode::REQUIRED);
        }
        if !extends && given {
            let word = RectificationStep::Extended.code().to_owned();
            faults.add_with(draft.at(&DUE_ON), ONLY_FOR, vec![("step", word)]);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let Some(named) = draft.reference(&RECTIFICATION_ID) else { return };
        let (place_id, subject) =
            (named.values.get(&rectifications::PLACE_ID), named.values.get(&rectifications::SUBJECT_ORG_ID));
        let issuer = named.envelope.org_id;
        // Reports are read by who asked for it, all else by who must mend it.
        let is_report = draft.values.get(&STEP) == Some(RectificationStep::Reported);
        draft.values.set_or_clear(&PLACE_ID, place_id);
        draft.values.set_or_clear(&COUNTERPART_ORG_ID, if is_report { issuer } else { subject });
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(RectificationDecider::of(write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[RECTIFICATION_ID.name(), STEP.name(), OCCURRED_AT.name()] }
    }

    fn shared_with(&self) -> Option<&'static str> {
        Some(COUNTERPART_ORG_ID.name())
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        (role == Role::StoreReporter).then_some(Narrowed::Recorded)
    }

    fn writers(&self, draft: &Draft) -> Option<&'static [Role]> {
        (draft.values.get(&STEP) != Some(RectificationStep::Reported)).then_some(JUDGES)
    }

    /// Whoever must mend something says that he did, and nothing else: neither that it is in order, nor that he has more
    /// time.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        if draft.values.get(&STEP) == Some(RectificationStep::Reported) {
            return true;
        }
        let Some(named) = draft.reference(&RECTIFICATION_ID) else { return true };
        actor.grants_of(JUDGES).any(|grant| judges(actor, grant, named))
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let is = |step| i64::from(record.values.get(&STEP) == Some(step));
        vec![
            STEPS.measured(1),
            VERIFICATIONS.measured(is(RectificationStep::Verified)),
            REJECTIONS.measured(is(RectificationStep::Rejected)),
        ]
    }
}

/// Whether a grant lets somebody judge a rectification: the command and inspectors where they reach it, others what their
/// own organisation asked for; nobody what his organisation has to mend, and nobody whom bureaus supervise.
fn judges(actor: &Actor, grant: &Grant, named: &Record) -> bool {
    let (issuer, area_code) = (named.envelope.org_id, named.envelope.area_code.as_str());
    let subject = named.values.get(&rectifications::SUBJECT_ORG_ID);
    let is_subject = |org_id: Option<Uuid>| org_id.is_some() && org_id == subject;
    if !actor.judges_by(grant) || is_subject(actor.org_id) || is_subject(grant.org_id) {
        return false;
    }
    let of_issuer = || issuer.is_some() && (actor.org_id == issuer || grant.org_id == issuer);
    match grant.role {
        Role::DistrictAdmin | Role::Inspector => actor.covers(grant, area_code, issuer),
        _ => area_code.starts_with(&grant.area_code) && of_issuer(),
    }
}
