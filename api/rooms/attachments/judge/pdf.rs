//! PDF: kept as it is, for nobody writes one anew without loss. One that is another thing at once, or that does something
//! when it is opened, is refused, as far as that stands in the clear: compressed parts aren't looked into. It is served
//! as a download only.

use super::exif::UPRIGHT;
use super::{Cleaned, ContentRefusal};

/// The end of a document; the last one counts.
const END: &[u8] = b"%%EOF";
/// Names of what acts, runs or carries along.
const ACTIVE: [&[u8]; 8] =
    [b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/RichMedia", b"/SubmitForm", b"/ImportData", b"/XFA"];

/// The document up to its end.
pub fn cleaned(bytes: &[u8]) -> Result<Cleaned, ContentRefusal> {
    let end = bytes.windows(END.len()).rposition(|window| window == END).ok_or(ContentRefusal::Unreadable)?;
    let (document, behind) = bytes.split_at_checked(end + END.len()).ok_or(ContentRefusal::Unreadable)?;
    let is_blank = behind.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0);
    if !is_blank || is_archive(document) {
        return Err(ContentRefusal::Ambiguous);
    }
    if ACTIVE.iter().any(|name| has_name(document, name)) {
        return Err(ContentRefusal::Active);
    }
    Ok(Cleaned { bytes: [document, b"\n"].concat(), size: None, orientation: UPRIGHT })
}

/// Whether a name stands there, and not only the beginning of a longer one. Letters may be written as `#4a`.
fn has_name(document: &[u8], name: &[u8]) -> bool {
    let begins = document.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    begins.into_iter().any(|at| {
        let (mut rest, mut spelled) = (document.get(at + 1..).unwrap_or_default(), vec![b'/']);
        while spelled.len() < name.len() {
            let (letter, behind) = match rest {
                [b'#', one, two, behind @ ..] => match hex_digits(*one, *two) {
                    Some(letter) => (letter, behind),
                    None => return false,
                },
                [letter, behind @ ..] => (*letter, behind),
                [] => return false,
            };
            spelled.push(letter);
            if !name.starts_with(&spelled) {
                return false;
            }
            rest = behind;
        }
        // `/EmbeddedFiles` is meant, too.
        let next = rest.first().copied().unwrap_or(b' ');
        next == b's' || !(next.is_ascii_alphanumeric() || next == b'#')
    })
}

fn hex_digits(one: u8, two: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(one)? * 16 + digit(two)?).ok()
}

/// Whether a ZIP ends where the bytes end: its last record says how much follows it. Programs that open archives look
/// from behind.
fn is_archive(bytes: &[u8]) -> bool {
    const LAST: &[u8] = b"PK\x05\x06";
    const BEHIND: usize = 22 + 65_535;
    let tail = bytes.get(bytes.len().saturating_sub(BEHIND)..).unwrap_or_default();
    let begins = tail.windows(LAST.len()).enumerate().filter(|(_, window)| *window == LAST).map(|(at, _)| at);
    begins.into_iter().any(|at| {
        let comment = tail.get(at + 20..at + 22).and_then(|length| length.try_into().ok()).map(u16::from_le_bytes);
        // Some programs bear a few bytes more or less.
        comment.is_some_and(|comment| at + 22 + usize::from(comment) <= tail.len() + 64)
    })
}
