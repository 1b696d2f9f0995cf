//! Packs what the binary carries: for browsers the OpenAPI document without the blanks that only diffs want and the two
//! files of Swagger UI that the page asks for, gzipped; and the migrations. As they are they would be ten megabytes of it.

use std::error::Error;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const DOCUMENT: &str = "openapi/openapi.json";
const MIGRATIONS: &str = "migrations";
const FOLD: &str = "-Wl,--icf=all";
/// Files of Swagger UI that the page of the reference asks for.
const SWAGGER_UI: &[&str] = &["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::var("OUT_DIR")?;
    let folder = Path::new(&folder);
    pack(folder, "openapi.json", &without_blanks(&fs::read(DOCUMENT)?))?;
    for name in SWAGGER_UI {
        pack(folder, name, &swagger_ui(name)?)?;
    }
    pack_migrations(&folder.join("migrations.zip"))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "cargo::rerun-if-changed={DOCUMENT}")?;
    writeln!(stdout, "cargo::rerun-if-changed={MIGRATIONS}")?;
    // A bit for each of the binary's relocations instead of three words: two and a half megabytes. Debian's C library
    // takes them so since 2022.
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" && env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
        writeln!(stdout, "cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs")?;
        // Functions that are the same to the byte once: half a megabyte, where the linker can.
        if env::var("PROFILE")? == "release" && linker_takes(folder, FOLD)? {
            writeln!(stdout, "cargo::rustc-link-arg-bins={FOLD}")?;
        }
    }
    Ok(())
}

fn pack(folder: &Path, name: &str, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    fs::write(folder.join(format!("{name}.gz")), encoder.finish()?)?;
    Ok(())
}

/// Whether an empty program can be linked with an argument: LLD and mold fold, GNU's linker ends with an error.
fn linker_takes(folder: &Path, argument: &str) -> Result<bool, Box<dyn Error>> {
    let source = folder.join("empty.rs");
    fs::write(&source, "fn main() {}")?;
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let flags = flags.split('\u{1f}').filter(|flag| !flag.is_empty());
    let mut compiler = Command::new(env::var("RUSTC")?);
    compiler.arg(&source).arg("--out-dir").arg(folder).args(["--target", &env::var("TARGET")?]);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        compiler.arg("-C").arg(format!("linker={linker}"));
    }
    let linked = compiler.args(flags).arg("-C").arg(format!("link-arg={argument}")).output()?;
    Ok(linked.status.success())
}

/// All files of all migrations, in the order of their names.
fn pack_migrations(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut archive = ZipWriter::new(fs::File::create(path)?);
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).compression_level(Some(9));
    let mut folders: Vec<_> = fs::read_dir(MIGRATIONS)?.collect::<Result<_, _>>()?;
    folders.retain(|folder| folder.path().is_dir());
    folders.sort_by_key(|folder| folder.file_name());
    for folder in folders {
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let name = format!("{}/{}", folder.file_name().display(), file.file_name().display());
            archive.start_file(name, options)?;
            archive.write_all(&fs::read(file.path())?)?;
        }
    }
    archive.finish()?;
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
