//! Cells that a spreadsheet would run. A text cell that begins as a formula gets an apostrophe before
//! it, one that begins with an apostrophe another; an import takes one away again.

use std::borrow::Cow;

use kit::text::is_invisible;

/// The full-width ones are taken for the others by spreadsheets in Chinese and Japanese.
const RUN: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// The text as it is safe in a cell.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_run(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A cell as somebody typed it, safe where a spreadsheet would run it. One that begins with an apostrophe is safe as
/// it is, and a mark such as `-` is nothing to run.
pub fn defused(text: &str) -> Cow<'_, str> {
    let is_mark = text.chars().all(|letter| matches!(letter, '-' | '－'));
    if !is_mark && would_run(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Restores a cell's text as it was meant: one leading apostrophe is taken away where we, or people who write numbers
/// as text, put one.
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_run(rest) => rest,
        Some(rest) if rest.starts_with(|letter: char| letter.is_ascii_digit()) => rest,
        _ => text,
    }
}

/// Whether text begins as a formula, or as one that was guarded. What can't be seen may stand before it: it is gone
/// when the cell is read, and an apostrophe after it would be taken for a guard.
fn is_run(text: &str) -> bool {
    would_run(text) || shown(text).starts_with('\'')
}

fn would_run(text: &str) -> bool {
    text.starts_with(RUN) || shown(text).starts_with(RUN)
}

fn shown(text: &str) -> &str {
    text.trim_start_matches(|letter: char| is_unseen(letter) || letter.is_whitespace() || letter == '"')
}

/// Letters that take no room on the screen: they go where a cell is read.
pub(super) fn is_unseen(letter: char) -> bool {
    is_invisible(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_guarded_and_comes_back() {
        for text in [
            "=1+1",
            "+86",
            "-3",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "'quoted",
            "''",
            "张三",
            "",
            "36.5",
            "a=b",
            "\u{200b}'=1",
            "\u{feff} =1",
            "＝1+1",
            "＋86",
            "－3",
            "＠SUM(A1)",
            "=\"0123\"",
            "\"=1+1\"",
            "\u{202e}=1+1",
            "\u{2066}＝1",
        ] {
            let cell = guarded(text);
            assert!(!cell.starts_with(RUN), "{text}");
            assert_eq!(unguarded(&cell), text);
        }
        for text in ["=1+1", "'=1+1", "''x", "'tis", "'0123", "+86", "-", "－", "\"=1", "\u{200b}=1", "张三"] {
            let cell = defused(text);
            assert!(!would_run(&cell) || cell == "-" || cell == "－", "{text}");
            assert_eq!(unguarded(&cell), unguarded(text), "it reads as it did");
            assert_eq!(defused(&cell), cell, "and stays as it is");
        }
        assert_eq!(unguarded("'511802199003071234"), "511802199003071234");
        assert_eq!(unguarded("'tis"), "'tis");
    }
}
