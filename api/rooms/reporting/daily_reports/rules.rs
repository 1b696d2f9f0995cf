//! Rules of a daily report.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kit::catalogue::{Code, FaultCode};
use kit::columns;
use kit::faults::{Fault, Faults};
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::value::Values;
use ledger::decide::Decider;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use super::asked::AskedFigures;
use super::computed::{Reader, Sums, Wanted};
use super::wire::{
    COMPUTED_AS_OF_CHANGE_NO, FIGURES, IS_ZERO, NARRATIVE, ON_TIME, ORG_ID, RECORDS_FOUND, REPORT_KIND, REPORT_STATUS,
    REPORTED_ON, ReportStatus, ReportedFigure, UNEXPLAINED,
};
use crate::records::codes::{DAY_HAS_REPORT, NOT_FOR_ZERO, TOO_FAR_AHEAD};
use crate::records::create::SYNC;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::COPIES;
use crate::records::warnings::Noted;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Figure, Lines, Measure, Record, Rules};
use crate::rooms::reporting::codes::{DIFFERS_FROM_RECORDS, REASON_NEEDED, RECORDS_EXIST};
use crate::rooms::reporting::one_a_day::{OneADay, REPORTS_OF_UNITS};
use crate::rooms::reporting::reporting_requirements::in_force::Requirements;

/// Rules of the kind.
pub struct DailyReportRules;

columns! {
    /// Amounts by the records, by the figure's name; noted before the draft is judged.
    COMPUTED "computed": Json;
    /// Until when the report was due.
    DUE_AT "due_at": DateTime<Utc>;
    /// How many records there are.
    FOUND "found": i64;
    /// As of which change.
    AS_OF "as_of": i64;
}

const REPORTED: Figure = Figure::new("daily_reports", Text::new("Daily reports", "日报告"), COPIES).open();
const IN_TIME: Figure = Figure::new("on_time", Text::new("Daily reports on time", "按时日报"), COPIES)
    .share(REPORTED.name, "on_time=true")
    .open();
const LATE: Figure = Figure::new("late", Text::new("Daily reports late", "迟报日报"), COPIES)
    .share(REPORTED.name, "on_time=false")
    .open();
const CORRECTED: Figure = Figure::new("corrected", Text::new("Daily reports corrected", "更正日报"), COPIES)
    .part(REPORTED.name, "report_status=corrected")
    .open();
const ZERO: Figure =
    Figure::new("zero", Text::new("Zero reports", "零报告"), COPIES).part(REPORTED.name, "is_zero=true").open();

