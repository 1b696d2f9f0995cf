//! PNG: chunks up to the end. Kept are those that draw the picture and its colours; texts, times, EXIF, animations, chunks
//! of nobody knows whom and what follows the end are not.

use flate2::Crc;

use super::exif::{self, UPRIGHT};
use super::reader::Reader;
use super::{Cleaned, ContentRefusal, require_size};

const SIGNATURE: usize = 8;

/// The picture without what isn't the picture.
pub fn cleaned(bytes: &[u8], keep_position: bool) -> Result<Cleaned, ContentRefusal> {
    let mut reader = Reader::new(bytes);
    let mut kept = reader.take(SIGNATURE)?.to_vec();
    let (mut size, mut orientation, mut has_data) = (None, UPRIGHT, false);
    loop {
        let (name, content) = chunk(&mut reader)?;
        match &name {
            b"IHDR" if size.is_none() => {
                let mut header = Reader::new(content);
                size = Some(require_size(header.u32()?, header.u32()?)?);
            }
            _ if size.is_none() => return Err(ContentRefusal::Unreadable),
            b"IEND" => break,
            b"IDAT" => has_data = true,
            b"eXIf" => orientation = exif::orientation(content).unwrap_or(UPRIGHT),
            _ => {}
        }
        if is_kept(&name, keep_position)? {
            put(&mut kept, name, content)?;
        }
        if &name == b"eXIf" && !keep_position && orientation != UPRIGHT {
            put(&mut kept, name, &exif::telling(orientation))?;
        }
    }
    if !has_data {
        return Err(ContentRefusal::Unreadable);
    }
    put(&mut kept, *b"IEND", &[])?;
    Ok(Cleaned { bytes: kept, size, orientation })
}

fn chunk<'a>(reader: &mut Reader<'a>) -> Result<([u8; 4], &'a [u8]), ContentRefusal> {
    let length = reader.length()?;
    let name = reader.array::<4>()?;
    let content = reader.take(length)?;
    if reader.u32()? != sum(name, content) {
        return Err(ContentRefusal::Unreadable);
    }
    Ok((name, content))
}

/// Whether a chunk draws the picture. One that must be understood and isn't makes it unreadable.
fn is_kept(name: &[u8; 4], keep_position: bool) -> Result<bool, ContentRefusal> {
    const OF_PICTURE: [&[u8; 4]; 12] =
        [b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs", b"bKGD", b"cICP"];
    let must_be_understood = name.first().is_some_and(u8::is_ascii_uppercase);
    match OF_PICTURE.contains(&name) {
        true => Ok(true),
        false if must_be_understood => Err(ContentRefusal::Unreadable),
        false => Ok(name == b"eXIf" && keep_position),
    }
}

fn put(bytes: &mut Vec<u8>, name: [u8; 4], content: &[u8]) -> Result<(), ContentRefusal> {
    let length = u32::try_from(content.len()).map_err(|_| ContentRefusal::Unreadable)?;
    bytes.extend(length.to_be_bytes());
    bytes.extend(name);
    bytes.extend_from_slice(content);
    bytes.extend(sum(name, content).to_be_bytes());
    Ok(())
}

fn sum(name: [u8; 4], content: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(content);
    sum.sum()
}
