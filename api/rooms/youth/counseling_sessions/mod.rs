//! Counselling sessions (心理咨询): that somebody was listened to, how and how long; never who, and not in words. A closed
//! room: units and the command see its figures.

mod campaign;

use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::{fields, words};
use uuid::Uuid;

use crate::platform::access::Role;
use crate::records::codes::NO_FREE_TEXT;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::{MINUTES as MINUTES_UNIT, PERSON_TIMES};
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

words! {
    /// Ways of counselling.
    pub CounselingChannel "counseling_channel" "Channel" "咨询方式" {
        Hotline "hotline" "hotline" "热线";
        Wechat "wechat" "WeChat" "微信";
        Qq "qq" "QQ" "QQ";
        Video "video" "video" "视频";
        Onsite "onsite" "on site" "现场";
    }
}

words! {
    /// Ages, as bands.
    pub ClientAgeBand "client_age_band" "Age band" "年龄段" {
        Under12 "under_12" "under 12" "12岁以下";
        Age12To17 "age_12_17" "12 to 17" "12至17岁";
        Age18To35 "age_18_35" "18 to 35" "18至35岁";
        Age36To59 "age_36_59" "36 to 59" "36至59岁";
        Age60Plus "age_60_plus" "60 and older" "60岁以上";
        Unknown "unknown" "unknown" "不详";
    }
}

words! {
    /// Topics.
    pub CounselingTopic "counseling_topic" "Topic" "咨询主题" {
        Anxiety "anxiety" "anxiety" "焦虑";
        FearOfInfection "fear_of_infection" "fear of infection" "疑病恐惧";
        Sleep "sleep" "sleep" "睡眠";
        Family "family" "family" "家庭关系";
        Study "study" "study" "学业";
        Isolation "isolation" "isolation" "隔离不适";
        Bereavement "bereavement" "bereavement" "丧亲";
        Work "work" "work" "工作";
        Other "other" "other" "其他";
    }
}

fields! {
    /// The fields of a session, beside the envelope's.
    static FIELDS;
    CAMPAIGN: String = Field::new("campaign", Shape::Text { min: 1, max: 100, pattern: None }, Text::new("Campaign", "活动名称"), "Name of the campaign: 疫情防控、从心出发. A name of at most 20 characters, without figures: nobody's story.").also(&["活动", "主题活动"]);
    PARTNER_ORG_ID: Uuid = Field::new("partner_org_id", Shape::Reference("organizations"), Text::new("Partner", "合作单位"), "The organisation that it was done with.").also(&["联合单位"]);
    CHANNEL: CounselingChannel = Field::new("channel", Shape::Word(CounselingChannel::VOCABULARY), Text::new("Channel", "咨询方式"), "How.").also(&["方式", "咨询渠道"]).required();
    CLIENT_AGE_BAND: ClientAgeBand = Field::new("client_age_band", Shape::Word(ClientAgeBand::VOCABULARY), Text::new("Age band", "年龄段"), "How old the client is, as a band.").also(&["来访者年龄段", "年龄"]).required();
    IS_MINOR: bool = Field::new("is_minor", Shape::Boolean, Text::new("Minor", "未成年人"), "Whether the band is one of minors; null where it is unknown.").derived();
    TOPIC: CounselingTopic = Field::new("topic", Shape::Word(CounselingTopic::VOCABULARY), Text::new("Topic", "咨询主题"), "About what.").also(&["主题", "咨询内容", "咨询问题"]).required();
    MINUTES: i64 = Field::new("minutes", Shape::Integer { min: 1, max: 600 }, Text::new("Minutes", "时长(分钟)"), "How long.").also(&["时长", "咨询时长", "分钟"]).required();
    REFERRED: bool = Field::new("referred", Shape::Boolean, Text::new("Referred", "是否转介"), "Whether the client was referred to somebody else.").also(&["转介"]).required();
    CRISIS: bool = Field::new("crisis", Shape::Boolean, Text::new("Crisis", "是否危机"), "Whether it was a crisis.").also(&["危机", "危机干预"]).required();
}

/// The kind.
pub static COUNSELING_SESSIONS: Kind = Kind::of(Definition {
    name: "counseling_sessions",
    path: "counseling-sessions",
    schema: "CounselingSession",
    label: Text::new("Counselling session", "心理咨询"),
    about: "A counselling session, of nobody: the day, how, how long, about what.",
    fields: FIELDS,
    filters: &[
        PARTNER_ORG_ID.name(),
        CHANNEL.name(),
        CLIENT_AGE_BAND.name(),
        IS_MINOR.name(),
        TOPIC.name(),
        REFERRED.name(),
        CRISIS.name(),
    ],
    readers: &[Role::Counselor],
    writers: &[Role::Counselor],
    closed: true,
    takes_note: false,
    rules: &SessionRules,
    example: include_str!("../../../../openapi/examples/counseling_sessions/create.json"),
    ..Definition::FIELD_RECORD
});

const SESSIONS: Figure = Figure::new("sessions", Text::new("Sessions", "心理咨询"), PERSON_TIMES);
const LENGTH: Figure = Figure::new("minutes", Text::new("Minutes", "咨询时长"), MINUTES_UNIT);
const REFERRALS: Figure =
    Figure::new("referrals", Text::new("Referrals", "转介"), PERSON_TIMES).part(SESSIONS.name, "referred=true");
const OF_MINORS: Figure =
    Figure::new("minors", Text::new("Of minors", "未成年人咨询"), PERSON_TIMES).part(SESSIONS.name, "is_minor=true");

struct SessionRules;

impl Rules for SessionRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        // The hour of a call tells those who know when somebody called.
        if !faults.touches(&draft.at(&OCCURRED_AT)) {
            // Amended in something else, it is of the day that it was of.
            let former = draft.former.get(&OCCURRED_AT).filter(|_| !draft.confirms_time);
            let at = draft.values.get(&OCCURRED_AT).or(former);
            let day = at.map_or(context.told_on(), |at| day_of(at, context.zone));
            if let Some(at) = day_start(day, context.zone) {
                draft.values.set(&OCCURRED_AT, at);
            }
        }
        if draft.values.get(&CAMPAIGN).is_some_and(|name| !campaign::is_name(name)) {
            faults.add(draft.at(&CAMPAIGN), NO_FREE_TEXT);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let is_minor = match draft.values.get(&CLIENT_AGE_BAND) {
            Some(ClientAgeBand::Under12 | ClientAgeBand::Age12To17) => Some(true),
            Some(ClientAgeBand::Age18To35 | ClientAgeBand::Age36To59 | ClientAgeBand::Age60Plus) => Some(false),
            Some(ClientAgeBand::Unknown) | None => None,
        };
        draft.values.set_or_clear(&IS_MINOR, is_minor);
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[SESSIONS, LENGTH, REFERRALS, OF_MINORS] }
    }

    fn figure_readers(&self) -> Option<&'static [Role]> {
        Some(&[Role::Counselor, Role::DistrictAdmin, Role::OrgAdmin])
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let is = |field| i64::from(record.values.get(field) == Some(true));
        vec![
            SESSIONS.measured(1),
            LENGTH.measured(record.values.get(&MINUTES).unwrap_or_default()),
            REFERRALS.measured(is(&REFERRED)),
            OF_MINORS.measured(is(&IS_MINOR)),
        ]
    }
}
