//! `user import`: the accounts of a file, with a sheet to print and cut: a strip an account.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use futures_util::stream::{StreamExt, iter};
use kit::faults::Fault;
use kit::text::Language;
use kit::tree::Tree;
use kit::vocabulary::Word;
use lianfang::exchange::files::decode::Decoder;
use lianfang::exchange::files::guard::{guarded, unguarded};
use lianfang::platform::access::roles::ROLE;
use lianfang::platform::core::Core;
use lianfang::rooms::accounts::operator;
use lianfang::rooms::accounts::users::NewUser;
use serde_json::{Value as Json, json};

use super::super::language::{say, spoken};
use super::super::progress::Progress;
use super::super::{Failure, at_work, print};
use super::organizations::{self, Named};
use super::sheet::{self, Strip};
use crate::Place;

/// Bytes of a file at most.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// Accounts of a file at most.
const MOST_ACCOUNTS: usize = 2_000;
/// Accounts in the making at a time.
const AT_A_TIME: usize = 4;

/// Columns by the names that people give them.
const COLUMNS: &[(&str, &[&str])] = &[
    ("username", &["username", "用户名", "账号", "登录名"]),
    ("display_name", &["display_name", "姓名", "显示名称"]),
    ("phone", &["phone", "电话", "手机", "手机号", "联系电话"]),
    ("role", &["role", "角色", "岗位"]),
    ("area_code", &["area_code", "区划代码", "区划", "辖区代码"]),
    ("organization", &["organization", "单位", "所属单位", "单位名称"]),
    ("role_organization", &["role_organization", "角色限定单位", "限定单位"]),
];

/// Accounts to be made.
#[derive(clap::Args)]
pub struct ImportUsers {
    /// CSV with the columns username, display_name, role, area_code (or 用户名, 姓名, 角色, 区划代码), and perhaps phone
    /// (电话), organization (单位: the holder's, by its name there or its id) and role_organization (角色限定单位: to whose
    /// records the role of the row is narrowed). Whoever has several roles has several rows.
    file: PathBuf,
    /// The sheet to print, HTML [default: FILE with .sheet.html].
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// The one-time passwords as CSV, too.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Address of the page that stands on each strip [default: that at which the service listens].
    #[arg(long)]
    address: Option<String>,
    /// Check everything, make nothing.
    #[arg(long)]
    validate_only: bool,
}

/// Makes the accounts of a file, all or none, and writes their one-time passwords to files that only the caller reads.
pub async fn import(place: Place, command: ImportUsers, json: bool) -> Result<(), Failure> {
    let language = spoken(None);
    let wanted = read(&command.file, language)?;
    let config = place.config()?;
    let address = command.address.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let made = at_work(config, async |core: &Core| {
        let new = checked(core, &wanted, language).await?;
        if command.validate_only {
            return Ok(None);
        }
        let mut papers = Papers::open(&command)?;
        let strips = make(core, &new, language).await?;
        // Whatever was made before somebody failed is on paper: its passwords are told nowhere else.
        papers.write(&strips.0, &address, language)?;
        strips.1.map(|()| Some(strips.0.len()))
    });
    let made = made.await?;
    let (count, sheet) = (wanted.len(), command.sheet_path());
    print(&match made {
        _ if json => json!({"accounts": count, "created": made.unwrap_or_default(), "sheet": made.map(|_| sheet), "csv": made.and(command.csv)}).to_string(),
        Some(count) => format!("{count} {} {}", say(language, "accounts made; print and cut:", "个账号已创建,请打印并裁开:"), sheet.display()),
        None => format!("{count} {}", say(language, "accounts could be made; none was.", "个账号可以创建,尚未创建。")),
    })
}

