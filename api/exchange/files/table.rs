//! Tables from text, pushed piece by piece: rows of cells with the lines on which they begin.

#[cfg(test)]
mod tests;

/// More cells in a row than this are nobody's.
const MOST_CELLS: usize = 256;
/// More text in a row than this is a quote that was never closed.
const MOST_TEXT: usize = 256 * 1024;
/// Lines in which a delimiter is looked for: titles above a table have none.
const MOST_TITLES: usize = 20;
/// So many open quotes of a file are each kept to their own line: to look for more would cost more than the file is
/// long.
const MOST_OPEN_QUOTES: u32 = 100;

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its cells, as they were written.
    pub cells: Vec<String>,
    /// Flaw that makes it unreadable.
    pub flaw: Option<RowFlaw>,
}

/// Why a row can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFlaw {
    /// Too long, or with too many cells: most likely a quote that was never closed.
    TooLong,
    /// A character that no text has, in a cell counted from 0.
    Nul(usize),
    /// A number that the spreadsheet rounded, in a cell: an identity number that was not kept as text.
    LostDigits(usize),
    /// A cell that shows an error, such as `#N/A`.
    ErrorCell(usize),
    /// A formula without a result, in a cell.
    Uncounted(usize),
}

/// Splits text into rows: commas, tabs or semicolons as the first line has them; quoted cells; newlines of
/// every kind, mixed.
pub struct Splitter {
    delimiter: Option<char>,
    row: Vec<String>,
    cell: String,
    quoted: bool,
    /// The letter before closed a quote.
    just_closed: bool,
    /// Where in this cell its quote was closed.
    closed_at: Option<usize>,
    after_return: bool,
    line: u64,
    begun_on: u64,
    length: usize,
    flaw: Option<RowFlaw>,
    head: String,
    /// The row as it came, to be looked at again where its quote turns out to be open.
    raw: String,
    open_quotes: u32,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            delimiter: None,
            row: Vec::new(),
            cell: String::new(),
            quoted: false,
            just_closed: false,
            closed_at: None,
            after_return: false,
            line: 1,
            begun_on: 1,
            length: 0,
            flaw: None,
            head: String::new(),
            raw: String::new(),
            open_quotes: 0,
        }
    }
}

/// Checks a sign that a `sep=` line names: neither a letter, a digit nor the one that quotes.
fn parts_cells(sign: &char) -> bool {
    !sign.is_alphanumeric() && !matches!(sign, '"' | '\0')
}

/// The first line that has a delimiter, else the first one that isn't blank.
fn telling_line(head: &str) -> &str {
    let mut lines = head.split(['\r', '\n']).filter(|line| !line.is_empty()).take(MOST_TITLES);
    let first = lines.clone().next().unwrap_or_default();
    if first.starts_with("sep=") { first } else { lines.find(|line| line.contains([',', '\t', ';'])).unwrap_or(first) }
}

/// Whether the lines that are whole tell the delimiter.
fn is_told(head: &str) -> bool {
    let whole = head.rfind(['\r', '\n']).and_then(|end| head.get(..end)).unwrap_or_default();
    let lines = whole.split(['\r', '\n']).filter(|line| !line.is_empty());
    let first = telling_line(whole);
    first.starts_with("sep=") || first.contains([',', '\t', ';']) || lines.take(MOST_TITLES).count() == MOST_TITLES
}

impl Splitter {
    /// Takes more text; whole rows are added to `rows`. Blank lines are counted and left out.
    pub fn push(&mut self, text: &str, last: bool, rows: &mut Vec<Row>) {
        if self.delimiter.is_none() {
            // Only what is new is searched for the end of a line: it may come a byte at a time.
            let has_line = text.contains(['\r', '\n']);
            self.head.push_str(text);
            let is_told = has_line && is_told(&self.head);
            if !is_told && !last && self.head.len() < MOST_TEXT {
                return;
            }
            let head = std::mem::take(&mut self.head);
            let head = self.settle(&head);
            self.take(&head, rows);
        } else {
            self.take(text, rows);
        }
        if last {
            while self.is_open() {
                let rest = self.close_quote(rows);
                self.take(&rest, rows);
            }
            self.end_row(rows);
        }
    }

    /// Bytes of the row that isn't whole yet.
    pub fn length(&self) -> usize {
        self.length.max(self.head.len())
    }

