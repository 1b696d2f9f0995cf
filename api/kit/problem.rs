//! The two faces of an error: what the client is told (RFC 9457) and what only the log keeps.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName};
use serde_json::{Value as Json, json};

use super::catalogue::Code;
use super::faults::Fault;
use super::text::Language;

/// Address at which the codes are explained; `type` is this and the code.
pub const TYPE_BASE: &str = "https://lianfang.example/problems/";

/// An answer that isn't what was asked for.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, String)>,
    cause: Option<String>,
}

impl Problem {
    /// A problem of this code and nothing more.
    pub fn new(code: Code) -> Self {
        Self { code, faults: Vec::new(), headers: Vec::new(), cause: None }
    }

    /// A request with faults: 400 where one is of form, else 422.
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let of_form = faults.iter().any(|fault| fault.code.is_of_form());
        let code = if of_form { Code::INVALID_REQUEST } else { Code::UNPROCESSABLE };
        Self { faults, ..Self::new(code) }
    }

    /// A problem of this code with faults.
    pub fn of_faults(code: Code, faults: Vec<Fault>) -> Self {
        Self { faults, ..Self::new(code) }
    }

    /// Something of ours is broken. `cause` goes to the log and nowhere else; it must hold no
    /// personal data (database errors come without their details, see `database.rs`).
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(Code::INTERNAL) }
    }

    /// Something is not to be had just now: 503 with `Retry-After`.
    pub fn unavailable(code: Code, retry_after_s: u32, cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(code) }
            .with_header(header::RETRY_AFTER, retry_after_s.to_string())
    }

    /// The same problem once more.
    pub fn again(&self) -> Self {
        Self { code: self.code, faults: self.faults.clone(), headers: self.headers.clone(), cause: self.cause.clone() }
    }

    /// Adds a header to the answer.
    pub fn with_header(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The faults, in the order in which they were found.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Cause that the log keeps, if any.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The body of the answer.
    pub fn body(&self, language: Language, request_id: &str) -> Json {
        let mut body = json!({
            "type": format!("{TYPE_BASE}{}", self.code.code()),
            "title": self.code.title().in_language(language),
            "status": self.code.status().as_u16(),
            "detail": self.detail(language),
            "code": self.code.code(),
            "request_id": request_id,
        });
        if !self.faults.is_empty()
            && let Some(object) = body.as_object_mut()
        {
            let faults = self.faults.iter().map(|fault| fault_body(fault, language)).collect();
            object.insert("errors".into(), Json::Array(faults));
        }
        body
    }

    /// The whole answer.
    pub fn response(&self, language: Language, request_id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
        if self.code.status() == actix_web::http::StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"lianfang\""));
        }
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.content_type("application/problem+json").body(self.body(language, request_id).to_string())
    }

    fn detail(&self, language: Language) -> String {
        match (self.faults.len(), language) {
            (0, _) => self.code.title().in_language(language).to_owned(),
            (1, Language::English) => "One fault; `errors` says where and what.".to_owned(),
            (n, Language::English) => format!("{n} faults; `errors` says where and what."),
            (n, Language::Chinese) => format!("共 {n} 处错误,详见 errors。"),
        }
    }
}

fn fault_body(fault: &Fault, language: Language) -> Json {
    let mut body = json!({
        "pointer": fault.pointer,
        "code": fault.code.code(),
        "message": fault.message(language),
    });
    if let (Some(hint), Some(object)) = (fault.hint, body.as_object_mut()) {
        object.insert("hint".into(), hint.in_language(language).into());
    }
    body
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// For logs: the code, and the cause where there is one.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code.code())?;
        self.cause.as_ref().map_or(Ok(()), |cause| write!(formatter, ": {cause}"))
    }
}
