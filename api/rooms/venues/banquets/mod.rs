//! Banquets (宴席): planned, cancelled, held; in 起, 桌 and 人次. One that is held with more tables than a ban allows is a
//! violation, made in the same append ([`decider`]); amended away, or allowed after all, that is voided.

pub mod decider;
pub mod follow_up;
pub mod wire;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::{Value, Values};
use ledger::decide::Decider;

use self::decider::BanquetDecider;
use self::wire::{
    ADDRESS, BAN_IN_FORCE, BanquetStatus, BanquetStep, DINERS, FOUND_BY, OCCASION, PLACE_ID, PLANNED_ON, STATUS,
    STATUS_HISTORY, TABLES,
};
use super::gathering_bans::IN_FORCE;
use super::own_place::{is_own_place, of_own_venue};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::codes::{ONE_OF_NEEDED, TOO_FAR_AHEAD};
use crate::records::conditions::Condition;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::PERSON_TIMES;
use crate::records::rules::{Move, StoodOn};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Narrowed, Record, Rules};
use crate::rooms::registers::require_caterer;

/// Roles that tell of banquets: whoever looks after a part of the district, inspectors, and venues of their own.
pub const BANQUET_WRITERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::Inspector,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::StoreReporter,
];

/// Roles that read of banquets.
pub const BANQUET_READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::Inspector,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::StoreReporter,
];

/// The kind.
pub static BANQUETS: Kind = Kind::of(Definition {
    name: "banquets",
    path: "banquets",
    schema: "Banquet",
    label: Text::new("Banquet", "宴席"),
    about: "A banquet: where, when, how many tables and diners, and what became of it.",
    fields: wire::FIELDS,
    filters: &[PLACE_ID.name(), STATUS.name(), OCCASION.name(), FOUND_BY.name(), PLANNED_ON.name()],
    readers: BANQUET_READERS,
    writers: BANQUET_WRITERS,
    rules: &BanquetRules,
    example: include_str!("../../../../openapi/examples/banquets/create.json"),
    ..Definition::FIELD_RECORD
});

/// For lists of banquets.
static STATUS_ON: Field = Field::new(
    "status_on",
    Shape::Day,
    Text::new("Status on", "状态日期"),
    "With `status`: as it was known at the end of this day.",
);

/// Lists of banquets by a status of the past.
static STOOD_ON: StoodOn = StoodOn { column: STATUS.name(), parameter: &STATUS_ON, condition: stood };

/// The condition that banquet `r` stood in a status before an instant, or in none yet.
fn stood(statement: Statement, status: Option<&str>, until: DateTime<Utc>) -> Statement {
    let statement = statement
        .sql(" AND (SELECT h.step->>'status' FROM jsonb_array_elements(r.status_history) WITH ORDINALITY AS h(step, n) WHERE (h.step->>'since_at')::timestamptz < ")
        .bind(ColumnType::Instant, Value::Instant(until))
        .sql(" ORDER BY h.n DESC LIMIT 1)");
    match status {
        Some(status) => statement.sql(" = ").text(status),
        None => statement.sql(" IS NULL"),
    }
}

/// Lists of banquets by whether a ban holds.
static CONDITIONS: &[Condition] = &[Condition {
    parameter: &BAN_IN_FORCE.field,
    apply: |statement, in_force, _| {
        let not = if *in_force == Value::Boolean(true) { "" } else { "NOT " };
        statement.sql(format!(" AND {not}{IN_FORCE}"))
    },
}];

struct BanquetRules;

/// 起: banquets.
const EVENTS: Text = Text::new("banquets", "起");
/// 桌: tables.
const TABLE_COUNT: Text = Text::new("tables", "桌");

const ALL: [Figure; 3] = [
    Figure::new("banquets", Text::new("Banquets", "宴席"), EVENTS).open(),
    Figure::new("tables", Text::new("Tables", "宴席桌数"), TABLE_COUNT).open(),
    Figure::new("diners", Text::new("Diners", "宴席人次"), PERSON_TIMES),
];
const CANCELLED: [Figure; 3] = [
    share("banquets_cancelled", Text::new("Banquets cancelled", "取消宴席"), EVENTS, "banquets", OF_CANCELLED).open(),
    share("tables_cancelled", Text::new("Tables cancelled", "取消桌数"), TABLE_COUNT, "tables", OF_CANCELLED).open(),
    share(
        "diners_cancelled",
        Text::new("Diners of cancelled banquets", "取消宴席人次"),
        PERSON_TIMES,
        "diners",
        OF_CANCELLED,
    ),
];
const POSTPONED: [Figure; 3] = [
    share("banquets_postponed", Text::new("Banquets postponed", "延期宴席"), EVENTS, "banquets", OF_POSTPONED).open(),
    share("tables_postponed", Text::new("Tables postponed", "延期桌数"), TABLE_COUNT, "tables", OF_POSTPONED).open(),
    share(
        "diners_postponed",
        Text::new("Diners of postponed banquets", "延期宴席人次"),
        PERSON_TIMES,
        "diners",
        OF_POSTPONED,
    ),
];
const HELD: [Figure; 3] = [
    share("banquets_held", Text::new("Banquets held", "举办宴席"), EVENTS, "banquets", OF_HELD).open(),
    share("tables_held", Text::new("Tables held", "举办桌数"), TABLE_COUNT, "tables", OF_HELD).open(),
    share("diners_held", Text::new("Diners of banquets held", "举办宴席人次"), PERSON_TIMES, "diners", OF_HELD),
];
const OF_CANCELLED: &str = "status=cancelled&status_on={to_on}";
const OF_POSTPONED: &str = "status=postponed&status_on={to_on}";
const OF_HELD: &str = "status=held&status_on={to_on}";

