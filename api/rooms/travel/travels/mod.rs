//! Travels (行程): somebody left or came, where he stayed, and by what; staff of a unit that reports who is away (离雅返雅)
//! as well as people who come home.

mod wire;

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::text::Text;
use uuid::Uuid;

use self::wire::{
    ARRIVED_ON, CAPACITY, EXPECTED_BACK_ON, FIELDS, LEFT_ON, PERSON, PERSON_ID, STATE, STOPS, Stop, TravelCapacity,
    TravelState,
};
use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::codes::ONE_OF_NEEDED;
use crate::records::figure::PERSON_TIMES;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Narrowed, Record, Rules, Warning};

/// Roles that write travels down and read them: who cares for whoever came, the unit whose people they are; and who only
/// meets those who come, of whom each reads what he wrote himself.
const RECORDERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::GateGuard,
    Role::Volunteer,
];
/// Roles that are told how many they are.
const FIGURE_READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
];

/// Passing through takes no two nights.
static LONG_TRANSIT: Warning = Warning {
    code: "long_transit",
    message: Text::new("a transit of more than one night is a stay", "经停超过一晚,应为停留"),
};

/// The kind.
pub static TRAVELS: Kind = Kind::of(Definition {
    name: "travels",
    path: "travels",
    schema: "Travel",
    label: Text::new("Journey", "行程"),
    about: "Somebody left or came. Staff of a unit are those with its `org_id` and `capacity=staff`.",
    fields: FIELDS,
    filters: &[PERSON_ID.name(), CAPACITY.name(), STATE.name()],
    readers: RECORDERS,
    writers: RECORDERS,
    rules: &TravelRules,
    warnings: &[&LONG_TRANSIT],
    example: include_str!("../../../../openapi/examples/travels/create.json"),
    ..Definition::FIELD_RECORD
});

struct TravelRules;

static FIGURES: &[Figure] = &[
    TRAVELS_TOLD,
    Figure::persons(),
    BY_STANDING[0],
    BY_STANDING[1],
    BY_STANDING[2],
    BY_STANDING[3],
    BY_STANDING[4],
    BY_STANDING[5],
];
const TRAVELS_TOLD: Figure = Figure::new("travels", Text::new("Travels", "行程登记"), PERSON_TIMES);
/// Those who are away and those who came, of staff, of people who come home, and of everybody else.
const BY_STANDING: [Figure; 6] = [
    of("staff_away", Text::new("Staff away", "外出职工"), "capacity=staff&state=away"),
    of("staff_returned", Text::new("Staff back", "返回职工"), "capacity=staff&state=arrived"),
    of("returnees_away", Text::new("Expected home", "待返乡人员"), "capacity=returnee&state=away"),
    of("returnees_arrived", Text::new("Came home", "返乡人员"), "capacity=returnee&state=arrived"),
    of("residents_away", Text::new("Residents away", "外出居民"), "capacity=resident&state=away"),
    of("residents_returned", Text::new("Residents back", "返回居民"), "capacity=resident&state=arrived"),
];

const fn of(name: &'static str, label: Text, filter: &'static str) -> Figure {
    Figure::new(name, label, PERSON_TIMES).part("travels", filter)
}

impl Rules for TravelRules {
    fn natural_key(&self) -> &'static [&'static str] {
        const { &[PERSON_ID.name(), CAPACITY.name(), "left_on|arrived_on"] }
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let values = &draft.values;
        let told = draft.inline.iter().any(|(field, _)| *field == PERSON.name());
        let touched = faults.touches(&draft.at(&PERSON)) || faults.touches(&draft.at(&PERSON_ID));
        if values.get(&PERSON_ID).is_none() && !told && !touched {
            faults.add(draft.at(&PERSON_ID), FaultCode::REQUIRED);
        }
        let (left_on, arrived_on) = (values.get(&LEFT_ON), values.get(&ARRIVED_ON));
        let misread = faults.touches(&draft.at(&LEFT_ON)) || faults.touches(&draft.at(&ARRIVED_ON));
        if left_on.is_none() && arrived_on.is_none() && !misread {
            faults.add_with(draft.at(&LEFT_ON), ONE_OF_NEEDED, vec![("fields", "left_on, arrived_on".into())]);
        }
        for (later, field) in [(arrived_on, &ARRIVED_ON), (values.get(&EXPECTED_BACK_ON), &EXPECTED_BACK_ON)] {
            if left_on.zip(later).is_some_and(|(left_on, later)| later < left_on) {
                faults.add_with(draft.at(field), INVALID_ORDER, vec![("other", "left_on".into())]);
            }
        }
        check_stops(draft, faults);
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let has_arrived = draft.values.get(&ARRIVED_ON).is_some();
        draft.values.set(&STATE, if has_arrived { TravelState::Arrived } else { TravelState::Away });
        let stops: Vec<Stop> = draft.values.list(&STOPS).collect();
        if stops.iter().any(Stop::is_long_transit) {
            draft.warn(&LONG_TRANSIT, &STOPS);
        }
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&PERSON_ID)
    }

    fn figure_readers(&self) -> Option<&'static [Role]> {
        Some(FIGURE_READERS)
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        matches!(role, Role::GateGuard | Role::Volunteer).then_some(Narrowed::Recorded)
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let [staff_away, staff_back, home_away, home, residents_away, residents_back] = BY_STANDING;
        let standing = match (record.values.get(&CAPACITY), record.values.get(&STATE)) {
            (Some(TravelCapacity::Staff), Some(TravelState::Away)) => Some(staff_away),
            (Some(TravelCapacity::Staff), Some(TravelState::Arrived)) => Some(staff_back),
            (Some(TravelCapacity::Returnee), Some(TravelState::Away)) => Some(home_away),
            (Some(TravelCapacity::Returnee), Some(TravelState::Arrived)) => Some(home),
            (Some(TravelCapacity::Resident), Some(TravelState::Away)) => Some(residents_away),
            (Some(TravelCapacity::Resident), Some(TravelState::Arrived)) => Some(residents_back),
            _ => None,
        };
        let standing = standing.map(|figure| figure.measured(1));
        [TRAVELS_TOLD.measured(1)].into_iter().chain(standing).collect()
    }
}

/// Stops follow one another.
fn check_stops(draft: &Draft, faults: &mut Faults) {
    let stops: Vec<Stop> = draft.values.list(&STOPS).collect();
    let mut last = None;
    for (index, stop) in stops.iter().enumerate() {
        let at = |member: &str| format!("{}/{index}/{member}", draft.at(&STOPS));
        if stop.arrived_on.zip(last).is_some_and(|(arrived_on, last)| arrived_on < last) {
            faults.add_with(at("arrived_on"), INVALID_ORDER, vec![("other", format!("stops/{}", index - 1))]);
        }
        if stop.arrived_on.zip(stop.left_on).is_some_and(|(arrived_on, left_on)| left_on < arrived_on) {
            faults.add_with(at("left_on"), INVALID_ORDER, vec![("other", "arrived_on".into())]);
        }
        last = stop.left_on.or(stop.arrived_on).or(last);
    }
}
