//! Rules of a work log.

use std::sync::Arc;

use kit::catalogue::{Code, FaultCode};
use kit::columns;
use kit::faults::Faults;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::day_of;
use kit::value::Values;
use ledger::decide::Decider;
use uuid::Uuid;

use super::counted::{LoggedKinds, counts};
use super::wire::{
    COMPUTED, CONTENT, COUNTS, IS_ZERO, LEVEL, USER_ID, WORKED_ON, WorkCounts, WorkLogLevel, ZERO_REASON, ZeroReason,
};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::codes::{DAY_HAS_REPORT, NOT_FOR_ZERO, ONE_OF_NEEDED, TOO_FAR_AHEAD};
use crate::records::figure::COPIES;
use crate::records::rules::Narrowing;
use crate::records::warnings::Noted;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Figure, Measure, Narrowed, Record, Rules};
use crate::rooms::reporting::codes::{DIFFERS_FROM_RECORDS, RECORDS_EXIST};
use crate::rooms::reporting::one_a_day::{LOGS_OF_WORKERS, OneADay};

/// Rules of the kind.
pub struct WorkLogRules;

columns! {
    /// Counts by the author's own records; noted before the draft is judged.
    DONE "done": WorkCounts;
}

const LOGS: Figure = Figure::new("work_logs", Text::new("Work logs", "工作日志"), COPIES).open();
const OF_SUBDISTRICTS: Figure =
    of_level("subdistrict", Text::new("Logs of subdistricts", "街道(乡镇)级日志"), "level=subdistrict");
const OF_VILLAGES: Figure = of_level("village", Text::new("Logs of villages", "村(社区)级日志"), "level=village");
const OF_GROUPS: Figure = of_level("group", Text::new("Logs of groups", "组级日志"), "level=group");
const ZERO: Figure =
    Figure::new("zero", Text::new("Logs of no work", "当日无工作日志"), COPIES).part(LOGS.name, "is_zero=true").open();

const fn of_level(name: &'static str, label: Text, filter: &'static str) -> Figure {
    Figure::new(name, label, COPIES).share(LOGS.name, filter).open()
}

/// One's own logs.
static OWN: Narrowing = Narrowing {
    label: Text::new("one's own", "本人记录的"),
    condition: |statement, row, actor| statement.sql(format!(" AND {row}.recorded_by = ")).id(actor.user_id),
};

/// Roles that read the logs of their area: those above who keeps them.
const ABOVE: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::VillageCadre, Role::CdcOfficer];

impl Rules for WorkLogRules {
    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        (!ABOVE.contains(&role)).then_some(Narrowed::By(&OWN))
    }

    /// Nobody puts words into another one's log.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        draft.author.is_nil() || draft.author == actor.user_id || actor.holds(&[Role::DistrictAdmin])
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let values = &draft.values;
        let zero = values.get(&IS_ZERO) == Some(true);
        let counts = values.get(&COUNTS).unwrap_or_default();
        if zero && counts.sum() > 0 {
            faults.add(draft.at(&COUNTS), NOT_FOR_ZERO);
        }
        if zero && values.get(&ZERO_REASON).is_none() && !faults.touches(&draft.at(&ZERO_REASON)) {
            faults.add(draft.at(&ZERO_REASON), FaultCode::REQUIRED);
        }
        let tells = values.get(&CONTENT).is_some() || values.get(&COUNTS).is_some();
        let touched = faults.touches(&draft.at(&CONTENT)) || faults.touches(&draft.at(&COUNTS));
        if !zero && !tells && !touched {
            let fields = format!("{}, {}, {}", CONTENT.name(), COUNTS.name(), IS_ZERO.name());
            faults.add_with(draft.at(&CONTENT), ONE_OF_NEEDED, vec![("fields", fields)]);
        }
        let today = day_of(context.now + context.clock_tolerance, context.zone);
        if values.get(&WORKED_ON).is_some_and(|day| day > today) {
            faults.add_with(draft.at(&WORKED_ON), TOO_FAR_AHEAD, vec![("days", "0".into())]);
        }
    }

    fn admits_awaited(&self) -> bool {
        true
    }

    fn recollection(&self, drafts: &[&Draft], context: &Context<'_>) -> Option<Statement> {
        let asked: Vec<_> =
            drafts.iter().filter_map(|draft| Some((draft.author, draft.values.get(&WORKED_ON)?))).collect();
        context.settings.of::<LoggedKinds>().statement(context.district_code, &asked, context.zone)
    }

    fn recollect(&self, drafts: &mut [&mut Draft], rows: Vec<Row>, _context: &Context<'_>) {
        let mut counts = counts(rows);
        let asked = drafts.iter_mut().filter(|draft| draft.values.get(&WORKED_ON).is_some());
        for (number, draft) in asked.enumerate() {
            draft.recalled.set(&DONE, counts.remove(&number).unwrap_or_default());
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        if draft.values.get(&USER_ID).is_none() {
            let author: Uuid = draft.author;
            draft.values.set(&USER_ID, author);
        }
        let zero = draft.values.get(&IS_ZERO) == Some(true);
        draft.values.set(&IS_ZERO, zero);
        let is_first = draft.values.get(&COMPUTED).is_none();
        if is_first || content(&draft.values) != content(&draft.former) {
            let done = draft.recalled.get(&DONE).unwrap_or_default();
            draft.values.set(&COMPUTED, done);
        }
        let computed = draft.values.get(&COMPUTED).unwrap_or_default();
        let counts = draft.values.get(&COUNTS).unwrap_or_default();
        let kinds = context.settings.of::<LoggedKinds>();
        let differs = |name: &str| counts.of(name).is_some_and(|said| said != computed.of(name).unwrap_or(0));
        if WorkCounts::names().any(|name| kinds.tell(name) && differs(name)) {
            draft.warn(&DIFFERS_FROM_RECORDS, &COUNTS);
        }
        if zero && computed.sum() > 0 {
            draft.note(Noted::new(&RECORDS_EXIST, draft.at(&IS_ZERO)).with("n", &computed.sum()));
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[WORKED_ON.name(), LEVEL.name()] }
    }

    fn conflicts(&self) -> &'static [Code] {
        &[DAY_HAS_REPORT]
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(OneADay::of(&LOGS_OF_WORKERS, write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// Those who see but their own logs are told no figures of all.
    fn figure_readers(&self) -> Option<&'static [Role]> {
        Some(ABOVE)
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[LOGS, OF_SUBDISTRICTS, OF_VILLAGES, OF_GROUPS, ZERO] }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let of_level = match record.values.get(&LEVEL) {
            Some(WorkLogLevel::Subdistrict) => Some(OF_SUBDISTRICTS.measured(1)),
            Some(WorkLogLevel::Village) => Some(OF_VILLAGES.measured(1)),
            Some(WorkLogLevel::Group) => Some(OF_GROUPS.measured(1)),
            None => None,
        };
        let zero = record.values.get(&IS_ZERO) == Some(true);
        [LOGS.measured(1), ZERO.measured(zero.into())].into_iter().chain(of_level).collect()
    }
}

/// Statements of the author: nothing that the server adds.
fn content(values: &Values) -> (Option<WorkLogLevel>, bool, Option<ZeroReason>, Option<&str>, Option<WorkCounts>) {
    let zero = values.get(&IS_ZERO) == Some(true);
    (values.get(&LEVEL), zero, values.get(&ZERO_REASON), values.get(&CONTENT), values.get(&COUNTS))
}
