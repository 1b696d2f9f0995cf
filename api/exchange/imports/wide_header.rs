//! Headers of wide sheets: a day and a part of it (`2月1日上午`, `2.1早`, `2020/2/1 AM`, `1日上`, `第3天上午`), a day, or a
//! word of a list and a member (`大米进价`).

use chrono::{Datelike, Days, NaiveDate};
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::vocabulary::Vocabulary;

use super::header::{Header, Place};
use crate::exchange::codes::{REPEATED_COLUMN, UNKNOWN_COLUMNS, YEAR_NEEDED};
use crate::exchange::files::columns::folded;
use crate::exchange::files::days::day;
use crate::exchange::files::texts::half_width;
use crate::records::wide::{WideAxis, WideFlow, WideSlot};
use crate::records::{Kind, Wide};

/// Words beside the day that say nothing more.
const NOISE: [&str; 10] = ["体温", "测温", "温度", "情况", "℃", "°c", "日期", "记录", "值班人员", "值班"];
/// Words for the time of a measurement, behind its day.
const TIMES: [&str; 2] = ["时间", "时刻"];
/// Endings of what is counted.
const COUNTED_AS: [&str; 5] = ["数量", "件数", "数", "量", "栏"];
/// Beginnings of what is counted of one day.
const OF_THE_DAY: [&str; 4] = ["本日", "当日", "今日", "本次"];
/// Months this far apart in neighbouring columns lie on both sides of a new year.
const LATE_MONTH: u32 = 11;
const EARLY_MONTH: u32 = 2;

