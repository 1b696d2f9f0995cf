//! Vocabularies whose words fill the places of a fault's message: codes are for programs, people read words.

use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};

use crate::rooms::observation::isolation_cases::{STATE, SUPERVISOR_LEVEL, TO};
use crate::rooms::registers::places::PLACE_KIND;

static JSON_TYPE: Vocabulary = Vocabulary::new(
    "json_type",
    Text::new("Type", "类型"),
    &[
        word("string", "string", "文本"),
        word("integer", "integer", "整数"),
        word("number", "number", "数字"),
        word("boolean", "boolean", "是/否"),
        word("array", "array", "列表"),
        word("object", "object", "对象"),
    ],
);

/// The vocabularies of a place, by its name.
pub fn words_of(place: &str) -> Vec<&'static Vocabulary> {
    match place {
        "state" | "legal" => vec![&STATE, &TO],
        "levels" => vec![&SUPERVISOR_LEVEL],
        "kinds" => vec![&PLACE_KIND],
        "type" => vec![&JSON_TYPE],
        _ => Vec::new(),
    }
}
