//! Boxes of the ISO base media format (ISO/IEC 14496-12), as HEIC is made of.

use super::ContentRefusal;
use super::reader::Reader;

/// A box: its name, its content, and where that begins.
pub struct Part<'a> {
    /// Four letters.
    pub name: [u8; 4],
    /// Content, behind the head.
    pub content: &'a [u8],
    /// Where the content begins in what was read.
    pub at: usize,
}

/// The boxes of which bytes consist, to the last one.
pub fn parts(bytes: &[u8]) -> Result<Vec<Part<'_>>, ContentRefusal> {
    /// More boxes in one place than any picture has.
    const MOST: usize = 4_096;
    let mut reader = Reader::new(bytes);
    let mut parts = Vec::new();
    while !reader.is_at_end() {
        let (short, name) = (reader.u32()?, reader.array::<4>()?);
        let length = match short {
            0 => reader.rest().len(),
            1 => {
                let length =
                    reader.array().map(u64::from_be_bytes)?.checked_sub(16).ok_or(ContentRefusal::Unreadable)?;
                usize::try_from(length).map_err(|_| ContentRefusal::Unreadable)?
            }
            length => (length as usize).checked_sub(8).ok_or(ContentRefusal::Unreadable)?,
        };
        let at = reader.at();
        parts.push(Part { name, content: reader.take(length)?, at });
        if parts.len() > MOST {
            return Err(ContentRefusal::Unreadable);
        }
    }
    Ok(parts)
}

/// A number of 0, 4 or 8 bytes.
pub fn number(reader: &mut Reader<'_>, bytes: u8) -> Result<usize, ContentRefusal> {
    match bytes {
        0 => Ok(0),
        4 => reader.length(),
        8 => usize::try_from(reader.array().map(u64::from_be_bytes)?).map_err(|_| ContentRefusal::Unreadable),
        _ => Err(ContentRefusal::Unreadable),
    }
}