/// Meaning of the header of a column of a wide sheet.
#[derive(Clone, Debug, PartialEq)]
pub enum Axis {
    /// A day, and a part of it.
    Day(Written, Option<&'static WideSlot>),
    /// The time of such a day and part of it: other columns' cells happened then.
    Time(Written, Option<&'static WideSlot>),
    /// An item of a list and one of its members; units in brackets.
    Item(ItemAxis),
    /// Something of which a member is said by the header: a store, and a member of the item that the row says.
    Beside(BesideAxis),
    /// A flow in or out; units in brackets.
    Flow(&'static WideFlow, Vec<String>),
    /// The rest.
    Left,
}

/// A member of the record that a header says, and the member of the row's item below it.
#[derive(Clone, Debug)]
pub struct BesideAxis {
    /// Name in the header.
    pub name: String,
    /// The list.
    pub list: &'static Field,
    /// The member that the column says.
    pub member: &'static Field,
    /// Units: the member, and the text.
    pub units: Vec<(&'static str, String)>,
}

impl PartialEq for BesideAxis {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.member.name) == (&other.name, other.member.name)
    }
}

/// A day as a header has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// None: the row or the title says it.
    Elsewhere,
    /// All of it.
    Whole(NaiveDate),
    /// Without the year.
    Short(u32, u32),
    /// Without the month: that of the column before.
    OfMonth(u32),
    /// The how many-th day.
    Nth(u32),
}

/// An item of a list and one of its members.
#[derive(Clone, Debug)]
pub struct ItemAxis {
    /// The list.
    pub list: &'static Field,
    /// The member by which its items are told apart.
    pub key: &'static Field,
    /// Its word.
    pub code: &'static str,
    /// The member that the column says.
    pub member: &'static Field,
    /// Units: the member, and the text.
    pub units: Vec<(&'static str, String)>,
}

impl PartialEq for ItemAxis {
    fn eq(&self, other: &Self) -> bool {
        (self.code, self.member.name) == (other.code, other.member.name)
    }
}

impl Axis {
    /// Part of the day, or item, that it is, for whoever looks at a file.
    pub fn told(&self) -> String {
        match self {
            Self::Day(written, slot) | Self::Time(written, slot) => {
                let day = match written {
                    Written::Elsewhere => String::new(),
                    Written::Whole(day) => day.to_string(),
                    Written::Short(month, day) => format!("{month:02}-{day:02}"),
                    Written::OfMonth(day) => format!("{day:02}"),
                    Written::Nth(nth) => format!("#{nth}"),
                };
                format!("{day} {}", slot.map_or("", |slot| slot.code)).trim().to_owned()
            }
            Self::Item(item) => item.code.to_owned(),
            Self::Beside(beside) => beside.name.clone(),
            Self::Flow(flow, _) => flow.words.first().copied().unwrap_or_default().to_owned(),
            Self::Left => String::new(),
        }
    }
}

/// Reads a header as one of a wide sheet's column.
pub fn axis(wide: &Wide, kind: &Kind, name: &str) -> Option<Axis> {
    match &wide.axis {
        WideAxis::DayAndSlot { slots, .. } => {
            let bare = bare(name);
            let time = TIMES.iter().find_map(|word| bare.strip_suffix(word)).map(trimmed);
            let is_time = time.is_some();
            let (text, slot) = without_slot(&time.unwrap_or(bare), slots);
            let written = written(&text)?;
            let axis = if is_time { Axis::Time(written, slot) } else { Axis::Day(written, slot) };
            (slot.is_some() || written != Written::Elsewhere).then_some(axis)
        }
        WideAxis::Day { .. } => {
            let written = written(&bare(name))?;
            (written != Written::Elsewhere).then_some(Axis::Day(written, None))
        }
        WideAxis::Items { members, also, unit, .. } => item(kind, members, (*also, *unit), name).map(Axis::Item),
        WideAxis::Flows { flows, left, .. } => flow(flows, left, name),
    }
}

/// Half-width, without noise and what stands in brackets about the day of the week; the rest of brackets opened.
fn bare(name: &str) -> String {
    let mut text = half_width(name).to_lowercase();
    for noise in NOISE {
        text = text.replace(noise, "");
    }
    for name in ["星期", "周"] {
        if let Some(at) = text.find(name) {
            let end = text.get(at + name.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            text.replace_range(at..at + name.len() + end, "");
        }
    }
    for weekday in ["一", "二", "三", "四", "五", "六", "日", "天"] {
        text = text.replace(&format!("({weekday})"), "");
    }
    let text = text.replace(['(', ')', '[', ']', '【', '】', ':', '：', '_', '\n', '\r'], " ");
    let text = text.replace(" 00 00 00", "");
    text.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, '-' | '/' | '.' | ',' | '、'))
        .to_owned()
}

/// `入库数量(公斤)`, `收入`, `本日发出数`, `结存`.
fn flow(flows: &'static [WideFlow], left: &[&str], name: &str) -> Option<Axis> {
    let (text, brackets) = without_brackets(&folded(name));
    let text = COUNTED_AS.iter().find_map(|ending| text.strip_suffix(ending)).unwrap_or(&text);
    let text = OF_THE_DAY.iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    if left.contains(&text) {
        return Some(Axis::Left);
    }
    let flow = flows.iter().find(|flow| flow.words.contains(&text))?;
    Some(Axis::Flow(flow, brackets))
}

/// `甲超市售价`, `甲超市（元/斤）`, `甲超市`: the name of what stands beside, and the member below it.
pub fn beside(wide: &Wide, kind: &Kind, name: &str) -> Option<BesideAxis> {
    let WideAxis::Items { members, unit, endings, usual, .. } = &wide.axis else { return None };
    let lines = kind.rules.lines()?;
    let list = kind.field(lines.list)?;
    let Shape::List { of: Shape::Object(of_item), .. } = list.shape else { return None };
    let (text, brackets) = without_brackets(&folded(name));
    let names = |field: &'static Field| std::iter::once(field.label.zh).chain(field.also.iter().copied());
    let is_name = |text: &str| endings.iter().any(|ending| text.ends_with(ending) && text.len() > ending.len());
    let said = of_item.iter().filter(|field| members.contains(&field.name)).find_map(|field| {
        let rest = names(field).filter_map(|label| text.strip_suffix(label)).min_by_key(|rest| rest.len())?;
        is_name(trimmed(rest).as_str()).then(|| (trimmed(rest), field))
    });
    let alone = || Some((text.clone(), of_item.iter().find(|field| field.name == *usual)?));
    let (name, member) = said.or_else(|| alone().filter(|_| is_name(&text)))?;
    Some(BesideAxis { name, list, member, units: brackets.into_iter().map(|text| (unit(&text), text)).collect() })
}

/// Without what parts a name from what stands beside it.
fn trimmed(text: &str) -> String {
    let parts =
        |letter: char| letter.is_whitespace() || matches!(letter, '-' | '_' | '/' | '.' | ',' | '、' | ':' | '：');
    text.trim_matches(parts).to_owned()
}

/// The part of the day at the end of a header, or before the day, and what is left.
fn without_slot(text: &str, slots: &'static [WideSlot]) -> (String, Option<&'static WideSlot>) {
    let mut words: Vec<(&str, &'static WideSlot)> =
        slots.iter().flat_map(|slot| slot.words.iter().map(move |word| (*word, slot))).collect();
    words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    let after = words.iter().find_map(|(word, slot)| Some((trimmed(text.strip_suffix(word)?), *slot)));
    let found =
        after.or_else(|| words.iter().find_map(|(word, slot)| Some((trimmed(text.strip_prefix(word)?), *slot))));
    found.map_or_else(|| (text.to_owned(), None), |(rest, slot)| (rest, Some(slot)))
}

/// The day that a text is; nothing else may stand in it.
fn written(text: &str) -> Option<Written> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Written::Elsewhere);
    }
    if let Some(day) = day(text) {
        return Some(Written::Whole(day));
    }
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|_| text.trim().len() <= 2);
    if let Some(nth) = text.strip_prefix('第').and_then(|rest| rest.strip_suffix(['天', '日'])) {
        return number(nth).filter(|nth| *nth > 0).map(Written::Nth);
    }
    let day_only = text.trim_end_matches(['日', '号']);
    let parts: Vec<&str> = day_only.split(['月', '.', '/', '-']).collect();
    match parts.as_slice() {
        [month, day] => {
            let (month, day) = (number(month)?, number(day)?);
            ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Written::Short(month, day))
        }
        [day] if day_only.len() < text.len() => number(day).filter(|day| (1..=31).contains(day)).map(Written::OfMonth),
        _ => None,
    }
}

