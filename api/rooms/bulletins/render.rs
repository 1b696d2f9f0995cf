//! Text of a bulletin from its template and what was counted: clauses whose records are missing leave themselves out, each
//! number keeps its figure.

use kit::field::{Field, Shape, free_text};
use kit::object;
use kit::text::Text;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::editions::wire::EditionFigure;
use super::said::{said_count, said_exact, said_measured};
use super::templates::wire::{BulletinStyle, Clause, ClauseFigure, FigureMeasure, Paragraph, TemplateQuery, WhenZero};
use super::text::{Piece, pieces};
use crate::statistics::said_share;

/// Amount of a figure, by what kind of number it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// People, households, times.
    Count(i64),
    /// Square metres, kilograms, kilometres, minutes.
    Measured(Decimal),
    /// Goods by the piece or the tonne, money: never rounded.
    Exact(Decimal),
    /// A share of all.
    Share(Decimal),
    /// Nobody may know, or nothing computes it.
    Unknown,
}

impl Amount {
    fn is_nothing(&self) -> bool {
        match self {
            Self::Count(count) => *count == 0,
            Self::Measured(amount) | Self::Exact(amount) | Self::Share(amount) => amount.is_zero(),
            Self::Unknown => true,
        }
    }

    fn said(&self, style: BulletinStyle) -> String {
        match (self, style) {
            (Self::Count(count), BulletinStyle::Seed) => said_count(*count),
            (Self::Count(count), BulletinStyle::Exact) => count.to_string(),
            (Self::Measured(amount), BulletinStyle::Seed) => said_measured(*amount),
            (Self::Share(amount), BulletinStyle::Seed) => said_share(*amount),
            (Self::Measured(amount) | Self::Exact(amount) | Self::Share(amount), _) => said_exact(*amount),
            (Self::Unknown, _) => String::new(),
        }
    }
}

/// Result of a query, as a clause says it.
#[derive(Clone, Debug)]
pub struct Told {
    /// How much.
    pub amount: Amount,
    /// Names of what is counted, where the figure has such.
    pub names: Vec<String>,
}

object! {
    /// A piece of a paragraph: words, or what a figure says.
    #[derive(PartialEq, Eq)]
    pub struct Part, PART_FIELDS {
        text: String = Field::new("text", free_text(500), Text::new("Text", "文字"), "What it says.").required();
        #[serde(skip_serializing_if = "Option::is_none")]
        figure: Option<String> = Field::new("figure", free_text(40), Text::new("Figure", "指标"), "The key of the figure that it says.");
    }
}

object! {
    /// A paragraph as it is printed.
    #[derive(PartialEq, Eq)]
    pub struct Printed, PRINTED_FIELDS {
        #[serde(skip_serializing_if = "Option::is_none")]
        heading: Option<String> = Field::new("heading", free_text(60), Text::new("Heading", "小标题"), "Above it.");
        text: String = Field::new("text", free_text(20_000), Text::new("Text", "文字"), "All it says.").required();
        parts: Vec<Part> = Field::new("parts", Shape::List { of: &Shape::Object(PART_FIELDS), max: 500 }, Text::new("Parts", "片段"), "The same in pieces, each figure by itself.").required();
    }
}

/// Words that a bulletin fills itself, and how numbers are said.
#[derive(Clone, Debug)]
pub struct Setting {
    /// `2020年2月2日`.
    pub as_of_on: String,
    /// The unit's name.
    pub unit: String,
    /// The area's name.
    pub area: String,
    /// How numbers are said.
    pub style: BulletinStyle,
}

impl Setting {
    fn word(&self, key: &str) -> Option<&str> {
        match key {
            "as_of_on" => Some(&self.as_of_on),
            "unit" => Some(&self.unit),
            "area" => Some(&self.area),
            _ => None,
        }
    }

    /// A text that has no figures.
    pub fn filled(&self, text: &str) -> String {
        let piece = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Key(key) => self.word(key).unwrap_or_default(),
        };
        pieces(text).into_iter().map(piece).collect()
    }
}

/// A figure that was said, by its clause.
#[derive(Clone, Debug)]
pub struct SaidFigure {
    /// Its key, query and style.
    pub figure: ClauseFigure,
    /// Words for it.
    pub said: String,
}

/// A clause that left itself out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// Its text.
    #[schema(max_length = 500)]
    text: String,
    /// The figure for want of which.
    #[schema(max_length = 100)]
    figure: String,
    /// Whether that is nothing; else the caller may not know it, or nothing computes it.
    is_nothing: bool,
}

