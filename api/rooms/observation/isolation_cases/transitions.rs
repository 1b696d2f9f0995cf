//! Steps of a case from one state to the next. Who may make which, and what must hold, says [`super::states`];
//! it is decided under the lock. A step stands: another one mends it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::{PLAUSIBLE_DAYS, is_plausible};
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use super::care::CareDecider;
use super::states::makers;
use super::wire::{IsolationState, ObservationAnchor};
use super::{CARERS, history};
use crate::platform::access::Role;
use crate::records::envelope::OCCURRED_AT;
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Kind, Measure, Record, Rules};
use crate::rooms::observation::codes::{DAY_IMPLAUSIBLE, ONLY_BY_TRANSITION};

words! {
    /// Where a step leads.
    pub IsolationTransition "isolation_transition" "To" "变更为" {
        Notified "notified" "notified" "已告知";
        UnderObservation "under_observation" "under observation" "观察中";
        SuspendedReferral "suspended_referral" "referred, observation suspended" "转诊排查";
        LostContact "lost_contact" "lost contact" "失联";
        Extended "extended" "extended" "延长观察";
        Corrected "corrected" "corrected" "更正";
        Completed "completed" "completed" "解除";
        Dismissed "dismissed" "dismissed" "排除";
        BecameCase "became_case" "became a case" "转为病例";
        Centralized "centralized" "in central isolation" "转集中隔离";
        TransferredOut "transferred_out" "handed over" "移交";
        TransferAccepted "transfer_accepted" "taken on by the receiving township" "接收移交";
        Merged "merged" "merged with another case" "并案";
        Voided "voided" "entered by mistake" "录入错误";
    }
}
words! {
    /// Class of a diagnosis.
    pub DiagnosisClass "diagnosis_class" "Diagnosis" "诊断分类" {
        Suspected "suspected" "suspected" "疑似病例";
        ClinicallyDiagnosed "clinically_diagnosed" "clinically diagnosed" "临床诊断病例";
        Confirmed "confirmed" "confirmed" "确诊病例";
        Asymptomatic "asymptomatic" "infected without symptoms" "无症状感染者";
    }
}

impl IsolationTransition {
    /// The state to which it leads; none where it leaves the state as it is.
    pub const fn state(self) -> Option<IsolationState> {
        match self {
            Self::Notified => Some(IsolationState::Notified),
            Self::UnderObservation | Self::Extended => Some(IsolationState::UnderObservation),
            Self::SuspendedReferral => Some(IsolationState::SuspendedReferral),
            Self::LostContact => Some(IsolationState::LostContact),
            Self::Corrected | Self::TransferAccepted => None,
            Self::Completed => Some(IsolationState::Completed),
            Self::Dismissed => Some(IsolationState::Dismissed),
            Self::BecameCase => Some(IsolationState::BecameCase),
            Self::Centralized => Some(IsolationState::Centralized),
            Self::TransferredOut => Some(IsolationState::TransferredOut),
            Self::Merged => Some(IsolationState::Merged),
            Self::Voided => Some(IsolationState::Voided),
        }
    }
}

fields! {
    /// The fields of a step, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = super::CASE_ID.field.required().on_create();
    TO: IsolationTransition = Field::new("to", Shape::Word(IsolationTransition::VOCABULARY), Text::new("To", "变更为"), "Where it leads; `extended` stays under observation with a later end, `corrected` leaves the state as it is and counts the days from another anchor, `transfer_accepted` takes on what was handed over. `merged` is the service's own.").required().on_create();
    REASON: String = Field::new("reason", free_text(500), Text::new("Reason", "原因"), "Why. Needed but for `notified`, `under_observation`, `completed` and `transfer_accepted`.").sealed();
    HOSPITAL: String = Field::new("hospital", free_text(100), Text::new("Hospital", "接诊医院"), "For `suspended_referral`: where the person was sent. Encrypted at rest.").sealed_since();
    DIAGNOSIS_CLASS: DiagnosisClass = Field::new("diagnosis_class", Shape::Word(DiagnosisClass::VOCABULARY), Text::new("Diagnosis", "诊断分类"), "For `became_case`.");
    RECEIVING_AREA_CODE: String = Field::new("receiving_area_code", Shape::Area, Text::new("Receiving area", "接收地区"), "For `transferred_out`: within the district the case goes on there, seen from both sides until somebody there makes the step `transfer_accepted`; elsewhere it ends.");
    LAST_SEEN_AT: DateTime<Utc> = Field::new("last_seen_at", Shape::Instant, Text::new("Last seen at", "最后见到时间"), "For `lost_contact`.").happened();
    ANCHORED_ON: NaiveDate = Field::new("anchored_on", Shape::Day, Text::new("Newly exposed on", "新暴露日期"), "For `extended`, and for `under_observation` after a referral: from when the days are counted anew. The end never moves back. For `corrected`: from when they should have been counted; the end never moves back before a day that was observed already.").happened().on_create();
    ANCHOR: ObservationAnchor = Field::new("anchor", Shape::Word(ObservationAnchor::VOCABULARY), Text::new("Anchor", "起算事件"), "For `corrected`: from what the days are counted, where that was wrong too.").on_create();
}

