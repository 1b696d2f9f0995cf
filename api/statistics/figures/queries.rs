//! Queries of figures: bodies read with every fault at once, and names and filters held against the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use kit::catalogue::FaultCode;
use kit::check::check_object;
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::fields;
use kit::json::put;
use kit::text::Text;
use kit::tree::Tree;
use kit::value::Values;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::catalogue::{Catalogue, Entry};
use crate::platform::codes::INVALID_ORDER;
use crate::platform::http::schema;
use crate::records::codes::EXCLUSIVE_FIELDS;
use crate::records::named_figures::{AskedOrg, FigureQuery, Taken};
use crate::statistics::codes::{NO_MEASURE, NOT_NARROWED_BY, NOT_YET, UNKNOWN_FIGURE};

/// Queries of one request at most.
pub const MOST_QUERIES: usize = 200;
/// Filters of a query at most.
const MOST_FILTERS: usize = 10;
/// Member of a query that holds its filters: names of no table.
const WHERE: &str = "where";

fields! {
    /// A query, without its filters.
    static QUERY;
    FIGURE: String = Field::new("figure", Shape::Text { min: 1, max: 100, pattern: None }, Text::new("Figure", "指标"), "Its name in `GET /v1/figures`.").required();
    ORG_ID: Uuid = Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Only of this organisation.");
    UNDER_ORG_ID: Uuid = Field::new("under_org_id", Shape::Id, Text::new("Under organisation", "单位及下属"), "Of this organisation and all below it.");
    NO_ORG: bool = Field::new("no_org", Shape::Boolean, Text::new("No organisation", "无所属单位"), "`true`: only what belongs to no organisation.");
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划"), "Only of that area and all below.");
    PLACE_ID: Uuid = Field::new("place_id", Shape::Id, Text::new("Place", "场所"), "Only of this place.");
    FROM_ON: NaiveDate = Field::new("from_on", Shape::Day, Text::new("From day", "起始日"), "Of this day on; from the beginning by default.");
    TO_ON: NaiveDate = Field::new("to_on", Shape::Day, Text::new("To day", "截止日"), "Until the end of this day.").required();
    ROUND_ID: Uuid = Field::new("round_id", Shape::Id, Text::new("Round", "轮次"), "The survey round, of figures of its coverage.");
}

fields! {
    /// The body, without its queries: the same one may be asked twice, as two clauses of a text do.
    static BODY;
    AS_OF_CHANGE_NO: i64 = Field::new("as_of_change_no", Shape::Integer { min: 0, max: 9_007_199_254_740_991 }, Text::new("As of change", "截至变更号"), "As of this change: the newest one, until earlier ones can be asked.");
    AS_OF: DateTime<Utc> = Field::new("as_of", Shape::Instant, Text::new("As of", "截至时间"), "As it was known at this instant: nothing may have been written since.");
    DIGEST: bool = Field::new("digest", Shape::Boolean, Text::new("Digest", "摘要"), "Whether each figure comes with the digest of its records.");
}
/// Member of a body that holds its queries.
const QUERIES: &str = "queries";

/// A body, read.
pub struct Body {
    /// The queries.
    pub queries: Vec<FigureQuery>,
    /// The same as they are told back.
    pub told: Vec<Json>,
    /// As of which change.
    pub as_of_change_no: Option<i64>,
    /// As of when.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether digests are asked for.
    pub digest: bool,
}

/// The schema of a body.
pub fn body_schema() -> Json {
    let (mut schema, mut query) = (schema::form(BODY), schema::form(QUERY));
    let word = json!({"type": "string", "minLength": 1, "maxLength": 60});
    let filters = json!({"type": ["object", "null"], "maxProperties": MOST_FILTERS, "additionalProperties": word,
        "description": "Filters that have a figure of their own, each with its word; `filters` of the catalogue tells which."});
    if let Some(properties) = query.pointer_mut("/properties") {
        put(properties, WHERE, filters);
    }
    let queries = json!({"type": "array", "items": query, "minItems": 1, "maxItems": MOST_QUERIES, "description": "Figures that are asked for."});
    if let Some(properties) = schema.pointer_mut("/properties") {
        put(properties, QUERIES, queries);
    }
    put(&mut schema, "required", json!([QUERIES]));
    schema
}

