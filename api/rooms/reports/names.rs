//! Names for ids, so that a record can be told to people: its place, whom it is about (masked), who wrote it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::catalogue::FaultCode;
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::subjects::{accounts, names};
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::page::one_district;
use crate::platform::http::{Access, Answer, Call, Operation, fault, fault_with};
use crate::records::list;
use crate::records::read::find_all;

/// Ids of one request at most.
const MOST: usize = 100;
/// The word for accounts, which are no kind of record.
const USERS: &str = "users";

fields! {
    /// Parameters.
    static PARAMETERS;
    KIND: String = Field::new("kind", Shape::Text { min: 1, max: 60, pattern: Some("[a-z_]+") }, Text::new("Kind", "类别"), "A kind of record, or `users`.")
        .required();
    IDS: String = Field::new(
        "ids",
        Shape::Text { min: 36, max: 3_699, pattern: Some("[0-9a-f,-]+") },
        Text::new("Ids", "编号"),
        "Up to 100 ids, separated by commas.",
    )
    .required();
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

/// The operation.
pub fn operation() -> Operation {
    let example = json!({"items": [{"id": "0198c0de-0002-7000-8000-000000000002", "name": "惠民超市龙溪店"}]});
    Operation::new(Method::GET, "/v1/names", "list_names", told)
        .described("stats", "Names for ids", "What records are about, in words: the name of a place or an organisation, the title of a shift, the masked name of the person for whatever is about a person; of accounts the name of whoever works where the caller does. What the caller may not read isn't there.")
        .access(Access::SignedIn)
        .parameters(PARAMETERS.iter().collect())
        .answers::<Names>(200, "The names that there are.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND])
}

/// Names by id.
#[derive(Serialize, ToSchema)]
struct Names {
    /// Those that have one and that the caller may read.
    #[schema(inline, max_items = 100)]
    items: Vec<Named>,
}

/// A name.
#[derive(Serialize, ToSchema)]
struct Named {
    /// The id asked for.
    id: Uuid,
    /// Its name.
    #[schema(max_length = 200)]
    name: String,
}

async fn told(call: Call) -> Answer {
    let (actor, core) = (call.actor()?, &call.core);
    let district_code = one_district(actor, &call.query)?;
    let ids = ids(&call)?;
    let name = call.query.get(&KIND).unwrap_or_default();
    let found = if name == USERS {
        accounts(core, actor, &ids).await?
    } else {
        // Records in a closed room have no name elsewhere.
        let Some(kind) = core.kinds().kind(name).filter(|kind| !kind.closed) else {
            let open = core.kinds().kinds().filter(|kind| !kind.closed);
            let words = open.map(|kind| kind.name).chain([USERS]).collect::<Vec<_>>().join(", ");
            return Err(fault_with("?kind", FaultCode::NOT_IN_VOCABULARY, vec![("words", words)]));
        };
        // Records that aren't the caller's to read aren't named either.
        let visible = find_all(core, actor, kind, &ids).await?;
        let mut now = core.database.snapshot().await?;
        let subjects = visible.keys().map(|id| (kind.name.to_owned(), *id));
        let found = names(core, &mut now, &district_code, subjects).await?;
        now.end().await?;
        found
    };
    let items = found.into_iter().map(|(id, name)| Named { id, name }).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Names { items }))
}

fn ids(call: &Call) -> Result<Vec<Uuid>, Problem> {
    let text = call.query.get(&IDS).unwrap_or_default();
    let ids: Option<Vec<Uuid>> = text.split(',').map(|id| Uuid::try_parse(id).ok()).collect();
    let mut ids = ids.ok_or_else(|| fault("?ids", FaultCode::BAD_FORMAT))?;
    ids.sort();
    ids.dedup();
    if ids.len() > MOST {
        return Err(fault_with("?ids", FaultCode::TOO_MANY, vec![("max", MOST.to_string())]));
    }
    Ok(ids)
}
