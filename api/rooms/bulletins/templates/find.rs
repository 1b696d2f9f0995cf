//! The template of a code on a day: the unit's own, else the district's, else the shipped one.

use std::sync::LazyLock;

use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde::Deserialize;
use uuid::Uuid;

use super::BULLETIN_TEMPLATES;
use super::wire::{BulletinScope, BulletinStyle, CODE, PARAGRAPHS, Paragraph, SCOPE, SERIES, STYLE, TITLE};
use crate::platform::core::Core;
use crate::platform::http::fault_with;
use crate::records::{Record, read};
use crate::rooms::bulletins::codes::UNKNOWN_TEMPLATE;

/// A template as bulletins are made of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Template {
    /// Its record; none of a shipped one.
    #[serde(skip)]
    pub id: Option<Uuid>,
    /// The record's revision.
    #[serde(skip)]
    pub revision: Option<i64>,
    /// Code by which it is asked for.
    pub code: String,
    /// Title of its bulletins.
    pub title: String,
    /// Series by which its editions are numbered.
    pub series: String,
    /// Whose bulletins it makes.
    pub scope: BulletinScope,
    /// How they say numbers.
    pub style: BulletinStyle,
    /// Unit of the source text for which it was written.
    pub unit_name: Option<String>,
    /// Their paragraphs.
    pub paragraphs: Vec<Paragraph>,
}

/// Templates that are shipped.
pub static SHIPPED: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let files = [
        include_str!("shipped/commerce-daily.json"),
        include_str!("shipped/edu-daily.json"),
        include_str!("shipped/justice-daily.json"),
        include_str!("shipped/league-daily.json"),
        include_str!("shipped/coop-daily.json"),
        include_str!("shipped/street-daily.json"),
        include_str!("shipped/town-daily.json"),
        include_str!("shipped/district-daily.json"),
    ];
    // A test reads each: one that can't be read is missed there.
    files.into_iter().filter_map(|file| serde_json::from_str(file).ok()).collect()
});

impl Template {
    fn of_record(record: &Record) -> Option<Self> {
        let values = &record.values;
        Some(Self {
            id: Some(record.envelope.id),
            revision: Some(record.envelope.revision),
            code: values.get(&CODE)?.to_owned(),
            title: values.get(&TITLE)?.to_owned(),
            series: values.get(&SERIES)?.to_owned(),
            scope: values.get(&SCOPE)?,
            style: values.get(&STYLE)?,
            unit_name: None,
            paragraphs: values.list(&PARAGRAPHS).collect(),
        })
    }
}

/// All templates that hold on a day for a unit, one a code: the unit's own before the district's before the shipped.
pub async fn all(
    core: &Core,
    snapshot: &mut Snapshot,
    district_code: &str,
    org_id: Option<Uuid>,
    on: NaiveDate,
) -> Result<Vec<Template>, Problem> {
    let select = BULLETIN_TEMPLATES.select();
    let statement = Statement::new(format!("SELECT {select} FROM bulletin_templates AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND NOT r.voided AND r.effective_on <= ")
        .bind(ColumnType::Day, Value::Day(on))
        .sql(" AND (r.org_id IS NULL OR r.org_id = ")
        .bind(ColumnType::Id, org_id.map_or(Value::Null, Value::Id))
        .sql(") ORDER BY (r.org_id IS NULL), r.effective_on DESC, r.recorded_at DESC, r.id")
        .seeing_district(district_code);
    let records = read::of_rows(core, &BULLETIN_TEMPLATES, snapshot.read(&statement).await?)?;
    let mut all: Vec<Template> = Vec::new();
    for template in records.iter().filter_map(Template::of_record).chain(SHIPPED.iter().cloned()) {
        if !all.iter().any(|known| known.code == template.code) {
            all.push(template);
        }
    }
    all.sort_by(|one, other| one.code.cmp(&other.code));
    Ok(all)
}

/// The one of a code; a fault that names all where there is none.
pub fn of_code(all: Vec<Template>, code: &str, at: &str) -> Result<Template, Problem> {
    let codes: Vec<String> = all.iter().map(|template| template.code.clone()).collect();
    let found = all.into_iter().find(|template| template.code == code);
    found.ok_or_else(|| fault_with(at, UNKNOWN_TEMPLATE, vec![("codes", codes.join(", "))]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_shipped_template_is_read_and_each_key_is_used_once() {
        let codes: Vec<&str> = SHIPPED.iter().map(|template| template.code.as_str()).collect();
        assert_eq!(
            codes,
            [
                "commerce-daily",
                "edu-daily",
                "justice-daily",
                "league-daily",
                "coop-daily",
                "street-daily",
                "town-daily",
                "district-daily"
            ]
        );
        for template in SHIPPED.iter() {
            let mut keys = BTreeSet::new();
            let clauses = template.paragraphs.iter().flat_map(|paragraph| &paragraph.clauses);
            for figure in clauses.flat_map(|clause| clause.figures.iter().flatten()) {
                assert!(keys.insert(&figure.key), "{}: {}", template.code, figure.key);
            }
        }
    }
}
