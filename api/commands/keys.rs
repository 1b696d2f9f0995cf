//! `keys`: the key files, whether the service runs or not.

use std::collections::BTreeMap;

use kit::text::Language;
use lianfang::integrity::rotation::{self, RotationError, Told};
use lianfang::platform::core::Core;
use lianfang::platform::privacy::holder;
use lianfang::platform::privacy::known::{KeyState, KnownKey};
use lianfang::platform::privacy::numbered::Purpose;
use lianfang::server::routes;
use lianfang::server::start::{self, Backend};
use serde_json::{Value as Json, json};

use super::language::{say, spoken};
use super::progress::Progress;
use super::{Failure, grid, prepare, print};
use crate::Place;

/// The files that encrypt and find personal data. By whoever owns the tables.
#[derive(clap::Subcommand)]
pub enum KeysCommand {
    /// List the keys that the database knows: fingerprint, state, and how many envelopes or blind indexes bear each.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Make a new key and write everything again with it, while the service runs. Goes on where it was broken off.
    Rotate {
        /// Which key. The others stay for good: ids and the ledger are made with them.
        what: RotatedKey,
        #[command(flatten)]
        place: Place,
    },
    /// Remove the files of keys that nothing bears any more, an hour after that at the earliest.
    Retire {
        #[command(flatten)]
        place: Place,
    },
}

/// A key that can be rotated.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum RotatedKey {
    /// The one that seals personal data.
    Data,
    /// The one by which it is found: documents, phones, names, plates, devices.
    BlindIndex,
}

impl From<RotatedKey> for Purpose {
    fn from(key: RotatedKey) -> Self {
        match key {
            RotatedKey::Data => Self::Data,
            RotatedKey::BlindIndex => Self::BlindIndex,
        }
    }
}

impl From<RotationError> for Failure {
    fn from(error: RotationError) -> Self {
        match error {
            RotationError::Problem(problem) => problem.into(),
            RotationError::Key(error) => Self::Start(error.into()),
            refused => Self::Refused(refused.to_string()),
        }
    }
}

impl KeysCommand {
    /// Where the data is.
    pub fn place(&self) -> &Place {
        let (Self::List { place } | Self::Rotate { place, .. } | Self::Retire { place }) = self;
        place
    }

    /// Does it.
    pub async fn run(self) -> Result<(), Failure> {
        let (json, language) = (self.place().json, spoken(None));
        match self {
            Self::List { place } => {
                let told = as_owner(place, async |core, owner_url| list(core, owner_url, json, language).await);
                print(&told.await?)
            }
            Self::Rotate { what, place } => {
                as_owner(place, async |core, owner_url| rotate(core, owner_url, what.into(), (json, language)).await)
                    .await
            }
            Self::Retire { place } => {
                let retired = as_owner(place, async |core, owner_url| Ok(rotation::retire(core, owner_url).await?));
                print(&retired_told(&retired.await?, json, language))
            }
        }
    }
}

/// Does something as whoever owns the tables, whether the service runs or not.
async fn as_owner<T>(place: Place, work: impl AsyncFnOnce(&Core, &str) -> Result<T, Failure>) -> Result<T, Failure> {
    let config = place.config()?;
    let backend = Backend::start(&config).await?;
    let done = async {
        prepare(&backend).await?;
        let core = start::core(config, &backend.service_url, routes::kinds()).await?;
        let done = work(&core, &backend.url).await;
        // Else others would be waited for in its place for some seconds.
        if let Err(problem) = holder::leave(&core).await {
            tracing::debug!(%problem, "the end could not be told");
        }
        done
    };
    let done = Box::pin(done).await;
    backend.leave().await?;
    done
}

async fn rotate(
    core: &Core,
    owner_url: &str,
    purpose: Purpose,
    (json, language): (bool, Language),
) -> Result<(), Failure> {
    let words = Words::of(purpose, language);
    let mut progress = Progress::begin()?;
    let mut tell = |told: Told<'_>| match told {
        Told::Waiting(processes) => {
            let waiting = || {
                let head = say(language, "waiting for processes that must read the key:", "等待以下进程读取密钥:");
                format!("{head} {}", processes.join("; "))
            };
            progress.note(waiting, waiting);
        }
        Told::Written(done, total) => {
            progress.tell(done, total, words.unit, || format!("{done} / {total} {}", words.unit));
        }
    };
    let rotated = rotation::rotate(core, owner_url, purpose, &mut tell).await;
    progress.finish();
    let rotated = rotated?;
    print(&if json {
        json!({"key": rotated.key, words.member: rotated.written, "left": rotated.left}).to_string()
    } else {
        format!("{} {} {}.", rotated.written, words.done, rotated.key)
    })?;
    match rotated.left {
        0 => Ok(()),
        left => Err(Failure::Other(format!("{left} {}", words.left))),
    }
}

