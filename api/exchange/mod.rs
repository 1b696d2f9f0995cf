//! Ways in and out of any kind of record: files, imports, phones, followers.

pub mod changes;
pub mod codes;
pub mod export_requests;
pub mod files;
pub mod imports;
pub mod sync;