/// Reads a body, every query held against the catalogue; what is wrong with it is noted.
pub fn read(tree: &Tree, catalogue: &Catalogue, today: NaiveDate, faults: &mut Faults) -> Option<Body> {
    let (queries, rest) = parted(tree, QUERIES);
    let values = check_object(&BODY.iter().collect::<Vec<_>>(), &rest, "", faults);
    let mut queries = queries.into_iter();
    let (at, items) = (format!("/{QUERIES}"), queries.next());
    if queries.next().is_some() {
        faults.add(&at, FaultCode::DUPLICATE_FIELD);
    }
    let items: &[Tree] = match items {
        Some(Tree::List(items)) if items.len() > MOST_QUERIES => {
            faults.add_with(&at, FaultCode::TOO_MANY, vec![("max", MOST_QUERIES.to_string())]);
            &[]
        }
        Some(Tree::List(items)) if items.is_empty() => {
            faults.add_with(&at, FaultCode::TOO_FEW, vec![("min", "1".into())]);
            &[]
        }
        Some(Tree::List(items)) => items,
        Some(_) => {
            faults.add_with(&at, FaultCode::WRONG_TYPE, vec![("type", "array".into())]);
            &[]
        }
        None if matches!(tree, Tree::Object(_)) => {
            faults.add(&at, FaultCode::REQUIRED);
            &[]
        }
        None => &[],
    };
    let mut asked = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = format!("{at}/{index}");
        let query = query(item, &at, faults);
        if let Some(query) = query.filter(|_| !faults.touches(&at)) {
            require(catalogue, &query, today, &at, faults);
            asked.push(query);
        }
    }
    faults.is_empty().then(|| Body {
        queries: asked,
        told: items.iter().map(|item| serde_json::to_value(item).unwrap_or_default()).collect(),
        as_of_change_no: values.get(&AS_OF_CHANGE_NO),
        as_of: values.get(&AS_OF),
        digest: values.get(&DIGEST) == Some(true),
    })
}

/// The members of an object of one name, and the object without them.
fn parted<'a>(tree: &'a Tree, name: &str) -> (Vec<&'a Tree>, Tree) {
    let Tree::Object(members) = tree else { return (Vec::new(), tree.clone()) };
    let (own, rest): (Vec<_>, Vec<_>) = members.iter().partition(|(member, _)| member == name);
    (own.into_iter().map(|(_, member)| member).collect(), Tree::Object(rest.into_iter().cloned().collect()))
}

fn query(tree: &Tree, at: &str, faults: &mut Faults) -> Option<FigureQuery> {
    let (filters, rest) = parted(tree, WHERE);
    let sent = check_object(&QUERY.iter().collect::<Vec<_>>(), &rest, at, faults);
    let of_filters = format!("{at}/{WHERE}");
    if filters.len() > 1 {
        faults.add(&of_filters, FaultCode::DUPLICATE_FIELD);
    }
    let filters = filters.first().map(|tree| filters_of(tree, &of_filters, faults)).unwrap_or_default();
    check(&sent, at, faults);
    let org = match (sent.get(&ORG_ID), sent.get(&UNDER_ORG_ID), sent.get(&NO_ORG)) {
        (Some(id), ..) => AskedOrg::One(id),
        (None, Some(id), _) => AskedOrg::Under(id),
        (None, None, Some(true)) => AskedOrg::Nobody,
        (None, None, _) => AskedOrg::Any,
    };
    Some(FigureQuery {
        figure: sent.get(&FIGURE)?.to_owned().into(),
        org,
        area_code: sent.get(&AREA_CODE).map(str::to_owned),
        place_id: sent.get(&PLACE_ID),
        from_on: sent.get(&FROM_ON),
        to_on: sent.get(&TO_ON)?,
        filters,
        round_id: sent.get(&ROUND_ID),
    })
}

fn check(sent: &Values, at: &str, faults: &mut Faults) {
    let given = [
        (ORG_ID.name(), sent.get(&ORG_ID).is_some()),
        (UNDER_ORG_ID.name(), sent.get(&UNDER_ORG_ID).is_some()),
        (NO_ORG.name(), sent.get(&NO_ORG) == Some(true)),
    ];
    let mut given = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name);
    if let Some(first) = given.next() {
        for other in given {
            faults.add_with(format!("{at}/{other}"), EXCLUSIVE_FIELDS, vec![("other", first.to_owned())]);
        }
    }
    if let (Some(from_on), Some(to_on)) = (sent.get(&FROM_ON), sent.get(&TO_ON))
        && to_on < from_on
    {
        faults.add_with(format!("{at}/{TO_ON}"), INVALID_ORDER, vec![("other", FROM_ON.name().into())]);
    }
}

