//! Every filter of every kind's list costs a page, however many records there are: the plan of the very statement, made
//! and run as the service does, over tables that were filled for it.
//!
//! `FILTER_ROWS` says how many records of each kind (2,500; 200,000 and more to see it large, a matter of minutes),
//! `FILTER_KINDS` of which kinds (all; else their names, with commas between), `FILTER_SHOWS` prints statements that fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::sql_types::Json as SqlJson;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kit::field::{Absence, Field, Shape};
use kit::link::Link;
use kit::query::read_query;
use kit::statement::Statement;
use lianfang::platform::access::accounts::of_user;
use lianfang::platform::access::roles::Actor as Account;
use lianfang::platform::access::{Grant, Role};
use lianfang::records::{Kind, list, scope};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::support::{TestApp, examples};

/// Records of a page and the one behind it.
const PAGE: i64 = 51;
/// Rows that a statement may read and leave, or sort.
const MOST: i64 = 20 * PAGE;
/// Records of a kind from which on sorting them is judged.
const LARGE: i64 = 100_000;
/// One in so many has the rare value.
const RARE: i64 = 2_000;
/// Villages with records.
const VILLAGES: usize = 30;

/// Lists of a parameter that cost more, and why.
const COSTLY: &[(&str, &str, &str, &str)] = &[
    ("banquets", "*", "*", "whether a ban holds is looked up among the bans, which are few"),
    ("*", "commodity", "*", "an item of a JSON list"),
    ("*", "item", "*", "an item of a JSON list"),
    ("*", "open", "*", "two days are compared with today"),
    ("*", "standing_on", "*", "two days are compared with the one asked for"),
    ("people", "in_force_on", "*", "whoever is in any category: joined, not walked"),
    ("screenings", "has_vehicle", "*", "where each has a plate and those without are sought: never at a gate"),
    ("rectifications", "overdue_on", "*", "as it stood on that day: by its steps"),
    ("duties", "no_org", "*", "nearly all have an organisation or none has"),
    ("working_groups", "of_justice", "*", "asked of the bodies themselves, which are few"),
    ("survey_visits", "area_code", "*", "merged of a township's villages, by an index without the order"),
    ("errands", "*", "organisation", FOLLOWS),
    ("follow_up_visits", "*", "organisation", FOLLOWS),
    ("isolation_case_transitions", "*", "organisation", FOLLOWS),
    ("observation_notices", "*", "organisation", FOLLOWS),
    ("patrol_logs", "*", "organisation", FOLLOWS),
    ("spot_checks", "*", "organisation", FOLLOWS),
    ("temperature_readings", "*", "organisation", FOLLOWS),
    ("violations", "*", "organisation", FOLLOWS),
    ("duties", "*", "organisation", FOLLOWS),
    ("attachments", "*", "organisation", FOLLOWS),
];
/// Of a case that the organisation sees: of a whole district's cases too many to be merged.
const FOLLOWS: &str = "what follows a case is walked through, not merged, for whoever sees more than a village";

/// Parameters that say nothing of which records are meant, and `people_once`, which looks at all of a period.
const OTHERS: &[&str] = &[
    "limit",
    "cursor",
    "count",
    "counted",
    "people_once",
    "format",
    "columns",
    "charset",
    "plain",
    "state_on",
    "district_code",
    "unmasked",
    "purpose",
    "headers",
    "cells",
    "export_request_id",
    "as_of_change_no",
    "after",
];

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = SqlJson, column_name = "QUERY PLAN")]
    plan: Json,
}

/// Rows that a plan read in vain, rows that it sorted, and tables that it read from end to end.
#[derive(Default)]
struct Cost {
    left: i64,
    sorted: i64,
    scanned: BTreeSet<String>,
}

impl Cost {
    fn of(plan: &Json) -> Self {
        let mut cost = Self::default();
        cost.add(plan);
        cost
    }

    fn add(&mut self, node: &Json) {
        let loops = node["Actual Loops"].as_i64().unwrap_or(0);
        for name in ["Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter"] {
            self.left += node[name].as_i64().unwrap_or(0) * loops;
        }
        let kind = node["Node Type"].as_str().unwrap_or_default();
        if kind == "Seq Scan" && loops > 0 {
            self.scanned.insert(node["Relation Name"].as_str().unwrap().to_owned());
        }
        for child in node["Plans"].as_array().into_iter().flatten() {
            if kind.ends_with("Sort") {
                self.sorted += child["Actual Rows"].as_i64().unwrap_or(0) * child["Actual Loops"].as_i64().unwrap_or(0);
            }
            self.add(child);
        }
    }
}

