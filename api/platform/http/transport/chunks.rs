//! Where a body of chunks ends.

/// Bytes at most of one chunk's size and extensions, and of all trailers: they carry nothing that is used.
const MAX_BESIDE: u16 = 8 * 1024;
/// Digits of a chunk's size at most; more can't be counted.
const MAX_DIGITS: u8 = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    EndLf,
}

/// Follows a body of chunks byte by byte, more strictly than the HTTP layer does.
#[derive(Debug, Default)]
pub(super) struct ChunkScanner {
    at: At,
    size: u64,
    digits: u8,
    beside: u16,
}

/// Result of looking at some bytes of a chunked body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// How many of them belong to the body.
    pub(super) bytes: usize,
    /// The body ends with them.
    pub(super) ended: bool,
    /// The byte after them can't stand there.
    pub(super) broken: bool,
}

impl ChunkScanner {
    /// Looks at the next bytes of a body.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Seen {
        let mut seen = Seen::default();
        while let Some(byte) = bytes.get(seen.bytes) {
            if self.at == At::Data {
                let there = (bytes.len() - seen.bytes) as u64;
                let count = there.min(self.size);
                self.size -= count;
                self.beside = 0;
                seen.bytes += usize::try_from(count).unwrap_or(usize::MAX);
                if self.size == 0 {
                    self.at = At::DataCr;
                }
                continue;
            }
            self.beside += 1;
            match self.step(*byte).filter(|_| self.beside <= MAX_BESIDE) {
                Some(Some(at)) => self.at = at,
                Some(None) => return Seen { bytes: seen.bytes + 1, ended: true, broken: false },
                None => return Seen { broken: true, ..seen },
            }
            seen.bytes += 1;
        }
        seen
    }

    /// Where a byte leads: to the end (`Some(None)`), or nowhere (`None`).
    fn step(&mut self, byte: u8) -> Option<Option<At>> {
        let next = match (self.at, byte) {
            (At::Size, b'\r') if self.digits > 0 => At::SizeLf,
            (At::Size, b';' | b' ' | b'\t') if self.digits > 0 => At::Extension,
            (At::Size, digit) => {
                self.size = (self.size << 4) | u64::from(char::from(digit).to_digit(16)?);
                self.digits += 1;
                if self.digits > MAX_DIGITS {
                    return None;
                }
                At::Size
            }
            (At::Extension, b'\r') => At::SizeLf,
            (At::Trailer, b'\r') => At::TrailerLf,
            (At::Extension | At::Trailer, b'\t' | b' '..=b'~' | 0x80..) => self.at,
            (At::SizeLf, b'\n') => {
                self.digits = 0;
                if self.size == 0 { At::TrailerStart } else { At::Data }
            }
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Size,
            (At::TrailerLf, b'\n') => At::TrailerStart,
            (At::TrailerStart, b'\r') => At::EndLf,
            (At::TrailerStart, b'!'..=b'~') => At::Trailer,
            (At::EndLf, b'\n') => return Some(None),
            _ => return None,
        };
        Some(Some(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(body: &[u8]) -> Seen {
        ChunkScanner::default().scan(body)
    }

    #[test]
    fn the_end_is_found_and_not_passed() {
        for body in
            [&b"0\r\n\r\n"[..], b"2\r\nab\r\n0\r\n\r\n", b"a;x=\"y\"\r\n0123456789\r\n00\r\nt: 1\r\nu: 2\r\n\r\n"]
        {
            let followed = [body, b"GET /"].concat();
            assert_eq!(whole(&followed), Seen { bytes: body.len(), ended: true, broken: false });
            let mut scanner = ChunkScanner::default();
            let ends: Vec<bool> = followed.iter().take(body.len()).map(|byte| scanner.scan(&[*byte]).ended).collect();
            assert_eq!(ends.iter().position(|ended| *ended), Some(body.len() - 1));
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_broken() {
        for body in [
            &b"2\nab\r\n"[..],
            b"2\r\nabc",
            b"2\r\nab\n",
            b"2\r\nabXX",
            b"\r\n",
            b"x\r\n",
            b"-1\r\n",
            b"0x1\r\n",
            b" 1\r\n",
            b"00000000000000001\r\n",
            b"1;a\nb\r\n",
            b"1;a\rb",
            b"1;\0\r\n",
            b"0\n\n",
            b"0\r\n\n",
            b"0\r\nt: 1\n\n",
            b"0\r\n t\r\n",
        ] {
            assert!(whole(body).broken, "{:?}", String::from_utf8_lossy(body));
        }
        let endless = [&b"1;"[..], &[b'x'; 100_000]].concat();
        assert!(whole(&endless).broken);
    }
}
