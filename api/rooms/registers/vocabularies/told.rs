//! Vocabularies whose words fill the places of a fault's message: codes are for programs, people read words.

use kit::vocabulary::Vocabulary;
use kit::words;

use crate::rooms::observation::{IsolationState, IsolationTransition, SupervisorLevel};
use crate::rooms::registers::places::PlaceKind;

words! {
    /// Type of it.
    pub JsonType "json_type" "Type" "类型" {
        String "string" "string" "文本";
        Integer "integer" "integer" "整数";
        Number "number" "number" "数字";
        Boolean "boolean" "boolean" "是/否";
        Array "array" "array" "列表";
        Object "object" "object" "对象";
    }
}

/// The vocabularies of a place, by its name.
pub fn words_of(place: &str) -> Vec<&'static Vocabulary> {
    match place {
        "state" | "legal" => vec![IsolationState::VOCABULARY, IsolationTransition::VOCABULARY],
        "levels" => vec![SupervisorLevel::VOCABULARY],
        "kinds" => vec![PlaceKind::VOCABULARY],
        "type" => vec![JsonType::VOCABULARY],
        _ => Vec::new(),
    }
}
