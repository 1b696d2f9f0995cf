//! Cells as people write them: full-width digits, units, words by their labels.

use kit::catalogue::FaultCode;
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::text::is_han;
use kit::tree::Tree;
use kit::vocabulary::Vocabulary;
use rust_decimal::Decimal;

use super::days::{Assumed, Hints, day_by, instant_by, is_lunar};
use super::guard::{is_unseen, unguarded};
use super::synonyms::of_word;
use crate::exchange::codes::LUNAR_DAY;
use crate::records::Warning;

/// A day without its year.
pub static YEAR_ASSUMED: Warning = Warning {
    code: "year_assumed",
    message: Text::new(
        "the year isn't written; the file's or the nearest past was taken",
        "未写年份,已按文件年份或最近的过去日期登记",
    ),
};
/// A day where a time was asked for.
pub static TIME_ASSUMED: Warning = Warning {
    code: "time_assumed",
    message: Text::new("only a day is written; noon was taken", "只写了日期,时间按中午12时登记"),
};
/// A time behind a day, where only the day is asked for.
pub static TIME_DROPPED: Warning = Warning {
    code: "time_dropped",
    message: Text::new("only the day was taken, not the time behind it", "只登记日期,未登记其后的时间"),
};
/// Something in brackets behind a name.
pub static NAME_CUT: Warning = Warning {
    code: "name_cut",
    message: Text::new("what stands in brackets behind the name is kept in the note", "姓名后括号中的内容已移入备注"),
};

/// A cell, as it was read.
#[derive(Default)]
pub struct Reading {
    /// The member of the body; none where there is nothing.
    pub tree: Option<Tree>,
    /// Warning of what was put in or left out.
    pub warning: Option<&'static Warning>,
    /// Rest of the cell that has no place in the field.
    pub rest: Option<String>,
    /// Why it can't be read, where more is known than its form.
    pub fault: Option<FaultCode>,
}

/// The member of a body that a cell means. What can't be read stays text, for the check to say why.
pub fn member(shape: &Shape, text: &str, hints: &Hints) -> Tree {
    let text = visible(text);
    let text = unguarded(&text);
    let or_text = |read: Option<Tree>| read.unwrap_or_else(|| Tree::Text(text.to_owned()));
    match shape {
        Shape::Decimal { .. } => or_text(number(text).map(Tree::Text)),
        Shape::Integer { .. } | Shape::Number { .. } => {
            or_text(number(text).and_then(|number| number.parse().ok()).map(Tree::Number))
        }
        Shape::Boolean => or_text(boolean(text).map(Tree::Boolean)),
        Shape::Day => or_text(day_by(text, hints).map(|(day, _)| Tree::Text(day.to_string()))),
        Shape::Instant => or_text(instant_by(text, hints).map(|(instant, _)| Tree::Text(instant.to_rfc3339()))),
        Shape::Word(vocabulary) => Tree::Text(word(vocabulary, text)),
        Shape::List { of, .. } => list(of, text, hints),
        Shape::Object(_) | Shape::Inline(..) => or_text(json(text)),
        _ => Tree::Text(text.to_owned()),
    }
}

/// Without what takes no room on the screen, at the ends without white space.
pub fn visible(text: &str) -> String {
    let letters = text.chars().filter(|letter| !is_unseen(*letter));
    letters.collect::<String>().trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{a0}').to_owned()
}

/// Half-width forms of digits, letters and marks.
pub fn half_width(text: &str) -> String {
    text.chars().map(kit::text::half_width).collect()
}

