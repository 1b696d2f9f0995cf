//! The one language in which a command speaks, the server's words included.

use kit::text::{Language, Text};

/// The language asked for, else that of the environment as POSIX has it: LC_ALL, LC_MESSAGES, LANG.
pub fn spoken(asked: Option<&str>) -> Language {
    let of_environment = || {
        let set = |name: &&str| std::env::var(name).is_ok_and(|text| !text.is_empty());
        ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find(|name| set(name)).and_then(|name| std::env::var(name).ok())
    };
    match asked.map(str::to_owned).or_else(of_environment) {
        Some(text) if text.starts_with("zh") => Language::Chinese,
        _ => Language::English,
    }
}

/// A sentence in a language.
pub fn say(language: Language, english: &'static str, chinese: &'static str) -> &'static str {
    Text::new(english, chinese).in_language(language)
}
