//! The fields of a work log.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::{Language, Text};
use kit::{fields, object, words};
use uuid::Uuid;

words! {
    /// Level of whoever keeps a log.
    pub WorkLogLevel "work_log_level" "Level" "级别" {
        Subdistrict "subdistrict" "subdistrict or town" "街道(乡镇)";
        Village "village" "village or community" "村(社区)";
        Group "group" "group" "组";
    }
}

words! {
    /// Why there was no work.
    pub ZeroReason "work_log_zero_reason" "Why no work" "无工作原因" {
        Rest "rest" "day off" "轮休";
        Leave "leave" "leave" "请假";
        OtherDuty "other_duty" "another task" "其他任务";
    }
}

const COUNT: Shape = Shape::Integer { min: 0, max: 100_000 };

object! {
    /// How much was done.
    #[derive(Default, PartialEq, Eq)]
    pub struct WorkCounts, WORK_COUNTS {
        households_visited: Option<i64> = Field::new("households_visited", COUNT, Text::new("Households visited", "入户摸排"), "Households, as often as they were visited.").also(&["入户数", "入户户数", "走访户数", "摸排户数"]);
        calls: Option<i64> = Field::new("calls", COUNT, Text::new("Calls", "电话核查"), "Calls and messages.").also(&["电话数", "电话排查"]);
        visits: Option<i64> = Field::new("visits", COUNT, Text::new("Visits", "上门随访"), "Visits to people under observation.").also(&["随访次数", "随访"]);
        readings: Option<i64> = Field::new("readings", COUNT, Text::new("Temperatures taken", "测温"), "Temperatures taken.").also(&["测温次数", "测温人次"]);
        passages: Option<i64> = Field::new("passages", COUNT, Text::new("Passages registered", "卡点登记"), "Passages registered at gates.").also(&["登记人次", "出入登记"]);
        checks: Option<i64> = Field::new("checks", COUNT, Text::new("Checks", "检查抽查"), "Inspections and spot checks.").also(&["检查次数"]);
        patrols: Option<i64> = Field::new("patrols", COUNT, Text::new("Patrols", "巡查"), "Patrols.").also(&["巡查次数", "巡逻"]);
        disinfections: Option<i64> = Field::new("disinfections", COUNT, Text::new("Disinfections", "消杀"), "Disinfections.").also(&["消杀次数"]);
        deliveries: Option<i64> = Field::new("deliveries", COUNT, Text::new("Deliveries", "代购送货"), "Errands and deliveries.").also(&["代购次数", "送货次数"]);
        copies: Option<i64> = Field::new("copies", COUNT, Text::new("Copies given out", "发放资料"), "Leaflets given out.").also(&["发放份数", "宣传资料"]);
        persons_found: Option<i64> = Field::new("persons_found", COUNT, Text::new("People found", "排查重点人员"), "Key people who were found.").also(&["新发现人数", "发现返乡人员"]);
        gatherings_stopped: Option<i64> = Field::new("gatherings_stopped", COUNT, Text::new("Gatherings stopped", "劝阻聚集"), "Gatherings stopped.").also(&["劝阻次数", "劝散聚集"]);
    }
}

