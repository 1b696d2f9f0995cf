//! Donations under the lock, with what was issued out of them. That there is enough in stock is the stock's own rule,
//! which every change here must pass as well.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::field::{Field, Shape};
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::typed::TypedField;
use kit::value::{Value, Values};
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::account::{Account, Measured, Refusal};
use super::recipients::{self, Registers};
use crate::records::awaited::has_come;
use crate::records::write_context::WriteContext;
use crate::records::{Kind, Record, envelope};
use crate::rooms::relief::codes::{
    BEFORE_DONATION, DESIGNATED_ELSEWHERE, DONATION_EXHAUSTED, DONATION_IN_USE, DONATION_NOT_STANDING, NOT_OF_DONATION,
};
use crate::rooms::relief::donations::DONATIONS;
use crate::rooms::relief::material_issues::MATERIAL_ISSUES;
use crate::rooms::supply::stock_movements::sources::{ITEMS, RECEIVED_ON, StockItem};

/// The donation that an issue is made of.
pub const DONATION_ID: TypedField<Uuid> = TypedField::named(
    "DONATION_ID",
    Field::new(
        "donation_id",
        Shape::Reference("donations"),
        Text::new("Donation", "捐赠"),
        "The donation out of which it was handed out: then not more than that has left, and only to whom it is for.",
    ),
);
/// The organisation that a donation is for.
pub const DESIGNATED_ORG_ID: TypedField<Uuid> = TypedField::named(
    "DESIGNATED_ORG_ID",
    Field::new(
        "designated_org_id",
        Shape::Reference("organizations"),
        Text::new("For organisation", "定向单位"),
        "The organisation it is for, with those below it: their people see it.",
    )
    .also(&["定向捐赠单位", "指定单位", "指定接收单位", "定向对象", "受赠单位"]),
);
/// The place that a donation is for.
pub const DESIGNATED_PLACE_ID: TypedField<Uuid> = TypedField::named(
    "DESIGNATED_PLACE_ID",
    Field::new(
        "designated_place_id",
        Shape::Reference("places"),
        Text::new("For place", "定向场所"),
        "The place it is for, with what belongs to it: a compound and its gates.",
    )
    .also(&["指定场所", "定向小区", "指定小区"]),
);
/// The place that is handed something.
pub const RECIPIENT_PLACE_ID: TypedField<Uuid> = TypedField::named(
    "RECIPIENT_PLACE_ID",
    Field::new(
        "recipient_place_id",
        Shape::Reference("places"),
        Text::new("To place", "发放场所"),
        "The compound or checkpoint where it was handed out.",
    )
    .also(&["发放地点", "接收场所", "小区", "卡点", "发放小区", "发放点位", "接收地点"]),
);
/// The organisation that is handed something.
pub const RECIPIENT_ORG_ID: TypedField<Uuid> = TypedField::named(
    "RECIPIENT_ORG_ID",
    Field::new(
        "recipient_org_id",
        Shape::Reference("organizations"),
        Text::new("To organisation", "领用单位"),
        "The organisation to which it was handed: its people see it.",
    )
    .also(&["接收单位", "领取单位", "领用部门", "受领单位", "发放对象"]),
);
/// The team that is handed something.
pub const RECIPIENT_TEAM_ID: TypedField<Uuid> = TypedField::named(
    "RECIPIENT_TEAM_ID",
    Field::new(
        "recipient_team_id",
        Shape::Reference("teams"),
        Text::new("To team", "领用队伍"),
        "The team to which it was handed.",
    )
    .also(&["队伍", "接收队伍", "志愿队"]),
);

/// Decides what may be handed out of donations, and how they may still be changed.
pub struct GoodsDecider(pub Arc<WriteContext>);

struct Goods {
    write_context: Arc<WriteContext>,
    /// Donations that stand and were received.
    donations: BTreeMap<Uuid, Values>,
    /// Issues out of each.
    issues: BTreeMap<Uuid, BTreeMap<Uuid, Values>>,
    registers: Registers,
}

