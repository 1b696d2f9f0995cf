//! A call: a request whose sender is known and whose query was read.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpMessage, HttpRequest};
use kit::body::BodyLimits;
use kit::catalogue::{Code, FaultCode};
use kit::check::check_object;
use kit::faults::Faults;
use kit::field::Field;
use kit::problem::Problem;
use kit::text::Language;
use kit::tree::{Tree, TreeFault};
use kit::value::Values;
use serde_json::Value as Json;
use uuid::Uuid;

use super::Body;
use super::dispatch::Untaken;
use super::routes::PathValues;
use super::turn::Turn;
use crate::platform::access::accounts::{Credential, SignedIn};
use crate::platform::access::roles::Actor;
use crate::platform::audit::AuditEntry;
use crate::platform::codes::{INVALID_ORDER, NOT_FOUND, TOO_MANY_DAYS, UNAUTHENTICATED, UNSUPPORTED_MEDIA_TYPE};
use crate::platform::core::Core;

/// A larger body is parsed on a thread of its own: whoever shares the worker would wait.
const LARGE: usize = 64 * 1024;

/// The id of a request, in its extensions from the outermost middleware on.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// A call of an operation.
pub struct Call {
    /// The service.
    pub core: Arc<Core>,
    /// The request.
    pub request: HttpRequest,
    /// Values that the caller named in the path.
    pub(super) values: PathValues,
    /// The language of the answer.
    pub language: Language,
    /// The query parameters.
    pub query: Values,
    /// Those whose names go on with something of the caller's.
    pub(super) open: Vec<(String, String)>,
    pub(super) signed_in: Option<SignedIn>,
    pub(super) payload: Untaken,
    pub(super) body: Option<Body>,
    pub(super) turn: Rc<Turn>,
}

impl Call {
    /// The same call with other parameters, which has no body.
    pub fn asking(&self, query: Values) -> Self {
        Self {
            core: Arc::clone(&self.core),
            request: self.request.clone(),
            values: self.values.clone(),
            language: self.language,
            query,
            open: self.open.clone(),
            signed_in: self.signed_in.clone(),
            payload: Untaken::new(RefCell::new(Payload::None)),
            body: None,
            turn: Rc::clone(&self.turn),
        }
    }

    /// Account that calls; 401 where nobody is signed in.
    pub fn actor(&self) -> Result<&Actor, Problem> {
        self.signed_in.as_ref().map(|signed_in| &*signed_in.actor).ok_or_else(|| UNAUTHENTICATED.into())
    }

    /// Whoever signed in, and by what.
    pub fn signed_in(&self) -> Result<&SignedIn, Problem> {
        self.signed_in.as_ref().ok_or_else(|| UNAUTHENTICATED.into())
    }

    /// Credential that the caller showed; none where nobody is signed in.
    pub fn credential(&self) -> Option<&Credential> {
        self.signed_in.as_ref().map(|signed_in| &signed_in.credential)
    }

    /// The caller's session.
    pub fn session_id(&self) -> Result<Uuid, Problem> {
        match self.signed_in.as_ref().map(|signed_in| &signed_in.credential) {
            Some(Credential::Session(session_id)) => Ok(*session_id),
            _ => Err(UNAUTHENTICATED.into()),
        }
    }

    /// The parameters whose names begin so: what follows in the name, and the value.
    pub fn prefixed(&self, prefix: &str) -> Vec<(String, String)> {
        let of_prefix = |(name, text): &(String, String)| Some((name.strip_prefix(prefix)?.to_owned(), text.clone()));
        self.open.iter().filter_map(of_prefix).collect()
    }

    /// The request's id.
    pub fn request_id(&self) -> String {
        self.request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
    }

    /// The id in the path. What is no id names nothing: 404.
    pub fn path_id(&self) -> Result<Uuid, Problem> {
        let text = self.path_text("id")?;
        if text.len() == 36 { Uuid::try_parse(text).map_err(|_| NOT_FOUND.into()) } else { Err(NOT_FOUND.into()) }
    }

    /// A text in the path.
    pub fn path_text(&self, name: &str) -> Result<&str, Problem> {
        self.values.get(name).ok_or_else(|| NOT_FOUND.into())
    }

    /// The body as a tree: 415 for another media type, 413, 408, or 400 for what is no JSON.
    pub async fn tree(&self) -> Result<Tree, Problem> {
        self.tree_within(self.core.config.body_limits()).await
    }

    /// The body of a batch, which may be larger.
    pub async fn batch_tree(&self) -> Result<Tree, Problem> {
        self.tree_within(self.core.config.batch_limits()).await
    }

    /// A body that may have so many bytes.
    pub async fn tree_of(&self, max_bytes: usize) -> Result<Tree, Problem> {
        self.tree_within(BodyLimits { max_bytes, ..self.core.config.body_limits() }).await
    }

    /// The body as it comes; it can be taken once.
    pub fn take_payload(&self) -> Payload {
        self.payload.replace(Payload::None)
    }

