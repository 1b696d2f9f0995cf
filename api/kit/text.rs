//! Texts for people, in the two languages of the service.

use std::fmt::Write as _;

/// A language in which messages and labels are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Simplified Chinese, `zh-CN`.
    Chinese,
    /// English, `en`.
    English,
}

impl Language {
    /// The language's BCP 47 tag, as `Content-Language` gives it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// Picks the best language of an `Accept-Language` header (RFC 9110, 12.5.4);
    /// `fallback` where the header is absent or names neither.
    pub fn negotiate(header: Option<&str>, fallback: Self) -> Self {
        let mut best: Option<(f32, Self)> = None;
        for item in header.unwrap_or_default().split(',').take(20) {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            let Some(language) = Self::of_tag(&tag) else { continue };
            if weight > 0.0 && best.is_none_or(|(other, _)| weight > other) {
                best = Some((weight, language));
            }
        }
        best.map_or(fallback, |(_, language)| language)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        match tag.split('-').next() {
            Some("zh") => Some(Self::Chinese),
            Some("en") => Some(Self::English),
            _ => None,
        }
    }
}

/// One text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// A text from its two forms.
    pub const fn new(en: &'static str, zh: &'static str) -> Self {
        Self { en, zh }
    }

    /// The text in one language.
    pub fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::Chinese => self.zh,
            Language::English => self.en,
        }
    }

    /// The text with `{name}` replaced by the values given.
    pub fn filled(self, language: Language, values: &[(&'static str, String)]) -> String {
        values.iter().fold(self.in_language(language).to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }
}

/// The half-width form of a letter: of full-width ASCII (U+FF01 to U+FF5E) and of the ideographic space, as NFKC does it.
pub fn half_width(letter: char) -> char {
    match letter {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

/// Characters that take no room on the screen and come along when text is copied.
pub fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// A name as it is compared: without blanks, half-width, in small letters.
pub fn folded(name: &str) -> String {
    let letters = name.chars().filter(|letter| !letter.is_whitespace() && !is_invisible(*letter));
    letters.map(half_width).filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// A name without what can't be seen in it, which makes it look like another or hides it from whoever looks for it;
/// none where there is nothing of that kind.
pub fn visible(name: &str) -> Option<String> {
    name.chars().any(is_invisible).then(|| name.chars().filter(|letter| !is_invisible(*letter)).collect())
}

/// Text within HTML: never markup.
pub fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub fn percent_encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Characters of Chinese names, the extension planes included.
pub fn is_han(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' | '〇')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_known_language_wins() {
        let pick = |header| Language::negotiate(header, Language::Chinese);
        assert_eq!(pick(None), Language::Chinese);
        assert_eq!(pick(Some("en")), Language::English);
        assert_eq!(pick(Some("zh-CN,zh;q=0.9,en;q=0.8")), Language::Chinese);
        assert_eq!(pick(Some("zh;q=0.1, en-GB;q=0.7")), Language::English);
        assert_eq!(pick(Some("fr, de;q=0.5")), Language::Chinese);
        assert_eq!(pick(Some("en;q=0")), Language::Chinese);
        assert_eq!(pick(Some("en;q=abc")), Language::English);
    }

    #[test]
    fn values_fill_their_places() {
        let text = Text::new("at most {max} characters", "最多 {max} 个字符");
        assert_eq!(text.filled(Language::Chinese, &[("max", "5".into())]), "最多 5 个字符");
    }
}
