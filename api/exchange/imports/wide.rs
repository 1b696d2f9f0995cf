//! Wide sheets: a row is unfolded into a record for each of its cells, or into one whose list has an item for each word
//! above its cells.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::field::Field;
use kit::problem::Problem;
use kit::tree::Tree;
use serde_json::{Value as Json, json};

use super::header::{Header, Place};
use super::items::Item;
use super::row::{self, Body, insert, told};
use super::store::LINES_OF_A_SHEET;
use super::table::{Table, has};
use super::wide_header::{Axis, BesideAxis, ItemAxis, Written};
use super::wide_lots::address;
use crate::exchange::files::days::{Hints, instant_by};
use crate::exchange::files::guard::unguarded;
use crate::exchange::files::table::{Row, RowFlaw};
use crate::exchange::files::texts::{self, half_width, is_mark, visible};
use crate::platform::http::fault;
use crate::records::wide::{NotDone, Path, ReadCell, ReadCells, WideAxis, WideCell, WideSlot};
use crate::records::{Warning, Wide};

/// Members of an object, by name.
pub(super) type Members = Vec<(String, Tree)>;

/// A cell of a wide sheet, and what it is of its record.
#[derive(Clone, Debug)]
pub struct CellAt {
    /// The member that it says.
    pub pointer: String,
    /// Its column, from 0.
    pub column: usize,
    /// The row of the record in which it stands, from 0.
    pub row: usize,
}

