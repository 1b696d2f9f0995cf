//! Duty rosters (值班表): a row a post and its hours, a column a day, in each cell the names of those who stand there. One
//! sheet says which shifts there are and who takes them.

use kit::catalogue::FaultCode;
use kit::text::Text;
use kit::tree::Tree;

use super::assignments::{self, SHIFT_ID, VOLUNTEER_ID};
use super::{ENDS_AT, NEEDS, STARTS_AT};
use crate::records::wide::{Path, Wide, WideAxis, WideCell};

/// More names than this in one cell are a text.
const MOST_NAMES: usize = 50;
/// The role of those of whom nothing else is said.
const ANYBODY: &str = super::ANYBODY.code();

/// Shifts: how many people a cell names.
pub static SHIFT_ROSTERS: Wide = Wide {
    axis: WideAxis::Day { period: (&[STARTS_AT.name()], &[ENDS_AT.name()]), read: needs },
    cell: &[NEEDS.name()],
    called: Text::new("names", "值班人员"),
    blank: &["无", "休", "休息", "空", "无人"],
    not_done: &[("停班", Text::new("no shift", "停班")), ("放假", Text::new("no shift", "放假"))],
};
/// Who takes them: each name of a cell.
pub static ASSIGNMENT_ROSTERS: Wide = Wide {
    axis: WideAxis::Day {
        period: (&[SHIFT_ID.name(), STARTS_AT.name()], &[SHIFT_ID.name(), ENDS_AT.name()]),
        read: takers,
    },
    cell: &[VOLUNTEER_ID.name()],
    called: Text::new("names", "值班人员"),
    blank: SHIFT_ROSTERS.blank,
    not_done: SHIFT_ROSTERS.not_done,
};

fn names(text: &str) -> Result<Vec<&str>, FaultCode> {
    let parts = text.split(['、', ',', '，', ';', '；', '/', ' ', '\u{3000}', '\n']);
    let names: Vec<&str> = parts.map(str::trim).filter(|name| !name.is_empty()).collect();
    let sound =
        names.len() <= MOST_NAMES && names.iter().all(|name| !name.chars().any(|letter| letter.is_ascii_digit()));
    if sound { Ok(names) } else { Err(FaultCode::BAD_FORMAT) }
}

/// A shift needs as many as are named. The names are kept in its note: who takes it is said by the assignments.
fn needs(text: &str) -> Result<Vec<WideCell>, FaultCode> {
    const COUNT: Path = &[NEEDS.name(), "count"];
    const ROLE: Path = &[NEEDS.name(), "role"];
    let names = names(text)?;
    Ok(vec![WideCell {
        members: vec![(COUNT, Tree::Number(names.len().into()))],
        defaults: vec![(ROLE, Tree::Text(ANYBODY.to_owned()))],
        noted: Some(names.join("、")),
        ..WideCell::default()
    }])
}

fn takers(text: &str) -> Result<Vec<WideCell>, FaultCode> {
    const NAME: Path = &[VOLUNTEER_ID.name(), "name"];
    const ROLE: Path = &[assignments::ROLE.name()];
    let taker = |name: &str| WideCell {
        members: vec![(NAME, Tree::Text(name.to_owned()))],
        defaults: vec![(ROLE, Tree::Text(ANYBODY.to_owned()))],
        ..WideCell::default()
    };
    Ok(names(text)?.into_iter().map(taker).collect())
}
