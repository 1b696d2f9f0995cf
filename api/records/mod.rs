//! Field records. A room describes its kind ([`Definition`]: fields, rules, roles); all
//! that can be done with a record is written here once: create, find, list, amend, void, restore, revisions.
//!
//! The journey of a write: [`draft`] parses and checks, [`resolve`] places (which area, which
//! references), the kind's [`Rules`] judge, [`create`]/[`amend`] hand an append to the ledger. [`prepare`] and
//! [`assemble`] do it for many at the price of one.

pub mod act;
pub mod acyclic;
pub mod amend;
pub mod as_of;
pub mod assemble;
pub mod atomic_batch;
pub mod awaited;
pub mod batch;
mod batch_change;
pub mod bulk;
pub mod called;
pub mod change;
mod change_item;
pub mod closed;
pub mod codes;
pub mod conditions;
pub mod context;
mod core;
pub mod counted;
pub mod create;
pub mod dated_settings;
mod days;
pub mod definition;
pub mod document;
pub mod draft;
pub mod dry_run;
pub mod envelope;
pub mod figure;
pub mod formerly;
pub mod gate;
pub mod history;
pub mod hooks;
pub mod idempotency;
pub mod in_use;
pub mod include;
mod laid;
mod leads;
pub mod list;
pub mod locked_row;
pub mod migration;
pub mod moments;
pub mod named_figures;
mod nested;
pub mod operations;
pub mod own_words;
pub mod parameters;
pub mod prepare;
pub mod proof;
pub mod read;
pub mod recall;
pub mod record;
pub mod record_row;
pub mod resolve;
pub mod restore;
pub mod row_view;
pub mod rules;
pub mod scope;
pub mod settings;
pub mod sheet_rows;
pub mod snapshot;
pub mod theme;
pub mod view;
pub mod void;
pub mod warnings;
pub mod wide;
pub mod write_context;

pub use self::core::RecordCache;
pub use context::Context;
pub use definition::{Definition, Kind, Reach, Registry};
pub use draft::Draft;
pub use envelope::Envelope;
pub use figure::Figure;
pub use record::Record;
pub use rules::{Lines, Logged, Measure, Narrowed, NoRules, Rules};
pub use sheet_rows::{Book, SheetRow};
pub use theme::Theme;
pub use warnings::Warning;
pub use wide::Wide;
