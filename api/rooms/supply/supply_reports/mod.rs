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
use ledger::Projection;
use ledger::decide::Decider;
use serde_json::Value as Json;

use self::wire::SENT_LINES;
pub use self::wire::{IS_ZERO, LINE_COUNT, LINES, PLACE_ID, REPORTED_ON, ReportLine};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::codes::{DAY_HAS_REPORT, NOT_FOR_ZERO, TOO_FAR_AHEAD};
use crate::records::figure::{COPIES, TIMES};
use crate::records::wide::{Wide, WideAxis};
use crate::records::write_context::WriteContext;
use crate::records::{
    Context, Definition, Draft, Figure, Kind, Lines, Measure, Narrowed, Record, Rules, SheetRow, envelope,
};
use crate::rooms::registers::require_venue;
use crate::rooms::supply::commodities::{SUPPLY_READERS, also};
use crate::rooms::supply::market::MarketDecider;

/// The kind.
pub static SUPPLY_REPORTS: Kind = Kind::of(Definition {
    name: "supply_reports",
    path: "supply-reports",
    schema: "SupplyReport",
    label: Text::new("Supply report", "进销存日报"),
    about: "What a store bought, sold, holds and charges on a day.",
    fields: wire::FIELDS,
    filters: &[PLACE_ID.name(), REPORTED_ON.name(), IS_ZERO.name()],
    readers: SUPPLY_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::StoreReporter],
    takes_attachments: true,
    rules: &SupplyReportRules,
    example: include_str!("../../../../openapi/examples/supply_reports/create.json"),
    ..Definition::FIELD_RECORD
});

/// The lines of the reports that stand, normalised.
static STANDING_LINES: Projection = Projection {
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

/// Reports in wide sheets: a row a store, a column a commodity and a price or a quantity.
static REPORT_SHEETS: Wide = Wide {
    axis: WideAxis::Items {
        members: &["purchase_price", "retail_price", "purchased", "sold", "closing_stock"],
        also,
        beside: &[PLACE_ID.name()],
        endings: &[
            "超市",
            "商场",
            "市场",
            "商店",
            "门店",
            "便利店",
            "药店",
            "药房",
            "粮油店",
            "菜市",
            "农贸",
            "商行",
            "购物中心",
            "批发部",
            "生鲜店",
            "百货",
            "店",
            "购物广场",
            "量贩",
            "连锁",
        ],
        usual: "retail_price",
        unit: |text| if text.contains(['元', '¥', '￥']) { "price_unit" } else { "quantity_unit" },
    },
    cell: &[LINES.name(), "commodity"],
    called: Text::new("value", "数值"),
    blank: &["无", "缺", "缺货"],
    not_done: &[],
    absences: None,
};

/// A store's account sees its own store and no competitor's.
pub fn of_own_store(role: Role) -> Option<Narrowed> {
    (role == Role::StoreReporter).then_some(Narrowed::Recorded)
}

/// Figures of supply reports that statistics show.
static FIGURES: &[Figure] = &[REPORTS, LINES_REPORTED];

const REPORTS: Figure = Figure::new("supply_reports", Text::new("Supply reports", "保供日报"), COPIES).open();
const LINES_REPORTED: Figure = Figure::new("lines", Text::new("Lines reported", "填报条目"), TIMES).open();

impl Rules for SupplyReportRules {
    fn conflicts(&self) -> &'static [Code] {
        &[DAY_HAS_REPORT]
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
        let Some(place) = draft.reference(&PLACE_ID).filter(|_| !others) else { return true };
        actor.grants_of(&[Role::StoreReporter]).any(|grant| {
            actor.organizations_of(grant).is_none_or(|own| place.envelope.org_id.is_some_and(|org| own.contains(&org)))
        })
    }

    fn tidy_sheet(&self, row: &mut SheetRow<'_>) {
        lines::tidy(row);
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let zero = draft.values.get(&IS_ZERO) == Some(true);
        let lines: Vec<ReportLine> = draft.values.list(&LINES).collect();
        match (zero, lines.is_empty()) {
            (true, false) => faults.add(draft.at(&LINES), NOT_FOR_ZERO),
            (false, true) if !faults.touches(&draft.at(&LINES)) => {
                faults.add_with(draft.at(&LINES), FaultCode::TOO_FEW, vec![("min", "1".into())]);
            }
            _ => {}
        }
        let reported_on = draft.values.get(&REPORTED_ON).unwrap_or(context.told_on());
        for (index, line) in lines.iter().enumerate() {
            if let Some(commodity) = context.commodity(&line.commodity, reported_on) {
                lines::check(line, commodity, |member| draft.at_item(&LINES, index, member), faults);
            }
            if lines.iter().take(index).any(|other| other.commodity == line.commodity) {
                faults.add(draft.at_item(&LINES, index, "commodity"), FaultCode::REPEATED_ITEM);
            }
        }
        let Some(day) = draft.values.get(&REPORTED_ON) else { return };
        if context.today().checked_add_days(Days::new(1)).is_some_and(|tomorrow| day > tomorrow) {
            faults.add_with(draft.at(&REPORTED_ON), TOO_FAR_AHEAD, vec![("days", "1".into())]);
        }
        // Reports of an earlier day happened on that day, whenever they are handed in.
        if draft.values.get(&envelope::OCCURRED_AT).is_none() && day < context.told_on() {
            let ends = day.succ_opt().and_then(|next| day_start(next, context.zone));
            if let Some(at) = ends {
                draft.values.set(&envelope::OCCURRED_AT, at - TimeDelta::seconds(1));
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
        let begins_at = draft.values.get(&REPORTED_ON).and_then(|day| day_start(day, context.zone));
        draft.values.get(&envelope::OCCURRED_AT).max(begins_at)
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let reported_on = draft.values.get(&REPORTED_ON).unwrap_or(context.told_on());
        let sent = draft.values.get(&SENT_LINES).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<Json> = sent.iter().map(|line| lines::judged(line, context, reported_on)).collect();
        draft.values.set(&LINE_COUNT, lines.iter().map(|_| 1).sum::<i64>());
        draft.values.set(&SENT_LINES, Json::Array(lines));
        let zero = draft.values.get(&IS_ZERO) == Some(true);
        draft.values.set(&IS_ZERO, zero);
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const KEY: &[&str] = &[PLACE_ID.name(), REPORTED_ON.name()];
        KEY
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: LINES.name(), key: "commodity" })
    }

    fn wide(&self) -> Option<&'static Wide> {
        Some(&REPORT_SHEETS)
    }

    fn projection(&self) -> Option<&'static Projection> {
        Some(&STANDING_LINES)
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
        let lines = record.values.get(&LINE_COUNT).map(|count| LINES_REPORTED.measured(count));
        [REPORTS.measured(1)].into_iter().chain(lines).collect()
    }
}
