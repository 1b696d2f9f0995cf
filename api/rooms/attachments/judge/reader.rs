//! Bytes read in order, never beyond their end.

use super::ContentRefusal;

/// A place in bytes.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The beginning of bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many were read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether all were read.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Bytes that are still to be read.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// So many bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ContentRefusal> {
        let end = self.at.checked_add(count).ok_or(ContentRefusal::Unreadable)?;
        let taken = self.bytes.get(self.at..end).ok_or(ContentRefusal::Unreadable)?;
        self.at = end;
        Ok(taken)
    }

    /// So many bytes, as an array.
    pub fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], ContentRefusal> {
        self.take(COUNT)?.try_into().map_err(|_| ContentRefusal::Unreadable)
    }

    /// A byte.
    pub fn byte(&mut self) -> Result<u8, ContentRefusal> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A number of two bytes, the greater first.
    pub fn u16(&mut self) -> Result<u16, ContentRefusal> {
        self.array().map(u16::from_be_bytes)
    }

    /// A number of four bytes, the greatest first.
    pub fn u32(&mut self) -> Result<u32, ContentRefusal> {
        self.array().map(u32::from_be_bytes)
    }

    /// A length of four bytes, the greatest first.
    pub fn length(&mut self) -> Result<usize, ContentRefusal> {
        self.u32().map(|length| length as usize)
    }
}
