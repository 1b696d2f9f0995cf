//! What every room uses and what knows nothing of any room.

pub mod believed;
pub mod body;
pub mod catalogue;
pub mod check;
pub mod cursor;
pub mod database;
pub mod dated;
pub mod etag;
pub mod faults;
pub mod field;
pub mod ids;
pub mod json;
pub mod limiter;
pub mod patch;
pub mod problem;
pub mod query;
pub mod row;
pub mod scalars;
pub mod statement;
pub mod text;
pub mod time;
pub mod transport;
pub mod tree;
pub mod value;
pub mod vocabulary;
