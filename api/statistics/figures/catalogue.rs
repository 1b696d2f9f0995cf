//! The catalogue: every figure that a kind declares or a theme computes, by its name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::problem::Problem;

use crate::platform::access::roles::{Role, with_statistics};
use crate::platform::http::Call;
use crate::records::closed::{is_open_to, require_person};
use crate::records::named_figures::{CatalogueEntry, NamedFigureSources, Taken};
use crate::records::{Figure, Kind};
use crate::statistics::document::counters;

/// The field, and the filter of lists, of kinds whose records stand at places.
pub(super) const PLACE_ID: &str = "place_id";

/// Computed by what.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// A kind's own.
    Kind(&'static Kind, &'static Figure),
    /// A theme's, by its place among the sources.
    Theme(usize),
}

/// A figure of the catalogue.
pub struct Entry {
    /// As it is shown.
    pub shown: CatalogueEntry,
    pub(super) source: Source,
}

impl Entry {
    /// Roles that are told it.
    pub(super) fn roles(&self) -> &'static [Role] {
        match self.source {
            Source::Kind(kind, _) if kind.closed => self.shown.readers,
            _ => with_statistics(self.shown.readers),
        }
    }

    /// The closed room that it counts, where it does.
    fn room(&self) -> Option<&'static Kind> {
        match self.source {
            Source::Kind(kind, _) => Some(kind).filter(|kind| kind.closed),
            Source::Theme(_) => None,
        }
    }

    /// Whether a caller is told that there is such a figure: of a closed room only who may be told it.
    pub(super) fn is_known_to(&self, call: &Call) -> bool {
        let told = |kind: &Kind| is_open_to(call, kind) && call.actor().is_ok_and(|actor| actor.holds(self.roles()));
        self.room().is_none_or(told)
    }

    /// Refuses the key of a program where a closed room is counted.
    pub(super) fn require_person(&self, call: &Call) -> Result<(), Problem> {
        self.room().map_or(Ok(()), |kind| require_person(call, kind))
    }
}

/// All figures of a district on a day.
pub struct Catalogue {
    entries: Vec<Entry>,
    by_name: BTreeMap<Cow<'static, str>, usize>,
}

impl Catalogue {
    /// The catalogue in the caller's language.
    pub async fn of(call: &Call, district_code: &str, on: NaiveDate) -> Result<Self, Problem> {
        let mut entries: Vec<Entry> = Vec::new();
        for kind in call.core.kinds().kinds() {
            entries.extend(kind.rules.figures().iter().map(|figure| of_kind(call, kind, figure)));
        }
        for (theme, source) in call.core.ext::<NamedFigureSources>().0.iter().enumerate() {
            let named = source.entries(call, district_code, on).await?;
            entries.extend(named.into_iter().map(|shown| Entry { shown, source: Source::Theme(theme) }));
        }
        let by_name = entries.iter().enumerate().map(|(index, entry)| (entry.shown.name.clone(), index)).collect();
        Ok(Self { entries, by_name })
    }

    /// All, those of kinds first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The figure of a name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).and_then(|index| self.entries.get(*index))
    }
}

fn of_kind(call: &Call, kind: &'static Kind, figure: &'static Figure) -> Entry {
    let place = kind.filters.contains(&PLACE_ID).then_some(Taken::Place);
    let takes = [Taken::Organization, Taken::Area, Taken::From].into_iter().chain(place).collect();
    let shown = CatalogueEntry {
        name: format!("{}.{}", kind.name, figure.name).into(),
        kind: kind.name,
        label: figure.label.in_language(call.language).into(),
        unit: figure.unit.in_language(call.language).into(),
        scale: figure.scale,
        quantity: figure.quantity,
        takes,
        filters: parts(kind, figure).map(|(filter, _)| filter).collect(),
        privacy: figure.privacy,
        from_records: false,
        moving: figure.moving,
        as_it_stands: false,
        readers: if kind.closed { counters(kind) } else { kind.readers },
    };
    Entry { shown, source: Source::Kind(kind, figure) }
}

/// The parts of a figure, each with what makes it one, as in a query string.
pub(super) fn parts(kind: &'static Kind, whole: &Figure) -> impl Iterator<Item = (String, &'static Figure)> {
    let name = whole.name;
    let parts = kind.rules.figures().iter().filter(move |figure| figure.part_of == Some(name));
    parts.map(|part| (standing(part), part)).filter(|(filter, _)| !filter.is_empty())
}

/// Filter that makes a part one, but for the day on which that is asked.
fn standing(part: &Figure) -> String {
    part.filter.split('&').filter(|pair| !pair.contains('{')).collect::<Vec<_>>().join("&")
}
