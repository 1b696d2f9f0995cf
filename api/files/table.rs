//! Tables from text, pushed piece by piece: rows of cells with the lines on which they begin.

/// More cells in a row than this are nobody's.
const MOST_CELLS: usize = 256;
/// More text in a row than this is a quote that was never closed.
const MOST_TEXT: usize = 256 * 1024;

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its cells, as they were written.
    pub cells: Vec<String>,
    /// What makes it unreadable.
    pub flaw: Option<RowFlaw>,
}

/// Why a row can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFlaw {
    /// Too long, or with too many cells: most likely a quote that was never closed.
    TooLong,
    /// A character that no text has.
    Nul,
    /// A number that the spreadsheet rounded: an identity number that was not kept as text.
    LostDigits,
    /// A cell that shows an error, such as `#N/A`.
    ErrorCell,
}

/// Splits text into rows: commas, tabs or semicolons as the first line has them; quoted cells; newlines of
/// every kind, mixed.
pub struct Splitter {
    delimiter: Option<char>,
    row: Vec<String>,
    cell: String,
    quoted: bool,
    closed: bool,
    after_return: bool,
    line: u64,
    begun_on: u64,
    length: usize,
    flaw: Option<RowFlaw>,
    head: String,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            delimiter: None,
            row: Vec::new(),
            cell: String::new(),
            quoted: false,
            closed: false,
            after_return: false,
            line: 1,
            begun_on: 1,
            length: 0,
            flaw: None,
            head: String::new(),
        }
    }
}

impl Splitter {
    /// Takes more text; whole rows are added to `rows`. Blank lines are counted and left out.
    pub fn push(&mut self, text: &str, last: bool, rows: &mut Vec<Row>) {
        if self.delimiter.is_none() {
            self.head.push_str(text);
            let has_line = self.head.trim_start_matches(['\r', '\n']).contains(['\r', '\n']);
            if !has_line && !last && self.head.len() < MOST_TEXT {
                return;
            }
            let head = std::mem::take(&mut self.head);
            let head = self.settle(&head);
            self.take(&head, rows);
        } else {
            self.take(text, rows);
        }
        if last {
            self.end_row(rows);
        }
    }

    /// Finds the delimiter: Excel's own `sep=` line, else the one that the first line has most of.
    fn settle(&mut self, head: &str) -> String {
        let first = head.trim_start_matches(['\r', '\n']).split(['\r', '\n']).next().unwrap_or_default();
        if let Some(named) = first.strip_prefix("sep=").and_then(|rest| rest.chars().next()) {
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
        let delimiter = self.delimiter.unwrap_or(',');
        for letter in text.chars() {
            let follows_return = std::mem::replace(&mut self.after_return, letter == '\r');
            if letter == '\n' && follows_return {
                if self.quoted {
                    self.cell.push('\n');
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
            self.letter(letter, delimiter);
        }
    }

    fn letter(&mut self, letter: char, delimiter: char) {
        self.length += letter.len_utf8();
        if self.length > MOST_TEXT || self.row.len() >= MOST_CELLS {
            self.flaw.get_or_insert(RowFlaw::TooLong);
            // An open quote would swallow the rest of the file; the next line is tried as a row again.
            self.quoted = false;
            self.cell.clear();
            return;
        }
        match letter {
            '\0' => drop(self.flaw.get_or_insert(RowFlaw::Nul)),
            '"' if self.quoted => (self.quoted, self.closed) = (false, true),
            // A second quote right after the first is one that was meant.
            '"' if self.closed => {
                self.cell.push('"');
                (self.quoted, self.closed) = (true, false);
            }
            '"' if self.cell.trim().is_empty() => {
                self.cell.clear();
                self.quoted = true;
            }
            letter if letter == delimiter && !self.quoted => self.end_cell(),
            letter => self.cell.push(letter),
        }
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        // Spaces after a closing quote are nobody's.
        self.row.push(if self.closed { cell.trim_end().to_owned() } else { cell });
        self.closed = false;
    }

    fn end_row(&mut self, rows: &mut Vec<Row>) {
        let line = std::mem::replace(&mut self.begun_on, self.line);
        if self.quoted {
            self.flaw.get_or_insert(RowFlaw::TooLong);
        }
        self.end_cell();
        let cells = std::mem::take(&mut self.row);
        let flaw = self.flaw.take();
        (self.length, self.quoted) = (0, false);
        if flaw.is_some() || cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(Row { line, cells, flaw });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, piece: usize) -> Vec<(u64, Vec<String>)> {
        let (mut splitter, mut rows) = (Splitter::default(), Vec::new());
        let letters: Vec<char> = text.chars().collect();
        for piece in letters.chunks(piece) {
            splitter.push(&piece.iter().collect::<String>(), false, &mut rows);
        }
        splitter.push("", true, &mut rows);
        assert!(rows.iter().all(|row| row.flaw.is_none()));
        rows.into_iter().map(|row| (row.line, row.cells)).collect()
    }

    #[test]
    fn rows_are_the_same_however_the_text_is_cut() {
        let text = "\r\n姓名,备注\r\n张三,\"说\"\"好\"\"\n第二行\"\n\n李四, \"x\" \r王五,a\"b\n赵六";
        let expected = vec![
            (2, vec!["姓名".to_owned(), "备注".to_owned()]),
            (3, vec!["张三".to_owned(), "说\"好\"\n第二行".to_owned()]),
            (6, vec!["李四".to_owned(), "x".to_owned()]),
            (7, vec!["王五".to_owned(), "a\"b".to_owned()]),
            (8, vec!["赵六".to_owned()]),
        ];
        for piece in 1..30 {
            assert_eq!(split(text, piece), expected, "piece {piece}");
        }
    }

    #[test]
    fn the_delimiter_is_the_first_lines() {
        let cells = |text: &str| split(text, 1000).into_iter().map(|(_, cells)| cells.len()).collect::<Vec<_>>();
        assert_eq!(cells("a;b;c\n1,5;2;3"), [3, 3]);
        assert_eq!(cells("a\tb\n1\t2"), [2, 2]);
        assert_eq!(cells("\"a;b\",c\n1,2"), [2, 2]);
        assert_eq!(split("sep=;\na;b\n", 2), [(2, vec!["a".to_owned(), "b".to_owned()])]);
        assert!(split("", 1).is_empty() && split("\n\n", 1).is_empty());
    }

    #[test]
    fn an_open_quote_spoils_its_row_and_not_the_file() {
        let text = format!("a,b\n\"open,1\n{}x,2\n", "y,3\n".repeat(100_000));
        let (mut splitter, mut rows) = (Splitter::default(), Vec::new());
        splitter.push(&text, true, &mut rows);
        assert_eq!((rows[1].line, rows[1].flaw), (2, Some(RowFlaw::TooLong)));
        assert!(rows.len() > 10_000, "rows after it are read");
        assert_eq!(rows.last().unwrap().cells, ["x", "2"]);
    }
}
