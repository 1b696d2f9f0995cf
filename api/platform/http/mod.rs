//! An operation: its route, its document, who may use it, its handler, in one value. The router and
//! the OpenAPI document are both made from the list of operations, so neither can have what the
//! other hasn't, and no handler runs before its caller was judged.

mod admission;
pub mod answered;
mod arriving;
mod call;
mod dispatch;
pub mod document;
mod form;
pub mod formats;
pub mod gzip;
pub mod headers;
pub mod page;
pub mod pressure;
mod rights;
mod routes;
pub mod schema;
mod shared;
mod shares;
mod tidy;
pub mod transport;
pub mod turn;
mod waits;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::Method;
pub use admission::{Caller, Rights};
pub use arriving::Arriving;
pub use call::{Call, RequestId, ends_before_it_begins, fault, fault_with, network, too_many_days};
pub use dispatch::{Outcome, dispatch, render_unrouted};
pub use form::Form;
use kit::catalogue::Code;
use kit::field::Field;
use kit::problem::Problem;
pub use routes::Routes;
use serde_json::Value as Json;
pub use shares::{Share, Shares};
use utoipa::ToSchema;

use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::Role;

/// Answer of a handler.
pub type Answer = Result<HttpResponse, Problem>;
type Handler = Arc<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Answer>>> + Send + Sync>;

/// Callers that may use an operation.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Anybody, signed in or not.
    Public,
    /// Whoever is signed in, even with a one-time password still to be changed.
    SignedInOnce,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever holds one of these roles anywhere; where, is judged with the data.
    Roles(&'static [Role]),
    /// The same of people; and keys of any role, by their scope alone: what it lets them do is about themselves.
    RolesOrKeys(&'static [Role]),
    /// Those of them who may judge others: not for a store or a school, which would judge itself or its competitors.
    Judges(&'static [Role]),
}

/// Disclosure of small numbers by an operation: few people may be recognised in them, so not everybody sees them.
#[derive(Clone, Copy, Debug)]
pub enum Tells {
    /// Anything its caller may read.
    Anything,
    /// Small numbers above all: for who reads the records, and keys with the right to small numbers.
    SmallNumbers(&'static [Role]),
    /// Figures, to who doesn't read the records none of less than a whole township.
    Figures {
        /// Roles that read the records.
        readers: &'static [Role],
        /// Roles that see the figures.
        roles: &'static [Role],
    },
}

/// Extent to which the time of an operation is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// All of it.
    Whole,
    /// Each of its steps, as a piece of a file has: it says where one ends ([`turn::Turn::step`]).
    Steps,
    /// Nothing here: it has bounds of its own.
    Own,
}

/// A body that an operation takes.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its schema: a `$ref` or inline.
    pub schema: Json,
    /// An example, sent by the tests as it stands.
    pub example: Json,
    /// Examples of media types that have their own.
    pub examples: Vec<(&'static str, Json)>,
    /// Media types accepted.
    pub media_types: &'static [&'static str],
}

impl Body {
    /// Its example in a media type.
    pub fn example_of(&self, media_type: &str) -> &Json {
        self.examples.iter().find(|(other, _)| *other == media_type).map_or(&self.example, |(_, example)| example)
    }
}

/// One way in which an operation answers when all goes well.
#[derive(Clone, Debug)]
pub struct Success {
    /// The status.
    pub status: u16,
    /// Case in which it is answered.
    pub about: &'static str,
    /// The schema of the body; none for 304.
    pub schema: Option<Json>,
    /// An example of the body.
    pub example: Option<Json>,
    /// Headers that come with it.
    pub headers: &'static [&'static str],
    /// Another media type in which it may come, with the schema of that.
    pub other: Option<(&'static str, Json)>,
    /// Media types of the same as a file.
    pub files: Vec<&'static str>,
}

/// An operation.
#[derive(Clone)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path, `{id}` where an id stands.
    pub path: String,
    /// `verb_resource`, unique.
    pub id: String,
    /// The group in the document.
    pub tag: &'static str,
    /// One line.
    pub summary: String,
    /// More.
    pub about: String,
    /// Callers that may use it.
    pub access: Access,
    /// The scope that a key needs for it; none by default, so that a key reaches only what was meant for keys.
    pub key_scope: KeyScope,
    /// Disclosure of small numbers by its answers.
    pub tells: Tells,
    /// Whether it isn't counted as work: a long poll waits, and health must be told at any load.
    pub uncounted: bool,
    /// Extent to which its time is bounded.
    pub bounded: Bounded,
    /// Whether an account that was deactivated may still use it, to hand in what its phone holds.
    pub hands_in: bool,
    /// Query parameters.
    pub parameters: Vec<&'static Field>,
    /// Beginnings of parameters whose names go on with something of the caller's.
    pub open: &'static [&'static str],
    /// Request headers of its own.
    pub headers: &'static [&'static str],
    /// The body it takes.
    pub body: Option<Body>,
    /// Answers when all goes well.
    pub successes: Vec<Success>,
    /// Schemas of what it takes and answers.
    pub schemas: Vec<(String, Json)>,
    /// Problems of its own, beside those that follow from the rest.
    pub problems: Vec<Code>,
    handler: Handler,
}

