//! The floor: `pgbench -M prepared` storing and fetching the same rows in the same PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::served::Served;

/// The floor.
pub struct Floor {
    url: String,
    folder: PathBuf,
}

/// One person and one screening, as many bytes in each column as the service writes.
const INSERT: &str = r#"
\set n random(1, 2000000000)
BEGIN;
INSERT INTO people (district_code, id, revision, change_no, area_code, org_id, occurred_at, recorded_at, recorded_by, revised_at, revised_by, voided, capture, submission_digest, personal, digest, document_type, sex, birth_year, categories, aliases, document_blind_index, phone_blind_index, name_blind_index)
  VALUES ('511802', gen_random_uuid(), 1, nextval('numbers'), '511802005', NULL, now(), now(), gen_random_uuid(), now(), gen_random_uuid(), false, '{"source": "api"}', sha256(int8send(:n)), decode(repeat('ab', 190), 'hex'), sha256(int8send(:n)), 'resident_id', 'male', 1950, '[]', '[]', sha256(int8send(:n)), sha256(int8send(:n)), sha256(int8send(:n)));
INSERT INTO screenings (district_code, id, revision, change_no, area_code, org_id, occurred_at, recorded_at, recorded_by, revised_at, revised_by, voided, capture, submission_digest, digest, place_id, direction, person_id, answers, symptoms, temperature_c, measure_site, device, disposition, abnormal, complete)
  VALUES ('511802', gen_random_uuid(), 1, nextval('numbers'), '511802005', NULL, now(), now(), gen_random_uuid(), now(), gen_random_uuid(), false, '{"source": "api"}', sha256(int8send(:n)), sha256(int8send(:n)), '0198c0de-0002-7000-8000-000000000001', 'in', gen_random_uuid(), '["none"]', '["none"]', 36.5, 'forehead', 'infrared', 'admitted', false, true);
COMMIT;
"#;
const LIST: &str = "SELECT * FROM screenings WHERE district_code = '511802' AND NOT voided ORDER BY occurred_at DESC, id DESC LIMIT 100;\n";
impl Floor {
    /// Makes a database of the floor's own, with the same tables and indexes and nothing else.
    pub fn new(served: &Served) -> Self {
        let floor = Self { url: served.database_url("floor"), folder: served.folder.clone() };
        served.psql("lianfang", "CREATE DATABASE floor");
        let dump = Command::new(program("pg_dump"))
            .args(["--schema-only", "-t", "people", "-t", "screenings"])
            .arg(served.database_url("lianfang"))
            .output()
            .unwrap();
        let schema = format!("{};\nCREATE SEQUENCE public.numbers CACHE 100;", String::from_utf8(dump.stdout).unwrap());
        // Newer pg_dump guards its output with a psql command of its own.
        let schema: String = schema.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n");
        // The floor reads as its owner, and the policies name tables that it hasn't.
        let bare = schema.split(";\n").filter(|statement| !statement.contains(" POLICY "));
        served.psql("floor", &bare.collect::<Vec<_>>().join(";\n"));
        // pgbench takes a statement a line.
        std::fs::write(floor.folder.join("insert.sql"), INSERT.replace("\n  VALUES", " VALUES")).unwrap();
        std::fs::write(floor.folder.join("list.sql"), LIST).unwrap();
        floor
    }

    /// Transactions a second that store a person and a screening.
    pub fn insert(&self, clients: usize, round: Duration) -> f64 {
        self.run("insert.sql", clients, round)
    }

    /// Fetches of 100 rows a second.
    pub fn list(&self, clients: usize, round: Duration) -> f64 {
        self.run("list.sql", clients, round)
    }

    fn run(&self, script: &str, clients: usize, round: Duration) -> f64 {
        run(&self.folder.join(script), &self.url, clients, round)
    }
}

/// Transactions a second of a script.
pub fn run(script: &Path, url: &str, clients: usize, round: Duration) -> f64 {
    let output = Command::new(program("pgbench"))
        .args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "2",
            "-c",
            &clients.to_string(),
            "-T",
            &round.as_secs().max(1).to_string(),
            "-f",
        ])
        .arg(script)
        .arg(url)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps =
        text.lines().find(|line| line.starts_with("tps = ")).and_then(|line| line.split(' ').nth(2)?.parse().ok());
    tps.unwrap_or_else(|| panic!("pgbench: {text} {}", String::from_utf8_lossy(&output.stderr)))
}

/// A program of PostgreSQL's: on the path, or where Debian puts the newest.
pub fn program(name: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}
