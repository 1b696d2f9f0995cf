//! Packs what the binary carries for browsers: the OpenAPI document without the blanks that only diffs want, and the two
//! files of Swagger UI that the page asks for, all gzipped. As they are they would be nine megabytes of the program.

use std::error::Error;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const DOCUMENT: &str = "openapi/openapi.json";
/// Files of Swagger UI that the page of the reference asks for.
const SWAGGER_UI: &[&str] = &["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::var("OUT_DIR")?;
    let folder = Path::new(&folder);
    pack(folder, "openapi.json", &without_blanks(&fs::read(DOCUMENT)?))?;
    for name in SWAGGER_UI {
        pack(folder, name, &swagger_ui(name)?)?;
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "cargo::rerun-if-changed={DOCUMENT}")?;
    // Migrations are read while the service is compiled, which the compiler doesn't see.
    writeln!(stdout, "cargo::rerun-if-changed=migrations")?;
    // A bit for each of the binary's relocations instead of three words: two and a half megabytes. Debian's C library
    // takes them so since 2022.
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" && env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
        writeln!(stdout, "cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs")?;
    }
    Ok(())
}

fn pack(folder: &Path, name: &str, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    fs::write(folder.join(format!("{name}.gz")), encoder.finish()?)?;
    Ok(())
}

/// A file of the distribution that the crate carries.
fn swagger_ui(name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let end = format!("/dist/{name}");
    let path = archive.file_names().flatten().find(|path| path.ends_with(&end)).map(|path| path.into_owned());
    let path = path.ok_or_else(|| format!("Swagger UI has no {name}"))?;
    let mut content = Vec::new();
    archive.by_name(&path)?.read_to_end(&mut content)?;
    Ok(content)
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
