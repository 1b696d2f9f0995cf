//! Cells as people write them: full-width digits, units, words by their labels.

use chrono_tz::Tz;
use kit::field::{Field, Shape};
use kit::tree::Tree;
use kit::vocabulary::Vocabulary;
use rust_decimal::Decimal;

use super::days::{day, instant};
use super::guard::{is_unseen, unguarded};

/// The member of a body that a cell means. What can't be read stays text, for the check to say why.
pub fn member(shape: &Shape, text: &str, zone: Tz) -> Tree {
    let text = visible(text);
    let text = unguarded(&text);
    let or_text = |read: Option<Tree>| read.unwrap_or_else(|| Tree::Text(text.to_owned()));
    match shape {
        Shape::Decimal { .. } => or_text(number(text).map(Tree::Text)),
        Shape::Integer { .. } | Shape::Number { .. } => {
            or_text(number(text).and_then(|number| number.parse().ok()).map(Tree::Number))
        }
        Shape::Boolean => or_text(boolean(text).map(Tree::Boolean)),
        Shape::Day => or_text(day(text).map(|day| Tree::Text(day.to_string()))),
        Shape::Instant => or_text(instant(text, zone).map(|instant| Tree::Text(instant.to_rfc3339()))),
        Shape::Word(vocabulary) => Tree::Text(word(vocabulary, text)),
        Shape::List { of, .. } => list(of, text, zone),
        Shape::Object(_) | Shape::Inline(..) => or_text(json(text)),
        _ => Tree::Text(text.to_owned()),
    }
}

/// Without what takes no room on the screen, at the ends without white space.
pub(super) fn visible(text: &str) -> String {
    let letters = text.chars().filter(|letter| !is_unseen(*letter));
    letters.collect::<String>().trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{a0}').to_owned()
}

/// Half-width forms of digits, letters and marks.
pub(super) fn half_width(text: &str) -> String {
    text.chars().map(kit::text::half_width).collect()
}

/// `３６．５℃`, `1,234.50`, `20 元` → the plain number. Exponents have lost digits and are none, and a comma that
/// parts no thousands may be meant for a point (`3,5`): ten times too much must not be read without a word.
fn number(text: &str) -> Option<String> {
    let text = half_width(text);
    let units = ["℃", "°C", "度", "㎡", "平方米", "人次", "人", "份", "户", "元", "分钟"];
    let bare = units.iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(&text).trim();
    let bare = without_thousands(bare)?;
    let (sign, digits) = bare.strip_prefix('-').map_or(("", bare.as_str()), |rest| ("-", rest));
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let plain = !digits.is_empty()
        && digits.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
        && digits.matches('.').count() <= 1
        && !digits.starts_with('.')
        && !digits.ends_with('.');
    if !plain {
        return None;
    }
    let whole = digits.trim_start_matches('0');
    let whole = if whole.is_empty() || whole.starts_with('.') { format!("0{whole}") } else { whole.to_owned() };
    Some(format!("{sign}{whole}"))
}

/// Without what parts thousands: commas or spaces before three digits each.
fn without_thousands(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.split([',', ' ']);
    let first = groups.next()?;
    let others: Vec<&str> = groups.collect();
    let parted = first.trim_start_matches(['-', '+']).len() <= 3 && others.iter().all(|group| group.len() == 3);
    let joined = (others.is_empty() || parted).then(|| format!("{first}{}", others.concat()))?;
    Some(fraction.map_or_else(|| joined.clone(), |fraction| format!("{joined}.{fraction}")))
}

fn boolean(text: &str) -> Option<bool> {
    match half_width(text).to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "是" | "有" | "对" | "√" | "已" => Some(true),
        "false" | "no" | "n" | "0" | "否" | "无" | "没有" | "错" | "×" | "未" => Some(false),
        _ => None,
    }
}

