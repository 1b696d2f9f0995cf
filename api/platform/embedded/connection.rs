//! Talking to the server: its address, and whether it answers.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use kit::link::SERVICE_ROLE;
use kit::text::percent_encoded;
use sha2::Sha256;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

/// The role that owns the tables, and their database.
pub(super) const NAME: &str = "lianfang";

/// How long one attempt may take; a server that is being stopped by a debugger would hang it.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How to reach the server: by its socket, with the password.
#[derive(Clone)]
pub(super) struct Address {
    socket_directory: PathBuf,
    password: String,
}

/// Answer of the server to an attempt to connect.
pub(super) enum Answer {
    /// It works, and the service's database is there.
    Ready,
    /// It works, but not with this password.
    PasswordRefused,
    /// Something else, which may pass.
    NotYet(String),
}

impl Address {
    pub(super) fn new(socket_directory: PathBuf, password: String) -> Self {
        Self { socket_directory, password }
    }

    pub(super) fn url(&self, database: &str) -> String {
        self.url_as(NAME, &self.password, database)
    }

    /// The password of the role that owns nothing: it follows from the owner's, so that every process of the
    /// data directory knows it and no file more has to be kept.
    pub(super) fn service_password(&self) -> String {
        // A key of any length will do.
        let mac = Hmac::<Sha256>::new_from_slice(self.password.as_bytes());
        mac.map(|mac| hex::encode(mac.chain_update(SERVICE_ROLE).finalize().into_bytes())).unwrap_or_default()
    }

    /// How the service's own statements reach the database.
    pub(super) fn service_url(&self) -> String {
        self.url_as(SERVICE_ROLE, &self.service_password(), NAME)
    }

    fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        let host = percent_encoded(self.socket_directory.as_os_str().as_bytes());
        format!(
            "postgresql://{role}:{}@{host}/{}",
            percent_encoded(password.as_bytes()),
            percent_encoded(database.as_bytes())
        )
    }

    /// Connects and asks something; creates the service's database if it is missing, be it that the
    /// cluster is new or that the previous start was killed just before.
    pub(super) async fn ask(&self) -> Answer {
        let Err(error) = self.execute(NAME, "SELECT 1").await else {
            return Answer::Ready;
        };
        let error = match error.code() {
            Some(&SqlState::INVALID_CATALOG_NAME) => match self.create().await {
                Ok(()) => return Answer::Ready,
                Err(error) => error,
            },
            _ => error,
        };
        match error.code() {
            Some(&(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION)) => {
                Answer::PasswordRefused
            }
            _ => Answer::NotYet(error.to_text()),
        }
    }

    async fn create(&self) -> Result<(), Failure> {
        let statement =
            format!("CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
        match self.execute("postgres", &statement).await {
            Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => Ok(()),
            other => other,
        }
    }

    async fn execute(&self, database: &str, statement: &str) -> Result<(), Failure> {
        let work = async {
            let (client, connection) = tokio_postgres::connect(&self.url(database), NoTls).await?;
            // The client is dropped with its block, which ends the connection.
            let ask = async move { client.batch_execute(statement).await };
            let (answer, _) = tokio::join!(ask, connection);
            answer
        };
        match tokio::time::timeout(ATTEMPT, work).await {
            Ok(answer) => answer.map_err(Failure::Refused),
            Err(_) => Err(Failure::TimedOut),
        }
    }
}

/// Why a statement was not executed.
enum Failure {
    Refused(tokio_postgres::Error),
    TimedOut,
}

impl Failure {
    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Refused(error) => error.code(),
            Self::TimedOut => None,
        }
    }

    /// Without the driver's prefix where the server said something itself.
    fn to_text(&self) -> String {
        match self {
            Self::Refused(error) => {
                error.as_db_error().map_or_else(|| error.to_string(), |answer| answer.message().to_owned())
            }
            Self::TimedOut => format!("nothing within {} seconds", ATTEMPT.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_understood_by_the_driver() {
        let directory = PathBuf::from("/srv/疾控 数据,a@b/socket");
        let address = Address::new(directory.clone(), "p:w/%?".to_owned());
        let config: tokio_postgres::Config = address.url("some db").parse().unwrap_or_default();
        assert_eq!(config.get_hosts(), [tokio_postgres::config::Host::Unix(directory)]);
        assert_eq!(config.get_password(), Some(b"p:w/%?".as_slice()));
        assert_eq!(config.get_dbname(), Some("some db"));
        assert_eq!(config.get_user(), Some("lianfang"));
    }

    #[test]
    fn everything_reserved_is_encoded() {
        assert_eq!(percent_encoded(b"/a-b._~c/@:%"), "%2Fa-b._~c%2F%40%3A%25");
        assert_eq!(percent_encoded("数".as_bytes()), "%E6%95%B0");
    }
}