/// Records and empty cells of a row of a wide sheet.
#[derive(Default)]
pub struct Unfolded {
    /// Records, each with the cells that it is made of.
    pub parts: Vec<(Body, Vec<CellAt>)>,
    /// Cells in which there is nothing.
    pub blank: u64,
    /// Cells that say why there is nothing.
    pub not_done: Vec<(usize, &'static NotDone)>,
    /// The same as bodies, where it explains something.
    pub absent: Vec<(Body, usize, &'static NotDone)>,
}

impl Table {
    /// Unfolds a row.
    pub(super) fn unfold(&self, wide: &'static Wide, row: &Row, cells: &[String]) -> Unfolded {
        let mut unfolded = Unfolded::default();
        let filled = self.filled(wide, cells, &mut unfolded);
        // A cell that can't be read spoils no other.
        let flawed = row.flaw.and_then(|flaw| Some((told(flaw).1?, flaw))).filter(|(column, _)| self.is_axis(*column));
        let sound = Row { flaw: row.flaw.filter(|_| flawed.is_none()), ..row.clone() };
        match &wide.axis {
            WideAxis::DayAndSlot { read, slot, .. } => {
                let base = self.body(&sound, cells, None);
                for column in filled {
                    let cell = |body: &mut Body| self.reading(wide, body, column, (*slot, *read), (cells, flawed));
                    let mut body = base.again();
                    cell(&mut body);
                    unfolded.parts.push((body, vec![CellAt { pointer: pointer(wide.cell), column, row: 0 }]));
                }
                for (column, absence) in unfolded.not_done.iter().filter(|_| wide.absences.is_some()) {
                    let mut body = base.again();
                    self.at_slot(&mut body, *column, slot, cells);
                    unfolded.absent.push((body, *column, absence));
                }
            }
            WideAxis::Flows { .. } => self.flows(wide, (&sound, cells), &filled, &mut unfolded),
            WideAxis::Day { period, read } => {
                for column in filled {
                    self.named(wide, (&sound, cells), column, (*period, *read), &mut unfolded);
                }
            }
            WideAxis::Items { .. } if filled.is_empty() => {}
            WideAxis::Items { beside, .. } if self.is_beside() => {
                self.beside(beside, (&sound, cells), &filled, &mut unfolded);
            }
            WideAxis::Items { .. } => {
                let mut body = self.body(&sound, cells, None);
                let at = self.list(&mut body, &filled, cells);
                if let Some((column, flaw)) = flawed {
                    let pointer = at.iter().find(|cell| cell.column == column).map(|cell| cell.pointer.clone());
                    body.problem.get_or_insert_with(|| fault(&pointer.unwrap_or_default(), told(flaw).0));
                }
                unfolded.parts.push((body, at));
            }
        }
        unfolded
    }

    fn is_axis(&self, column: usize) -> bool {
        matches!(self.header.places.get(column), Some(Place::Axis(_)))
    }

    /// Columns whose cells say something.
    fn filled(&self, wide: &Wide, cells: &[String], unfolded: &mut Unfolded) -> Vec<usize> {
        let mut filled = Vec::new();
        let says =
            |column: &usize| !matches!(self.header.places.get(*column), Some(Place::Axis(Axis::Time(..) | Axis::Left)));
        for column in (0..self.header.places.len()).filter(|column| self.is_axis(*column)).filter(says) {
            let text = said(cells, column);
            if text.is_empty() || is_mark(&text) || wide.blank.contains(&text.as_str()) {
                unfolded.blank += 1;
            } else if let Some(absence) = wide.not_done.iter().find(|absence| absence.words.contains(&text.as_str())) {
                unfolded.not_done.push((column, absence));
            } else {
                filled.push(column);
            }
        }
        filled
    }

    /// A cell of a day and its part.
    fn reading(
        &self,
        wide: &Wide,
        body: &mut Body,
        column: usize,
        (slot, read): (Path, ReadCell),
        (cells, flawed): (&[String], Option<(usize, RowFlaw)>),
    ) {
        self.at_slot(body, column, slot, cells);
        let text = said(cells, column);
        let read = match flawed.filter(|(at, _)| *at == column) {
            Some((_, flaw)) => Err(told(flaw).0),
            None => read(&text),
        };
        match read {
            Ok(cell) => self.add(body, cell, column),
            Err(code) => drop(body.problem.get_or_insert_with(|| fault(&pointer(wide.cell), code))),
        }
    }

    /// Day and part of it that a column says, and when in it that was: where the row doesn't say, at an hour that is
    /// assumed.
    fn at_slot(&self, body: &mut Body, column: usize, slot: Path, cells: &[String]) {
        let Some(Place::Axis(Axis::Day(written, part))) = self.header.places.get(column) else { return };
        let mut members = members_of(body);
        let own = members.iter().position(|(name, _)| name == "occurred_at").map(|at| members.remove(at).1);
        let day = self.days.get(column).copied().flatten().or_else(|| self.hints_of(cells).day);
        let usual = part.map_or(12, |part| part.hour);
        let told = day.and_then(|day| self.time_of((written, *part), day, cells, own.as_ref()));
        body.time_assumed = told.is_none();
        let at = told.or_else(|| {
            let usual = day?.and_time(NaiveTime::from_hms_opt(usual, 0, 0)?);
            self.hints.zone.from_local_datetime(&usual).earliest()
        });
        match at {
            Some(at) => members.push(("occurred_at".to_owned(), Tree::Text(at.to_rfc3339()))),
            None => drop(body.problem.get_or_insert_with(|| fault("/occurred_at", FaultCode::REQUIRED))),
        }
        if let Some(part) = part {
            insert(&mut members, slot, Tree::Text(part.code.to_owned()));
        }
        body.tree = Tree::Object(members);
    }

    /// Time at which a row says that a cell was measured: beside it, for its part of every day, or once for the row, where that
    /// lies in the same part of the day.
    fn time_of(
        &self,
        (written, part): (&Written, Option<&'static WideSlot>),
        day: NaiveDate,
        cells: &[String],
        own: Option<&Tree>,
    ) -> Option<DateTime<Tz>> {
        let zone = self.hints.zone;
        let on_day = |text: &str| {
            let read = instant_by(&visible(text), &Hints { day: Some(day), ..self.hints }).map(|(at, _)| at);
            read.map(|at| at.with_timezone(&zone)).filter(|at| at.date_naive() == day)
        };
        let times = |of: &dyn Fn(&Written) -> bool| {
            let is_it =
                |place: &Place| matches!(place, Place::Axis(Axis::Time(other, slot)) if *slot == part && of(other));
            let index = self.header.places.iter().position(is_it)?;
            cells.get(index).filter(|text| !is_mark(text)).and_then(|text| on_day(text))
        };
        let own = || match own {
            Some(Tree::Text(text)) => {
                let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&zone);
                let at = zone.from_local_datetime(&day.and_time(at.time())).earliest()?;
                let fits = part.is_none_or(|part| (at.hour() < 12) == (part.hour < 12));
                (fits && self.header.has(&["occurred_at"])).then_some(at)
            }
            _ => None,
        };
        times(&|other| other == written).or_else(|| times(&|other| *other == Written::Elsewhere)).or_else(own)
    }

    fn is_beside(&self) -> bool {
        self.header.places.iter().any(|place| matches!(place, Place::Axis(Axis::Beside(_))))
    }

    /// Things side by side, each with a member of the row's item: a record each.
    fn beside(&self, path: Path, (row, cells): (&Row, &[String]), filled: &[usize], unfolded: &mut Unfolded) {
        let base = self.body(row, cells, None);
        let mut all: Vec<(String, Vec<usize>)> = Vec::new();
        for column in filled {
            let Some(Place::Axis(Axis::Beside(axis))) = self.header.places.get(*column) else { continue };
            match all.iter_mut().find(|(name, _)| *name == axis.name) {
                Some((_, columns)) => columns.push(*column),
                None => all.push((axis.name.clone(), vec![*column])),
            }
        }
        for (name, columns) in all {
            let (mut body, mut at) = (base.again(), Vec::new());
            let mut members = members_of(&mut body);
            members.retain(|(other, _)| path.first() != Some(&other.as_str()));
            insert(&mut members, path, Tree::Text(name));
            self.sort_units(&mut members);
            for column in columns {
                let Some(Place::Axis(Axis::Beside(axis))) = self.header.places.get(column) else { continue };
                let text = cells.get(column).map(String::as_str).unwrap_or_default();
                let (list, member) = (axis.list.name, axis.member.name);
                insert(&mut members, &[list, member], texts::member(&axis.member.shape, text, &self.hints));
                for (unit, text) in &axis.units {
                    if !has(&members, &[list, unit]) {
                        insert(&mut members, &[list, unit], Tree::Text(text.clone()));
                    }
                }
                at.push(CellAt { pointer: format!("/{list}/0/{member}"), column, row: 0 });
            }
            body.tree = Tree::Object(members);
            unfolded.parts.push((body, at));
        }
    }

    /// A cell of a day, whose period the row says.
    fn named(
        &self,
        wide: &Wide,
        (row, cells): (&Row, &[String]),
        column: usize,
        ((begins, ends), read): ((Path, Path), ReadCells),
        unfolded: &mut Unfolded,
    ) {
        let day = self.days.get(column).copied().flatten();
        let period = self.period(cells);
        let mut base = self.body(row, &self.without_period(cells), day);
        let mut members = members_of(&mut base);
        members.retain(|(name, _)| name != "occurred_at");
        if let Some(((from, to), day)) = period.zip(day) {
            let at = |minutes: i64| self.at(day, minutes);
            // A period that doesn't end after it begins ends on the next day.
            let to = if to <= from { to + 24 * 60 } else { to };
            for (path, minutes) in [(begins, from), (ends, to)] {
                if let Some(at) = at(minutes).filter(|_| !has(&members, path)) {
                    insert(&mut members, path, Tree::Text(at));
                }
            }
            row::once(&mut members);
        }
        base.tree = Tree::Object(members);
        let text = said(cells, column);
        let at = || vec![CellAt { pointer: pointer(wide.cell), column, row: 0 }];
        match read(&text) {
            Ok(records) => {
                for cell in records {
                    let mut body = base.again();
                    self.add(&mut body, cell, column);
                    unfolded.parts.push((body, at()));
                }
            }
            Err(code) => {
                base.problem.get_or_insert_with(|| fault(&pointer(wide.cell), code));
                unfolded.parts.push((base, at()));
            }
        }
    }

    fn at(&self, day: NaiveDate, minutes: i64) -> Option<String> {
        let local = day.and_time(NaiveTime::MIN).checked_add_signed(TimeDelta::minutes(minutes))?;
        self.hints.zone.from_local_datetime(&local).earliest().map(|at| at.to_rfc3339())
    }

    /// The period that a cell of the row says which is no day's.
    fn period(&self, cells: &[String]) -> Option<(i64, i64)> {
        let others = cells.iter().enumerate().filter(|(column, _)| !self.is_axis(*column));
        others.into_iter().find_map(|(_, text)| period(text))
    }

    /// The cells without those that say nothing but the period: they need no note.
    fn without_period(&self, cells: &[String]) -> Vec<String> {
        let is_told = |(column, text): (usize, &String)| {
            let unknown = matches!(self.header.places.get(column), Some(Place::Unknown));
            if unknown && period(text).is_some() { String::new() } else { text.clone() }
        };
        cells.iter().enumerate().map(is_told).collect()
    }

    /// The list that the cells make, an item for each word above them.
    fn list(&self, body: &mut Body, filled: &[usize], cells: &[String]) -> Vec<CellAt> {
        let mut members = members_of(body);
        let (mut items, mut at): (Vec<(&ItemAxis, Members)>, _) = (Vec::new(), Vec::new());
        for column in filled {
            let (Some(Place::Axis(Axis::Item(axis))), Some(text)) =
                (self.header.places.get(*column), cells.get(*column))
            else {
                continue;
            };
            let place = items.iter().position(|(other, _)| other.code == axis.code).unwrap_or_else(|| {
                let key = (axis.key.name.to_owned(), Tree::Text(axis.code.to_owned()));
                items.push((axis, vec![key]));
                items.len() - 1
            });
            let Some((_, item)) = items.get_mut(place) else { continue };
            item.push((axis.member.name.to_owned(), texts::member(&axis.member.shape, text, &self.hints)));
            for (unit, text) in &axis.units {
                if item.iter().all(|(name, _)| name != unit) {
                    item.push(((*unit).to_owned(), Tree::Text(text.clone())));
                }
            }
            at.push(CellAt {
                pointer: format!("/{}/{place}/{}", axis.list.name, axis.member.name),
                column: *column,
                row: 0,
            });
        }
        let Some(list) = items.first().map(|(axis, _)| axis.list.name) else { return at };
        self.sort_units(&mut members);
        // Members that the row gives the list hold for each item without its own.
        let said = match members.iter().position(|(name, _)| name == list) {
            Some(position) => match members.remove(position).1 {
                Tree::Object(said) => said,
                _ => Vec::new(),
            },
            None => Vec::new(),
        };
        let items = items.into_iter().map(|(_, mut item)| {
            let more: Members =
                said.iter().filter(|(name, _)| item.iter().all(|(other, _)| other != name)).cloned().collect();
            item.extend(more);
            Tree::Object(item)
        });
        members.push((list.to_owned(), Tree::List(items.collect())));
        body.tree = Tree::Object(members);
        at
    }

    /// A unit that is another member's, as 元/斤 in a column that is called 单位, stands there: units in brackets then say
    /// the rest.
    fn sort_units(&self, members: &mut Members) {
        let Some(WideAxis::Items { unit, .. }) = self.header.wide.map(|wide| &wide.axis) else { return };
        let usual = unit("");
        for item in
            members.iter_mut().filter_map(|(_, member)| if let Tree::Object(item) = member { Some(item) } else { None })
        {
            let right = item.iter().find_map(|(name, tree)| match tree {
                Tree::Text(text) if name == usual => Some(unit(text)),
                _ => None,
            });
            if let Some(right) = right.filter(|right| *right != usual && item.iter().all(|(name, _)| name != right)) {
                item.iter_mut().filter(|(name, _)| name == usual).for_each(|(name, _)| right.clone_into(name));
            }
        }
    }

    /// Adds what a cell says.
    fn add(&self, body: &mut Body, cell: WideCell, column: usize) {
        let mut members = members_of(body);
        for (path, tree) in cell.members {
            insert(&mut members, path, tree);
        }
        for (path, tree) in cell.defaults {
            if !has(&members, path) {
                insert(&mut members, path, tree);
            }
        }
        if let Some(warning) = cell.warning {
            body.warnings.push((0, self.warned(warning, column)));
        }
        body.noted.extend(cell.noted.map(|text| (self.header.name_of(column), text)));
        body.tree = Tree::Object(members);
    }

    fn warned(&self, warning: &Warning, column: usize) -> Json {
        json!({"column": self.header.name_of(column), "pointer": self.header.wide.map(|wide| pointer(wide.cell)),
            "code": warning.code, "zh": warning.message.zh, "en": warning.message.en})
    }
}

/// Text of a cell: files of faults guard a dash.
pub(super) fn said(cells: &[String], column: usize) -> String {
    let text = cells.get(column).map(|cell| visible(cell)).unwrap_or_default();
    unguarded(&text).to_owned()
}

pub(super) fn members_of(body: &mut Body) -> Members {
    match std::mem::replace(&mut body.tree, Tree::Null) {
        Tree::Object(members) => members,
        _ => Vec::new(),
    }
}

pub(super) fn pointer(path: Path) -> String {
    format!("/{}", path.join("/"))
}

/// `8:00-14:00`, `早班（8：00—14：00）`, `8时至14时`, `20点-次日8点`: minutes after midnight.
fn period(text: &str) -> Option<(i64, i64)> {
    let text: String = half_width(text).chars().filter(|letter| !letter.is_whitespace()).collect();
    let text = text.replace(['—', '–', '~', '至', '到'], "-").replace("--", "-").replace("次日", "");
    let text = text.replace(['时', '点'], ":").replace('分', "");
    let at = text.find(|letter: char| letter.is_ascii_digit())?;
    let rest = text.get(at..)?;
    let (from, rest) = rest.split_once('-')?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ':').unwrap_or(rest.len());
    let time = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (hour.parse::<i64>().ok()?, if minute.is_empty() { 0 } else { minute.parse().ok()? });
        ((0..=24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
    };
    Some((time(from)?, time(rest.get(..end)?)?))
}

impl Item {
    /// The faults of each of its rows, by the addresses of its cells.
    pub(super) fn faults_by_cell(&self, cells: &[CellAt], problem: &Problem) -> Vec<Json> {
        let header = self.header.as_deref();
        let mut by_row: Vec<Vec<Json>> = self.rows.iter().map(|_| Vec::new()).collect();
        for fault in problem.faults() {
            let (row, kept) = self.kept_by_cell(cells, header, fault);
            if let Some(faults) = by_row.get_mut(row) {
                faults.push(kept);
            }
        }
        let other = Fault {
            pointer: String::new(),
            code: crate::exchange::codes::OTHER_ROW_FAULTY,
            values: Vec::new(),
            hint: None,
        };
        let told = |faults: Vec<Json>| match (faults.is_empty(), problem.faults().is_empty()) {
            (false, _) => Json::Array(faults),
            (true, true) => row::faults(header, problem),
            (true, false) => json!([row::kept(header, &other)]),
        };
        by_row.into_iter().map(told).collect()
    }

    fn kept_by_cell(&self, cells: &[CellAt], header: Option<&Header>, fault: &Fault) -> (usize, Json) {
        let mut kept = row::kept(header, fault);
        let within = |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
        let exact = cells.iter().find(|cell| cell.pointer == fault.pointer);
        let item = || {
            let item: String = fault.pointer.split('/').take(3).collect::<Vec<_>>().join("/");
            cells.iter().find(|cell| fault.pointer.matches('/').count() > 1 && within(&cell.pointer, &item))
        };
        let own = header.is_some_and(|header| header.index_of(&fault.pointer).is_some());
        let cell = exact.or_else(item).or_else(|| cells.first().filter(|_| !own));
        let Some((cell, row)) = cell.and_then(|cell| Some((cell, self.rows.get(cell.row)?))) else { return (0, kept) };
        let line = i64::try_from(row.line).unwrap_or_default() % LINES_OF_A_SHEET;
        let called = header.map(|header| called(header, cell.column)).unwrap_or_default();
        kit::json::put(&mut kept, "column", format!("{} {called}", address(line, cell.column)));
        kit::json::put(&mut kept, "at", cell.column);
        (cell.row, kept)
    }
}

/// Name for the cells of a column.
fn called(header: &Header, column: usize) -> &'static str {
    match header.places.get(column) {
        Some(Place::Axis(
            Axis::Item(ItemAxis { member: Field { label, .. }, .. })
            | Axis::Beside(BesideAxis { member: Field { label, .. }, .. }),
        )) => label.zh,
        _ => header.wide.map_or("", |wide| wide.called.zh),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_as_people_write_them() {
        for (text, expected) in [
            ("8:00-14:00", Some((480, 840))),
            ("早班（8：00—14：00）", Some((480, 840))),
            ("8时至14时30分", Some((480, 870))),
            ("20点-次日8点", Some((1200, 480))),
            ("北门", None),
            ("138-0000", None),
            ("8-14", None),
        ] {
            assert_eq!(period(text), expected, "{text}");
        }
    }
}
