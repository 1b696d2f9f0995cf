//! Rectifications (整改): what has to be put right until when. A line of an inspection or of an oversight check makes
//! one, in the same append, and follows its amendments; others are posted. How one stands follows from its steps.

mod decider;
mod duties;
mod load;
mod overdue;
mod source;
mod standing;
pub mod wire;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::value::Value;
use ledger::decide::Decider;

pub use self::decider::RectificationDecider;
pub use self::duties::DUTY_SOURCE;
pub use self::source::demands;
pub use self::wire::{DUE_ON, PLACE_ID, REQUIREMENTS, RectificationState, Requirement, SUBJECT_ORG_ID};
use self::wire::{FIELDS, OVERDUE, SOURCE_ID, SOURCE_KIND, STATE, STATE_HISTORY, Stage};
use super::codes::DUE_BEFORE;
use super::rectification_steps::READERS;
use crate::platform::access::Role;
use crate::records::codes::ONE_OF_NEEDED;
use crate::records::conditions::{Condition, ConditionContext};
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::TIMES;
use crate::records::rules::Move;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Narrowed, Record, Rules};

/// Roles that ask for something to be put right.
const WRITERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::Auditor];
/// Lines of a record are changed there.
const NOBODY: &[Role] = &[];

/// The kind.
pub static RECTIFICATIONS: Kind = Kind::of(Definition {
    name: "rectifications",
    path: "rectifications",
    schema: "Rectification",
    label: Text::new("Rectification", "整改"),
    about: "Something that has to be put right until a day: a line of an inspection or an oversight check, or posted. Its steps move it on.",
    fields: FIELDS,
    filters: &[
        PLACE_ID.name(),
        SUBJECT_ORG_ID.name(),
        SOURCE_KIND.name(),
        SOURCE_ID.name(),
        STATE.name(),
        OVERDUE.name(),
    ],
    readers: READERS,
    writers: WRITERS,
    takes_attachments: true,
    rules: &RectificationRules,
    example: include_str!("../../../../openapi/examples/rectifications/create.json"),
    ..Definition::FIELD_RECORD
});

struct RectificationRules;

/// Figures of rectifications that statistics show.
static FIGURES: &[Figure] = &[ISSUED, VERIFIED, STILL_OVERDUE];

const ISSUED: Figure = Figure::new("rectifications", Text::new("Rectifications asked for", "下达整改"), TIMES).open();
const VERIFIED: Figure = Figure::new("verified", Text::new("Rectifications verified", "整改验收合格"), TIMES)
    .listed("state=verified&state_on={to_on}")
    .moving()
    .open();
const STILL_OVERDUE: Figure = Figure::new("overdue", Text::new("Rectifications overdue", "逾期未整改"), TIMES)
    .listed("overdue_on={to_on}")
    .moving()
    .open();

/// For lists of rectifications.
static OVERDUE_ON: Field = Field::new(
    "overdue_on",
    Shape::Day,
    Text::new("Overdue on", "逾期日期"),
    "Only what was overdue at the end of this day.",
);
static CONDITIONS: &[Condition] = &[Condition { parameter: &OVERDUE_ON, apply: overdue_on }];

/// ` AND` row `r` was overdue at the end of a day: as it stood then, open and due at its beginning or before.
fn overdue_on(statement: Statement, day: &Value, asking: &ConditionContext<'_>) -> Statement {
    let Value::Day(day) = day else { return statement };
    let instant =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, asking.zone)).map_or(Value::Null, Value::Instant);
    let (begins_at, ends_at) = (instant(Some(*day)), instant(day.succ_opt()));
    statement
        .sql(" AND EXISTS (SELECT 1 FROM (SELECT h.step FROM jsonb_array_elements(r.state_history) WITH ORDINALITY AS h(step, n) WHERE (h.step->>'since_at')::timestamptz < ")
        .bind(ColumnType::Instant, ends_at)
        .sql(" ORDER BY h.n DESC LIMIT 1) AS stood WHERE stood.step->>'state' IN ('issued', 'rejected') AND (stood.step->>'due_at')::timestamptz <= ")
        .bind(ColumnType::Instant, begins_at)
        .sql(")")
}

