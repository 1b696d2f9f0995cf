//! The refused rows as a workbook: the sheets that have any, under their own names, faulty cells marked.

use bytes::Bytes;
use kit::problem::Problem;
use kit::text::Language;
use rust_xlsxwriter::{Color, Format, Workbook, Worksheet, XlsxError};

use super::fault_table::{FaultRow, FaultTable};
use super::faults::PAGE;
use super::store::{self, Import, Refused, sheet_of};
use crate::exchange::codes::LOST_DIGITS;
use crate::platform::core::Core;

/// Characters that a cell holds, with some room.
const MOST_OF_CELL: usize = 32_000;
/// Ground of a faulty cell: what spreadsheets themselves call bad.
const BAD: Color = Color::RGB(0x00FF_C7CE);
/// Ground of the columns that are added.
const ADDED: Color = Color::RGB(0x00FF_F2CC);

/// Writes the workbook.
pub async fn write(core: &Core, import: &Import, language: Language) -> Result<Bytes, Problem> {
    let (mut sheets, mut after): (Vec<(String, FaultTable, Vec<FaultRow>)>, _) = (Vec::new(), 0);
    let mut current = None;
    loop {
        let rows = store::refused(core, import, after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.line;
        for refused in &rows {
            let sheet = sheet_of(refused.line);
            if current != Some(sheet) {
                current = Some(sheet);
                let name = import.sheet_name(sheet).unwrap_or("错误").to_owned();
                sheets.push((name, FaultTable::of_sheet(import, sheet, language), Vec::new()));
            }
            add(&mut sheets, import, refused);
        }
    }
    let packed = tokio::task::spawn_blocking(move || workbook(&sheets)).await.map_err(Problem::internal)?;
    packed.map(Bytes::from).map_err(Problem::internal)
}

fn add(sheets: &mut [(String, FaultTable, Vec<FaultRow>)], import: &Import, refused: &Refused) {
    if let Some((_, table, rows)) = sheets.last_mut() {
        let row = table.row(import, refused);
        rows.push(row);
    }
}

fn workbook(sheets: &[(String, FaultTable, Vec<FaultRow>)]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let mut taken: Vec<String> = Vec::new();
    for (number, (name, table, rows)) in sheets.iter().enumerate() {
        // Whoever wrote the file may have called its sheets what no spreadsheet would.
        let is_good = !taken.contains(&name.to_lowercase()) && Worksheet::new().set_name(name).is_ok();
        let name = if is_good { name.clone() } else { format!("工作表 {}", number + 1) };
        taken.push(name.to_lowercase());
        workbook.push_worksheet(sheet(&name, table, rows)?);
    }
    if sheets.is_empty() {
        workbook.add_worksheet();
    }
    workbook.save_to_buffer()
}

fn sheet(name: &str, table: &FaultTable, rows: &[FaultRow]) -> Result<Worksheet, XlsxError> {
    let (bold, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    let bad = Format::new().set_num_format("@").set_background_color(BAD);
    let added = Format::new().set_background_color(ADDED).set_text_wrap();
    let mut sheet = Worksheet::new();
    sheet.set_name(name)?;
    let mut at = 0;
    if let Some(title) = &table.title {
        sheet.write_string(at, 0, title)?;
        at += 1;
    }
    for (column, name) in (0_u16..).zip(table.header.iter().map(String::as_str).chain(table.added)) {
        sheet.write_string_with_format(at, column, name, &bold)?;
        sheet.set_column_width(column, 14)?;
    }
    at += 1;
    sheet.set_freeze_panes(at, 0)?;
    let faults = u16::try_from(table.header.len()).unwrap_or(u16::MAX - 1);
    sheet.set_column_width(faults, 50)?;
    for (at, row) in (at..).zip(rows) {
        for (column, (index, cell)) in (0_u16..).zip(row.cells.iter().enumerate()) {
            let fault = row.faulty.get(&index);
            let format = if fault.is_some() { &bad } else { &text };
            match cell.parse::<f64>() {
                // A number that lost its digits stays one: as text it would pass for whole.
                Ok(number) if fault == Some(&LOST_DIGITS.code()) => {
                    sheet.write_number_with_format(at, column, number, &Format::new().set_background_color(BAD))?;
                }
                _ if cell.is_empty() && fault.is_none() => {}
                _ => {
                    let cell: String = cell.chars().take(MOST_OF_CELL).collect();
                    sheet.write_string_with_format(at, column, cell, format)?;
                }
            }
        }
        let words: String = row.words.chars().take(MOST_OF_CELL).collect();
        sheet.write_string_with_format(at, faults, words, &added)?;
        sheet.write_string_with_format(at, faults + 1, row.line.to_string(), &added)?;
    }
    Ok(sheet)
}