fn donations_of(claim: &Claim) -> Vec<Uuid> {
    if claim.kind == DONATIONS.name {
        return vec![claim.id];
    }
    claim.former.iter().chain(&claim.next).filter_map(|values| values.get(&DONATION_ID)).collect()
}

impl Decider for GoodsDecider {
    fn group(&self) -> &'static str {
        "donations"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let ids: BTreeSet<Uuid> = claims.iter().flat_map(|claim| donations_of(claim)).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let standing = |kind: &Kind, column: &str| {
            Statement::new(format!(
                "SELECT {} FROM {} WHERE NOT voided AND {} AND district_code = ",
                kind.select(),
                kind.name,
                has_come("")
            ))
            .text(district_code)
            .sql(format!(" AND {column} = ANY("))
            .column(ColumnType::Id, ids.iter().copied().map(Value::Id).collect())
            .sql(")")
        };
        let values: Vec<&Values> = claims.iter().flat_map(|claim| &claim.next).collect();
        let mut statements =
            vec![standing(&DONATIONS, envelope::ID.name()), standing(&MATERIAL_ISSUES, DONATION_ID.name())];
        statements.extend(recipients::statements(district_code, &ids, &values));
        statements
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut lists = rows.into_iter();
        let donations = self.0.records(&DONATIONS, lists.next().unwrap_or_default())?;
        let donations = donations.into_iter().map(|record| (record.envelope.id, told(record))).collect();
        let mut issues: BTreeMap<Uuid, BTreeMap<Uuid, Values>> = BTreeMap::new();
        for record in self.0.records(&MATERIAL_ISSUES, lists.next().unwrap_or_default())? {
            if let Some(donation_id) = record.values.get(&DONATION_ID) {
                issues.entry(donation_id).or_default().insert(record.envelope.id, told(record));
            }
        }
        let registers = Registers::of(lists);
        Ok(Box::new(Goods { write_context: Arc::clone(&self.0), donations, issues, registers }))
    }
}

/// A record's values as a claim tells them.
fn told(record: Record) -> Values {
    let Record { envelope, mut values } = record;
    values.set(&envelope::OCCURRED_AT, envelope.occurred_at);
    values
}

impl State for Goods {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        if claim.kind == DONATIONS.name { self.admit_donation(claim) } else { self.admit_issue(claim) }
    }
}

impl Goods {
    fn admit_issue(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        if let Some(next) = &claim.next
            && let Some(donation_id) = next.get(&DONATION_ID)
        {
            let faults = self.against_issue(donation_id, claim.id, next);
            if !faults.is_empty() {
                return Err(faults);
            }
        }
        let donation_of = |values: &Option<Values>| values.as_ref().and_then(|values| values.get(&DONATION_ID));
        if let Some(former) = donation_of(&claim.former) {
            self.issues.entry(former).or_default().remove(&claim.id);
        }
        if let (Some(donation_id), Some(next)) = (donation_of(&claim.next), &claim.next) {
            self.issues.entry(donation_id).or_default().insert(claim.id, next.clone());
        }
        Ok(())
    }

    /// Every reason against an issue out of a donation, beside what was issued out of it otherwise.
    fn against_issue(&self, donation_id: Uuid, id: Uuid, issue: &Values) -> Vec<Fault> {
        let Some(donation) = self.donations.get(&donation_id) else {
            return vec![fault(DONATION_ID.pointer(), DONATION_NOT_STANDING, Vec::new())];
        };
        let mut faults = Vec::new();
        let received_on = donation.get(&RECEIVED_ON).unwrap_or(NaiveDate::MIN);
        if self.day(issue) < received_on {
            let values = vec![("day", received_on.to_string())];
            faults.push(fault(envelope::OCCURRED_AT.pointer(), BEFORE_DONATION, values));
        }
        if !self.registers.suits(donation, issue) {
            faults.push(fault(DONATION_ID.pointer(), DESIGNATED_ELSEWHERE, Vec::new()));
        }
        let mut account = self.account(donation, donation_id, Some(id)).0;
        for (index, item) in self.measured(issue).enumerate() {
            let at = |member: &str| format!("{}/{index}/{member}", ITEMS.pointer());
            match account.take(&item) {
                Ok(()) => {}
                Err(Refusal::NotOfIt) => faults.push(fault(at("item"), NOT_OF_DONATION, Vec::new())),
                Err(Refusal::Exhausted(left, unit)) => {
                    let values = vec![("left", left.to_string()), ("unit", unit)];
                    faults.push(fault(at("quantity"), DONATION_EXHAUSTED, values));
                }
            }
        }
        faults
    }

