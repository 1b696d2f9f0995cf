//! A table under way: its rows as bodies, and rows that are no records told as such.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate, TimeZone};
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::problem::Problem;
use kit::text::{Language, Text};
use kit::tree::Tree;
use serde_json::{Value as Json, json};

use super::carry::{APART_NOTED, Carry};
use super::dictionary::is_served;
use super::header::{Header, Place, Unknown};
use super::layout::Found;
use super::names::is_open;
use super::nested::worded;
use super::no_records::{Reason, SECTION};
use super::row::{Body, insert, once, told};
use super::salvage::is_by_the_way;
use super::sheet_layout::Constant;
use super::stock_cards::Left;
use super::titles::Candidates;
use super::told::{Told, ToldIn};
use super::wide::Unfolded;
use crate::exchange::codes::{AMBIGUOUS_NAME, ERROR_CELL, MORE_CELLS, NOTHING_ABOVE};
use crate::exchange::files::columns::{Column, Part};
use crate::exchange::files::days::{Assumed, Hints, day_alone, day_by};
use crate::exchange::files::guard::unguarded;
use crate::exchange::files::table::Row;
use crate::exchange::files::texts::{self, is_ditto, visible};
use crate::platform::http::fault;
use crate::records::{Kind, Registry, Rules, Warning};

/// A column that nobody knows, or one without a name, whose cell went into the note.
pub static UNKNOWN_NOTED: Warning = Warning {
    code: "unknown_column_noted",
    message: Text::new("the column has no field; its content is kept in the note", "该列无对应字段,内容已记入备注"),
};
/// The same where it was left out.
pub static UNKNOWN_IGNORED: Warning = Warning {
    code: "unknown_column_ignored",
    message: Text::new("the column has no name; its content was left out", "该列无表头,内容未导入"),
};

/// A cell that says the same as the one above, where there is nothing.
static DITTO_OF_NOTHING: Warning = Warning {
    code: "nothing_above",
    message: Text::new(
        "says the same as above, and nothing stands above; taken as empty",
        "写了“同上”,但上一行该列为空,按空白处理",
    ),
};
/// Errors of spreadsheets, as they stand in a cell that was saved as text.
const ERRORS: [&str; 8] = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!"];

