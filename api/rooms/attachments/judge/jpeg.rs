//! JPEG: segments up to the scans, scans up to the end. Kept are those that draw the picture, its colours and how it was
//! held; comments, what applications wrote (EXIF, XMP, thumbnails within) and what follows the end are not.

use super::exif::{self, UPRIGHT};
use super::reader::Reader;
use super::{Cleaned, ContentRefusal, require_size};

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
/// Scans of a picture at most: each one costs a pass over all of it.
const MOST_SCANS: usize = 64;
const EXIF: &[u8] = b"Exif\0\0";

/// The picture without what isn't the picture.
pub fn cleaned(bytes: &[u8], keep_position: bool) -> Result<Cleaned, ContentRefusal> {
    let mut reader = Reader::new(bytes);
    let mut parts = Parts::default();
    reader.take(2)?;
    loop {
        match marker(&mut reader)? {
            EOI => break,
            SOI => return Err(ContentRefusal::Unreadable),
            // Without content.
            0x01 | 0xd0..=0xd7 => {}
            marker => {
                let length = usize::from(reader.u16()?).checked_sub(2).ok_or(ContentRefusal::Unreadable)?;
                let content = reader.take(length)?;
                parts.take(marker, content, keep_position)?;
                if marker == SOS {
                    parts.scan(&mut reader)?;
                }
            }
        }
    }
    parts.whole(keep_position)
}

/// The next marker; any number of fill bytes may stand before it.
fn marker(reader: &mut Reader<'_>) -> Result<u8, ContentRefusal> {
    if reader.byte()? != 0xff {
        return Err(ContentRefusal::Unreadable);
    }
    loop {
        match reader.byte()? {
            0xff => {}
            0 => return Err(ContentRefusal::Unreadable),
            marker => return Ok(marker),
        }
    }
}

#[derive(Default)]
struct Parts {
    size: Option<(u32, u32)>,
    orientation: Option<u8>,
    exif: Option<Vec<u8>>,
    scans: usize,
    /// Segments and scans that stand behind the beginning and EXIF.
    body: Vec<u8>,
}

impl Parts {
    fn take(&mut self, marker: u8, content: &[u8], keep_position: bool) -> Result<(), ContentRefusal> {
        let is_kept = match marker {
            // Frames; 0xc4, 0xc8 and 0xcc are tables.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                self.frame(content)?;
                true
            }
            0xc4 | 0xcc | 0xda..=0xdd => true,
            0xe0 => content.starts_with(b"JFIF\0"),
            0xe1 => {
                if let Some(tiff) = content.strip_prefix(EXIF).filter(|_| self.exif.is_none()) {
                    self.orientation = exif::orientation(tiff);
                    self.exif = keep_position.then(|| content.to_vec());
                }
                false
            }
            0xe2 => content.starts_with(b"ICC_PROFILE\0"),
            0xee => content.starts_with(b"Adobe"),
            0xe3..=0xed | 0xef | 0xfe => false,
            _ => return Err(ContentRefusal::Unreadable),
        };
        if is_kept {
            put(&mut self.body, marker, content)?;
        }
        Ok(())
    }

    fn frame(&mut self, content: &[u8]) -> Result<(), ContentRefusal> {
        let mut frame = Reader::new(content);
        frame.byte()?;
        let (height, width) = (frame.u16()?, frame.u16()?);
        if self.size.is_some() {
            return Err(ContentRefusal::Unreadable);
        }
        self.size = Some(require_size(width.into(), height.into())?);
        Ok(())
    }

    /// Takes a scan's data up to the next marker that isn't one of its own.
    fn scan(&mut self, reader: &mut Reader<'_>) -> Result<(), ContentRefusal> {
        self.scans += 1;
        if self.size.is_none() || self.scans > MOST_SCANS {
            return Err(ContentRefusal::Unreadable);
        }
        let rest = reader.rest();
        let is_end = |pair: &[u8]| matches!(pair, [0xff, next] if !matches!(next, 0 | 0xd0..=0xd7 | 0xff));
        let length = rest.windows(2).position(is_end).ok_or(ContentRefusal::Unreadable)?;
        self.body.extend_from_slice(reader.take(length)?);
        Ok(())
    }

    fn whole(self, keep_position: bool) -> Result<Cleaned, ContentRefusal> {
        if self.scans == 0 {
            return Err(ContentRefusal::Unreadable);
        }
        let orientation = self.orientation.unwrap_or(UPRIGHT);
        let mut bytes = vec![0xff, SOI];
        match self.exif.filter(|_| keep_position) {
            Some(exif) => put(&mut bytes, 0xe1, &exif)?,
            None if orientation != UPRIGHT => {
                put(&mut bytes, 0xe1, &[EXIF, exif::telling(orientation).as_slice()].concat())?;
            }
            None => {}
        }
        bytes.extend(self.body);
        bytes.extend([0xff, EOI]);
        Ok(Cleaned { bytes, size: self.size, orientation })
    }
}

fn put(bytes: &mut Vec<u8>, marker: u8, content: &[u8]) -> Result<(), ContentRefusal> {
    let length = u16::try_from(content.len() + 2).map_err(|_| ContentRefusal::Unreadable)?;
    bytes.extend([0xff, marker]);
    bytes.extend(length.to_be_bytes());
    bytes.extend_from_slice(content);
    Ok(())
}
