//! Where a submitted area code lies in the current edition.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use serde::Serialize;

use super::codes::{is_within, split_group};
use super::{Division, Divisions, Level};

/// The code was abolished, and its one successor is known.
const SUPERSEDED_AREA: &str = "superseded_area";
/// The code was abolished, and it isn't known which of several divisions it lies in.
const AMBIGUOUS_AREA: &str = "ambiguous_area";

/// A code of the current edition for whatever was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// The code in the current edition, without padding; a group's is `<village>-NN`.
    pub area_code: String,
    /// Code that was submitted, where it differs.
    pub submitted: Option<String>,
    /// `superseded_area`: the one successor of an abolished code. `ambiguous_area`: the nearest
    /// division that certainly holds it.
    pub warning: Option<&'static str>,
}

/// A division of the current edition, and the warning that goes with having got there.
type CurrentForm<'tree> = (&'tree Division, Option<&'static str>);

impl Divisions {
    /// Places a code: 2, 4, 6, 9 or 12 digits, zero-padded to 12 (or a province or prefecture to 6),
    /// or a village's group `<12 digits>-NN`. `None`: no edition asked knows it.
    ///
    /// Without an edition (or with the current one) a code means the current edition and only then
    /// an older one, because some codes mean different places in the two. In an older edition,
    /// - the same code with the same name today is itself, without a warning;
    /// - one successor is taken, with `superseded_area`;
    /// - several lead to their nearest common ancestor, with `ambiguous_area`; for a sender who writes in exactly one of
    ///   them, to that one ([`Self::place_for`]);
    /// - none known: to where the division above lies today, with `ambiguous_area`.
    ///
    /// A group keeps its number as long as its village is placed in one village; above that the
    /// number would mean nothing and is dropped (`submitted` keeps it).
    pub fn place(&self, code: &str, edition: Option<i16>) -> Option<Placement> {
        self.place_for(code, edition, |_| false)
    }

    /// The same for somebody whose area holds some divisions: where exactly one of several successors is among them,
    /// he means that one.
    pub fn place_for(&self, code: &str, edition: Option<i16>, holds: impl Fn(&str) -> bool) -> Option<Placement> {
        let (unit, group) = split_group(code)?;
        let row = self.find(unit, edition.filter(|edition| *edition != self.current_edition))?;
        if group.is_some() && row.level != Level::Village {
            return None;
        }
        let (area, warning) = self.current_form(row, &holds)?;
        let area_code = match group {
            Some(group) if area.level == Level::Village => format!("{}-{group}", area.code),
            _ => area.code.clone(),
        };
        let submitted = (area_code != code).then(|| code.to_owned());
        Some(Placement { area_code, submitted, warning })
    }

    fn current_form<'tree>(
        &'tree self,
        row: &'tree Division,
        holds: &impl Fn(&str) -> bool,
    ) -> Option<CurrentForm<'tree>> {
        if row.current {
            return Some((row, None));
        }
        if let Some(same) = self.find_exact(&row.code, self.current_edition).filter(|same| same.name == row.name) {
            return Some((same, None));
        }
        let successors: Vec<&Division> =
            row.successor_codes.iter().filter_map(|code| self.find_exact(code, self.current_edition)).collect();
        let held: Vec<&Division> = successors.iter().copied().filter(|division| holds(&division.code)).collect();
        match (successors.as_slice(), held.as_slice()) {
            ([only], _) | (_, [only]) => Some((only, Some(SUPERSEDED_AREA))),
            (several, _) => match self.common_ancestor(several) {
                Some(ancestor) => Some((ancestor, Some(AMBIGUOUS_AREA))),
                // Parents' codes are shorter, so this ends.
                None => {
                    let (above, _) = self.current_form(self.parent(row)?, holds)?;
                    Some((above, Some(AMBIGUOUS_AREA)))
                }
            },
        }
    }

    /// The lowest division that holds all of these.
    fn common_ancestor<'tree>(&'tree self, divisions: &[&'tree Division]) -> Option<&'tree Division> {
        let mut ancestor: &Division = divisions.first()?;
        while !divisions.iter().all(|division| is_within(&division.code, &ancestor.code)) {
            ancestor = self.parent(ancestor)?;
        }
        Some(ancestor)
    }
}