/// Words in which a rotation is told.
struct Words {
    unit: &'static str,
    /// The member of what is told as JSON.
    member: &'static str,
    done: &'static str,
    left: &'static str,
}

impl Words {
    fn of(purpose: Purpose, language: Language) -> Self {
        match purpose {
            Purpose::Data => Self {
                unit: say(language, "envelopes", "个密文"),
                member: "sealed",
                done: say(language, "envelopes sealed again with", "个密文已改用新密钥加密:"),
                left: say(
                    language,
                    "envelopes can't be opened and keep their key; run `lianfang verify`",
                    "个密文无法解密,保留原密钥;请运行 `lianfang verify`",
                ),
            },
            Purpose::BlindIndex => Self {
                unit: say(language, "rows", "行"),
                member: "indexed",
                done: say(language, "rows found from now on by", "行的盲索引已改用新密钥:"),
                left: say(
                    language,
                    "rows have other indexes than they should and keep their key; run `lianfang verify`",
                    "行的盲索引与内容不符,保留原密钥;请运行 `lianfang verify`",
                ),
            },
        }
    }
}

async fn list(core: &Core, owner_url: &str, json: bool, language: Language) -> Result<String, Failure> {
    let keys = rotation::all(core).await?;
    let mut borne = BTreeMap::new();
    for purpose in Purpose::ALL {
        let of_purpose = rotation::borne(core, owner_url, purpose).await?;
        borne.extend(of_purpose.into_iter().map(|(number, count)| (purpose.name(number), count)));
    }
    if json {
        let keys: Vec<Json> = keys.iter().map(|key| told_as_json(key, &borne)).collect();
        return Ok(json!({"keys": keys}).to_string());
    }
    let heads = [("Key", "密钥"), ("State", "状态"), ("Envelopes, indexes", "密文或索引数"), ("Fingerprint", "指纹")];
    let heads = heads.map(|(english, chinese)| say(language, english, chinese).to_owned());
    let rows = keys.iter().map(|key| {
        let state = match key.numbered {
            Some((.., state)) => state_told(state, language),
            None => say(language, "for good", "永久"),
        };
        let count = key.numbered.map(|_| borne.get(&key.name).copied().unwrap_or_default().to_string());
        vec![key.name.clone(), state.to_owned(), count.unwrap_or_default(), hex::encode(&key.fingerprint)]
    });
    let table: Vec<Vec<String>> = std::iter::once(heads.to_vec()).chain(rows).collect();
    Ok(grid::whole_lines(&table).join("\n"))
}

fn told_as_json(key: &KnownKey, borne: &BTreeMap<String, u64>) -> Json {
    let fingerprint = hex::encode(&key.fingerprint);
    match key.numbered {
        Some((purpose, _, state)) => {
            let count = borne.get(&key.name).copied().unwrap_or_default();
            let member = if purpose == Purpose::Data { "envelopes" } else { "indexes" };
            json!({"key": key.name, "fingerprint": fingerprint, "state": state.code(), member: count})
        }
        None => json!({"key": key.name, "fingerprint": fingerprint, "state": "permanent"}),
    }
}

fn state_told(state: KeyState, language: Language) -> &'static str {
    match state {
        KeyState::Announced => say(language, "announced", "已公布"),
        KeyState::Current => say(language, "in use", "使用中"),
        KeyState::Leaving => say(language, "being left", "替换中"),
        KeyState::Left => say(language, "left", "已停用"),
        KeyState::Retired => say(language, "retired", "已移除"),
    }
}

fn retired_told(retired: &[String], json: bool, language: Language) -> String {
    if json {
        return json!({"retired": retired}).to_string();
    }
    match retired.join(", ") {
        none if none.is_empty() => say(language, "There is no key to retire.", "没有可以移除的密钥。").to_owned(),
        names => format!("{}: {names}", say(language, "Retired", "已移除")),
    }
}
