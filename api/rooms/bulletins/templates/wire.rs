//! Fields of a template.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use uuid::Uuid;

words! {
    /// Whose bulletin a template makes.
    pub BulletinScope "bulletin_scope" "Scope" "范围" {
        Unit "unit" "a unit, with all below it" "单位";
        District "district" "the whole district" "全区";
        Area "area" "a town or subdistrict" "乡镇(街道)";
    }
}

words! {
    /// Ways of saying numbers.
    pub BulletinStyle "bulletin_style" "Style" "数字写法" {
        Seed "seed" "rounded, in words" "约数";
        Exact "exact" "as they are" "精确";
    }
}

words! {
    /// Part of a figure that is said.
    pub FigureMeasure "bulletin_measure" "Measure" "取值" {
        Number "number" "how many" "数值";
        Names "names" "the names of what is counted" "名称";
    }
}

words! {
    /// Treatments of a clause with a figure that is nothing.
    pub WhenZero "bulletin_when_zero" "When zero" "为零时" {
        Omit "omit" "the clause is left out" "整句省略";
        Say "say" "0 is said" "写 0";
        SayNone "say_none" "无 is said" "写“无”";
    }
}

words! {
    /// Days that a figure is of.
    pub FigurePeriod "bulletin_period" "Period" "时段" {
        UntilDay "until_day" "until the end of the bulletin's day" "截至当日";
        OnDay "on_day" "the bulletin's day alone" "当日";
    }
}

object! {
    /// Narrowing of a figure: a filter of the list behind it.
    #[derive(PartialEq, Eq)]
    pub struct QueryFilter, FILTER_FIELDS {
        filter: String = Field::new("filter", Shape::Text { min: 1, max: 60, pattern: Some("[a-z][a-z0-9_]*") }, Text::new("Filter", "筛选项"), "A filter that has figures of its own: `channel`.").required();
        word: String = Field::new("word", free_text(60), Text::new("Word", "取值"), "Its word: `phone`.").required();
    }
}

object! {
    /// A figure, asked for; of whom and until when the bulletin says.
    #[derive(PartialEq, Eq)]
    pub struct TemplateQuery, QUERY_FIELDS {
        figure: String = Field::new("figure", Shape::Text { min: 3, max: 100, pattern: Some("[a-z][a-z0-9_.]*") }, Text::new("Figure", "指标"), "Its name in `GET /v1/figures`: `screenings.screened`.").required();
        #[serde(skip_serializing_if = "Option::is_none")]
        filters: Option<Vec<QueryFilter>> = Field::new("filters", Shape::List { of: &Shape::Object(FILTER_FIELDS), max: 5 }, Text::new("Filters", "筛选"), "What narrows it.");
        #[serde(skip_serializing_if = "Option::is_none")]
        under_org_id: Option<Uuid> = Field::new("under_org_id", Shape::Id, Text::new("Unit", "单位"), "Another unit than the bulletin's, with all below it.");
        #[serde(skip_serializing_if = "Option::is_none")]
        period: Option<FigurePeriod> = Field::new("period", Shape::Word(FigurePeriod::VOCABULARY), Text::new("Period", "时段"), "`until_day` by default.");
    }
}

object! {
    /// A figure of a clause.
    pub struct ClauseFigure, FIGURE_FIELDS {
        key: String = Field::new("key", Shape::Text { min: 1, max: 40, pattern: Some("[a-z][a-z0-9_]*") }, Text::new("Key", "键"), "Its place in the text: `{key}`.").required();
        query: TemplateQuery = Field::new("query", Shape::Object(QUERY_FIELDS), Text::new("Query", "查询"), "What is counted.").required();
        #[serde(skip_serializing_if = "Option::is_none")]
        measure: Option<FigureMeasure> = Field::new("measure", Shape::Word(FigureMeasure::VOCABULARY), Text::new("Measure", "取值"), "`number` by default.");
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<BulletinStyle> = Field::new("style", Shape::Word(BulletinStyle::VOCABULARY), Text::new("Style", "数字写法"), "The bulletin's by default.");
    }
}

