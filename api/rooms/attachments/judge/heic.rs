//! HEIC: nobody decodes it here, so it is made harmless where it stands. Its boxes are walked to the last byte; of its
//! data only what the items of the picture name is kept, and neither EXIF nor XMP is one of those. Lengths stay, so that
//! nothing else must be written anew.

use std::collections::BTreeMap;
use std::ops::Range;

use super::boxes::{Part, number, parts};
use super::exif::UPRIGHT;
use super::reader::Reader;
use super::{Cleaned, ContentRefusal, require_size};

/// Brands of still pictures in HEVC.
const BRANDS: [&[u8]; 5] = [b"heic", b"heix", b"heim", b"heis", b"mif1"];
/// Boxes that a picture may have beside its data; others are another thing at once.
const OUTER: [&[u8; 4]; 5] = [b"ftyp", b"meta", b"mdat", b"free", b"skip"];
/// Items, and parts of their data, at most.
const MOST: usize = 4_096;

/// Whether a file's first box says that it is one.
pub fn is_brand(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk().map_or(0, |length: &[u8; 4]| u32::from_be_bytes(*length) as usize);
    let named = bytes.get(8..length.min(bytes.len())).unwrap_or_default();
    let first = named.get(..4).unwrap_or_default();
    let others = named.get(8..).unwrap_or_default().chunks(4);
    BRANDS.contains(&first) && [first].into_iter().chain(others).any(|brand| brand.starts_with(b"hei"))
}

/// The picture without what isn't the picture.
pub fn cleaned(bytes: &[u8], keep_position: bool) -> Result<Cleaned, ContentRefusal> {
    let outer = parts(bytes)?;
    if outer.iter().any(|part| !OUTER.contains(&&part.name)) {
        return Err(ContentRefusal::Ambiguous);
    }
    let mut metas = outer.iter().filter(|part| &part.name == b"meta");
    let (Some(meta), None) = (metas.next(), metas.next()) else { return Err(ContentRefusal::Unreadable) };
    // Version and flags stand before its boxes.
    let inner = parts(meta.content.get(4..).ok_or(ContentRefusal::Unreadable)?)?;
    let size = size(&inner)?;
    let kinds = kinds(inner_named(&inner, b"iinf")?.content)?;
    let places = places(inner_named(&inner, b"iloc")?.content)?;
    let idat = inner
        .iter()
        .find(|part| &part.name == b"idat")
        .map(|part| meta.at + 4 + part.at..meta.at + 4 + part.at + part.content.len());
    let told = |id: &u32| {
        let kind = kinds.get(id).copied().unwrap_or_default();
        (&kind != b"Exif" || keep_position) && &kind != b"mime" && &kind != b"uri "
    };
    let mut kept = bytes.to_vec();
    for part in outer.iter().filter(|part| matches!(&part.name, b"mdat" | b"free" | b"skip")) {
        blank(&mut kept, part.at..part.at + part.content.len())?;
    }
    if let Some(idat) = &idat {
        blank(&mut kept, idat.clone())?;
    }
    let data: Vec<Range<usize>> =
        outer.iter().filter(|part| &part.name == b"mdat").map(|part| part.at..part.at + part.content.len()).collect();
    for place in places.iter().filter(|place| told(&place.item)) {
        let range = place.range(bytes.len(), idat.as_ref())?;
        let within = |outer: &Range<usize>| outer.start <= range.start && range.end <= outer.end;
        // An item that lies anywhere else would let the head of the file be read as data.
        if !data.iter().chain(&idat).any(within) {
            return Err(ContentRefusal::Unreadable);
        }
        let (Some(to), Some(from)) = (kept.get_mut(range.clone()), bytes.get(range)) else { continue };
        to.copy_from_slice(from);
    }
    Ok(Cleaned { bytes: kept, size: Some(size), orientation: UPRIGHT })
}

fn inner_named<'a, 'b>(inner: &'a [Part<'b>], name: &[u8; 4]) -> Result<&'a Part<'b>, ContentRefusal> {
    inner.iter().find(|part| &part.name == name).ok_or(ContentRefusal::Unreadable)
}

