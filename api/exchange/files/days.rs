//! Days and instants as people write them in cells.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::texts::half_width;

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
        [serial] if serial.len() == 5 && serial.bytes().all(|byte| byte.is_ascii_digit()) => {
            of_serial(serial.parse().ok()?).map(|instant| instant.date())
        }
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
    let word = WORDS.iter().find(|(word, _)| text.starts_with(word));
    let text = word.map_or(text, |(word, _)| text.trim_start_matches(word));
    let text = text.trim().replace(['时', '点', '分'], ":").replace('秒', "");
    let text = text.trim_end_matches(':');
    let mut parts = text.split(':');
    let mut next = || parts.next().map_or(Some(0), |part| part.trim().parse::<i64>().ok());
    let (hour, minute, second) = (next()?, next()?, next()?);
    if parts.next().is_some() || text.is_empty() {
        return None;
    }
    let on_the_hour = (minute, second) == (0, 0);
    let hour = word.map_or(Some(hour), |(_, part)| hour_of(*part, hour, on_the_hour))?;
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    let is_end = hour == 24 && on_the_hour;
    (is_time || is_end).then(|| Duration::seconds(hour * 3_600 + minute * 60 + second))
}

/// A part of the day, as the word before a time names it.
#[derive(Clone, Copy)]
enum Part {
    Night,
    Morning,
    Noon,
    Afternoon,
    Evening,
}

const WORDS: [(&str, Part); 6] = [
    ("凌晨", Part::Night),
    ("早上", Part::Morning),
    ("上午", Part::Morning),
    ("中午", Part::Noon),
    ("下午", Part::Afternoon),
    ("晚上", Part::Evening),
];

/// The hour of the day; none where the word and the hour don't go together or may mean two days: half past
/// twelve in the evening is of this day or of the next.
fn hour_of(part: Part, hour: i64, on_the_hour: bool) -> Option<i64> {
    match (part, hour) {
        (Part::Night | Part::Morning, 12) => Some(0),
        (Part::Night | Part::Morning, 0..12) => Some(hour),
        (Part::Noon, 11..=14) | (Part::Afternoon, 12..24) | (Part::Evening, 17..24) => Some(hour),
        (Part::Noon, 1..=2) | (Part::Afternoon, 0..12) | (Part::Evening, 5..12) => Some(hour + 12),
        (Part::Evening, 12 | 24) if on_the_hour => Some(24),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
        for text in ["2/3/2020", "2020-13-01", "2020-02-30", "昨天", "", "12345678", "2020-02-03 08:00", "430e2"] {
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
            ("2020-02-03 凌晨12:30", "02-03 00:30:00"),
            ("2020-02-03 凌晨3点", "02-03 03:00:00"),
            ("2020-02-03 上午12:05", "02-03 00:05:00"),
            ("2020-02-03 早上8:05", "02-03 08:05:00"),
            ("2020-02-03 中午11:30", "02-03 11:30:00"),
            ("2020-02-03 中午12:30", "02-03 12:30:00"),
            ("2020-02-03 中午1:30", "02-03 13:30:00"),
            ("2020-02-03 下午12:30", "02-03 12:30:00"),
            ("2020-02-03 下午15:20", "02-03 15:20:00"),
            ("2020-02-03 晚上8点", "02-03 20:00:00"),
            ("2020-02-03 晚上12:00", "02-04 00:00:00"),
            ("2020-02-03 晚上24点", "02-04 00:00:00"),
        ] {
            assert_eq!(at(text).as_deref(), Some(expected), "{text}");
        }
        let none = ["2020-02-03", "43864", "2020-02-03 25:00", "2020-02-03 24:01", "8:05"];
        let doubtful = ["上午15:00", "凌晨24:00", "中午9:00", "晚上12:30", "晚上1:00", "晚上0:30", "下午24:00"];
        let doubtful = doubtful.map(|time| format!("2020-02-03 {time}"));
        for text in none.into_iter().chain(doubtful.iter().map(String::as_str)) {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
