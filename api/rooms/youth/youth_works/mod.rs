//! Works of young people (小先锋作品): how many of which kind, and of nobody.

use kit::field::{Field, Shape};
use kit::text::Text;
use kit::{fields, words};

use crate::platform::access::Role;
use crate::records::figure::PERSON_TIMES;
use crate::records::{Definition, Figure, Kind, Measure, Record, Rules};

words! {
    /// Kinds of works.
    pub YouthWorkKind "youth_work_kind" "Kind of work" "作品类型" {
        Video "video" "video" "视频";
        Newspaper "newspaper" "hand-made newspaper" "小报";
        Letter "letter" "letter" "书信";
        Kuaiban "kuaiban" "kuaiban rhyme" "快板";
        Painting "painting" "painting" "绘画";
        Other "other" "other" "其他";
    }
}

words! {
    /// Where works were shown.
    pub YouthWorkPlatform "youth_work_platform" "Platform" "发布平台" {
        Wechat "wechat" "WeChat" "微信";
        Douyin "douyin" "Douyin" "抖音";
        School "school" "school" "校园";
        Other "other" "other" "其他";
    }
}

fields! {
    /// The fields of works, beside the envelope's.
    static FIELDS;
    WORK_KIND: YouthWorkKind = Field::new("work_kind", Shape::Word(YouthWorkKind::VOCABULARY), Text::new("Kind", "作品类型"), "What they are.").also(&["作品类别", "作品形式", "类型"]).required();
    PLATFORM: YouthWorkPlatform = Field::new("platform", Shape::Word(YouthWorkPlatform::VOCABULARY), Text::new("Platform", "发布平台"), "Where they were shown.").also(&["平台"]);
    WORKS: i64 = Field::new("works", Shape::Integer { min: 1, max: 10_000 }, Text::new("Works", "作品数"), "How many.").also(&["作品数量", "件数", "数量"]).required();
    PARTICIPANTS: i64 = Field::new("participants", Shape::Integer { min: 0, max: 100_000 }, Text::new("Participants", "参与人数"), "How many took part.").also(&["参与人次", "人数"]);
}

/// The kind.
pub static YOUTH_WORKS: Kind = Kind::of(Definition {
    name: "youth_works",
    path: "youth-works",
    schema: "YouthWork",
    label: Text::new("Work of young people", "小先锋作品"),
    about: "How many works of a kind young people made; no child, no link, no note.",
    fields: FIELDS,
    filters: &[WORK_KIND.name(), PLATFORM.name()],
    readers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::Volunteer, Role::Counselor],
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::Volunteer],
    takes_note: false,
    rules: &YouthWorkRules,
    example: include_str!("../../../../openapi/examples/youth_works/create.json"),
    ..Definition::FIELD_RECORD
});

const PIECES: Text = Text::new("works", "件");
const MADE: Figure = Figure::new("works", Text::new("Works", "作品"), PIECES).open();
const TOOK_PART: Figure = Figure::new("participants", Text::new("Participants", "参与"), PERSON_TIMES).open();

/// A figure of the works of a kind.
const fn of_kind(name: &'static str, label: Text, filter: &'static str) -> Figure {
    Figure::new(name, label, PIECES).share(MADE.name, filter).open()
}

const VIDEOS: Figure = of_kind("videos", Text::new("Videos", "视频"), "work_kind=video");
const NEWSPAPERS: Figure = of_kind("newspapers", Text::new("Hand-made newspapers", "小报"), "work_kind=newspaper");
const LETTERS: Figure = of_kind("letters", Text::new("Letters", "书信"), "work_kind=letter");
const KUAIBAN: Figure = of_kind("kuaiban", Text::new("Kuaiban rhymes", "快板"), "work_kind=kuaiban");

struct YouthWorkRules;

impl Rules for YouthWorkRules {
    fn figures(&self) -> &'static [Figure] {
        const { &[MADE, VIDEOS, NEWSPAPERS, LETTERS, KUAIBAN, TOOK_PART] }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let works = record.values.get(&WORKS).unwrap_or_default();
        let own = match record.values.get(&WORK_KIND) {
            Some(YouthWorkKind::Video) => Some(VIDEOS),
            Some(YouthWorkKind::Newspaper) => Some(NEWSPAPERS),
            Some(YouthWorkKind::Letter) => Some(LETTERS),
            Some(YouthWorkKind::Kuaiban) => Some(KUAIBAN),
            Some(YouthWorkKind::Painting | YouthWorkKind::Other) | None => None,
        };
        let took_part = TOOK_PART.measured(record.values.get(&PARTICIPANTS).unwrap_or_default());
        [MADE.measured(works), took_part].into_iter().chain(own.map(|figure| figure.measured(works))).collect()
    }
}
