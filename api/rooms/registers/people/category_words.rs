//! Categories as a sheet tells them, in words: they hold since the sheet's day.

use chrono::NaiveDate;
use kit::tree::Tree;

use super::wire::{HeldCategory, PersonCategory};
use crate::exchange::files::texts::words_in;

/// How it is known, of what a sheet told without saying how.
const BY_SHEET: &str = "导入表格";

/// The categories that a cell names; what is none stays text, for the check to refuse.
pub fn in_words(text: &str, on: NaiveDate) -> Vec<Tree> {
    let held = |word: String| match PersonCategory::of_code(&word) {
        Some(_) => Tree::Object(vec![
            ("category".to_owned(), Tree::Text(word)),
            ("since_on".to_owned(), Tree::Text(on.to_string())),
            ("source".to_owned(), Tree::Text(BY_SHEET.to_owned())),
        ]),
        None => Tree::Text(word),
    };
    words_in(PersonCategory::VOCABULARY, text).into_iter().map(held).collect()
}

/// Whether a sheet tells again, on another day, what holds already.
pub fn is_told_again(held: &[HeldCategory], told: &HeldCategory) -> bool {
    let open = |other: &&HeldCategory| other.category == told.category && other.until_on.is_none();
    told.source.as_deref() == Some(BY_SHEET) && held.iter().any(|other| open(&other) && other.since_on <= told.since_on)
}
