//! Survey visits (入户核查): somebody looked at a household or a person, or tried to. A text that was sent reached nobody.

use chrono::{DateTime, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use ledger::Projection;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::READERS;
use crate::platform::privacy::keys::Keys;
use crate::records::awaited::has_come;
use crate::records::codes::{EXCLUSIVE_FIELDS, ONE_OF_NEEDED};
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::figure::{HOUSEHOLD_TIMES, PERSON_TIMES};
use crate::records::{Context, Definition, Draft, Figure, Kind, Logged, Measure, Record, Rules, Warning};
use crate::rooms::checkpoints::Symptom;
use crate::rooms::households::codes::{CONTRADICTS_RESULT, NO_ANSWER_TOLD};
use crate::rooms::households::roots::family_in;
use crate::rooms::households::survey_rounds::{CHANNELS, TELLINGS};

words! {
    /// Ways in which people are reached.
    pub SurveyChannel "survey_channel" "Channel" "核查方式" {
        HomeVisit "home_visit" "visit at home" "入户";
        Phone "phone" "telephone" "电话";
        Sms "sms" "text message" "短信";
        Wechat "wechat" "WeChat" "微信";
        Gate "gate" "at the gate" "卡点";
    }
}

words! {
    /// Results of a visit.
    pub SurveyResult "survey_result" "Result" "核查结果" {
        Reached "reached" "reached" "已核";
        NotReached "not_reached" "not reached" "未联系上";
        Refused "refused" "refused" "拒绝";
        Vacant "vacant" "nobody lives there" "空户";
        Moved "moved" "moved away" "迁出";
    }
}

words! {
    /// Findings of a person's visit about the register.
    pub Verification "survey_verification" "Verification" "核实情况" {
        Confirmed "confirmed" "nothing changed" "无变化";
        Changed "changed" "something changed" "有变化";
        NotFound "not_found" "nobody of this name" "查无此人";
    }
}

words! {
    /// Where a member was found to be.
    pub MemberStatus "survey_member_status" "Status" "成员情况" {
        Present "present" "at home" "在家";
        Away "away" "away" "外出";
        Left "left" "moved away" "已迁出";
        Deceased "deceased" "deceased" "已故";
        NotHere "not_here" "nobody of this name" "查无此人";
    }
}

words! {
    /// How the household feels.
    pub HouseholdHealth "household_health" "Health" "健康状况" {
        Well "well" "well" "良好";
        Symptomatic "symptomatic" "somebody has symptoms" "有症状";
        NotAsked "not_asked" "not asked" "未询问";
    }
}

object! {
    /// A member of whom the visit tells.
    pub struct VisitedMember, MEMBER {
        person_id: Uuid = Field::new("person_id", Shape::Reference("people"), Text::new("Person id", "人员编号"), "Who.").required();
        status: MemberStatus = Field::new("status", Shape::Word(MemberStatus::VOCABULARY), Text::new("Status", "成员情况"), "Where the member was found to be.").required();
        #[serde(skip_serializing_if = "Option::is_none")]
        temperature_c: Option<Decimal> = Field::new("temperature_c", Shape::Decimal { scale: 1, min: "32.0", max: "43.0" }, Text::new("Temperature (℃)", "体温(℃)"), "If it was taken.");
        #[serde(skip_serializing_if = "Option::is_none")]
        symptoms: Option<Vec<Symptom>> = Field::new("symptoms", Shape::List { of: &Shape::Word(Symptom::VOCABULARY), max: 14 }, Text::new("Symptoms", "症状"), "What the member complains of.");
    }
}

impl VisitedMember {
    /// Whether the member has symptoms, or a fever.
    pub fn is_ill(&self, fever_c: Decimal) -> bool {
        let symptoms = self.symptoms.iter().flatten().any(|symptom| *symptom != Symptom::None);
        symptoms || self.temperature_c.is_some_and(|temperature| temperature >= fever_c)
    }
}

fields! {
    /// The fields of a visit, beside the envelope's.
    static FIELDS;
    ROUND_ID: Uuid = Field::new("round_id", Shape::Reference("survey_rounds"), Text::new("Round", "轮次"), "In which round; none for a visit between rounds.").on_create();
    HOUSEHOLD: Uuid = Field::new("household", Shape::Inline("households", "Household"), Text::new("Household", "户"), "At which household, registered with this record: a surveyor's sheet names the door. Not with `household_id`.").on_create();
    HOUSEHOLD_ID: Uuid = Field::new("household_id", Shape::Reference("households"), Text::new("Household id", "户编号"), "At which household; this or `person_id`.").brings_area(1).on_create();
    PERSON_ID: Uuid = Field::new("person_id", Shape::Reference("people"), Text::new("Person id", "人员编号"), "Whom; this or `household_id`.").brings_area(2).on_create();
    CHANNEL: SurveyChannel = Field::new("channel", Shape::Word(SurveyChannel::VOCABULARY), Text::new("Channel", "核查方式"), "How.").also(&["排查方式", "摸排方式"]).required();
    RESULT: SurveyResult = Field::new("result", Shape::Word(SurveyResult::VOCABULARY), Text::new("Result", "核查结果"), "What came of it.").also(&["排查结果", "摸排结果", "核实结果"]).required();
    VERIFICATION: Verification = Field::new("verification", Shape::Word(Verification::VOCABULARY), Text::new("Verification", "核实情况"), "Of a person: what it says of the register; needed there where somebody was reached.");
    PEOPLE_COUNTED: i64 = Field::new("people_counted", Shape::Integer { min: 0, max: 99 }, Text::new("People counted", "在家人数"), "How many were there.").also(&["家庭人口", "在家人数", "现有人口", "人口数", "户内人数", "家庭人数"]);
    MEMBERS: Vec<VisitedMember> = Field::new("members", Shape::List { of: &Shape::Object(MEMBER), max: 30 }, Text::new("Members", "成员"), "Of whom it tells.");
    HEALTH: HouseholdHealth = Field::new("health", Shape::Word(HouseholdHealth::VOCABULARY), Text::new("Health", "健康状况"), "How the household feels.");
    DOOR_NOTICE_LEFT: bool = Field::new("door_notice_left", Shape::Boolean, Text::new("Notice left", "已贴告知"), "Whether a notice was left at the door.");
    ANSWERS_VISIT_ID: Uuid = Field::new("answers_visit_id", Shape::Reference("survey_visits"), Text::new("Answers", "回复的核查"), "The attempt to which somebody called back.").on_create();
    SURVEYORS: Vec<String> = Field::new("surveyors", Shape::List { of: &free_text(40), max: 10 }, Text::new("Surveyors", "核查人员"), "Who looked. Encrypted at rest.").sealed();
    ATTEMPT_NO: i64 = Field::new("attempt_no", Shape::Integer { min: 1, max: i64::MAX }, Text::new("Attempt", "第几次"), "Which of the round's visits there it is, in the order in which they happened; of a visit between rounds and of a void one null. Counted when it is read: it is right in whatever order they came.").counted();
    MEMBERS_CONFIRMED: i64 = Field::new("members_confirmed", Shape::Integer { min: 0, max: 30 }, Text::new("Members confirmed", "核实人数"), "Members of whom it tells where they are.").derived();
    ABNORMAL: bool = Field::new("abnormal", Shape::Boolean, Text::new("Abnormal", "异常"), "Whether somebody has a fever or symptoms.").derived();
}

/// Another way than the round asked for.
static CHANNEL_NOT_OF_ROUND: Warning = Warning {
    code: "channel_not_of_round",
    message: Text::new("the round asks for other ways", "该轮次要求其他核查方式"),
};
/// Somebody died: a membership ends by a record of its own.
static MEMBER_DECEASED: Warning = Warning {
    code: "member_deceased",
    message: Text::new(
        "a membership ends by its own record: amend it with `until_on` and `end_reason`",
        "成员关系须在户成员记录中填写结束日期和原因后终止",
    ),
};

/// The kind.
pub static SURVEY_VISITS: Kind = Kind::of(Definition {
    name: "survey_visits",
    path: "survey-visits",
    schema: "SurveyVisit",
    label: Text::new("Survey visit", "入户核查"),
    about: "Somebody looked at a household or a person, or tried to.",
    fields: FIELDS,
    filters: &[ROUND_ID.name(), HOUSEHOLD_ID.name(), PERSON_ID.name(), CHANNEL.name(), RESULT.name(), ABNORMAL.name()],
    readers: READERS,
    writers: READERS,
    takes_attachments: true,
    rules: &VisitRules,
    warnings: &[&CHANNEL_NOT_OF_ROUND, &MEMBER_DECEASED],
    example: include_str!("../../../../openapi/examples/survey_visits/create.json"),
    sequence: 2,
    ..Definition::FIELD_RECORD
});

struct VisitRules;

const VISITS: Figure = Figure::new("survey_visits", Text::new("Survey visits", "入户核查"), HOUSEHOLD_TIMES);
/// In the log of whoever went from door to door, or called.
const HOUSEHOLDS_VISITED: Logged = Logged {
    counted: "households_visited",
    amount: "CASE WHEN r.channel = 'home_visit' AND r.household_id IS NOT NULL THEN 1 ELSE 0 END",
};
const CALLS: Logged =
    Logged { counted: "calls", amount: "CASE WHEN r.channel IN ('phone', 'sms', 'wechat') THEN 1 ELSE 0 END" };

const MEMBERS_TOLD: Figure = Figure::new("members_confirmed", Text::new("Members confirmed", "核实人次"), PERSON_TIMES);
const HOUSEHOLDS_SURVEYED: Figure =
    Figure::new("households_surveyed", Text::new("Households surveyed", "入户摸排户数"), Text::new("households", "户"))
        .different("households", KEPT_AS)
        .listed("result=reached");
/// Visits by how they were made.
const BY_CHANNEL: [Figure; 5] = [
    by_channel("visits_at_home", Text::new("Visits at home", "上门核查"), "channel=home_visit"),
    by_channel("visits_by_phone", Text::new("Calls", "电话核查"), "channel=phone"),
    by_channel("visits_by_sms", Text::new("Text messages", "短信核查"), "channel=sms"),
    by_channel("visits_by_wechat", Text::new("By WeChat", "微信核查"), "channel=wechat"),
    by_channel("visits_at_gate", Text::new("At the gate", "卡点核查"), "channel=gate"),
];

const fn by_channel(name: &'static str, label: Text, filter: &'static str) -> Figure {
    Figure::new(name, label, HOUSEHOLD_TIMES).share(VISITS.name, filter)
}
/// Name under which different households are kept.
const KEPT_AS: &str = "survey_visits.households";

impl Rules for VisitRules {
    fn natural_key(&self) -> &'static [&'static str] {
        const { &["household_id|person_id", ROUND_ID.name(), OCCURRED_AT.name()] }
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        check_subject(draft, faults);
        check_result(draft, faults);
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, _faults: &mut Faults) {
        let channel = draft.values.get(&CHANNEL);
        let round = draft.reference(&ROUND_ID);
        let channels: Vec<SurveyChannel> = round.iter().flat_map(|round| round.values.list(&CHANNELS)).collect();
        if channel.is_some_and(|channel| !channels.is_empty() && !channels.contains(&channel)) {
            draft.warn(&CHANNEL_NOT_OF_ROUND, &CHANNEL);
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let area_code = draft.values.get(&AREA_CODE).unwrap_or(context.district_code);
        let at: DateTime<Utc> = draft.values.get(&OCCURRED_AT).unwrap_or(context.now);
        let fever_c = context.policy_at(area_code, at).fever_c;
        let members: Vec<VisitedMember> = draft.values.list(&MEMBERS).collect();
        let ill = members.iter().any(|member| member.is_ill(fever_c));
        let abnormal = draft.values.get(&HEALTH) == Some(HouseholdHealth::Symptomatic) || ill;
        draft.values.set(&ABNORMAL, abnormal);
        let told = members.iter().filter(|member| member.status != MemberStatus::NotHere).count();
        draft.values.set(&MEMBERS_CONFIRMED, i64::try_from(told).unwrap_or(0));
        if members.iter().any(|member| member.status == MemberStatus::Deceased) {
            draft.warn(&MEMBER_DECEASED, &MEMBERS);
        }
    }

    fn counted(&self, _field: &str) -> String {
        attempt_no()
    }

    fn projection(&self) -> Option<&'static Projection> {
        Some(&TELLINGS)
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&PERSON_ID)
    }

    fn distinct(&self, record: &Record, _keys: &Keys) -> Vec<(&'static str, Uuid)> {
        let reached = record.values.get(&RESULT) == Some(SurveyResult::Reached);
        let household = record.values.get(&HOUSEHOLD_ID).filter(|_| reached);
        household.map(|id| (KEPT_AS, id)).into_iter().collect()
    }

    fn distinct_rows(&self, _figure: &str) -> &'static str {
        "CASE WHEN r.result = 'reached' THEN r.household_id END"
    }

    fn logged(&self) -> &'static [Logged] {
        const { &[HOUSEHOLDS_VISITED, CALLS] }
    }

    fn figures(&self) -> &'static [Figure] {
        const {
            let [home, phone, sms, wechat, gate] = BY_CHANNEL;
            &[VISITS, home, phone, sms, wechat, gate, HOUSEHOLDS_SURVEYED, MEMBERS_TOLD]
        }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let told = record.values.get(&MEMBERS_CONFIRMED).unwrap_or(0);
        let channel = record.values.get(&CHANNEL).map(|channel| {
            let [home, phone, sms, wechat, gate] = BY_CHANNEL;
            match channel {
                SurveyChannel::HomeVisit => home,
                SurveyChannel::Phone => phone,
                SurveyChannel::Sms => sms,
                SurveyChannel::Wechat => wechat,
                SurveyChannel::Gate => gate,
            }
        });
        let by_channel = channel.map(|figure| figure.measured(1));
        [VISITS.measured(1), MEMBERS_TOLD.measured(told)].into_iter().chain(by_channel).collect()
    }
}

