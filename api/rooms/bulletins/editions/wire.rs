//! Fields of an edition.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use uuid::Uuid;

use crate::rooms::bulletins::render::{PRINTED_FIELDS, Printed};
use crate::rooms::bulletins::templates::wire::{BulletinStyle, FigureMeasure, QUERY_FIELDS, TemplateQuery};

words! {
    /// How an edition stands.
    pub EditionState "bulletin_edition_state" "State" "状态" {
        Frozen "frozen" "issued" "已发布";
        Withdrawn "withdrawn" "withdrawn" "已撤回";
    }
}

object! {
    /// A figure of an edition, with what it was counted from.
    #[derive(PartialEq, Eq)]
    pub struct EditionFigure, EDITION_FIGURE_FIELDS {
        key: String = Field::new("key", free_text(40), Text::new("Key", "键"), "Its place in the text.").required();
        said: String = Field::new("said", free_text(2000), Text::new("Said", "写作"), "What the text says of it.").required();
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<i64> = Field::new("value", Shape::Integer { min: i64::MIN, max: i64::MAX }, Text::new("Value", "数值"), "How many were counted.");
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<String> = Field::new("amount", free_text(40), Text::new("Amount", "数量"), "How much, as a decimal, of what isn't counted in whole numbers.");
        label: String = Field::new("label", free_text(100), Text::new("Label", "指标"), "What people call it.").required();
        unit: String = Field::new("unit", free_text(40), Text::new("Unit", "计量单位"), "What is counted.").required();
        query: TemplateQuery = Field::new("query", Shape::Object(QUERY_FIELDS), Text::new("Query", "查询"), "What was asked.").required();
        #[serde(skip_serializing_if = "Option::is_none")]
        measure: Option<FigureMeasure> = Field::new("measure", Shape::Word(FigureMeasure::VOCABULARY), Text::new("Measure", "取值"), "Whether names are said; a number by default.");
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<BulletinStyle> = Field::new("style", Shape::Word(BulletinStyle::VOCABULARY), Text::new("Style", "数字写法"), "How it is said; as the others by default.");
        #[serde(skip_serializing_if = "Option::is_none")]
        records_url: Option<String> = Field::new("records_url", free_text(500), Text::new("Records", "记录"), "The list of the records as they stand now.");
        #[serde(skip_serializing_if = "Option::is_none")]
        further_records_url: Option<String> = Field::new("further_records_url", free_text(500), Text::new("Further records", "其他记录"), "A second list, where records of two kinds were counted.");
        #[serde(skip_serializing_if = "Option::is_none")]
        record_ids: Option<Vec<Uuid>> = Field::new("record_ids", Shape::List { of: &Shape::Id, max: 10_000 }, Text::new("Record ids", "记录编号"), "What was counted, where no list has exactly that.");
        #[serde(skip_serializing_if = "Option::is_none")]
        record_digest: Option<String> = Field::new("record_digest", free_text(64), Text::new("Record digest", "记录摘要"), "SHA-256 over the sorted `kind/id/revision` of what was counted.");
    }
}

fields! {
    /// The fields of an edition, beside the envelope's. The service writes them all.
    pub static FIELDS;
    TEMPLATE_CODE: String = Field::new("template_code", free_text(40), Text::new("Template", "模板编码"), "The template it was made of.").by_server();
    TEMPLATE_ID: Uuid = Field::new("template_id", Shape::Reference("bulletin_templates"), Text::new("Template id", "模板编号"), "The template's record; none of a shipped one.").by_server();
    TEMPLATE_REVISION: i64 = Field::new("template_revision", Shape::Integer { min: 1, max: i64::MAX }, Text::new("Template revision", "模板版本"), "Its revision.").by_server();
    TITLE: String = Field::new("title", free_text(200), Text::new("Title", "标题"), "Above it.").by_server();
    SERIES: String = Field::new("series", free_text(40), Text::new("Series", "刊号系列"), "Series by which it is numbered.").by_server();
    EDITION_NO: i64 = Field::new("edition_no", Shape::Integer { min: 1, max: i64::MAX }, Text::new("Number", "期号"), "Which of its series in the year of its day: 第 n 期.").by_server();
    AS_OF_ON: NaiveDate = Field::new("as_of_on", Shape::Day, Text::new("As of", "截至日"), "Until the end of this day.").by_server();
    AS_OF_CHANGE_NO: i64 = Field::new("as_of_change_no", Shape::Integer { min: 0, max: i64::MAX }, Text::new("As of change", "截至变更号"), "Change number as of which all its figures were counted.").by_server();
    STYLE: BulletinStyle = Field::new("style", Shape::Word(BulletinStyle::VOCABULARY), Text::new("Style", "数字写法"), "How numbers are said.").by_server();
    PARAGRAPHS: Vec<Printed> = Field::new("paragraphs", Shape::List { of: &Shape::Object(PRINTED_FIELDS), max: 1000 }, Text::new("Paragraphs", "正文"), "What it says.").by_server();
    FIGURES: Vec<EditionFigure> = Field::new("figures", Shape::List { of: &Shape::Object(EDITION_FIGURE_FIELDS), max: 500 }, Text::new("Figures", "指标"), "Its figures, in the order in which it says them.").by_server();
    CONTENT_DIGEST: String = Field::new("content_digest", free_text(64), Text::new("Content digest", "内容摘要"), "SHA-256 of the canonical form (RFC 8785) of template, revision, as_of_on, as_of_change_no, paragraphs and figures.").by_server();
    CHAIN_HEAD: String = Field::new("chain_head", free_text(64), Text::new("Chain head", "链首"), "Head of the district's chain as of that change.").by_server();
    REPLACES_ID: Uuid = Field::new("replaces_id", Shape::Reference("bulletin_editions"), Text::new("Replaces", "更正的期号"), "The edition that it corrects.").by_server();
    STATE: EditionState = Field::new("state", Shape::Word(EditionState::VOCABULARY), Text::new("State", "状态"), "How it stands.").by_server();
    WITHDRAWAL_REASON: String = Field::new("withdrawal_reason", free_text(500), Text::new("Reason", "撤回原因"), "Why it was withdrawn. Encrypted at rest.").by_server().sealed();
}
