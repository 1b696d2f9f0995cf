//! Support of every test: a service of its own over a database of its own, and people who use it.

mod actor;
mod app;
mod citus;
mod cluster;
pub mod document;
pub mod dumps;
pub mod examples;
pub mod patience;
pub mod phone;
pub mod pictures;
pub mod process;
pub mod statements;
pub mod story;

pub use actor::{Actor, Reply};
pub use app::{KNOWN_PASSWORD, TestApp};
pub use cluster::{cluster_directory, empty_database, fresh_database};

/// A surely-fake resident id (no county 519999 exists), the check digit right.
pub fn fake_resident_id(sequence: u32) -> String {
    let day = 1 + sequence % 28;
    let month = 1 + (sequence / 28) % 12;
    let year = 1950 + (sequence / 336) % 60;
    let body = format!("519999{year:04}{month:02}{day:02}{:03}", (sequence / 20_160) % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", "10X98765432".as_bytes()[(sum % 11) as usize] as char)
}
