//! Wide sheets: a row for what several records have in common, a column for each of them. A kind that people keep so
//! says how such columns are headed and what their cells mean; where the columns are, the frame finds out.

use kit::catalogue::FaultCode;
use kit::text::Text;
use kit::tree::Tree;

use super::warnings::Warning;

/// Dotted name of a member, step by step.
pub type Path = &'static [&'static str];

/// Reads a cell as what it says of a record.
pub type ReadCell = fn(&str) -> Result<WideCell, FaultCode>;
/// Reads a cell as what it says of several.
pub type ReadCells = fn(&str) -> Result<Vec<WideCell>, FaultCode>;

/// How a kind lies in a sheet whose columns are days, or the words of a list.
pub struct Wide {
    /// Headers of its columns.
    pub axis: WideAxis,
    /// The member that a cell says: where the sheet has a column of its own for it, the sheet isn't wide.
    pub cell: Path,
    /// What the cell is called where a fault names it.
    pub called: Text,
    /// Words that mean that there is nothing, beside an empty cell and a dash.
    pub blank: &'static [&'static str],
    /// Words that say why there is nothing.
    pub not_done: &'static [(&'static str, Text)],
}

/// What the columns of a wide sheet are headed by.
pub enum WideAxis {
    /// A day and a part of it: 2月1日上午.
    DayAndSlot {
        /// The member that is the part of the day.
        slot: Path,
        /// The parts.
        slots: &'static [WideSlot],
        /// Reads a cell.
        read: ReadCell,
    },
    /// A day. When in it something begins and ends is said by the row.
    Day {
        /// Members that are the beginning and the end.
        period: (Path, Path),
        /// Reads a cell: several records, where it names several.
        read: ReadCells,
    },
    /// A word by which the items of the kind's list are told apart, and a member: 大米 进价.
    Items {
        /// Members that have a column.
        members: &'static [&'static str],
        /// Other names that people write for a word.
        also: fn(&str) -> &'static [&'static str],
        /// The member that is the unit in brackets: `大米(元/斤)`.
        unit: fn(&str) -> &'static str,
    },
}

/// A part of the day.
#[derive(Debug, PartialEq, Eq)]
pub struct WideSlot {
    /// Its word.
    pub code: &'static str,
    /// What people write for it, the longest first.
    pub words: &'static [&'static str],
    /// The hour at which it was, where nobody says.
    pub hour: u32,
}

/// What a cell says of a record.
#[derive(Default)]
pub struct WideCell {
    /// Its members.
    pub members: Vec<(Path, Tree)>,
    /// Members that hold where neither the row nor the cell says otherwise.
    pub defaults: Vec<(Path, Tree)>,
    /// What was read otherwise than it is written.
    pub warning: Option<&'static Warning>,
    /// What has no field of its own.
    pub noted: Option<String>,
}
