//! Registers that others name: an entry isn't voided while records that stand name it, or they would name what never
//! was. What came to an end says so by a field of its own (`active`, `ended_on`); void is for what was entered in error.
//! Decided under the district's clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::columns;
use kit::faults::Fault;
use kit::field::Shape;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::{Language, Text};
use kit::value::Value;
use ledger::Claim;
use ledger::decide::{Decider, State};
use uuid::Uuid;

use super::codes::STILL_NAMED;
use super::definition::{Kind, Registry};
use super::record::Record;
use super::write_context::WriteContext;

/// A source that names entries of a register, beside records' references.
#[derive(Debug)]
pub struct NamedElsewhere {
    /// Name for people.
    pub label: Text,
    /// A SELECT of `district_code` and `id`, a row for each that names the id.
    pub select: &'static str,
}

columns! {
    /// The kind of an entry.
    OF "of": String;
    /// The entry, or into whom it was merged.
    NAMED "named": Uuid;
    /// The source that names it: a kind, or the place of another one in the register's list.
    BY "by": String;
    /// How many do.
    MANY "many": i64;
}

/// The decider of a void: of an entry of a register, or of a record that names one.
pub fn decider(
    kind: &'static Kind,
    former: Option<&Record>,
    next: &Record,
    write_context: &WriteContext,
) -> Option<Arc<dyn Decider>> {
    let voids = next.envelope.voided && former.is_some_and(|former| !former.envelope.voided);
    let kinds = &write_context.kinds;
    let concerns = || kind.rules.stays_while_named() || names(kind, kinds).next().is_some();
    (voids && concerns()).then(|| Arc::new(InUse(kinds.clone())) as Arc<dyn Decider>)
}

/// References of a kind to entries of registers: the field, and of which register.
fn names<'a>(kind: &'static Kind, kinds: &'a Registry) -> impl Iterator<Item = (&'static str, &'static Kind)> + 'a {
    kind.stored_fields().filter_map(|field| match field.shape {
        Shape::Reference(name) => Some((field.name, kinds.kind(name).filter(|of| of.rules.stays_while_named())?)),
        _ => None,
    })
}

struct InUse(Registry);

impl Decider for InUse {
    fn group(&self) -> &'static str {
        "in_use"
    }

    /// Statements that count the uses of the entries that are to be voided.
    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let registers = self.0.kinds().filter(|kind| kind.rules.stays_while_named());
        let of_register = |of: &'static Kind| {
            let ids: Vec<Uuid> = claims.iter().filter(|claim| claim.kind == of.name).map(|claim| claim.id).collect();
            if ids.is_empty() { Vec::new() } else { self.naming(of, district_code, &ids) }
        };
        registers.flat_map(of_register).collect()
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut uses = Uses::new();
        for mut row in rows.into_iter().flatten() {
            if let (Some(of), Some(named), Some(by), Some(many)) =
                (row.get(&OF), row.get(&NAMED), row.get(&BY), row.get(&MANY))
            {
                *uses.entry((of, named)).or_default().entry(by).or_default() += many;
            }
        }
        Ok(Box::new(Naming { kinds: self.0.clone(), uses }))
    }
}

impl InUse {
    fn naming(&self, of: &'static Kind, district_code: &str, ids: &[Uuid]) -> Vec<Statement> {
        let ids = || ids.iter().copied().map(Value::Id).collect::<Vec<_>>();
        let by_records = self.0.kinds().flat_map(|by| {
            let columns = names(by, &self.0).filter(|(_, named)| *named == of).map(|(column, _)| column);
            columns.map(move |column| {
                family(of, district_code, ids())
                    .sql(format!("SELECT '{}' AS of, f.root AS named, '{}' AS by, count(*) AS many FROM family AS f JOIN {} AS r ON r.{column} = f.id WHERE NOT r.voided AND r.district_code = ", of.name, by.name, by.name))
                    .text(district_code)
                    .sql(format!("{} GROUP BY f.root", outside_cases(by)))
            })
        });
        let elsewhere = of.rules.named_elsewhere().iter().enumerate().map(|(place, NamedElsewhere { select, .. })| {
            Statement::new(format!("SELECT '{}' AS of, x.id AS named, '{place}' AS by, count(*) AS many FROM ({select}) AS x WHERE x.id = ANY(", of.name))
                .column(ColumnType::Id, ids())
                .sql(") AND x.district_code = ")
                .text(district_code)
                .sql(" GROUP BY x.id")
        });
        by_records.chain(elsewhere).collect()
    }
}

