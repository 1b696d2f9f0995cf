//! `POST /v1/users:batch`: the accounts of a whole town in one request, each for itself, as its own request would make it.
//! One-time passwords are in this answer and nowhere else.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use kit::problem::Problem;
use kit::tree::Tree;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::routes::{make, read_new};
use super::store;
use super::wire::User;
use crate::platform::http::answered::problem_or_null;
use crate::platform::http::{Answer, Call};
use crate::records::batch;
use crate::rooms::accounts::codes::USERNAME_TAKEN;

/// Outcomes of the accounts, in the order of the request.
#[derive(Serialize, ToSchema)]
pub struct UserBatchResults {
    /// One an item.
    #[schema(inline, max_items = 500)]
    results: Vec<UserBatchResult>,
}

/// Outcome of one account.
#[derive(Serialize, ToSchema)]
struct UserBatchResult {
    /// The item's place in the request.
    #[schema(value_type = i32, minimum = 0, maximum = 500)]
    index: usize,
    /// created, valid (validate_only) or refused.
    #[schema(max_length = 20)]
    outcome: &'static str,
    /// The status a request of its own would have had.
    #[schema(value_type = i32, minimum = 200, maximum = 599)]
    status: u16,
    /// The account; null where none was made.
    #[schema(required)]
    user: Option<User>,
    /// To be changed at first sign-in; told this once.
    #[schema(required, max_length = 40)]
    one_time_password: Option<String>,
    /// Why it was refused.
    #[schema(required, schema_with = refused)]
    problem: Option<Json>,
}

fn refused() -> RefOr<Schema> {
    problem_or_null("Why it was refused.")
}

impl UserBatchResult {
    fn new(index: usize, outcome: &'static str, status: StatusCode) -> Self {
        Self { index, outcome, status: status.as_u16(), user: None, one_time_password: None, problem: None }
    }

    fn refused(call: &Call, index: usize, problem: &Problem) -> Self {
        let told = problem.body(call.language, &call.request_id());
        Self { problem: Some(told), ..Self::new(index, "refused", problem.code().status()) }
    }
}

/// Handles a batch of accounts.
pub async fn batch(call: Call) -> Answer {
    let items = batch::items(&call.batch_tree().await?)?;
    let results = if call.query.boolean(batch::VALIDATE_ONLY.name) == Some(true) {
        tried(&call, &items).await?
    } else {
        made(&call, &items).await?
    };
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(UserBatchResults { results }))
}

/// One after the other: each password is hashed, and whoever signs in meanwhile waits for no more than one.
async fn made(call: &Call, items: &[Tree]) -> Result<Vec<UserBatchResult>, Problem> {
    let mut results = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let created = match read_new(call, item).await {
            Ok(new) => make(call, &new).await,
            Err(problem) => Err(problem),
        };
        results.push(match created {
            Ok(created) => UserBatchResult {
                user: Some(created.user),
                one_time_password: Some(created.one_time_password),
                ..UserBatchResult::new(index, "created", StatusCode::CREATED)
            },
            Err(problem) => UserBatchResult::refused(call, index, &problem),
        });
    }
    Ok(results)
}

async fn tried(call: &Call, items: &[Tree]) -> Result<Vec<UserBatchResult>, Problem> {
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        read.push(read_new(call, item).await);
    }
    let names: Vec<String> = read.iter().flatten().map(|new| new.username.clone()).collect();
    let mut taken: BTreeSet<String> = store::taken_names(&call.core, names).await?;
    let mut results = Vec::with_capacity(items.len());
    for (index, new) in read.into_iter().enumerate() {
        let free = new.and_then(|new| match taken.insert(new.username.to_ascii_lowercase()) {
            true => Ok(()),
            false => Err(USERNAME_TAKEN.into()),
        });
        results.push(match free {
            Ok(()) => UserBatchResult::new(index, "valid", StatusCode::OK),
            Err(problem) => UserBatchResult::refused(call, index, &problem),
        });
    }
    Ok(results)
}