impl Rules for DailyReportRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let zero = draft.values.get(&IS_ZERO) == Some(true);
        let figures: Vec<ReportedFigure> = draft.values.list(&FIGURES).collect();
        for (index, figure) in figures.iter().enumerate() {
            if figures.iter().take(index).any(|other| other.name == figure.name) {
                faults.add(draft.at_item(&FIGURES, index, "name"), FaultCode::REPEATED_ITEM);
            }
            if zero && figure.declared.is_some_and(|declared| !declared.is_zero()) {
                faults.add(draft.at_item(&FIGURES, index, "declared"), NOT_FOR_ZERO);
            }
        }
        let today = day_of(context.now + context.clock_tolerance, context.zone);
        if draft.values.get(&REPORTED_ON).is_some_and(|day| day > today) {
            faults.add_with(draft.at(&REPORTED_ON), TOO_FAR_AHEAD, vec![("days", "0".into())]);
        }
    }

    fn admits_awaited(&self) -> bool {
        true
    }

    fn recollection(&self, drafts: &[&Draft], context: &Context<'_>) -> Option<Statement> {
        let wanted: Vec<Wanted> = drafts.iter().filter_map(|draft| wanted(draft)).collect();
        (!wanted.is_empty()).then(|| reader(&wanted, context).statement())
    }

    fn recollect(&self, drafts: &mut [&mut Draft], rows: Vec<Row>, context: &Context<'_>) {
        let all: Vec<Wanted> = drafts.iter().filter_map(|draft| wanted(draft)).collect();
        let sums = reader(&all, context).read(rows);
        for draft in drafts.iter_mut() {
            if let Some(wanted) = wanted(draft) {
                note(draft, wanted, &sums, context);
            }
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let is_first = draft.values.get(&ON_TIME).is_none();
        let says_more = is_first || figures_of(&draft.values) != figures_of(&draft.former);
        if says_more {
            count(&mut draft.values, &draft.recalled);
        } else if let Some(figures) = draft.former.get(&FIGURES) {
            // No figure is said otherwise: what the records said when it was reported stays.
            let kept: Vec<ReportedFigure> = figures.collect();
            draft.values.set(&FIGURES, kept);
        }
        if says_more || draft.values.get(&NARRATIVE) != draft.former.get(&NARRATIVE) {
            judge_time(draft, (is_first, says_more), context);
        }
        if draft.values.get(&UNEXPLAINED) == Some(true) {
            draft.warn(&DIFFERS_FROM_RECORDS, &FIGURES);
        }
        let found = draft.values.get(&RECORDS_FOUND).filter(|found| *found > 0);
        if let (Some(true), Some(found)) = (draft.values.get(&IS_ZERO), found) {
            draft.note(Noted::new(&RECORDS_EXIST, draft.at(&IS_ZERO)).with("n", &found));
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[ORG_ID.name(), REPORT_KIND.name(), REPORTED_ON.name()] }
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: FIGURES.name(), key: "name" })
    }

    fn conflicts(&self) -> &'static [Code] {
        &[DAY_HAS_REPORT]
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(OneADay::of(&REPORTS_OF_UNITS, write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// A phone can't be asked again.
    fn relaxes_for(&self, source: &str) -> bool {
        source == SYNC
    }

    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[Fault]) -> bool {
        let is_new = draft.former == Values::default();
        let differs = is_new && !faults.is_empty() && faults.iter().all(|fault| fault.code == REASON_NEEDED);
        if differs {
            draft.values.set(&UNEXPLAINED, true);
        }
        differs
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[REPORTED, IN_TIME, LATE, CORRECTED, ZERO] }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let values = &record.values;
        let is = |flag: bool| i64::from(flag);
        let on_time = values.get(&ON_TIME) == Some(true);
        vec![
            REPORTED.measured(1),
            IN_TIME.measured(is(on_time)),
            LATE.measured(is(!on_time)),
            CORRECTED.measured(is(values.get(&REPORT_STATUS) == Some(ReportStatus::Corrected))),
            ZERO.measured(is(values.get(&IS_ZERO) == Some(true))),
        ]
    }
}

/// Figures that a draft asks of the records.
fn wanted(draft: &Draft) -> Option<Wanted> {
    let (report_kind, reported_on) = (draft.values.get(&REPORT_KIND)?, draft.values.get(&REPORTED_ON)?);
    Some(Wanted { org_id: draft.placed_org_id?, report_kind, reported_on })
}

/// Reads what these want.
pub fn reader(wanted: &[Wanted], context: &Context<'_>) -> Reader {
    let asked = context.settings.of::<AskedFigures>();
    Reader::of(context.district_code, wanted.iter().map(|one| (*one, asked.of(one.report_kind))))
}

/// Until when a report is due, where somebody asks for it.
pub fn due_at(wanted: Wanted, sums: &Sums, context: &Context<'_>) -> Option<DateTime<Utc>> {
    let requirements = context.settings.of::<Requirements>();
    let unit = sums.unit(wanted.org_id)?;
    let held = requirements.at(context.district_code, wanted.report_kind, unit, wanted.reported_on)?;
    held.due_at(wanted.reported_on, context.zone)
}

fn note(draft: &mut Draft, wanted: Wanted, sums: &Sums, context: &Context<'_>) {
    let asked = context.settings.of::<AskedFigures>().of(wanted.report_kind);
    let computed = asked.iter().map(|figure| (figure.name(), Json::String(sums.of(wanted, figure).to_string())));
    draft.recalled.set(&COMPUTED, Json::Object(computed.collect()));
    draft.recalled.set_or_clear(&DUE_AT, due_at(wanted, sums, context));
    draft.recalled.set(&FOUND, sums.records(wanted, asked));
    draft.recalled.set(&AS_OF, sums.as_of_change_no);
}

