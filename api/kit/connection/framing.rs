//! Where among its requests a connection's input stands.
//!
//! Only so can a half head behind a whole request be told from an idle connection: actix-http doesn't
//! say what it has left over. Nothing but deadlines, and whether to look for an error answer, hangs on
//! it. It reads as actix-http reads; where it should ever read otherwise, a client is cut off at another
//! deadline, never served otherwise.

/// As much of a line as matters: the three headers below with their values fit.
const LINE: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between requests, or in a request's first line.
    Start,
    Head,
    /// In a body, with that many bytes to come.
    Body(u64),
    Chunk(Chunk),
    /// After the last chunk.
    Trailer,
    /// Behind a byte that no chunked body may have. actix-http would drop the connection there.
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    FirstDigit,
    Digits(u64),
    Spaces(u64),
    Extension(u64),
    SizeEnd(u64),
    Data(u64),
    DataReturn,
    DataEnd,
}

/// Follows a connection's input, byte for byte and without allocating.
#[derive(Debug)]
pub(super) struct Framing {
    place: Place,
    /// Heads seen to their end.
    heads: u64,
    length: u64,
    is_chunked: bool,
    is_upgrade: bool,
    is_connect: bool,
    /// The beginning of a line that came in several pieces.
    line: [u8; LINE],
    line_length: usize,
}

impl Framing {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Start,
            heads: 0,
            length: 0,
            is_chunked: false,
            is_upgrade: false,
            is_connect: false,
            line: [0; LINE],
            line_length: 0,
        }
    }

    /// Takes input in; answers how many bytes of it may be passed on: all, unless it breaks.
    pub(super) fn take(&mut self, input: &[u8]) -> usize {
        let mut rest = input;
        while let Some(&byte) = rest.first() {
            rest = match self.place {
                Place::Start | Place::Head | Place::Trailer => self.take_line(rest),
                Place::Body(remaining) => {
                    let (rest, remaining) = skip(rest, remaining);
                    self.place = if remaining == 0 { Place::Start } else { Place::Body(remaining) };
                    rest
                }
                Place::Chunk(Chunk::Data(remaining)) => {
                    let (rest, remaining) = skip(rest, remaining);
                    self.place = Place::Chunk(if remaining == 0 { Chunk::DataReturn } else { Chunk::Data(remaining) });
                    rest
                }
                Place::Chunk(chunk) => {
                    self.place = after(chunk, byte);
                    if self.is_broken() {
                        break;
                    }
                    rest.get(1..).unwrap_or_default()
                }
                Place::Broken => break,
            };
        }
        input.len() - rest.len()
    }

    /// Heads seen to their end, ever.
    pub(super) fn heads(&self) -> u64 {
        self.heads
    }

    /// A head has begun and not ended.
    pub(super) fn is_in_head(&self) -> bool {
        self.place == Place::Head || (self.place == Place::Start && self.line_length > 0)
    }

    /// No request has begun that hasn't ended.
    pub(super) fn is_between_requests(&self) -> bool {
        self.place == Place::Start && self.line_length == 0
    }

    /// The input can't be read on.
    pub(super) fn is_broken(&self) -> bool {
        self.place == Place::Broken
    }

    fn take_line<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
            self.keep(input);
            return &[];
        };
        let (line, rest) = input.split_at(end);
        if self.line_length == 0 {
            self.end_line(line);
        } else {
            self.keep(line);
            let (kept, length) = (self.line, self.line_length);
            self.line_length = 0;
            self.end_line(kept.get(..length).unwrap_or_default());
        }
        rest.get(1..).unwrap_or_default()
    }

    fn keep(&mut self, piece: &[u8]) {
        for (place, byte) in self.line.iter_mut().skip(self.line_length).zip(piece) {
            *place = *byte;
        }
        self.line_length = (self.line_length + piece.len()).min(LINE);
    }

    fn end_line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (self.place, line.is_empty()) {
            // Empty lines before a request are allowed, and no request.
            (Place::Start, false) => {
                (self.length, self.is_chunked, self.is_upgrade) = (0, false, false);
                self.is_connect = line.starts_with(b"CONNECT ");
                self.place = Place::Head;
            }
            (Place::Head, false) => self.header(line),
            (Place::Head, true) => {
                self.heads = self.heads.wrapping_add(1);
                self.place = self.after_head();
            }
            (Place::Trailer, true) => self.place = Place::Start,
            _ => {}
        }
    }

    fn header(&mut self, line: &[u8]) {
        match line.first() {
            Some(b'c' | b'C') => {
                if let Some(value) = value(line, b"content-length") {
                    self.length = str::from_utf8(value).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
                }
            }
            Some(b't' | b'T') => {
                let encoding = value(line, b"transfer-encoding");
                self.is_chunked |= encoding.is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"));
            }
            Some(b'u' | b'U') => {
                let protocol = value(line, b"upgrade");
                self.is_upgrade |= protocol.is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"));
            }
            _ => {}
        }
    }

    /// In the order in which actix-http decides it. After an upgrade all that follows is one body.
    fn after_head(&self) -> Place {
        if self.is_chunked {
            Place::Chunk(Chunk::FirstDigit)
        } else if self.is_upgrade {
            Place::Body(u64::MAX)
        } else if self.length > 0 {
            Place::Body(self.length)
        } else if self.is_connect {
            Place::Body(u64::MAX)
        } else {
            Place::Start
        }
    }
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let rest = rest.strip_prefix(b":")?;
    found.eq_ignore_ascii_case(name).then(|| rest.trim_ascii())
}

fn skip(input: &[u8], remaining: u64) -> (&[u8], u64) {
    let skipped = usize::try_from(remaining).unwrap_or(usize::MAX).min(input.len());
    (input.get(skipped..).unwrap_or_default(), remaining - skipped as u64)
}

/// The place after a byte of a chunk's frame.
fn after(chunk: Chunk, byte: u8) -> Place {
    let digit = char::from(byte).to_digit(16).map(u64::from);
    let next = match (chunk, byte) {
        (Chunk::FirstDigit, _) => digit.map(Chunk::Digits),
        (Chunk::Digits(size), _) if digit.is_some() => {
            size.checked_mul(16).zip(digit).map(|(size, digit)| Chunk::Digits(size + digit))
        }
        (Chunk::Digits(size) | Chunk::Spaces(size), b' ' | b'\t') => Some(Chunk::Spaces(size)),
        (Chunk::Digits(size) | Chunk::Spaces(size), b';') => Some(Chunk::Extension(size)),
        (Chunk::Digits(size) | Chunk::Spaces(size) | Chunk::Extension(size), b'\r') => Some(Chunk::SizeEnd(size)),
        (Chunk::Extension(size), b'\t' | b' '..=b'~' | 0x80..) => Some(Chunk::Extension(size)),
        (Chunk::SizeEnd(0), b'\n') => return Place::Trailer,
        (Chunk::SizeEnd(size), b'\n') => Some(Chunk::Data(size)),
        (Chunk::DataReturn, b'\r') => Some(Chunk::DataEnd),
        (Chunk::DataEnd, b'\n') => Some(Chunk::FirstDigit),
        _ => None,
    };
    next.map_or(Place::Broken, Place::Chunk)
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
