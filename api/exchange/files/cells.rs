//! Cells as text.

use super::guard::{defused, guarded};
use super::rows::Cell;

/// A line of CSV (RFC 4180, CRLF) of these cells.
pub fn csv_line(cells: &[Cell]) -> String {
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        match cell {
            Cell::Empty => {}
            Cell::Number(number) => line.push_str(number),
            Cell::Text(text) | Cell::Boolean(_, text) | Cell::Day(_, text) | Cell::Moment(_, text) => {
                push_quoted(&mut line, &guarded(text));
            }
        }
    }
    line.push_str("\r\n");
    line
}

/// A line of CSV of cells as they were typed: only what a spreadsheet would run is guarded, so that what is read and
/// written again stays as it is, however often.
pub fn raw_csv_line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        push_quoted(&mut line, &defused(cell));
    }
    line.push_str("\r\n");
    line
}

fn push_quoted(line: &mut String, text: &str) {
    if text.contains([',', '"', '\r', '\n', ';', '\t']) || text.starts_with(' ') || text.ends_with(' ') {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_quotes_has_them() {
        let text = |text: &str| Cell::Text(text.into());
        let cells = [
            text("a,b"),
            text("say \"x\""),
            Cell::Empty,
            Cell::Number("-103.5".into()),
            text("-1"),
            text("多行\n文字"),
        ];
        assert_eq!(csv_line(&cells), "\"a,b\",\"say \"\"x\"\"\",,-103.5,'-1,\"多行\n文字\"\r\n");
    }
}
