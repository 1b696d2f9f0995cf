//! Cells as people write them: full-width digits, units, dates of every form, words by their labels.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::Value as Json;

use super::guard::unguarded;
use crate::kit::field::{Field, Shape};
use crate::kit::tree::Tree;
use crate::kit::vocabulary::Vocabulary;

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
        Shape::Object(_) | Shape::Inline(_) => or_text(json(text)),
        _ => Tree::Text(text.to_owned()),
    }
}

/// Without what takes no room on the screen, at the ends without white space.
fn visible(text: &str) -> String {
    let letters = text.chars().filter(|letter| !matches!(letter, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}'));
    letters.collect::<String>().trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{a0}').to_owned()
}

/// Half-width forms of digits, letters and marks.
fn half_width(text: &str) -> String {
    let half = |letter: char| match letter {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        other => other,
    };
    text.chars().map(half).collect()
}

/// `３６．５℃`, `1,234.50`, `20 元` → the plain number. Exponents have lost digits and are none.
fn number(text: &str) -> Option<String> {
    let text = half_width(text).replace([' ', ','], "");
    let units = ["℃", "°C", "度", "㎡", "平方米", "人次", "人", "份", "户", "元", "分钟", "%"];
    let bare = units.iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(&text);
    let (sign, digits) = bare.strip_prefix('-').map_or(("", bare), |rest| ("-", rest));
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

fn boolean(text: &str) -> Option<bool> {
    match half_width(text).to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "是" | "有" | "对" | "√" | "已" => Some(true),
        "false" | "no" | "n" | "0" | "否" | "无" | "没有" | "错" | "×" | "未" => Some(false),
        _ => None,
    }
}

fn word(vocabulary: &Vocabulary, text: &str) -> String {
    let folded = half_width(text).to_lowercase();
    let means = |word: &&crate::kit::vocabulary::Word| {
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

fn json(text: &str) -> Option<Tree> {
    let json: Json = serde_json::from_str(text).ok().filter(|json: &Json| json.is_array() || json.is_object())?;
    Some(Tree::from_json(&json))
}

/// `2020-02-03`, `2020/2/3`, `2020.2.3`, `20200203`, `2020年2月3日`, with or without a midnight after it.
/// Days written month first can't be told from others and are none.
pub fn day(text: &str) -> Option<NaiveDate> {
    let text = half_width(text);
    if let Some((day_text, time)) = text.split_once([' ', 'T']) {
        return time.chars().all(|letter| matches!(letter, '0' | ':')).then(|| day(day_text)).flatten();
    }
    let text = text.replace(['年', '月', '/', '.'], "-").replace('日', "");
    let parts: Vec<&str> = text.trim_end_matches('-').split('-').collect();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 => {
            NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        }
        [digits] if digits.len() == 8 => {
            let (year, rest) = digits.split_at_checked(4)?;
            let (month, day) = rest.split_at_checked(2)?;
            NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        }
        [serial] if serial.len() == 5 => of_serial(serial.parse().ok()?).map(|instant| instant.date()),
        _ => None,
    }
}

/// RFC 3339, or a day and a time of the district's zone: `8:05`, `08:05:30`, `8时5分`, `下午3:20`, `24:00`.
pub fn instant(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = half_width(text);
    if let Ok(instant) = DateTime::parse_from_rfc3339(&text) {
        return Some(instant.with_timezone(&Utc));
    }
    let local = if let Ok(serial) = text.parse::<f64>() {
        if text.contains('.') { of_serial(serial)? } else { return None }
    } else {
        let at = text.find([' ', 'T']).or_else(|| text.find('日').map(|at| at + '日'.len_utf8()))?;
        let (day_text, time) = text.split_at_checked(at)?;
        day(day_text)?.and_time(NaiveTime::MIN) + time_of_day(time.trim_matches([' ', 'T']))?
    };
    zone.from_local_datetime(&local).earliest().map(|instant| instant.with_timezone(&Utc))
}

fn time_of_day(text: &str) -> Option<Duration> {
    let (afternoon, text) = match ["下午", "晚上", "中午"].iter().find_map(|word| text.strip_prefix(word)) {
        Some(rest) => (true, rest),
        None => (false, ["上午", "早上", "凌晨"].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text)),
    };
    let text = text.trim().replace(['时', '点', '分'], ":").replace('秒', "");
    let text = text.trim_end_matches(':');
    let mut parts = text.split(':');
    let mut next = || parts.next().map_or(Some(0), |part| part.trim().parse::<i64>().ok());
    let (hour, minute, second) = (next()?, next()?, next()?);
    if parts.next().is_some() || text.is_empty() {
        return None;
    }
    let hour = if afternoon && hour < 12 { hour + 12 } else { hour };
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    let is_end = (hour, minute, second) == (24, 0, 0);
    (is_time || is_end).then(|| Duration::seconds(hour * 3_600 + minute * 60 + second))
}

/// A spreadsheet's day number: 43864 is 2020-02-03. Only of the years 1930 to 2100, so that no other
/// number is taken for a day.
pub fn of_serial(serial: f64) -> Option<NaiveDateTime> {
    if !(10_959.0..73_050.0).contains(&serial) {
        return None;
    }
    let seconds = (serial * 86_400.0).round();
    // The range keeps it well within an integer.
    NaiveDate::from_ymd_opt(1899, 12, 30)?
        .and_time(NaiveTime::MIN)
        .checked_add_signed(Duration::seconds(seconds as i64))
}

/// Nothing where the cell is empty.
pub fn of_field(field: &Field, text: &str, zone: Tz) -> Option<Tree> {
    (!visible(text).is_empty()).then(|| member(&field.shape, text, zone))
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
        ] {
            assert_eq!(number(text).as_deref(), Some(plain), "{text}");
        }
        for text in ["", "36。5", "5.11802E+17", "1.2.3", ".5", "5.", "abc", "--1"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_instants() {
        for text in [
            "2020-02-03",
            "2020/2/3",
            "2020.2.3",
            "20200203",
            "2020年2月3日",
            "2020-02-03 00:00:00",
            "43864",
            "２０２０-２-３",
        ] {
            assert_eq!(day(text), NaiveDate::from_ymd_opt(2020, 2, 3), "{text}");
        }
        for text in ["2/3/2020", "2020-13-01", "2020-02-30", "昨天", "", "12345678", "2020-02-03 08:00"] {
            assert_eq!(day(text), None, "{text}");
        }
        let zone = chrono_tz::Asia::Shanghai;
        let at = |text: &str| {
            instant(text, zone).map(|instant| instant.with_timezone(&zone).format("%m-%d %H:%M:%S").to_string())
        };
        for (text, expected) in [
            ("2020-02-03T08:05:00+08:00", "02-03 08:05:00"),
            ("2020-02-03 8:05", "02-03 08:05:00"),
            ("2020/2/3 08:05:30", "02-03 08:05:30"),
            ("2020年2月3日8时5分", "02-03 08:05:00"),
            ("2020-02-03 下午3:20", "02-03 15:20:00"),
            ("2020-02-03 24:00", "02-04 00:00:00"),
            ("2020年2月3日24时", "02-04 00:00:00"),
            ("43864.5", "02-03 12:00:00"),
            ("2020-02-03 8点05", "02-03 08:05:00"),
        ] {
            assert_eq!(at(text).as_deref(), Some(expected), "{text}");
        }
        let none = ["2020-02-03", "43864", "2020-02-03 25:00", "2020-02-03 24:01", "8:05"];
        assert!(none.iter().all(|text| at(text).is_none()));
    }

    #[test]
    fn words_lists_and_yes() {
        let of = |shape: &Shape, text: &str| crate::kit::tree::to_json(&member(shape, text, chrono_tz::UTC));
        let direction = crate::routes::DEFINITIONS.iter().find(|kind| kind.name == "screenings").unwrap();
        let field = |name: &str| direction.fields.iter().find(|field| field.name == name).unwrap().shape;
        assert_eq!(of(&field("direction"), "进"), "in");
        assert_eq!(of(&field("direction"), " IN "), "in");
        assert_eq!(of(&field("symptoms"), "发热；咳嗽"), serde_json::json!(["fever", "cough"]));
        assert_eq!(of(&field("mask"), "是"), true);
        assert_eq!(of(&field("temperature_c"), "'36.5"), "36.5");
    }
}
