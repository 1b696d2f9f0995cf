//! Records as files: CSV, NDJSON and XLSX, out and in. The columns of a kind follow from its field table,
//! Chinese and English headers from its labels; nothing is listed a second time.

pub mod cells;
pub mod columns;
pub mod days;
pub mod decode;
pub mod export;
pub mod guard;
pub mod names;
pub mod rows;
pub mod synonyms;
pub mod table;
pub mod tabular;
pub mod texts;
pub mod workbook;
pub mod xlsx;