    fn admit_donation(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let faults = self.against_change(claim);
        if !faults.is_empty() {
            return Err(faults);
        }
        match &claim.next {
            Some(next) => self.donations.insert(claim.id, next.clone()),
            None => self.donations.remove(&claim.id),
        };
        Ok(())
    }

    /// Every reason against a change of a donation: what was issued out of it stays within what it says.
    fn against_change(&self, claim: &Claim) -> Vec<Fault> {
        let issues = self.issues.get(&claim.id).filter(|issues| !issues.is_empty());
        let (Some(issues), Some(former)) = (issues, &claim.former) else { return Vec::new() };
        let issued = self.account(former, claim.id, None).0.issued();
        let in_use = |pointer: String| fault(pointer, DONATION_IN_USE, vec![("issued", issued.clone())]);
        let Some(next) = &claim.next else { return vec![in_use(ITEMS.pointer())] };
        let differs = |name: &str| former.get(name) != next.get(name);
        let mut faults = Vec::new();
        if differs(ITEMS.name()) && !self.account(next, claim.id, None).1 {
            faults.push(in_use(ITEMS.pointer()));
        }
        let designations = [&DESIGNATED_ORG_ID, &DESIGNATED_PLACE_ID];
        let suits = |issue: &Values| self.registers.suits(next, issue);
        if designations.iter().any(|field| differs(field.name())) && !issues.values().all(suits) {
            let changed = designations.iter().filter(|field| differs(field.name()));
            faults.extend(changed.map(|field| in_use(field.pointer())));
        }
        let received_on = next.get(&RECEIVED_ON).unwrap_or(NaiveDate::MIN);
        if differs(RECEIVED_ON.name()) && issues.values().any(|issue| self.day(issue) < received_on) {
            faults.push(in_use(RECEIVED_ON.pointer()));
        }
        faults
    }

    /// The account of a donation with what was issued out of it, but for one issue; and whether all of that is of it.
    fn account(&self, donation: &Values, id: Uuid, but: Option<Uuid>) -> (Account, bool) {
        let mut account = Account::of(self.measured(donation));
        let issues = self.issues.get(&id).into_iter().flatten().filter(|(issue, _)| Some(**issue) != but);
        let items: Vec<Measured> = issues.flat_map(|(_, issue)| self.measured(issue)).collect();
        let refused = items.iter().filter(|item| account.take(item).is_err()).count();
        (account, refused == 0)
    }

    fn measured<'a>(&'a self, values: &'a Values) -> impl Iterator<Item = Measured> + 'a {
        let day = values.get(&RECEIVED_ON).unwrap_or_else(|| self.day(values));
        values.list(&ITEMS).map(move |item: StockItem| {
            let known = item.commodity.as_deref().and_then(|code| self.write_context.goods().known(code, day));
            Measured::of(item, known)
        })
    }

    fn day(&self, values: &Values) -> NaiveDate {
        let at = values.get(&envelope::OCCURRED_AT).unwrap_or(self.write_context.now);
        day_of(at, self.write_context.zone)
    }
}

fn fault(pointer: String, code: FaultCode, values: Vec<(&'static str, String)>) -> Fault {
    Fault { pointer, code, values, hint: None }
}