impl Rules for RectificationRules {
    /// The supervising side's: nobody asks himself.
    fn judges_others(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let about = [&PLACE_ID, &SUBJECT_ORG_ID];
        let touched = about.iter().any(|field| draft.values.get(*field).is_some() || faults.touches(&draft.at(*field)));
        if !touched {
            let fields = about.map(|field| field.name()).join(", ");
            faults.add_with(draft.at(&PLACE_ID), ONE_OF_NEEDED, vec![("fields", fields)]);
        }
        let asked_on = draft.values.get(&OCCURRED_AT).map_or(context.told_on(), |at| day_of(at, context.zone));
        if draft.values.get(&DUE_ON).is_some_and(|due_on| due_on < asked_on) {
            faults.add(draft.at(&DUE_ON), DUE_BEFORE);
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let of_place = draft.reference(&PLACE_ID).and_then(|place| place.envelope.org_id);
        if let (None, Some(org_id)) = (draft.values.get(&SUBJECT_ORG_ID), of_place) {
            draft.values.set(&SUBJECT_ORG_ID, org_id);
        }
        let issued_at = draft.values.get(&OCCURRED_AT).unwrap_or(context.told_at);
        if let Some(due_on) = draft.values.get(&DUE_ON).filter(|_| draft.values.get(&STATE).is_none()) {
            let standing = standing::replay((issued_at, due_on), None, &Default::default(), context.zone);
            decider::tell(&mut draft.values, &standing, context.now);
        }
    }

    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let Some(former) = former else {
            return next.values.get(&SOURCE_ID).is_none().then(|| RectificationDecider::of(write_context));
        };
        let (was, is) = (&former.envelope, &next.envelope);
        let moved = (was.voided, was.occurred_at, &was.area_code, was.org_id)
            != (is.voided, is.occurred_at, &is.area_code, is.org_id);
        let by_hand = next.values.get(&SOURCE_ID).is_none();
        let asks_anew = former.values.get(&DUE_ON) != next.values.get(&DUE_ON);
        (by_hand && (moved || asks_anew)).then(|| RectificationDecider::of(write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn shared_with(&self) -> Option<&'static str> {
        Some(SUBJECT_ORG_ID.name())
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        (role == Role::StoreReporter).then_some(Narrowed::Recorded)
    }

    /// A rectification that a record asks for is changed at that record.
    fn writers(&self, draft: &Draft) -> Option<&'static [Role]> {
        let asked_by = |values: &kit::value::Values| values.get(&SOURCE_ID).is_some();
        (asked_by(&draft.values) || asked_by(&draft.former)).then_some(NOBODY)
    }

    fn conditions(&self) -> &'static [Condition] {
        CONDITIONS
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![ISSUED.measured(1)]
    }

    fn moves(&self, record: &Record) -> Vec<Move> {
        let stages: Vec<Stage> = record.values.list(&STATE_HISTORY).collect();
        let mut moves = Vec::new();
        let mut add = |at: DateTime<Utc>, measure: Measure| moves.push(Move { at, measure, stood: None });
        let mut verified = false;
        for (index, stage) in stages.iter().enumerate() {
            let is_verified = stage.state == RectificationState::Verified;
            if is_verified != verified {
                add(stage.since_at, VERIFIED.measured(if is_verified { 1 } else { -1 }));
                verified = is_verified;
            }
            let until = stages.get(index + 1).map(|next| next.since_at);
            let from = stage.since_at.max(stage.due_at);
            let open = matches!(stage.state, RectificationState::Issued | RectificationState::Rejected);
            if open && until.is_none_or(|until| from < until) {
                add(from, STILL_OVERDUE.measured(1));
                until.into_iter().for_each(|until| add(until, STILL_OVERDUE.measured(-1)));
            }
        }
        moves
    }
}
