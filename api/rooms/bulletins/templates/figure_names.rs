//! Names of the figures that kinds declare, for the check of templates.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::records::settings::{Setting, SettingSource};

/// Figures of each kind.
#[derive(Debug, Default)]
pub struct FigureNames(BTreeMap<&'static str, BTreeSet<&'static str>>);

impl Setting for FigureNames {
    fn without_any() -> &'static Self {
        static NONE: FigureNames = FigureNames(BTreeMap::new());
        &NONE
    }
}

impl FigureNames {
    /// Whether there may be a figure of that name: of a kind one that it declares; what themes compute themselves is
    /// known only in a district on a day.
    pub fn may_hold(&self, name: &str) -> bool {
        let Some((kind, figure)) = name.split_once('.') else { return false };
        self.0.get(kind).is_none_or(|figures| figures.contains(figure))
    }
}

/// Made once.
#[derive(Default)]
struct Cache(OnceLock<Arc<FigureNames>>);

impl Extension for Cache {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

/// The names, among what rules may ask for.
pub static FIGURE_NAMES: SettingSource = SettingSource {
    known: |core| {
        let names = core.ext::<Cache>().0.get_or_init(|| Arc::new(of_kinds(core)));
        Arc::clone(names) as Arc<dyn Any + Send + Sync>
    },
    refresh: |_| Box::pin(async { Ok(()) }),
};

fn of_kinds(core: &Core) -> FigureNames {
    let figures = |kind: &'static crate::records::Kind| kind.rules.figures().iter().map(|figure| figure.name).collect();
    FigureNames(
        core.kinds()
            .kinds()
            .map(|kind| (kind.name, figures(kind)))
            .filter(|(_, all): &(_, BTreeSet<_>)| !all.is_empty())
            .collect(),
    )
}
