//! The columns of a file: what each of them means.

use kit::faults::Faults;
use kit::field::Field;
use kit::problem::Problem;

use super::row::told;
use crate::exchange::codes::{REPEATED_COLUMN, UNKNOWN_COLUMN, UNKNOWN_COLUMNS, UNREADABLE_FILE};
use crate::exchange::files::columns::{Column, exported, folded, imported};
use crate::exchange::files::export::MARK;
use crate::exchange::files::table::Row;
use crate::platform::core::Core;
use crate::records::{Kind, Lines, envelope};

/// Meaning of a column of the file.
#[derive(Clone, Debug)]
pub enum Place {
    /// A field.
    Field(Column),
    /// The row's id in the system from which it comes.
    ExternalId,
    /// Column that an export of ours added: left out.
    Ignored,
}

/// The columns of a file: as they are written, and what they are.
pub struct Header {
    /// Names as they are written.
    pub names: Vec<String>,
    pub(super) places: Vec<Place>,
    lines: Option<Lines>,
}

const EXTERNAL_ID: [&str; 3] = ["external_id", "外部编号", "externalid"];

impl Header {
    /// The header of a CSV file or a workbook; every unknown or repeated column is a fault. Of one that can't be
    /// read nothing is guessed.
    pub fn read(core: &Core, kind: &Kind, row: &Row) -> Result<Self, Problem> {
        if let Some(flaw) = row.flaw {
            let fault = crate::platform::http::fault("/header", told(flaw).0);
            return Err(Problem::of_faults(UNREADABLE_FILE, fault.faults().to_vec()));
        }
        let columns = imported(kind, core.kinds());
        let added = exported(kind);
        let named: Vec<String> = row.cells.iter().map(|name| folded(name)).collect();
        let mut faults = Faults::default();
        let mut places: Vec<Place> = Vec::with_capacity(row.cells.len());
        for (index, name) in row.cells.iter().enumerate() {
            let name = folded(name);
            let place = claimed(&columns, &named, &name).or_else(|| place(&columns, &added, &name));
            let repeated = matches!(&place, Some(Place::Field(column)) if places.iter().any(|other| matches!(other, Place::Field(other) if other.path == column.path)));
            match place {
                Some(_) if repeated => faults.add(format!("/header/{index}"), REPEATED_COLUMN),
                None => faults.add(format!("/header/{index}"), UNKNOWN_COLUMN),
                Some(_) => {}
            }
            places.push(place.unwrap_or(Place::Ignored));
        }
        match faults.finish() {
            Ok(()) => Ok(Self { names: row.cells.clone(), places, lines: kind.rules.lines() }),
            Err(problem) => Err(Problem::of_faults(UNKNOWN_COLUMNS, problem.faults().to_vec())),
        }
    }

    /// The list of which the file gives a row an item.
    pub fn lines(&self) -> Option<Lines> {
        let of_items = |lines: &Lines| {
            self.places.iter().any(|place| matches!(place, Place::Field(column) if column.path.len() > 1 && column.path.first() == Some(&lines.list)))
        };
        self.lines.filter(of_items)
    }

    /// The pointer of what stands in a column, counted from 0.
    pub(super) fn pointer_of(&self, column: usize) -> Option<String> {
        match self.places.get(column)? {
            Place::Field(column) => Some(format!("/{}", column.path.join("/"))),
            Place::ExternalId => Some("/external_id".to_owned()),
            Place::Ignored => None,
        }
    }

    /// The name of the column in which a fault stands; none of a fault of the whole row.
    pub(super) fn column_of(&self, pointer: &str) -> Option<&str> {
        let mut steps: Vec<&str> = pointer.split('/').skip(1).collect();
        if self.lines().is_some_and(|lines| steps.first() == Some(&lines.list)) && steps.len() > 1 {
            steps.remove(1);
        }
        let is_it = |place: &Place| match place {
            Place::Field(column) => {
                column.path.len() <= steps.len() && column.path.iter().zip(&steps).all(|(one, other)| one == other)
            }
            Place::ExternalId => steps == ["external_id"],
            Place::Ignored => false,
        };
        let index = self.places.iter().position(is_it)?;
        self.names.get(index).map(String::as_str)
    }
}

/// A kind may mean something of its own by a name that every record has (a notice's `area_code` is the area it
/// speaks of; 单位 the unit of a quantity): then the column is its own, unless the file has its own name too.
fn claimed(columns: &[Column], named: &[String], name: &str) -> Option<Place> {
    let names = |field: &&Field| [field.name, field.label.zh, field.label.en].iter().any(|own| folded(own) == name);
    let of_envelope = envelope::INPUT.iter().any(|field| names(&field));
    let claims = |column: &&Column| column.field.also.contains(&name) && !named.contains(&column.name());
    let found = columns.iter().filter(|_| of_envelope).find(claims)?;
    Some(Place::Field(found.clone()))
}

/// The most telling name first: a column of an inline record is meant by a bare label only where no other
/// column has that label.
fn place(columns: &[Column], added: &[Column], name: &str) -> Option<Place> {
    if name.is_empty() {
        return Some(Place::Ignored);
    }
    if EXTERNAL_ID.contains(&name) {
        return Some(Place::ExternalId);
    }
    let exact = columns.iter().find(|column| column.names().iter().take(3).any(|other| other == name));
    let meant = exact.or_else(|| columns.iter().find(|column| column.names().iter().any(|other| other == name)));
    if let Some(column) = meant {
        return Some(Place::Field(column.clone()));
    }
    let ours = added.iter().any(|column| column.names().iter().take(3).any(|other| other == name));
    let faults = ["错误", "faults"].contains(&name) || MARK.contains(&name);
    (ours || faults).then_some(Place::Ignored)
}