/// A count by its name, and the word for what is counted.
type Counted = (&'static str, &'static str, &'static str);

/// Units of the counts, in Chinese and in English.
const UNITS: [Counted; 12] = [
    ("households_visited", "户", "households visited"),
    ("calls", "次", "calls"),
    ("visits", "次", "visits to people under observation"),
    ("readings", "人次", "temperatures taken"),
    ("passages", "人次", "passages registered"),
    ("checks", "次", "checks"),
    ("patrols", "次", "patrols"),
    ("disinfections", "次", "disinfections"),
    ("deliveries", "次", "deliveries"),
    ("copies", "份", "copies given out"),
    ("persons_found", "人", "people found"),
    ("gatherings_stopped", "起", "gatherings stopped"),
];

impl WorkCounts {
    /// A count by its name.
    pub fn of(&self, name: &str) -> Option<i64> {
        let all = [
            self.households_visited,
            self.calls,
            self.visits,
            self.readings,
            self.passages,
            self.checks,
            self.patrols,
            self.disinfections,
            self.deliveries,
            self.copies,
            self.persons_found,
            self.gatherings_stopped,
        ];
        UNITS.iter().zip(all).find(|((own, ..), _)| *own == name).and_then(|(_, count)| count)
    }

    /// Names of all counts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        UNITS.iter().map(|(name, ..)| *name)
    }

    /// All of it together.
    pub fn sum(&self) -> i64 {
        Self::names().filter_map(|name| self.of(name)).sum()
    }

    /// In a sentence: 2月2日:入户摸排12户，电话核查5次。
    pub fn said(&self, day: NaiveDate, language: Language) -> String {
        let done = UNITS.iter().filter_map(|(name, zh, en)| {
            let count = self.of(name).filter(|count| *count > 0)?;
            let label = WORK_COUNTS.iter().find(|field| field.name == *name)?.label;
            Some(match language {
                Language::Chinese => format!("{}{count}{zh}", label.zh),
                Language::English => format!("{en}: {count}"),
            })
        });
        let done: Vec<String> = done.collect();
        match language {
            Language::Chinese if done.is_empty() => format!("{}:无记录。", day.format("%-m月%-d日")),
            Language::Chinese => format!("{}:{}。", day.format("%-m月%-d日"), done.join("，")),
            Language::English if done.is_empty() => format!("{day}. No records."),
            Language::English => format!("{day}. {}.", done.join("; ")),
        }
    }
}

fields! {
    /// The fields of a log, beside the envelope's.
    pub static FIELDS;
    LEVEL: WorkLogLevel = Field::new("level", Shape::Word(WorkLogLevel::VOCABULARY), Text::new("Level", "级别"), "Level of whoever keeps it.").also(&["层级", "所属级别"]).required();
    WORKED_ON: NaiveDate = Field::new("worked_on", Shape::Day, Text::new("Day", "工作日期"), "The day that it tells of.").also(&["日期", "日志日期"]).required().on_create().any_day();
    USER_ID: Uuid = Field::new("user_id", Shape::Id, Text::new("Author", "记录人账号"), "Whose log it is: the account that wrote it.").by_server();
    IS_ZERO: bool = Field::new("is_zero", Shape::Boolean, Text::new("No work", "当日无工作"), "Whether there was no work that day: that counts, silence doesn't.");
    ZERO_REASON: ZeroReason = Field::new("zero_reason", Shape::Word(ZeroReason::VOCABULARY), Text::new("Why no work", "无工作原因"), "Needed where there was none.");
    CONTENT: String = Field::new("content", free_text(2_000), Text::new("Content", "工作内容"), "What was done, in words. Encrypted at rest.").also(&["日志内容", "工作情况", "内容"]).sealed();
    COUNTS: WorkCounts = Field::new("counts", Shape::Object(WORK_COUNTS), Text::new("Counts", "工作量"), "How much was done.");
    COMPUTED: WorkCounts = Field::new("computed", Shape::Object(WORK_COUNTS), Text::new("Computed", "系统统计"), "How much the author's own records of the day said when it was written.").by_server();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_its_word_and_is_read_by_its_name() {
        let names: Vec<&str> = WORK_COUNTS.iter().map(|field| field.name).collect();
        assert_eq!(names, WorkCounts::names().collect::<Vec<_>>());
        for (at, name) in names.iter().enumerate() {
            let counts: WorkCounts = serde_json::from_value(serde_json::json!({ *name: at })).unwrap();
            assert_eq!((counts.of(name), counts.sum()), (Some(at as i64), at as i64));
        }
    }

    #[test]
    fn a_log_is_said_in_both_languages() {
        let counts =
            WorkCounts { households_visited: Some(12), calls: Some(5), visits: Some(0), ..WorkCounts::default() };
        let day = "2020-02-02".parse().unwrap();
        assert_eq!(counts.said(day, Language::Chinese), "2月2日:入户摸排12户，电话核查5次。");
        assert_eq!(counts.said(day, Language::English), "2020-02-02. households visited: 12; calls: 5.");
        assert_eq!(WorkCounts::default().said(day, Language::Chinese), "2月2日:无记录。");
    }
}