/// A row of a table.
pub enum Taken {
    /// A record, or a part of one: the row, what it takes from above written out, and its body.
    Body(Box<(Row, Body)>),
    /// Records of a row of a wide sheet.
    Wide(Box<(Row, Unfolded)>),
    /// None.
    NotARecord(&'static Reason),
}

/// A table: its header and what is carried from row to row.
pub struct Table {
    /// Its header.
    pub header: Arc<Header>,
    constants: Vec<(Column, String)>,
    pub(super) hints: Hints,
    /// The days of the columns of a wide sheet.
    pub(super) days: Vec<Option<NaiveDate>>,
    /// Rules of the kinds whose lists columns are, by place.
    pub(super) worded: Vec<Option<&'static dyn Rules>>,
    /// The cells of the row above, for those that say `同上`.
    above: Vec<String>,
    /// Columns of the natural key, by place: of a list with a row an item they are carried down.
    carried: Vec<usize>,
    /// Cells that rows of a book leave to those above.
    carry: Option<Carry>,
    /// Members that must be there, of which the titles may mean several things.
    several: Vec<Candidates>,
    /// The day that the section says, and whether its year was assumed.
    section_day: Option<(NaiveDate, bool)>,
    /// Columns of the month and of the day, where these are two.
    month_and_day: Option<(usize, usize)>,
    month_above: String,
    /// Rests of things so far, on a card of what flows.
    pub(super) left: Vec<Left>,
    /// The day that the title says of what happened, where nothing else does.
    day_of_title: Option<NaiveDate>,
    /// Fields that must be there.
    pub(super) required: Vec<&'static str>,
    /// Whether cells behind the header can't have come of a comma that parts what belongs together.
    workbook: bool,
}

impl Table {
    /// A table as it was found. Constants that the caller gives go before those of the titles.
    pub fn new(
        (kind, kinds): (&'static Kind, &Registry),
        found: Found,
        given: Vec<(Column, String)>,
        (hints, days): (Hints, Vec<Option<NaiveDate>>),
        workbook: bool,
    ) -> Self {
        let mut constants = given;
        for (column, text) in found.constants {
            if constants.iter().all(|(other, _)| other.path != column.path) {
                constants.push((column, text));
            }
        }
        let header = Arc::new(found.header);
        let key = kind.rules.natural_key();
        let is_key = |place: &Place| match place {
            Place::Field(column) => key.iter().any(|names| names.split('|').any(|name| name == column.name())),
            Place::Day => true,
            _ => false,
        };
        let carried = match header.lines() {
            Some(_) => (0..header.places.len()).filter(|index| header.places.get(*index).is_some_and(is_key)).collect(),
            None => Vec::new(),
        };
        let required =
            kind.body_fields().into_iter().filter(|field| field.required && field.write != kit::field::Write::Never);
        let is_given = |name: &&str| constants.iter().any(|(column, _)| column.path.first() == Some(name));
        let required = required.map(|field| field.name).filter(|name| !is_given(name)).collect();
        let year = hints.year.or(found.year).or(found.day.map(|day| day.year()));
        let day_of_title = found.day.filter(|_| !kind.rules.stands_when_known() && !header.has(&["occurred_at"]));
        let hints = Hints { year, day: hints.day.or(found.day), ours: header.ours, ..hints };
        let worded = header.places.iter().map(|place| worded(kind, kinds, place)).collect();
        let (above, carry, left, several) = (Vec::new(), Carry::of(kind, &header), Vec::new(), Vec::new());
        let (month_and_day, section_day, month_above) = (header.month_and_day(), None, String::new());
        let hints = Hints { year: hints.year.or(header.year_of_month()), ..hints };
        Self {
            header,
            constants,
            hints,
            days,
            worded,
            above,
            carried,
            carry,
            left,
            several,
            section_day,
            month_and_day,
            month_above,
            day_of_title,
            required,
            workbook,
        }
    }

    /// The same, of whose titles several things may be meant.
    pub fn which_may_be(self, several: Vec<Candidates>) -> Self {
        Self { several, ..self }
    }

    /// Values that the titles, or the caller, give all rows; the text only of what is nobody's.
    pub fn constants_told(&self, kinds: &Registry) -> Vec<Constant> {
        let told = |(column, text): &(Column, String)| {
            let text = is_open(column.field, kinds).then(|| text.clone());
            Constant { field: column.name(), text }
        };
        self.constants.iter().map(told).collect()
    }

    /// The columns of the file, and of what the titles say.
    pub fn names(&self) -> Vec<String> {
        let said = self.constants.iter().map(|(column, _)| column.header(Language::Chinese));
        self.header.names.iter().cloned().chain(said).collect()
    }

    /// Takes a row.
    pub fn take(&mut self, row: &Row) -> Taken {
        if row.flaw.is_none() && !self.header.ours {
            let reason = self.day_of_section(row).or_else(|| self.no_record(row));
            if let Some(reason) = reason {
                return Taken::NotARecord(reason);
            }
        }
        let mut cells = row.cells.clone();
        self.join_days(&mut cells);
        let mut alone = Vec::new();
        for (index, cell) in cells.iter_mut().enumerate() {
            let above = self.above.get(index);
            let carries = self.carried.contains(&index) && visible(cell).is_empty();
            if self.header.ours {
                continue;
            }
            let above = above.filter(|above| !visible(above).is_empty());
            if let Some(above) = above.filter(|_| carries || is_ditto(cell)) {
                cell.clone_from(above);
            } else if is_ditto(cell) && self.is_ditto_of_nothing(index) {
                alone.push(index);
                cell.clear();
            }
        }
        let width = self.header.places.len().max(cells.len());
        if cells.len() < width {
            for index in cells.len()..width {
                let carries = self.carried.contains(&index);
                cells.push(self.above.get(index).filter(|_| carries).cloned().unwrap_or_default());
            }
        }
        let hints = self.hints_of(&cells);
        let apart = self.carry.as_mut().and_then(|carry| carry.fill(&self.header, &hints, &mut cells));
        let mut shown: Vec<String> = cells.iter().take(self.header.names.len()).cloned().collect();
        shown.resize(self.header.names.len(), String::new());
        shown.extend(self.constants.iter().map(|(_, text)| text.clone()));
        let shown = Row { line: row.line, cells: shown, flaw: row.flaw };
        let taken = match self.header.wide {
            Some(wide) => {
                let mut unfolded = self.unfold(wide, row, &cells);
                self.compare_left(wide, &cells, &mut unfolded);
                Taken::Wide(Box::new((shown, unfolded)))
            }
            None => {
                let mut body = self.body(row, &cells, None);
                alone.into_iter().for_each(|index| self.tell_nothing_above(&mut body, index));
                if let Some((index, text)) = apart {
                    body.warn(&self.header, index, &APART_NOTED);
                    body.noted.push((self.header.name_of(index), text));
                }
                Taken::Body(Box::new((shown, body)))
            }
        };
        self.above = cells;
        taken
    }

    /// `2月3日（星期一）` by itself above rows that say only the time: it is the day of all of them.
    fn day_of_section(&mut self, row: &Row) -> Option<&'static Reason> {
        let filled: Vec<String> = row.cells.iter().map(|cell| visible(cell)).filter(|cell| !cell.is_empty()).collect();
        let first = filled.first().filter(|first| filled.iter().all(|cell| cell == *first))?;
        let has_day = self.header.is_of_days() || self.header.places.iter().any(|place| matches!(place, Place::Day));
        let (day, assumed) = day_alone(first, &self.hints).filter(|_| !has_day)?;
        self.section_day = Some((day, assumed == Assumed::Year && self.hints.year.is_none()));
        Some(&SECTION)
    }

