//! Somebody who sends requests.

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, Method};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::app::TestApp;

/// Somebody who sends requests, signed in or not.
#[derive(Clone)]
pub struct Actor {
    client: Client,
    base: String,
    /// The access token.
    pub token: Option<String>,
    /// The refresh token of the sign-in.
    pub refresh_token: String,
    /// The account.
    pub id: Uuid,
    headers: Vec<(HeaderName, String)>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null where there is none or it is no JSON.
    pub body: Json,
}

impl Reply {
    /// A header's text; empty where it isn't there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The problem's code.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Pointers and codes of the faults, sorted.
    pub fn faults(&self) -> Vec<(String, String)> {
        let text = |fault: &Json, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        let list = self.body["errors"].as_array().cloned().unwrap_or_default();
        let mut faults: Vec<_> = list.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect();
        faults.sort();
        faults
    }

    /// The codes of a record's warnings, sorted.
    pub fn warnings(&self) -> Vec<String> {
        let list = self.body["warnings"].as_array().cloned().unwrap_or_default();
        let mut codes: Vec<_> =
            list.iter().map(|warning| warning["code"].as_str().unwrap_or_default().to_owned()).collect();
        codes.sort();
        codes
    }

    /// Asserts the status and gives the reply back.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Actor {
    pub(super) fn new(app: &TestApp, token: Option<String>, id: Uuid) -> Self {
        Self { client: Client::new(), base: app.url(""), token, refresh_token: String::new(), id, headers: Vec::new() }
    }

    /// Signs in.
    pub async fn sign_in(app: &TestApp, id: Uuid, username: &str, password: &str) -> Self {
        let mut actor = Self::new(app, None, id);
        let pair =
            actor.post("/v1/auth/login", &json!({"username": username, "password": password})).await.expect(200).body;
        actor.token = pair["access_token"].as_str().map(str::to_owned);
        actor.refresh_token = pair["refresh_token"].as_str().unwrap_or_default().to_owned();
        actor
    }

    /// The same sign-in, at another service.
    pub fn at(&self, app: &TestApp) -> Self {
        Self { base: app.url(""), ..self.clone() }
    }

    /// The same, sending this header with each request.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut actor = self.clone();
        actor.headers.push((name.parse().unwrap(), value.to_owned()));
        actor
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    /// GET of a file: status, headers, bytes.
    pub async fn download(&self, path: &str) -> (u16, HeaderMap, Vec<u8>) {
        let mut request = self.client.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.bytes().await.unwrap().to_vec())
    }

    /// GET of a stream: the response, to be read piece by piece.
    pub async fn stream(&self, path: &str) -> reqwest::Response {
        let mut request = self.client.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.send().await.unwrap()
    }

    /// POST of a file; its media type is a header of the actor.
    pub async fn upload(&self, path: &str, bytes: Vec<u8>) -> Reply {
        self.send_bytes(Method::POST, path, bytes).await
    }

    /// Any request with bytes; their media type is a header of the actor.
    pub async fn send_bytes(&self, method: Method, path: &str, bytes: Vec<u8>) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).body(bytes);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Json::Null);
        Reply { status, headers, body }
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Json) -> Reply {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    /// PATCH of JSON with `If-Match`.
    pub async fn patch(&self, path: &str, tag: &str, body: &Json) -> Reply {
        self.with("if-match", tag).send(Method::PATCH, path, Some(body.to_string())).await
    }

    /// Any request; a body goes as JSON unless a header says otherwise.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if body.is_some() && !self.headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Json::Null);
        Reply { status, headers, body }
    }
}