/// Visits of its round that happened up to a visit `r`, there and under every other name of it. Those in areas that its
/// reader doesn't see count, too. None of a former revision of what is void by now: no visit stands up to it.
fn attempt_no() -> String {
    let visits = |kind: &str, column: &str| {
        let family = family_in(kind, "r.district_code", &format!("r.{column}"));
        format!(
            "(SELECT nullif(count(*), 0) FROM (SELECT {family} AS ids OFFSET 0) AS f JOIN survey_visits_by_target AS o ON o.{column} = ANY(f.ids) WHERE o.district_code = r.district_code AND o.round_id = r.round_id AND (o.occurred_at, o.id) <= (r.occurred_at, r.id))"
        )
    };
    format!(
        "CASE WHEN r.voided OR NOT {} OR r.round_id IS NULL THEN NULL WHEN r.household_id IS NOT NULL THEN {} ELSE {} END",
        has_come("r."),
        visits("households", HOUSEHOLD_ID.name()),
        visits("people", PERSON_ID.name())
    )
}

/// A visit is of a household or of a person.
fn check_subject(draft: &Draft, faults: &mut Faults) {
    let inline = draft.inline.iter().any(|(field, _)| *field == HOUSEHOLD.name());
    let household = inline || draft.values.get(&HOUSEHOLD_ID).is_some();
    let person = draft.values.get(&PERSON_ID).is_some();
    let touched = faults.touches(&draft.at(&HOUSEHOLD_ID)) || faults.touches(&draft.at(&PERSON_ID));
    if household && person {
        faults.add_with(draft.at(&PERSON_ID), EXCLUSIVE_FIELDS, vec![("other", "household_id".into())]);
    } else if !household && !person && !touched {
        let fields = vec![("fields", "household_id, person_id".into())];
        faults.add_with(draft.at(&HOUSEHOLD_ID), ONE_OF_NEEDED, fields);
    }
    let reached = draft.values.get(&RESULT) == Some(SurveyResult::Reached);
    if person && reached && draft.values.get(&VERIFICATION).is_none() && !faults.touches(&draft.at(&VERIFICATION)) {
        faults.add(draft.at(&VERIFICATION), FaultCode::REQUIRED);
    }
}

/// Whoever is at home lives there; a text that nobody answered reached nobody.
fn check_result(draft: &Draft, faults: &mut Faults) {
    let Some(result) = draft.values.get(&RESULT) else { return };
    let told = || vec![("result", result.code().to_owned())];
    for (index, member) in draft.values.list(&MEMBERS).enumerate() {
        let nobody = matches!(result, SurveyResult::Vacant | SurveyResult::Moved);
        if nobody && member.status == MemberStatus::Present {
            faults.add_with(draft.at_item(&MEMBERS, index, "status"), CONTRADICTS_RESULT, told());
        }
    }
    let by_text = draft.values.get(&CHANNEL) == Some(SurveyChannel::Sms) && result == SurveyResult::Reached;
    let answered = draft.values.list(&MEMBERS).next().is_some() || draft.values.get(&ANSWERS_VISIT_ID).is_some();
    if by_text && !answered {
        faults.add(draft.at(&RESULT), NO_ANSWER_TOLD);
    }
}
