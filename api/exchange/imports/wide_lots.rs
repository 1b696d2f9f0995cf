//! Cells of wide sheets where they are counted, kept and told: several of one row, each with an address of its own.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::items::Item;
use super::store::LINES_OF_A_SHEET;

/// Lines from here on are cells: the line, times the columns that a row has at most, plus the column.
const CELLS: i64 = 1 << 62;
/// More columns than a row has.
const COLUMNS: i64 = 4_096;

/// The number under which it is kept what came of a cell; columns are counted from 0.
pub fn line_of_cell(line: u64, column: usize) -> u64 {
    let line = i64::try_from(line).unwrap_or_default();
    let column = i64::try_from(column).unwrap_or(COLUMNS - 1).min(COLUMNS - 1);
    u64::try_from(CELLS + line * COLUMNS + column).unwrap_or_default()
}

/// The line of such a number, and the address of its cell where it is one's.
pub fn parted(line: i64) -> (i64, Option<String>) {
    if line < CELLS {
        return (line, None);
    }
    let (row, column) = ((line - CELLS) / COLUMNS, (line - CELLS) % COLUMNS);
    (row, Some(address(row % LINES_OF_A_SHEET, usize::try_from(column).unwrap_or_default())))
}

/// `F7`: as a spreadsheet calls the cell of a line and a column that is counted from 0.
pub fn address(line: i64, column: usize) -> String {
    let (mut letters, mut rest) = (String::new(), column + 1);
    while rest > 0 {
        let letter = u32::try_from((rest - 1) % 26).unwrap_or_default();
        letters.insert(0, char::from_u32(u32::from('A') + letter).unwrap_or('?'));
        rest = (rest - 1) / 26;
    }
    format!("{letters}{line}")
}

/// The next so many records, and those of the same row of a wide sheet: what is wrong with a row is told once.
pub fn lot(items: &mut Peekable<IntoIter<Item>>, most: usize) -> Vec<Item> {
    let mut lot: Vec<Item> = Vec::new();
    while let Some(next) = items.next_if(|next| lot.len() < most || lot.last().is_some_and(|last| next.is_beside(last)))
    {
        lot.push(next);
    }
    lot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_addresses() {
        assert_eq!((address(7, 5), address(1, 26), address(12, 701)), ("F7".into(), "AA1".into(), "ZZ12".into()));
        let of_second_sheet = u64::try_from(LINES_OF_A_SHEET + 7).unwrap();
        let kept = i64::try_from(line_of_cell(of_second_sheet, 5)).unwrap();
        assert_eq!(parted(kept), (LINES_OF_A_SHEET + 7, Some("F7".into())));
        assert_eq!(parted(7), (7, None));
    }
}
