//! Wide sheets: a row for what several records have in common, a column for each of them. A kind that people keep so
//! says how such columns are headed and what their cells mean; where the columns are, the frame finds out.

use chrono::{DateTime, NaiveDate, Utc};
use kit::catalogue::FaultCode;
use kit::statement::Statement;
use kit::text::Text;
use kit::tree::Tree;

use uuid::Uuid;

use super::warnings::Warning;
use crate::platform::access::roles::Actor;

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
    /// Name of the cell in a fault.
    pub called: Text,
    /// Words that mean that there is nothing, beside an empty cell and a dash.
    pub blank: &'static [&'static str],
    /// Words that say why there is nothing.
    pub not_done: &'static [NotDone],
    /// Keeping of the reasons, where they explain something.
    pub absences: Option<&'static Absences>,
}

/// Reason for which a cell says nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct NotDone {
    /// Words that people write.
    pub words: &'static [&'static str],
    /// Code under which it is kept.
    pub code: &'static str,
    /// Its meaning.
    pub meaning: Text,
}

/// Keeping of reasons for which there is nothing: explanations, no proofs.
pub struct Absences {
    /// The reference to what it explains something of; only where the caller sees that.
    pub about: &'static str,
    /// Keeps some.
    pub keep: fn(&str, &[Absence], Told<'_>) -> Statement,
}

/// A cell that says why there is nothing.
#[derive(Clone, Debug)]
pub struct Absence {
    /// Record that it explains something of.
    pub about: Uuid,
    /// Its day.
    pub on: NaiveDate,
    /// Its part of the day.
    pub slot: &'static str,
    /// Code of the reason.
    pub code: &'static str,
}

/// Author and time of reasons.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The import's id.
    pub import_id: Uuid,
    /// Whoever imports.
    pub actor: &'a Actor,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Axis of a wide sheet: the headers of its columns.
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
    /// Words, below each of which a number is a record of its own: what came in, what went out.
    Flows {
        /// The words.
        flows: &'static [WideFlow],
        /// Headers of what is left: compared with what flowed, never stored.
        left: &'static [&'static str],
        /// Members by which what is left is counted apart.
        apart: &'static [Path],
        /// The member that is the unit in brackets: `入库(公斤)`.
        unit: Path,
        /// Words of a row that only tells what there was before: the first of the flows, with these members.
        opening: (&'static [&'static str], &'static [(Path, &'static str)]),
    },
    /// A word by which the items of the kind's list are told apart, and a member: 大米 进价.
    Items {
        /// Members that have a column.
        members: &'static [&'static str],
        /// Other names that people write for a word.
        also: fn(&str) -> &'static [&'static str],
        /// The member that the header may say in its place, where a column says the word: stores side by side.
        beside: Path,
        /// Endings of names that are such a member's.
        endings: &'static [&'static str],
        /// The member that a header of a name alone says.
        usual: &'static str,
        /// The member that is the unit in brackets: `大米(元/斤)`.
        unit: fn(&str) -> &'static str,
    },
}

/// A word of a wide sheet's header below which a number is a record.
#[derive(Debug, PartialEq, Eq)]
pub struct WideFlow {
    /// Words that people write for it.
    pub words: &'static [&'static str],
    /// Members that it says of the record.
    pub members: &'static [(Path, &'static str)],
    /// Whether what is left becomes less.
    pub is_less: bool,
}

/// A part of the day.
#[derive(Debug, PartialEq, Eq)]
pub struct WideSlot {
    /// Its word.
    pub code: &'static str,
    /// Words that people write for it, the longest first.
    pub words: &'static [&'static str],
    /// The hour at which it was, where nobody says.
    pub hour: u32,
}

/// Part of a record that a cell says.
#[derive(Default)]
pub struct WideCell {
    /// Its members.
    pub members: Vec<(Path, Tree)>,
    /// Members that hold where neither the row nor the cell says otherwise.
    pub defaults: Vec<(Path, Tree)>,
    /// Warning of something read otherwise than it is written.
    pub warning: Option<&'static Warning>,
    /// Text that has no field of its own.
    pub noted: Option<String>,
}
