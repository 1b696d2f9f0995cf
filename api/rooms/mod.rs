//! The rooms, by theme: kinds of records with their rules, and operations of their own.

pub mod accounts;
pub mod attachments;
pub mod bulletins;
pub mod checkpoints;
pub mod communities;
pub mod compounds;
pub mod duties;
pub mod households;
pub mod justice;
pub mod notifications;
pub mod observation;
pub mod prevention;
pub mod registers;
pub mod relief;
pub mod reporting;
pub mod reports;
pub mod retention;
pub mod supervision;
pub mod supply;
pub mod travel;
pub mod units;
pub mod venues;
pub mod volunteers;
pub mod webhooks;
pub mod youth;
