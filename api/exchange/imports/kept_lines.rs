//! `lines=keep_good`: one line that can't be read doesn't cost the store's day. The good lines go in; each bad one is
//! refused as a row of its own, told in the record's note, and can be sent mended: it joins what is there.

use std::collections::{BTreeMap, BTreeSet};

use kit::catalogue::{Code, FaultCode};
use kit::faults::{Fault, Faults};
use kit::problem::Problem;
use kit::text::{Language, Text};
use kit::tree::Tree;
use kit::value::Value;
use serde_json::json;

use super::items::Item;
use super::job::Job;
use super::row::{Body, kept};
use super::salvage::finish_note;
use super::store::LINES_OF_A_SHEET;
use crate::records::own_words::spell_out;
use crate::records::{Draft, Lines, Record, Warning};

/// A record that went in without some of its lines.
pub static LINES_LEFT_OUT: Warning = Warning {
    code: "lines_left_out",
    message: Text::new(
        "lines that can't be read were left out; the note says which",
        "有明细行未能导入,已在备注中列出",
    ),
};

/// Heading of the lines that were left out, in the note.
const LEFT_OUT: &str = "未导入明细";
/// Number of times that a line left out may uncover another fault.
const TIMES: usize = 4;

impl Job {
    /// Parts records with bad lines: what is good of them, and what is refused.
    pub(super) fn keep_good_lines(&self, items: Vec<Item>) -> Vec<Item> {
        let Some(lines) = self.kind.rules.lines().filter(|_| self.options.keep_good) else { return items };
        let mut all = Vec::with_capacity(items.len());
        for mut item in items {
            let mut left = Vec::new();
            for _ in 0..TIMES {
                let Some(bad) = self.bad_lines(&item, lines) else { break };
                left.extend(self.leave_out(&mut item, lines, bad));
            }
            if item.header.is_none() {
                // Of a table the note is finished with all else that goes into it.
                finish_note(&mut item);
            }
            all.push(item);
            all.extend(left);
        }
        all
    }

    /// Faults by the line in which they are; none where there are none, where the record itself has some, or where
    /// no good line would be left.
    fn bad_lines(&self, item: &Item, lines: Lines) -> Option<BTreeMap<usize, Vec<Fault>>> {
        let mut faults = Faults::default();
        let context = self.core.context(self.core.clock.now(), &self.district_code);
        let mut tree = item.body.tree.clone();
        spell_out(&self.core, self.kind, &mut tree, &context, None, &mut faults);
        let mut draft = Draft::parse(self.kind, self.core.kinds(), &tree, "", &mut faults);
        self.kind.rules.check(&mut draft, &context, &mut faults);
        let own = item.body.problem.as_ref();
        let mut bad: BTreeMap<usize, Vec<Fault>> = BTreeMap::new();
        for fault in faults.list().iter().chain(own.map(Problem::faults).unwrap_or_default()) {
            bad.entry(line_of(fault, lines)?).or_default().push(fault.clone());
        }
        let count = list_in(&item.body.tree, lines).len();
        let unreadable = own.is_some_and(|problem| problem.faults().is_empty());
        (!bad.is_empty() && bad.len() < count && !unreadable).then_some(bad)
    }

    /// Takes lines out of a record; the item that is refused with them, where they have rows of their own.
    fn leave_out(&self, item: &mut Item, lines: Lines, bad: BTreeMap<usize, Vec<Fault>>) -> Option<Item> {
        let of_rows = item.rows.len() == list_in(&item.body.tree, lines).len();
        let mut taken = Vec::new();
        if let Some(list) = list_of(&mut item.body.tree, lines) {
            for index in bad.keys().rev().filter(|index| **index < list.len()).copied().collect::<Vec<_>>() {
                taken.push(list.remove(index));
            }
        }
        taken.reverse();
        for ((index, faults), line) in bad.iter().zip(&taken) {
            let row = item.rows.get(if of_rows { *index } else { 0 }).map_or(0, |row| row.line);
            let at = row % u64::try_from(LINES_OF_A_SHEET).unwrap_or(u64::MAX);
            let typed = typed(item, lines, if of_rows { Some(*index) } else { None });
            let name = typed.unwrap_or_else(|| key_of(line, lines));
            item.body.noted.push((LEFT_OUT.to_owned(), told(at, &name, faults)));
            if !of_rows {
                // The row goes in: what is wrong with its lines is told with it.
                item.body.warnings.extend(faults.iter().map(|fault| (0, kept(None, fault))));
            }
        }
        item.body.problem = None;
        let at = format!("/{}", lines.list);
        let warning = json!({"column": null, "pointer": at, "code": LINES_LEFT_OUT.code,
            "zh": LINES_LEFT_OUT.message.zh, "en": LINES_LEFT_OUT.message.en});
        let refused = of_rows.then(|| item.part(&bad.keys().copied().collect()));
        if item.body.warnings.iter().all(|(_, known)| *known != warning) {
            item.body.warnings.push((0, warning));
        }
        let mut refused = refused?;
        let of_part = bad.into_values().enumerate().flat_map(|(index, faults)| {
            faults.into_iter().map(move |fault| at_line(fault, lines, index)).collect::<Vec<_>>()
        });
        let problem = Problem::of_faults(Code::UNPROCESSABLE, of_part.collect());
        refused.body = Body { tree: Tree::Object(Vec::new()), problem: Some(problem), ..Body::default() };
        Some(refused)
    }
}