/// The kind.
pub static ISOLATION_CASE_TRANSITIONS: Kind = Kind::of(Definition {
    name: "isolation_case_transitions",
    path: "isolation-case-transitions",
    schema: "IsolationCaseTransition",
    label: Text::new("Isolation case transition", "个案状态变更"),
    about: "A step of an isolation case from one state to the next.",
    fields: FIELDS,
    filters: &["case_id", "to"],
    readers: CARERS,
    writers: &[
        Role::DistrictAdmin,
        Role::TownCadre,
        Role::VillageCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
        Role::PoliceOfficer,
    ],
    rules: &TransitionRules,
    example: include_str!("../../../../openapi/examples/isolation_case_transitions/create.json"),
    ..Definition::FIELD_RECORD
});

/// Field that a step to this state must fill, beside the reason.
const fn needed(to: IsolationTransition) -> Option<&'static str> {
    match to {
        IsolationTransition::SuspendedReferral => Some(HOSPITAL.name()),
        IsolationTransition::BecameCase => Some(DIAGNOSIS_CLASS.name()),
        IsolationTransition::TransferredOut => Some(RECEIVING_AREA_CODE.name()),
        IsolationTransition::LostContact => Some(LAST_SEEN_AT.name()),
        IsolationTransition::Extended | IsolationTransition::Corrected => Some(ANCHORED_ON.name()),
        IsolationTransition::Notified
        | IsolationTransition::UnderObservation
        | IsolationTransition::Completed
        | IsolationTransition::Dismissed
        | IsolationTransition::Centralized
        | IsolationTransition::TransferAccepted
        | IsolationTransition::Merged
        | IsolationTransition::Voided => None,
    }
}

/// Whether a step must say why it is made.
const fn needs_reason(to: IsolationTransition) -> bool {
    match to {
        IsolationTransition::Notified
        | IsolationTransition::UnderObservation
        | IsolationTransition::Completed
        | IsolationTransition::TransferAccepted => false,
        IsolationTransition::SuspendedReferral
        | IsolationTransition::LostContact
        | IsolationTransition::Extended
        | IsolationTransition::Corrected
        | IsolationTransition::Dismissed
        | IsolationTransition::BecameCase
        | IsolationTransition::Centralized
        | IsolationTransition::TransferredOut
        | IsolationTransition::Merged
        | IsolationTransition::Voided => true,
    }
}

struct TransitionRules;

impl Rules for TransitionRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let to = draft.values.get(&TO);
        let reason = to.filter(|to| needs_reason(*to)).map(|_| REASON.name());
        for field in to.and_then(needed).into_iter().chain(reason) {
            if draft.values.get(field).is_none() && !faults.touches(&draft.at(field)) {
                faults.add(draft.at(field), FaultCode::REQUIRED);
            }
        }
        let receiving = draft.values.get(&RECEIVING_AREA_CODE).and_then(|code| context.divisions.place(code, None));
        if let Some(placement) = receiving {
            draft.values.set(&RECEIVING_AREA_CODE, placement.area_code);
        }
        let occurred_at = draft.values.get(&OCCURRED_AT).unwrap_or(context.now);
        let anchored_on = draft.values.get(&ANCHORED_ON);
        if anchored_on.is_some_and(|day| !is_plausible(day, occurred_at, context.zone)) {
            let within = vec![("days", PLAUSIBLE_DAYS.to_string())];
            faults.add_with(draft.at(&ANCHORED_ON), DAY_IMPLAUSIBLE, within);
        }
        if draft.values.get(&ANCHOR).is_some() && to != Some(IsolationTransition::Corrected) {
            let only = vec![(TO.name(), IsolationTransition::Corrected.to_string())];
            faults.add_with(draft.at(&ANCHOR), ONLY_BY_TRANSITION, only);
        }
    }

    fn writers(&self, draft: &Draft) -> Option<&'static [Role]> {
        let from = history::state(&draft.reference(&CASE_ID)?.values);
        Some(makers(from, draft.values.get(&TO)?))
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(CareDecider::of(write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn follows(&self) -> Option<Follows> {
        Some(super::FOLLOWS)
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        record.values.get(&TO).map(|to| (to.code(), 1)).into_iter().collect()
    }
}
