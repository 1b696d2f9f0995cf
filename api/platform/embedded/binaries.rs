//! Finding PostgreSQL's programs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::error::EmbeddedError;

/// The oldest major version that knows every setting the server is started with.
const MINIMUM: u32 = 13;

/// A directory with `initdb` and `postgres` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    directory: PathBuf,
    major: u32,
}

impl Binaries {
    pub(super) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    /// Finds the programs for the cluster at `cluster`, or the best ones if there is none yet.
    ///
    /// Looked for are `PG_BIN` (which, if set, decides), `PATH`, and the usual places of packages,
    /// the highest version first.
    pub(super) async fn find(cluster: &Path) -> Result<Self, EmbeddedError> {
        let wanted = fs::read_to_string(cluster.join("PG_VERSION")).ok().and_then(|text| parse_cluster(&text));
        let named = std::env::var_os("PG_BIN").filter(|value| !value.is_empty()).map(PathBuf::from);
        let mut found = Vec::new();
        if let Some(directory) = named {
            match examine(&directory).await {
                Some(binaries) => found.push(binaries),
                None => {
                    return Err(EmbeddedError::WrongPgBin { directory, minimum: MINIMUM });
                }
            }
        } else {
            for directory in path_directories(std::env::var_os("PATH").as_deref()) {
                found.extend(examine(&directory).await);
            }
            let mut packaged = Vec::new();
            for directory in package_directories() {
                packaged.extend(examine(&directory).await);
            }
            // A stable sort: among equals the first place stays first.
            packaged.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
            found.extend(packaged);
        }
        choose(&found, wanted).cloned().ok_or_else(|| match wanted {
            Some(version) if !found.is_empty() => {
                EmbeddedError::WrongVersion { directory: cluster.to_owned(), cluster: version, found: list(&found) }
            }
            _ => EmbeddedError::BinariesMissing { minimum: MINIMUM },
        })
    }
}

/// The first that fits, in the order of search.
fn choose(found: &[Binaries], wanted: Option<u32>) -> Option<&Binaries> {
    found.iter().find(|binaries| wanted.is_none_or(|version| version == binaries.major))
}

fn list(found: &[Binaries]) -> String {
    let versions: BTreeSet<u32> = found.iter().map(|binaries| binaries.major).collect();
    let names: Vec<String> = versions.iter().map(|version| format!("PostgreSQL {version}")).collect();
    names.join(" and ")
}

/// `None` unless both programs are there, run, and are new enough.
async fn examine(directory: &Path) -> Option<Binaries> {
    if !is_program(&directory.join("initdb")) || !is_program(&directory.join("postgres")) {
        return None;
    }
    let answer = Command::new(directory.join("postgres")).arg("--version").output().await.ok()?;
    let major = parse_version(&String::from_utf8_lossy(&answer.stdout))?;
    (major >= MINIMUM).then(|| Binaries { directory: directory.to_owned(), major })
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Relative entries are left out: the server starts in `/`, where they would mean something else.
fn path_directories(path: Option<&OsStr>) -> Vec<PathBuf> {
    path.map(|value| std::env::split_paths(value).filter(|entry| entry.is_absolute()).collect()).unwrap_or_default()
}

/// Debian and Ubuntu, the PostgreSQL project's RPM packages, and an installation from source.
fn package_directories() -> Vec<PathBuf> {
    let entries = |parent: &str| -> Vec<PathBuf> {
        fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let is_rpm = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgsql-"));
    let debian = entries("/usr/lib/postgresql");
    let rpm = entries("/usr").into_iter().filter(is_rpm);
    debian.into_iter().chain(rpm).chain([PathBuf::from("/usr/local/pgsql")]).map(|path| path.join("bin")).collect()
}

/// The major version in what `postgres --version` prints, betas included.
fn parse_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("(PostgreSQL) ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The major version in a cluster's `PG_VERSION`. Up to 9.6 the major version had two parts; all of
/// those are below the minimum, so their first part says enough.
fn parse_cluster(text: &str) -> Option<u32> {
    text.trim().split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(directory: &str, major: u32) -> Binaries {
        Binaries { directory: PathBuf::from(directory), major }
    }

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_version("postgres (PostgreSQL) 9.6.24\n"), Some(9));
        assert_eq!(parse_version("something else 15\n"), None);
        assert_eq!(parse_cluster("15\n"), Some(15));
        assert_eq!(parse_cluster("9.6\n"), Some(9));
        assert_eq!(parse_cluster(""), None);
    }

    #[test]
    fn an_existing_cluster_decides_and_otherwise_the_first_found() {
        let found = [binaries("/path", 14), binaries("/p/17", 17), binaries("/p/15", 15)];
        assert_eq!(choose(&found, None), found.first());
        assert_eq!(choose(&found, Some(15)), found.last());
        assert_eq!(choose(&found, Some(16)), None);
        assert_eq!(list(&found), "PostgreSQL 14 and PostgreSQL 15 and PostgreSQL 17");
    }

    #[test]
    fn relative_entries_of_the_path_are_ignored() {
        let directories = path_directories(Some(OsStr::new("/a:b::/c")));
        assert_eq!(directories, [PathBuf::from("/a"), PathBuf::from("/c")]);
    }
}