/// The line in which a fault is; none where it is the record's.
fn line_of(fault: &Fault, lines: Lines) -> Option<usize> {
    let mut steps = fault.pointer.split('/').skip(1);
    let of_list = steps.next() == Some(lines.list);
    let step = steps.next().filter(|_| of_list)?;
    // Of the first row, a fault of its cells names no place in the list.
    Some(step.parse().unwrap_or(0))
}

fn at_line(fault: Fault, lines: Lines, index: usize) -> Fault {
    let rest: Vec<&str> = fault.pointer.split('/').skip(2).collect();
    let rest =
        if rest.first().is_some_and(|step| step.parse::<usize>().is_ok()) { rest.get(1..) } else { rest.get(..) };
    let rest: String = rest.unwrap_or_default().iter().map(|step| format!("/{step}")).collect();
    Fault { pointer: format!("/{}/{index}{rest}", lines.list), ..fault }
}

/// `第9行 鱼子酱（应为以下之一…）`, short enough for a note.
fn told(line: u64, name: &str, faults: &[Fault]) -> String {
    // A whole vocabulary is no reason that a note can hold.
    let reason = faults.first().map(|fault| match fault.code == FaultCode::NOT_IN_VOCABULARY {
        true => "不在词表或目录中".to_owned(),
        false => fault.message(Language::Chinese),
    });
    let reason = reason.unwrap_or_default();
    // The first part says it; the rest says what would be right.
    let reason: String = reason.split([';', '；']).next().unwrap_or_default().chars().take(40).collect();
    format!("第{line}行{name}({reason})")
}

/// The line's key as the row has it, in the words of whoever wrote it.
fn typed(item: &Item, lines: Lines, row: Option<usize>) -> Option<String> {
    let column = item.header.as_ref()?.index_of(&format!("/{}/0/{}", lines.list, lines.key))?;
    let text = item.rows.get(row?)?.cells.get(column)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn key_of(line: &Tree, lines: Lines) -> String {
    match line.member(lines.key) {
        Some(Tree::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn list_in(tree: &Tree, lines: Lines) -> &[Tree] {
    match tree.member(lines.list) {
        Some(Tree::List(items)) => items,
        _ => &[],
    }
}

fn list_of(tree: &mut Tree, lines: Lines) -> Option<&mut Vec<Tree>> {
    let Tree::Object(members) = tree else { return None };
    members.iter_mut().find(|(name, _)| name == lines.list).and_then(|(_, member)| match member {
        Tree::List(items) => Some(items),
        _ => None,
    })
}

/// The patch by which a file joins what a record has: its lines in the place of those of the same key, the others stay.
/// Of the note only what says that lines were left out is the file's to change.
pub fn joined(current: &Record, lines: Lines, patch: Tree) -> Tree {
    let Tree::Object(mut members) = patch else { return patch };
    let standing = match current.values.get(lines.list) {
        Some(Value::Json(json)) => Tree::from_json(json),
        _ => Tree::List(Vec::new()),
    };
    let (Tree::List(standing), Some(list)) = (standing, members.iter_mut().find(|(name, _)| name == lines.list)) else {
        return Tree::Object(members);
    };
    if let (_, Tree::List(new)) = list {
        let key = |line: &Tree| line.member(lines.key).cloned();
        let keys: Vec<Option<Tree>> = standing.iter().map(key).collect();
        let mut all: Vec<Tree> = standing
            .into_iter()
            .map(|line| new.iter().find(|other| key(other) == key(&line)).cloned().unwrap_or(line))
            .collect();
        all.extend(new.iter().filter(|line| !keys.contains(&key(line))).cloned());
        *new = all;
    }
    let before = current.values.text("note").unwrap_or_default();
    let position = members.iter().position(|(name, _)| name == "note");
    let now = match position.map(|position| members.remove(position).1) {
        Some(Tree::Text(text)) => text,
        _ => String::new(),
    };
    let kept = before.split('；').filter(|part| !part.is_empty() && !part.starts_with(LEFT_OUT));
    let mut parts: Vec<&str> = kept.collect();
    let mut seen: BTreeSet<&str> = parts.iter().copied().collect();
    parts.extend(now.split('；').filter(|part| !part.is_empty() && seen.insert(part)));
    let note = if parts.is_empty() { Tree::Null } else { Tree::Text(parts.join("；")) };
    members.push(("note".to_owned(), note));
    Tree::Object(members)
}