/// Makes accounts, some at a time: of each a hash takes tens of milliseconds of a core. After one that fails none is
/// begun; answered are those that were made, and why the rest wasn't.
async fn make(core: &Core, new: &[NewUser], language: Language) -> Result<(Vec<Strip>, Result<(), Failure>), Failure> {
    let (mut progress, failed) = (Progress::begin()?, Cell::new(false));
    let mut strips = Vec::with_capacity(new.len());
    let mut outcome = Ok(());
    let begun = new.iter().take_while(|_| !failed.get());
    let mut making = iter(begun.map(async |account| (account, operator::add(core, account).await))).buffered(AT_A_TIME);
    while let Some((account, made)) = making.next().await {
        match made {
            Ok(one_time_password) => strips.push(Strip {
                display_name: account.display_name.clone(),
                username: account.username.clone(),
                one_time_password,
            }),
            Err(problem) => {
                failed.set(true);
                outcome = outcome.and(Err(problem.into()));
            }
        }
        let (done, total) = (strips.len(), new.len());
        let line = || format!("{done}/{total} {}", say(language, "accounts made", "个账号已创建"));
        progress.tell(number(done), number(total), say(language, "accounts", "个账号"), line);
    }
    progress.finish();
    Ok((strips, outcome))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl ImportUsers {
    fn sheet_path(&self) -> PathBuf {
        self.sheet.clone().unwrap_or_else(|| self.file.with_extension("sheet.html"))
    }
}

/// Files that take the passwords: there before the first account is, and never in the place of another.
struct Papers {
    sheet: File,
    csv: Option<File>,
}

impl Papers {
    fn open(command: &ImportUsers) -> Result<Self, Failure> {
        let csv = command.csv.as_deref().map(new_file).transpose()?;
        Ok(Self { sheet: new_file(&command.sheet_path())?, csv })
    }

    fn write(&mut self, strips: &[Strip], address: &str, language: Language) -> Result<(), Failure> {
        self.sheet.write_all(sheet::page(strips, address, language).as_bytes()).map_err(Failure::other)?;
        let Some(csv) = &mut self.csv else { return Ok(()) };
        // Spreadsheets take a file for UTF-8 by this mark.
        csv.write_all("\u{feff}".as_bytes()).map_err(Failure::other)?;
        let mut writer = csv::Writer::from_writer(csv);
        let head = ["username", "display_name", "one_time_password", "address"];
        writer.write_record(head).map_err(Failure::other)?;
        for strip in strips {
            let cells = [&strip.username, &strip.display_name, &strip.one_time_password, address].map(guarded);
            writer.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(Failure::other)?;
        }
        writer.flush().map_err(Failure::other)
    }
}

fn new_file(path: &Path) -> Result<File, Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// An account as the file tells it, and the line at which it begins.
struct Wanted {
    line: u64,
    body: Json,
    organizations: Vec<Named>,
}

/// Reads the file: rows of one user name are one account with several roles.
fn read(path: &Path, language: Language) -> Result<Vec<Wanted>, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| unreadable(&error))?.len();
    if size > MOST_BYTES {
        return Err(unreadable(&say(language, "is larger than 4 MB", "超过 4 MB")));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
    let mut text = String::new();
    let mut decoder = Decoder::new(None).map_err(|error| unreadable(&error))?;
    decoder.push(&bytes, true, &mut text).map_err(|error| unreadable(&error))?;
    let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = columns(rows.headers().map_err(|error| unreadable(&error))?, language)?;
    let mut found: Vec<Wanted> = Vec::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.records() {
        let row = row.map_err(|error| unreadable(&error))?;
        if row.iter().all(str::is_empty) {
            continue;
        }
        let cell = |name: &str| {
            columns.get(name).and_then(|column| row.get(*column)).map(unguarded).filter(|cell| !cell.is_empty())
        };
        let grant = json!({"role": cell("role").map(role_code), "area_code": cell("area_code")});
        let name = cell("username").unwrap_or_default().to_lowercase();
        let known = by_name.get(&name).and_then(|index| found.get_mut(*index)).filter(|_| !name.is_empty());
        let line = row.position().map_or(0, csv::Position::line);
        let told = |role: usize| organizations::named(line, role, cell("organization"), cell("role_organization"));
        if let Some(wanted) = known {
            let roles = wanted.body.get_mut("roles").and_then(Json::as_array_mut);
            let role = roles.map_or(0, |roles| {
                roles.push(grant);
                roles.len() - 1
            });
            wanted.organizations.extend(told(role));
            continue;
        }
        let mut body = json!({"roles": [grant]});
        for field in ["username", "display_name", "phone"] {
            if let Some(cell) = cell(field) {
                kit::json::put(&mut body, field, cell);
            }
        }
        by_name.insert(name, found.len());
        found.push(Wanted { line, body, organizations: told(0) });
    }
    match found.len() {
        0 => Err(unreadable(&say(language, "has no rows", "没有数据行"))),
        count if count > MOST_ACCOUNTS => {
            Err(unreadable(&say(language, "has more than 2000 accounts", "超过 2000 个账号")))
        }
        _ => Ok(found),
    }
}

