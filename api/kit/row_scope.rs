//! Scope of the records that a statement may see, whatever its conditions say: the second wall, kept by the database
//! itself (row-level security). It is told beside each statement, and policies compare rows with it.

use std::collections::BTreeSet;

use uuid::Uuid;

/// Closed rooms that a statement is let into, by the names of their tables: the setting `lianfang.rooms`. Whatever else it
/// may see, of a room that it doesn't name it sees nothing.
pub type Rooms = BTreeSet<&'static str>;

/// The setting `lianfang.rooms` as the policies read it: names separated by commas.
pub fn setting_of(rooms: &Rooms) -> String {
    rooms.iter().copied().collect::<Vec<_>>().join(",")
}

/// Scope of the records that a statement may see. One that names none sees no record at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowScope {
    /// No record.
    #[default]
    Nothing,
    /// Records of these areas, each with the organisation it is narrowed to.
    Areas(BTreeSet<(String, Option<Uuid>)>),
    /// Every record: the service's own work, never what a caller asks for.
    Everything,
}

impl RowScope {
    /// One area and all below, or what belongs to one organisation there.
    pub fn of_area(area_code: &str, org_id: Option<Uuid>) -> Self {
        Self::Areas(BTreeSet::from([(area_code.to_owned(), org_id)]))
    }

    /// Union of the two scopes.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
            (Self::Nothing, row_scope) | (row_scope, Self::Nothing) => row_scope,
            (Self::Areas(mut areas), Self::Areas(others)) => {
                areas.extend(others);
                Self::Areas(areas)
            }
        }
    }

    /// Patterns of the areas alone, for policies that may not cut them out themselves.
    pub fn areas(&self) -> String {
        self.patterns(|area| format!("{area}%"))
    }

    /// Patterns of the districts of these areas.
    pub fn districts(&self) -> String {
        self.patterns(|area| match area.get(..6) {
            Some(district_code) => district_code.to_owned(),
            None => format!("{area}%"),
        })
    }

    fn patterns(&self, of: impl Fn(&str) -> String) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Everything => "%".into(),
            Self::Areas(areas) => {
                let patterns: BTreeSet<String> = areas.iter().map(|(area, _)| of(area)).collect();
                patterns.into_iter().collect::<Vec<_>>().join(",")
            }
        }
    }

    /// The setting `lianfang.sight` as the policies read it: patterns of `area_code`, or of
    /// `area_code:org_id`, separated by commas.
    pub fn setting(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Everything => "%".into(),
            Self::Areas(areas) => {
                let pattern = |(area, org): &(String, Option<Uuid>)| match org {
                    Some(org_id) => format!("{area}%:{org_id}"),
                    None => format!("{area}%"),
                };
                areas.iter().map(pattern).collect::<Vec<_>>().join(",")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_sees_nothing_and_two_see_what_either_sees() {
        assert_eq!(RowScope::default().setting(), "");
        let org = Uuid::from_u128(1);
        let both = RowScope::of_area("511802005", None).and(RowScope::of_area("511802", Some(org)));
        assert_eq!(both.setting(), format!("511802%:{org},511802005%"));
        assert_eq!((both.areas(), both.districts()), ("511802%,511802005%".into(), "511802".into()));
        assert_eq!(
            (RowScope::of_area("51", None).districts(), RowScope::Everything.areas()),
            ("51%".into(), "%".into())
        );
        assert_eq!(both.clone().and(RowScope::Nothing), both);
        assert_eq!(both.and(RowScope::Everything).setting(), "%");
    }
}
