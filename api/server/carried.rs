//! The migrations that the binary carries, packed by the build script: as they are they would be half a megabyte of it.

use std::io::{Cursor, Read};

use diesel::connection::BoxableConnection;
use diesel::migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result};
use diesel::pg::Pg;
use serde::Deserialize;
use zip::ZipArchive;
use zip::result::ZipError;

/// `<version>_<name>/up.sql` of each, and `metadata.toml` where a migration has it.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/migrations.zip"));

/// All migrations.
#[derive(Clone, Copy, Debug)]
pub struct Migrations;

impl MigrationSource<Pg> for Migrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Pg>>>> {
        let mut archive = ZipArchive::new(Cursor::new(PACKED))?;
        let paths: Vec<String> = archive.file_names().flatten().map(|path| path.into_owned()).collect();
        let names = paths.iter().filter_map(|path| path.strip_suffix("/up.sql"));
        let read = |name: &str| -> Result<Box<dyn Migration<Pg>>> {
            let up = text(&mut archive, &format!("{name}/up.sql"))?.ok_or("a migration without SQL")?;
            let metadata = text(&mut archive, &format!("{name}/metadata.toml"))?.unwrap_or_default();
            Ok(Box::new(Carried { name: Name(name.to_owned()), up, metadata: toml::from_str(&metadata)? }))
        };
        names.map(read).collect()
    }
}

fn text(archive: &mut ZipArchive<Cursor<&[u8]>>, path: &str) -> Result<Option<String>> {
    let mut text = String::new();
    match archive.by_name(path) {
        Ok(mut file) => file.read_to_string(&mut text).map(|_| Some(text)).map_err(Into::into),
        Err(ZipError::FileNotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

struct Carried {
    name: Name,
    up: String,
    metadata: Metadata,
}

impl Migration<Pg> for Carried {
    fn run(&self, connection: &mut dyn BoxableConnection<Pg>) -> Result<()> {
        connection.batch_execute(&self.up).map_err(|error| format!("{}: {error}", self.name).into())
    }

    /// Nothing is lost, so nothing goes back: a mend is a migration of its own.
    fn revert(&self, _connection: &mut dyn BoxableConnection<Pg>) -> Result<()> {
        Err(format!("{} has no way back", self.name).into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        &self.metadata
    }

    fn name(&self) -> &dyn MigrationName {
        &self.name
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(default = "yes")]
    run_in_transaction: bool,
}

fn yes() -> bool {
    true
}

impl MigrationMetadata for Metadata {
    fn run_in_transaction(&self) -> bool {
        self.run_in_transaction
    }
}

struct Name(String);

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl MigrationName for Name {
    fn version(&self) -> MigrationVersion<'_> {
        self.0.split('_').next().unwrap_or_default().replace('-', "").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_is_carried_as_the_library_reads_it() {
        let read = |source: &dyn MigrationSource<Pg>| {
            let mut all: Vec<(String, String, bool)> = source
                .migrations()
                .unwrap()
                .iter()
                .map(|migration| {
                    let name = migration.name();
                    (name.to_string(), name.version().to_string(), migration.metadata().run_in_transaction())
                })
                .collect();
            all.sort();
            all
        };
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let folders = diesel_migrations::FileBasedMigrations::from_path(folder).unwrap();
        let carried = read(&Migrations);
        assert!(carried.len() > 90 && carried.iter().any(|(_, _, whole)| !whole), "{carried:?}");
        assert_eq!(carried, read(&folders));
    }
}