/// Other names that people write for a word.
type Also = fn(&str) -> &'static [&'static str];

/// `大米(元/斤)进价`: the longest word of the list's items at the beginning, a member after it.
fn item(kind: &Kind, members: &[&str], (also, unit): (Also, fn(&str) -> &'static str), name: &str) -> Option<ItemAxis> {
    let lines = kind.rules.lines()?;
    let list = kind.field(lines.list)?;
    let Shape::List { of: Shape::Object(of_item), .. } = list.shape else { return None };
    let key = of_item.iter().find(|member| member.name == lines.key)?;
    let Shape::Word(vocabulary) = key.shape else { return None };
    let (text, brackets) = without_brackets(&folded(name));
    let (code, rest) = word_before(vocabulary, also, &text)?;
    let rest = rest.trim_matches(['-', '_', '/', ':', '：', '的', '.']);
    let means = |field: &&Field| folded(field.label.zh) == rest || field.also.iter().any(|also| folded(also) == rest);
    let member = of_item.iter().filter(|field| members.contains(&field.name)).find(means)?;
    Some(ItemAxis { list, key, code, member, units: brackets.into_iter().map(|text| (unit(&text), text)).collect() })
}

fn without_brackets(text: &str) -> (String, Vec<String>) {
    let (mut text, mut brackets) = (text.to_owned(), Vec::new());
    while let (Some(from), Some(to)) = (text.find('('), text.find(')')) {
        let Some(inner) = text.get(from + 1..to).map(str::to_owned) else { break };
        brackets.push(inner);
        text.replace_range(from..=to, "");
    }
    (text, brackets)
}

/// The word with which a text begins, by its code, and the rest.
fn word_before<'a>(vocabulary: &Vocabulary, also: Also, text: &'a str) -> Option<(&'static str, &'a str)> {
    let begins = |word: &kit::vocabulary::Word| {
        let names =
            also(word.code).iter().map(|name| folded(name)).chain([folded(word.label.zh), word.code.to_owned()]);
        let longest = names.filter(|name| text.starts_with(name.as_str())).map(|name| name.len()).max()?;
        Some((longest, word.code))
    };
    let (length, code) = vocabulary.words.iter().filter_map(begins).max_by_key(|(length, _)| *length)?;
    Some((code, text.get(length..)?))
}

