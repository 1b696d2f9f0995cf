//! A bulletin on paper and as plain text: one file, nothing fetched from anywhere.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use kit::text::escape_html;

use super::editions::wire::EditionFigure;
use super::render::Printed;

/// A bulletin as it is printed.
pub struct Sheet<'a> {
    /// Its title.
    pub title: &'a str,
    /// `第3期`, `预览`; and what else stands below the title.
    pub subtitle: String,
    /// Its paragraphs.
    pub paragraphs: &'a [Printed],
    /// Its footnotes.
    pub figures: &'a [EditionFigure],
    /// Sentences of what was corrected.
    pub corrections: Vec<String>,
}

/// The plain text: title, paragraphs, nothing else.
pub fn text(title: &str, paragraphs: &[Printed]) -> String {
    let mut text = format!("{title}\n");
    for paragraph in paragraphs {
        for line in paragraph.heading.iter().chain([&paragraph.text]) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The page.
pub fn page(sheet: &Sheet<'_>) -> String {
    let mut body = String::new();
    for paragraph in sheet.paragraphs {
        if let Some(heading) = &paragraph.heading {
            let _ = write!(body, "<h2>{}</h2>", escape_html(heading));
        }
        body.push_str("<p>");
        for part in &paragraph.parts {
            body.push_str(&escape_html(&part.text));
            if let Some(number) = part.figure.as_deref().and_then(|key| number_of(sheet.figures, key)) {
                let _ = write!(body, "<sup><a href=\"#f{number}\" id=\"r{number}\">{number}</a></sup>");
            }
        }
        body.push_str("</p>");
    }
    let corrections = listed("更正", &sheet.corrections);
    let notes: String = sheet.figures.iter().enumerate().map(|(index, figure)| note(index + 1, figure)).collect();
    TEMPLATE
        .replace("{title}", &escape_html(sheet.title))
        .replace("{subtitle}", &escape_html(&sheet.subtitle))
        .replace("{corrections}", &corrections)
        .replace("{notes}", &notes)
        .replace("{body}", &body)
}

/// Answers a page.
pub fn answer(page: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .body(page)
}

fn number_of(figures: &[EditionFigure], key: &str) -> Option<usize> {
    figures.iter().position(|figure| figure.key == key).map(|index| index + 1)
}

fn listed(title: &str, sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let items: String = sentences.iter().map(|sentence| format!("<li>{}</li>", escape_html(sentence))).collect();
    format!("<h2>{title}</h2><ul>{items}</ul>")
}

fn note(number: usize, figure: &EditionFigure) -> String {
    let exact = figure.value.map(|value| value.to_string()).or_else(|| figure.amount.clone()).unwrap_or_default();
    let source = figure.records_url.as_deref().unwrap_or(&figure.query.figure);
    format!(
        "<li id=\"f{number}\"><a href=\"#r{number}\">{number}</a> {}:{} {} <code>{}</code></li>",
        escape_html(&figure.label),
        escape_html(&exact),
        escape_html(&figure.unit),
        escape_html(source),
    )
}

const TEMPLATE: &str = r#"<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
@page { size: A4; margin: 25mm 24mm; }
body { font-family: "FangSong", "STFangsong", "Songti SC", "SimSun", "Noto Serif CJK SC", serif; font-size: 16pt; line-height: 1.75; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff; }
h1 { font-family: "SimSun", "Songti SC", "Noto Serif CJK SC", serif; font-size: 22pt; text-align: center; line-height: 1.4; margin: 0 0 .4rem; }
.subtitle { text-align: center; font-size: 12pt; border-bottom: 2px solid #b00; padding-bottom: .6rem; margin: 0 0 1.4rem; }
h2 { font-family: "SimHei", "Heiti SC", "Noto Sans CJK SC", sans-serif; font-size: 16pt; margin: 1rem 0 0; text-indent: 2em; break-after: avoid; }
p { text-indent: 2em; margin: 0; text-align: justify; orphans: 2; widows: 2; }
sup a, .notes a { color: inherit; text-decoration: none; }
sup { font-size: 9pt; line-height: 0; }
.notes { list-style: none; padding: .8rem 0 0; margin: 2rem 0 0; border-top: 1px solid #999; font-size: 9pt; line-height: 1.5; }
.notes li { break-inside: avoid; }
code { font-family: monospace; font-size: 8pt; word-break: break-all; color: #444; }
@media print { body { margin: 0; padding: 0; max-width: none; } }
@media (max-width: 40rem) { body { font-size: 13pt; } h1 { font-size: 17pt; } }
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="subtitle">{subtitle}</p>
{body}
{corrections}
<ol class="notes">{notes}</ol>
</main>
</body>
</html>
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::bulletins::render::Part;

    #[test]
    fn what_a_district_writes_is_text_not_markup() {
        let part = Part { text: "<script>1</script>".into(), figure: None };
        let printed = Printed { heading: Some("<b>".into()), text: part.text.clone(), parts: vec![part] };
        let sheet = Sheet {
            title: "\"<i>",
            subtitle: "{notes}{body}".into(),
            paragraphs: &[printed],
            figures: &[],
            corrections: vec!["<u>".into()],
        };
        let page = page(&sheet);
        assert!(!["<script>", "<b>", "<i>", "<u>"].iter().any(|markup| page.contains(markup)), "{page}");
    }
}
