//! Makes sure that an archive can be unpacked and parsed in bounded memory.
//!
//! The parser trusts archives: it has no limit on what they unpack to. So
//! every entry is unpacked into nothing first, counting what comes out. Sizes
//! the archive declares are believed only when they are too large.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use zip::ZipArchive;

use super::super::XlsxError;
use super::XlsxLimits;
use super::part::Part;

/// Most entries of an archive; a workbook has some ten plus its pictures.
const MAX_ENTRIES: usize = 1000;

/// How many bytes are read or unpacked at a time.
const CHUNK: usize = 64 * 1024;

/// First bytes of a ZIP archive that is not empty.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// First bytes of a compound file, the container of `.xls` files and of
/// encrypted workbooks.
const COMPOUND_MAGIC: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0];

/// Signature of each entry in an archive's directory.
const ENTRY_MAGIC: &[u8] = b"PK\x01\x02";

/// Checks all of `input`.
pub(super) fn audit<R: Read + Seek>(mut input: R, limits: &XlsxLimits) -> Result<(), XlsxError> {
    survey(&mut input, limits)?;
    input.seek(SeekFrom::Start(0))?;
    let mut archive = ZipArchive::new(input).map_err(broken)?;
    if archive.len() > MAX_ENTRIES {
        return Err(XlsxError::TooManyEntries { limit: MAX_ENTRIES });
    }
    let limit = limits.max_inflated_bytes;
    let declared = archive.decompressed_size();
    if declared.is_some_and(|bytes| bytes > u128::from(limit)) {
        return Err(XlsxError::InflatesTooLarge { limit });
    }
    let mut left = limit;
    for index in 0..archive.len() {
        left = inflate(&mut archive, index, left, limit)?;
    }
    Ok(())
}

/// Reads the raw file once: its size, its kind, and how many entries its
/// directory can have, because the ZIP library reads all of that directory
/// into memory before it says how many there are.
fn survey(input: &mut impl Read, limits: &XlsxLimits) -> Result<(), XlsxError> {
    let limit = limits.max_file_bytes;
    let mut size = 0;
    let mut entries = 0;
    let mut window = Vec::with_capacity(CHUNK + ENTRY_MAGIC.len());
    loop {
        let kept = window.len();
        let count = input.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
        if count == 0 {
            break;
        }
        if size == 0 {
            check_kind(&window)?;
        }
        size += (window.len() - kept) as u64;
        if size > limit {
            return Err(XlsxError::FileTooLarge { limit });
        }
        entries += window.windows(ENTRY_MAGIC.len()).filter(|w| *w == ENTRY_MAGIC).count();
        if entries > MAX_ENTRIES {
            return Err(XlsxError::TooManyEntries { limit: MAX_ENTRIES });
        }
        // The start of a signature may be at the end of this piece.
        let done = window.len().saturating_sub(ENTRY_MAGIC.len() - 1);
        window.drain(..done);
    }
    if size == 0 { Err(XlsxError::NotXlsx) } else { Ok(()) }
}

fn check_kind(start: &[u8]) -> Result<(), XlsxError> {
    if start.starts_with(COMPOUND_MAGIC) {
        return Err(XlsxError::OldOrEncrypted);
    }
    if !start.starts_with(ZIP_MAGIC) {
        return Err(XlsxError::NotXlsx);
    }
    Ok(())
}

/// Unpacks one entry. Gives how many bytes may still be unpacked after it.
fn inflate<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    mut left: u64,
    limit: u64,
) -> Result<u64, XlsxError> {
    let mut entry = archive.by_index(index).map_err(broken)?;
    let mut part = Part::new(&entry.name().map_err(broken)?);
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error)),
        };
        let too_large = XlsxError::InflatesTooLarge { limit };
        left = left.checked_sub(count as u64).ok_or(too_large)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        part.feed(bytes).map_err(XlsxError::Unsafe)?;
    }
    Ok(left)
}

fn broken(error: impl std::fmt::Display) -> XlsxError {
    XlsxError::Broken(error.to_string())
}