/// `３６．５℃`, `1,234.50`, `20 元` → the plain number. Exponents have lost digits and are none, and a comma that
/// parts no thousands may be meant for a point (`3,5`): ten times too much must not be read without a word.
fn number(text: &str) -> Option<String> {
    let text = half_width(text);
    let units = [
        "℃",
        "°C",
        "度",
        "㎡",
        "m²",
        "m2",
        "平方米",
        "平方",
        "人次",
        "人",
        "份",
        "户",
        "元",
        "分钟",
        "mg/L",
        "mg/l",
        "毫克/升",
        "ppm",
    ];
    // 36度6 is said of temperatures.
    let degrees = text.split_once('度').filter(|(whole, tenths)| {
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        is_digits(whole) && is_digits(tenths)
    });
    let text = degrees.map_or_else(|| text.clone(), |(whole, tenths)| format!("{whole}.{tenths}"));
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
        "true" | "yes" | "y" | "1" | "是" | "有" | "对" | "√" | "✓" | "✔" | "☑" | "已" | "戴" | "已戴" | "戴了"
        | "佩戴" | "已佩戴" | "参加" | "合格" => Some(true),
        "false" | "no" | "n" | "0" | "否" | "无" | "没有" | "没" | "错" | "×" | "✗" | "✘" | "╳" | "x" | "未"
        | "不是" | "未戴" | "没戴" | "不戴" | "未佩戴" | "不合格" => Some(false),
        _ => None,
    }
}

/// The code of a word; the text where it is none of them.
fn word(vocabulary: &Vocabulary, text: &str) -> String {
    known_word(vocabulary, text).unwrap_or_else(|| text.to_owned())
}

fn known_word(vocabulary: &Vocabulary, text: &str) -> Option<String> {
    let folded = half_width(text).to_lowercase();
    let bare: String = folded.chars().filter(|letter| !letter.is_whitespace()).collect();
    let says = |word: &&kit::vocabulary::Word| {
        word.code == folded
            || word.label.zh == text
            || half_width(word.label.zh).to_lowercase() == folded
            || word.label.en.to_lowercase() == folded
    };
    let means = |word: &&kit::vocabulary::Word| {
        of_word(vocabulary.name, word.code).any(|also| also == bare || half_width(also) == bare)
    };
    // A word's own label goes before what people write for another one.
    let all = || vocabulary.words.iter();
    all().find(says).or_else(|| all().find(means)).map(|word| word.code.to_owned())
}

fn list(of: &Shape, text: &str, hints: &Hints) -> Tree {
    if let Some(tree @ Tree::List(_)) = json(text) {
        return tree;
    }
    let parted = |text: &'_ str, by: &[char]| -> Vec<String> {
        text.split(by).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let all = |text: &str| parted(text, &BETWEEN);
    let parts: Vec<String> = match of {
        // A word may have a comma in it: it is looked for whole first.
        Shape::Word(vocabulary) => parted(text, &[';', '；', '\n'])
            .into_iter()
            .flat_map(|part| if known_word(vocabulary, &part).is_some() { vec![part] } else { all(&part) })
            .flat_map(|part| words(vocabulary, &part).into_iter().map(str::to_owned).collect::<Vec<_>>())
            .collect(),
        _ => all(text),
    };
    Tree::List(parts.iter().map(|part| member(of, part, hints)).collect())
}

/// The words of a vocabulary that a cell lists, by their codes; texts where they are none.
pub fn words_in(vocabulary: &Vocabulary, text: &str) -> Vec<String> {
    let parts = text.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty());
    parts.flat_map(|part| words(vocabulary, part)).map(|part| word(vocabulary, part)).collect()
}

/// Signs that part the items of a list.
const BETWEEN: [char; 6] = [';', '；', '、', '|', '\n', '，'];

/// Words that only a comma or a blank parts, where the whole is none and some of them are.
fn words<'a>(vocabulary: &Vocabulary, text: &'a str) -> Vec<&'a str> {
    let soft = |letter: char| matches!(letter, ',' | '+' | '/' | '和' | '及') || letter.is_whitespace();
    let parts: Vec<&str> = text.split(soft).filter(|part| !part.is_empty()).collect();
    let is_known = |part: &&str| known_word(vocabulary, part).is_some();
    if is_known(&text) || !parts.iter().any(is_known) { vec![text] } else { parts }
}

