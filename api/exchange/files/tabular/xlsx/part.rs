//! Looks through the parts of a workbook for what would make the parser use
//! far more memory than the part is long.
//!
//! Worksheets are parsed as a stream, but the other parts are built up in
//! memory, where an element of five bytes may take hundreds.

/// Most elements and end tags in shared strings: some two million strings.
const MAX_STRINGS_MARKUP: u64 = 8_000_000;

/// Most elements and end tags in the styles. Excel itself stops at 65 000
/// cell formats of a few elements each.
const MAX_STYLES_MARKUP: u64 = 500_000;

/// Most elements and end tags in any other part but a worksheet.
const MAX_OTHER_MARKUP: u64 = 2_000_000;

/// Most bytes the styles may take: each cell format gets a copy of its font's
/// name and its number format, which may be as long as the longest tag.
const MAX_STYLES_BYTES: u64 = 128 << 20;

/// Most bytes from one `<` to the next where the parser reads them at once. A
/// cell holds at most 32 767 characters.
const MAX_RUN: u64 = 1 << 20;

/// The parser makes room for as many strings as this attribute announces.
const COUNT_NAME: &[u8] = b"uniqueCount";

/// Most digits of that announcement.
const MAX_COUNT_DIGITS: u32 = 7;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Worksheet,
    Strings,
    Styles,
    RootRelations,
    Other,
}

/// State of reading one part, as far as it was seen.
pub(super) struct Part {
    kind: Kind,
    /// `<` seen.
    markup: u64,
    /// Bytes since the latest `<`, and the most there were at any `<`.
    run: u64,
    longest_run: u64,
    name: Needle,
    count: Count,
}

impl Part {
    pub(super) fn new(path: &str) -> Self {
        let path = path.replace('\\', "/").to_ascii_lowercase();
        let file = path.rsplit('/').next().unwrap_or_default();
        let kind = match file {
            "sharedstrings.xml" => Kind::Strings,
            "styles.xml" => Kind::Styles,
            _ if path.trim_start_matches('/') == "_rels/.rels" => Kind::RootRelations,
            _ if path.contains("worksheets/") => Kind::Worksheet,
            _ => Kind::Other,
        };
        let needle: &[u8] = match kind {
            Kind::RootRelations => b"worksheets",
            _ => COUNT_NAME,
        };
        Self { kind, markup: 0, run: 0, longest_run: 0, name: Needle::new(needle), count: Count::Idle }
    }

    /// Looks at the next piece of the part; an error says what is wrong.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        self.measure(bytes);
        // Pictures and the like, which are not parsed, may have long runs.
        if self.kind != Kind::Other && self.longest_run > MAX_RUN {
            return Err("a text is too long");
        }
        let most = match self.kind {
            Kind::Strings => MAX_STRINGS_MARKUP,
            Kind::Styles => MAX_STYLES_MARKUP,
            Kind::Worksheet => u64::MAX,
            _ => MAX_OTHER_MARKUP,
        };
        if self.markup > most {
            return Err("a part has too many elements");
        }
        match self.kind {
            Kind::Strings => self.feed_strings(bytes),
            Kind::Styles => self.check_styles(),
            Kind::RootRelations => self.feed_relations(bytes),
            Kind::Worksheet | Kind::Other => Ok(()),
        }
    }

    /// The main part must not pass for a worksheet, which is not looked at.
    fn feed_relations(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        for byte in bytes {
            if self.name.feed(byte.to_ascii_lowercase()) || *byte == b'&' {
                return Err("the main part is in an unusual place");
            }
        }
        Ok(())
    }

    /// Keeps count of markup and runs.
    fn measure(&mut self, bytes: &[u8]) {
        let mut pieces = bytes.split(|byte| *byte == b'<');
        self.run += pieces.next().unwrap_or_default().len() as u64;
        self.longest_run = self.longest_run.max(self.run);
        for piece in pieces {
            self.markup += 1;
            self.run = piece.len() as u64;
            self.longest_run = self.longest_run.max(self.run);
        }
    }

    fn check_styles(&self) -> Result<(), &'static str> {
        if self.longest_run.saturating_mul(self.markup) > MAX_STYLES_BYTES {
            return Err("the styles take too much memory");
        }
        Ok(())
    }

    fn feed_strings(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        for byte in bytes {
            // In UTF-16 or ISO-2022 the name would go unnoticed.
            if matches!(byte, 0 | 0x1B) {
                return Err("the shared strings are in an unusual charset");
            }
            if self.name.feed(*byte) {
                self.count = Count::Begun;
            } else {
                self.count.feed(*byte);
            }
            if matches!(self.count, Count::Digits(digits) if digits > MAX_COUNT_DIGITS) {
                return Err("the number of shared strings is implausible");
            }
        }
        Ok(())
    }
}

/// Finds a word in a stream of bytes. The word's first byte must not occur in
/// it again, so that falling back to the start misses nothing.
struct Needle {
    word: &'static [u8],
    matched: usize,
}

impl Needle {
    fn new(word: &'static [u8]) -> Self {
        Self { word, matched: 0 }
    }

    /// Whether `byte` completes the word.
    fn feed(&mut self, byte: u8) -> bool {
        if self.word.get(self.matched) == Some(&byte) {
            self.matched += 1;
        } else {
            self.matched = usize::from(self.word.first() == Some(&byte));
        }
        let found = self.matched == self.word.len();
        if found {
            self.matched = 0;
        }
        found
    }
}

/// Counts the digits of an attribute's value, without leading zeros.
enum Count {
    /// In no such attribute.
    Idle,
    /// After its name and before its first digit other than 0.
    Begun,
    /// In the digits.
    Digits(u32),
}

impl Count {
    fn feed(&mut self, byte: u8) {
        *self = match (&*self, byte) {
            (Self::Idle, _) => Self::Idle,
            (Self::Begun, b'1'..=b'9') => Self::Digits(1),
            (Self::Begun, b'0' | b'+' | b'=' | b'"' | b'\'') => Self::Begun,
            (Self::Begun, _) if byte.is_ascii_whitespace() => Self::Begun,
            (Self::Digits(digits), b'0'..=b'9') => Self::Digits(digits + 1),
            _ => Self::Idle,
        };
    }
}