fn filters_of(tree: &Tree, at: &str, faults: &mut Faults) -> BTreeMap<String, String> {
    let mut filters = BTreeMap::new();
    let Tree::Object(members) = tree else {
        if !matches!(tree, Tree::Null) {
            faults.add(at, FaultCode::NOT_AN_OBJECT);
        }
        return filters;
    };
    if members.len() > MOST_FILTERS {
        faults.add_with(at, FaultCode::TOO_MANY, vec![("max", MOST_FILTERS.to_string())]);
        return filters;
    }
    for (name, word) in members {
        // A name is told back where it looks like one.
        let is_name = (1..=60).contains(&name.len()) && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let word = match word {
            Tree::Text(word) if (1..=60).contains(&word.len()) && !word.chars().any(char::is_control) => word.clone(),
            Tree::Boolean(flag) => flag.to_string(),
            _ => String::new(),
        };
        if !is_name {
            faults.add(at, FaultCode::UNKNOWN_FIELD);
        } else if word.is_empty() {
            faults.add(format!("{at}/{name}"), FaultCode::BAD_FORMAT);
        } else if filters.insert(name.clone(), word).is_some() {
            faults.add(format!("{at}/{name}"), FaultCode::DUPLICATE_FIELD);
        }
    }
    filters
}

/// Holds a query against the catalogue: a figure there is, narrowed by what narrows it. `at` is its pointer.
pub fn require(catalogue: &Catalogue, query: &FigureQuery, today: NaiveDate, at: &str, faults: &mut Faults) {
    let Some(entry) = catalogue.entry(&query.figure) else {
        faults.add(format!("{at}/figure"), UNKNOWN_FIGURE);
        return;
    };
    let org = match query.org {
        AskedOrg::Any => None,
        AskedOrg::One(_) => Some("org_id"),
        AskedOrg::Under(_) => Some("under_org_id"),
        AskedOrg::Nobody => Some("no_org"),
    };
    let given = [
        (Taken::Organization, org),
        (Taken::Area, query.area_code.as_ref().map(|_| "area_code")),
        (Taken::Place, query.place_id.map(|_| "place_id")),
        (Taken::From, query.from_on.map(|_| "from_on")),
        (Taken::Round, query.round_id.map(|_| "round_id")),
    ];
    let takes = &entry.shown.takes;
    for (taken, name) in given.into_iter().filter_map(|(taken, name)| Some((taken, name?))) {
        if !takes.contains(&taken) {
            let possible = takes.iter().flat_map(|taken| taken.members()).copied();
            let possible = told(possible.chain((!entry.shown.filters.is_empty()).then_some(WHERE)));
            faults.add_with(format!("{at}/{name}"), NOT_NARROWED_BY, vec![("possible", possible)]);
        }
    }
    if takes.contains(&Taken::Round) && query.round_id.is_none() {
        faults.add(format!("{at}/round_id"), FaultCode::REQUIRED);
    }
    if entry.shown.as_it_stands && query.to_on < today {
        faults.add(format!("{at}/to_on"), NOT_YET);
    }
    if !query.filters.is_empty() && !has_measure(entry, query) {
        let possible = told(entry.shown.filters.iter().map(String::as_str));
        faults.add_with(format!("{at}/{WHERE}"), NO_MEASURE, vec![("possible", possible)]);
    }
}

fn has_measure(entry: &Entry, query: &FigureQuery) -> bool {
    let said: BTreeSet<String> = query.filters.iter().map(|(name, word)| format!("{name}={word}")).collect();
    entry.shown.filters.iter().any(|filter| filter.split('&').map(str::to_owned).collect::<BTreeSet<_>>() == said)
}

fn told<'a>(possible: impl Iterator<Item = &'a str>) -> String {
    let possible: Vec<&str> = possible.collect();
    if possible.is_empty() { "-".to_owned() } else { possible.join(", ") }
}