/// JSON in a cell, as strict as a body.
fn json(text: &str) -> Option<Tree> {
    Tree::parse(text.as_bytes()).ok().filter(|tree| matches!(tree, Tree::List(_) | Tree::Object(_)))
}

/// Marks by which people say that there is nothing.
const NOTHING: [&str; 9] = ["/", "//", "\\", "-", "--", "—", "——", "–", "*"];
/// Words by which they say it where no word of the field is meant.
const NO_WORD: [&str; 6] = ["无", "不详", "未知", "暂无", "没有", "空"];

/// Whether a text is but a mark that there is nothing.
pub fn is_mark(text: &str) -> bool {
    let text = visible(text);
    NOTHING.contains(&text.as_str()) || NO_WORD.contains(&text.as_str())
}

/// Whether a cell says that there is nothing. Free text says what it says.
fn is_nothing(field: &Field, text: &str) -> bool {
    if matches!(field.shape, Shape::Text { .. } | Shape::Secret { .. } | Shape::List { of: Shape::Text { .. }, .. }) {
        return false;
    }
    if NOTHING.contains(&text) {
        return true;
    }
    // Said of a yes or no, or among words, it may be an answer; of what must be there, it is a fault.
    let may_say_it = match &field.shape {
        Shape::Boolean => false,
        Shape::Word(vocabulary) | Shape::List { of: Shape::Word(vocabulary), .. } => {
            known_word(vocabulary, text).is_none()
        }
        _ => true,
    };
    may_say_it && !field.required && NO_WORD.contains(&text)
}

/// Whether a cell says what the one above it says.
pub fn is_ditto(text: &str) -> bool {
    matches!(visible(text).as_str(), "同上" | "〃" | "″" | "\"" | "''" | "同前" | "ditto")
}

/// Reads a cell of a field; nothing where it is empty.
pub fn of_field(field: &Field, text: &str, hints: &Hints) -> Reading {
    let shown = visible(text);
    if shown.is_empty() || (!hints.ours && is_nothing(field, &shown)) {
        return Reading::default();
    }
    if field.name.ends_with("_rate")
        && let Some(rate) = percentage(text)
    {
        return Reading { tree: Some(Tree::Text(rate)), ..Reading::default() };
    }
    if field.name == "name" && field.is_personal() && !hints.ours {
        return of_name(unguarded(&shown));
    }
    let mut reading = Reading { tree: Some(member(&field.shape, text, hints)), ..Reading::default() };
    let assumed = match field.shape {
        Shape::Day => day_by(unguarded(&shown), hints).map(|(_, assumed)| assumed),
        Shape::Instant => instant_by(unguarded(&shown), hints).map(|(_, assumed)| assumed),
        _ => Some(Assumed::Nothing),
    };
    match assumed {
        Some(Assumed::Year) => reading.warning = Some(&YEAR_ASSUMED),
        Some(Assumed::Time) => reading.warning = Some(&TIME_ASSUMED),
        Some(Assumed::TimeDropped) => {
            reading.warning = Some(&TIME_DROPPED);
            reading.rest = Some(shown);
        }
        Some(Assumed::Nothing) => {}
        None => reading.fault = is_lunar(&shown).then_some(LUNAR_DAY),
    }
    reading
}

