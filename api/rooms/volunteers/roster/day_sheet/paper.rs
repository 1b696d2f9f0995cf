//! The sheet on paper: one page, nothing fetched from elsewhere.

use chrono::{DateTime, Utc};
use kit::text::escape_html;
use kit::typed::TypedField;

use super::{NAME, Sheet, missing};
use crate::rooms::volunteers::shifts::{ENDS_AT, Need, STARTS_AT, TITLE};

/// The page, with room to sign.
pub fn page(sheet: &Sheet, zone: chrono_tz::Tz) -> String {
    let mut rows = String::new();
    for (shift, lines) in &sheet.shifts {
        let at = |field: &TypedField<DateTime<Utc>>| {
            shift.values.get(field).map(|at| at.with_timezone(&zone).format("%H:%M").to_string()).unwrap_or_default()
        };
        let time = format!("{}–{}", at(&STARTS_AT), at(&ENDS_AT));
        let title = escape_html(shift.values.get(&TITLE).unwrap_or_default());
        for line in lines {
            rows.push_str(&format!(
                "<tr><td>{time} {title}</td><td>{}</td><td>{}</td><td></td><td></td></tr>",
                line.role.zh(),
                escape_html(&line.name)
            ));
        }
        for Need { role, count } in missing(shift, lines) {
            rows.push_str(&format!(
                "<tr class=\"gap\"><td>{time} {title}</td><td>{}</td><td>缺 {count} 人</td><td></td><td></td></tr>",
                role.zh()
            ));
        }
    }
    let name = escape_html(sheet.place.values.get(&NAME).unwrap_or_default());
    TEMPLATE.replace("{place}", &name).replace("{on}", &sheet.on.to_string()).replace("{rows}", &rows)
}

const TEMPLATE: &str = r#"<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{place} 值守表 {on}</title>
<style>
@page { size: A4; margin: 14mm; }
body { font-family: "Songti SC", "SimSun", "Noto Serif CJK SC", serif; max-width: 48rem; margin: 1rem auto; padding: 0 1rem; color: #111; }
h1 { text-align: center; font-size: 1.4rem; margin: 0 0 .8rem; }
table { width: 100%; border-collapse: collapse; }
th, td { border: 1px solid #111; padding: .45rem .5rem; text-align: left; height: 1.6rem; }
.gap td { color: #a00; }
footer { margin-top: 1rem; line-height: 2.2; }
</style>
</head>
<body>
<h1>{place} 值守表 · {on}</h1>
<table>
<thead><tr><th>班次</th><th>岗位</th><th>姓名</th><th>签到</th><th>签退</th></tr></thead>
<tbody>{rows}</tbody>
</table>
<footer>交接事项:____________________________________________________________</footer>
</body>
</html>
"#;
