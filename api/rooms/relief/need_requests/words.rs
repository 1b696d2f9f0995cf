//! Items that a household asks for, as people write them in one cell: `大米10斤、口罩5个`.

use kit::text::half_width;
use kit::tree::Tree;

use crate::rooms::supply::commodities::COMMODITY_WORDS;

/// Signs between the items of a cell.
const BETWEEN: [char; 8] = ['、', ',', '，', ';', '；', '+', '\n', '。'];

/// The items of a cell; what says no amount stays text, for the check to refuse: nothing is guessed.
pub fn items(text: &str) -> Vec<Tree> {
    let parts = text.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| item(part).unwrap_or_else(|| Tree::Text(part.to_owned()))).collect()
}

/// `大米10斤`, `大米 10 斤`, `10斤大米`.
fn item(text: &str) -> Option<Tree> {
    let text: String = text.chars().map(half_width).filter(|letter| !letter.is_whitespace()).collect();
    let is_of_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let from = text.find(|letter: char| letter.is_ascii_digit())?;
    let rest = text.get(from..)?;
    let end = rest.find(|letter| !is_of_number(letter)).unwrap_or(rest.len());
    let (number, behind) = rest.split_at_checked(end)?;
    let before = text.get(..from)?.trim_matches(['(', ')', ':', '×', '*', '-']);
    let behind = behind.trim_matches(['(', ')']);
    let (name, unit) = if before.is_empty() { unit_before(behind)? } else { (before, behind) };
    if unit.is_empty() || unit.chars().any(|letter| letter.is_ascii_digit()) {
        return None;
    }
    let mut members = vec![
        ("item".to_owned(), Tree::Text(name.to_owned())),
        ("quantity".to_owned(), Tree::Text(number.trim_end_matches('.').to_owned())),
        ("quantity_unit".to_owned(), Tree::Text(unit.to_owned())),
    ];
    let known = COMMODITY_WORDS.words.iter().find(|word| word.label.zh == name);
    members.extend(known.map(|word| ("commodity".to_owned(), Tree::Text(word.code.to_owned()))));
    Some(Tree::Object(members))
}

/// Units that stand before what is measured, the longest first.
const UNITS: [&str; 16] =
    ["公斤", "千克", "毫升", "斤", "克", "升", "袋", "包", "盒", "瓶", "桶", "箱", "件", "个", "只", "份"];

fn unit_before(text: &str) -> Option<(&str, &str)> {
    let unit = UNITS.iter().find(|unit| text.starts_with(**unit))?;
    let name = text.strip_prefix(unit)?;
    (!name.is_empty()).then_some((name, *unit))
}

#[cfg(test)]
mod tests {
    use kit::tree::to_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn needs_as_people_write_them() {
        let read: Vec<_> = items("大米10斤、口罩 ５ 个，2.5公斤猪肉；蔬菜若干").iter().map(to_json).collect();
        assert_eq!(read[0], json!({"item": "大米", "quantity": "10", "quantity_unit": "斤"}));
        assert_eq!(read[1], json!({"item": "口罩", "quantity": "5", "quantity_unit": "个"}));
        assert_eq!(read[2], json!({"item": "猪肉", "quantity": "2.5", "quantity_unit": "公斤"}));
        assert_eq!(read[3], json!("蔬菜若干"));
    }
}
