//! How a camera was held: all that is kept of what it wrote about itself.

/// The tag of the orientation in the first directory of a TIFF.
const ORIENTATION: u16 = 0x0112;
/// As it was written, neither turned nor mirrored.
pub const UPRIGHT: u8 = 1;

/// The orientation that a TIFF tells, as EXIF holds one.
pub fn orientation(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let u32_at = |at: usize| {
        let bytes: [u8; 4] = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let directory = u32_at(4)? as usize;
    let entries = usize::from(u16_at(directory)?);
    let entry = |number: usize| directory.checked_add(2 + 12 * number);
    let found = (0..entries).filter_map(entry).find(|at| u16_at(*at) == Some(ORIENTATION))?;
    let value = u16_at(found.checked_add(8)?)?;
    u8::try_from(value).ok().filter(|value| (1..=8).contains(value))
}

/// A TIFF that tells the orientation and nothing else.
pub fn telling(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0]);
    tiff
}
