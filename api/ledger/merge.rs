//! Appends of one batch: which may share a statement, and as what.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::writer::Job;
use super::{Append, Tallies};

/// Puts appends behind each other: their numbers follow.
pub(super) fn merge<'a>(district_code: &str, members: impl IntoIterator<Item = &'a Append>) -> Append {
    let mut merged = Append {
        district_code: district_code.to_owned(),
        changes: Vec::new(),
        numbers: 0,
        tallies: Tallies::default(),
        keyed: Vec::new(),
        awaited: Vec::new(),
        claims: Vec::new(),
    };
    for append in members {
        for change in &append.changes {
            let mut change = change.clone();
            change.number += merged.numbers;
            merged.changes.push(change);
        }
        merged.numbers += append.numbers;
        merged.tallies.extend(&append.tallies);
        merged.keyed.extend(append.keyed.iter().cloned());
        merged.awaited.extend(append.awaited.iter().cloned());
    }
    merged.tallies.sum_up();
    merged
}

/// Divides jobs into those whose rows are their own and those that touch a row an earlier one touches.
pub(super) fn divide(jobs: Vec<Job>) -> (Vec<Job>, Vec<Job>) {
    let mut taken: BTreeSet<(String, &'static str, Uuid)> = BTreeSet::new();
    let mut keys: BTreeSet<Vec<u8>> = BTreeSet::new();
    let (mut own, mut overlapping) = (Vec::with_capacity(jobs.len()), Vec::new());
    for job in jobs {
        let district_code = &job.append.district_code;
        let rows: Vec<_> =
            job.append.changes.iter().map(|change| (district_code.clone(), change.table.name, change.id)).collect();
        let overlaps = rows.iter().any(|row| taken.contains(row))
            || job.append.keyed.iter().any(|keyed| keys.contains(&keyed.key_hash));
        if overlaps {
            overlapping.push(job);
            continue;
        }
        taken.extend(rows);
        keys.extend(job.append.keyed.iter().map(|keyed| keyed.key_hash.clone()));
        own.push(job);
    }
    (own, overlapping)
}
