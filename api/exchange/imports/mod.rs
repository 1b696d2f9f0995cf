//! Imports: files of scripts and clerks, row by row through the same path as single records.
//!
//! - read as a stream, in flat memory, in whatever encoding and spelling people have;
//! - a row's id follows from `external_id` or from what makes the row itself, so that the same file twice
//!   changes nothing and an interrupted import sent again resumes;
//! - good rows go in, bad rows come back as the file's own columns plus one of faults, ready to mend;
//! - what an import created can be undone.

mod absences;
mod answer;
mod areas;
mod books;
mod bounds;
mod carry;
mod compare;
mod dictionary;
mod fault_table;
mod fault_workbook;
mod faults;
mod flow;
mod header;
mod identity;
mod inspect;
mod intake;
mod item_columns;
mod items;
mod job;
mod kept_lines;
mod layout;
mod names;
mod nested;
mod no_records;
mod outcomes;
pub mod reader;
mod references;
mod returned;
mod routes;
mod row;
mod salvage;
mod settle;
mod sheet_layout;
mod sheets;
mod stock_cards;
mod store;
mod table;
mod template;
mod tidy;
mod titles;
mod told;
mod undo;
mod uploads;
mod wide;
mod wide_header;
mod wide_lots;
mod wording;

pub use routes::operations;
pub use store::sweep;
pub use uploads::Uploads;
