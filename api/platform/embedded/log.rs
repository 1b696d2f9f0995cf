//! The server's log file.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::EmbeddedError;

/// At a start, a longer log is put away (one older log is kept).
const LONGEST: u64 = 8 * 1024 * 1024;

/// How much of a log's end is worth showing.
const LINES: usize = 12;

/// The log during one start of the server.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    begin: u64,
}

impl Log {
    /// Opens the log at `path` for the server to append to. Opened by this process, it need not be
    /// reachable for the user that runs the server.
    pub(super) fn open(path: &Path) -> Result<(Self, File), EmbeddedError> {
        if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LONGEST) {
            let old = path.with_extension("log.1");
            fs::rename(path, &old).map_err(EmbeddedError::io("rename", path))?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = file.map_err(EmbeddedError::io("open", path))?;
        let begin = file.metadata().map_err(EmbeddedError::io("read", path))?.len();
        Ok((Self { path: path.to_owned(), begin }, file))
    }

    /// The last lines the server has written since it was opened; empty if it cannot be read.
    pub(super) fn tail(&self) -> String {
        let mut bytes = Vec::new();
        // A start writes little; the bound is for a server that has run for a while before.
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.begin))?;
            file.take(LONGEST).read_to_end(&mut bytes)
        });
        read.map(|_| last_lines(&String::from_utf8_lossy(&bytes))).unwrap_or_default()
    }
}

/// The last lines of a text that are not blank.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_in_order() {
        let text: String = (1..=20).map(|line| format!("{line}\n\n")).collect();
        let kept = last_lines(&text);
        assert!(kept.starts_with("9\n10\n") && kept.ends_with("\n20"));
        assert_eq!(last_lines("one\n"), "one");
        assert_eq!(last_lines(""), "");
    }
}
