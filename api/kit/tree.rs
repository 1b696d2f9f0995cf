//! JSON as it was sent, before anything is made of it: duplicates and all.
//!
//! `serde_json::Value` keeps the last of two equal keys and says nothing; here both are kept, so that
//! the check can name the pointer. Depth is bounded by `serde_json` (128) and by [`MAX_DEPTH`], width by [`MAX_MEMBERS`].

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Number, Value as Json};

use super::catalogue::{Code, FaultCode};
use super::faults::Fault;
use super::problem::Problem;

/// Deeper nesting than this is refused: no body of the contract needs more.
pub const MAX_DEPTH: usize = 16;

/// More members of one object than this are refused: no body of the contract needs more, and what compares
/// each with each (duplicates, merges) would take minutes for the names of one large body.
pub const MAX_MEMBERS: usize = 500;

/// A JSON value as sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Tree>),
    /// An object with its members in order, equal names kept.
    Object(Vec<(String, Tree)>),
}

/// Why bytes are no tree. Positions only: never a piece of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeFault {
    /// Not JSON, or an object wider than [`MAX_MEMBERS`], at a line and column counted from 1.
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl TreeFault {
    /// As it is told: where it is no JSON, or that it is too deep.
    pub fn problem(self) -> Problem {
        let (code, values) = match self {
            Self::Malformed { line, column } => {
                (FaultCode::BAD_SYNTAX, vec![("line", line.to_string()), ("column", column.to_string())])
            }
            Self::TooDeep => (FaultCode::TOO_DEEP, vec![("max", MAX_DEPTH.to_string())]),
        };
        Problem::of_faults(Code::MALFORMED_JSON, vec![Fault { pointer: String::new(), code, values, hint: None }])
    }
}

impl Tree {
    /// Parses a whole body.
    pub fn parse(bytes: &[u8]) -> Result<Self, TreeFault> {
        let tree: Self = serde_json::from_slice(bytes)
            .map_err(|error| TreeFault::Malformed { line: error.line(), column: error.column() })?;
        if tree.depth() > MAX_DEPTH { Err(TreeFault::TooDeep) } else { Ok(tree) }
    }

    /// A tree from a JSON value of our own.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(boolean) => Self::Boolean(*boolean),
            Json::Number(number) => Self::Number(number.clone()),
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(members) => {
                Self::Object(members.iter().map(|(name, value)| (name.clone(), Self::from_json(value))).collect())
            }
        }
    }

    /// The member of an object, the last of equal names.
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => 1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            _ => 1,
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

/// As it was sent, equal names and all: what is kept for later must be judged then as it would have been at once.
impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, member) in members {
                    map.serialize_entry(name, member)?;
                }
                map.end()
            }
        }
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Number::from_f64(value).map_or(Tree::Null, Tree::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            if members.len() == MAX_MEMBERS {
                return Err(A::Error::custom("too many members"));
            }
            members.push(member);
        }
        Ok(Tree::Object(members))
    }
}

/// A tree as JSON; of a member given twice the last.
pub fn to_json(tree: &Tree) -> Json {
    match tree {
        Tree::Null => Json::Null,
        Tree::Boolean(boolean) => Json::Bool(*boolean),
        Tree::Number(number) => Json::Number(number.clone()),
        Tree::Text(text) => Json::String(text.clone()),
        Tree::List(items) => items.iter().map(to_json).collect(),
        Tree::Object(members) => members.iter().map(|(name, member)| (name.clone(), to_json(member))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_kept() {
        let tree = Tree::parse(br#"{"a":1,"a":2}"#).unwrap();
        assert!(matches!(&tree, Tree::Object(members) if members.len() == 2));
        assert_eq!(tree.member("a"), Some(&Tree::Number(2.into())));
        assert_eq!(serde_json::to_string(&tree).unwrap(), r#"{"a":1,"a":2}"#);
    }

    #[test]
    fn a_number_is_the_one_that_was_written() {
        for text in ["8.116252950121896e-8", "103.04837155", "-30.000000000000004"] {
            assert_eq!(
                Tree::parse(text.as_bytes()),
                Ok(Tree::Number(Number::from_f64(text.parse().unwrap()).unwrap()))
            );
        }
    }

    #[test]
    fn what_is_no_json_has_a_position() {
        assert_eq!(Tree::parse(b"{\"a\":\n]"), Err(TreeFault::Malformed { line: 2, column: 1 }));
        for bytes in [&b""[..], b"{", b"{\"a\":\"\xff\"}", b"1e999", b"{} x", br#""\ud800""#] {
            assert!(matches!(Tree::parse(bytes), Err(TreeFault::Malformed { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn width_is_bounded() {
        let wide = |width: usize| {
            let members: Vec<String> = (0..width).map(|number| format!("\"{number}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(Tree::parse(wide(MAX_MEMBERS).as_bytes()).is_ok());
        assert!(Tree::parse(wide(MAX_MEMBERS + 1).as_bytes()).is_err());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Tree::parse(nested(16).as_bytes()).is_ok());
        assert_eq!(Tree::parse(nested(17).as_bytes()), Err(TreeFault::TooDeep));
        assert!(Tree::parse(nested(100_000).as_bytes()).is_err());
    }
}
