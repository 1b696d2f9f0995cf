//! The head of a request, as far as it says where the request ends.

/// How long the body of a request is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// So many bytes.
    Bytes(u64),
    /// As many as its chunks say.
    Chunks,
}

/// Reads heads.
pub(super) struct Head;

impl Head {
    /// How long the body is, by a whole head; `None` where that can be read in two ways. All else is left to
    /// the HTTP layer. `Upgrade` is taken out: nothing is upgraded here, which a server may ignore (RFC 9110,
    /// 7.8), but the HTTP layer would take all that follows for a body without an end.
    pub(super) fn read(head: &mut [u8]) -> Option<BodyLength> {
        if Self::is_hopeless(head) {
            return None;
        }
        let (mut length, mut chunks) = (None, false);
        let mut lines = head.split_mut(|byte| *byte == b'\n');
        lines.next()?;
        for line in lines {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at_mut(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            // A name beside spaces is no name; what isn't known to be one is refused by the HTTP layer.
            if name.trim_ascii() != name {
                return None;
            }
            if name.eq_ignore_ascii_case(b"content-length") {
                if length.replace(number(value)?).is_some() {
                    return None;
                }
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                if chunks || !value.eq_ignore_ascii_case(b"chunked") {
                    return None;
                }
                chunks = true;
            } else if name.eq_ignore_ascii_case(b"upgrade") {
                name.copy_from_slice(b"ignored");
            }
        }
        match (length, chunks) {
            (Some(_), true) => None,
            (_, true) => Some(BodyLength::Chunks),
            (length, false) => Some(BodyLength::Bytes(length.unwrap_or(0))),
        }
    }

    /// Whether there is something in a piece of a head that no head may have: a line that ends in another way
    /// than CR LF, a folded line, a control character.
    pub(super) fn is_hopeless(piece: &[u8]) -> bool {
        let odd = |pair: &[u8]| match pair {
            [b'\r', next] => *next != b'\n',
            [before, b'\n'] => *before != b'\r',
            [b'\n', b' ' | b'\t'] => true,
            _ => false,
        };
        let control = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
        piece.windows(2).any(odd) || piece.iter().any(control)
    }
}

/// Digits and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok()?;
    if digits.bytes().all(|digit| digit.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Option<BodyLength> {
        Head::read(&mut format!("POST / HTTP/1.1\r\n{lines}\r\n\r\n").into_bytes())
    }

    #[test]
    fn a_length_is_read_in_one_way() {
        assert_eq!(read("host: x"), Some(BodyLength::Bytes(0)));
        assert_eq!(read("Content-Length:  007 "), Some(BodyLength::Bytes(7)));
        assert_eq!(read("transfer-encoding: Chunked"), Some(BodyLength::Chunks));
        for lines in [
            "content-length: 1\r\ncontent-length: 1",
            "content-length: 1\r\ntransfer-encoding: chunked",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            "transfer-encoding: gzip, chunked",
            "content-length: +1",
            "content-length: 1, 1",
            "content-length:",
            "content-length: 18446744073709551616",
            "content-length : 1",
            "x: y\r\n content-length: 1",
            "x: y\ncontent-length: 1",
            "x: y\rcontent-length: 1",
        ] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn nothing_is_upgraded() {
        let mut head = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nx-upgrade: y\r\n\r\n".to_vec();
        assert_eq!(Head::read(&mut head), Some(BodyLength::Bytes(0)));
        assert_eq!(head, b"GET / HTTP/1.1\r\nignored: websocket\r\nx-upgrade: y\r\n\r\n");
    }
}
