//! `docs/roles.md`: who may do what, written from what the router admits by.

use std::fmt::Write;

use kit::text::Text;
use lianfang::platform::access::Role;
use lianfang::platform::access::keys::KEY_SCOPE;
use lianfang::platform::access::roles::ROLE;
use lianfang::platform::http::{Access, Caller, Operation};
use lianfang::records::rules::Narrowed;
use lianfang::records::{Kind, Reach, Registry};
use lianfang::server::routes;

const HEAD: &str = "# Who may do what 各角色的权限

Written by `make roles` from what the router admits by; a test fails when it is stale. An account or a key is told its own
list by `GET /v1/auth/me`.

A role is held **over an area**, that division and all below it, and may be narrowed **to an organisation**, that one and
all below it. Whatever lies outside is answered as if it weren't there. Organisations and places can be named by the whole
district; what is recorded at a place is read by who recorded it, by its area, and by who watches the place
(`supervising_org_ids`). What is marked † judges others: nobody does it for a store, a school or another organisation that
bureaus supervise.

角色的范围是一个区域(本级及以下),并可限定到一个单位(本单位及下级)。范围以外的内容一律视同不存在。标 † 的为对他人的评判,受监管单位不得办理。
";

/// `UPDATE_ROLES=1 cargo test roles_md_is_fresh` writes it anew.
#[test]
fn roles_md_is_fresh() {
    let expected = page();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/roles.md");
    if std::env::var_os("UPDATE_ROLES").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == expected, "docs/roles.md is stale: run `make roles`");
}

#[test]
fn every_role_and_every_operation_stands_on_the_page() {
    let page = page();
    for role in Role::ALL {
        assert!(page.contains(&format!("(`{}`)", role.code())), "{role:?}");
    }
    for operation in routes::operations(&routes::kinds()) {
        let of_kind = routes::kinds().kinds().any(|kind| is_of_kind(kind, &operation));
        assert!(of_kind || page.contains(&operation.summary), "{}", operation.id);
    }
}

fn page() -> String {
    let kinds = routes::kinds();
    let operations = routes::operations(&kinds);
    let mut page = HEAD.to_owned();
    let other = |operation: &&Operation| !kinds.kinds().any(|kind| is_of_kind(kind, operation));
    let for_all: Vec<&Operation> =
        operations.iter().filter(other).filter(|operation| is_for_everybody(operation)).collect();
    write!(page, "\n## Everybody who is signed in 所有登录用户\n\n{}", listed(&for_all)).unwrap();
    for (role, word) in Role::ALL.iter().zip(ROLE.words) {
        write!(page, "\n## {} {} (`{}`)\n\n", word.label.en, word.label.zh, role.code()).unwrap();
        page.push_str(&of_role(*role, &kinds, &operations));
    }
    page.push_str("\n## API keys 密钥\n\nA key has one role over an area, and of what that role may do only what its scopes say.\n");
    for word in KEY_SCOPE.words {
        let (en, zh) = (word.label.en, word.label.zh);
        write!(page, "\n### {en} {zh} (`{}`)\n\n{}", word.code, of_scope(word.code, &kinds, &operations)).unwrap();
    }
    page
}

/// Text about one role: what somebody with it reads, writes, counts and does.
fn of_role(role: Role, kinds: &Registry, operations: &[Operation]) -> String {
    let caller = Caller::with_role(role);
    let may = |id: &str| operations.iter().any(|operation| operation.id == id && operation.admit(&caller).is_ok());
    let named = |what: &str, verb: &str, note: &dyn Fn(&Kind) -> String| {
        let kinds = kinds.kinds().filter(|kind| may(&id_of(kind, verb)));
        let names: Vec<String> = kinds.map(|kind| format!("{}{}", label(kind.label), note(kind))).collect();
        if names.is_empty() { String::new() } else { format!("- **{what}**: {}\n", names.join("; ")) }
    };
    let judged = |kind: &Kind| if kind.rules.judges_others() { " †".to_owned() } else { String::new() };
    let mut text = named("Reads 读取", "list", &|kind| seen(kind, role));
    text += &named("Writes 登记、更正、作废", "create", &judged);
    let own_voiders = |kind: &&Kind| kind.rules.voiders().is_some_and(|voiders| !voiders.contains(&role));
    let kept: Vec<String> = kinds
        .kinds()
        .filter(|kind| own_voiders(&&**kind) && may(&format!("create_{}_batch", kind.name)))
        .map(|kind| label(kind.label))
        .collect();
    if !kept.is_empty() {
        writeln!(text, "- **Doesn't void 不作废**: {}", kept.join("; ")).unwrap();
    }
    text += &named("Figures 统计", "figures", &|_| String::new());
    let own = |operation: &&Operation| {
        let of_kind = kinds.kinds().any(|kind| is_of_kind(kind, operation));
        !of_kind && !is_for_everybody(operation) && operation.admit(&caller).is_ok()
    };
    let does: Vec<&Operation> = operations.iter().filter(own).collect();
    if !does.is_empty() {
        write!(text, "- **Does 办理**:\n{}", indented(&listed(&does))).unwrap();
    }
    text
}

