//! WebP: the chunks of one still picture. EXIF, XMP, unknown chunks and what follows the container are left out;
//! animations are refused.

use super::exif::{self, UPRIGHT};
use super::reader::Reader;
use super::{Cleaned, ContentRefusal, require_size};

/// Flags of the extended header: EXIF, XMP, animation.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;
const IS_ANIMATED: u8 = 0x02;

/// The picture without what isn't the picture.
pub fn cleaned(bytes: &[u8], keep_position: bool) -> Result<Cleaned, ContentRefusal> {
    let mut reader = Reader::new(bytes);
    reader.take(4)?;
    let length = u32::from_le_bytes(reader.array()?) as usize;
    let mut chunks = Reader::new(reader.take(length)?);
    chunks.take(4)?;
    let (mut kept, mut size, mut orientation, mut has_picture) = (Vec::new(), None, UPRIGHT, false);
    while !chunks.is_at_end() {
        let name = chunks.array::<4>()?;
        let length = u32::from_le_bytes(chunks.array()?) as usize;
        let content = chunks.take(length)?;
        if length % 2 == 1 && !chunks.is_at_end() {
            chunks.take(1)?;
        }
        match &name {
            b"VP8 " | b"VP8L" => {
                let of_picture = if &name == b"VP8 " { lossy(content)? } else { lossless(content)? };
                // The canvas and its one picture are of one size.
                if has_picture || size.is_some_and(|size| size != of_picture) {
                    return Err(ContentRefusal::Unreadable);
                }
                (size, has_picture) = (Some(of_picture), true);
                put(&mut kept, name, content);
            }
            b"VP8X" => {
                size = Some(canvas(content)?);
                let mut header = content.to_vec();
                if let Some(flags) = header.first_mut() {
                    *flags &= !HAS_XMP & if keep_position { 0xff } else { !HAS_EXIF };
                }
                put(&mut kept, name, &header);
            }
            b"EXIF" => {
                let tiff = content.strip_prefix(b"Exif\0\0").unwrap_or(content);
                orientation = exif::orientation(tiff).unwrap_or(UPRIGHT);
                if keep_position {
                    put(&mut kept, name, content);
                }
            }
            b"ALPH" | b"ICCP" => put(&mut kept, name, content),
            b"ANIM" | b"ANMF" => return Err(ContentRefusal::Unreadable),
            _ => {}
        }
    }
    let size = size.filter(|_| has_picture).ok_or(ContentRefusal::Unreadable)?;
    let length = u32::try_from(kept.len() + 4).map_err(|_| ContentRefusal::Unreadable)?;
    let bytes = [b"RIFF", length.to_le_bytes().as_slice(), b"WEBP", &kept].concat();
    Ok(Cleaned { bytes, size: Some(size), orientation })
}

fn canvas(content: &[u8]) -> Result<(u32, u32), ContentRefusal> {
    let mut header = Reader::new(content);
    if header.byte()? & IS_ANIMATED != 0 {
        return Err(ContentRefusal::Unreadable);
    }
    header.take(3)?;
    let mut edge = || header.array().map(|[one, two, three]: [u8; 3]| u32::from_le_bytes([one, two, three, 0]) + 1);
    let (width, height) = (edge()?, edge()?);
    require_size(width, height)
}

fn lossy(content: &[u8]) -> Result<(u32, u32), ContentRefusal> {
    let mut frame = Reader::new(content);
    frame.take(3)?;
    if frame.take(3)? != b"\x9d\x01\x2a" {
        return Err(ContentRefusal::Unreadable);
    }
    let mut edge = || frame.array().map(|bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff));
    let (width, height) = (edge()?, edge()?);
    require_size(width, height)
}

fn lossless(content: &[u8]) -> Result<(u32, u32), ContentRefusal> {
    let mut header = Reader::new(content);
    if header.byte()? != 0x2f {
        return Err(ContentRefusal::Unreadable);
    }
    let bits = u32::from_le_bytes(header.array()?);
    require_size((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)
}

fn put(bytes: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    bytes.extend(name);
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend_from_slice(content);
    if content.len() % 2 == 1 {
        bytes.push(0);
    }
}
