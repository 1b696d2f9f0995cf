//! Where settings come from, and whether they are in bounds.

use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;
use validator::Validate;

use super::{Config, RowSecurity};
use crate::platform::outbound::judge::may_be_allowed;
use crate::platform::outbound::sender::certificates;

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("the configuration file {0} can't be read: {1}")]
    File(PathBuf, String),
    /// Something in it is no setting, or of the wrong type.
    #[error("the configuration is not right: {0}")]
    Content(String),
    /// A setting is out of its bounds.
    #[error("the configuration is out of bounds: {0}")]
    Bounds(String),
}

/// Settings given on the command line; they win over environment and file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen`
    pub listen: Option<String>,
    /// `--metrics-listen`.
    pub metrics_listen: Option<String>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--database-url`
    pub database_url: Option<String>,
    /// `--keys-dir`
    pub keys_dir: Option<PathBuf>,
    /// `--row-security`
    pub row_security: Option<RowSecurity>,
}

impl Config {
    /// Reads and validates the settings.
    pub fn load(overrides: Overrides) -> Result<Self, ConfigError> {
        let mut table = Self::read_file()?;
        // Variables that aren't Unicode are none of ours.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut url = None;
        for (name, value) in variables {
            if let Some(key) =
                name.strip_prefix("LIANFANG_").map(str::to_lowercase).filter(|key| key != "config" && key != "api_key")
            {
                table.insert(key, parse_scalar(value));
            } else if name == "DATABASE_URL" && !value.is_empty() {
                url = Some(value);
            }
        }
        // The environment wins over the file; its own two names agree or the longer one wins.
        if let (Some(url), false) = (url, std::env::var_os("LIANFANG_DATABASE_URL").is_some()) {
            table.insert("database_url".into(), toml::Value::String(url));
        }
        let config: Self = toml::Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Content(error.message().to_owned()))?;
        let config = Self {
            listen: overrides.listen.unwrap_or(config.listen),
            metrics_listen: overrides.metrics_listen.or(config.metrics_listen),
            data_dir: overrides.data_dir.unwrap_or(config.data_dir),
            database_url: overrides.database_url.or(config.database_url),
            keys_dir: overrides.keys_dir.or(config.keys_dir),
            row_security: overrides.row_security.unwrap_or(config.row_security),
            // As compose files pass on what isn't set.
            attachments_bucket: config.attachments_bucket.filter(|bucket| !bucket.is_empty()),
            attachments_endpoint: config.attachments_endpoint.filter(|endpoint| !endpoint.is_empty()),
            ..config
        };
        config.checked()
    }

    fn read_file() -> Result<toml::Table, ConfigError> {
        let named = std::env::var_os("LIANFANG_CONFIG").map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| "lianfang.toml".into());
        if named.is_none() && !path.exists() {
            return Ok(toml::Table::new());
        }
        let text =
            std::fs::read_to_string(&path).map_err(|error| ConfigError::File(path.clone(), error.to_string()))?;
        text.parse().map_err(|error: toml::de::Error| ConfigError::File(path, error.message().to_owned()))
    }

    fn checked(self) -> Result<Self, ConfigError> {
        self.validate().map_err(|errors| ConfigError::Bounds(errors.to_string().replace('\n', "; ")))?;
        if self.zone.parse::<chrono_tz::Tz>().is_err() {
            return Err(ConfigError::Bounds(format!("zone: `{}` is no IANA zone", self.zone)));
        }
        if self.database_url.is_some() && self.keys_dir.is_none() {
            return Err(ConfigError::Bounds(
                "keys_dir: is required with database_url (the keys must not be lost with a machine's ./data)".into(),
            ));
        }
        let is_address = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        if self.attachments_endpoint.as_deref().is_some_and(|endpoint| !is_address(endpoint)) {
            return Err(ConfigError::Bounds("attachments_endpoint: must begin with https:// or http://".into()));
        }
        if self.attachments_endpoint.is_some() && self.attachments_bucket.is_none() {
            return Err(ConfigError::Bounds("attachments_bucket: is required with attachments_endpoint".into()));
        }
        if let Some(network) = self.webhook_allow.iter().find(|network| !may_be_allowed(network)) {
            return Err(ConfigError::Bounds(format!("webhook_allow: {network} is never called")));
        }
        if let Some(Err(cause)) = self.webhook_ca_file.as_deref().map(certificates) {
            return Err(ConfigError::Bounds(format!("webhook_ca_file: {cause}")));
        }
        if !matches!(self.log_format.as_deref(), None | Some("json" | "text")) {
            return Err(ConfigError::Bounds("log_format: must be json or text".into()));
        }
        Ok(self)
    }

    /// The settings without what is secret, as TOML.
    pub fn printed(&self) -> Result<String, ConfigError> {
        let shown = Self { database_url: self.database_url.as_ref().map(|_| "(set)".to_owned()), ..self.clone() };
        toml::to_string_pretty(&shown).map_err(|error| ConfigError::Content(error.to_string()))
    }
}

/// A list, or a text with commas as the environment has it, or the one value that a variable is.
pub(super) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: serde::de::DeserializeOwned + FromStr,
    D: serde::Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        List(Vec<T>),
        One(T),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::List(list) => Ok(list),
        Either::One(one) => Ok(vec![one]),
        Either::Text(text) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.parse().map_err(|_| serde::de::Error::custom(format!("`{part}` can't stand in this list")))
            })
            .collect(),
    }
}

/// An environment variable as TOML would have it: a number or a boolean where it is one.
fn parse_scalar(text: String) -> toml::Value {
    text.parse::<i64>()
        .map(toml::Value::Integer)
        .or_else(|_| text.parse::<bool>().map(toml::Value::Boolean))
        .unwrap_or(toml::Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_bounded() {
        assert!(Config::default().checked().is_ok());
        let wrong = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.checked().is_err()
        };
        assert!(wrong(|config| config.workers = 0));
        assert!(wrong(|config| config.zone = "Mars/Olympus".into()));
        assert!(wrong(|config| config.database_url = Some("postgresql://x/y".into())));
        assert!(wrong(|config| config.log_format = Some("xml".into())));
        assert!(wrong(|config| config.attachment_max_bytes = 10 * 1024 * 1024 + 1));
        assert!(wrong(|config| config.attachments_endpoint = Some("http://127.0.0.1:9000".into())));
        let in_bucket = |endpoint: &str| Config {
            attachments_bucket: Some("lianfang".into()),
            attachments_endpoint: Some(endpoint.into()),
            ..Config::default()
        };
        assert!(in_bucket("http://127.0.0.1:9000").checked().is_ok() && in_bucket("ftp://x").checked().is_err());
        assert!(wrong(|config| config.webhook_allow = vec!["127.0.0.0/8".parse().unwrap()]));
        assert!(wrong(|config| config.webhook_ca_file = Some("/nowhere".into())));
        assert!(
            !Config { database_url: Some("postgresql://u:secret@h/d".into()), ..Config::default() }
                .printed()
                .unwrap()
                .contains("secret")
        );
    }

    /// Tests receive at loopback by a seam in code; no text opens it.
    #[test]
    fn no_text_opens_the_seam_for_tests() {
        let read = |text: &str| toml::from_str::<Config>(text);
        for text in ["outbound = true", "[outbound]\nloopback = true", "loopback = true", "[seam]\nloopback = true"] {
            assert!(read(text).is_err(), "{text}");
        }
        let config = read("webhook_allow = [\"10.20.0.0/16\"]\nwebhook_ports = 8443").unwrap();
        assert!(!config.outbound.loopback && config.webhook_ports == [8443] && config.webhook_allow.len() == 1);
        assert!(
            read("webhook_allow = \"10.20.0.0/16, 10.30.0.0/16\"").is_ok_and(|config| config.webhook_allow.len() == 2)
        );
        assert!(!Config::default().printed().unwrap().contains("outbound"));
    }
}
