//! `import`: a file to a server, with its refused rows beside it.

use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use kit::text::{Language, percent_encoded};
use serde_json::{Value as Json, json};

use super::client::{self, Attempt, Reply, Server, json as json_of, persist};
use super::language::{say, spoken};
use super::{EXIT_CODES, Failure, inspect, kind_named, print};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const NDJSON: &str = "application/x-ndjson";

/// File to import, and how.
#[derive(Clone, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Import {
    /// The file: .csv, .ndjson or .xlsx; `-` for CSV from standard input.
    file: PathBuf,
    /// The kind of record, as `screenings`; one that isn't there names all that are.
    #[arg(long)]
    kind: String,
    /// The server's address, as https://lianfang.example. LIANFANG_API_KEY holds the key.
    #[arg(long)]
    server: String,
    /// Language of what is said: zh or en; by default that of LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, value_parser = ["zh", "en"])]
    language: Option<String>,
    /// The charset of a CSV file; found out where it isn't named.
    #[arg(long)]
    charset: Option<String>,
    /// The system from which the rows come; with a column `external_id` it makes their ids.
    #[arg(long)]
    source: Option<String>,
    /// Amend records that are there with other content.
    #[arg(long)]
    revise: bool,
    /// Import the good lines of a store's day where others are bad.
    #[arg(long)]
    keep_good: bool,
    /// All rows or none.
    #[arg(long)]
    atomic: bool,
    /// Make every check, write nothing.
    #[arg(long)]
    validate_only: bool,
    /// A column that isn't known: its header and the field, as 电话号码=person.phone. Any number of times.
    #[arg(long, value_name = "HEADER=FIELD")]
    map: Vec<String>,
    /// A value for all rows: a field and the text, as place_id=北门. Any number of times.
    #[arg(long, value_name = "FIELD=TEXT")]
    set: Vec<String>,
    /// The year of days without one.
    #[arg(long)]
    year: Option<u16>,
    /// Only this sheet of a workbook.
    #[arg(long)]
    sheet: Option<String>,
    /// Handling of columns that nobody knows: ignore, note or refuse.
    #[arg(long)]
    unknown: Option<String>,
    /// Only show what would be done.
    #[arg(long)]
    inspect: bool,
    /// Import without showing first what would be done, and without asking.
    #[arg(long)]
    yes: bool,
    /// Answer as one line of JSON, for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Imports a file. Sent again as a whole where the network fails: what went in is recognised.
pub fn import(command: &Import) -> Result<(), Failure> {
    let language = spoken(command.language.as_deref());
    let command = &Import { kind: kind_named(&command.kind, language)?, ..command.clone() };
    let server = Server::new(&command.server, language)?;
    let (mut file, length) = open(&command.file)?;
    let content_type = content_type(command);
    let asks = !command.yes && !command.json && std::io::stdin().is_terminal() && command.file != Path::new("-");
    if command.inspect || asks {
        inspect(command, &server, &mut file, &content_type)?;
        if command.inspect || !agreed(language)? {
            return Ok(());
        }
    }
    let path = path(command, "/v1/imports")?;
    let bar = bar(length)?;
    let done = persist("import", language, || {
        file.seek(SeekFrom::Start(0)).map_err(Failure::other)?;
        bar.reset();
        match server.post(&path, &content_type, bar.wrap_read(&file)) {
            Reply::Done(response) => judge(json_of(response, language)?, language),
            Reply::Passing(cause, after) => Ok(Attempt::Again(cause, after)),
        }
    })?;
    bar.finish_and_clear();
    tell(command, &server, &done)
}

/// An import that was interrupted is sent again.
fn judge(import: Json, language: Language) -> Result<Attempt<Json>, Failure> {
    match import.get("state").and_then(Json::as_str) {
        Some("interrupted") => Ok(Attempt::Again(say(language, "it was interrupted", "导入中断").into(), None)),
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

/// Shows what an import would do.
fn inspect(command: &Import, server: &Server, file: &mut File, content_type: &str) -> Result<(), Failure> {
    let path = path(command, "/v1/imports:inspect")?;
    let told = persist("inspect", server.language, || {
        file.seek(SeekFrom::Start(0)).map_err(Failure::other)?;
        match server.post(&path, content_type, &*file) {
            Reply::Done(response) => Ok(Attempt::Done(json_of(response, server.language)?)),
            Reply::Passing(cause, after) => Ok(Attempt::Again(cause, after)),
        }
    })?;
    print(&if command.json { told.to_string() } else { inspect::table(&told, &command.kind, server.language) })
}

/// Whether whoever sits there says yes.
fn agreed(language: Language) -> Result<bool, Failure> {
    print(say(language, "Import it? [y/N]", "是否导入?[y/N]"))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(Failure::other)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "是"))
}

