//! Packs the OpenAPI document for the binary: without the blanks that only diffs want, and gzipped. As it is committed it
//! would be seven megabytes of the program, and of what each reader of the reference takes.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

const DOCUMENT: &str = "openapi/openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::var("OUT_DIR")?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&without_blanks(&fs::read(DOCUMENT)?))?;
    fs::write(Path::new(&folder).join("openapi.json.gz"), encoder.finish()?)?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "cargo::rerun-if-changed={DOCUMENT}")?;
    // Migrations are read while the service is compiled, which the compiler doesn't see.
    writeln!(stdout, "cargo::rerun-if-changed=migrations")?;
    Ok(())
}

/// JSON without blanks between its tokens.
fn without_blanks(json: &[u8]) -> Vec<u8> {
    let (mut in_text, mut is_escaped) = (false, false);
    let kept = json.iter().copied().filter(|byte| {
        let is_kept = in_text || !byte.is_ascii_whitespace();
        if *byte == b'"' && !is_escaped {
            in_text = !in_text;
        }
        is_escaped = in_text && *byte == b'\\' && !is_escaped;
        is_kept
    });
    kept.collect()
}
