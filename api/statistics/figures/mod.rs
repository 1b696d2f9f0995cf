//! Figures by name, of every kind and theme: the catalogue, and the evaluator that answers up to 200 queries of one
//! moment with few statements. Whatever tells figures of units asks it: situation, bulletins, forms, daily reports.
//!
//! - [`catalogue`]: what there is. [`queries`]: what is asked, every fault at once.
//! - Sums come from the rollups ([`totals`]), of who sees no small numbers by the grid of [`super::cover`] ([`grid`]);
//!   different ones from the rollups, too, or where those don't tell from the records ([`looked`]).
//! - A room calls [`evaluate`] with a snapshot and its queries; [`Catalogue::of`] gives it the names.

mod catalogue;
mod digest;
mod grid;
mod kinds;
mod looked;
mod queries;
mod routes;
mod shown;
pub mod totals;
mod wide;

use std::cell::LazyCell;
use std::collections::BTreeMap;

use kit::faults::Faults;
use kit::problem::Problem;
use uuid::Uuid;

pub use self::catalogue::Catalogue;
use self::catalogue::{Entry, Source};
pub use self::digest::digests;
pub use self::queries::require;
pub use self::routes::operations;
pub use self::shown::{ShownFigure, shown};
use crate::platform::access::roles::Role;
use crate::platform::http::Call;
use crate::records::envelope::{AREA_CODE, ID, PLACES};
use crate::records::named_figures::{AskedOrg, Evaluated, FigureQuery, NamedFigureSources, Reading, Withheld};
use crate::records::{Kind, scope};
use crate::statistics::rights::{covered, opens_lists};

/// Evaluates queries, in their order, all of the moment of the snapshot. What the caller may not be told is withheld
/// with its reason. Figures must be of the catalogue, and take what narrows them ([`require`]).
pub async fn evaluate(
    reading: &mut Reading<'_>,
    catalogue: &Catalogue,
    queries: &[FigureQuery],
) -> Result<Vec<Evaluated>, Problem> {
    let places = places(reading, queries).await?;
    let mut evaluated: Vec<Option<Evaluated>> = Vec::with_capacity(queries.len());
    let (mut of_kinds, mut of_themes) = (Vec::new(), Vec::<(usize, usize)>::new());
    for (index, query) in queries.iter().enumerate() {
        let entry = catalogue.entry(&query.figure);
        let why = match entry {
            Some(entry) => withheld(reading, entry, query, &places),
            None => Some(Withheld::NotKept),
        };
        evaluated.push(why.map(Evaluated::withheld));
        match entry.filter(|_| why.is_none()).map(|entry| entry.source) {
            Some(Source::Kind(kind, figure)) => of_kinds.push(kinds::Asked { index, query, kind, figure }),
            Some(Source::Theme(theme)) => of_themes.push((theme, index)),
            None => {}
        }
    }
    let mut faults = Faults::default();
    let mut answered = kinds::evaluate(reading, of_kinds, &mut faults).await?;
    faults.finish()?;
    for (theme, source) in reading.call.core.ext::<NamedFigureSources>().0.iter().enumerate() {
        let own: Vec<usize> = of_themes.iter().filter(|(of, _)| *of == theme).map(|(_, index)| *index).collect();
        let asked: Vec<&FigureQuery> = own.iter().filter_map(|index| queries.get(*index)).collect();
        if !asked.is_empty() {
            answered.extend(own.into_iter().zip(source.evaluate(reading, &asked).await?));
        }
    }
    for (index, figure) in answered {
        if let Some(slot) = evaluated.get_mut(index) {
            *slot = Some(figure);
        }
    }
    Ok(evaluated.into_iter().map(|found| found.unwrap_or(Evaluated::withheld(Withheld::NotKept))).collect())
}

/// Where the places lie that are asked for.
type Places = BTreeMap<Uuid, String>;

