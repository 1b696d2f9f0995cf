//! Hooks by which the frame lets layers and themes above it act: answer a list as a file, show people unmasked to
//! whoever answers for them, watch who asks the register. The server sets them; without them nothing of it is done.

use std::collections::BTreeMap;

use futures_util::future::{BoxFuture, LocalBoxFuture};
use kit::problem::Problem;
use serde_json::Value as Json;
use uuid::Uuid;

use super::create::Outcome;
use super::definition::Kind;
use super::record::Record;
use crate::platform::access::roles::Actor;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::http::formats::Format;
use crate::platform::http::{Answer, Call};

/// People whom a page shows unmasked, by the id of the record that is about somebody.
#[derive(Default)]
pub struct PlainPeople(pub BTreeMap<Uuid, Json>);

impl PlainPeople {
    /// Person whom a record is about, where its reader answers for that person.
    pub fn of_record(&self, record: &Record) -> Option<&Json> {
        self.0.get(&record.envelope.id)
    }
}

/// Answers a kind's list as a file.
pub type Export = fn(&'static Kind, Call, Format) -> LocalBoxFuture<'static, Answer>;
/// Finds the people whom records show unmasked to the caller; noted under a verb before they are shown.
pub type TellPlainly =
    for<'a> fn(&'a Call, &'static str, Vec<(&'a Kind, &'a Record)>) -> LocalBoxFuture<'a, Result<PlainPeople, Problem>>;
/// Looks at what was posted into a register.
pub type Met = for<'a> fn(&'a Core, &'a Actor, &'a Kind, &'a mut [Outcome]) -> BoxFuture<'a, Result<(), Problem>>;
/// Takes so many questions to the register of the caller's, or those of a file that is only tried.
pub type Ask = fn(&Call, Option<usize>) -> Result<(), Problem>;

/// Functions of layers and themes above, called by the frame.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// See [`Export`].
    pub export: Export,
    /// Verb under which reading people plainly is noted: in an item, or in one's own list.
    pub read_plain: &'static str,
    /// See [`TellPlainly`].
    pub tell_plainly: TellPlainly,
    /// See [`Met`].
    pub met: Met,
    /// See [`Ask`].
    pub ask: Ask,
}

impl Extension for Hooks {
    fn begin(_: &Config) -> Self {
        Self {
            export: |_, _, _| Box::pin(async { Err(Problem::internal("no files are written here")) }),
            read_plain: "read_plain",
            tell_plainly: |_, _, _| Box::pin(async { Ok(PlainPeople::default()) }),
            met: |_, _, _, _| Box::pin(async { Ok(()) }),
            ask: |_, _| Ok(()),
        }
    }
}
