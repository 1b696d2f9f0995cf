//! A bulletin composed: its template found, all its figures counted at one moment, its text rendered.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use kit::catalogue::FaultCode;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Values;
use uuid::Uuid;

use super::codes::{ASKED_BY_SCOPE, NOT_OF_SCOPE};
use super::counting::{Counted, count};
use super::editions::wire::EditionFigure;
use super::render::{LeftOut, Printed, SaidFigure, Setting, render, said_again};
use super::templates::find::{self, Template};
use super::templates::wire::{BulletinScope, BulletinStyle, ClauseFigure, TemplateQuery};
use crate::platform::access::roles::Actor;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Call, fault_with};
use crate::records::envelope::DISTRICT_CODE;
use crate::records::list::one_district;
use crate::records::read;
use crate::rooms::registers::ORGANIZATIONS;

/// Wish for a bulletin.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The district.
    pub district_code: String,
    /// Code of the template.
    pub template_code: String,
    /// Until the end of this day.
    pub as_of_on: NaiveDate,
    /// The unit.
    pub org_id: Option<Uuid>,
    /// The area.
    pub area_code: Option<String>,
    /// How numbers are said; the template's way by default.
    pub style: Option<BulletinStyle>,
    /// Pointers of the wish's members in what was asked: `/` of a body, `?` of a query.
    pub at: &'static str,
}

/// A bulletin.
#[derive(Clone, Debug)]
pub struct Composed {
    /// Template of which it was made.
    pub template: Template,
    /// Where it belongs.
    pub area_code: String,
    /// Its title.
    pub title: String,
    /// How numbers are said.
    pub style: BulletinStyle,
    /// Its paragraphs.
    pub paragraphs: Vec<Printed>,
    /// Figures that it says.
    pub figures: Vec<EditionFigure>,
    /// Clauses that say nothing.
    pub left_out: Vec<LeftOut>,
    /// Number as of which all was counted.
    pub as_of_change_no: i64,
    /// Head of the chain as of that number; none where nothing was written.
    pub chain_head: Option<String>,
}

columns! {
    /// Head of a district's chain.
    HEAD "head": String;
    /// Name of a division.
    NAME "name": String;
}

/// The district of a bulletin, which must be the caller's: that of its area, else the one that is asked for.
pub fn district_of(actor: &Actor, area_code: Option<&str>, query: &Values) -> Result<String, Problem> {
    let mut asked = Values::default();
    let told = area_code.and_then(|code| code.get(..6)).or_else(|| query.get(&DISTRICT_CODE));
    asked.set_or_clear(&DISTRICT_CODE, told.map(str::to_owned));
    one_district(actor, &asked)
}

/// Composes what was wished for, all at one moment of the database.
pub async fn compose(call: &Call, wish: &Wish) -> Result<Composed, Problem> {
    let core = &call.core;
    let mut snapshot = core.database.snapshot().await?;
    let as_of_change_no = crate::statistics::head_in(&mut snapshot, &wish.district_code).await?;
    let all = find::all(core, &mut snapshot, &wish.district_code, wish.org_id, wish.as_of_on).await?;
    let template = find::of_code(all, &wish.template_code, &format!("{}template", wish.at))?;
    require_scope(&template, wish)?;
    let unit = unit_of(call, wish).await?;
    let area_code =
        wish.area_code.clone().or(unit.as_ref().map(|unit| unit.1.clone())).unwrap_or(wish.district_code.clone());
    let area = name_of(snapshot.read(&division(&area_code)).await?);
    let queries = queries_of(&template);
    let counted = count(call, &mut snapshot, wish, &queries).await?;
    let chain_head = head_of(snapshot.read(&chain(&wish.district_code, as_of_change_no)).await?);
    snapshot.end().await?;
    let style = wish.style.unwrap_or(template.style);
    let as_of_on = format!("{}年{}月{}日", wish.as_of_on.year(), wish.as_of_on.month(), wish.as_of_on.day());
    let unit = unit.map(|(name, _)| name).unwrap_or_default();
    let setting = Setting { as_of_on, unit, area, style };
    let by_query: BTreeMap<String, &Counted> =
        queries.iter().zip(&counted).map(|(query, counted)| (key_of(query), counted)).collect();
    let rendered =
        render(&template.paragraphs, &setting, &|query| by_query.get(&key_of(query)).map(|counted| counted.told()));
    let figures = rendered.figures.into_iter().filter_map(|said| {
        let counted = by_query.get(&key_of(&said.figure.query))?;
        Some(counted.as_figure(said))
    });
    Ok(Composed {
        area_code,
        title: setting.filled(&template.title),
        style,
        paragraphs: rendered.paragraphs,
        figures: figures.collect(),
        left_out: rendered.left_out,
        as_of_change_no,
        chain_head,
        template,
    })
}

