//! The rooms, by theme: kinds of records with their rules, and operations of their own.

pub mod accounts;
pub mod checkpoints;
pub mod duties;
pub mod households;
pub mod observation;
pub mod prevention;
pub mod registers;
pub mod relief;
pub mod reports;
pub mod supply;
pub mod volunteers;
