//! Every statement that the service prepares in this run, as the driver tells of it, and what is wrong with it.
//!
//! The driver tells whenever a connection prepares a text that it hasn't yet, whoever made it: the kit's builder, the
//! query builder of accounts, a worker. Each distinct text of a database is noted, and judged once somebody asks: judging
//! takes a while, and the service waits for whoever notes. With `JUDGE_STATEMENTS=1` every
//! test is a journey that the rules of `distributed_statements` are held on: it fails by what its own service prepared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

use crate::distributed_statements::lint::{Fault, judge, tables};
use crate::distributed_statements::sql::{parts, words, written};

/// Distinct texts that each database was asked, by its address.
static PREPARED: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::new(BTreeMap::new());
static TRANSACTIONS: Mutex<Vec<(String, BTreeSet<String>)>> = Mutex::new(Vec::new());
/// Whether what is bound within transactions is noted, too: it takes time.
static BOUND: AtomicBool = AtomicBool::new(false);
static ONCE: Once = Once::new();

/// Begins to note statements, of connections made from now on.
pub fn note() {
    ONCE.call_once(|| set_default_instrumentation(|| Some(Box::new(Notes::default()))).unwrap());
}

fn prepared() -> MutexGuard<'static, BTreeMap<String, BTreeSet<String>>> {
    PREPARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All distinct texts that a database was asked so far.
pub fn texts(database_url: &str) -> Vec<String> {
    prepared().get(database_url).into_iter().flatten().cloned().collect()
}

/// All faults so far, each with the text it is in.
pub fn faults(database_url: &str) -> Vec<(String, Fault)> {
    let judged = |text: String| judge(&text).into_iter().map(move |fault| (text.clone(), fault)).collect::<Vec<_>>();
    texts(database_url).into_iter().flat_map(judged).collect()
}

/// Notes from now on which districts each transaction names.
pub fn note_transactions() {
    BOUND.store(true, Ordering::Relaxed);
}

/// Districts that each transaction of a database wrote into.
pub fn transactions(database_url: &str) -> Vec<BTreeSet<String>> {
    let all = TRANSACTIONS.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().filter(|(of, _)| of == database_url).map(|(_, named)| named.clone()).collect()
}

/// Notes of one connection.
#[derive(Default)]
struct Notes {
    /// The connection's database.
    database_url: String,
    /// Districts named since a transaction was begun.
    within: Option<BTreeSet<String>>,
}

impl Notes {
    fn started(&mut self, text: &str) {
        match text.get(..5).map(str::to_ascii_uppercase).as_deref() {
            Some("BEGIN") => self.within = Some(BTreeSet::new()),
            Some("COMMI" | "ROLLB") => {
                let named = self.within.take().filter(|named| !named.is_empty());
                let named = named.map(|named| (self.database_url.clone(), named));
                TRANSACTIONS.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
            }
            _ => {
                if !writes_of_districts(text) {
                    return;
                }
                let named = districts_bound(text);
                match &mut self.within {
                    Some(within) => within.extend(named),
                    // A transaction of its own.
                    None => {
                        let named = (self.database_url.clone(), named.into_iter().collect());
                        TRANSACTIONS.lock().unwrap_or_else(PoisonError::into_inner).push(named);
                    }
                }
            }
        }
    }
}

/// Whether a statement writes into a table of districts.
fn writes_of_districts(text: &str) -> bool {
    let written = parts(&words(text)).into_iter().filter_map(|part| written(&part.words));
    written.into_iter().any(|own| tables().of_districts.contains(&own.table))
}

/// Codes of districts among the values of a statement as the driver prints it.
pub fn districts_bound(printed: &str) -> Vec<String> {
    let Some((_, binds)) = printed.rsplit_once("-- binds: ") else { return Vec::new() };
    let is_code = |text: &&str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    binds.split('"').skip(1).step_by(2).filter(is_code).map(str::to_owned).collect()
}

impl Instrumentation for Notes {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => url.clone_into(&mut self.database_url),
            InstrumentationEvent::CacheQuery { sql, .. } => {
                let mut prepared = prepared();
                let own = prepared.entry(self.database_url.clone()).or_default();
                if !own.contains(sql) {
                    own.insert(sql.to_owned());
                }
            }
            InstrumentationEvent::StartQuery { query, .. } if BOUND.load(Ordering::Relaxed) => {
                self.started(&query.to_string());
            }
            _ => {}
        }
    }
}
