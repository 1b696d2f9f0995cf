//! Tests of [`super::read_xlsx`] on files that are damaged or mean harm.

use std::fs::File;
use std::io::{Seek, Write};
use std::time::{Duration, Instant};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::super::XlsxError;
use super::tests::{HEADER, ROOT, STRINGS, Temp, all, book, part};
use super::{XlsxLimits, read_xlsx};

const MIB: usize = 1 << 20;

/// Added to sizes, so that their bytes are found nowhere else in an archive.
const ODD: usize = 0x1234;

fn open(temp: &Temp, limits: XlsxLimits) -> XlsxError {
    let start = Instant::now();
    let error = read_xlsx(&temp.0, limits).err().unwrap();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    error
}

fn refused(temp: &Temp) -> XlsxError {
    open(temp, XlsxLimits::default())
}

/// Writes one entry of so many MiB of zeros.
fn zeros<W: Write + Seek>(zip: &mut ZipWriter<W>, mebibytes: usize) {
    let options = SimpleFileOptions::default();
    zip.start_file("xl/media/0", options).unwrap();
    for _ in 0..mebibytes {
        zip.write_all(&vec![0; MIB]).unwrap();
    }
    zip.write_all(&[0; ODD]).unwrap();
}

/// An archive of one such entry.
fn one_of_zeros(mebibytes: usize) -> Temp {
    let temp = Temp::new();
    let mut zip = temp.zip();
    zeros(&mut zip, mebibytes);
    zip.finish().unwrap();
    temp
}

