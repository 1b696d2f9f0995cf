//! Processor time of a service and of its PostgreSQL, as `/proc` counts it; whoever loads them is neither.

use std::collections::HashMap;
use std::fs;

/// Milliseconds of a tick: Linux tells times in hundredths of a second, whatever it counts in.
const TICK_MS: u64 = 10;

/// The processes that requests cost something.
#[derive(Clone, Copy)]
pub struct Processes {
    /// The service, with its children.
    pub server: u32,
    /// The postmaster, whose children are the database.
    pub postmaster: u32,
}

/// Milliseconds of processor time.
#[derive(Clone, Copy, Default)]
pub struct Spent {
    /// Of the service.
    pub server_ms: f64,
    /// Of the database.
    pub database_ms: f64,
}

/// A process: its parent, and the ticks of itself and of its children that ended.
struct Process {
    parent: u32,
    ticks: u64,
}

impl Processes {
    /// Processor time that was spent since each of them began.
    pub fn spent(&self) -> Spent {
        let all = processes();
        let [mut server, mut database] = [0, 0];
        for (pid, process) in &all {
            // An embedded postmaster may be a child of the service's.
            if within(&all, *pid, self.postmaster) {
                database += process.ticks;
            } else if within(&all, *pid, self.server) {
                server += process.ticks;
            }
        }
        Spent { server_ms: (server * TICK_MS) as f64, database_ms: (database * TICK_MS) as f64 }
    }
}

impl Spent {
    /// A request's part of what was spent since.
    pub fn since(self, before: Self, requests: usize) -> Self {
        let each = |now: f64, then: f64| (now - then) / requests.max(1) as f64;
        Self {
            server_ms: each(self.server_ms, before.server_ms),
            database_ms: each(self.database_ms, before.database_ms),
        }
    }
}

fn within(all: &HashMap<u32, Process>, mut pid: u32, ancestor: u32) -> bool {
    while pid != ancestor {
        match all.get(&pid) {
            Some(process) => pid = process.parent,
            None => return false,
        }
    }
    true
}

fn processes() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let text = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name before it may hold anything. Then: state, parent, …, its own ticks, those of ended children.
            let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
            let ticks = fields.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
            Some((pid, Process { parent: fields.get(1)?.parse().ok()?, ticks }))
        })
        .collect()
}
