//! Days and instants as people write them in cells.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::texts::half_width;

/// Hints of a file beside its cells: by them days are read that leave something out.
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    /// The district's zone.
    pub zone: Tz,
    /// Today there.
    pub today: NaiveDate,
    /// The file's year.
    pub year: Option<i32>,
    /// The row's day, or the file's.
    pub day: Option<NaiveDate>,
    /// Whether the file is an export of ours: then cells are what they are.
    pub ours: bool,
}

impl Hints {
    /// Nothing but zone and day of today.
    pub fn new(zone: Tz, now: DateTime<Utc>) -> Self {
        Self { zone, today: now.with_timezone(&zone).date_naive(), year: None, day: None, ours: false }
    }
}

/// Part of a day or a time that was left out and put in by the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// Nothing.
    Nothing,
    /// The year.
    Year,
    /// The time: noon.
    Time,
    /// Nothing; a time behind a day was left out.
    TimeDropped,
}

/// `2020-02-03`, `2020/2/3`, `2020.2.3`, `20200203`, `2020年2月3日`, with or without a midnight after it.
/// Days written month first can't be told from others and are none.
pub fn day(text: &str) -> Option<NaiveDate> {
    let text = tidy(text);
    if let Some((day_text, time)) = text.split_once([' ', 'T']) {
        return time.chars().all(|letter| matches!(letter, '0' | ':')).then(|| day(day_text)).flatten();
    }
    let text = text.replace(['年', '月', '/', '.'], "-").replace(['日', '号'], "");
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

/// A day as a clerk writes it: also without the year (`2月3日`, `2.3`, `22号`), and with a time behind it.
pub fn day_by(text: &str, hints: &Hints) -> Option<(NaiveDate, Assumed)> {
    if let Some(day) = day(text) {
        return Some((day, Assumed::Nothing));
    }
    let text = tidy(text);
    if let Some(day) = short_day(&text, hints) {
        return Some((day, Assumed::Year));
    }
    let (day_text, time) = parted(&text)?;
    time_of_day(time)?;
    let whole = day(day_text).or_else(|| short_day(day_text, hints))?;
    Some((whole, Assumed::TimeDropped))
}

/// An instant as a clerk writes it: also without the year, of the row's day, or only a day: then noon.
pub fn instant_by(text: &str, hints: &Hints) -> Option<(DateTime<Utc>, Assumed)> {
    if let Some(instant) = instant(text, hints.zone) {
        return Some((instant, Assumed::Nothing));
    }
    let text = tidy(text);
    let local = |day: NaiveDate, time: Duration| {
        let local = hints.zone.from_local_datetime(&(day.and_time(NaiveTime::MIN) + time)).earliest();
        local.map(|instant| instant.with_timezone(&Utc))
    };
    if let Some((day, assumed)) =
        day(&text).map(|day| (day, Assumed::Time)).or_else(|| short_day(&text, hints).map(|day| (day, Assumed::Time)))
    {
        return Some((local(day, Duration::hours(12))?, assumed));
    }
    if let (Some(day), Some(time)) = (hints.day, time_of_day(&text).filter(|_| is_time(&text))) {
        return Some((local(day, time)?, Assumed::Nothing));
    }
    let (day_text, time) = parted(&text)?;
    let (day, assumed) = day(day_text)
        .map(|day| (day, Assumed::Nothing))
        .or_else(|| short_day(day_text, hints).map(|day| (day, Assumed::Year)))?;
    Some((local(day, time_of_day(time)?)?, assumed))
}

/// Whether a text is a time by itself, not a number that could be one.
fn is_time(text: &str) -> bool {
    text.contains([':', '时', '点'])
}

/// Whether text names a day of the lunar calendar: nobody converts it by guessing.
pub fn is_lunar(text: &str) -> bool {
    let text = text.trim();
    let words = ["农历", "正月", "腊月", "冬月", "除夕", "大年", "初", "廿", "阴历", "旧历"];
    words.iter().any(|word| text.starts_with(word))
}

/// The year that a text names first, of those that can be meant.
pub fn year_in(text: &str) -> Option<i32> {
    let text = half_width(text);
    let digits = |part: &str| (part.len() == 4).then(|| part.parse::<i32>().ok()).flatten();
    text.split(|letter: char| !letter.is_ascii_digit()).filter_map(digits).find(|year| (2000..=2100).contains(year))
}

/// The whole day that a text names; none where it names several, as `2020年2月1日至2020年2月14日` does.
pub fn day_within(text: &str) -> Option<NaiveDate> {
    only(&candidates(text, |candidate| day(candidate).filter(|_| candidate.len() > 5)))
}

/// The day without its year that a text names, as `监测日期：2月7日`; none where it names several.
pub fn short_day_within(text: &str, hints: &Hints) -> Option<NaiveDate> {
    let is_whole = |text: &str| text.contains('月') && text.ends_with(['日', '号']);
    only(&candidates(text, |candidate| short_day(candidate, hints).filter(|_| is_whole(candidate))))
}

fn only(days: &[NaiveDate]) -> Option<NaiveDate> {
    let first = days.first().copied()?;
    days.iter().all(|day| *day == first).then_some(first)
}

/// Days that a text names, by its pieces of digits and the words between them.
fn candidates(text: &str, read: impl Fn(&str) -> Option<NaiveDate>) -> Vec<NaiveDate> {
    let text = tidy(text);
    let (mut rest, mut found) = (text.as_str(), Vec::new());
    while let Some(from) = rest.find(|letter: char| letter.is_ascii_digit()).and_then(|at| rest.get(at..)) {
        let length = from.find(|letter: char| !letter.is_ascii_digit() && !"年月日号-/.".contains(letter));
        let candidate = from.get(..length.unwrap_or(from.len())).unwrap_or(from);
        found.extend(read(candidate.trim_end_matches(['-', '/', '.'])));
        rest = from.get(candidate.len().max(1)..).unwrap_or_default();
    }
    found
}

/// A day that stands by itself, with the day of the week in brackets perhaps: `2月3日（星期一）`.
pub fn day_alone(text: &str, hints: &Hints) -> Option<(NaiveDate, Assumed)> {
    let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let bare = text.split(['（', '(', '【']).next().unwrap_or_default();
    let bare = ["星期", "周", "礼拜"]
        .iter()
        .filter_map(|word| bare.find(word))
        .min()
        .map_or(bare, |at| bare.get(..at).unwrap_or(bare));
    let is_day = bare.contains(['月', '-', '/', '.']) && bare.chars().any(|letter| letter.is_ascii_digit());
    day_by(bare, &Hints { day: None, ..*hints }).filter(|_| is_day)
}

/// A day without its year: of the file's year, else the nearest that has passed.
fn short_day(text: &str, hints: &Hints) -> Option<NaiveDate> {
    let bare = text.trim_end_matches(['日', '号']);
    let parts: Vec<&str> = bare.split(['月', '.', '/', '-']).map(str::trim).collect();
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| !text.is_empty() && text.len() <= 2);
    match parts.as_slice() {
        [month, day] => {
            let (month, day) = (number(month)?, number(day)?);
            let of_year = |year| NaiveDate::from_ymd_opt(year, month, day);
            if let Some(year) = hints.year {
                return of_year(year);
            }
            let this_year = hints.today.year();
            // A day or two ahead is this year's: plans are made.
            let near = |day: &NaiveDate| *day <= hints.today + Duration::days(31);
            (this_year - 4..=this_year).rev().filter_map(of_year).find(near)
        }
        [day] if bare.len() < text.len() && !bare.is_empty() => {
            let day = number(day)?;
            if let Some(known) = hints.day {
                return NaiveDate::from_ymd_opt(known.year(), known.month(), day);
            }
            let today = hints.today;
            let this_month = NaiveDate::from_ymd_opt(today.year(), today.month(), day).filter(|day| *day <= today);
            this_month.or_else(|| {
                let before = today.with_day(1)?.pred_opt()?;
                NaiveDate::from_ymd_opt(before.year(), before.month(), day)
            })
        }
        _ => None,
    }
}