/// A statement's text, and its values as SQL, each with its type.
fn spelled(statement: &Statement) -> (String, Vec<(&'static str, String)>) {
    let text = diesel::debug_query::<Pg, _>(statement).to_string();
    let (sql, binds) = text.rsplit_once(" -- binds: ").unwrap();
    let binds = binds.trim().strip_prefix('[').unwrap().strip_suffix(']').unwrap();
    let (mut depth, mut quoted, mut parts, mut part) = (0, false, Vec::new(), String::new());
    for character in binds.chars() {
        match character {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if depth == 0 && !quoted => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(character);
    }
    parts.push(part);
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    (sql.to_owned(), parts.map(literal).collect())
}

fn literal(bind: &str) -> (&'static str, String) {
    if let Some(items) = bind.strip_prefix('[') {
        let items = items.strip_suffix(']').unwrap();
        let items: Vec<_> = items.split(", ").filter(|item| !item.is_empty()).map(literal).collect();
        let array = match items.as_slice().first().map(|(name, _)| *name) {
            Some("uuid") | None => "uuid[]",
            Some(_) => "text[]",
        };
        let values: Vec<_> = items.into_iter().map(|(_, value)| value).collect();
        return (array, format!("ARRAY[{}]::{array}", values.join(", ")));
    }
    let Some(inner) = bind.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) else {
        return ("unknown", "NULL".into());
    };
    let plain = inner.trim_matches('"');
    let quoted = format!("'{}'", plain.replace('\'', "''"));
    if inner.starts_with('"') {
        ("text", quoted)
    } else if inner.starts_with("Array") || inner.starts_with("Object") {
        let json = inner.replace("Array ", "").replace("Object ", "").replace("String(", "").replace(')', "");
        ("jsonb", format!("'{json}'"))
    } else if inner.parse::<Uuid>().is_ok() {
        ("uuid", quoted)
    } else if inner == "true" || inner == "false" {
        ("boolean", inner.to_owned())
    } else if inner.parse::<i64>().is_ok() {
        ("bigint", inner.to_owned())
    } else if inner.parse::<chrono::NaiveDate>().is_ok() {
        ("date", quoted)
    } else if inner.contains('T') {
        ("timestamptz", quoted)
    } else {
        ("numeric", inner.to_owned())
    }
}

async fn cost_of(link: &mut Link, statement: &Statement) -> Cost {
    let (sql, binds) = spelled(statement);
    link.see_in(statement.row_scope(), statement.rooms()).await.unwrap();
    let types: Vec<_> = binds.iter().map(|(name, _)| *name).collect();
    let values: Vec<_> = binds.iter().map(|(_, value)| value.as_str()).collect();
    link.batch_execute(&format!("PREPARE asked({}) AS {sql}", types.join(", ")))
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let explain = format!("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE asked({})", values.join(", "));
    let mut plans: Vec<Plan> = diesel::sql_query(explain).load(&mut **link).await.unwrap();
    link.batch_execute("DEALLOCATE asked").await.unwrap();
    Cost::of(&plans.pop().unwrap().plan[0]["Plan"])
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_wanted(kind: &&'static Kind) -> bool {
    std::env::var("FILTER_KINDS").map_or(true, |names| names.split(',').any(|name| name == kind.name))
}

/// Many records of each kind from the one that is there: ids, numbers, times, areas and organisations of their own, and
/// the values of filters skewed.
async fn fill(app: &TestApp, rows: i64, villages: &[String], orgs: &[Uuid]) {
    let list = |items: Vec<String>| format!("(ARRAY['{}'])", items.join("','"));
    let area = |every: usize| format!("{}[1 + (n / {every}) % {}]", list(villages[..VILLAGES].to_vec()), VILLAGES);
    let org = format!(
        "CASE WHEN n % 3 > 0 THEN {}[1 + n % {}]::uuid END",
        list(orgs.iter().map(Uuid::to_string).collect()),
        orgs.len()
    );
    let mut columns: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for mut row in app.rows("SELECT table_name::text AS t, column_name::text AS c, is_nullable = 'YES' AS n FROM information_schema.columns WHERE table_schema = 'public' AND is_generated = 'NEVER'").await {
        columns.entry(row.text("t").unwrap()).or_default().push((row.text("c").unwrap(), row.boolean("n").unwrap()));
    }
    let (mut unique, mut short) = (BTreeSet::new(), Vec::new());
    for mut row in app.rows("SELECT c.relname::text AS t, a.attname::text AS c FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey) WHERE i.indisunique AND NOT i.indisprimary AND c.relnamespace = 'public'::regnamespace").await {
        unique.insert((row.text("t").unwrap(), row.text("c").unwrap()));
    }
    app.sql("DO $$ DECLARE c record; BEGIN FOR c IN SELECT conname, conrelid::regclass AS t FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$").await;
    for kind in app.core.kinds().kinds().filter(is_wanted) {
        let mut selected = Vec::new();
        let is_single = |field: &&Field| unique.contains(&(kind.name.into(), field.name.to_owned()));
        let dated =
            kind.fields.iter().filter(is_single).any(|field| matches!(field.shape, Shape::Day | Shape::Text { .. }));
        for (column, nullable) in &columns[kind.name] {
            let is_filter = kind.filters.contains(&column.as_str());
            let shape = kind.field(column).map(|field| field.shape);
            let none = if *nullable { "NULL" } else { "r.COLUMN" };
            let expression = match (column.as_str(), shape) {
                ("district_code", _) => "r.district_code".into(),
                ("id", _) => "md5(n::text)::uuid".into(),
                ("change_no", _) => "1000000 + n".into(),
                ("occurred_at", _) => "now() - n * interval '60 days' / ROWS".into(),
                ("area_code", _) => area(1),
                ("org_id", _) => org.clone(),
                // An envelope is its record's own.
                ("personal", _) => "NULL".into(),
                ("voided", _) => "n % 50 = 3".into(),
                (name, Some(Shape::Day)) if unique.contains(&(kind.name.into(), name.to_owned())) => {
                    "current_date - n::int".into()
                }
                (_, Some(Shape::Day)) if is_filter => "current_date - (n % 60)::int".into(),
                (name, Some(Shape::Text { .. })) if unique.contains(&(kind.name.into(), name.to_owned())) => {
                    "'k' || n".into()
                }
                (name, Some(Shape::Id | Shape::Account | Shape::Reference(_)))
                    if !dated && unique.contains(&(kind.name.into(), name.to_owned())) =>
                {
                    "md5(n::text)::uuid".into()
                }
                (name, Some(Shape::Id | Shape::Account | Shape::Reference(_)))
                    if is_filter || unique.contains(&(kind.name.into(), name.to_owned())) =>
                {
                    format!(
                        "CASE WHEN n % 3 = 0 THEN r.COLUMN WHEN n % 7 = 0 THEN {none} ELSE md5((n % (ROWS / 20))::text)::uuid END"
                    )
                }
                (_, Some(Shape::Text { .. })) if is_filter => {
                    format!("CASE WHEN n % {RARE} = 7 THEN 'k7' ELSE r.COLUMN END")
                }
                (_, Some(Shape::Word(vocabulary))) if is_filter && vocabulary.words.len() > 1 => {
                    format!(
                        "CASE WHEN n % {RARE} = 7 THEN '{}' ELSE '{}' END",
                        vocabulary.words[1].code, vocabulary.words[0].code
                    )
                }
                (_, Some(Shape::Boolean)) if is_filter => {
                    format!("CASE WHEN n % {RARE} = 7 THEN r.COLUMN IS NOT TRUE ELSE r.COLUMN IS TRUE END")
                }
                (_, Some(Shape::Area)) if is_filter => area(7),
                _ => "r.COLUMN".into(),
            };
            selected.push(expression.replace("COLUMN", &format!("\"{column}\"")).replace("ROWS", &rows.to_string()));
        }
        let names: Vec<_> = columns[kind.name].iter().map(|(column, _)| format!("\"{column}\"")).collect();
        app.sql(&format!(
            "SET session_replication_role = replica; INSERT INTO {0} ({1}) SELECT {2} FROM (SELECT * FROM {0} ORDER BY change_no DESC LIMIT 1) AS r, generate_series(1, {rows}) AS n ON CONFLICT DO NOTHING; ANALYZE {0}",
            kind.name, names.join(", "), selected.join(", ")
        )).await;
        let filled =
            app.rows(&format!("SELECT count(*) AS n FROM {}", kind.name)).await.remove(0).integer("n").unwrap();
        if filled < rows {
            short.push((kind.name, filled));
        }
    }
    assert!(short.is_empty(), "{short:?}");
}

/// Values to ask a parameter for.
async fn values(app: &TestApp, kind: &Kind, field: &Field) -> Vec<String> {
    let mut values = match field.shape {
        Shape::Boolean => vec!["true".into(), "false".into()],
        Shape::Word(vocabulary) => {
            let words = vocabulary.words;
            let some = [0, 1, words.len().saturating_sub(1)].into_iter().filter_map(|place| words.get(place));
            some.map(|word| word.code.to_owned()).collect()
        }
        Shape::Day => vec!["2019-01-01".into(), (chrono::Utc::now().date_naive() - chrono::Days::new(20)).to_string()],
        Shape::Instant => vec![
            "2019-01-01T00:00:00Z".into(),
            (chrono::Utc::now() - chrono::Days::new(20)).format("%FT%TZ").to_string(),
        ],
        Shape::Id | Shape::Account | Shape::Reference(_) => {
            let mut all = vec![Uuid::from_u128(7).to_string()];
            if kind.filters.contains(&field.name) {
                let rows = format!(
                    "SELECT \"{0}\" AS id FROM {1} WHERE \"{0}\" IS NOT NULL GROUP BY \"{0}\" ORDER BY count(*) DESC LIMIT 2",
                    field.name, kind.name
                );
                all.extend(app.rows(&rows).await.into_iter().map(|mut row| row.id("id").unwrap().to_string()));
            }
            all
        }
        Shape::Text { pattern: Some("me"), .. } => Vec::new(),
        Shape::Text { min, .. } if kind.filters.contains(&field.name) => {
            let rows = format!(
                "SELECT \"{0}\"::text AS word FROM {1} WHERE \"{0}\" IS NOT NULL ORDER BY change_no LIMIT 1",
                field.name, kind.name
            );
            let known = app.rows(&rows).await.into_iter().map(|mut row| row.text("word").unwrap());
            let such = ["none_such", "9999"].into_iter().filter(|word| word.len() >= min).map(str::to_owned);
            such.chain(known).filter(|word| read_query(&format!("{}={word}", field.name), &[field]).is_ok()).collect()
        }
        Shape::Text { .. } => vec!["none_such".into()],
        Shape::Integer { min, max } => vec![min.to_string(), max.to_string()],
        _ => Vec::new(),
    };
    if field.absence == Absence::Sought {
        values.push("none".into());
    }
    values.sort();
    values.dedup();
    values
}

#[tokio::test]
async fn every_filter_of_every_list_costs_a_page_and_not_a_district() {
    let rows = std::env::var("FILTER_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(2_500);
    let started = std::time::Instant::now();
    let app = TestApp::start_with(|config| config.workers = 1).await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, "511802005").await;
    println!("one of each after {:?}", started.elapsed());
    let mut villages: Vec<String> = app
        .core
        .divisions
        .rows()
        .iter()
        .filter(|division| division.current && division.code.starts_with("511802") && division.code.len() == 12)
        .map(|division| division.code.clone())
        .collect();
    villages.sort();
    villages.dedup();
    let empty = villages[VILLAGES + 1].clone();
    let orgs: Vec<Uuid> = (1..=30).map(|n| Uuid::from_u128(0xA0_0000 + n)).collect();
    fill(&app, rows, &villages, &orgs).await;
    println!("filled {rows} of each in {:?}", started.elapsed());
    let account = of_user(&app.core, admin.id).await.unwrap().unwrap();
    let holding = |role: Role, area_code: &str, org_id: Option<Uuid>| Account {
        grants: vec![Grant { role, area_code: area_code.to_owned(), org_id }],
        ..account.clone()
    };
    let callers = [
        ("district", "511802", None),
        ("village", villages[3].as_str(), None),
        ("empty village", empty.as_str(), None),
        ("organisation", "511802", Some(orgs[4])),
        ("new organisation", "511802", Some(Uuid::from_u128(9))),
    ];
    let kinds: BTreeSet<&str> = app.core.kinds().kinds().map(|kind| kind.name).collect();
    let mut link = Link::open(&app.database_url, Duration::from_secs(120)).await.unwrap();
    // Whether it sorts so few is the planner's mood.
    let most_sorted = if rows < LARGE { 4 * rows } else { MOST };
    let (mut asked, mut faults) = (0, Vec::new());
    let township = &villages[3][..9];
    for kind in app.core.kinds().kinds().filter(is_wanted) {
        let parameters = list::parameters(kind);
        let mut queries = vec![
            String::new(),
            "order=oldest".into(),
            format!("area_code={}", villages[3]),
            format!("area_code={empty}"),
            format!("area_code={township}"),
            format!("org_id={}", orgs[4]),
        ];
        for field in parameters
            .iter()
            .filter(|field| !OTHERS.contains(&field.name) && !["order", "area_code"].contains(&field.name))
        {
            queries.extend(values(&app, kind, field).await.into_iter().map(|value| format!("{}={value}", field.name)));
        }
        let role =
            kind.readers.iter().copied().find(|role| kind.rules.narrowed(*role).is_none()).unwrap_or(kind.readers[0]);
        let mut seen = BTreeSet::new();
        for query in &queries {
            let read =
                read_query(query, &parameters).unwrap_or_else(|problem| panic!("{}?{query}: {problem:?}", kind.name));
            for (who, area, org) in callers {
                let name = query.split('=').next().unwrap_or_default();
                // Whoever sees a part asks for it, and by one value of each filter.
                let is_first = seen.insert((who, name.to_owned()));
                if who != "district"
                    && (name == "under_org_id" || !is_first || (org.is_some() && kind.filters.contains(&name)))
                {
                    continue;
                }
                let actor = holding(role, area, org);
                let statement = list::statement(&app.core, &actor, kind, &read).await.unwrap();
                let cost = cost_of(&mut link, &statement).await;
                asked += 1;
                let scanned: Vec<_> = cost.scanned.iter().filter(|table| kinds.contains(table.as_str())).collect();
                let excused = COSTLY.iter().any(|(of, parameter, by, _)| {
                    (*of == kind.name || *of == "*")
                        && (*parameter == name || *parameter == "*")
                        && (*by == "*" || who.ends_with(by))
                });
                if !excused && (cost.left > MOST || cost.sorted > most_sorted || !scanned.is_empty()) {
                    let fault = format!(
                        "{} ?{query} by {who}: {} rows left out, {} sorted, scanned {scanned:?}",
                        kind.name, cost.left, cost.sorted
                    );
                    println!("{fault}");
                    faults.push(fault);
                    if std::env::var_os("FILTER_SHOWS").is_some() {
                        println!("{}", diesel::debug_query::<Pg, _>(&statement));
                    }
                }
            }
        }
    }
    println!("asked {asked} in {:?}", started.elapsed());
    let mut told = String::new();
    for fault in &faults {
        writeln!(told, "{fault}").unwrap();
    }
    assert!(asked > 100 && faults.is_empty(), "{} of {asked}:\n{told}", faults.len());
}

/// Ids of a statement's rows.
async fn ids(app: &TestApp, statement: &Statement) -> BTreeSet<Uuid> {
    let rows = app.core.database.read(statement).await.unwrap();
    rows.into_iter().map(|mut row| row.id("id").unwrap()).collect()
}

#[tokio::test]
async fn whoever_sees_a_part_is_listed_all_that_he_sees_and_nothing_else() {
    let app = TestApp::start_with(|config| config.workers = 1).await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, "511802005").await;
    let account = of_user(&app.core, admin.id).await.unwrap().unwrap();
    let mut orgs = app.rows("SELECT id FROM organizations ORDER BY change_no").await;
    let orgs: Vec<Uuid> = orgs.iter_mut().map(|row| row.id("id").unwrap()).collect();
    let mut scopes = vec![("511802005", None), ("511802005001", None), ("511802114", None)];
    scopes.extend(orgs.iter().flat_map(|org| [("511802", Some(*org)), ("511802114", Some(*org))]));
    let (mut asked, mut found) = (0, 0);
    for of_org in [None, orgs.as_slice().first()] {
        for kind in app.core.kinds().kinds() {
            let org = of_org.map_or("NULL".to_owned(), |org| format!("'{org}'"));
            app.sql(&format!("UPDATE {} SET org_id = {org}", kind.name)).await;
        }
        for kind in app.core.kinds().kinds() {
            let parameters = list::parameters(kind);
            let follows = kind.rules.follows().map(|follows| follows.readers).unwrap_or_default();
            let roles = kind.readers.iter().enumerate().filter(|(n, role)| *n < 2 || follows.contains(role));
            for (role, (area, org)) in
                roles.flat_map(|(_, role)| scopes.iter().map(move |scope| (*role, *scope))).collect::<Vec<_>>()
            {
                let grants = vec![Grant { role, area_code: area.to_owned(), org_id: org }];
                let actor = Account { grants, supervises: true, ..account.clone() };
                let seen = ids(&app, &scope::visible_to(&actor, kind, "511802")).await;
                let all = read_query("limit=500", &parameters).unwrap();
                let listed = ids(&app, &list::statement(&app.core, &actor, kind, &all).await.unwrap()).await;
                // Of a duty that the service's worker made in between, both tell once it is there.
                let seen = match listed == seen {
                    true => seen,
                    false => ids(&app, &scope::visible_to(&actor, kind, "511802")).await,
                };
                assert_eq!(listed, seen, "{} as {role:?} of {area} {org:?}", kind.name);
                asked += 1;
                found += seen.len();
            }
        }
    }
    assert!(asked > 500 && found > 200, "{asked} asked, {found} found");
}
