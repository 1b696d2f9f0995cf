//! Text with places for figures: `{key}`, and no logic.

/// Places that every bulletin fills itself.
pub const BUILT_IN: [&str; 3] = ["as_of_on", "unit", "area"];

/// Piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Words.
    Text(&'a str),
    /// A place.
    Key(&'a str),
}

/// The pieces of a text, in order. A brace that closes nothing is a word like any other.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((key, behind)) = after.split_once('}') else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Key(key));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_between_words() {
        use Piece::{Key, Text};
        assert_eq!(pieces("派出{staff}名,{a}{b}"), [Text("派出"), Key("staff"), Text("名,"), Key("a"), Key("b")]);
        assert_eq!(pieces("}一{"), [Text("}一{")]);
        assert_eq!(pieces(""), []);
    }
}