    /// A day in two columns, of the month and of the day, becomes one; the month holds for the rows below it.
    fn join_days(&mut self, cells: &mut [String]) {
        let Some((month_at, day_at)) = self.month_and_day else { return };
        let said = |cells: &[String], at: usize| cells.get(at).map(|cell| visible(cell)).unwrap_or_default();
        let (month, day) = (said(cells, month_at), said(cells, day_at));
        if !month.is_empty() {
            self.month_above = month;
        }
        if let Some(cell) = cells.get_mut(day_at).filter(|_| !day.is_empty() && !self.month_above.is_empty()) {
            let number = |text: &str| text.trim_end_matches(['月', '日', '号']).to_owned();
            *cell = format!("{}月{}日", number(&self.month_above), number(&day));
        }
    }

    /// Whether a column would take the words `同上` for what they don't say. What has no field keeps them as they are.
    fn is_ditto_of_nothing(&self, index: usize) -> bool {
        matches!(self.header.places.get(index), Some(Place::Field(_) | Place::Day | Place::Item(_) | Place::ExternalId))
    }

    /// Tells a cell that repeats what isn't there: a fault of what a record is known by, else a warning.
    fn tell_nothing_above(&self, body: &mut Body, index: usize) {
        let is_secondary = match self.header.places.get(index) {
            Some(Place::Field(column)) => is_by_the_way(column.field) || column.field.name == "note",
            Some(Place::Item(_)) => true,
            _ => false,
        };
        if is_secondary {
            body.warn(&self.header, index, &DITTO_OF_NOTHING);
        } else {
            let at = self.header.pointer_of(index).unwrap_or_default();
            body.problem.get_or_insert_with(|| fault(&at, NOTHING_ABOVE));
        }
    }

