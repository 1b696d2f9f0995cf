//! Tests of [`super::read_xlsx`], on workbooks put together by hand.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::{Row, RowError, RowErrorKind, XlsxError};
use super::{XlsxLimits, read_xlsx};

/// A file that is gone when dropped.
pub(super) struct Temp(pub(super) PathBuf);

impl Temp {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tabular-{}-{number}.xlsx", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(super) fn zip(&self) -> ZipWriter<File> {
        ZipWriter::new(File::create(&self.0).unwrap())
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// Number formats by style: 1 `yyyy/m/d`, 2 `yyyy-mm-dd hh:mm`, 3 `h:mm`,
/// 4 built-in Chinese 31, 5 `0.00`, 6 `[h]:mm`, 7 `yyyy"年"m"月"d"日";@`.
const STYLES: &str = r#"<styleSheet><numFmts count="4">
<numFmt numFmtId="164" formatCode="yyyy/m/d"/>
<numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm"/>
<numFmt numFmtId="166" formatCode="[h]:mm"/>
<numFmt numFmtId="167" formatCode="[$-804]yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/></numFmts>
<cellXfs count="8"><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="20"/>
<xf numFmtId="31"/><xf numFmtId="2"/><xf numFmtId="166"/><xf numFmtId="167"/></cellXfs></styleSheet>"#;

pub(super) const ROOT: &str = r#"<Relationships><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;

pub(super) fn part(zip: &mut ZipWriter<File>, name: &str, text: &str) {
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(text.as_bytes()).unwrap();
}

/// Writes a workbook of sheets, each with its state and its `<row>`s.
pub(super) fn book(sheets: &[(&str, &str)], strings: &str) -> Temp {
    let temp = Temp::new();
    let mut zip = temp.zip();
    let (mut list, mut relations) = (String::new(), String::new());
    for (index, (state, rows)) in sheets.iter().enumerate() {
        list += &format!(r#"<sheet name="S{index}" sheetId="{index}" state="{state}" r:id="r{index}"/>"#);
        relations += &format!(
            r#"<Relationship Id="r{index}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/s{index}.xml"/>"#
        );
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        part(&mut zip, &format!("xl/worksheets/s{index}.xml"), &sheet);
    }
    part(&mut zip, "_rels/.rels", ROOT);
    part(&mut zip, "xl/workbook.xml", &format!("<workbook><sheets>{list}</sheets></workbook>"));
    let relations = format!("<Relationships>{relations}</Relationships>");
    part(&mut zip, "xl/_rels/workbook.xml.rels", &relations);
    part(&mut zip, "xl/styles.xml", STYLES);
    part(&mut zip, "xl/sharedStrings.xml", strings);
    zip.finish().unwrap();
    temp
}

pub(super) const STRINGS: &str = r#"<sst count="3" uniqueCount="3"><si><t>姓名</t></si><si><t>体温</t></si><si><r><t>张</t></r><r><t>三</t></r></si></sst>"#;

/// A header of one cell.
pub(super) const HEADER: &str = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;

pub(super) fn all(temp: &Temp) -> Vec<Result<Row, RowError>> {
    let mut table = read_xlsx(&temp.0, XlsxLimits::default()).unwrap();
    table.table().unwrap().collect()
}

/// The text of a single cell below the header, and what is wrong with it.
fn cell(xml: &str) -> (String, Option<RowErrorKind>) {
    let rows = format!(r#"{HEADER}<row r="2">{xml}</row>"#);
    let temp = book(&[("visible", &rows)], STRINGS);
    match all(&temp).pop() {
        Some(Ok(row)) => (row.cells.concat(), None),
        Some(Err(error)) => (error.row.unwrap().cells.concat(), Some(error.kind)),
        None => (String::new(), None),
    }
}

fn value(style: u32, value: &str) -> String {
    let (text, problem) = cell(&format!(r#"<c r="A2" s="{style}"><v>{value}</v></c>"#));
    assert!(problem.is_none(), "{value}: {problem:?}");
    text
}

#[test]
fn first_visible_sheet_with_content() {
    let rows = r#"<row r="1"><c r="A1" s="1"/></row><row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" t="s"><v>1</v></c><c r="C3" s="5"/></row>
        <row r="4"/><row r="5"><c r="B5"><v>36.5</v></c></row><row r="7"><c r="A7" t="s"><v>2</v></c></row><row r="9"><c r="A9" s="1"/></row>"#;
    let temp = book(&[("hidden", HEADER), ("visible", ""), ("visible", rows)], STRINGS);
    let mut table = read_xlsx(&temp.0, XlsxLimits::default()).unwrap();
    assert_eq!(table.sheet(), "S2");
    assert_eq!(table.header().line, 3);
    for _ in 0..2 {
        let table = table.table().unwrap();
        assert_eq!(table.header.cells, ["姓名", "体温"]);
        let rows: Vec<Row> = table.map(Result::unwrap).collect();
        assert_eq!((rows[0].line, rows[0].cells.join("|")), (5, "|36.5".to_owned()));
        assert_eq!((rows[1].line, rows[1].cells.join("|")), (7, "张三".to_owned()));
        assert_eq!(rows.len(), 2);
    }
    let empty = book(&[("hidden", HEADER), ("visible", "")], STRINGS);
    let error = read_xlsx(&empty.0, XlsxLimits::default()).err().unwrap();
    assert!(matches!(error, XlsxError::NoContent));
}

#[test]
fn numbers() {
    assert_eq!(value(0, "36.499999999999993"), "36.5");
    assert_eq!(value(5, "36.5"), "36.5");
    assert_eq!(value(0, "0.1"), "0.1");
    assert_eq!(value(0, "-0"), "0");
    assert_eq!(value(0, "13800138000"), "13800138000");
    assert_eq!(value(0, "1E-7"), "0.0000001");
    assert_eq!(value(0, "511802900307123"), "511802900307123");
    let (text, problem) = cell(r#"<c r="A2"><v>5.1180219900307123E+17</v></c>"#);
    assert_eq!(text, "511802199003071000");
    assert!(matches!(problem, Some(RowErrorKind::DigitsLost { column: 1 })));
}

#[test]
fn dates_and_times() {
    assert_eq!(value(1, "43864"), "2020-02-03");
    assert_eq!(value(7, "43864"), "2020-02-03");
    assert_eq!(value(1, "43864.5"), "2020-02-03");
    assert_eq!(value(2, "43864"), "2020-02-03T00:00:00");
    assert_eq!(value(2, "43864.336805555555"), "2020-02-03T08:05:00");
    assert_eq!(value(2, "43864.99999999"), "2020-02-04T00:00:00");
    assert_eq!(value(4, "43864"), "2020-02-03");
    assert_eq!(value(4, "43864.5"), "2020-02-03T12:00:00");
    assert_eq!(value(3, "0.336805555555556"), "08:05");
    assert_eq!(value(3, "0.33715277777"), "08:05:30");
    assert_eq!(value(6, "1.0625"), "25:30");
    assert_eq!(value(1, "-5"), "-5");
    assert_eq!(value(1, "99999999999"), "99999999999");
}

#[test]
fn other_values() {
    let text = |xml: &str| cell(xml).0;
    assert_eq!(text(r#"<c r="A2" t="b"><v>1</v></c>"#), "true");
    assert_eq!(text(r#"<c r="A2" t="b"><v>0</v></c>"#), "false");
    assert_eq!(text(r#"<c r="A2" t="inlineStr"><is><t>a&amp;b</t></is></c>"#), "a&b");
    assert_eq!(text(r#"<c r="A2"><f>1+1</f><v>2</v></c>"#), "2");
    assert_eq!(text(r#"<c r="A2" t="str"><f>A1</f><v>x</v></c>"#), "x");
    let (text, problem) = cell(r#"<c r="A2" t="inlineStr"><is><t>a</t></is></c><c r="B2" t="e"><v>#N/A</v></c>"#);
    assert_eq!(text, "a#N/A");
    assert!(matches!(problem, Some(RowErrorKind::ErrorValue { column: 2, value }) if value == "#N/A"));
}

#[test]
fn row_limits() {
    let far = r#"<row r="2"><c r="XFD2"><v>1</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>"#;
    let items = all(&book(&[("visible", &format!("{HEADER}{far}"))], STRINGS));
    assert!(matches!(items[0].as_ref().unwrap_err().kind, RowErrorKind::TooManyCells { .. }));
    assert!(items[1].is_ok());

    let rows: String = (2..=5).map(|row| format!(r#"<row r="{row}"><c r="A{row}"><v>1</v></c></row>"#)).collect();
    let temp = book(&[("visible", &format!("{HEADER}{rows}"))], STRINGS);
    let limits = XlsxLimits { max_rows: 3, ..XlsxLimits::default() };
    let items: Vec<_> = read_xlsx(&temp.0, limits).unwrap().table().unwrap().collect();
    assert_eq!(items.len(), 4);
    let error = items[3].as_ref().unwrap_err();
    assert_eq!(error.line, 5);
    assert!(error.is_final() && matches!(error.kind, RowErrorKind::TooManyRows { limit: 3 }));
}
