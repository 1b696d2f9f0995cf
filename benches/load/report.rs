//! The goals and what one run measured of them, as a table to be pasted.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::compare::Row;

/// Work; where it stood before; what is measured, with the names of noted figures in braces; the goal.
const GOALS: [[&str; 4]; 14] = [
    [
        "POST 1 / 16 / 64 of the two-row floor",
        "0.14 / 0.41 / 0.59",
        "{post 1} / {post 16} / {post 64}, p99 at 64 {post 64 p99}",
        "0.40 / 1.0 / 2.0, p99 at 64 ≤ 30 ms",
    ],
    [
        "POST 1 / 16 / 64 against FastAPI + asyncpg",
        "0.39 / 1.15 / 1.37",
        "{post 1 peer} / {post 16 peer} / {post 64 peer}",
        "≥ 1.0 / 2.5 / 4",
    ],
    ["list of 100 of its floor", "0.19", "{list}", "0.35"],
    ["list of 100 against FastAPI + asyncpg", "1", "{list peer}", "≥ 1.5"],
    ["import of `\\copy`, 25 places, 28 days", "0.13", "{import}, {import rate}", "0.40, ≥ 7,000 rows/s"],
    ["POST p99 beside an import, memory", "", "{import p99}, {import memory}", "≤ 50 ms, ≤ 150 MB"],
    ["export", "0.10–0.29", "{export}", "0.5"],
    [
        "feed pages of 500 from anywhere, empty poll",
        "22–36/s, 15 ms",
        "{feed rate}, {feed empty} ({feed empty beside others} where others wrote)",
        "≥ 250/s, ≤ 1 ms",
    ],
    ["slowest filter, 10⁶ rows", "2.6 s", "{filter}", "≤ 20 ms"],
    ["slowest pull page, 10⁶ rows", "0.5–0.8 s", "{pull}", "≤ 20 ms"],
    ["`verify` of a million revisions", "113 s", "{verify}", "≤ 60 s"],
    ["goodput at five times the load, of the best", "", "{goodput}", "≥ 90 %"],
    ["refusal at five times the load, p99", "", "{refusal}", "< 20 ms"],
    ["CPU a POST at 64 (service + database)", "0.66 ms", "{post 64 cpu}", "≤ 0.30 ms"],
];

/// Notes of the parts of a run.
#[derive(Default)]
pub struct Report {
    noted: RefCell<BTreeMap<String, String>>,
}

impl Report {
    /// Notes a figure as it is to be read, unit included. A name that no goal asks for has a line of its own.
    pub fn note(&self, name: &str, figure: impl Into<String>) {
        self.noted.borrow_mut().insert(name.to_owned(), figure.into());
    }

    /// Notes what a goal asks of a comparison: its ratio by the `name`, `name rate`, `name p99`, `name cpu`, `name peer`.
    pub fn compared(&self, name: &str, row: &Row) {
        let spent = row.service.spent;
        let found = [
            (name.to_owned(), Some(format!("{:.2}", row.ratio()))),
            (format!("{name} rate"), Some(format!("{:.0}/s", row.service.per_s))),
            (format!("{name} p99"), Some(format!("{:.1} ms", row.service.p99_ms))),
            (format!("{name} cpu"), Some(format!("{:.2} ms", spent.server_ms + spent.database_ms))),
            (format!("{name} peer"), row.to_peer().map(|ratio| format!("{ratio:.2}"))),
        ];
        for (name, figure) in found {
            if let Some(figure) = figure.filter(|_| asked(&name)) {
                self.note(&name, figure);
            }
        }
    }

    /// Prints the goals of which anything was measured.
    pub fn print(&self) {
        if self.noted.borrow().is_empty() {
            return;
        }
        println!("\n| work | before | measured | goal |\n| --- | --- | --- | --- |");
        let mut noted = self.noted.borrow_mut();
        for [work, before, measured, goal] in GOALS {
            if let Some(cell) = filled(measured, &noted) {
                println!("| {work} | {before} | {cell} | {goal} |");
            }
        }
        noted.retain(|name, _| !asked(name));
        for (name, figure) in noted.iter() {
            println!("| {name} | | {figure} | |");
        }
    }
}

fn asked(name: &str) -> bool {
    GOALS.iter().any(|goal| goal[2].contains(&format!("{{{name}}}")))
}

/// A cell with its figures, a dash for each that is missing; nothing where all are.
fn filled(measured: &str, noted: &BTreeMap<String, String>) -> Option<String> {
    let mut cell = measured.to_owned();
    for (name, figure) in noted {
        cell = cell.replace(&format!("{{{name}}}"), figure);
    }
    let any = cell != measured;
    while let Some((before, rest)) = cell.split_once('{') {
        let after = rest.split_once('}').map_or("", |(_, after)| after);
        cell = format!("{before}–{after}");
    }
    any.then_some(cell)
}
