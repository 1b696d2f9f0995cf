//! Everything that reads what strangers send, fed with mutations of the corpus and of the document's examples. No
//! input may panic or take long, and what each target says of its answers must hold. How to fuzz for hours, and what
//! to do with what is found: `tests/corpus/README.md`.

mod files;
mod growth;
mod json;
mod mutate;
mod seeds;
mod served;
mod texts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use kit::faults::Fault;
use kit::text::Language;
use lianfang::records::Registry;
use lianfang::server::routes;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// No input is longer.
const LARGEST: usize = 64 * 1024;
/// No input takes longer, in a build that isn't optimised.
const SLOWEST: Duration = Duration::from_secs(2);
/// A few kilobytes may inflate to megabytes before a workbook is refused, or a picture.
const SLOWEST_WORKBOOK: Duration = Duration::from_secs(10);

/// Target of the fuzzing: the inputs, how they are changed, and what must hold of them.
struct Target {
    name: &'static str,
    seeds: fn() -> Vec<Vec<u8>>,
    mutate: fn(&mut StdRng, &[Vec<u8>]) -> Vec<u8>,
    /// Check of an input. Its random choices come from this generator, which follows from the input alone.
    check: fn(&[u8], &mut StdRng),
    slowest: Duration,
}

impl Target {
    const fn new(name: &'static str, seeds: fn() -> Vec<Vec<u8>>, check: fn(&[u8], &mut StdRng)) -> Self {
        Self { name, seeds, mutate: mutate::bytes, check, slowest: SLOWEST }
    }
}

macro_rules! targets {
    ($($name:ident: $target:expr;)*) => {
        const TARGETS: &[Target] = &[$(Target { name: stringify!($name), ..$target }),*];
        $(#[test] fn $name() { run(stringify!($name)); })*
    };
}

targets! {
    json: Target { mutate: mutate::json, ..Target::new("", json::bodies, json::body) };
    patch: Target { mutate: mutate::json_pair, ..Target::new("", json::pairs, json::patch) };
    query: Target::new("", json::queries, json::query);
    csv: Target::new("", || seeds::corpus(&["csv"]), files::csv);
    ndjson: Target::new("", || seeds::corpus(&["ndjson", "json"]), files::ndjson);
    xlsx: Target {
        mutate: mutate::workbook,
        slowest: SLOWEST_WORKBOOK,
        ..Target::new("", || seeds::corpus(&["xlsx"]), files::xlsx)
    };
    cell: Target::new("", files::texts, files::cell);
    cursor: Target::new("", || seeds::strings("cursor", &["made-up.txt"]), texts::cursor);
    jwt: Target::new("", texts::tokens, texts::jwt);
    plate: Target::new("", || seeds::strings("plate", &["plates.txt"]), texts::plate);
    picture: Target { slowest: SLOWEST_WORKBOOK, ..Target::new("", files::pictures, files::picture) };
    document: Target::new("", || seeds::strings("document", &["resident-ids.txt", "others.txt"]), texts::document);
}

fn option(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: not a number: {text}")))
}

/// Feeds one target: its seeds as they are, then mutations of them until its share of the time is over.
fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    if let Ok(path) = std::env::var("FUZZ_FILE") {
        if PathBuf::from(&path).file_name().unwrap().to_str().unwrap().starts_with(name) {
            attempt(target, &std::fs::read(&path).unwrap()).unwrap_or_else(|found| panic!("{name}: {found} ({path})"));
        }
        return;
    }
    // A plain run of the tests judges a change, not chance; who gives it time wants to find something.
    let explores = option("FUZZ_SECONDS").is_some();
    let seed = option("FUZZ_SEED").unwrap_or_else(|| if explores { rand::random() } else { 1 });
    let share = Duration::from_secs(option("FUZZ_SECONDS").unwrap_or(10)) / u32::try_from(TARGETS.len()).unwrap();
    let (begun, seeds, mut generator) = (Instant::now(), (target.seeds)(), StdRng::seed_from_u64(seed));
    assert!(!seeds.is_empty(), "{name}: no seeds");
    let mut tried = 0;
    while begun.elapsed() < share || tried < seeds.len() {
        let input = seeds.get(tried).cloned().unwrap_or_else(|| (target.mutate)(&mut generator, &seeds));
        if let Err(found) = attempt(target, &input) {
            panic!("{name}: {found}\nFUZZ_SEED={seed}, input in {}", kept(name, seed, tried, &input).display());
        }
        tried += 1;
    }
    println!("fuzz {name}: {tried} inputs in {:.1} s, FUZZ_SEED={seed}", begun.elapsed().as_secs_f64());
}

fn attempt(target: &Target, input: &[u8]) -> Result<(), String> {
    // A machine with other things to do isn't a slow parser: the fastest of three counts.
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        catch_unwind(AssertUnwindSafe(|| (target.check)(input, &mut following(input)))).map_err(|found| {
            let text = found.downcast_ref::<String>().cloned();
            text.or_else(|| found.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
        })?;
        fastest = fastest.min(begun.elapsed());
        if fastest < target.slowest {
            return Ok(());
        }
    }
    Err(format!("{} bytes took {fastest:?}", input.len()))
}

/// A generator that follows from the input (FNV-1a): an input that was kept goes the same way again.
fn following(input: &[u8]) -> StdRng {
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    StdRng::seed_from_u64(input.iter().fold(0xcbf2_9ce4_8422_2325, hash))
}

fn kept(name: &str, seed: u64, number: usize, input: &[u8]) -> PathBuf {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "target", "fuzz"].iter().collect();
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}-{seed}-{number}"));
    std::fs::write(&path, input).unwrap();
    path
}

/// Every kind there is.
fn kinds() -> &'static Registry {
    static KINDS: OnceLock<Registry> = OnceLock::new();
    KINDS.get_or_init(routes::kinds)
}

/// Checks that a fault's message has no place left empty.
#[track_caller]
fn require_message(fault: &Fault) {
    for language in [Language::Chinese, Language::English] {
        let message = fault.message(language);
        assert!(!message.contains('{') && !message.is_empty(), "{}: {message}", fault.code.code());
    }
}