/// The days of the columns that have one of their own, whose years follow from each other.
///
/// # Errors
/// 422 `year_needed` where nothing says the year, or the first day of those that are counted; 422 `unknown_columns`
/// for what is no day and for what two columns say.
pub fn days(
    header: &Header,
    (year, month_of_title): (Option<i32>, Option<u32>),
    first_day: Option<NaiveDate>,
) -> Result<Vec<Option<NaiveDate>>, Problem> {
    let axes = || header.places.iter().map(|place| if let Place::Axis(axis) = place { Some(axis) } else { None });
    let mut named: Vec<i32> = axes()
        .filter_map(|axis| match axis {
            Some(Axis::Day(Written::Whole(day), _) | Axis::Time(Written::Whole(day), _)) => Some(day.year()),
            _ => None,
        })
        .collect();
    named.dedup();
    let only = if let [year] = named.as_slice() { Some(*year) } else { None };
    let (mut year, mut month) = (year.or(only), None);
    let (mut days, mut faults): (Vec<Option<NaiveDate>>, Vec<Fault>) = (Vec::new(), Vec::new());
    for (index, axis) in axes().enumerate() {
        let Some(Axis::Day(written, _) | Axis::Time(written, _)) = axis else {
            days.push(None);
            continue;
        };
        let (of_month, day) = match *written {
            Written::Elsewhere => {
                days.push(None);
                continue;
            }
            Written::Nth(nth) => {
                let first = first_day.ok_or_else(|| needed("?first_on"))?;
                days.push(first.checked_add_days(Days::new(u64::from(nth - 1))));
                continue;
            }
            Written::Whole(day) => {
                (year, month) = (Some(day.year()), Some(day.month()));
                days.push(Some(day));
                continue;
            }
            Written::Short(month, day) => (Some(month), day),
            Written::OfMonth(day) => (month.or(month_of_title), day),
        };
        let named = year.ok_or_else(|| needed("?year"))?;
        let turned = match (month, of_month) {
            (Some(LATE_MONTH..), Some(..=EARLY_MONTH)) => named + 1,
            (Some(..=EARLY_MONTH), Some(LATE_MONTH..)) => named - 1,
            _ => named,
        };
        let found = of_month.and_then(|month| NaiveDate::from_ymd_opt(turned, month, day));
        if found.is_none() {
            faults.push(of_column(index, FaultCode::BAD_FORMAT));
        }
        (year, month) = (Some(turned), of_month);
        days.push(found);
    }
    faults.extend(repeated(header, &days));
    if faults.is_empty() { Ok(days) } else { Err(Problem::of_faults(UNKNOWN_COLUMNS, faults)) }
}

/// The month that a title names: `2020年2月体温登记表`.
pub fn month_in(text: &str) -> Option<u32> {
    let text = half_width(text);
    let (before, _) = text.split_once('月')?;
    let digits = before.trim_end().rsplit(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|month| (1..=12).contains(month) && digits.len() <= 2)
}

/// Columns that say what another one says.
fn repeated(header: &Header, days: &[Option<NaiveDate>]) -> Vec<Fault> {
    let mut seen: Vec<String> = Vec::new();
    let mut faults = Vec::new();
    for (index, place) in header.places.iter().enumerate() {
        let Place::Axis(axis) = place else { continue };
        let said = match axis {
            Axis::Day(_, slot) => format!("{:?} {:?}", days.get(index), slot.map(|slot| slot.code)),
            Axis::Time(_, slot) => format!("time {:?} {:?}", days.get(index), slot.map(|slot| slot.code)),
            Axis::Item(item) => format!("{} {}", item.code, item.member.name),
            Axis::Beside(beside) => format!("{} {}", beside.name, beside.member.name),
            Axis::Flow(flow, _) => format!("{:?}", flow.words),
            Axis::Left => "left".to_owned(),
        };
        if seen.contains(&said) {
            faults.push(of_column(index, REPEATED_COLUMN));
        }
        seen.push(said);
    }
    faults
}