/// A day and the time behind it.
fn parted(text: &str) -> Option<(&str, &str)> {
    let behind = |sign: char| text.find(sign).map(|at| at + sign.len_utf8());
    let at = text.find([' ', 'T']).or_else(|| behind('日')).or_else(|| behind('号'))?;
    let (day_text, time) = text.split_at_checked(at)?;
    Some((day_text, time.trim_matches([' ', 'T'])))
}

/// Half-width, with one kind of dash, without the day of the week.
fn tidy(text: &str) -> String {
    let dash = |letter: char| if matches!(letter, '\u{2010}'..='\u{2015}' | '\u{2212}' | '~') { '-' } else { letter };
    let text: String = half_width(text).chars().map(dash).collect();
    let mut text = text.replace("--", "-");
    for (open, close) in [('(', ')'), ('[', ']')] {
        if let (Some(from), Some(to)) = (text.find(open), text.find(close))
            && text.get(from..to).is_some_and(|inner| inner.contains(['周', '期']))
        {
            text.replace_range(from..to + close.len_utf8(), " ");
        }
    }
    for name in ["星期", "周"] {
        if let Some(at) = text.find(name) {
            let end = text.get(at + name.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            text.replace_range(at..at + name.len() + end, " ");
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// RFC 3339, or a day and a time of the district's zone: `8:05`, `08:05:30`, `8时5分`, `下午3:20`, `24:00`.
pub fn instant(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = half_width(text);
    if let Ok(instant) = DateTime::parse_from_rfc3339(&text) {
        return Some(instant.with_timezone(&Utc));
    }
    let text = tidy(&text);
    let local = if let Ok(serial) = text.parse::<f64>() {
        if text.contains('.') { of_serial(serial)? } else { return None }
    } else {
        let (day_text, time) = parted(&text)?;
        day(day_text)?.and_time(NaiveTime::MIN) + time_of_day(time)?
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
    fn days_that_leave_something_out() {
        let zone = chrono_tz::Asia::Shanghai;
        let today = NaiveDate::from_ymd_opt(2020, 2, 10).unwrap();
        let hints = Hints { zone, today, year: None, day: None, ours: false };
        for (text, expected) in [
            ("2月3日", "2020-02-03"),
            ("1.22", "2020-01-22"),
            ("12/30", "2019-12-30"),
            ("8号", "2020-02-08"),
            ("22号", "2020-01-22"),
            ("2020—1—22", "2020-01-22"),
            ("2020年2月3日（星期一）", "2020-02-03"),
            ("2020-02-03 08:05", "2020-02-03"),
        ] {
            let read = day_by(text, &hints).map(|(day, _)| day.to_string());
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        }
        let of_2019 = Hints { year: Some(2019), ..hints };
        assert_eq!(day_by("2月3日", &of_2019), Some((NaiveDate::from_ymd_opt(2019, 2, 3).unwrap(), Assumed::Year)));
        for text in ["36.5", "13.1", "正月初三", "2.30", "昨天", "5"] {
            assert_eq!(day_by(text, &hints), None, "{text}");
        }
        assert!(is_lunar("正月初三") && is_lunar("腊月廿八") && !is_lunar("2月3日"));
        let with_day = Hints { day: Some(today), ..hints };
        let at = |text: &str, hints: &Hints| {
            let read = instant_by(text, hints);
            read.map(|(at, assumed)| (at.with_timezone(&zone).format("%m-%d %H:%M").to_string(), assumed))
        };
        assert_eq!(at("8:05", &with_day), Some(("02-10 08:05".into(), Assumed::Nothing)));
        assert_eq!(at("2月3日", &hints), Some(("02-03 12:00".into(), Assumed::Time)));
        assert_eq!(at("2月3日下午3点", &hints), Some(("02-03 15:00".into(), Assumed::Year)));
        assert_eq!(at("2.3 8:05", &hints), Some(("02-03 08:05".into(), Assumed::Year)));
        assert_eq!((at("8:05", &hints), at("36", &with_day)), (None, None));
        assert_eq!((year_in("2020年登记表"), year_in("登记表511802")), (Some(2020), None));
        assert_eq!(day_within("日期：2020年2月3日 北门"), NaiveDate::from_ymd_opt(2020, 2, 3));
        assert_eq!(day_within("电话 13800000000 第2组"), None);
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
