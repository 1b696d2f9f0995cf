//! Bytes of an upload so far: a file of sealed pieces, one after the other, in the folder of this machine. A piece
//! that was being written when the process ended is no piece; what stands before it is whole.

use std::io::{ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};

use kit::catalogue::Code;
use kit::problem::Problem;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use uuid::Uuid;

use super::record::ATTACHMENTS;
use crate::platform::config::Config;
use crate::platform::core::Core;
use crate::platform::privacy::seal::Owner;
use crate::records::Record;

/// Bytes of a piece at most, in plain.
pub const PIECE: usize = 64 * 1024;
/// Bytes by which a sealed piece is longer: its head and its tag.
const SEAL: u64 = 50 + 16;
/// Seconds after which to come again where the disk is full.
const RETRY_S: u32 = 30;
/// Bytes that tell a piece's length.
const LENGTH: u64 = 4;
/// Room for the heads of pieces, beside the bytes twice: whoever sends one byte at a time begins anew.
const ROOM: u64 = 1024 * 1024;

/// An upload that isn't whole yet.
pub struct Part {
    file: File,
    /// How many bytes of the attachment it has.
    pub byte_count: u64,
    id: Uuid,
    district_code: String,
}

/// The folder of all of them.
pub fn folder(config: &Config) -> PathBuf {
    config.attachments_dir().join("parts")
}

fn path(core: &Core, record: &Record) -> PathBuf {
    folder(&core.config).join(format!("{}-{}.part", record.envelope.district_code, record.envelope.id))
}

/// District and id of the attachment of which a file is a part.
pub fn named(path: &Path) -> Option<(String, Uuid)> {
    let (district_code, id) = path.file_stem()?.to_str()?.split_once('-')?;
    Some((district_code.to_owned(), id.parse().ok()?))
}

/// The disk is full, or the folder isn't to be had.
fn unusable(error: std::io::Error) -> Problem {
    Problem::unavailable(Code::UNAVAILABLE, RETRY_S, error)
}

/// How many bytes have come.
pub async fn byte_count(core: &Core, record: &Record) -> Result<u64, Problem> {
    match File::open(path(core, record)).await {
        Ok(mut file) => whole_pieces(&mut file).await.map(|(_, byte_count)| byte_count).map_err(unusable),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(unusable(error)),
    }
}

/// Forgets what has come.
pub async fn forget(core: &Core, record: &Record) -> Result<(), Problem> {
    match tokio::fs::remove_file(path(core, record)).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unusable(error)),
        _ => Ok(()),
    }
}

/// Where the last whole piece ends, and how many bytes of the attachment they hold.
async fn whole_pieces(file: &mut File) -> std::io::Result<(u64, u64)> {
    let length = file.metadata().await?.len();
    let (mut end, mut byte_count) = (0, 0);
    while length - end >= LENGTH + SEAL {
        file.seek(SeekFrom::Start(end)).await?;
        let sealed = u64::from(file.read_u32().await?);
        // Where the machine lost its power there may be zeros, or nothing.
        if sealed <= SEAL || sealed > SEAL + PIECE as u64 || length - end - LENGTH < sealed {
            break;
        }
        (end, byte_count) = (end + LENGTH + sealed, byte_count + sealed - SEAL);
    }
    Ok((end, byte_count))
}

impl Part {
    /// Opens what has come of an attachment, or begins it. None where another process is at it.
    pub async fn open(core: &Core, record: &Record) -> Result<Option<Self>, Problem> {
        let folder = folder(&core.config);
        let mut builder = tokio::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&folder).await.map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path(core, record)).await.map_err(unusable)?.into_std().await;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        let mut file = File::from_std(file);
        let (mut end, mut byte_count) = whole_pieces(&mut file).await.map_err(unusable)?;
        let allowed = core.config.attachment_max_bytes * 2 + ROOM;
        if end > allowed {
            (end, byte_count) = (0, 0);
        }
        file.set_len(end).await.map_err(unusable)?;
        file.seek(SeekFrom::Start(end)).await.map_err(unusable)?;
        let envelope = &record.envelope;
        Ok(Some(Self { file, byte_count, id: envelope.id, district_code: envelope.district_code.clone() }))
    }

    fn field(at: u64) -> String {
        format!("part.{at}")
    }

    fn owner<'a>(&'a self, field: &'a str) -> Owner<'a> {
        Owner { kind: ATTACHMENTS.name, field, id: self.id, district_code: &self.district_code }
    }

    /// Adds bytes behind those that are there.
    pub async fn add(&mut self, core: &Core, bytes: &[u8]) -> Result<(), Problem> {
        for piece in bytes.chunks(PIECE) {
            let sealed =
                core.sealer.seal(self.owner(&Self::field(self.byte_count)), piece).map_err(Problem::internal)?;
            let length = u32::try_from(sealed.len()).map_err(Problem::internal)?;
            // One write: a process that ends in it leaves a piece that isn't whole, and nothing behind it.
            self.file.write_all(&[&length.to_be_bytes(), sealed.as_slice()].concat()).await.map_err(unusable)?;
            self.byte_count += piece.len() as u64;
        }
        self.file.flush().await.map_err(unusable)
    }

    /// All that has come lies on the disk.
    pub async fn settle(&mut self) -> Result<(), Problem> {
        self.file.sync_data().await.map_err(unusable)
    }

    /// The bytes in plain; none where a piece doesn't open: then they must be sent anew.
    pub async fn bytes(&mut self, core: &Core) -> Result<Option<Vec<u8>>, Problem> {
        let mut kept = Vec::new();
        self.file.seek(SeekFrom::Start(0)).await.map_err(unusable)?;
        self.file.read_to_end(&mut kept).await.map_err(unusable)?;
        let (mut rest, mut plain) = (kept.as_slice(), Vec::new());
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let Some((sealed, behind)) = behind.split_at_checked(u32::from_be_bytes(*length) as usize) else { break };
            let opened = core.sealer.open(self.owner(&Self::field(plain.len() as u64)), sealed);
            let Ok(Some(piece)) = opened else { return Ok(None) };
            plain.extend(piece);
            rest = behind;
        }
        Ok(Some(plain))
    }
}