object! {
    /// A clause: no logic but what leaves it out.
    pub struct Clause, CLAUSE_FIELDS {
        text: String = Field::new("text", free_text(500), Text::new("Text", "文字"), "With `{key}` where a figure stands, and `{as_of_on}`, `{unit}`, `{area}`; without a full stop at its end.").required();
        #[serde(skip_serializing_if = "Option::is_none")]
        figures: Option<Vec<ClauseFigure>> = Field::new("figures", Shape::List { of: &Shape::Object(FIGURE_FIELDS), max: 12 }, Text::new("Figures", "指标"), "What its keys stand for.");
        #[serde(skip_serializing_if = "Option::is_none")]
        needs: Option<Vec<TemplateQuery>> = Field::new("needs", Shape::List { of: &Shape::Object(QUERY_FIELDS), max: 6 }, Text::new("Needs", "所需记录"), "Left out unless each of these is more than nothing.");
        #[serde(skip_serializing_if = "Option::is_none")]
        when_zero: Option<WhenZero> = Field::new("when_zero", Shape::Word(WhenZero::VOCABULARY), Text::new("When zero", "为零时"), "What becomes of it where a figure of it is nothing; `omit` by default.");
    }
}

object! {
    /// A paragraph; left out with its last clause.
    pub struct Paragraph, PARAGRAPH_FIELDS {
        #[serde(skip_serializing_if = "Option::is_none")]
        heading: Option<String> = Field::new("heading", free_text(60), Text::new("Heading", "小标题"), "Above it.");
        #[serde(skip_serializing_if = "Option::is_none")]
        lead: Option<String> = Field::new("lead", free_text(200), Text::new("Lead", "引言"), "Before its clauses, with its full stop.");
        #[serde(skip_serializing_if = "Option::is_none")]
        numbered: Option<bool> = Field::new("numbered", Shape::Boolean, Text::new("Numbered", "编号"), "Whether its clauses begin with 一是, 二是.");
        #[serde(skip_serializing_if = "Option::is_none")]
        separate_lines: Option<bool> = Field::new("separate_lines", Shape::Boolean, Text::new("Separate lines", "分行"), "Whether each clause is a paragraph of its own.");
        clauses: Vec<Clause> = Field::new("clauses", Shape::List { of: &Shape::Object(CLAUSE_FIELDS), max: 20 }, Text::new("Clauses", "分句"), "What it says.").required();
    }
}

fields! {
    /// The fields of a template, beside the envelope's.
    pub static FIELDS;
    CODE: String = Field::new("code", Shape::Text { min: 2, max: 40, pattern: Some("[a-z][a-z0-9_-]*") }, Text::new("Code", "模板编码"), "What it is asked for by: `edu-daily`. One of the shipped codes takes the shipped one's place.").required().on_create();
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "启用日期"), "For bulletins of this day on.").required().any_day();
    TITLE: String = Field::new("title", free_text(100), Text::new("Title", "标题"), "Above the bulletin.").required();
    SERIES: String = Field::new("series", Shape::Text { min: 1, max: 40, pattern: Some("[a-z][a-z0-9_-]*") }, Text::new("Series", "刊号系列"), "Its editions are numbered by series and year.").required();
    SCOPE: BulletinScope = Field::new("scope", Shape::Word(BulletinScope::VOCABULARY), Text::new("Scope", "范围"), "Whose bulletin it makes.").required();
    STYLE: BulletinStyle = Field::new("style", Shape::Word(BulletinStyle::VOCABULARY), Text::new("Style", "数字写法"), "How numbers are said.").required();
    PARAGRAPHS: Vec<Paragraph> = Field::new("paragraphs", Shape::List { of: &Shape::Object(PARAGRAPH_FIELDS), max: 40 }, Text::new("Paragraphs", "段落"), "What it says.").required();
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document that asks for it.");
}
