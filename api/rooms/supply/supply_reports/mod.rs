//! Supply reports (进销存日报): what a store bought, sold, holds and charges on a day. One a store and day; an
//! explicit nothing counts, silence doesn't.
//!
//! - Values stay as they were reported; beside each the server puts it in the unit that is compared.
//! - What a report does to alerts and to the day's duty is decided under the lock: [`crate::rooms::supply::market`].

mod lines;
mod wire;

use std::sync::Arc;

use chrono::{DateTime, Days, TimeDelta, Utc};
use kit::catalogue::{Code, FaultCode};
use kit::faults::Faults;
use kit::text::Text;
use kit::time::day_start;
use kit::value::Value;
use ledger::Projection;
use ledger::decide::Decider;
use serde_json::Value as Json;

use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::codes::TOO_FAR_AHEAD;
use crate::records::figure::{COPIES, TIMES};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Lines, Measure, Narrowed, Record, Rules};
use crate::rooms::registers::places::require_venue;
use crate::rooms::supply::codes::{NOT_FOR_ZERO, STORE_HAS_REPORT};
use crate::rooms::supply::commodities::SUPPLY_READERS;
use crate::rooms::supply::market::MarketDecider;

/// The kind.
pub static SUPPLY_REPORTS: Kind = Kind::of(Definition {
    name: "supply_reports",
    path: "supply-reports",
    schema: "SupplyReport",
    label: Text::new("Supply report", "进销存日报"),
    about: "What a store bought, sold, holds and charges on a day.",
    fields: wire::FIELDS,
    filters: &["place_id", "reported_on", "is_zero"],
    readers: SUPPLY_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::StoreReporter],
    rules: &SupplyReportRules,
    example: include_str!("../../../../openapi/examples/supply_reports/create.json"),
    ..Definition::FIELD_RECORD
});

/// The lines of the reports that stand, normalised.
static LINES: Projection = Projection {
    table: "supply_lines",
    owner: "report_id",
    select: "SELECT w.district_code, w.id, (line.no - 1)::integer, w.revision, w.place_id, w.area_code, w.org_id, w.reported_on, \
        line.item ->> 'commodity', (line.item ->> 'purchase_price_normalized')::numeric, \
        (line.item ->> 'retail_price_normalized')::numeric, (line.item ->> 'purchased_normalized')::numeric, \
        (line.item ->> 'sold_normalized')::numeric, (line.item ->> 'closing_stock_normalized')::numeric \
        FROM {written} AS w CROSS JOIN LATERAL jsonb_array_elements(w.lines) WITH ORDINALITY AS line(item, no) \
        WHERE NOT w.voided AND (w.capture -> 'awaited') IS NULL",
};

struct SupplyReportRules;

/// A store's account sees its own store and no competitor's.
pub fn of_own_store(role: Role) -> Option<Narrowed> {
    (role == Role::StoreReporter).then_some(Narrowed::Recorded)
}

/// Figures of supply reports that statistics show.
static FIGURES: &[Figure] = &[
    Figure::new("supply_reports", Text::new("Supply reports", "保供日报"), COPIES).open(),
    Figure::new("lines", Text::new("Lines reported", "填报条目"), TIMES).open(),
];

impl Rules for SupplyReportRules {
    fn conflicts(&self) -> &'static [Code] {
        &[STORE_HAS_REPORT]
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        of_own_store(role)
    }

    /// A store's account tells of its own store: of the places of the organisation that its grant names.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        let others = actor
            .grants
            .iter()
            .any(|grant| grant.role != Role::StoreReporter && SUPPLY_REPORTS.writers.contains(&grant.role));
        let Some(place) = draft.references.get("place_id").filter(|_| !others) else { return true };
        actor.grants_of(&[Role::StoreReporter]).any(|grant| {
            actor.organizations_of(grant).is_none_or(|own| place.envelope.org_id.is_some_and(|org| own.contains(&org)))
        })
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let (zero, lines) = (draft.values.boolean("is_zero") == Some(true), lines_of(draft));
        match (zero, lines.is_empty()) {
            (true, false) => faults.add(draft.at("lines"), NOT_FOR_ZERO),
            (false, true) if !faults.touches(&draft.at("lines")) => {
                faults.add_with(draft.at("lines"), FaultCode::TOO_FEW, vec![("min", "1".into())]);
            }
            _ => {}
        }
        for (index, line) in lines.iter().enumerate() {
            let at = format!("{}/{index}", draft.at("lines"));
            lines::check(line, &at, faults);
            if lines.iter().take(index).any(|other| other.get("commodity") == line.get("commodity")) {
                faults.add(format!("{at}/commodity"), FaultCode::REPEATED_ITEM);
            }
        }
        let Some(day) = draft.values.day("reported_on") else { return };
        if context.today().checked_add_days(Days::new(1)).is_some_and(|tomorrow| day > tomorrow) {
            faults.add_with(draft.at("reported_on"), TOO_FAR_AHEAD, vec![("days", "1".into())]);
        }
        // Reports of an earlier day happened on that day, whenever they are handed in.
        if draft.values.get("occurred_at").is_none() && day < context.told_on() {
            let ends = day.succ_opt().and_then(|next| day_start(next, context.zone));
            if let Some(at) = ends {
                draft.values.set("occurred_at", Value::Instant(at - TimeDelta::seconds(1)));
            }
        }
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_venue(draft, faults);
    }

    fn admits_awaited(&self) -> bool {
        true
    }

    /// Nothing can be told of a day that hasn't begun, whenever it is said to have been written.
    fn happens_at(&self, draft: &Draft, context: &Context<'_>) -> Option<DateTime<Utc>> {
        let begins_at = draft.values.day("reported_on").and_then(|day| day_start(day, context.zone));
        draft.values.instant("occurred_at").max(begins_at)
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let lines: Vec<Json> = lines_of(draft).iter().map(lines::judged).collect();
        draft.values.set("line_count", Value::Integer(i64::try_from(lines.len()).unwrap_or_default()));
        draft.values.set("lines", Value::Json(Json::Array(lines)));
        let zero = draft.values.boolean("is_zero") == Some(true);
        draft.values.set("is_zero", Value::Boolean(zero));
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["place_id", "reported_on"]
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: "lines", key: "commodity" })
    }

    fn projection(&self) -> Option<&'static Projection> {
        Some(&LINES)
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(MarketDecider::of(write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        vec![("supply_reports", 1), ("lines", record.values.integer("line_count").unwrap_or_default())]
    }
}

fn lines_of(draft: &Draft) -> Vec<Json> {
    draft.values.json("lines").and_then(Json::as_array).cloned().unwrap_or_default()
}
