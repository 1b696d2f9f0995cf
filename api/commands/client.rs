//! The command line as a client of a server: requests that are sent again until they went through.

use std::io::Read;
use std::time::Duration;

use kit::text::Language;
use serde_json::Value as Json;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::Failure;
use super::language::say;

/// How often a request is sent at most.
const TRIES: u32 = 8;

/// A server and the key for it.
pub struct Server {
    agent: Agent,
    base: String,
    key: String,
    /// Language in which it is asked to answer.
    pub language: Language,
}

/// Result of a request that may be sent again.
pub enum Reply {
    /// An answer that is none of these.
    Done(Response<Body>),
    /// The network or the server, for now: to be sent again.
    Passing(String, Option<Duration>),
}

impl Server {
    /// A server at a URL. The key comes from the environment, never from the command line, where others see it.
    pub fn new(base: &str, language: Language) -> Result<Self, Failure> {
        if !is_address(base) {
            let form = say(language, "the address needs a scheme, as https://", "地址须带协议,如 https://");
            return Err(Failure::Usage(format!("--server {base}: {form}lianfang.example")));
        }
        let missing = say(
            language,
            "set LIANFANG_API_KEY to an API key of the server (`lianfang key add` makes one)",
            "请将环境变量 LIANFANG_API_KEY 设为服务器的密钥(可用 `lianfang key add` 生成)",
        );
        let key = std::env::var("LIANFANG_API_KEY").map_err(|_| Failure::Usage(missing.into()))?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .user_agent(concat!("lianfang/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.into(), base: base.trim_end_matches('/').to_owned(), key, language })
    }

    /// GET with an `Accept`.
    pub fn get(&self, path: &str, accept: &str) -> Reply {
        let request = self.agent.get(format!("{}{path}", self.base)).header("authorization", self.bearer());
        reply(request.header("accept", accept).header("accept-language", self.language.tag()).call())
    }

    /// POST of what a reader gives.
    pub fn post(&self, path: &str, content_type: &str, mut body: impl Read) -> Reply {
        let request = self.agent.post(format!("{}{path}", self.base)).header("authorization", self.bearer());
        let request = request.header("content-type", content_type).header("accept-language", self.language.tag());
        reply(request.send(ureq::SendBody::from_reader(&mut body)))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }
}

/// Whether text is a server's address: what has no scheme is taken for a path and fails late.
fn is_address(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| host.starts_with(|letter: char| letter.is_alphanumeric() || letter == '['))
}

fn reply(result: Result<Response<Body>, ureq::Error>) -> Reply {
    match result {
        Ok(response) if is_passing(response.status()) => {
            let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            Reply::Passing(format!("the server answered {}", response.status()), after.map(Duration::from_secs))
        }
        Ok(response) => Reply::Done(response),
        Err(error) => Reply::Passing(error.to_string(), None),
    }
}

fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 429)
}

/// Does something until it went through: waits longer each time, and never as long as others do.
pub fn persist<R>(
    what: &str,
    language: Language,
    mut attempt: impl FnMut() -> Result<Attempt<R>, Failure>,
) -> Result<R, Failure> {
    for tries in 1.. {
        match attempt()? {
            Attempt::Done(result) => return Ok(result),
            Attempt::Again(cause, after) if tries < TRIES => {
                let wait = after.unwrap_or_else(|| backoff(tries));
                let again = say(language, "seconds until it is sent again:", "重试倒计时(秒):");
                tell(&format!("{what}: {cause}; {again} {:.0}", wait.as_secs_f64().ceil()));
                std::thread::sleep(wait);
            }
            Attempt::Again(cause, _) => return Err(Failure::Other(format!("{what}: {cause}"))),
        }
    }
    Err(Failure::Other(what.to_owned()))
}

/// Result of an attempt.
pub enum Attempt<R> {
    /// It went through.
    Done(R),
    /// Not now.
    Again(String, Option<Duration>),
}

/// 1, 2, 4 … 60 seconds, by chance up to half more or less.
fn backoff(tries: u32) -> Duration {
    let seconds = f64::from(2_u32.saturating_pow(tries - 1).min(60));
    Duration::from_secs_f64(seconds * (0.5 + rand::random::<f64>()))
}

/// A line on stderr. Nobody is left to tell where that is closed.
pub fn tell(line: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
}

/// The body of an answer as JSON, or the problem that it is, with all its faults.
pub fn json(response: Response<Body>, language: Language) -> Result<Json, Failure> {
    let status = response.status();
    let text = response.into_body().read_to_string().map_err(Failure::other)?;
    let json: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
    if status.is_success() {
        return Ok(json);
    }
    let refuses = say(language, "the server refuses", "服务器拒绝");
    Err(Failure::Other(format!("{refuses} ({}): {}", status.as_u16(), problem(&json))))
}

/// A problem as the server tells it: its title, then its faults, a line each.
pub fn problem(json: &Json) -> String {
    let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let mut told = text(json, "title");
    for fault in json.get("errors").and_then(Json::as_array).into_iter().flatten() {
        let hint = fault.get("hint").and_then(Json::as_str).map(|hint| format!(" ({hint}?)")).unwrap_or_default();
        told.push_str(&format!("\n  {}: {}{hint}", text(fault, "pointer"), text(fault, "message")));
    }
    told
}