const fn share(name: &'static str, label: Text, unit: Text, of: &'static str, filter: &'static str) -> Figure {
    Figure::new(name, label, unit).share(of, filter).moving()
}

/// Figures of banquets that stand so.
fn by_status(status: BanquetStatus) -> Option<&'static [Figure; 3]> {
    match status {
        BanquetStatus::Cancelled => Some(&CANCELLED),
        BanquetStatus::Postponed => Some(&POSTPONED),
        BanquetStatus::Held => Some(&HELD),
        BanquetStatus::Planned | BanquetStatus::Simplified => None,
    }
}

/// So many banquets, tables, diners.
fn counts(values: &Values) -> [i64; 3] {
    [1, values.get(&TABLES).unwrap_or(0), values.get(&DINERS).unwrap_or(0)]
}

impl Rules for BanquetRules {
    fn stood_on(&self) -> Option<&'static StoodOn> {
        Some(&STOOD_ON)
    }

    fn conditions(&self) -> &'static [Condition] {
        CONDITIONS
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let values = &draft.values;
        let touched = faults.touches(&draft.at(&PLACE_ID)) || faults.touches(&draft.at(&ADDRESS));
        if values.get(&PLACE_ID).is_none() && values.get(&ADDRESS).is_none() && !touched {
            let fields = format!("{PLACE_ID}, {ADDRESS}");
            faults.add_with(draft.at(&PLACE_ID), ONE_OF_NEEDED, vec![("fields", fields)]);
        }
        let latest = day_of(context.now + context.clock_tolerance, context.zone);
        let held = values.get(&STATUS) == Some(BanquetStatus::Held);
        if held && values.get(&PLANNED_ON).is_some_and(|day| day > latest) {
            faults.add_with(draft.at(&PLANNED_ON), TOO_FAR_AHEAD, vec![("days", "0".into())]);
        }
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_caterer(draft, faults);
    }

    /// A status begins when it is told; the first one when the banquet became known.
    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let occurred_at = draft.values.get(&OCCURRED_AT).unwrap_or(context.now);
        let mut steps: Vec<(BanquetStatus, DateTime<Utc>)> =
            draft.values.list(&STATUS_HISTORY).map(|step| (step.status, step.since_at.to_utc())).collect();
        let last = steps.last().copied();
        if let Some(status) = draft.values.get(&STATUS).filter(|status| last.is_none_or(|(last, _)| last != *status)) {
            steps.push((status, last.map_or(occurred_at, |(_, since_at)| context.now.max(since_at))));
        }
        for (index, (_, since_at)) in steps.iter_mut().enumerate() {
            *since_at = if index == 0 { occurred_at } else { (*since_at).max(occurred_at) };
        }
        let step = |(status, since_at): (BanquetStatus, DateTime<Utc>)| BanquetStep {
            status,
            since_at: since_at.with_timezone(&context.zone).fixed_offset(),
        };
        draft.values.set(&STATUS_HISTORY, steps.into_iter().map(step).collect::<Vec<_>>());
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        of_own_venue(role)
    }

    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        is_own_place(actor, draft, BANQUET_WRITERS, &PLACE_ID)
    }

    fn counted(&self, field: &str) -> String {
        if field == BAN_IN_FORCE.name() {
            IN_FORCE.to_owned()
        } else {
            "(SELECT v.id FROM violations_of_banquets AS v WHERE v.district_code = r.district_code AND v.banquet_id = r.id LIMIT 1)".to_owned()
        }
    }

    /// A banquet that was or is held may be, or may have been, a violation.
    fn followers(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        let held = |record: &Record| record.values.get(&STATUS) == Some(BanquetStatus::Held);
        let concerns = held(next) || former.is_some_and(held);
        concerns.then(|| BanquetDecider::of(write_context)).into_iter().collect()
    }

    fn figures(&self) -> &'static [Figure] {
        const {
            let ([a, b, c], [d, e, f], [g, h, i], [j, k, l]) = (ALL, CANCELLED, POSTPONED, HELD);
            &[a, b, c, d, e, f, g, h, i, j, k, l]
        }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        ALL.iter().zip(counts(&record.values)).map(|(figure, amount)| figure.measured(amount)).collect()
    }

    fn moves(&self, record: &Record) -> Vec<Move> {
        let counts = counts(&record.values);
        let steps: Vec<BanquetStep> = record.values.list(&STATUS_HISTORY).collect();
        let mut moves = Vec::new();
        let mut add = |status: BanquetStatus, at: DateTime<Utc>, sign: i64| {
            for (figure, amount) in by_status(status).into_iter().flatten().zip(counts) {
                moves.push(Move { at, measure: figure.measured(sign * amount), stood: None });
            }
        };
        let mut before = None;
        for step in steps {
            let at = step.since_at.to_utc();
            if let Some(status) = before {
                add(status, at, -1);
            }
            add(step.status, at, 1);
            before = Some(step.status);
        }
        moves
    }
}
