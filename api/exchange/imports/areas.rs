//! Areas by name: a clerk's sheet says 大兴街道, not 511802005.

use kit::faults::Fault;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::is_han;
use kit::tree::Tree;

use super::items::Item;
use super::job::Job;
use crate::exchange::codes::{AMBIGUOUS_AREA, NOT_AN_AREA};
use crate::platform::divisions::tree::Division;

/// Words at the end of an area's name that people leave out.
const ENDINGS: [&str; 8] = ["居民委员会", "村民委员会", "社区居委会", "居委会", "村委会", "社区", "街道", "村"];

impl Job {
    /// Puts codes in the place of areas' names.
    pub(super) fn resolve_areas(&self, items: &mut [Item]) {
        for item in items {
            for field in self.kind.body_fields() {
                match field.shape {
                    Shape::Area => self.resolve_area(item, &[field.name]),
                    Shape::Inline(name, _) => {
                        let inner = self.core.kinds().kind(name).map(|kind| kind.body_fields()).unwrap_or_default();
                        for inner in inner.into_iter().filter(|field: &&Field| matches!(field.shape, Shape::Area)) {
                            self.resolve_area(item, &[field.name, inner.name]);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn resolve_area(&self, item: &mut Item, path: &[&str]) {
        let Some(text) = member(&mut item.body.tree, path) else { return };
        let name: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        if name.is_empty() || !name.chars().any(is_han) {
            return;
        }
        let found = self.areas_named(&name);
        match found.as_slice() {
            [one] => text.clone_from(&one.code),
            several => {
                let areas =
                    several.iter().take(5).map(|area| format!("{} {}", area.name, area.code)).collect::<Vec<_>>();
                let code = if several.is_empty() { NOT_AN_AREA } else { AMBIGUOUS_AREA };
                let values = if several.is_empty() { Vec::new() } else { vec![("areas", areas.join("、"))] };
                let fault = Fault { pointer: format!("/{}", path.join("/")), code, values, hint: None };
                item.body.problem.get_or_insert_with(|| Problem::invalid(vec![fault]));
            }
        }
    }

    /// The areas of a name within the caller's own; the whole name goes before a part of it.
    fn areas_named(&self, name: &str) -> Vec<&Division> {
        let own = self.actor.own_area().unwrap_or_else(|| self.district_code.clone());
        let district = self.district_code.as_str();
        let edition = self.core.divisions.current_edition();
        let all = || {
            self.core
                .divisions
                .rows()
                .iter()
                .map(AsRef::<Division>::as_ref)
                .filter(move |row| row.edition == edition && row.code.starts_with(district))
        };
        // The district's and the street's names may stand before.
        let mut rest = name;
        let mut within = own;
        for row in all() {
            if rest.len() > row.name.len()
                && (row.code.starts_with(&within) || within.starts_with(&row.code))
                && let Some(shorter) = rest.strip_prefix(row.name.as_str())
            {
                rest = shorter;
                if row.code.len() > within.len() {
                    within.clone_from(&row.code);
                }
            }
        }
        let whole: Vec<&Division> = all().filter(|row| row.code.starts_with(&within) && row.name == rest).collect();
        if !whole.is_empty() {
            return whole;
        }
        let wanted = bare(rest);
        all().filter(|row| row.code.starts_with(&within) && bare(&row.name) == wanted).collect()
    }
}

/// An area's name without its ending.
pub(super) fn bare(name: &str) -> &str {
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

fn member<'a>(tree: &'a mut Tree, path: &[&str]) -> Option<&'a mut String> {
    let (first, rest) = path.split_first()?;
    let Tree::Object(members) = tree else { return None };
    let (_, member) = members.iter_mut().find(|(name, _)| name == first)?;
    match (rest.is_empty(), member) {
        (true, Tree::Text(text)) => Some(text),
        (false, inner) => self::member(inner, rest),
        _ => None,
    }
}
