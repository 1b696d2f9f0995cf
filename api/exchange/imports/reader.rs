//! The rows of a file, as it comes.

use bytes::Bytes;
use kit::catalogue::Code;
use kit::problem::Problem;
use tokio::io::AsyncReadExt;

use crate::exchange::codes::UNREADABLE_FILE;
use crate::exchange::files::decode::Decoder;
use crate::exchange::files::table::{Row, Splitter};
use crate::platform::codes::UNSUPPORTED_MEDIA_TYPE;
use crate::platform::http::Arriving;

/// The longest line.
const MOST_LINE: usize = 1024 * 1024;
/// Bytes of rows that are read at once.
const MOST_TOGETHER: u64 = 4 * 1024 * 1024;

/// Where bytes come from.
pub enum Source {
    /// A request, as it arrives.
    Request(Arriving),
    /// A file.
    File(tokio::fs::File),
}

impl Source {
    /// The next piece; none at the end. 408 where the request is too slow, 400 where it breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Request(arriving) => arriving.next().await,
            Self::File(file) => {
                let mut piece = vec![0; 64 * 1024];
                let read = file.read(&mut piece).await.map_err(Problem::internal)?;
                piece.truncate(read);
                Ok((read > 0).then(|| Bytes::from(piece)))
            }
        }
    }
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values with a header.
    Csv,
    /// A body a line.
    Ndjson,
}

/// Reads rows as they come.
pub enum Reader {
    /// From text.
    Text(Box<TextReader>),
    /// From a workbook, whole; lines carry the number of their sheet.
    Rows(std::vec::IntoIter<Row>),
}

/// Reads rows of text.
pub struct TextReader {
    source: Source,
    form: Form,
    decoder: Decoder,
    splitter: Splitter,
    line: u64,
    rest: String,
    bytes: u64,
    most_bytes: u64,
    ended: bool,
}

impl Reader {
    /// A reader of text.
    pub fn text(source: Source, form: Form, charset: Option<&str>, most_bytes: u64) -> Result<Self, Problem> {
        let decoder = Decoder::new(charset).map_err(|_| Problem::new(UNSUPPORTED_MEDIA_TYPE))?;
        let reader = TextReader {
            source,
            form,
            decoder,
            splitter: Splitter::default(),
            line: 0,
            rest: String::new(),
            bytes: 0,
            most_bytes,
            ended: false,
        };
        Ok(Self::Text(Box::new(reader)))
    }

    /// About so many rows more; none at the end.
    pub async fn next(&mut self, count: usize) -> Result<Option<Vec<Row>>, Problem> {
        match self {
            Self::Text(reader) => reader.next(count).await,
            Self::Rows(rows) => {
                let rows: Vec<Row> = rows.by_ref().take(count).collect();
                Ok((!rows.is_empty()).then_some(rows))
            }
        }
    }
}

impl TextReader {
    async fn next(&mut self, count: usize) -> Result<Option<Vec<Row>>, Problem> {
        let (mut rows, begun) = (Vec::new(), self.bytes);
        while rows.len() < count && self.bytes - begun < MOST_TOGETHER && !self.ended {
            let piece = self.source.next().await?;
            self.ended = piece.is_none();
            let piece = piece.unwrap_or_default();
            self.bytes += piece.len() as u64;
            if self.bytes > self.most_bytes {
                return Err(Code::BODY_TOO_LARGE.into());
            }
            let mut text = String::new();
            self.decoder.push(&piece, self.ended, &mut text).map_err(|_| Problem::new(UNREADABLE_FILE))?;
            match self.form {
                Form::Csv => {
                    self.splitter.push(&text, self.ended, &mut rows);
                    require_line(self.splitter.length())?;
                }
                Form::Ndjson => self.lines(&text, &mut rows)?,
            }
        }
        // Long rows may fill a lot by themselves, and a long one may have nothing whole in it.
        Ok((!rows.is_empty() || !self.ended).then_some(rows))
    }

    fn lines(&mut self, text: &str, rows: &mut Vec<Row>) -> Result<(), Problem> {
        // Only what is new is searched: it may come a byte at a time.
        let before = self.rest.len();
        self.rest.push_str(text);
        let whole = if self.ended { self.rest.len() } else { text.rfind('\n').map_or(0, |end| before + end + 1) };
        let rest = self.rest.split_off(whole);
        for line in std::mem::replace(&mut self.rest, rest).lines() {
            self.line += 1;
            if !line.trim().is_empty() {
                rows.push(Row { line: self.line, cells: vec![line.to_owned()], flaw: None });
            }
        }
        require_line(self.rest.len())
    }
}

/// A line without end isn't one of ours.
fn require_line(bytes: usize) -> Result<(), Problem> {
    if bytes > MOST_LINE { Err(UNREADABLE_FILE.into()) } else { Ok(()) }
}