/// The figures of an edition counted again, with its own words and styles, and the number as of which.
pub async fn recount(call: &Call, wish: &Wish, was: &[EditionFigure]) -> Result<(Vec<EditionFigure>, i64), Problem> {
    let core = &call.core;
    let mut snapshot = core.database.snapshot().await?;
    let head = crate::statistics::head_in(&mut snapshot, &wish.district_code).await?;
    let queries: Vec<TemplateQuery> = was.iter().map(|figure| figure.query.clone()).collect();
    let counted = count(call, &mut snapshot, wish, &queries).await?;
    snapshot.end().await?;
    let style = wish.style.unwrap_or(BulletinStyle::Seed);
    let again = was.iter().zip(&counted).map(|(was, counted)| {
        let said = said_again(was, &counted.told(), style);
        let figure =
            ClauseFigure { key: was.key.clone(), query: was.query.clone(), measure: was.measure, style: was.style };
        counted.as_figure(SaidFigure { figure, said })
    });
    Ok((again.collect(), head))
}

/// A template of a unit needs one, one of an area that, one of the district neither.
fn require_scope(template: &Template, wish: &Wish) -> Result<(), Problem> {
    let needed = match template.scope {
        BulletinScope::Unit => wish.org_id.is_none().then_some("org_id"),
        BulletinScope::Area => wish.area_code.is_none().then_some("area_code"),
        BulletinScope::District => None,
    };
    let told = |member: &str, code: FaultCode, scope: BulletinScope| {
        fault_with(&format!("{}{member}", wish.at), code, vec![("scope", scope.code().to_owned())])
    };
    if let Some(member) = needed {
        return Err(told(member, ASKED_BY_SCOPE, template.scope));
    }
    let unneeded = match template.scope {
        BulletinScope::Unit => wish.area_code.as_ref().map(|_| ("area_code", BulletinScope::Area)),
        BulletinScope::Area => wish.org_id.map(|_| ("org_id", BulletinScope::Unit)),
        BulletinScope::District => (wish.org_id.map(|_| ("org_id", BulletinScope::Unit)))
            .or(wish.area_code.as_ref().map(|_| ("area_code", BulletinScope::Area))),
    };
    match unneeded {
        Some((member, scope)) => Err(told(member, NOT_OF_SCOPE, scope)),
        None => Ok(()),
    }
}

/// Every query of a template, each once.
fn queries_of(template: &Template) -> Vec<TemplateQuery> {
    let clauses = template.paragraphs.iter().flat_map(|paragraph| &paragraph.clauses);
    let of_clause = |clause: &super::templates::wire::Clause| -> Vec<TemplateQuery> {
        let figures = clause.figures.iter().flatten().map(|figure| figure.query.clone());
        figures.chain(clause.needs.iter().flatten().cloned()).collect()
    };
    let mut queries: Vec<TemplateQuery> = Vec::new();
    for query in clauses.flat_map(of_clause) {
        if !queries.contains(&query) {
            queries.push(query);
        }
    }
    queries
}

fn key_of(query: &TemplateQuery) -> String {
    serde_json::to_string(query).unwrap_or_default()
}

/// Name and area of the unit, which the caller must be able to see.
async fn unit_of(call: &Call, wish: &Wish) -> Result<Option<(String, String)>, Problem> {
    let Some(id) = wish.org_id else { return Ok(None) };
    let unit = read::find(&call.core, call.actor()?, &ORGANIZATIONS, id).await?;
    if unit.envelope.district_code != wish.district_code {
        return Err(NOT_FOUND.into());
    }
    let name = unit.values.get(&crate::rooms::registers::organization::NAME).unwrap_or_default().to_owned();
    Ok(Some((name, unit.envelope.area_code)))
}

fn division(code: &str) -> Statement {
    Statement::new("SELECT d.name FROM divisions AS d WHERE d.code = ").text(code).sql(" LIMIT 1")
}

fn name_of(rows: Vec<Row>) -> String {
    rows.into_iter().next().and_then(|mut row| row.get(&NAME)).unwrap_or_default()
}

/// Head of the chain behind a number.
fn chain(district_code: &str, change_no: i64) -> Statement {
    Statement::new("SELECT encode(e.head, 'hex') AS head FROM ledger_entries AS e WHERE e.district_code = ")
        .text(district_code)
        .sql(" AND e.first_no <= ")
        .integer(change_no)
        .sql(" ORDER BY e.first_no DESC LIMIT 1")
        .seeing_district(district_code)
}

fn head_of(rows: Vec<Row>) -> Option<String> {
    rows.into_iter().next().and_then(|mut row| row.get(&HEAD))
}
