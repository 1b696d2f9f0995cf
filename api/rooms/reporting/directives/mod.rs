//! Directives (部署): what was decided above, by whom and when. What bulletins begin with: "自1月21日…以来".

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};

use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::{Definition, Figure, Kind, Measure, Reach, Record, Rules};

words! {
    /// Level that issued a directive.
    pub IssuerLevel "issuer_level" "Level" "发文层级" {
        National "national" "national" "国家";
        Province "province" "province" "省";
        Prefecture "prefecture" "prefecture" "市";
        District "district" "district" "区";
        Town "town" "town or subdistrict" "乡镇(街道)";
    }
}

fields! {
    /// The fields of a directive, beside the envelope's.
    static FIELDS;
    ISSUER_LEVEL: IssuerLevel = Field::new("issuer_level", Shape::Word(IssuerLevel::VOCABULARY), Text::new("Level", "发文层级"), "Level of whoever issued it.").also(&["层级", "部署层级", "会议级别"]).required();
    ISSUER: String = Field::new("issuer", free_text(100), Text::new("Issuer", "发文单位"), "Whoever issued it.").also(&["部署单位", "召开单位", "发文机关", "主办单位"]).required();
    TITLE: String = Field::new("title", free_text(200), Text::new("Title", "标题"), "Title of the document or the meeting.").also(&["会议名称", "文件名称", "部署事项", "文件标题"]).required();
    DOCUMENT_NO: String = Field::new("document_no", free_text(60), Text::new("Document number", "文号"), "Number of the document.").also(&["文件编号", "文件号"]);
    HELD_ON: NaiveDate = Field::new("held_on", Shape::Day, Text::new("Held on", "部署日期"), "Day of the meeting or of the document.").also(&["会议日期", "召开日期", "发文日期", "召开时间"]).required().any_day();
    SUMMARY: String = Field::new("summary", free_text(500), Text::new("Summary", "主要内容"), "What it asks for. Encrypted at rest.").also(&["内容", "要求", "会议内容"]).sealed();
}

/// The kind.
pub static DIRECTIVES: Kind = Kind::of(Definition {
    name: "directives",
    path: "directives",
    schema: "Directive",
    label: Text::new("Directive", "部署"),
    about: "A meeting or a document that set the work.",
    fields: FIELDS,
    filters: &[ISSUER_LEVEL.name(), HELD_ON.name()],
    reach: Reach::District,
    readers: Role::ALL,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin],
    rules: &DirectiveRules,
    example: include_str!("../../../../openapi/examples/directives/create.json"),
    ..Definition::FIELD_RECORD
});

struct DirectiveRules;

const ISSUED: Figure = Figure::new("directives", Text::new("Directives", "部署"), TIMES).open();

impl Rules for DirectiveRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[HELD_ON.name(), TITLE.name()] }
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[ISSUED] }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![ISSUED.measured(1)]
    }
}