/// The column of each field; every head that is none of ours is told.
fn columns(heads: &csv::StringRecord, language: Language) -> Result<BTreeMap<&'static str, usize>, Failure> {
    let (mut columns, mut unknown) = (BTreeMap::new(), Vec::new());
    for (index, head) in heads.iter().enumerate() {
        let head = head.trim_start_matches('\u{feff}');
        match COLUMNS.iter().find(|(_, names)| names.contains(&head)) {
            Some((field, _)) if columns.insert(*field, index).is_none() => {}
            _ => unknown.push(head.to_owned()),
        }
    }
    let needed = ["username", "display_name", "role", "area_code"];
    let missing: Vec<&str> = needed.into_iter().filter(|field| !columns.contains_key(field)).collect();
    if unknown.is_empty() && missing.is_empty() {
        return Ok(columns);
    }
    let told = |title: &'static str, names: String| {
        if names.is_empty() { String::new() } else { format!(" {title} {names}.") }
    };
    Err(Failure::Usage(format!(
        "{}{}{}",
        say(language, "the header can't be used.", "表头无法使用。"),
        told(say(language, "Missing:", "缺少:"), missing.join(", ")),
        told(say(language, "Unknown or twice:", "未知或重复:"), unknown.join(", "))
    )))
}

/// The code of a role that people name by its word.
fn role_code(cell: &str) -> &str {
    let is_it = |word: &&Word| word.label.zh == cell || word.label.en.eq_ignore_ascii_case(cell);
    ROLE.words.iter().find(is_it).map_or(cell, |word| word.code)
}

/// All accounts checked; every fault of every row at once.
async fn checked(core: &Core, wanted: &[Wanted], language: Language) -> Result<Vec<NewUser>, Failure> {
    let (mut new, mut faults) = (Vec::with_capacity(wanted.len()), Vec::new());
    let known = organizations::known(core, wanted.iter().flat_map(|one| &one.organizations)).await?;
    for one in wanted {
        let mut body = one.body.clone();
        faults.extend(organizations::put(&known, &one.organizations, &mut body, language));
        match operator::read_new(core, &Tree::from_json(&body)) {
            Ok(account) => new.push((one.line, account)),
            Err(problem) => {
                let told = |fault: &Fault| (one.line, format!("{} {}", fault.pointer, fault.message(language)));
                faults.extend(problem.faults().iter().map(told));
            }
        }
    }
    let names = new.iter().map(|(_, account)| account.username.clone()).collect();
    let taken: BTreeSet<String> = operator::taken_names(core, names).await?;
    let is_taken = |account: &NewUser| taken.contains(&account.username.to_lowercase());
    let why = say(language, "/username this user name is taken", "/username 用户名已被占用");
    faults.extend(new.iter().filter(|(_, account)| is_taken(account)).map(|(line, _)| (*line, why.to_owned())));
    if faults.is_empty() {
        return Ok(new.into_iter().map(|(_, account)| account).collect());
    }
    faults.sort();
    let lines: Vec<String> =
        faults.iter().map(|(line, fault)| format!("\n  {} {line}: {fault}", say(language, "line", "第几行"))).collect();
    Err(Failure::Rows(format!("{}{}", say(language, "no account was made:", "未创建任何账号:"), lines.concat())))
}