/// A bulletin's text.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// As it is printed.
    pub paragraphs: Vec<Printed>,
    /// Its figures, in the order in which they are said.
    pub figures: Vec<SaidFigure>,
    /// Clauses that say nothing.
    pub left_out: Vec<LeftOut>,
}

/// Renders paragraphs; `told` answers their queries.
pub fn render(paragraphs: &[Paragraph], setting: &Setting, told: &dyn Fn(&TemplateQuery) -> Option<Told>) -> Rendered {
    let mut rendered = Rendered::default();
    for paragraph in paragraphs {
        let mut clauses: Vec<Vec<Part>> = Vec::new();
        for clause in &paragraph.clauses {
            match said_clause(clause, setting, told, &mut rendered.figures) {
                Ok(parts) => clauses.push(parts),
                Err(left_out) => rendered.left_out.push(left_out),
            }
        }
        if clauses.is_empty() {
            continue;
        }
        let mut lines: Vec<Vec<Part>> = paragraph.lead.iter().map(|lead| vec![plain(setting.filled(lead))]).collect();
        let numbered = paragraph.numbered == Some(true);
        let count = clauses.len();
        let apart = paragraph.separate_lines == Some(true);
        for (index, mut clause) in clauses.into_iter().enumerate() {
            if numbered {
                clause.insert(0, plain(format!("{}是", ordinal(index + 1))));
            }
            let is_last = index + 1 == count;
            clause.push(plain(if apart || is_last { "。" } else { "；" }.to_owned()));
            match lines.last_mut() {
                Some(line) if !apart => line.extend(clause),
                _ => lines.push(clause),
            }
        }
        let heading = paragraph.heading.as_ref().map(|heading| setting.filled(heading));
        rendered.paragraphs.extend(lines.into_iter().enumerate().map(|(index, parts)| {
            let heading = heading.clone().filter(|_| index == 0);
            let parts = joined(parts);
            Printed { heading, text: parts.iter().map(|part| part.text.as_str()).collect(), parts }
        }));
    }
    rendered
}

fn plain(text: String) -> Part {
    Part { text, figure: None }
}

/// Words that follow each other are one piece.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match joined.last_mut() {
            Some(last) if last.figure.is_none() && part.figure.is_none() => last.text.push_str(&part.text),
            _ => joined.push(part),
        }
    }
    joined
}

/// The pieces of a clause, or why it leaves itself out.
fn said_clause(
    clause: &Clause,
    setting: &Setting,
    told: &dyn Fn(&TemplateQuery) -> Option<Told>,
    figures: &mut Vec<SaidFigure>,
) -> Result<Vec<Part>, LeftOut> {
    let for_want_of = |query: &TemplateQuery| {
        let is_nothing = told(query).is_some_and(|told| told.amount != Amount::Unknown);
        LeftOut { text: clause.text.clone(), figure: query.figure.clone(), is_nothing }
    };
    let is_missing = |query: &&TemplateQuery| told(query).is_none_or(|told| told.amount.is_nothing());
    if let Some(missing) = clause.needs.iter().flatten().find(is_missing) {
        return Err(for_want_of(missing));
    }
    let mut own = Vec::new();
    for figure in clause.figures.iter().flatten() {
        let said =
            said_figure(figure, clause, setting, told(&figure.query)).ok_or_else(|| for_want_of(&figure.query))?;
        own.push(SaidFigure { figure: figure.clone(), said });
    }
    let piece = |piece: Piece<'_>| match piece {
        Piece::Text(text) => plain(text.to_owned()),
        Piece::Key(key) => match own.iter().find(|said| said.figure.key == key) {
            Some(said) => Part { text: said.said.clone(), figure: Some(key.to_owned()) },
            None => plain(setting.word(key).unwrap_or_default().to_owned()),
        },
    };
    let parts = pieces(&clause.text).into_iter().map(piece).collect();
    figures.extend(own);
    Ok(parts)
}

/// Words that an edition would have for one of its figures now.
pub fn said_again(was: &EditionFigure, told: &Told, style: BulletinStyle) -> String {
    if was.measure == Some(FigureMeasure::Names) {
        told.names.join("、")
    } else {
        told.amount.said(was.style.unwrap_or(style))
    }
}

/// Words for a figure; none where its clause leaves itself out.
fn said_figure(figure: &ClauseFigure, clause: &Clause, setting: &Setting, told: Option<Told>) -> Option<String> {
    let told = told.filter(|told| told.amount != Amount::Unknown)?;
    let is_names = figure.measure == Some(FigureMeasure::Names);
    if if is_names { told.names.is_empty() } else { told.amount.is_nothing() } {
        return match clause.when_zero {
            None | Some(WhenZero::Omit) => None,
            Some(WhenZero::Say) => Some(if is_names { String::new() } else { "0".to_owned() }),
            Some(WhenZero::SayNone) => Some("无".to_owned()),
        };
    }
    Some(if is_names { told.names.join("、") } else { told.amount.said(figure.style.unwrap_or(setting.style)) })
}

