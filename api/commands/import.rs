//! `import`: a file to a server, with its refused rows beside it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value as Json, json};

use super::client::{Attempt, Reply, Server, json as json_of, persist};
use super::{Failure, print};

/// What is imported, and how.
#[derive(clap::Args)]
pub struct Import {
    /// The file: .csv, .ndjson or .xlsx; `-` for CSV from standard input.
    file: PathBuf,
    /// The kind of record, as `screenings`.
    #[arg(long)]
    kind: String,
    /// The server's address, as https://lianfang.example. LIANFANG_API_KEY holds the key.
    #[arg(long)]
    server: String,
    /// The charset of a CSV file; found out where it isn't named.
    #[arg(long)]
    charset: Option<String>,
    /// The system from which the rows come; with a column `external_id` it makes their ids.
    #[arg(long)]
    source: Option<String>,
    /// Amend records that are there with other content.
    #[arg(long)]
    revise: bool,
    /// All rows or none.
    #[arg(long)]
    atomic: bool,
    /// Make every check, write nothing.
    #[arg(long)]
    validate_only: bool,
    /// Answer as one line of JSON, for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Imports a file. Sent again as a whole where the network fails: what went in is recognised.
pub fn import(command: &Import) -> Result<(), Failure> {
    let server = Server::new(&command.server)?;
    let (mut file, length) = open(&command.file)?;
    let (path, content_type) = (path(command), content_type(command));
    let bar = bar(length)?;
    let done = persist("import", || {
        file.seek(SeekFrom::Start(0)).map_err(Failure::other)?;
        bar.reset();
        match server.post(&path, &content_type, bar.wrap_read(&file)) {
            Reply::Done(response) => judge(json_of(response)?),
            Reply::Passing(cause, after) => Ok(Attempt::Again(cause, after)),
        }
    })?;
    bar.finish_and_clear();
    tell(command, &server, &done)
}

/// An import that was interrupted is sent again.
fn judge(import: Json) -> Result<Attempt<Json>, Failure> {
    match import.get("state").and_then(Json::as_str) {
        Some("interrupted") => Ok(Attempt::Again("it was interrupted".into(), None)),
        _ => Ok(Attempt::Done(import)),
    }
}

/// Standard input is put aside first: it can't be read a second time.
fn open(path: &Path) -> Result<(File, u64), Failure> {
    let file = if path == Path::new("-") {
        let mut file = tempfile::tempfile().map_err(Failure::other)?;
        std::io::copy(&mut std::io::stdin().lock(), &mut file).map_err(Failure::other)?;
        file
    } else {
        File::open(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?
    };
    let length = file.metadata().map_err(Failure::other)?.len();
    Ok((file, length))
}

fn path(command: &Import) -> String {
    let mut path = format!("/v1/imports?kind={}", command.kind);
    for (asked, parameter) in [
        (command.revise, "on_duplicate=revise"),
        (command.atomic, "mode=atomic"),
        (command.validate_only, "validate_only=true"),
    ] {
        if asked {
            path.push('&');
            path.push_str(parameter);
        }
    }
    if let Some(source) = &command.source {
        path.push_str("&source=");
        path.push_str(source);
    }
    path
}

fn content_type(command: &Import) -> String {
    let extension = command.file.extension().and_then(|text| text.to_str()).unwrap_or("csv").to_lowercase();
    match (extension.as_str(), &command.charset) {
        ("xlsx", _) => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".into(),
        ("ndjson" | "jsonl", _) => "application/x-ndjson".into(),
        (_, Some(charset)) => format!("text/csv; charset={charset}"),
        (_, None) => "text/csv".into(),
    }
}

/// Nothing is drawn where stderr is no terminal.
fn bar(length: u64) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left");
    Ok(ProgressBar::new(length).with_style(style.map_err(Failure::other)?))
}

fn tell(command: &Import, server: &Server, import: &Json) -> Result<(), Failure> {
    let count =
        |name: &str| import.get("counts").and_then(|counts| counts.get(name)).and_then(Json::as_u64).unwrap_or(0);
    let faults = if count("refused") > 0 { Some(save_faults(command, server, import)?) } else { None };
    print(&if command.json {
        json!({"import": import, "errors_file": faults}).to_string()
    } else {
        let counts =
            ["read", "created", "same", "revised", "skipped", "refused"].map(|name| format!("{} {name}", count(name)));
        let warnings = import.get("warnings").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let told =
            |warning: &Json| warning.get("message").and_then(Json::as_str).map(|text| format!("\nWarning: {text}"));
        let warnings: String = warnings.iter().filter_map(told).collect();
        format!("Import {}: {}{warnings}", import.get("state").and_then(Json::as_str).unwrap_or("?"), counts.join(", "))
    })?;
    match (import.get("state").and_then(Json::as_str), faults) {
        (Some("complete"), None) => Ok(()),
        (Some("complete"), Some(file)) => {
            Err(Failure::Rows(format!("{} rows were refused; mend {} and import it", count("refused"), file.display())))
        }
        (_, Some(file)) => Err(Failure::Other(format!("nothing was written; see {}", file.display()))),
        (_, None) => Err(Failure::Other(format!(
            "the file can't be imported: {}",
            import.get("problem").map_or(&Json::Null, |problem| problem.get("en").unwrap_or(problem))
        ))),
    }
}

/// The refused rows, beside the input, in its own columns.
fn save_faults(command: &Import, server: &Server, import: &Json) -> Result<PathBuf, Failure> {
    let url = import.get("errors_url").and_then(Json::as_str).unwrap_or_default();
    let csv = content_type(command) != "application/x-ndjson";
    let name = if command.file == Path::new("-") { PathBuf::from("stdin") } else { command.file.clone() };
    let path = name.with_extension(if csv { "errors.csv" } else { "errors.ndjson" });
    let accept = if csv { "text/csv" } else { "application/x-ndjson" };
    let bytes = persist("errors", || match server.get(url, accept) {
        Reply::Done(response) => {
            let mut bytes = Vec::new();
            match response.into_body().into_reader().read_to_end(&mut bytes) {
                Ok(_) => Ok(Attempt::Done(bytes)),
                Err(error) => Ok(Attempt::Again(error.to_string(), None)),
            }
        }
        Reply::Passing(cause, after) => Ok(Attempt::Again(cause, after)),
    })?;
    std::fs::write(&path, bytes).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    Ok(path)
}
