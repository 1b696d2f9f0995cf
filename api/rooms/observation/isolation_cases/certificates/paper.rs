//! The certificate on paper.

use kit::problem::Problem;
use kit::text::escape_html;
use qrcode::QrCode;
use qrcode::render::svg;

use super::ReleaseCertificate;
use super::course::Course;
use crate::records::Record;
use crate::rooms::registers::person::NAME;

/// The page: one sheet, nothing fetched from elsewhere.
pub fn page(certificate: &ReleaseCertificate<'_>, person: &Record, course: &Course) -> Result<String, Problem> {
    let square = QrCode::new(&certificate.code).map_err(Problem::internal)?;
    let square = square.render::<svg::Color<'_>>().min_dimensions(180, 180).build();
    // Cuts off the XML header, which only a file of its own needs.
    let square = square.find("<svg").and_then(|at| square.get(at..)).unwrap_or_default();
    let name = person.values.get(&NAME).ok_or_else(|| Problem::internal("a person has no name"))?;
    Ok(TEMPLATE
        .replace("{number}", &certificate.certificate_no)
        .replace("{starts_on}", &certificate.starts_on.to_string())
        .replace("{ends_on}", &certificate.ends_on.to_string())
        .replace("{released_on}", &certificate.released_on.to_string())
        .replace("{code}", &escape_html(&certificate.code))
        .replace("{square}", square)
        .replace("{course}", &escape_html(&course.sentence()))
        .replace("{issued_by}", &escape_html(certificate.issued_by.unwrap_or_default()))
        .replace("{name}", &escape_html(name)))
}

const TEMPLATE: &str = r#"<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>解除医学观察证明 {number}</title>
<style>
@page { size: A5 landscape; margin: 12mm; }
body { font-family: "Songti SC", "SimSun", "Noto Serif CJK SC", serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; color: #111; }
main { border: 2px solid #111; padding: 1.5rem 2rem; }
h1 { text-align: center; letter-spacing: .2em; font-size: 1.6rem; margin: 0 0 .2rem; }
h2 { text-align: center; font-weight: normal; font-size: .9rem; margin: 0 0 1.2rem; color: #444; }
p { line-height: 2; text-indent: 2em; }
footer { display: flex; gap: 1.5rem; align-items: flex-end; justify-content: space-between; }
footer svg { width: 9rem; height: 9rem; }
code { display: block; font-size: .55rem; word-break: break-all; color: #444; max-width: 20rem; }
.seal { text-align: right; line-height: 2; }
</style>
</head>
<body>
<main>
<h1>解除医学观察证明</h1>
<h2>Certificate of release from home medical observation · No. {number}</h2>
<p>兹证明 <strong>{name}</strong> 自 {starts_on} 起至 {ends_on} 止接受居家医学观察,{course},于 <strong>{released_on}</strong> 解除观察。</p>
<footer>
<div>{square}<code>{code}</code></div>
<div class="seal">签发单位(盖章):{issued_by}<br>{released_on}</div>
</footer>
</main>
</body>
</html>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_not_markup() {
        assert_eq!(escape_html("<b>'张\"&"), "&lt;b&gt;&#39;张&quot;&amp;");
    }
}
