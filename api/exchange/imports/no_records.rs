//! Rows that are no records: titles, sums, signatures, remarks, the header once more. They are told as such and never
//! stored: 合计 is nobody.

use kit::text::Text;
use serde_json::{Value as Json, json};

use super::header::Place;
use super::table::Table;
use crate::exchange::files::columns::folded;
use crate::exchange::files::table::Row;
use crate::exchange::files::texts::visible;

/// Why a row is no record.
pub struct Reason {
    /// Its code.
    pub code: &'static str,
    /// In words.
    pub message: Text,
}

impl Reason {
    /// As it is kept.
    pub fn kept(&self) -> Json {
        json!({"column": null, "pointer": "", "code": self.code, "zh": self.message.zh, "en": self.message.en})
    }
}

/// Rows above the header.
pub static TITLE: Reason =
    Reason { code: "title", message: Text::new("stands above the table", "表头以上的标题或说明") };
/// A cell of a wide sheet that says why there is nothing.
pub const NOT_DONE: &str = "not_done";
/// The last line of an export, which counts the others.
pub static END: Reason = Reason { code: "end", message: Text::new("the end of an export", "导出文件的结束行") };
static SUM: Reason = Reason { code: "sum", message: Text::new("a sum", "合计行") };
static REMARK: Reason = Reason { code: "remark", message: Text::new("a signature or a remark", "签字、说明行") };
static HEADER: Reason =
    Reason { code: "repeated_header", message: Text::new("the header once more", "重复的表头") };
static BLANK: Reason =
    Reason { code: "blank", message: Text::new("nothing but a running number", "只有序号的空行") };
pub(super) static SECTION: Reason =
    Reason { code: "section", message: Text::new("the title of a section", "分段标题") };

/// Words with which a row begins that sums up.
const SUMS: [&str; 11] =
    ["合计", "小计", "总计", "共计", "累计", "总数", "本页合计", "本日合计", "平均", "平均值", "均价"];
/// Words that make a row a sum wherever they stand in it.
const CARRIED: [&str; 18] = [
    "合计",
    "小计",
    "总计",
    "本页合计",
    "本日合计",
    "本月合计",
    "本月累计",
    "本年累计",
    "本月小计",
    "月计",
    "累计",
    "承前页",
    "承上页",
    "过次页",
    "转下页",
    "接上页",
    "上页结转",
    "上页合计",
];
/// Words with which a row begins that is signed or explains.
const REMARKS: [&str; 22] = [
    "填表人",
    "填报人",
    "审核人",
    "制表人",
    "负责人签字",
    "单位负责人",
    "经办人",
    "签字",
    "审核",
    "制表",
    "填表日期",
    "填报日期",
    "填报单位",
    "填表单位",
    "联系人",
    "注",
    "备注",
    "说明",
    "填表说明",
    "记录人",
    "统计人",
    "站长签字",
];

impl Table {
    /// Why a row is no record; none where it is one.
    pub(super) fn no_record(&self, row: &Row) -> Option<&'static Reason> {
        let cells: Vec<(usize, String)> = row
            .cells
            .iter()
            .enumerate()
            .map(|(index, cell)| (index, visible(cell)))
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        let (_, first) = cells.first()?;
        let taken = |index: &usize| {
            matches!(
                self.header.places.get(*index),
                Some(Place::Field(_) | Place::Item(_) | Place::Axis(_) | Place::ExternalId | Place::Day)
            )
        };
        let ignored = |index: &usize| matches!(self.header.places.get(*index), Some(Place::Ignored));
        let begins = folded(first);
        let begin = |words: &[&str]| {
            words.iter().any(|word| {
                begins.strip_prefix(word).is_some_and(|rest| {
                    rest.is_empty()
                        || rest.starts_with(|letter: char| {
                            matches!(letter, ':' | '：' | ',' | '，' | '(' | '、') || letter.is_ascii_digit()
                        })
                })
            })
        };
        let filled = cells.iter().filter(|(index, _)| taken(index)).count();
        let is_carried = |(_, cell): &(usize, String)| CARRIED.contains(&folded(cell).as_str());
        if begin(&SUMS) || cells.iter().any(is_carried) {
            return Some(&SUM);
        }
        // A word alone may be what somebody is called; with a colon, or before nothing else, it isn't.
        let has_colon = begins.contains([':', '：']);
        let is_signed =
            has_colon && filled < 2 && (begins.contains("签字") || begins.contains("签名") || begins.contains("盖章"));
        if is_signed || (begin(&REMARKS) && (has_colon || filled < 2)) {
            return Some(&REMARK);
        }
        let same = |(index, cell): &(usize, String)| {
            self.header.names.get(*index).is_some_and(|name| folded(name) == folded(cell))
        };
        if cells.len() >= 2 && cells.iter().filter(|cell| same(cell)).count() * 2 > cells.len() {
            return Some(&HEADER);
        }
        if cells.iter().all(|(index, _)| ignored(index)) {
            return Some(&BLANK);
        }
        let is_one = cells.iter().all(|(_, cell)| cell == first);
        // A member of a book has a name beside the household's number.
        let is_book = self.header.kind.rules.book().is_some() && self.header.known() >= 3;
        let is_wide = (self.header.known() >= 4 && self.required.len() >= 2) || is_book;
        (is_one && is_wide && !has_no_text(first) && (cells.len() == 1 || cells.len() > 3)).then_some(&SECTION)
    }
}

fn has_no_text(text: &str) -> bool {
    !text.chars().any(char::is_alphabetic)
}