fn word(vocabulary: &Vocabulary, text: &str) -> String {
    let folded = half_width(text).to_lowercase();
    let means = |word: &&kit::vocabulary::Word| {
        word.code == folded
            || word.label.zh == text
            || half_width(word.label.zh) == folded
            || word.label.en.to_lowercase() == folded
    };
    vocabulary.words.iter().find(means).map_or_else(|| text.to_owned(), |word| word.code.to_owned())
}

fn list(of: &Shape, text: &str, zone: Tz) -> Tree {
    if let Some(tree @ Tree::List(_)) = json(text) {
        return tree;
    }
    let parts = text.split([';', '；', '、', '|', '\n']).map(str::trim).filter(|part| !part.is_empty());
    Tree::List(parts.map(|part| member(of, part, zone)).collect())
}

/// JSON in a cell, as strict as a body.
fn json(text: &str) -> Option<Tree> {
    Tree::parse(text.as_bytes()).ok().filter(|tree| matches!(tree, Tree::List(_) | Tree::Object(_)))
}

/// Nothing where the cell is empty.
pub fn of_field(field: &Field, text: &str, zone: Tz) -> Option<Tree> {
    let of_rate = || field.name.ends_with("_rate").then(|| percentage(text)).flatten().map(Tree::Text);
    (!visible(text).is_empty()).then(|| of_rate().unwrap_or_else(|| member(&field.shape, text, zone)))
}

/// `15%` is 0.15 where a rate is meant; anywhere else nobody knows what it is, and it stays text.
fn percentage(text: &str) -> Option<String> {
    let text = half_width(&visible(text));
    let hundredfold: Decimal = number(unguarded(&text).strip_suffix('%')?)?.parse().ok()?;
    Some((hundredfold / Decimal::ONE_HUNDRED).normalize().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, plain) in [
            ("36.5", "36.5"),
            ("３６．５", "36.5"),
            ("36.5℃", "36.5"),
            ("36.5 °C", "36.5"),
            ("1,234.50", "1234.50"),
            ("007", "7"),
            ("0.5", "0.5"),
            ("-3", "-3"),
            ("20人次", "20"),
            ("00", "0"),
            ("1 234 567", "1234567"),
            ("-1,234", "-1234"),
        ] {
            assert_eq!(number(text).as_deref(), Some(plain), "{text}");
        }
        let doubtful = ["3,5", "36,5℃", "1,2345", "1234,567", "3 5", ",5", "5,", "1,,234", "1.5,000"];
        for text in ["", "36。5", "5.11802E+17", "1.2.3", ".5", "5.", "abc", "--1"].into_iter().chain(doubtful) {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn percentages() {
        let decimal = Shape::Decimal { scale: 4, min: "-1", max: "100" };
        let label = kit::text::Text::new("", "");
        let of = |name, text| match of_field(&Field::new(name, decimal, label, ""), text, chrono_tz::UTC) {
            Some(Tree::Text(text)) => text,
            _ => String::new(),
        };
        for (text, rate) in
            [("15%", "0.15"), ("１５．５ ％", "0.155"), ("-3%", "-0.03"), ("0.15", "0.15"), ("100%", "1")]
        {
            assert_eq!(of("markup_rate", text), rate, "{text}");
        }
        assert_eq!(of("quantity", "15%"), "15%", "for the check to refuse");
        assert_eq!(of("markup_rate", "x%"), "x%");
    }

    #[test]
    fn words_lists_and_yes() {
        let of = |shape: &Shape, text: &str| kit::tree::to_json(&member(shape, text, chrono_tz::UTC));
        let direction = crate::server::routes::KINDS.iter().find(|kind| kind.name == "screenings").unwrap();
        let field = |name: &str| direction.fields.iter().find(|field| field.name == name).unwrap().shape;
        assert_eq!(of(&field("direction"), "进"), "in");
        assert_eq!(of(&field("direction"), " IN "), "in");
        assert_eq!(of(&field("symptoms"), "发热；咳嗽"), serde_json::json!(["fever", "cough"]));
        assert_eq!(of(&field("mask"), "是"), true);
        assert_eq!(of(&field("temperature_c"), "'36.5"), "36.5");
    }
}
