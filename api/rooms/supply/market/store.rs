//! One store under the lock: its reports, lines, duties, alerts; and what a report changes about them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, TimeDelta};
use kit::problem::Problem;
use kit::time::day_of;
use kit::value::Values;
use ledger::decide::Claim;
use uuid::Uuid;

use super::alert;
use super::judge::{Line, Lines, Rule};
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::change::Changes;
use crate::records::envelope;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::wire::WAIVER;
use crate::rooms::duties::{Cadences, Contact, DUTIES, DutyState, DutyWaiver, proof_of, standing};
use crate::rooms::observation::HORIZON_DAYS;
use crate::rooms::supply::duty_kinds::SUPPLY_REPORT;
use crate::rooms::supply::price_alerts::PRICE_ALERTS;
use crate::rooms::supply::price_alerts::RULE_ID;
use crate::rooms::supply::supply_reports::{LINES, REPORTED_ON, ReportLine, SUPPLY_REPORTS};

/// A commodity on a day.
pub type Key = (String, NaiveDate);

/// A store under the lock.
pub struct Store {
    id: Uuid,
    /// Reports that stand, by day.
    pub reports: BTreeMap<NaiveDate, Contact>,
    /// The lines that are written now, or with which those are compared.
    pub lines: Lines,
    /// Lines that come, change or go now.
    pub touched: BTreeSet<Key>,
    /// Lines that a rule compares with what changes now.
    pub dependants: BTreeSet<(Uuid, Key)>,
    /// Rules that look at all there is.
    pub reviews: BTreeSet<Uuid>,
    /// Its duties.
    pub duties: BTreeMap<Uuid, LockedRow>,
    /// Its alerts.
    pub alerts: BTreeMap<Uuid, LockedRow>,
    /// Accounts that last wrote the report of a day.
    authors: BTreeMap<NaiveDate, Uuid>,
}

impl Store {
    /// A store of which nothing is known yet.
    pub fn new(id: Uuid) -> Self {
        Self {
            id,
            reports: BTreeMap::new(),
            lines: Lines::new(),
            touched: BTreeSet::new(),
            dependants: BTreeSet::new(),
            reviews: BTreeSet::new(),
            duties: BTreeMap::new(),
            alerts: BTreeMap::new(),
            authors: BTreeMap::new(),
        }
    }

    /// A report came, was amended or was voided. `Err` names the report that has its day.
    pub fn took(&mut self, claim: &Claim, write_context: &WriteContext) -> Result<(), Uuid> {
        let values = claim.next.as_ref().or(claim.former.as_ref());
        let Some(day) = values.and_then(|values| values.get(&REPORTED_ON)) else { return Ok(()) };
        if let Some(met) = self.reports.get(&day).filter(|met| met.id != claim.id && claim.next.is_some()) {
            return Err(met.id);
        }
        self.authors.insert(day, claim.by);
        self.reports.remove(&day);
        for (commodity, _) in claim.former.as_ref().map(lines_of).unwrap_or_default() {
            self.lines.remove(&(commodity.clone(), day));
            self.touched.insert((commodity, day));
        }
        let Some(next) = &claim.next else { return Ok(()) };
        self.reports.insert(day, contact_of(claim.id, next, write_context));
        if is_awaited(next) {
            return Ok(());
        }
        for (commodity, mut line) in lines_of(next) {
            line.report_id = claim.id;
            self.lines.insert((commodity.clone(), day), line);
            self.touched.insert((commodity, day));
        }
        Ok(())
    }

    /// Makes the duties of today and the days ahead; of a store that is closed, waives them.
    pub fn plan(&mut self, expected: Option<&Values>, write_context: &WriteContext) {
        let Some(values) = expected else {
            let open = self.duties.values_mut().filter(|held| is(&held.record, DutyState::Open));
            for held in open.filter(|held| duty::due_at(&held.record) > write_context.now) {
                held.record = duty::waive(&held.record, DutyWaiver::NotExpected);
            }
            return;
        };
        let area_code = values.get(&envelope::AREA_CODE).unwrap_or(&write_context.district_code);
        let today = day_of(write_context.now, write_context.zone);
        for day in (0..=HORIZON_DAYS).filter_map(|ahead| today.checked_add_days(Days::new(ahead))) {
            let cadence = write_context.settings.of::<Cadences>().at(SUPPLY_REPORT, area_code, day);
            let index = cadence.map_or(0, |cadence| (day - cadence.effective_on).num_days());
            let window = cadence.and_then(|cadence| cadence.window(day, index, write_context.zone));
            let Some((opens_at, due_at)) = window.filter(|(_, due_at)| *due_at > write_context.now) else { continue };
            let id = duty_id(self.id, day, write_context);
            if let Some(held) = self.duties.get_mut(&id) {
                if held.record.values.get(&WAIVER) == Some(DutyWaiver::NotExpected) {
                    duty::reopen(&mut held.record);
                }
                continue;
            }
            let new = duty::New {
                id,
                duty_kind: SUPPLY_REPORT,
                subject: ("places", self.id),
                cause_id: None,
                assignee_id: None,
                opens_at,
                due_at,
                area_code,
                org_id: values.get(&envelope::ORG_ID),
                made_by: Uuid::nil(),
            };
            self.duties.insert(id, LockedRow::new(duty::record(new, write_context)));
        }
    }

