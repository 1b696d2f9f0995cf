//! Cursors of keyset lists: opaque, signed, bound to the query and the caller.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::catalogue::Code;
use super::problem::Problem;

/// Bytes of the signature: enough that nobody guesses one, short enough for a URL.
const SIGNATURE_BYTES: usize = 16;

/// Makes a cursor for a position. `binding` says for which list, query and caller it holds.
pub fn seal(key: &[u8], binding: &str, position: &str) -> String {
    let mut bytes = sign(key, binding, position);
    bytes.extend_from_slice(position.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The position of a cursor; 400 `bad_cursor` where it was made for something else, or by somebody else.
pub fn open(key: &[u8], binding: &str, cursor: &str) -> Result<String, Problem> {
    let bad = || Problem::new(Code::BAD_CURSOR);
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let (signature, position) = bytes.split_at_checked(SIGNATURE_BYTES).ok_or_else(bad)?;
    let position = std::str::from_utf8(position).map_err(|_| bad())?;
    let genuine: bool = subtle::ConstantTimeEq::ct_eq(sign(key, binding, position).as_slice(), signature).into();
    if genuine { Ok(position.to_owned()) } else { Err(bad()) }
}

fn sign(key: &[u8], binding: &str, position: &str) -> Vec<u8> {
    // HMAC takes keys of any length, so this can't fail; an empty signature would match nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(&(binding.len() as u64).to_be_bytes());
    mac.update(binding.as_bytes());
    mac.update(position.as_bytes());
    mac.finalize().into_bytes().iter().take(SIGNATURE_BYTES).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_holds_for_its_own_list_only() {
        let cursor = seal(b"key", "screenings|caller|limit", "2020|id");
        assert_eq!(open(b"key", "screenings|caller|limit", &cursor).unwrap(), "2020|id");
        assert!(open(b"key", "screenings|other|limit", &cursor).is_err());
        assert!(open(b"other", "screenings|caller|limit", &cursor).is_err());
        for forged in ["", "x", "!!!!", &cursor[1..], &format!("{cursor}AA")] {
            assert!(open(b"key", "screenings|caller|limit", forged).is_err(), "{forged}");
        }
    }
}