    async fn tree_within(&self, limits: BodyLimits) -> Result<Tree, Problem> {
        self.require_media_type()?;
        let bytes = self.arrived(limits).await?;
        let tree = if bytes.len() > LARGE {
            tokio::task::spawn_blocking(move || Tree::parse(&bytes)).await.map_err(Problem::internal)?
        } else {
            Tree::parse(&bytes)
        };
        tree.map_err(TreeFault::problem)
    }

    /// The body once it is there. Until then the request isn't in work.
    async fn arrived(&self, limits: BodyLimits) -> Result<bytes::Bytes, Problem> {
        let mut payload = self.payload.replace(Payload::None);
        let arrivals = self.core.pressure.arrivals(self.turn.lane());
        let address = self.address().map(network).unwrap_or_default();
        self.turn.rest();
        let bytes = kit::body::read(&self.request, &mut payload, &limits, arrivals, &address).await?;
        self.turn.go_on()?;
        Ok(bytes)
    }

    /// The request's turn.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// The body checked against a form; all faults at once.
    pub async fn form(&self, fields: &'static [Field]) -> Result<Values, Problem> {
        self.form_of(&self.tree().await?, fields)
    }

    /// A tree checked against a form; all faults at once.
    pub fn form_of(&self, tree: &Tree, fields: &'static [Field]) -> Result<Values, Problem> {
        let mut faults = Faults::default();
        let fields: Vec<&Field> = fields.iter().collect();
        let values = check_object(&fields, tree, "", &mut faults);
        faults.finish().map(|()| values)
    }

    /// A line of the audit about this call.
    pub fn audit_entry(
        &self,
        verb: &'static str,
        subject_kind: &'static str,
        subject_id: Option<Uuid>,
        details: Json,
    ) -> AuditEntry {
        AuditEntry {
            actor_id: self.signed_in.as_ref().map(|signed_in| signed_in.actor.user_id),
            area_code: self.signed_in.as_ref().and_then(|signed_in| signed_in.actor.own_area()),
            verb,
            subject_kind,
            subject_id,
            request_id: Some(self.request_id()),
            address: self.address(),
            details,
        }
    }

    /// Where the request came from.
    pub fn address(&self) -> Option<IpAddr> {
        client_address(&self.core, &self.request)
    }

    /// 415 where the body is of another media type than the operation takes.
    pub fn require_media_type(&self) -> Result<(), Problem> {
        let mut types = self.request.headers().get_all(CONTENT_TYPE);
        let text = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
        let one = types.next().is_none();
        let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
        let media_type = parts.next().unwrap_or_default();
        let utf_8 = parts.all(|part| {
            !part.starts_with("charset=") || part.trim_start_matches("charset=").trim_matches('"') == "utf-8"
        });
        let accepted = self.body.as_ref().is_some_and(|body| body.media_types.contains(&media_type.as_str()));
        let inflated = self.request.headers().contains_key(actix_web::http::header::CONTENT_ENCODING);
        if one && accepted && utf_8 && !inflated { Ok(()) } else { Err(UNSUPPORTED_MEDIA_TYPE.into()) }
    }
}

/// Where a request came from: the peer of the connection; where that is a proxy of ours, the last address
/// in `X-Forwarded-For` that is none. What stands before it anybody may have written.
pub(super) fn client_address(core: &Core, request: &HttpRequest) -> Option<IpAddr> {
    let trusted = &core.config.trusted_proxies;
    let peer = request.peer_addr().map(|address| address.ip().to_canonical())?;
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let headers = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let addresses: Vec<&str> = headers.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut client = peer;
    for text in addresses.into_iter().rev() {
        let Ok(address) = text.parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !trusted.contains(&client) {
            break;
        }
    }
    Some(client)
}

/// An address as one customer's: of IPv6 the network, for he has 2⁶⁴ of those.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V6(address) => hex::encode(address.octets().get(..8).unwrap_or_default()),
        address @ IpAddr::V4(_) => address.to_string(),
    }
}

/// The fault of a period that ends too long after its first day.
pub fn too_many_days(pointer: &str, most: i64) -> Problem {
    fault_with(pointer, TOO_MANY_DAYS, vec![("days", most.to_string())])
}

/// The fault of a period that ends before its first day.
pub fn ends_before_it_begins(pointer: &str) -> Problem {
    fault_with(pointer, INVALID_ORDER, vec![("other", "from_on".into())])
}

/// A fault of one field, as a whole problem.
pub fn fault(pointer: &str, code: FaultCode) -> Problem {
    fault_with(pointer, code, Vec::new())
}

/// A fault of one field whose message has places to fill, as a whole problem.
pub fn fault_with(pointer: &str, code: FaultCode, values: Vec<(&'static str, String)>) -> Problem {
    let mut faults = Faults::default();
    faults.add_with(pointer, code, values);
    faults.finish().err().unwrap_or_else(|| Code::UNPROCESSABLE.into())
}