fn blank(bytes: &mut [u8], range: Range<usize>) -> Result<(), ContentRefusal> {
    bytes.get_mut(range).ok_or(ContentRefusal::Unreadable)?.fill(0);
    Ok(())
}

/// The largest size that any of its items has.
fn size(inner: &[Part<'_>]) -> Result<(u32, u32), ContentRefusal> {
    let properties = parts(inner_named(inner, b"iprp")?.content)?;
    let container = properties.iter().find(|part| &part.name == b"ipco").ok_or(ContentRefusal::Unreadable)?;
    let mut largest = None;
    for part in parts(container.content)?.iter().filter(|part| &part.name == b"ispe") {
        let mut reader = Reader::new(part.content);
        reader.take(4)?;
        let size = require_size(reader.u32()?, reader.u32()?)?;
        let area = |size: (u32, u32)| u64::from(size.0) * u64::from(size.1);
        largest = largest.filter(|known| area(*known) >= area(size)).or(Some(size));
    }
    largest.ok_or(ContentRefusal::Unreadable)
}

/// The kind of each item.
fn kinds(content: &[u8]) -> Result<BTreeMap<u32, [u8; 4]>, ContentRefusal> {
    let mut reader = Reader::new(content);
    let version = reader.byte()?;
    reader.take(3)?;
    reader.take(if version == 0 { 2 } else { 4 })?;
    let mut kinds = BTreeMap::new();
    for part in parts(reader.rest())? {
        let mut entry = Reader::new(part.content);
        let version = entry.byte()?;
        entry.take(3)?;
        let id = match version {
            2 => u32::from(entry.u16()?),
            3 => entry.u32()?,
            _ => return Err(ContentRefusal::Unreadable),
        };
        entry.take(2)?;
        kinds.insert(id, entry.array()?);
    }
    Ok(kinds)
}

/// Where a part of an item's data lies.
struct Place {
    item: u32,
    is_in_idat: bool,
    at: usize,
    length: usize,
}

impl Place {
    /// The bytes of the file; a length of none is all that there is.
    fn range(&self, file: usize, idat: Option<&Range<usize>>) -> Result<Range<usize>, ContentRefusal> {
        let whole = if self.is_in_idat { idat.cloned().ok_or(ContentRefusal::Unreadable)? } else { 0..file };
        let start = whole.start.checked_add(self.at).ok_or(ContentRefusal::Unreadable)?;
        let end = if self.length == 0 { Some(whole.end) } else { start.checked_add(self.length) };
        end.filter(|end| start <= *end && *end <= whole.end).map(|end| start..end).ok_or(ContentRefusal::Unreadable)
    }
}

/// Where the data of each item lies.
fn places(content: &[u8]) -> Result<Vec<Place>, ContentRefusal> {
    let mut reader = Reader::new(content);
    let version = reader.byte()?;
    reader.take(3)?;
    let ([sizes, base_and_index], mut places) = (reader.array::<2>()?, Vec::new());
    let (of_offset, of_length, of_base) = (sizes >> 4, sizes & 15, base_and_index >> 4);
    let of_index = if version == 0 { 0 } else { base_and_index & 15 };
    let count = if version < 2 { usize::from(reader.u16()?) } else { reader.length()? };
    for _ in 0..count {
        let item = if version < 2 { u32::from(reader.u16()?) } else { reader.u32()? };
        let method = if version == 0 { 0 } else { reader.u16()? & 15 };
        // Elsewhere: in another file, or in another item.
        if method > 1 || reader.u16()? != 0 {
            return Err(ContentRefusal::Unreadable);
        }
        let base = number(&mut reader, of_base)?;
        for _ in 0..reader.u16()? {
            number(&mut reader, of_index)?;
            let at = base.checked_add(number(&mut reader, of_offset)?).ok_or(ContentRefusal::Unreadable)?;
            places.push(Place { item, is_in_idat: method == 1, at, length: number(&mut reader, of_length)? });
            if places.len() > MOST {
                return Err(ContentRefusal::Unreadable);
            }
        }
    }
    Ok(places)
}