/// A name: `张　三` is 张三, dots of all kinds between hanzi are one, and what stands in brackets behind it is no name.
fn of_name(text: &str) -> Reading {
    let text = half_width(text);
    let (name, rest) = match (text.find('('), text.ends_with(')')) {
        (Some(at), true) if at > 0 => (text.get(..at).unwrap_or(&text), text.get(at + 1..text.len() - 1)),
        _ => (text.as_str(), None),
    };
    let letters: Vec<char> = name.trim().chars().collect();
    let is_hanzi = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|letter| is_han(*letter));
    let mut cleaned = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = (0..at).rev().find(|at| !letters.get(*at).is_some_and(|letter| letter.is_whitespace()));
        let after = (at + 1..letters.len()).find(|at| !letters.get(*at).is_some_and(|letter| letter.is_whitespace()));
        let between = is_hanzi(before) && is_hanzi(after);
        match letter {
            letter if letter.is_whitespace() && (between || is_dot(before, &letters) || is_dot(after, &letters)) => {}
            letter if DOTS.contains(letter) && between => cleaned.push('·'),
            letter => cleaned.push(*letter),
        }
    }
    let rest = rest.map(str::trim).filter(|rest| !rest.is_empty()).map(str::to_owned);
    let warning = rest.is_some().then_some(&NAME_CUT);
    Reading { tree: Some(Tree::Text(cleaned)), warning, rest, fault: None }
}

const DOTS: [char; 9] = ['.', '•', '・', '‧', '∙', '●', '·', '。', '˙'];

fn is_dot(at: Option<usize>, letters: &[char]) -> bool {
    at.and_then(|at| letters.get(at)).is_some_and(|letter| DOTS.contains(letter))
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

    fn hints() -> Hints {
        Hints::new(chrono_tz::UTC, chrono::Utc::now())
    }

    #[test]
    fn names_are_cleaned() {
        for (text, name, rest) in [
            ("张　三", "张三", None),
            ("张 三", "张三", None),
            ("累三（67岁）", "累三", Some("67岁")),
            ("买买提.艾力", "买买提·艾力", None),
            ("买买提 • 艾力", "买买提·艾力", None),
            ("John Smith", "John Smith", None),
        ] {
            let reading = of_name(text);
            assert_eq!((reading.tree, reading.rest.as_deref()), (Some(Tree::Text(name.into())), rest), "{text}");
        }
    }

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
            ("36度6", "36.6"),
            ("36度", "36"),
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
        let of = |name, text| match of_field(&Field::new(name, decimal, label, ""), text, &hints()).tree {
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
    fn every_label_of_an_export_means_its_own_word_again() {
        fn vocabularies(shape: &'static Shape, listed: bool, found: &mut Vec<(&'static Vocabulary, bool)>) {
            match shape {
                Shape::Word(vocabulary) => found.push((vocabulary, listed)),
                Shape::List { of, .. } => vocabularies(of, true, found),
                Shape::Object(members) => members.iter().for_each(|member| vocabularies(&member.shape, false, found)),
                _ => {}
            }
        }
        let mut all = Vec::new();
        for kind in crate::server::routes::KINDS.iter() {
            kind.fields.iter().for_each(|field| vocabularies(&field.shape, false, &mut all));
        }
        assert!(all.len() > 50);
        let mut wrong = Vec::new();
        for (vocabulary, listed) in all {
            for word in vocabulary.words {
                for label in [word.label.zh, word.label.en] {
                    let read = list(&Shape::Word(vocabulary), label, &hints());
                    let is_read = !listed || read == Tree::List(vec![Tree::Text(word.code.to_owned())]);
                    if !is_read || known_word(vocabulary, label).as_deref() != Some(word.code) {
                        wrong.push((vocabulary.name, word.code, label));
                    }
                }
            }
        }
        assert_eq!(wrong, Vec::new());
    }

    #[test]
    fn words_lists_and_yes() {
        let of = |shape: &Shape, text: &str| kit::tree::to_json(&member(shape, text, &hints()));
        let direction = crate::server::routes::KINDS.iter().find(|kind| kind.name == "screenings").unwrap();
        let field = |name: &str| direction.fields.iter().find(|field| field.name == name).unwrap().shape;
        assert_eq!(of(&field("direction"), "进"), "in");
        assert_eq!(of(&field("direction"), " IN "), "in");
        assert_eq!(of(&field("symptoms"), "发热；咳嗽"), serde_json::json!(["fever", "cough"]));
        assert_eq!(of(&field("mask"), "是"), true);
        assert_eq!(of(&field("temperature_c"), "'36.5"), "36.5");
    }
}
