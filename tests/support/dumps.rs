//! Dumping a database and restoring it, with PostgreSQL's own programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use diesel_async::{AsyncConnection, AsyncPgConnection};

use super::cluster::{cluster_directory, empty_database};

/// A directory that goes with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// A new one.
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("lianfang-backups-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program beside the running server's own: of its version, whatever else is installed.
pub fn program(name: &str) -> PathBuf {
    let pid = std::fs::read_to_string(cluster_directory().join("postgres/postmaster.pid")).unwrap();
    let line = std::fs::read(format!("/proc/{}/cmdline", pid.lines().next().unwrap().trim())).unwrap();
    let server = String::from_utf8(line.split(|byte| *byte == 0).next().unwrap().to_vec()).unwrap();
    // The server may have been found by a link that its neighbours don't have.
    let path = std::fs::canonicalize(server).unwrap().with_file_name(name);
    assert!(path.exists(), "{} is missing: install PostgreSQL's client programs beside its server", path.display());
    path
}

/// Fails with what a program said where it failed.
#[track_caller]
pub fn require_success(what: &str, output: &Output) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Backs a database up into a directory as a district does every night; the dump.
pub fn back_up(url: &str, into: &Path) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/lianfang-backup");
    let mut command = Command::new(script);
    command.arg("-").arg(into).env("DATABASE_URL", url).env("PG_BIN", program("pg_dump").parent().unwrap());
    let output = command.output().unwrap();
    require_success("lianfang-backup", &output);
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// Restores a dump into a new database of the same server; its URL.
pub async fn restore(file: &Path) -> String {
    let url = empty_database().await;
    let mut command = Command::new(program("pg_restore"));
    command
        .args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname", &url])
        .arg(file);
    require_success("pg_restore", &command.output().unwrap());
    // Row security is raised as `lianfang migrate` does for a restored database.
    let mut owner = AsyncPgConnection::establish(&url).await.unwrap();
    lianfang::platform::row_security::raise(&mut owner).await.unwrap();
    url
}
