//! The rows of a file, as it comes.

use std::time::Duration;

use actix_web::dev::Payload;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::files::decode::Decoder;
use crate::files::table::{Row, Splitter};
use crate::kit::catalogue::Code;
use crate::kit::problem::Problem;

/// Where bytes come from.
pub enum Source {
    /// A request, as it arrives.
    Request(Payload, Duration),
    /// A file.
    File(tokio::fs::File),
}

impl Source {
    /// The next piece; none at the end. 408 where the request pauses too long, 400 where it breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Request(payload, pause) => match timeout(*pause, payload.next()).await {
                Ok(Some(piece)) => piece.map(Some).map_err(|_| Code::MalformedRequest.into()),
                Ok(None) => Ok(None),
                Err(_) => Err(Code::RequestTimeout.into()),
            },
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
    /// From a workbook, whole.
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
        let decoder = Decoder::new(charset).map_err(|_| Problem::new(Code::UnsupportedMediaType))?;
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
        let mut rows = Vec::new();
        while rows.len() < count && !self.ended {
            let piece = self.source.next().await?;
            self.ended = piece.is_none();
            let piece = piece.unwrap_or_default();
            self.bytes += piece.len() as u64;
            if self.bytes > self.most_bytes {
                return Err(Code::BodyTooLarge.into());
            }
            let mut text = String::new();
            self.decoder.push(&piece, self.ended, &mut text).map_err(|_| Problem::new(Code::UnreadableFile))?;
            match self.form {
                Form::Csv => self.splitter.push(&text, self.ended, &mut rows),
                Form::Ndjson => self.lines(&text, &mut rows)?,
            }
        }
        Ok((!rows.is_empty()).then_some(rows))
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
        // A line without end isn't one of ours.
        if self.rest.len() > 1024 * 1024 { Err(Code::UnreadableFile.into()) } else { Ok(()) }
    }
}
