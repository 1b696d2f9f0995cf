//! Pictures and papers that belong to records: declared as records, sent in parts, judged by their bytes, kept sealed.

mod codes;
mod erase;
mod judge;
mod listed;
mod part;
mod proof;
mod record;
mod routes;
mod serve;
mod settle;
mod upload;
mod worker;

pub use judge::{judged, media_type_of};
pub use record::ATTACHMENTS;
pub use worker::look_after;

use kit::text::Text;

use self::judge::MediaType;
use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Pictures and papers", "照片与文件"),
    kinds: &[&record::ATTACHMENTS],
    operations: routes::operations,
    problems: codes::PROBLEMS,
    workers: &[("attachments", |core| Box::pin(worker::work(core)))],
    proofs: &[|core, district_code| Box::pin(proof::unproven(core, district_code))],
    erasers: &[erase::ERASER],
    kept_objects: settle::KEPT_OBJECTS,
    ..Theme::NOTHING
};

/// Media types that an attachment's bytes may be of.
fn media_types() -> Vec<&'static str> {
    MediaType::VOCABULARY.words.iter().map(|word| word.code).collect()
}
