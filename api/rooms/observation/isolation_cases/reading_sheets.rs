//! Readings in wide sheets: a row a person, a column a day and part of the day.

use kit::catalogue::FaultCode;
use kit::text::{Text, half_width};
use kit::tree::Tree;

use super::absences;
use super::readings::{SLOT, TEMPERATURE_C, TemperatureSlot};
use crate::records::Warning;
use crate::records::wide::{NotDone, Wide, WideAxis, WideCell, WideSlot};
use crate::rooms::observation::codes::NOT_A_TEMPERATURE;

/// `365` was read as 36.5.
pub static DECIMAL_POINT_ASSUMED: Warning = Warning {
    code: "decimal_point_assumed",
    message: Text::new("written without its point; read with one decimal place", "未写小数点,按一位小数登记"),
};
/// Tenths that are a temperature without its point; others may be anything.
const WITHOUT_POINT: std::ops::RangeInclusive<u32> = 320..=430;

/// How readings lie in sheets.
pub static READING_SHEETS: Wide = Wide {
    axis: WideAxis::DayAndSlot {
        slot: &[SLOT.name()],
        slots: &[
            WideSlot {
                code: TemperatureSlot::Am.code(),
                words: &["上午", "早上", "早晨", "早", "晨", "上", "am"],
                hour: 8,
            },
            WideSlot {
                code: TemperatureSlot::Pm.code(),
                words: &["下午", "晚上", "中午后", "傍晚", "晚", "下", "pm"],
                hour: 17,
            },
        ],
        read,
    },
    cell: &[TEMPERATURE_C.name()],
    called: Text::new("temperature", "体温"),
    blank: &["无", "未测", "未到"],
    not_done: ABSENCES,
    absences: Some(&absences::KEPT),
};

/// Reasons for which somebody wasn't measured.
pub static ABSENCES: &[NotDone] = &[
    NotDone {
        words: &["外出", "外出未测", "不在家", "未在家"], code: "out", meaning: Text::new("out", "外出,未测")
    },
    NotDone {
        words: &["拒测", "拒绝", "拒绝测量", "拒绝测温", "不配合"],
        code: "refused",
        meaning: Text::new("refused to be measured", "拒绝测量"),
    },
    NotDone {
        words: &["已解除", "解除", "解除观察", "已解除观察", "解除隔离", "已解除隔离"],
        code: "released",
        meaning: Text::new("released", "已解除观察"),
    },
    NotDone {
        words: &["住院", "已住院", "就医", "送医", "转院"],
        code: "in_hospital",
        meaning: Text::new("in hospital", "就医或住院"),
    },
];

/// `36.5`, `36.5℃`, `36度5`, `３６．５`, `365`.
fn read(text: &str) -> Result<WideCell, FaultCode> {
    let text: String = half_width_of(text);
    let bare = ["℃", "°c", "摄氏度", "度", "c"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(&text);
    let bare = bare.replace('度', ".");
    let is_number = !bare.is_empty()
        && bare.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
        && bare.matches('.').count() <= 1
        && bare.starts_with(|letter: char| letter.is_ascii_digit())
        && bare.ends_with(|letter: char| letter.is_ascii_digit());
    if !is_number {
        return Err(NOT_A_TEMPERATURE);
    }
    let tenths = bare.parse::<u32>().ok().filter(|tenths| WITHOUT_POINT.contains(tenths));
    let (degrees, warning) = match tenths {
        Some(tenths) => (format!("{}.{}", tenths / 10, tenths % 10), Some(&DECIMAL_POINT_ASSUMED)),
        None => (bare, None),
    };
    Ok(WideCell {
        members: vec![(const { &[TEMPERATURE_C.name()] }, Tree::Text(degrees))],
        warning,
        ..WideCell::default()
    })
}

fn half_width_of(text: &str) -> String {
    let letters = text.chars().filter(|letter| !letter.is_whitespace()).map(half_width);
    letters.collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_as_people_write_them() {
        let of = |text: &str| {
            let cell = read(text).ok()?;
            let Some((_, Tree::Text(degrees))) = cell.members.into_iter().next() else { return None };
            Some((degrees, cell.warning.is_some()))
        };
        for (text, expected) in [
            ("36.5", Some(("36.5", false))),
            ("36.5℃", Some(("36.5", false))),
            ("36度5", Some(("36.5", false))),
            ("36度", Some(("36", false))),
            ("３６．５", Some(("36.5", false))),
            ("365", Some(("36.5", true))),
            ("430", Some(("43.0", true))),
            ("319", Some(("319", false))),
            ("431", Some(("431", false))),
            ("正常", None),
            ("36.5.1", None),
            (".5", None),
        ] {
            assert_eq!(of(text), expected.map(|(text, assumed)| (text.to_owned(), assumed)), "{text}");
        }
    }
}