/// Makes an archive declare that each entry of `size` bytes has only ten.
fn lie(temp: &Temp, size: usize) {
    let mut bytes = std::fs::read(&temp.0).unwrap();
    let declared = u32::try_from(size).unwrap().to_le_bytes();
    let places: Vec<usize> = (0..bytes.len() - 3).filter(|at| bytes[*at..*at + 4] == declared).collect();
    for at in &places {
        bytes[*at..*at + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    assert!(!places.is_empty());
    std::fs::write(&temp.0, bytes).unwrap();
}

#[test]
fn a_bomb_of_one_gibibyte() {
    // Compressing a gibibyte takes long without optimization; copying does not.
    let small = one_of_zeros(16);
    let temp = Temp::new();
    let mut zip = temp.zip();
    for index in 0..64 {
        let mut archive = ZipArchive::new(File::open(&small.0).unwrap()).unwrap();
        let entry = archive.by_index(0).unwrap();
        zip.raw_copy_file_rename(entry, format!("xl/media/{index}")).unwrap();
    }
    zip.finish().unwrap();
    assert!(matches!(refused(&temp), XlsxError::InflatesTooLarge { .. }));
}

#[test]
fn a_bomb_that_lies_about_its_size() {
    let temp = one_of_zeros(16);
    lie(&temp, 16 * MIB + ODD);
    let limits = XlsxLimits { max_inflated_bytes: 8 << 20, ..XlsxLimits::default() };
    let error = open(&temp, limits);
    // The ZIP library may find the lie out before the limit is reached.
    assert!(matches!(error, XlsxError::InflatesTooLarge { .. } | XlsxError::Broken(_)));
}

#[test]
fn a_bomb_that_leaves_its_size_open() {
    let temp = Temp::new();
    let mut zip = ZipWriter::new_stream(File::create(&temp.0).unwrap());
    zeros(&mut zip, 16);
    zip.finish().unwrap();
    let mut archive = ZipArchive::new(File::open(&temp.0).unwrap()).unwrap();
    assert_eq!(archive.decompressed_size(), None);
    assert!(archive.by_index(0).is_ok());
    let limits = XlsxLimits { max_inflated_bytes: 8 << 20, ..XlsxLimits::default() };
    assert!(matches!(open(&temp, limits), XlsxError::InflatesTooLarge { .. }));
}

#[test]
fn too_many_entries() {
    let temp = Temp::new();
    let mut zip = temp.zip();
    for index in 0..1001 {
        part(&mut zip, &format!("xl/media/{index}"), "");
    }
    zip.finish().unwrap();
    assert!(matches!(refused(&temp), XlsxError::TooManyEntries { .. }));
}

#[test]
fn too_large_files() {
    let temp = book(&[("visible", HEADER)], STRINGS);
    let limits = XlsxLimits { max_file_bytes: 100, ..XlsxLimits::default() };
    assert!(matches!(open(&temp, limits), XlsxError::FileTooLarge { limit: 100 }));
}

#[test]
fn other_kinds_of_files() {
    let temp = Temp::new();
    let kind_of = |bytes: &[u8]| {
        std::fs::write(&temp.0, bytes).unwrap();
        refused(&temp)
    };
    assert!(matches!(kind_of(b"a,b\n"), XlsxError::NotXlsx));
    assert!(matches!(kind_of(b""), XlsxError::NotXlsx));
    assert!(matches!(kind_of(b"\xD0\xCF\x11\xE0\xA1\xB1"), XlsxError::OldOrEncrypted));
    assert!(matches!(kind_of(b"PK\x03\x04 and no more"), XlsxError::Broken(_)));
    std::fs::remove_file(&temp.0).unwrap();
    assert!(matches!(refused(&temp), XlsxError::Io(_)));
}

#[test]
fn cut_off_and_flipped_files() {
    let temp = book(&[("visible", HEADER)], STRINGS);
    let whole = std::fs::read(&temp.0).unwrap();
    for at in (0..whole.len()).step_by(7) {
        std::fs::write(&temp.0, &whole[..at]).unwrap();
        refused(&temp);
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        std::fs::write(&temp.0, flipped).unwrap();
        // Any result is right, as long as there is one.
        if let Ok(mut table) = read_xlsx(&temp.0, XlsxLimits::default()) {
            table.table().unwrap().for_each(drop);
        }
    }
}

#[test]
fn announced_strings_take_no_memory() {
    for count in ["99999999999999", " \n +0099999999999"] {
        let strings = STRINGS.replace("uniqueCount=\"3", &format!("uniqueCount = \"{count}"));
        let error = refused(&book(&[("visible", HEADER)], &strings));
        assert!(matches!(error, XlsxError::Unsafe(_)), "{error}");
    }
    let padded = STRINGS.replace("uniqueCount=\"3", "uniqueCount=\"0000000000000003");
    assert!(all(&book(&[("visible", HEADER)], &padded)).is_empty());
}

#[test]
fn copied_styles_take_no_memory() {
    let temp = Temp::new();
    let mut zip = temp.zip();
    let font = format!("<font><name val=\"{}\"/></font>", "x".repeat(MIB));
    let formats = "<xf fontId=\"0\"/>".repeat(10_000);
    let styles = format!("<styleSheet><fonts>{font}</fonts><cellXfs>{formats}</cellXfs></styleSheet>");
    part(&mut zip, "xl/styles.xml", &styles);
    zip.finish().unwrap();
    assert!(matches!(refused(&temp), XlsxError::Unsafe(_)));
}

#[test]
fn endless_texts_take_no_memory() {
    let strings = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(2 * MIB));
    let temp = book(&[("visible", HEADER)], &strings);
    assert!(matches!(refused(&temp), XlsxError::Unsafe(_)));
}

#[test]
fn the_main_part_cannot_pass_for_a_worksheet() {
    for target in ["xl/Worksheets/a.xml", "xl/&#119;orksheets/a.xml"] {
        let temp = Temp::new();
        let mut zip = temp.zip();
        part(&mut zip, "_rels/.rels", &ROOT.replace("xl/workbook.xml", target));
        zip.finish().unwrap();
        assert!(matches!(refused(&temp), XlsxError::Unsafe(_)));
    }
}

#[test]
fn panics_of_the_parser_become_errors() {
    // A dimension that ends before it starts.
    let sheet = "<worksheet><dimension ref=\"B9:A1\"/><sheetData></sheetData></worksheet>";
    let temp = Temp::new();
    let mut zip = temp.zip();
    part(&mut zip, "_rels/.rels", ROOT);
    part(&mut zip, "xl/worksheets/s0.xml", sheet);
    let list = r#"<workbook><sheets><sheet name="S" sheetId="1" r:id="r0"/></sheets></workbook>"#;
    part(&mut zip, "xl/workbook.xml", list);
    let relations = r#"<Relationships><Relationship Id="r0" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/s0.xml"/></Relationships>"#;
    part(&mut zip, "xl/_rels/workbook.xml.rels", relations);
    zip.finish().unwrap();
    refused(&temp);
}