    /// The body of a row, times of which are of a day.
    pub(super) fn body(&self, row: &Row, cells: &[String], day: Option<NaiveDate>) -> Body {
        let mut body = Body::default();
        let hints = self.hints_of(cells);
        let hints = Hints { day: day.or(hints.day), ..hints };
        let mut members = Vec::new();
        for (index, (place, text)) in self.header.places.iter().zip(cells).enumerate() {
            match place {
                Place::Field(column) => self.field(&mut body, &mut members, index, column, text, &hints),
                Place::ExternalId => body.external_id = Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
                Place::Unknown => self.unknown(&mut body, index, text),
                Place::Item(item) => self.item(&mut body, &mut members, index, item, text, &hints),
                Place::Served(column) => self.told(&mut body, index, column, text, &hints),
                Place::Axis(_) | Place::Day | Place::Ignored => {}
            }
        }
        self.name_instead(&body, &mut members);
        body.ours = self.header.ours;
        if self.section_day.is_some_and(|(_, assumed)| assumed) {
            body.warnings.push((0, of_row("/occurred_at", &texts::YEAR_ASSUMED)));
        }
        for (index, text) in cells.iter().enumerate().skip(self.header.places.len()).filter(|_| self.workbook) {
            self.unknown(&mut body, index, text);
        }
        if !self.header.is_of_days() {
            self.add_day(&mut body, &mut members, cells, &hints);
        }
        let shared = self.header.kind.rules.book().map(|book| book.shared);
        for (column, text) in &self.constants {
            // A record that rows share isn't told by what all rows have.
            let is_told = column.path.len() < 2
                || column.path.first().copied() != shared
                || column.path.first().is_some_and(|first| has(&members, &[*first]));
            if is_told
                && !has(&members, &column.path)
                && let Some(tree) = texts::of_field(column.field, text, &hints).tree
            {
                insert(&mut members, &column.path, tree);
            }
        }
        for Candidates { field, told } in &self.several {
            if !has(&members, &[field]) {
                let values = vec![("candidates", told.clone())];
                let fault = Fault { pointer: format!("/{field}"), code: AMBIGUOUS_NAME, values, hint: None };
                body.problem.get_or_insert_with(|| Problem::invalid(vec![fault]));
            }
        }
        once(&mut members);
        body.tree = Tree::Object(members);
        body.problem = self.flaw(row, cells).or(body.problem);
        body
    }

    fn field(
        &self,
        body: &mut Body,
        members: &mut Vec<(String, Tree)>,
        index: usize,
        column: &Column,
        text: &str,
        hints: &Hints,
    ) {
        if let Some(items) = self.items_in_words(index, column, text, hints) {
            body.texts.push((index, text.trim().to_owned()));
            return insert(members, &column.path, Tree::List(items));
        }
        let reading = texts::of_field(column.field, text, hints);
        if let Some(warning) = reading.warning {
            body.warn(&self.header, index, warning);
        }
        if let Some(rest) = reading.rest {
            body.noted.push((self.header.name_of(index), rest));
        }
        if let Some(code) = reading.fault {
            let at = self.header.pointer_of(index).unwrap_or_default();
            body.problem.get_or_insert_with(|| fault(&at, code));
        }
        body.texts.push((index, text.trim().to_owned()));
        if let Some(tree) = reading.tree {
            insert(members, &column.path, tree);
        }
    }

    /// Notes what the service fills in, to be compared with what stands.
    fn told(&self, body: &mut Body, index: usize, column: &Column, text: &str, hints: &Hints) {
        let is_value = column.part == Part::Value && !visible(text).is_empty();
        let tree = if is_value { texts::member(&column.field.shape, text, hints) } else { Tree::Null };
        body.told.push(Told {
            place: ToldIn::Column(index, column.clone()),
            text: unguarded(&visible(text)).to_owned(),
            tree,
        });
    }

    /// A name beside an empty id is what it is known by.
    fn name_instead(&self, body: &Body, members: &mut Vec<(String, Tree)>) {
        for told in &body.told {
            if let ToldIn::Column(_, column) = &told.place
                && column.part == Part::Name
                && !is_served(column)
                && !told.text.is_empty()
                && !has(members, &column.path)
            {
                insert(members, &column.path, Tree::Text(told.text.clone()));
            }
        }
    }

    fn unknown(&self, body: &mut Body, index: usize, text: &str) {
        let text = visible(text);
        let named = self.header.names.get(index).is_some_and(|name| !name.trim().is_empty());
        if text.is_empty() {
            return;
        }
        match self.header.unknown {
            Unknown::Note => {
                body.warn(&self.header, index, &UNKNOWN_NOTED);
                body.noted.push((self.header.name_of(index), text));
            }
            // A column without a name can't have been refused or left out by name.
            _ if !named => {
                body.warn(&self.header, index, &UNKNOWN_IGNORED);
            }
            _ => {}
        }
    }

    /// The day of the row, for times beside it.
    pub(super) fn hints_of(&self, cells: &[String]) -> Hints {
        let is_day = |place: &Place| matches!(place, Place::Day);
        let own = self.header.places.iter().position(is_day).and_then(|index| cells.get(index));
        let day = own.and_then(|text| day_by(&visible(text), &self.hints)).map(|(day, _)| day);
        let of_section = self.section_day.map(|(day, _)| day);
        Hints { day: day.or(of_section).or(self.hints.day), ..self.hints }
    }