    /// Finds the delimiter: Excel's own `sep=` line, else the one that the first line has most of.
    fn settle(&mut self, head: &str) -> String {
        let first = telling_line(head);
        if let Some(named) = first.strip_prefix("sep=").and_then(|rest| rest.chars().next()).filter(parts_cells) {
            self.delimiter = Some(named);
            // Its line is left empty, so that lines are counted right.
            return head.replacen(first, "", 1);
        }
        let mut outside = true;
        let mut counts = [(',', 0), ('\t', 0), (';', 0)];
        for letter in first.chars() {
            outside ^= letter == '"';
            for (delimiter, count) in &mut counts {
                *count += usize::from(outside && letter == *delimiter);
            }
        }
        let most = counts.iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(delimiter, _)| *delimiter);
        self.delimiter = Some(most);
        head.to_owned()
    }

    fn take(&mut self, text: &str, rows: &mut Vec<Row>) {
        let mut again = self.scan(text, rows);
        while let Some(text) = again {
            again = self.scan(&text, rows);
        }
    }

    /// Takes text up to where an open quote shows; answers what is to be taken after that.
    fn scan(&mut self, text: &str, rows: &mut Vec<Row>) -> Option<String> {
        let delimiter = self.delimiter.unwrap_or(',');
        for (index, letter) in text.char_indices() {
            let follows_return = std::mem::replace(&mut self.after_return, letter == '\r');
            if letter == '\n' && follows_return {
                if self.quoted {
                    self.cell.push('\n');
                    self.raw.push('\n');
                }
                continue;
            }
            if matches!(letter, '\r' | '\n') {
                self.line += 1;
                if !self.quoted {
                    self.end_row(rows);
                    continue;
                }
            }
            self.raw.push(letter);
            self.length += letter.len_utf8();
            let is_over = self.length > MOST_TEXT || self.row.len() >= MOST_CELLS;
            if is_over && self.is_open() {
                let rest = text.get(index + letter.len_utf8()..).unwrap_or_default();
                return Some(self.close_quote(rows) + rest);
            }
            if is_over { self.overflow() } else { self.letter(letter, delimiter) }
        }
        None
    }

    fn is_open(&self) -> bool {
        self.quoted && self.open_quotes < MOST_OPEN_QUOTES
    }

    /// An open quote spoils the line on which its row begins, and no other: answers the lines after it, which are
    /// rows of their own.
    fn close_quote(&mut self, rows: &mut Vec<Row>) -> String {
        let raw = std::mem::take(&mut self.raw);
        let (first, rest) = raw.split_once(['\r', '\n']).unwrap_or((&raw, ""));
        let rest =
            if raw.get(first.len()..).is_some_and(|end| end.starts_with("\r\n")) { rest.get(1..) } else { Some(rest) };
        let (delimiter, line, open_quotes) = (self.delimiter, self.begun_on, self.open_quotes + 1);
        let mut alone = Self { delimiter, line, begun_on: line, open_quotes: MOST_OPEN_QUOTES, ..Self::default() };
        alone.scan(first, rows);
        alone.end_row(rows);
        *self = Self { delimiter, line: line + 1, begun_on: line + 1, open_quotes, ..Self::default() };
        rest.unwrap_or_default().to_owned()
    }

    /// Drops a row that is too long up to the end of its line; the next line is a row again.
    fn overflow(&mut self) {
        self.flaw.get_or_insert(RowFlaw::TooLong);
        self.quoted = false;
        self.cell.clear();
        // Text kept of it is for open quotes only.
        self.raw.clear();
    }

    fn letter(&mut self, letter: char, delimiter: char) {
        let just_closed = std::mem::take(&mut self.just_closed);
        match letter {
            '\0' => drop(self.flaw.get_or_insert(RowFlaw::Nul(self.row.len()))),
            '"' if self.quoted => {
                (self.quoted, self.just_closed) = (false, true);
                self.closed_at = Some(self.cell.len());
            }
            // A second quote right after the first is one that was meant.
            '"' if just_closed => {
                self.cell.push('"');
                (self.quoted, self.closed_at) = (true, None);
            }
            '"' if self.closed_at.is_none() && self.cell.trim().is_empty() => {
                self.cell.clear();
                self.quoted = true;
            }
            letter if letter == delimiter && !self.quoted => self.end_cell(),
            letter => self.cell.push(letter),
        }
    }

    fn end_cell(&mut self) {
        let mut cell = std::mem::take(&mut self.cell);
        self.just_closed = false;
        if let Some(at) = self.closed_at.take() {
            // Spaces after a closing quote are nobody's; those before it were meant.
            let end = cell.split_off(at);
            cell.push_str(end.trim_end());
        }
        self.row.push(cell);
    }

    fn end_row(&mut self, rows: &mut Vec<Row>) {
        let line = std::mem::replace(&mut self.begun_on, self.line);
        if self.quoted {
            self.flaw.get_or_insert(RowFlaw::TooLong);
        }
        self.end_cell();
        self.raw.clear();
        let cells = std::mem::take(&mut self.row);
        let flaw = self.flaw.take();
        (self.length, self.quoted) = (0, false);
        if flaw.is_some() || cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(Row { line, cells, flaw });
        }
    }
}
