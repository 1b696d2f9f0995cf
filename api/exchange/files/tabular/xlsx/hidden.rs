//! Rows that a sheet doesn't show: the parser reads them as any others and doesn't say so.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

/// Most hidden rows that are noted of a workbook.
const MOST: usize = 1_000_000;

/// The hidden rows of each sheet, by its name, from 1 and in order. A part that can't be read has none: whoever opens
/// the workbook next says what is wrong with it.
pub(super) fn hidden_rows(input: impl Read + Seek) -> BTreeMap<String, Vec<u64>> {
    let Ok(mut archive) = ZipArchive::new(input) else { return BTreeMap::new() };
    let targets = relations(&mut archive);
    let mut found = BTreeMap::new();
    let mut left = MOST;
    for (name, relation) in sheets(&mut archive) {
        let Some(target) = targets.get(&relation) else { continue };
        let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
        let mut rows = Vec::new();
        let mut line = 0;
        each_element(&mut archive, &path, |element| {
            if element.local_name().as_ref() == "row" {
                line = attribute(element, "r").and_then(|text| text.parse().ok()).unwrap_or(line + 1);
                let hidden = attribute(element, "hidden").is_some_and(|text| matches!(text.as_str(), "1" | "true"));
                if hidden && left > 0 {
                    left -= 1;
                    rows.push(line);
                }
            }
        });
        rows.sort_unstable();
        found.insert(name, rows);
    }
    found
}

/// Names of the sheets, each with the relation that leads to its part.
fn sheets<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Vec<(String, String)> {
    let mut sheets = Vec::new();
    each_element(archive, "xl/workbook.xml", |element| {
        if element.local_name().as_ref() == "sheet" {
            sheets.extend(attribute(element, "name").zip(attribute(element, "id")));
        }
    });
    sheets
}

/// Parts by the relation that leads to each.
fn relations<R: Read + Seek>(archive: &mut ZipArchive<R>) -> BTreeMap<String, String> {
    let mut targets = BTreeMap::new();
    each_element(archive, "xl/_rels/workbook.xml.rels", |element| {
        targets.extend(attribute(element, "Id").zip(attribute(element, "Target")));
    });
    targets
}

/// The value of an attribute, whatever its prefix.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let is_it = |key: &str| key == name || key.strip_suffix(name).is_some_and(|before| before.ends_with(':'));
    // `sheetId` is another one than `r:id`.
    let found = element.attributes().flatten().find(|attribute| is_it(attribute.key.as_ref()))?;
    let text = found.value.into_owned();
    Some(quick_xml::escape::unescape(&text).map(|text| text.into_owned()).unwrap_or(text))
}

/// Reads the elements of a part, each as it begins.
fn each_element<R: Read + Seek>(archive: &mut ZipArchive<R>, path: &str, mut take: impl FnMut(&BytesStart<'_>)) {
    let name = archive.file_names().filter_map(Result::ok).find(|name| name.eq_ignore_ascii_case(path));
    let Some(name) = name.map(|name| name.to_string()) else { return };
    let Ok(part) = archive.by_name(&name) else { return };
    let (mut reader, mut buffer) = (Reader::from_reader(BufReader::new(part)), Vec::new());
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) => take(&element),
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
        buffer.clear();
    }
}