fn path(command: &Import, resource: &str) -> Result<String, Failure> {
    let mut path = format!("{resource}?kind={}", percent_encoded(command.kind.as_bytes()));
    let mut add = |name: &str, text: &str| {
        path.push_str(&format!("&{}={}", percent_encoded(name.as_bytes()), percent_encoded(text.as_bytes())))
    };
    for (asked, name, text) in [
        (command.revise, "on_duplicate", "revise"),
        (command.atomic, "mode", "atomic"),
        (command.validate_only, "validate_only", "true"),
    ] {
        if asked && !resource.ends_with("inspect") {
            add(name, text);
        }
    }
    if command.keep_good {
        add("lines", "keep_good");
    }
    let year = command.year.map(|year| year.to_string());
    for (name, text) in
        [("source", &command.source), ("sheet", &command.sheet), ("unknown", &command.unknown), ("year", &year)]
    {
        if let Some(text) = text {
            add(name, text);
        }
    }
    for (prefix, pairs) in [("map.", &command.map), ("set.", &command.set)] {
        for pair in pairs {
            let usage = || Failure::Usage(format!("{pair}: a name, = and a value"));
            let (name, text) = pair.split_once('=').ok_or_else(usage)?;
            add(&format!("{prefix}{name}"), text);
        }
    }
    Ok(path)
}

fn content_type(command: &Import) -> String {
    let extension = command.file.extension().and_then(|text| text.to_str()).unwrap_or("csv").to_lowercase();
    match (extension.as_str(), &command.charset) {
        ("xlsx", _) => XLSX.into(),
        ("ndjson" | "jsonl", _) => NDJSON.into(),
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
    let language = server.language;
    let count =
        |name: &str| import.get("counts").and_then(|counts| counts.get(name)).and_then(Json::as_u64).unwrap_or(0);
    let faults = if count("refused") > 0 { Some(save_faults(command, server, import)?) } else { None };
    print(&if command.json {
        json!({"import": import, "errors_file": faults}).to_string()
    } else {
        told(import, language)
    })?;
    let state = import.get("state").and_then(Json::as_str);
    match (state, faults) {
        (Some("complete"), None) => Ok(()),
        (Some("complete"), Some(file)) => Err(Failure::Rows(format!(
            "{} {} {}",
            count("refused"),
            say(language, "rows were refused; mend and import", "行被拒绝;请修改后重新导入"),
            file.display()
        ))),
        (_, Some(file)) => {
            let nothing = say(language, "nothing was written; see", "未写入任何内容;详见");
            Err(Failure::Other(format!("{nothing} {}", file.display())))
        }
        (_, None) => {
            let whole = say(language, "the file can't be imported", "文件无法导入");
            let word = say(language, "en", "zh");
            let problem = import.get("problem").and_then(|problem| problem.get(word)).unwrap_or(&Json::Null);
            Err(Failure::Other(format!("{whole}: {}", client::problem(problem))))
        }
    }
}

/// Counts and warnings of an import.
fn told(import: &Json, language: Language) -> String {
    let count = |name: &str| import.pointer(&format!("/counts/{name}")).and_then(Json::as_u64).unwrap_or(0);
    let counts = [
        ("read", "read", "读取"),
        ("created", "created", "新增"),
        ("same", "same", "相同"),
        ("revised", "revised", "修订"),
        ("skipped", "skipped", "跳过"),
        ("refused", "refused", "拒绝"),
        ("not_a_record", "not a record", "非数据行"),
    ]
    .map(|(name, english, chinese)| format!("{} {}", count(name), say(language, english, chinese)));
    let warnings = import.get("warnings").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let warned = say(language, "Warning", "提示");
    let line = |warning: &Json| warning.get("message").and_then(Json::as_str).map(|text| format!("\n{warned}: {text}"));
    let warnings: String = warnings.iter().filter_map(line).collect();
    let state = match import.get("state").and_then(Json::as_str) {
        Some("complete") => say(language, "complete", "完成"),
        _ => say(language, "failed", "失败"),
    };
    format!("{} {state}: {}{warnings}", say(language, "Import", "导入"), counts.join(", "))
}

/// The refused rows, beside the input, in its own form; each fault is told, too.
fn save_faults(command: &Import, server: &Server, import: &Json) -> Result<PathBuf, Failure> {
    let sent = content_type(command);
    let accept = [XLSX, NDJSON].into_iter().find(|form| *form == sent).unwrap_or("text/csv");
    let (form, bytes) = errors(server, import, accept)?;
    let extension = match form.split(';').next().unwrap_or_default() {
        XLSX => "xlsx",
        NDJSON => "ndjson",
        _ => "csv",
    };
    let name = if command.file == Path::new("-") { PathBuf::from("stdin") } else { command.file.clone() };
    let path = name.with_extension(format!("errors.{extension}"));
    std::fs::write(&path, bytes).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    if !command.json {
        let (_, lines) = errors(server, import, NDJSON)?;
        for line in String::from_utf8_lossy(&lines).lines() {
            let row = serde_json::from_str(line).unwrap_or(Json::Null);
            inspect::faults(&row, server.language).iter().for_each(|line| client::tell(line));
        }
    }
    Ok(path)
}

/// The refused rows in a form, and the form that came.
fn errors(server: &Server, import: &Json, accept: &str) -> Result<(String, Vec<u8>), Failure> {
    let url = import.get("errors_url").and_then(Json::as_str).unwrap_or_default();
    persist("errors", server.language, || match server.get(url, accept) {
        Reply::Done(response) => {
            let form = response.headers().get("content-type").and_then(|value| value.to_str().ok());
            let (form, mut bytes) = (form.unwrap_or_default().to_owned(), Vec::new());
            match response.into_body().into_reader().read_to_end(&mut bytes) {
                Ok(_) => Ok(Attempt::Done((form, bytes))),
                Err(error) => Ok(Attempt::Again(error.to_string(), None)),
            }
        }
        Reply::Passing(cause, after) => Ok(Attempt::Again(cause, after)),
    })
}
