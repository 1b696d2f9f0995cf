//! The sheet of new accounts on paper: A4, a strip an account to cut out, nothing fetched from elsewhere.

use kit::text::{Language, escape_html};

use super::super::language::say;

/// Content of a strip.
pub struct Strip {
    /// The holder.
    pub display_name: String,
    /// Name for signing in.
    pub username: String,
    /// Password for the first time.
    pub one_time_password: String,
}

/// The page.
pub fn page(strips: &[Strip], address: &str, language: Language) -> String {
    let told = |english, chinese| say(language, english, chinese);
    let (name, password) = (told("User name", "用户名"), told("One-time password", "初始密码"));
    let advice = told(
        "Change it at first sign-in. Tell it nobody; then destroy this strip.",
        "首次登录须修改。请勿告知他人,登录后销毁本条。",
    );
    let address = escape_html(address);
    let strip = |strip: &Strip| {
        let [holder, username, secret] =
            [&strip.display_name, &strip.username, &strip.one_time_password].map(|text| escape_html(text));
        format!(
            "<section><h2>{holder}</h2><dl><dt>{name}</dt><dd>{username}</dd><dt>{password}</dt><dd>{secret}</dd></dl><p>{address}</p><p>{advice}</p></section>\n"
        )
    };
    let strips: String = strips.iter().map(strip).collect();
    TEMPLATE
        .replace("{lang}", told("en", "zh-CN"))
        .replace("{title}", told("New accounts", "新账号"))
        .replace("{strips}", &strips)
}

const TEMPLATE: &str = r#"<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
@page { size: A4; margin: 12mm; }
body { font-family: "Songti SC", "SimSun", "Noto Serif CJK SC", serif; max-width: 48rem; margin: 0 auto; color: #111; }
section { border-bottom: 1px dashed #111; padding: 3mm 2mm; min-height: 26mm; box-sizing: border-box; break-inside: avoid; }
h2 { font-size: 1.1rem; margin: 0 0 1mm; }
dl { display: grid; grid-template-columns: 9rem 1fr; margin: 0; }
dt, dd { margin: 0; line-height: 1.5; }
dd { font-family: "DejaVu Sans Mono", "Consolas", monospace; font-size: 1.15rem; }
p { margin: 1mm 0 0; font-size: .85rem; }
</style>
</head>
<body>
{strips}</body>
</html>
"#;