/// A figure as somebody said it: its name, how much, why.
type Said = (String, Option<Decimal>, Option<String>);

/// Figures as somebody said them, and whether he said that all are zero: nothing that the server adds.
fn figures_of(values: &Values) -> (Vec<Said>, Option<bool>) {
    let figures = values.list(&FIGURES).map(|figure| (figure.name, figure.declared, figure.reason));
    (figures.collect(), values.get(&IS_ZERO))
}

/// Sets what the records say beside each figure, and adds the figures that were left out.
fn count(values: &mut Values, recalled: &Values) {
    let computed: BTreeMap<String, Decimal> = match recalled.get(&COMPUTED) {
        Some(Json::Object(computed)) => {
            let amount = |(name, amount): (&String, &Json)| Some((name.clone(), amount.as_str()?.parse().ok()?));
            computed.iter().filter_map(amount).collect()
        }
        _ => BTreeMap::new(),
    };
    let mut figures: Vec<ReportedFigure> = values.list(&FIGURES).collect();
    for figure in &mut figures {
        figure.declared = figure.declared.map(|declared| declared.normalize());
        figure.computed = computed.get(&figure.name).map(Decimal::normalize);
    }
    if values.get(&IS_ZERO) != Some(true) {
        let left_out: Vec<_> =
            computed.iter().filter(|(name, _)| figures.iter().all(|one| one.name != **name)).collect();
        figures.extend(left_out.into_iter().map(|(name, amount)| ReportedFigure {
            name: name.clone(),
            declared: None,
            reason: None,
            computed: Some(amount.normalize()),
        }));
        figures.truncate(60);
    }
    values.set(&FIGURES, figures);
    values.set(&RECORDS_FOUND, recalled.get(&FOUND).unwrap_or_default());
    values.set(&COMPUTED_AS_OF_CHANGE_NO, recalled.get(&AS_OF).unwrap_or_default());
}

/// How it came. The first revision keeps that for good; whatever is said otherwise later is a correction.
fn judge_time(draft: &mut Draft, (is_first, says_more): (bool, bool), context: &Context<'_>) {
    if !is_first {
        draft.values.set(&REPORT_STATUS, ReportStatus::Corrected);
        if says_more {
            draft.values.set(&UNEXPLAINED, false);
        }
        return;
    }
    let occurred_at = draft.values.get(&OCCURRED_AT).unwrap_or(context.told_at);
    let due_at: Option<DateTime<Utc>> = draft.recalled.get(&DUE_AT);
    // Nobody asked for it: by the end of the next day it is in time.
    let usual = draft.values.get(&REPORTED_ON).and_then(|day: NaiveDate| day_start(day, context.zone));
    let due_at = due_at.or(usual.map(|begins_at| begins_at + TimeDelta::days(2)));
    let on_time = due_at.is_none_or(|due_at| occurred_at <= due_at);
    draft.values.set(&ON_TIME, on_time);
    draft.values.set(&REPORT_STATUS, if on_time { ReportStatus::OnTime } else { ReportStatus::Late });
    let unexplained = draft.values.get(&UNEXPLAINED) == Some(true);
    draft.values.set(&UNEXPLAINED, unexplained);
}

/// Reasons that a report lacks: each figure that isn't what the records say wants one.
pub fn lacking(values: &Values) -> Vec<Fault> {
    if values.get(&UNEXPLAINED) == Some(true) {
        return Vec::new();
    }
    let figures = values.list(&FIGURES).enumerate();
    let lacks = |(index, figure): (usize, ReportedFigure)| {
        let (declared, computed) = figure.declared.zip(figure.computed)?;
        (declared != computed && figure.reason.is_none()).then(|| Fault {
            pointer: format!("/{}/{index}/reason", FIGURES.name()),
            code: REASON_NEEDED,
            values: vec![("computed", computed.normalize().to_string())],
            hint: None,
        })
    };
    figures.filter_map(lacks).collect()
}

/// Whose report it is, as reports of a day are told apart.
pub fn slot(org_id: Uuid, report_kind: &str) -> String {
    format!("{org_id}/{report_kind}")
}