    fn settle_duties(&mut self, write_context: &WriteContext) {
        for held in self.duties.values_mut() {
            let waived = is(&held.record, DutyState::Waived);
            let told = self.reports.values().filter(|report| !is_awaited(&report.values));
            let proof = proof_of(&expectation(&held.record), told, write_context.zone);
            let stands = standing(duty::due_at(&held.record), proof, waived, write_context.now);
            held.record = duty::settle(&held.record, &stands, |_| None);
            let day = day_of(expectation(&held.record).opens_at, write_context.zone);
            held.sign(self.authors.get(&day).copied().unwrap_or_default());
        }
    }

    /// Lines to be judged anew and the rule for each, by the id of the alert.
    fn targets<'a>(&self, rules: &'a [Rule], write_context: &WriteContext) -> BTreeMap<Uuid, (&'a Rule, Key)> {
        let mut targets = BTreeMap::new();
        let mut add = |rule: &'a Rule, key: &Key| {
            targets.insert(alert::id_of(write_context, rule.id, self.id, key), (rule, key.clone()));
        };
        for rule in rules {
            for key in &self.touched {
                add(rule, key);
                let after =
                    self.lines.range((key.0.clone(), key.1 + TimeDelta::days(1))..=(key.0.clone(), NaiveDate::MAX));
                if let Some((next, _)) = after.into_iter().next().filter(|_| rule.is_day_on_day()) {
                    add(rule, next);
                }
            }
            self.dependants.iter().filter(|(id, _)| *id == rule.id).for_each(|(_, key)| add(rule, key));
            if self.reviews.contains(&rule.id) {
                self.lines.keys().for_each(|key| add(rule, key));
            }
        }
        targets
    }

    fn settle_alerts(&mut self, rules: &[Rule], write_context: &WriteContext) {
        let targets = self.targets(rules, write_context);
        let mut stale: BTreeSet<Uuid> = self
            .alerts
            .iter()
            .filter(|(_, held)| held.record.values.get(&RULE_ID).is_some_and(|id| self.reviews.contains(&id)))
            .map(|(id, _)| *id)
            .collect();
        for (id, (rule, (commodity, day))) in targets {
            stale.remove(&id);
            let category = write_context.goods().known(&commodity, day).map(|known| known.category);
            let finding = rule.judge((&commodity, category), day, &self.lines);
            let subject = alert::Subject {
                id,
                place_id: self.id,
                commodity: &commodity,
                day,
                rule,
                lines: &self.lines,
                goods: write_context.goods(),
            };
            let by = self.author_of(day);
            match (self.alerts.get_mut(&id), finding) {
                (Some(held), finding) => {
                    alert::settle(&mut held.record, finding.as_ref().map_err(|why| *why), &subject);
                    held.sign(by);
                }
                (None, Ok(finding)) if finding.fires => {
                    let new = alert::raised(&subject, &finding, write_context, by);
                    self.alerts.extend(new.map(|new| {
                        let mut kept = LockedRow::new(new);
                        kept.sign(by);
                        (id, kept)
                    }));
                }
                (None, _) => {}
            }
        }
        for id in stale {
            if let Some(held) = self.alerts.get_mut(&id) {
                alert::cease(&mut held.record);
            }
        }
    }

    /// From whose report a judgement of a day follows: of that day, else of the latest before it, with which it is
    /// compared. Nobody's where only a rule was given.
    fn author_of(&self, day: NaiveDate) -> Uuid {
        self.authors.range(..=day).next_back().map(|(_, by)| *by).unwrap_or_default()
    }

    /// Puts what changed into an append.
    pub fn put_into(
        mut self,
        changes: &mut Changes,
        rules: &[Rule],
        write_context: &WriteContext,
    ) -> Result<(), Problem> {
        self.settle_duties(write_context);
        self.settle_alerts(rules, write_context);
        for duty in self.duties.into_values() {
            duty.put_into(&DUTIES, changes);
        }
        for alert in self.alerts.into_values() {
            alert.put_into(&PRICE_ALERTS, changes);
        }
        Ok(())
    }

    /// Holds a stored duty.
    pub fn hold_duty(&mut self, duty: Record) {
        self.duties.insert(duty.envelope.id, LockedRow::stored(duty));
    }
}

/// The duty of a store and day: whoever makes it, it is made once.
fn duty_id(place_id: Uuid, day: NaiveDate, write_context: &WriteContext) -> Uuid {
    derived_id(&write_context.keys.identity, &["duty", SUPPLY_REPORT.code(), &place_id.to_string(), &day.to_string()])
}

/// Whether a report has its day and proves nothing yet.
fn is_awaited(report: &Values) -> bool {
    report.get(&envelope::AWAITED) == Some(true)
}

fn contact_of(id: Uuid, values: &Values, write_context: &WriteContext) -> Contact {
    let occurred_at = values.get(&envelope::OCCURRED_AT).unwrap_or(write_context.now);
    let known_at = values.get(&envelope::RECORDED_AT).unwrap_or(write_context.now);
    Contact { kind: SUPPLY_REPORTS.name, id, occurred_at, known_at, values: values.clone() }
}

/// The lines of a report's values.
fn lines_of(values: &Values) -> Vec<(String, Line)> {
    let of = |(line_no, line): (i64, ReportLine)| {
        (
            line.commodity,
            Line {
                report_id: Uuid::nil(),
                revision: values.get(&envelope::REVISION).unwrap_or(1),
                line_no,
                purchase_price: line.purchase_price_normalized,
                retail_price: line.retail_price_normalized,
                area_code: values.get(&envelope::AREA_CODE).unwrap_or_default().to_owned(),
                org_id: values.get(&envelope::ORG_ID),
            },
        )
    };
    (0..).zip(values.list(&LINES)).map(of).collect()
}