async fn places(reading: &mut Reading<'_>, queries: &[FigureQuery]) -> Result<Places, Problem> {
    let ids: Vec<Uuid> = queries.iter().filter_map(|query| query.place_id).collect();
    if ids.is_empty() {
        return Ok(Places::new());
    }
    let statement =
        scope::by_id("r.id, r.area_code", PLACES, reading.district_code, &ids).seeing_district(reading.district_code);
    let rows = reading.snapshot.read(&statement).await?.into_iter();
    Ok(rows.filter_map(|mut row| Some((row.get(&ID)?, row.get(&AREA_CODE)?))).collect())
}

/// Why a caller isn't told a figure at all.
fn withheld(reading: &Reading<'_>, entry: &Entry, query: &FigureQuery, places: &Places) -> Option<Withheld> {
    let (call, readers) = (reading.call, entry.shown.readers);
    let roles = entry.roles();
    let holds = call.actor().is_ok_and(|actor| actor.holds(roles));
    let of_theme = matches!(entry.source, Source::Theme(_));
    if !holds {
        Some(Withheld::Forbidden)
    } else if !is_within_reach(reading, roles, query, places) {
        Some(Withheld::OutOfScope)
    } else if of_theme && covered(call, readers) {
        Some(Withheld::SmallNumbers)
    } else {
        None
    }
}

/// Whether anything of what is asked lies where the caller holds one of the roles.
fn is_within_reach(reading: &Reading<'_>, roles: &'static [Role], query: &FigureQuery, places: &Places) -> bool {
    let Ok(actor) = reading.call.actor() else { return false };
    let area = query.area_code.as_deref().unwrap_or(reading.district_code);
    let place = query.place_id.map(|id| places.get(&id));
    let is_known = match query.org {
        AskedOrg::One(id) | AskedOrg::Under(id) => reading.tree.name(id).is_some(),
        AskedOrg::Any | AskedOrg::Nobody => true,
    };
    if !area.starts_with(reading.district_code) || !is_known || place == Some(None) {
        return false;
    }
    let asked = LazyCell::new(|| query.org.members(reading.tree));
    let at = place.flatten();
    actor.grants_of(roles).any(|grant| {
        let meets = |code: &str| code.starts_with(&grant.area_code) || grant.area_code.starts_with(code);
        // Records of places that its organisation watches are others'.
        let own = actor.organizations_of(grant).filter(|_| !actor.supervises);
        let meets_own = |own: Vec<Uuid>| asked.as_ref().is_none_or(|asked| own.iter().any(|id| asked.contains(id)));
        let of_own = own.is_none_or(meets_own);
        of_own && meets(area) && at.is_none_or(|at| at.starts_with(&grant.area_code))
    })
}

/// The list of a kind's records that a query counts, for those who may open it: whose, until when, where, which.
pub fn records_url(call: &Call, kind: &Kind, query: &FigureQuery, filter: &str) -> Option<String> {
    // Whoever is shown a closed room's figure, in a bulletin too, is shown no way into it.
    (!kind.closed && opens_lists(call, kind.readers)).then(|| {
        let unit = match query.org {
            AskedOrg::Any => None,
            AskedOrg::One(id) => Some(format!("org_id={id}")),
            AskedOrg::Under(id) => Some(format!("under_org_id={id}")),
            AskedOrg::Nobody => Some("no_org=true".to_owned()),
        };
        let from_on = query.from_on.map(|day| format!("from_on={day}"));
        let area = query.area_code.as_ref().map(|code| format!("area_code={code}"));
        let place = query.place_id.map(|id| format!("place_id={id}"));
        let filter = Some(filter.to_owned()).filter(|filter| !filter.is_empty());
        let parts = [unit, from_on, Some(format!("to_on={}", query.to_on)), area, place, filter];
        format!("/v1/{}?{}", kind.path, parts.into_iter().flatten().collect::<Vec<_>>().join("&"))
    })
}