fn needed(parameter: &str) -> Problem {
    let fault = Fault { pointer: parameter.to_owned(), code: FaultCode::REQUIRED, values: Vec::new(), hint: None };
    Problem::of_faults(YEAR_NEEDED, vec![fault])
}

fn of_column(index: usize, code: FaultCode) -> Fault {
    Fault { pointer: format!("/header/{index}"), code, values: Vec::new(), hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Registry;
    use crate::server::routes::KINDS;

    fn read(kind: &str, name: &str) -> Option<Axis> {
        let kinds = Registry::new(&KINDS);
        let kind = kinds.kind(kind).unwrap();
        axis(kind.rules.wide().unwrap(), kind, name)
    }

    #[test]
    fn headers_of_days_and_their_parts() {
        let day = |year, month, day| Written::Whole(NaiveDate::from_ymd_opt(year, month, day).unwrap());
        for (name, written, slot) in [
            ("2月1日上午", Written::Short(2, 1), Some("am")),
            ("2.1早", Written::Short(2, 1), Some("am")),
            ("2020/2/1 AM", day(2020, 2, 1), Some("am")),
            ("02-01下午", Written::Short(2, 1), Some("pm")),
            ("1日上", Written::OfMonth(1), Some("am")),
            ("第3天上午", Written::Nth(3), Some("am")),
            ("2月1日（上午）", Written::Short(2, 1), Some("am")),
            ("2月1日（周六）下午体温℃", Written::Short(2, 1), Some("pm")),
            ("2月1日（六）下午", Written::Short(2, 1), Some("pm")),
            ("体温(上午)", Written::Elsewhere, Some("am")),
            ("2020-02-01晚", day(2020, 2, 1), Some("pm")),
            ("２月１日中午后", Written::Short(2, 1), Some("pm")),
            ("上午体温", Written::Elsewhere, Some("am")),
            ("2月1日", Written::Short(2, 1), None),
        ] {
            let expected = Some(Axis::Day(written, None));
            let found = read("temperature_readings", name);
            let of_found = found.as_ref().and_then(|axis| match axis {
                Axis::Day(_, slot) => slot.map(|slot| slot.code),
                _ => None,
            });
            let without = found.map(|axis| match axis {
                Axis::Day(written, _) => Axis::Day(written, None),
                item => item,
            });
            assert_eq!((without, of_found), (expected, slot), "{name}");
        }
        for name in ["姓名", "身份证号", "36.5", "519999194802020036", "2月上午", "13.1早", "备注", "", "张三"]
        {
            assert_eq!(read("temperature_readings", name), None, "{name}");
        }
    }

    #[test]
    fn months_of_titles() {
        let of = |text| month_in(text);
        assert_eq!((of("2020年2月体温登记表"), of("2020年 02 月"), of("体温登记表")), (Some(2), Some(2), None));
        assert_eq!((of("13月"), of("本月")), (None, None));
    }

    #[test]
    fn headers_of_items() {
        let said = |name: &str| match read("supply_reports", name) {
            Some(Axis::Item(item)) => Some((item.code, item.member.name, item.units)),
            _ => None,
        };
        let unit = |member, text: &str| vec![(member, text.to_owned())];
        assert_eq!(said("番茄进价"), Some(("veg_tomato", "purchase_price", Vec::new())));
        assert_eq!(said("番茄（元/斤）售价"), Some(("veg_tomato", "retail_price", unit("price_unit", "元/斤"))));
        assert_eq!(said("番茄 库存(公斤)"), Some(("veg_tomato", "closing_stock", unit("quantity_unit", "公斤"))));
        assert_eq!((said("番茄"), said("进价"), said("门店")), (None, None, None));
    }
}
