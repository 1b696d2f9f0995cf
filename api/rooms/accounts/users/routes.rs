//! The operations on accounts.

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use diesel::{ExpressionMethods, QueryDsl};
use kit::catalogue::Code;
use kit::etag::{self, IfMatch};
use kit::faults::Faults;
use kit::field::Field;
use kit::json::put;
use kit::problem::Problem;
use kit::tree::Tree;
use kit::value::Values;
use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::batch::{self, UserBatchResults};
use super::grants;
use super::rules;
use super::store::{self, ADMINISTRATORS, NewUser, UserChange};
use super::wire::{
    ACTIVE, AmendedUser, CreatedUser, DISPLAY_NAME, NEW_USER, ORG_ID, PATCH, PHONE, ROLES, USER_PATCH, User, example,
    example_new,
};
use crate::platform::audit::system_write_all;
use crate::platform::called::Q;
use crate::platform::codes::IF_MATCH_REQUIRED;
use crate::platform::http::page::Page;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation, page};
use crate::platform::schema::users;
use crate::records::batch::{MAX_ITEMS, VALIDATE_ONLY};
use crate::records::codes::UNKNOWN_REFERENCE;
use crate::records::list::{CURSOR, LIMIT};
use crate::records::read;
use crate::rooms::accounts::called;
use crate::rooms::accounts::codes::{GRANT_TOO_WIDE, USERNAME_TAKEN};
use crate::rooms::duties;
use crate::rooms::duties::HandedOverDuty;
use crate::rooms::registers::ORGANIZATIONS;

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let created = {
        let mut json = example();
        put(&mut json, "one_time_password", "kx3m2-abcde-fghjk-mnpqr");
        json
    };
    let created_again = created.clone();
    let created_batch = json!({"results": [{"index": 0, "outcome": "created", "status": 201, "user": example(),
        "one_time_password": "kx3m2-abcde-fghjk-mnpqr", "problem": null}]});
    let amended = {
        let mut json = example();
        put(&mut json, "handed_over_duties", json!([]));
        json
    };
    vec![
        Operation::new(Method::POST, "/v1/users", "create_user", post)
            .described(
                "users",
                "Create an account",
                "Answers a one-time password, this once. Nobody grants a role or an area wider than his own.",
            )
            .access(Access::Roles(ADMINISTRATORS))
            .takes(NEW_USER, example_new())
            .answers::<CreatedUser>(201, "Created.", Some(created))
            .with_headers(&["ETag", "Location"])
            .problems(&[GRANT_TOO_WIDE, USERNAME_TAKEN]),
        Operation::new(Method::POST, "/v1/users:batch", "create_user_batch", batch::batch)
            .described(
                "users",
                "Create many accounts",
                "Up to 500 items, each for itself, as a request of its own would make it; `validate_only=true` makes none. One-time passwords are in this answer and nowhere else: what was made and not read is reset. A second request is 409 for those that were made.",
            )
            .access(Access::Roles(ADMINISTRATORS))
            .parameters(vec![&VALIDATE_ONLY])
            .body(batch_of_new(), json!({"items": [example_new()]}))
            .answers::<UserBatchResults>(207, "What became of each item, in their order.", Some(created_batch)),
        Operation::new(Method::GET, "/v1/users", "list_users", list)
            .described("users", "List accounts", "Those with a role in an area that the caller administers, by name.")
            .access(Access::Roles(ADMINISTRATORS))
            .parameters(vec![&LIMIT, &CURSOR, &ACTIVE.field, &CALLED])
            .answers::<Page<User>>(200, "A page.", Some(json!({"items": [example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::GET, "/v1/users/{id}", "get_user", get)
            .described("users", "Get an account", "Out of reach answers like absent.")
            .access(Access::Roles(ADMINISTRATORS))
            .answers::<User>(200, "The account.", Some(example()))
            .with_headers(&["ETag"]),
        Operation::new(Method::PATCH, "/v1/users/{id}", "amend_user", patch)
            .described(
                "users",
                "Amend an account",
                "A merge patch; `roles` are replaced as a whole. Bites within five seconds. Open duties that the account can't do any more go to the next above, and are listed.",
            )
            .access(Access::Roles(ADMINISTRATORS))
            .headers(&["If-Match"])
            .takes(USER_PATCH, json!({"active": false}))
            .answers::<AmendedUser>(200, "The account, and its open duties that went to somebody else.", Some(amended))
            .with_headers(&["ETag"])
            .problems(&[GRANT_TOO_WIDE, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::POST, "/v1/users/{id}:reset-password", "reset_password", reset_password)
            .described(
                "users",
                "Reset a password",
                "Answers a new one-time password, this once; every session of the account ends.",
            )
            .access(Access::Roles(ADMINISTRATORS))
            .answers::<CreatedUser>(200, "Reset.", Some(created_again))
            .with_headers(&["ETag"])
            .problems(&[GRANT_TOO_WIDE]),
    ]
}

fn batch_of_new() -> Json {
    let items = json!({"type": "array", "minItems": 1, "maxItems": MAX_ITEMS, "items": reference(NEW_USER.name), "description": "What to create."});
    json!({"type": "object", "required": ["items"], "additionalProperties": false, "properties": {"items": items}})
}

async fn reset_password(call: Call) -> Answer {
    let id = call.path_id()?;
    let user = store::find(&call.core, call.actor()?, id).await?;
    // Whoever sets the password could sign in: he must be able to grant all that the account holds.
    rules::require_grantable(call.actor()?, &rules::held(&user))?;
    let audit_entry = call.audit_entry("user.reset_password", "users", Some(id), json!({}));
    let one_time_password = store::reset_password(&call.core, id, audit_entry).await?;
    let user = store::find(&call.core, call.actor()?, id).await?;
    Ok(answer(HttpResponse::Ok(), user.revision, CreatedUser { user, one_time_password }))
}

async fn post(call: Call) -> Answer {
    let new = read_new(&call, &call.tree().await?).await?;
    let created = make(&call, &new).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("/v1/users/{}", new.id)));
    Ok(answer(response, created.user.revision, created))
}

/// A new account as the caller may make it, with all its faults.
pub async fn read_new(call: &Call, tree: &Tree) -> Result<NewUser, Problem> {
    let mut faults = Faults::default();
    let (form, new) = rules::read_new(tree, &call.core.divisions, &mut faults);
    require_organization(call, &form, &mut faults).await?;
    faults.finish()?;
    let new = new.ok_or_else(|| Problem::internal("a checked form makes no account"))?;
    rules::require_grantable(call.actor()?, &new.grants)?;
    Ok(new)
}

/// Makes an account, with its one-time password.
pub async fn make(call: &Call, new: &NewUser) -> Result<CreatedUser, Problem> {
    let audit_entry =
        call.audit_entry("user.create", "users", Some(new.id), json!({"roles": grants::audited(&new.grants)}));
    let one_time_password = store::add(&call.core, new, audit_entry).await?;
    let user = store::find(&call.core, call.actor()?, new.id).await?;
    Ok(CreatedUser { user, one_time_password })
}

/// Asks for accounts by what they are called.
static CALLED: Field = Q;

async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let asked = (call.query.get(&ACTIVE), call.query.text(CALLED.name));
    let binding = format!("users|{}|{asked:?}", actor.user_id);
    let called = called::ids(&call.core, &call.query).await?;
    let (active, after) = (call.query.get(&ACTIVE), page::position(&call, &binding)?);
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let page = || {
        let mut accounts = store::visible_to(actor);
        if let Some(active) = active {
            accounts = accounts.filter(users::active.eq(active));
        }
        if let Some(ids) = &called {
            accounts = accounts.filter(users::id.eq_any(ids.clone()));
        }
        if let Some(username) = after.clone() {
            accounts = accounts.filter(users::username.gt(username));
        }
        accounts.order(users::username).limit(limit)
    };
    let users = store::load(&call.core, page).await?;
    Ok(page::answer(&call, &binding, users, |user| user.username.clone(), |user| user))
}

async fn get(call: Call) -> Answer {
    let user = store::find(&call.core, call.actor()?, call.path_id()?).await?;
    Ok(answer(HttpResponse::Ok(), user.revision, user))
}

async fn patch(call: Call) -> Answer {
    let id = call.path_id()?;
    let if_match = IfMatch::of_request(&call.request)?.ok_or(IF_MATCH_REQUIRED)?;
    let tree = call.tree().await?;
    let user = store::find(&call.core, call.actor()?, id).await?;
    if_match.require(user.revision)?;
    let change = read_change(&call, &tree, &user).await?;
    let details = json!({"active": change.active, "roles": change.grants.as_deref().map(grants::audited)});
    let audit_entry = call.audit_entry("user.amend", "users", Some(id), details);
    let leaves = change.active == Some(false) || change.grants.is_some();
    store::change(&call.core, id, user.revision, change, audit_entry).await?;
    let handed_over_duties = if leaves { hand_on(&call, id).await? } else { Vec::new() };
    // Taking away the last role in the caller's area takes the account out of his sight, too.
    let user = store::find(&call.core, call.actor()?, id).await.unwrap_or(user);
    Ok(answer(HttpResponse::Ok(), user.revision, AmendedUser { user, handed_over_duties }))
}

/// Hands the duties that the account leaves open to the next above, and notes it in the audit.
async fn hand_on(call: &Call, id: Uuid) -> Result<Vec<HandedOverDuty>, Problem> {
    let handed = duties::hand_on(&call.core, id, call.actor()?.user_id).await?;
    if !handed.is_empty() {
        let audit_entry = call.audit_entry("user.hand_over_duties", "users", Some(id), json!({"duties": handed}));
        system_write_all(&call.core, vec![audit_entry], async |_| Ok(())).await?;
    }
    Ok(handed)
}

async fn read_change(call: &Call, tree: &Tree, user: &User) -> Result<UserChange, Problem> {
    let mut faults = Faults::default();
    let form = kit::check::check_object(&PATCH.iter().collect::<Vec<_>>(), tree, "", &mut faults);
    let grants = form.has(&ROLES).then(|| rules::grants(&form, &call.core.divisions, &mut faults));
    let phone = rules::phone(&form, &mut faults);
    require_organization(call, &form, &mut faults).await?;
    faults.finish()?;
    let actor = call.actor()?;
    // Administrators who can't grant all that the account holds can't take it over either.
    rules::require_grantable(actor, &rules::held(user))?;
    rules::require_grantable(actor, grants.as_deref().unwrap_or_default())?;
    Ok(UserChange {
        display_name: form.get(&DISPLAY_NAME).map(rules::shown_name),
        phone: form.has(&PHONE).then_some(phone),
        org_id: form.has(&ORG_ID).then(|| form.get(&ORG_ID)),
        grants,
        active: form.get(&ACTIVE),
    })
}

/// An organisation that the caller can't reach is a fault, exactly as one that isn't there.
async fn require_organization(call: &Call, form: &Values, faults: &mut Faults) -> Result<(), Problem> {
    let Some(id) = form.get(&ORG_ID) else { return Ok(()) };
    let kind = &ORGANIZATIONS;
    if read::find_all(&call.core, call.actor()?, kind, &[id]).await?.is_empty() {
        faults.add(ORG_ID.pointer(), UNKNOWN_REFERENCE);
    }
    Ok(())
}

fn answer(mut response: HttpResponseBuilder, revision: i64, body: impl Serialize) -> HttpResponse {
    response.insert_header((ETAG, etag::of_revision(revision))).insert_header((CACHE_CONTROL, "no-store")).json(body)
}
