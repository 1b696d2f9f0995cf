//! `export`: a list of a server as a file. NDJSON goes on where it broke off, as of the same change number.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use lianfang::platform::http::formats::Format;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::client::{Attempt, Reply, Server, json as json_of, persist};
use super::language::{say, spoken};
use super::{EXIT_CODES, Failure, kind_named, print};

/// Records to export, and whereto.
#[derive(Clone, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Export {
    /// The kind of record, as `screenings`; one that isn't there names all that are.
    #[arg(long)]
    kind: String,
    /// The server's address, as https://lianfang.example. LIANFANG_API_KEY holds the key.
    #[arg(long)]
    server: String,
    /// Language of what is said: zh or en; by default that of LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, value_parser = ["zh", "en"])]
    language: Option<String>,
    /// The form: csv, ndjson or xlsx.
    #[arg(long, default_value = "ndjson", value_parser = ["csv", "ndjson", "xlsx"])]
    format: String,
    /// The file [default: <kind>.<format>].
    #[arg(long)]
    output: Option<PathBuf>,
    /// A filter of the list, as area_code=511802005; may be given several times.
    #[arg(long)]
    filter: Vec<String>,
    /// Answer as one line of JSON, for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Where a download stands.
struct Download {
    part: PathBuf,
    as_of: Option<String>,
    last_id: Option<String>,
    count: u64,
}

/// Exports a list. The file gets its name only when it is whole.
pub fn export(command: &Export) -> Result<(), Failure> {
    let language = spoken(command.language.as_deref());
    let command = &Export { kind: kind_named(&command.kind, language)?, ..command.clone() };
    let server = Server::new(&command.server, language)?;
    let format = match command.format.as_str() {
        "csv" => Format::Csv,
        "xlsx" => Format::Xlsx,
        _ => Format::Ndjson,
    };
    let output =
        command.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.{}", command.kind, command.format)));
    let part = output.with_extension(format!("{}.part", command.format));
    File::create(&part).map_err(|error| Failure::Usage(format!("{}: {error}", part.display())))?;
    let mut download = Download { part, as_of: None, last_id: None, count: 0 };
    let bar = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {pos}, {per_sec}, {elapsed}").map_err(Failure::other)?);
    persist("export", language, || fetch(command, &server, format, &mut download, &bar))?;
    bar.finish_and_clear();
    std::fs::rename(&download.part, &output).map_err(Failure::other)?;
    let count = (format == Format::Ndjson).then_some(download.count);
    print(&if command.json {
        json!({"file": output, "as_of_change_no": download.as_of, "count": count}).to_string()
    } else {
        let records = say(language, "records", "条记录");
        let of = count.map(|count| format!("{count} {records}, ")).unwrap_or_default();
        let as_of = say(language, "as of change number", "截至变更号");
        format!("{}: {of}{as_of} {}", output.display(), download.as_of.unwrap_or_default())
    })
}

fn fetch(
    command: &Export,
    server: &Server,
    format: Format,
    download: &mut Download,
    bar: &ProgressBar,
) -> Result<Attempt<()>, Failure> {
    let response = match server.get(&path(command, format, download), format.media_type()) {
        Reply::Done(response) if response.status().is_success() => response,
        Reply::Done(response) => {
            return json_of(response, server.language).map(|_| Attempt::Again("an empty answer".into(), None));
        }
        Reply::Passing(cause, after) => return Ok(Attempt::Again(cause, after)),
    };
    let as_of = response.headers().get("as-of-change-no").and_then(|value| value.to_str().ok());
    download.as_of = as_of.map(str::to_owned);
    let body = response.into_body().into_reader();
    let result = if format == Format::Ndjson { lines(body, download, bar) } else { whole(body, &download.part) };
    match result {
        Ok(()) => Ok(Attempt::Done(())),
        Err(cause) => Ok(Attempt::Again(cause, None)),
    }
}

fn path(command: &Export, format: Format, download: &Download) -> String {
    let mut parameters: Vec<String> = command.filter.clone();
    // Only what has an end of its own can be gone on with: else it is fetched anew.
    if let (Format::Ndjson, Some(as_of), Some(id)) = (format, &download.as_of, &download.last_id) {
        parameters.extend([format!("as_of_change_no={as_of}"), format!("after={id}")]);
    }
    let separator = if parameters.is_empty() { "" } else { "?" };
    format!("/v1/{}{separator}{}", command.kind.replace('_', "-"), parameters.join("&"))
}

/// Takes whole lines, and believes the end only where its digest is right.
fn lines(body: impl std::io::Read, download: &mut Download, bar: &ProgressBar) -> Result<(), String> {
    let mut file = OpenOptions::new().append(true).open(&download.part).map_err(|error| error.to_string())?;
    let (mut reader, mut digest) = (BufReader::new(body), Sha256::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).map_err(|error| error.to_string())?;
        if !line.ends_with('\n') {
            return Err("the connection broke off".into());
        }
        let json: Json = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        if json.get("_end").is_some() {
            let right = json.get("sha256").and_then(Json::as_str) == Some(&hex::encode(digest.finalize()));
            return if right { Ok(()) } else { Err("the file was damaged on the way".into()) };
        }
        digest.update(line.as_bytes());
        file.write_all(line.as_bytes()).map_err(|error| error.to_string())?;
        download.last_id = json.get("id").and_then(Json::as_str).map(str::to_owned);
        download.count += 1;
        bar.set_position(download.count);
    }
}

fn whole(mut body: impl std::io::Read, part: &Path) -> Result<(), String> {
    let mut file = File::create(part).map_err(|error| error.to_string())?;
    std::io::copy(&mut body, &mut file).map(drop).map_err(|error| error.to_string())
}
