//! The parameters of figures.

use kit::field::{Field, Shape};
use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};

use super::districts::WIDE_AREA_CODE;
use crate::records::Kind;
use crate::records::list::DISTRICT_CODE;

/// Groupings of figures: the things that a line may stand for.
pub static BY_WORDS: Vocabulary = Vocabulary::new(
    "figure_grouping",
    Text::new("By", "分组"),
    &[
        word("total", "all together", "合计"),
        word("day", "day", "日"),
        word("hour", "hour", "小时"),
        word("area", "area", "区划"),
        word("place", "place", "场所"),
        word("org", "organisation", "单位"),
    ],
);
static BY: Field = Field::new(
    "by",
    Shape::Word(&BY_WORDS),
    Text::new("By", "分组"),
    "What a line stands for; `day` by default. `area` gives the level below `area_code`; `hour` only figures that are kept by the hour.",
);
/// The first day.
pub static FROM_ON: Field =
    Field::new("from_on", Shape::Day, Text::new("From day", "起始日"), "Of this day on; today by default.");
/// The last day.
pub static TO_ON: Field =
    Field::new("to_on", Shape::Day, Text::new("To day", "截止日"), "Until this day; `from_on` by default, or today.");
static ORG: Field = Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Only of this organisation.");
static PLACE: Field = Field::new("place_id", Shape::Id, Text::new("Place", "场所"), "Only of this place.");
static CUMULATIVE: Field = Field::new(
    "cumulative",
    Shape::Boolean,
    Text::new("Cumulative", "累计"),
    "From the first record on, until `to_on`: for `by=total`, `area`, `place`, `org`.",
);
static HEADERS: Vocabulary = Vocabulary::new(
    "figure_headers",
    Text::new("Headers", "表头语言"),
    &[word("zh", "Chinese", "中文"), word("en", "names of figures", "字段名")],
);
/// Of a file's headers.
pub static HEADERS_FIELD: Field = Field::new(
    "headers",
    Shape::Word(&HEADERS),
    Text::new("Headers", "表头语言"),
    "CSV: Chinese headers with a byte order mark, for Excel, or names; names by default.",
);

/// The parameters of a kind's figures.
pub fn of(kind: &Kind) -> Vec<&'static Field> {
    PARAMETERS.into_iter().chain(kind.rules.narrowed_by().iter().map(|condition| condition.parameter)).collect()
}

/// The parameters of all figures.
static PARAMETERS: [&Field; 9] =
    [&DISTRICT_CODE, &WIDE_AREA_CODE, &ORG, &PLACE, &FROM_ON, &TO_ON, &CUMULATIVE, &BY, &HEADERS_FIELD];