/// Text about one scope: operations that a key with it is let in to beside those for any key, were it of every role.
fn of_scope(scope: &str, kinds: &Registry, operations: &[Operation]) -> String {
    let admits = |operation: &Operation, scopes: &[String]| {
        let admits = |role: &Role| operation.admit(&Caller::with_key(*role, scopes)).is_ok();
        Role::ALL.iter().any(admits) && !matches!(operation.access, Access::Public)
    };
    let statistics = || "statistics".to_owned();
    let (with, without) = match scope {
        // It says how much is told of what another scope opens.
        "small_cells" => (vec![statistics(), scope.to_owned()], vec![statistics()]),
        _ => (vec![scope.to_owned()], vec![]),
    };
    let opened: Vec<&Operation> =
        operations.iter().filter(|operation| admits(operation, &with) && !admits(operation, &without)).collect();
    let (of_kind, others): (Vec<&Operation>, Vec<&Operation>) =
        opened.into_iter().partition(|operation| kinds.kinds().any(|kind| is_of_kind(kind, operation)));
    let mut text = String::new();
    if of_kind.iter().any(|operation| operation.id.starts_with("list_")) {
        text += "- Reads all records that its role reads.\n";
    }
    if of_kind.iter().any(|operation| operation.id.starts_with("create_")) {
        text += "- Writes all records that its role writes.\n";
    }
    if of_kind.iter().any(|operation| operation.id.ends_with("_figures")) {
        text += "- Sees all figures that its role sees; small numbers are hidden.\n";
    }
    text += &listed(&others);
    match scope {
        "export" => "- Beside `read`: takes lists as files.\n".to_owned(),
        "small_cells" => {
            format!("{text}- Beside `statistics`: figures with small numbers, by place and by organisation.\n")
        }
        _ => text,
    }
}

fn is_for_everybody(operation: &Operation) -> bool {
    let admits = |role: &Role| operation.admit(&Caller::with_role(*role)).is_ok();
    Role::ALL.iter().all(admits)
}

/// Whether it is one of those that every kind has.
fn is_of_kind(kind: &Kind, operation: &Operation) -> bool {
    operation.tag == kind.name
        && operation.path.starts_with(&format!("/v1/{}", kind.path))
        && is_generic(kind, operation)
        || operation.id == format!("get_{}_figures", kind.name)
}

fn is_generic(kind: &Kind, operation: &Operation) -> bool {
    let rest = operation.path.trim_start_matches(&format!("/v1/{}", kind.path));
    ["", ":batch", ":batch-amend", ":batch-void", "/{id}", "/{id}:void", "/{id}:restore", "/{id}/revisions"]
        .contains(&rest)
}

/// The id of an operation of a kind that stands for its like.
fn id_of(kind: &Kind, verb: &str) -> String {
    match verb {
        "create" => format!("create_{}_batch", kind.name),
        "figures" => format!("get_{}_figures", kind.name),
        _ => format!("{verb}_{}", kind.name),
    }
}

/// Which records of a kind a role sees, where that isn't all of its area and organisation.
fn seen(kind: &Kind, role: Role) -> String {
    let which = match kind.rules.narrowed(role) {
        Some(Narrowed::Assigned) => "one's own duties only 仅本人负责的",
        Some(Narrowed::By(narrowing)) => return format!(" ({})", label(narrowing.label)),
        Some(Narrowed::Recorded) => {
            "of the organisation, without one only one's own entries 本单位的;无单位的仅本人所填"
        }
        None if kind.reach == Reach::District => "of the whole district 全区",
        None => return String::new(),
    };
    format!(" ({which})")
}

fn label(text: Text) -> String {
    format!("{} {}", text.en, text.zh)
}

fn listed(operations: &[&Operation]) -> String {
    let mark = |operation: &Operation| if matches!(operation.access, Access::Judges(_)) { " †" } else { "" };
    operations.iter().fold(String::new(), |text, operation| {
        format!("{text}- {}{} (`{} {}`)\n", operation.summary, mark(operation), operation.method, operation.path)
    })
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |indented, line| format!("{indented}  {line}\n"))
}