/// 一, 二, … 二十.
fn ordinal(number: usize) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |number: usize| DIGITS.get(number).copied().unwrap_or_default();
    match number {
        0..10 => digit(number).to_owned(),
        10..20 => format!("十{}", digit(number - 10)),
        _ => format!("{}十{}", digit(number / 10), digit(number % 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::bulletins::templates::find::SHIPPED;

    fn setting() -> Setting {
        Setting {
            as_of_on: "2020年2月2日".into(),
            unit: "雨城区教育局".into(),
            area: "大兴街道".into(),
            style: BulletinStyle::Seed,
        }
    }

    fn text_of(code: &str, told: &dyn Fn(&str) -> Option<Told>) -> Vec<String> {
        let template = SHIPPED.iter().find(|template| template.code == code).expect("a shipped template");
        let rendered = render(&template.paragraphs, &setting(), &|query| told(&query.figure));
        for printed in &rendered.paragraphs {
            assert_eq!(printed.text, printed.parts.iter().map(|part| part.text.as_str()).collect::<String>());
        }
        rendered.paragraphs.into_iter().map(|printed| printed.text).collect()
    }

    fn count(count: i64) -> Option<Told> {
        Some(Told { amount: Amount::Count(count), names: Vec::new() })
    }

    fn amount(amount: Amount) -> Option<Told> {
        Some(Told { amount, names: Vec::new() })
    }

    #[test]
    fn the_education_bureau_s_sentence_is_that_of_the_source() {
        let text = text_of("edu-daily", &|figure| match figure {
            "units.staff" => count(54),
            "units.compounds" => count(18),
            "survey_visits.households_surveyed" => count(596),
            "screenings.screened" => count(106),
            "disinfections.disinfected_area_m2" => amount(Amount::Measured("20160.00".parse().expect("a decimal"))),
            _ => None,
        });
        assert_eq!(
            text,
            [
                "截止2020年2月2日，各学校派出50余名工作人员分赴18个家属大院开展战“疫”工作，入户摸排近600户，登记出入家属大院人员100余人次，家属大院累计消杀总面积约20000平方米。"
            ]
        );
    }

    #[test]
    fn a_clause_without_records_leaves_itself_out_and_the_numbers_close_up() {
        let told = |screened: i64| {
            move |figure: &str| match figure {
                "screenings.screened" => count(screened),
                "stock.agri_fertilizer" => amount(Amount::Exact("430.000".parse().expect("a decimal"))),
                "stock.agri_pesticide" => amount(Amount::Exact("2700".parse().expect("a decimal"))),
                "need_requests.need_requests" | "deliveries.deliveries" => count(3),
                "units.delivery_partners" => Some(Told {
                    amount: Amount::Count(1),
                    names: vec!["田舍益家城市消费合作社(参股企业)".into()],
                }),
                _ => None,
            }
        };
        let whole = "雨城区供销社动员全体干部职工，结合工作实际，积极开展疫情防控工作。一是加强人员流动情况监控，防止疫情扩散；二是做好春耕备耕农资商品准备，确保春耕生产需要，目前已储备肥料430吨，农药2700件；三是积极沟通社区在疫情防控期间居民生活用品的需求，会同田舍益家城市消费合作社(参股企业)在社区开展蔬菜、副食上门服务。";
        assert_eq!(text_of("coop-daily", &told(1)), [whole]);
        let without = text_of("coop-daily", &told(0)).concat();
        assert!(without.contains("工作。一是做好春耕") && without.contains("；二是积极沟通"), "{without}");
    }

    #[test]
    fn a_bulletin_of_nothing_says_nothing() {
        for template in SHIPPED.iter() {
            let rendered = render(&template.paragraphs, &setting(), &|_| count(0));
            let said: Vec<&str> = rendered.paragraphs.iter().map(|printed| printed.text.as_str()).collect();
            // The district's says that nobody passed and nobody is observed.
            assert!(said.len() <= 2, "{}: {said:?}", template.code);
        }
    }

    #[test]
    fn numbers_of_clauses_are_said() {
        let said: Vec<String> = [1, 9, 10, 11, 19, 20].into_iter().map(ordinal).collect();
        assert_eq!(said, ["一", "九", "十", "十一", "十九", "二十"]);
    }
}
