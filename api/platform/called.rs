//! Finding what is called so: by a piece of its name, or of the first letters of the name's pinyin.

use kit::field::{Field, free_text};
use kit::text::{Text, folded};

use super::divisions::tree::initials;

/// Asks for what is called so.
pub const Q: Field = Field::new(
    "q",
    free_text(40),
    Text::new("Search", "查找"),
    "A piece of the name, or of the first letters of its pinyin: `惠民` and `hmcs` find 惠民超市.",
);

/// A piece of a name.
pub struct Piece {
    folded: String,
    is_of_letters: bool,
}

impl Piece {
    /// The piece that somebody typed, whatever its width and case.
    pub fn new(text: &str) -> Self {
        let folded = folded(text);
        Self { is_of_letters: folded.chars().all(|letter| letter.is_ascii_alphanumeric()), folded }
    }

    /// Whether a name has it, or its pinyin's first letters have.
    pub fn is_of(&self, name: &str) -> bool {
        let name = folded(name);
        name.contains(&self.folded) || (self.is_of_letters && initials(&name).contains(&self.folded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_of_names_and_of_their_first_letters() {
        let fits = |piece: &str, name: &str| Piece::new(piece).is_of(name);
        for piece in ["惠民", "HMCS", "hmcs", "ycqhm", " 惠 民 ", "３号", "3hd"] {
            assert!(fits(piece, "雨城区惠民超市 3号店"), "{piece}");
        }
        for piece in ["超惠", "hcsm", "惠民x"] {
            assert!(!fits(piece, "雨城区惠民超市 3号店"), "{piece}");
        }
        assert!(fits("daxing", "village.daxing") && fits("dx", "大兴"));
    }
}
