//! Cells that a spreadsheet would run. A text cell that begins as a formula gets an apostrophe before
//! it, one that begins with an apostrophe another; an import takes one away again.

use std::borrow::Cow;

const RUN: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text as it is safe in a cell.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(RUN) || text.starts_with('\'') { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// What was meant by a cell: one leading apostrophe is taken away where we, or people who write numbers
/// as text, put one.
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(RUN) || rest.starts_with('\'') => rest,
        Some(rest) if rest.starts_with(|letter: char| letter.is_ascii_digit()) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_guarded_and_comes_back() {
        for text in ["=1+1", "+86", "-3", "@SUM(A1)", "\tx", "\rx", "'quoted", "''", "张三", "", "36.5", "a=b"] {
            let cell = guarded(text);
            assert!(!cell.starts_with(RUN), "{text}");
            assert_eq!(unguarded(&cell), text);
        }
        assert_eq!(unguarded("'511802199003071234"), "511802199003071234");
        assert_eq!(unguarded("'tis"), "'tis");
    }
}