/// Leaves out records of a case: the case's own rules say when its person can be voided.
fn outside_cases(by: &Kind) -> String {
    let case = by.rules.follows().and_then(|follows| follows.case());
    case.map(|case| format!(" AND r.{case} IS NULL")).unwrap_or_default()
}

/// Entries under all their ids: those into whom others were merged are named by theirs, too.
fn family(of: &Kind, district_code: &str, ids: Vec<Value>) -> Statement {
    let Some(identity) = of.rules.identity() else {
        return Statement::new("WITH family AS (SELECT i.id AS root, i.id FROM unnest(")
            .column(ColumnType::Id, ids)
            .sql("::uuid[]) AS i(id)) ");
    };
    Statement::new("WITH RECURSIVE family AS (SELECT i.id AS root, i.id FROM unnest(")
        .column(ColumnType::Id, ids)
        .sql(format!(
            "::uuid[]) AS i(id) UNION SELECT f.root, p.id FROM {} AS p JOIN family AS f ON p.{} = f.id WHERE p.district_code = ",
            of.name, identity.merged_into
        ))
        .text(district_code)
        .sql(") ")
}

/// Uses of each entry of a register, counted by source.
type Uses = BTreeMap<(String, Uuid), BTreeMap<String, i64>>;

struct Naming {
    kinds: Registry,
    uses: Uses,
}

impl State for Naming {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(kind) = self.kinds.kind(claim.kind) else { return Ok(()) };
        let uses = self.uses.get(&(claim.kind.to_owned(), claim.id)).into_iter().flatten();
        let uses: Vec<(&str, i64)> = uses.filter(|(_, many)| **many > 0).map(|(by, many)| (&**by, *many)).collect();
        if !uses.is_empty() {
            return Err(vec![self.fault(kind, &uses)]);
        }
        let case = kind.rules.follows().and_then(|follows| follows.case());
        if case.is_some_and(|case| claim.former.as_ref().is_some_and(|former| former.id(case).is_some())) {
            return Ok(());
        }
        // Records that are voided in the same batch name nothing any more.
        for (field, of) in names(kind, &self.kinds) {
            let named = claim.former.as_ref().and_then(|former| former.id(field));
            let count = named.and_then(|id| self.uses.get_mut(&(of.name.to_owned(), id))?.get_mut(kind.name));
            if let Some(count) = count {
                *count -= 1;
            }
        }
        Ok(())
    }
}

impl Naming {
    fn fault(&self, of: &Kind, uses: &[(&str, i64)]) -> Fault {
        let told = |language| {
            // Of somebody it isn't told what is known about him.
            if of.is_people() {
                let many: i64 = uses.iter().map(|(_, many)| many).sum();
                return format!("{} {many}", Text::new("records", "记录").in_language(language));
            }
            let label = |by: &str| {
                let elsewhere = by.parse().ok().and_then(|place: usize| of.rules.named_elsewhere().get(place));
                let kind = self.kinds.kind(by).map(|kind| kind.label);
                elsewhere
                    .map(|elsewhere| elsewhere.label)
                    .or(kind)
                    .map_or("", |label| label.in_language(language))
                    .to_owned()
            };
            let each: Vec<String> = uses.iter().map(|(by, many)| format!("{} {many}", label(by))).collect();
            each.join(if language == Language::English { ", " } else { "、" })
        };
        let values = vec![("uses", told(Language::English)), ("named_by", told(Language::Chinese))];
        Fault { pointer: String::new(), code: STILL_NAMED, values, hint: None }
    }
}