    /// A day beside which there is no time, or an empty one, says when it happened.
    fn add_day(&self, body: &mut Body, members: &mut Vec<(String, Tree)>, cells: &[String], hints: &Hints) {
        let is_day = |place: &Place| matches!(place, Place::Day);
        let Some(index) = self.header.places.iter().position(is_day) else {
            return self.add_day_of_title(body, members);
        };
        let text = cells.get(index).map(String::as_str).unwrap_or_default();
        let field = crate::records::envelope::INPUT.iter().find(|field| field.name == "occurred_at");
        let (Some(field), false) = (field, visible(text).is_empty()) else { return };
        let reading = texts::of_field(field, text, &Hints { day: None, ..*hints });
        if let Some(code) = reading.fault {
            body.problem.get_or_insert_with(|| fault("/occurred_at", code));
        }
        let has_times = self.header.places.iter().any(|place| {
            matches!(place, Place::Field(column) if matches!(column.field.shape, kit::field::Shape::Instant) && has(members, &column.path))
        });
        if has_times {
            if day_by(&visible(text), hints).is_none() && reading.fault.is_none() {
                body.problem.get_or_insert_with(|| fault("/occurred_at", FaultCode::BAD_FORMAT));
            }
            return;
        }
        if let Some(warning) = reading.warning {
            body.warn(&self.header, index, warning);
        }
        if let Some(tree) = reading.tree {
            insert(members, &["occurred_at"], tree);
        }
    }

    /// Where only the title says the day, all happened on it; at noon, as far as anybody knows.
    fn add_day_of_title(&self, body: &mut Body, members: &mut Vec<(String, Tree)>) {
        let noon = chrono::NaiveTime::from_hms_opt(12, 0, 0);
        let of_section = self.section_day.filter(|_| self.day_of_title.is_some() || !self.header.has(&["occurred_at"]));
        let title = of_section.map(|(day, _)| day).or(self.day_of_title);
        let (Some(day), Some(noon), false) = (title, noon, has(members, &["occurred_at"])) else { return };
        if let Some(at) = self.hints.zone.from_local_datetime(&day.and_time(noon)).earliest() {
            members.push(("occurred_at".to_owned(), Tree::Text(at.to_rfc3339())));
            body.warnings.push((0, of_row("/occurred_at", &texts::TIME_ASSUMED)));
        }
    }

    fn flaw(&self, row: &Row, cells: &[String]) -> Option<Problem> {
        if let Some(flaw) = row.flaw {
            let (code, cell) = told(flaw);
            let at = cell.and_then(|cell| self.header.pointer_of(cell)).unwrap_or_default();
            return Some(fault(&at, code));
        }
        let shows_error = |(place, cell): (&Place, &String)| {
            matches!(place, Place::Field(_) | Place::Day | Place::Item(_)) && ERRORS.contains(&cell.trim())
        };
        let error = self.header.places.iter().zip(cells).position(shows_error).filter(|_| !self.header.ours);
        if let Some(index) = error {
            return Some(fault(&self.header.pointer_of(index).unwrap_or_default(), ERROR_CELL));
        }
        let more = !self.workbook && cells.iter().skip(self.header.names.len()).any(|cell| !cell.trim().is_empty());
        more.then(|| fault("", MORE_CELLS))
    }
}

/// Whether a body has a member.
pub(super) fn has(members: &[(String, Tree)], path: &[&'static str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    members.iter().any(|(name, member)| {
        name == first
            && match (rest.is_empty(), member) {
                (true, _) => true,
                (false, Tree::Object(inner)) => has(inner, rest),
                _ => false,
            }
    })
}

/// A warning of a whole row, as it is kept.
pub fn of_row(pointer: &str, warning: &Warning) -> Json {
    json!({"column": null, "pointer": pointer, "code": warning.code, "zh": warning.message.zh, "en": warning.message.en})
}

/// Notes a warning about a column.
pub fn warning(header: &Header, index: usize, warning: &Warning) -> Json {
    json!({"column": header.name_of(index), "pointer": header.pointer_of(index), "code": warning.code,
        "zh": warning.message.zh, "en": warning.message.en})
}
