//! Checks of subjects of corrections (社区矫正对象排查): whom somebody asked, how he is, whom he met. A closed room like the register
//! itself; who wasn't asked is told by a list, not by duties.

use kit::field::{Field, Shape};
use kit::text::Text;
use kit::{fields, words};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::corrections_subjects::COUNTERS;
use crate::platform::access::Role;
use crate::records::figure::PERSON_TIMES;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, Warning};
use crate::rooms::checkpoints::Symptom;

words! {
    /// Ways of a check.
    pub CorrectionsChannel "corrections_channel" "Channel" "排查方式" {
        Phone "phone" "phone" "电话";
        Video "video" "video" "视频";
        Wechat "wechat" "WeChat" "微信";
        Visit "visit" "visit" "走访";
        Office "office" "at the office" "到所报告";
    }
}

words! {
    /// Whom the subject met.
    pub EpidemicContact "epidemic_contact" "Contact" "涉疫接触" {
        None "none" "none" "无";
        Returnee "returnee" "met somebody who returned" "接触返乡人员";
        Case "case" "met a case" "接触病例";
    }
}

words! {
    /// Findings of a check.
    pub CorrectionsResult "corrections_result" "Result" "排查结果" {
        Normal "normal" "normal" "正常";
        Symptomatic "symptomatic" "symptomatic" "有症状";
        Isolated "isolated" "isolated" "隔离中";
        Unreachable "unreachable" "not reached" "联系不上";
        LeftWithoutLeave "left_without_leave" "left without leave" "未经批准外出";
    }
}

fields! {
    /// The fields of a check, beside the envelope's.
    static FIELDS;
    SUBJECT_ID: Uuid = Field::new("subject_id", Shape::Reference("corrections_subjects"), Text::new("Subject", "矫正对象"), "Who was asked.").brings_area(1).required();
    CHANNEL: CorrectionsChannel = Field::new("channel", Shape::Word(CorrectionsChannel::VOCABULARY), Text::new("Channel", "排查方式"), "How.").also(&["方式"]).required();
    TEMPERATURE_C: Decimal = Field::new("temperature_c", Shape::Decimal { scale: 1, min: "32.0", max: "43.0" }, Text::new("Temperature (℃)", "体温(℃)"), "Body temperature in degrees Celsius. Encrypted at rest.").also(&["体温"]).sealed();
    SYMPTOMS: Vec<Symptom> = Field::new("symptoms", Shape::List { of: &Shape::Word(Symptom::VOCABULARY), max: 14 }, Text::new("Symptoms", "症状"), "What the subject complains of. Encrypted at rest.").sealed();
    EPIDEMIC_CONTACT: EpidemicContact = Field::new("epidemic_contact", Shape::Word(EpidemicContact::VOCABULARY), Text::new("Contact", "涉疫接触"), "Whom the subject met.").also(&["接触史", "接触情况"]).required();
    RESULT: CorrectionsResult = Field::new("result", Shape::Word(CorrectionsResult::VOCABULARY), Text::new("Result", "排查结果"), "What was found.").also(&["结果", "健康状况"]).required();
}

/// The kind.
pub static CORRECTIONS_CHECKS: Kind = Kind::of(Definition {
    name: "corrections_checks",
    path: "corrections-checks",
    schema: "CorrectionsCheck",
    label: Text::new("Check of a subject of corrections", "社区矫正对象排查"),
    about: "A check of somebody under community corrections.",
    fields: FIELDS,
    filters: &[SUBJECT_ID.name(), RESULT.name()],
    readers: &[Role::JusticeOfficer],
    writers: &[Role::JusticeOfficer],
    closed: true,
    rules: &CheckRules,
    warnings: &[&LOOKS_ILL],
    example: include_str!("../../../../openapi/examples/corrections_checks/create.json"),
    ..Definition::FIELD_RECORD
});

/// Told of a check that says normal of somebody with symptoms.
static LOOKS_ILL: Warning = Warning {
    code: "normal_with_symptoms",
    message: Text::new("says normal, with symptoms", "结果为正常,但有症状或发热"),
};

const CHECKS: Figure = Figure::new("checks", Text::new("Checks", "社区矫正对象排查"), PERSON_TIMES);
const SYMPTOMATIC: Figure = Figure::new("symptomatic", Text::new("Symptomatic", "有症状"), PERSON_TIMES)
    .share(CHECKS.name, "result=symptomatic");
const ISOLATED: Figure =
    Figure::new("isolated", Text::new("Isolated", "隔离中"), PERSON_TIMES).share(CHECKS.name, "result=isolated");
const UNREACHABLE: Figure = Figure::new("unreachable", Text::new("Not reached", "联系不上"), PERSON_TIMES)
    .share(CHECKS.name, "result=unreachable");
const LEFT: Figure = Figure::new("left_without_leave", Text::new("Left without leave", "未经批准外出"), PERSON_TIMES)
    .share(CHECKS.name, "result=left_without_leave");

struct CheckRules;

impl Rules for CheckRules {
    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let values = &draft.values;
        let policy = context.policy_at(context.district_code, context.now);
        let fever = values.get(&TEMPERATURE_C).is_some_and(|temperature| temperature >= policy.fever_c);
        let ill = fever || values.list(&SYMPTOMS).any(|symptom| symptom != Symptom::None);
        if ill && values.get(&RESULT) == Some(CorrectionsResult::Normal) {
            draft.warn(&LOOKS_ILL, &RESULT);
        }
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[CHECKS, SYMPTOMATIC, ISOLATED, UNREACHABLE, LEFT] }
    }

    fn figure_readers(&self) -> Option<&'static [Role]> {
        Some(COUNTERS)
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let own = match record.values.get(&RESULT) {
            Some(CorrectionsResult::Symptomatic) => Some(SYMPTOMATIC),
            Some(CorrectionsResult::Isolated) => Some(ISOLATED),
            Some(CorrectionsResult::Unreachable) => Some(UNREACHABLE),
            Some(CorrectionsResult::LeftWithoutLeave) => Some(LEFT),
            Some(CorrectionsResult::Normal) | None => None,
        };
        [CHECKS.measured(1)].into_iter().chain(own.map(|figure| figure.measured(1))).collect()
    }
}
