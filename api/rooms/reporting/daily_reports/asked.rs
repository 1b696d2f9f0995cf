//! Figures that each kind of report asks, found among those that the kinds of records declare.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::records::settings::{Setting, SettingSource};
use crate::records::{Figure, Kind};
use crate::rooms::reporting::report_kinds::ReportKind;

/// A figure that a report asks.
#[derive(Clone, Copy)]
pub struct AskedFigure {
    /// The kind of the records behind it.
    pub kind: &'static Kind,
    /// The figure.
    pub figure: &'static Figure,
}

impl AskedFigure {
    /// Its name in the catalogue.
    pub fn name(&self) -> String {
        format!("{}.{}", self.kind.name, self.figure.name)
    }

    /// Whether it counts records, not what is in them.
    pub fn counts_records(&self) -> bool {
        self.figure.name == self.kind.name || (self.figure.scale == 0 && self.figure.part_of.is_none())
    }
}

/// Figures of each kind of report.
#[derive(Default)]
pub struct AskedFigures(BTreeMap<ReportKind, Vec<AskedFigure>>);

impl Setting for AskedFigures {
    fn without_any() -> &'static Self {
        static NONE: AskedFigures = AskedFigures(BTreeMap::new());
        &NONE
    }
}

impl AskedFigures {
    /// Those of a kind of report, in the order in which it tells them.
    pub fn of(&self, kind: ReportKind) -> &[AskedFigure] {
        self.0.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Made once.
#[derive(Default)]
struct Cache(OnceLock<Arc<AskedFigures>>);

impl Extension for Cache {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

/// The figures, among what rules may ask for.
pub static ASKED_FIGURES: SettingSource = SettingSource {
    known: |core| {
        let asked = core.ext::<Cache>().0.get_or_init(|| Arc::new(of_kinds(core)));
        Arc::clone(asked) as Arc<dyn Any + Send + Sync>
    },
    refresh: |_| Box::pin(async { Ok(()) }),
};

fn of_kinds(core: &Core) -> AskedFigures {
    let of = |report: &ReportKind| {
        let figures = report.asks().iter().flat_map(|name| found(core, name));
        (*report, figures.collect())
    };
    AskedFigures(ReportKind::ALL.iter().map(of).collect())
}

/// Figures of a name, of those that add up over a unit's organisations and days.
fn found(core: &Core, name: &str) -> Vec<AskedFigure> {
    let (kind, figure) = name.split_once('.').map_or((name, None), |(kind, figure)| (kind, Some(figure)));
    let Some(kind) = core.kinds().kind(kind) else { return Vec::new() };
    let adds_up = |of: &&Figure| !of.distinct && !of.moving;
    let own = kind.rules.figures().iter().filter(adds_up).filter(|of| figure.is_none_or(|name| of.name == name));
    own.map(|figure| AskedFigure { kind, figure }).collect()
}