impl Operation {
    /// An operation that may be used by anybody signed in, until said otherwise.
    pub fn new<F, Fut>(method: Method, path: impl Into<String>, id: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + 'static,
    {
        Self {
            method,
            path: path.into(),
            id: id.into(),
            tag: "service",
            summary: String::new(),
            about: String::new(),
            access: Access::SignedIn,
            key_scope: KeyScope::None,
            tells: Tells::Anything,
            uncounted: false,
            bounded: Bounded::Whole,
            hands_in: false,
            parameters: Vec::new(),
            open: &[],
            headers: &[],
            body: None,
            successes: Vec::new(),
            schemas: Vec::new(),
            problems: Vec::new(),
            handler: Arc::new(move |call| Box::pin(handler(call))),
        }
    }

    /// Its group and what it does: one line, then more.
    pub fn described(mut self, tag: &'static str, summary: impl Into<String>, about: impl Into<String>) -> Self {
        self.tag = tag;
        self.summary = summary.into();
        self.about = about.into();
        self
    }

    /// Sets the callers that may use it.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Lets keys of a scope use it.
    pub fn keys(mut self, key_scope: KeyScope) -> Self {
        self.key_scope = key_scope;
        self
    }

    /// Sets how far its answers disclose small numbers.
    pub fn tells(mut self, tells: Tells) -> Self {
        self.tells = tells;
        self
    }

    /// Deactivated accounts may use it, too.
    pub fn hands_in(mut self) -> Self {
        self.hands_in = true;
        self
    }

    /// It isn't counted as work.
    pub fn uncounted(mut self) -> Self {
        self.uncounted = true;
        self
    }

    /// Sets how far its time is bounded.
    pub fn bounded(mut self, bounded: Bounded) -> Self {
        self.bounded = bounded;
        self
    }

    /// The query parameters it takes.
    pub fn parameters(mut self, parameters: Vec<&'static Field>) -> Self {
        self.parameters = parameters;
        self
    }

    /// Takes parameters whose names go on with something of the caller's; [`Call::prefixed`] has them.
    pub fn open(mut self, open: &'static [&'static str]) -> Self {
        self.open = open;
        self
    }

    /// Request headers of its own.
    pub fn headers(mut self, headers: &'static [&'static str]) -> Self {
        self.headers = headers;
        self
    }

    /// The JSON body it takes.
    pub fn body(self, schema: Json, example: Json) -> Self {
        self.body_of(schema, example, &["application/json"])
    }

    /// The body it takes: what the fields of a form say, under the form's name.
    pub fn takes(mut self, form: Form, example: Json) -> Self {
        let (schema, media_types) = (schema::reference(form.name), form.media_types());
        self.schemas.push(form.schema());
        self.body_of(schema, example, media_types)
    }

    /// A body of other media types.
    pub fn body_of(mut self, schema: Json, example: Json, media_types: &'static [&'static str]) -> Self {
        self.body = Some(Body { schema, example, examples: Vec::new(), media_types });
        self
    }

    /// An example of the body in another media type, where it looks otherwise.
    pub fn body_as(mut self, media_type: &'static str, example: Json) -> Self {
        if let Some(body) = &mut self.body {
            body.examples.push((media_type, example));
        }
        self
    }

    /// One way in which it answers: with what a type is on the wire and in the document.
    pub fn answers<T: ToSchema>(mut self, status: u16, about: &'static str, example: Option<Json>) -> Self {
        self.schemas.extend(answered::schemas_of::<T>());
        self.answers_with(status, about, Some(schema::reference(&T::name())), example)
    }

    /// The same with a schema that stands at the operation, without a name of its own.
    pub fn answers_inline<T: ToSchema>(mut self, status: u16, about: &'static str, example: Option<Json>) -> Self {
        let mut schemas = answered::schemas_of::<T>();
        let (_, own) = schemas.swap_remove(0);
        self.schemas.extend(schemas);
        self.answers_with(status, about, Some(own), example)
    }

    /// One way in which it answers: with nothing.
    pub fn answers_nothing(self, status: u16, about: &'static str) -> Self {
        self.answers_with(status, about, None, None)
    }

    /// One way in which it answers: with what only a definition tells, as the record of a kind.
    pub fn answers_with(
        mut self,
        status: u16,
        about: &'static str,
        schema: Option<Json>,
        example: Option<Json>,
    ) -> Self {
        self.successes.push(Success { status, about, schema, example, headers: &[], other: None, files: Vec::new() });
        self
    }

    /// Headers of the answer added last.
    pub fn with_headers(mut self, headers: &'static [&'static str]) -> Self {
        if let Some(last) = self.successes.last_mut() {
            last.headers = headers;
        }
        self
    }

    /// Another media type in which the answer added last may come, with its schema.
    pub fn or_as(mut self, media_type: &'static str, schema: Json) -> Self {
        if let Some(last) = self.successes.last_mut() {
            last.other = Some((media_type, schema));
        }
        self
    }

    /// Media types in which the answer added last is had as a file.
    pub fn as_files(mut self, media_types: Vec<&'static str>) -> Self {
        if let Some(last) = self.successes.last_mut() {
            last.files = media_types;
        }
        self
    }

    /// Adds problems of its own.
    pub fn problems(mut self, problems: &[Code]) -> Self {
        self.problems.extend_from_slice(problems);
        self
    }

    /// Whether it takes an id in its path.
    pub fn takes_id(&self) -> bool {
        self.path.contains("{id}")
    }
}
