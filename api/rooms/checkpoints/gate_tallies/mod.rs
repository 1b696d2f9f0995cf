//! Gate tallies: anonymous counts where identity isn't taken, such as a volunteers' service point.
//! Minimal by intent (CAC notice of 2020-02-04): a count says what a crossing needs to know. They are
//! never mixed into the registrations of [`crate::rooms::checkpoints::screenings`].

mod overlap;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use kit::catalogue::FaultCode;
use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape};
use kit::fields;
use kit::text::Text;
use kit::time::{day_of, day_start};
use ledger::decide::Decider;
use uuid::Uuid;

use self::overlap::TallyDecider;
use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::codes::PERIOD_TOO_LONG;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::{PERSON_TIMES, TIMES};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, Warning};
use crate::rooms::checkpoints::codes;
use crate::rooms::registers::require_checkpoint;

const COUNT: Shape = Shape::Integer { min: 0, max: 100_000 };
/// The longest period of one tally: a shift around the clock.
const LONGEST_H: i64 = 24;

fields! {
    /// The fields of a tally, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new(
        "place_id",
        Shape::Reference("places"),
        Text::new("Checkpoint", "卡点"),
        "A place of a checkpoint's kind.",
    ).brings_area(1)
    .required();
    PERIOD_STARTS_AT: DateTime<Utc> = Field::new("period_starts_at", Shape::Instant, Text::new("From", "起"), "When counting began.").required();
    PERIOD_ENDS_AT: DateTime<Utc> = Field::new(
        "period_ends_at",
        Shape::Instant,
        Text::new("Until", "止"),
        "When it ended; at most 24 hours later. It happened then, unless `occurred_at` says otherwise.",
    )
    .happened()
    .required();
    MEASURED: i64 = Field::new("measured", COUNT, Text::new("Measured", "测温人次"), "Person-times measured.").required();
    ABNORMAL: i64 = Field::new("abnormal", COUNT, Text::new("Abnormal", "异常人次"), "Of those, with fever.").required();
    VEHICLES: i64 = Field::new("vehicles", COUNT, Text::new("Vehicles", "车辆辆次"), "Vehicles stopped.");
}

/// The kind.
pub static GATE_TALLIES: Kind = Kind::of(Definition {
    name: "gate_tallies",
    path: "gate-tallies",
    schema: "GateTally",
    label: Text::new("Gate tally", "卡点计数"),
    about: "An anonymous count of those measured at a checkpoint in a period.",
    fields: FIELDS,
    filters: &[PLACE_ID.name()],
    readers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::TownCadre,
        Role::VillageCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
        Role::GateGuard,
        Role::Volunteer,
    ],
    writers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GateGuard,
        Role::Volunteer,
    ],
    rules: &GateTallyRules,
    warnings: &[&TALLY_OVERLAPS],
    example: include_str!("../../../../openapi/examples/gate_tallies/create.json"),
    ..Definition::FIELD_RECORD
});

/// Another tally of the checkpoint counts some of the same time.
static TALLY_OVERLAPS: Warning = Warning {
    code: "tally_overlaps",
    message: Text::new("overlaps with another tally of this checkpoint", "与该卡点另一时段计数重叠"),
};

struct GateTallyRules;

const TALLIED: Figure = Figure::new("tallied", Text::new("Person-times counted", "计数人次"), PERSON_TIMES);
const TALLIED_ABNORMAL: Figure =
    Figure::new("tallied_abnormal", Text::new("Person-times abnormal", "计数异常人次"), PERSON_TIMES)
        .part(TALLIED.name, "");
const TALLIED_VEHICLES: Figure = Figure::new("tallied_vehicles", Text::new("Vehicles counted", "计数辆次"), TIMES);

/// Figures of gate tallies that statistics show.
static FIGURES: &[Figure] = &[TALLIED, TALLIED_ABNORMAL, TALLIED_VEHICLES];

/// The end of a period. One that ends with its day is of that day, not of the next.
fn last_of(starts_at: DateTime<Utc>, ends_at: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let at_midnight = day_start(day_of(ends_at, zone), zone) == Some(ends_at);
    if at_midnight { starts_at.max(ends_at - TimeDelta::seconds(1)) } else { ends_at }
}

impl Rules for GateTallyRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let bounds = draft.values.get(&PERIOD_STARTS_AT).zip(draft.values.get(&PERIOD_ENDS_AT));
        if let Some((starts_at, ends_at)) = bounds {
            if ends_at <= starts_at {
                let other = vec![("other", PERIOD_STARTS_AT.name().into())];
                faults.add_with(draft.at(&PERIOD_ENDS_AT), INVALID_ORDER, other);
            } else if ends_at - starts_at > TimeDelta::hours(LONGEST_H) {
                let hours = vec![("hours", LONGEST_H.to_string())];
                faults.add_with(draft.at(&PERIOD_ENDS_AT), PERIOD_TOO_LONG, hours);
            }
        }
        // Counts of a period happened in it, whenever they are handed in.
        if let (None, Some((starts_at, ends_at))) = (draft.values.get(&OCCURRED_AT), bounds) {
            draft.values.set(&OCCURRED_AT, last_of(starts_at, ends_at, context.zone));
        }
        let counts = draft.values.get(&MEASURED).zip(draft.values.get(&ABNORMAL));
        if let Some((measured, _)) = counts.filter(|(measured, abnormal)| abnormal > measured) {
            let bounds = vec![("min", "0".into()), ("max", measured.to_string())];
            faults.add_with(draft.at(&ABNORMAL), FaultCode::OUT_OF_RANGE, bounds);
        }
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_checkpoint(draft, faults);
    }

    fn decider(&self, _: Option<&Record>, _: &Record, _: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(TallyDecider))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// One that overlaps is kept, and said: which of the two counted whom, nobody here knows.
    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[Fault]) -> bool {
        let overlaps = faults.iter().any(|fault| fault.code == codes::TALLY_OVERLAPS);
        if overlaps {
            draft.warn(&TALLY_OVERLAPS, &PERIOD_STARTS_AT);
        }
        overlaps
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let values = &record.values;
        let counted = [
            values.get(&MEASURED).map(|count| TALLIED.measured(count)),
            values.get(&ABNORMAL).map(|count| TALLIED_ABNORMAL.measured(count)),
            // Counted at few gates.
            Some(TALLIED_VEHICLES.measured(values.get(&VEHICLES).unwrap_or(0))),
        ];
        counted.into_iter().flatten().collect()
    }
}
