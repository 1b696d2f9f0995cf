//! Checks of a template: every place in its text is a figure's, and nobody's number stands in it.

use std::collections::BTreeSet;

use kit::faults::Faults;

use super::figure_names::FigureNames;
use super::wire::{Clause, PARAGRAPHS, Paragraph};
use crate::records::Draft;
use crate::rooms::bulletins::codes::{KEY_TAKEN, PERSONAL_DATA_IN_TEXT, UNKNOWN_PLACEHOLDER};
use crate::rooms::bulletins::text::{BUILT_IN, Piece, pieces};
use crate::statistics::codes::UNKNOWN_FIGURE;

/// Notes figures that there aren't.
pub fn check_figures(draft: &Draft, paragraphs: &[Paragraph], names: &FigureNames, faults: &mut Faults) {
    for (number, paragraph) in paragraphs.iter().enumerate() {
        for (index, clause) in paragraph.clauses.iter().enumerate() {
            let at = format!("{}/{number}/clauses/{index}", draft.at(&PARAGRAPHS));
            let figures = clause.figures.iter().flatten().enumerate();
            let figures = figures.map(|(index, figure)| (format!("{at}/figures/{index}/query/figure"), &figure.query));
            let needs = clause.needs.iter().flatten().enumerate();
            let needs = needs.map(|(index, query)| (format!("{at}/needs/{index}/figure"), query));
            for (pointer, _) in figures.chain(needs).filter(|(_, query)| !names.may_hold(&query.figure)) {
                faults.add(pointer, UNKNOWN_FIGURE);
            }
        }
    }
}

/// Notes what is wrong with the words of paragraphs.
pub fn check_paragraphs(draft: &Draft, paragraphs: &[Paragraph], faults: &mut Faults) {
    let mut keys = BTreeSet::new();
    for (index, paragraph) in paragraphs.iter().enumerate() {
        let at = format!("{}/{index}", draft.at(&PARAGRAPHS));
        for (member, text) in [("heading", &paragraph.heading), ("lead", &paragraph.lead)] {
            if let Some(text) = text {
                check_text(&format!("{at}/{member}"), text, &[], faults);
            }
        }
        for (index, clause) in paragraph.clauses.iter().enumerate() {
            check_clause(&format!("{at}/clauses/{index}"), clause, &mut keys, faults);
        }
    }
}

fn check_clause(at: &str, clause: &Clause, keys: &mut BTreeSet<String>, faults: &mut Faults) {
    let figures = clause.figures.iter().flatten();
    let own: Vec<&str> = figures.clone().map(|figure| figure.key.as_str()).collect();
    for (index, figure) in figures.enumerate() {
        let is_taken = BUILT_IN.contains(&figure.key.as_str()) || !keys.insert(figure.key.clone());
        if is_taken {
            faults.add(format!("{at}/figures/{index}/key"), KEY_TAKEN);
        }
    }
    check_text(&format!("{at}/text"), &clause.text, &own, faults);
}

fn check_text(at: &str, text: &str, keys: &[&str], faults: &mut Faults) {
    for piece in pieces(text) {
        match piece {
            Piece::Key(key) if !keys.contains(&key) && !BUILT_IN.contains(&key) => {
                let known: Vec<&str> = keys.iter().copied().chain(BUILT_IN).collect();
                let values = vec![("key", key.to_owned()), ("known", known.join(", "))];
                faults.add_with(at.to_owned(), UNKNOWN_PLACEHOLDER, values);
            }
            Piece::Text(text) if is_personal(text) => faults.add(at.to_owned(), PERSONAL_DATA_IN_TEXT),
            _ => {}
        }
    }
}

/// Digits of a mobile phone.
const PHONE: usize = 11;
/// Characters of an identity card.
const CARD: usize = 18;
/// Letters and digits of a plate after its province.
const PLATE: std::ops::RangeInclusive<usize> = 6..=7;
/// Characters with which plates of all provinces begin.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// Whether something in a text looks like somebody's phone, card or plate.
fn is_personal(text: &str) -> bool {
    let letters: Vec<char> = text.chars().map(kit::text::half_width).filter(|letter| !letter.is_whitespace()).collect();
    let runs = letters.split(|letter| !letter.is_ascii_alphanumeric());
    let numbers = runs.into_iter().any(|run| {
        let is_phone = run.len() == PHONE && run.starts_with(&['1']) && run.iter().all(char::is_ascii_digit);
        let digits = run.iter().filter(|letter| letter.is_ascii_digit()).count();
        is_phone || run.len() == CARD && digits + 1 >= CARD
    });
    let plates = letters.iter().enumerate().any(|(at, letter)| {
        let after = letters.get(at + 1..).unwrap_or_default();
        let run = after.iter().take_while(|letter| letter.is_ascii_alphanumeric() || **letter == '·').count();
        let digits = after.iter().take(run).filter(|letter| letter.is_ascii_digit()).count();
        PROVINCES.contains(*letter)
            && after.first().is_some_and(char::is_ascii_uppercase)
            && PLATE.contains(&run)
            && digits >= 2
    });
    numbers || plates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_found_and_others_are_not() {
        for text in ["联系13800138000", "１３８ ００１３８０００", "51180219800101001X号", "川TA1234的车", "川T·A1234"]
        {
            assert!(is_personal(text), "{text}");
        }
        for text in ["截止2020年2月2日", "12345热线", "20200202001期", "川A区", "云A", "电话0835-2222222"]
        {
            assert!(!is_personal(text), "{text}");
        }
    }
}
