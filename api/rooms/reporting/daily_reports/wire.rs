//! The fields of a daily report.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::records::envelope;
use crate::rooms::reporting::report_kinds::ReportKind;

words! {
    /// How a report came.
    pub ReportStatus "report_status" "Status" "报送情况" {
        OnTime "on_time" "on time" "按时";
        Late "late" "late" "迟报";
        Corrected "corrected" "corrected" "更正";
    }
}

/// Amount of a figure: counts and quantities.
pub const AMOUNT: Shape = Shape::Decimal { scale: 2, min: "0", max: "1000000000000" };

object! {
    /// A figure as it is reported.
    #[derive(PartialEq)]
    pub struct ReportedFigure, REPORTED_FIGURE {
        name: String = Field::new("name", Shape::Text { min: 1, max: 100, pattern: Some("[a-z0-9_]+(\\.[a-z0-9_]+)?") }, Text::new("Figure", "指标"), "Its name: one of those that the draft gives, or another one of the unit's own.").required();
        declared: Option<Decimal> = Field::new("declared", AMOUNT, Text::new("Declared", "填报数"), "How much the unit reports; what the records say where it is left out.").also(&["上报数", "数量"]);
        reason: Option<String> = Field::new("reason", free_text(200), Text::new("Reason", "差异原因"), "Why it isn't what the records say.").also(&["差异说明"]);
        computed: Option<Decimal> = Field::new("computed", AMOUNT, Text::new("Computed", "系统统计数"), "How much the unit's records said when it was reported.").by_server();
    }
}

fields! {
    /// The fields of a report, beside the envelope's.
    pub static FIELDS;
    ORG_ID: Uuid = envelope::ORG_ID.field.also(&["报送单位", "填报单位"]).brings_area(1);
    REPORT_KIND: ReportKind = Field::new("report_kind", Shape::Word(ReportKind::VOCABULARY), Text::new("Kind of report", "报告类别"), "Which report.").also(&["报表", "报告类型", "报送类别"]).required().on_create();
    REPORTED_ON: NaiveDate = Field::new("reported_on", Shape::Day, Text::new("Reported day", "报告日期"), "The day that it tells of.").also(&["日期", "填报日期", "上报日期", "报送日期"]).required().on_create().any_day();
    IS_ZERO: bool = Field::new("is_zero", Shape::Boolean, Text::new("Zero report", "零报告"), "Whether there is nothing to report: that counts, silence doesn't.").also(&["是否零报告"]).required();
    FIGURES: Vec<ReportedFigure> = Field::new("figures", Shape::List { of: &Shape::Object(REPORTED_FIGURE), max: 60 }, Text::new("Figures", "指标数据"), "Figures, each once. Those of the kind of report that are left out are taken from the records. Encrypted at rest.").sealed();
    NARRATIVE: String = Field::new("narrative", free_text(2_000), Text::new("Narrative", "文字说明"), "What is to be said beside the figures. Encrypted at rest.").also(&["情况说明", "工作情况", "报告内容"]).sealed();
    REPORT_STATUS: ReportStatus = Field::new("report_status", Shape::Word(ReportStatus::VOCABULARY), Text::new("Status", "报送情况"), "On time, late, or corrected since; its first revision keeps how it came.").by_server();
    ON_TIME: bool = Field::new("on_time", Shape::Boolean, Text::new("On time", "是否按时"), "Whether its first revision was made in time.").by_server();
    UNEXPLAINED: bool = Field::new("unexplained", Shape::Boolean, Text::new("Unexplained", "差异未说明"), "Whether figures differ from the records and nobody said why: taken from a phone, which can't be asked again.").by_server();
    RECORDS_FOUND: i64 = Field::new("records_found", Shape::Integer { min: 0, max: 9_007_199_254_740_991 }, Text::new("Records found", "当日记录数"), "How many records of the day the unit had when it was reported.").by_server();
    COMPUTED_AS_OF_CHANGE_NO: i64 = Field::new("computed_as_of_change_no", Shape::Integer { min: 0, max: 9_007_199_254_740_991 }, Text::new("Computed as of", "统计截至变更号"), "As of which change the records were counted.").by_server();
}
