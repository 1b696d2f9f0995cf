//! Enforcement actions (价格执法): visits, warning letters, interviews. One that names an alert moves it on in its own
//! transaction. Visits count 家次, officers 人次.

mod decider;

use std::sync::Arc;

use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use self::decider::EnforcementDecider;
use crate::platform::access::Role;
use crate::records::figure::{COPIES, PERSON_TIMES, TIMES};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};
use crate::rooms::registers::require_venue;
use crate::rooms::supply::codes::REFERS_TO_OTHER;
use crate::rooms::supply::price_alerts;

words! {
    /// Step that was taken.
    pub EnforcementActionKind "enforcement_action_kind" "Action" "执法行动" {
        VenueVisit "venue_visit" "visit of a venue" "检查经营主体";
        WarningLetter "warning_letter" "warning letter" "提醒告诫函";
        Interview "interview" "interview" "约谈";
        CaseFiled "case_filed" "case filed" "立案查处";
    }
}

fields! {
    /// The fields of an action, beside the envelope's.
    static FIELDS;
    ACTION_KIND: EnforcementActionKind = Field::new(
        "action_kind",
        Shape::Word(EnforcementActionKind::VOCABULARY),
        Text::new("Action", "执法行动"),
        "What was done.",
    )
    .required();
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Venue", "经营主体"), "Whom it concerns.").brings_area(1)
        .required()
        .on_create()
        .also(&["场所", "门店"]);
    ALERT_ID: Uuid = Field::new("alert_id", Shape::Reference("price_alerts"), Text::new("Alert", "价格预警"), "The alert it answers.")
        .on_create();
    OFFICERS: Vec<String> = Field::new(
        "officers",
        Shape::List { of: &free_text(40), max: 50 },
        Text::new("Officers", "执法人员"),
        "Who acted. Encrypted at rest.",
    )
    .sealed();
    OFFICER_COUNT: i64 = Field::new(
        "officer_count",
        Shape::Integer { min: 1, max: 200 },
        Text::new("Officers (count)", "执法人次"),
        "How many acted; of `officers` where they are named.",
    );
    LETTER_NUMBER: String = Field::new(
        "letter_number",
        free_text(60),
        Text::new("Letter number", "文书编号"),
        "The number of the letter or the case.",
    );
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "法律依据"), "By which law or notice.");
    FINDING: String = Field::new("finding", free_text(500), Text::new("Finding", "检查情况"), "What was found. Encrypted at rest.")
        .sealed_since();
}

/// The kind.
pub static ENFORCEMENT_ACTIONS: Kind = Kind::of(Definition {
    name: "enforcement_actions",
    path: "enforcement-actions",
    schema: "EnforcementAction",
    label: Text::new("Enforcement action", "价格执法记录"),
    about: "A visit, a warning letter, an interview.",
    fields: FIELDS,
    filters: &[ACTION_KIND.name(), PLACE_ID.name(), ALERT_ID.name()],
    readers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::TownCadre],
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector],
    takes_attachments: true,
    rules: &EnforcementRules,
    example: include_str!("../../../../openapi/examples/enforcement_actions/create.json"),
    ..Definition::FIELD_RECORD
});

struct EnforcementRules;

/// Figures of enforcement actions that statistics show.
static FIGURES: &[Figure] = &[VENUE_VISITS, WARNING_LETTERS, INTERVIEWS, CASES_FILED, OFFICER_PERSON_TIMES];

const VENUE_VISITS: Figure =
    Figure::new("venue_visits", Text::new("Venue-visits", "检查家次"), TIMES).listed("action_kind=venue_visit").open();
const WARNING_LETTERS: Figure = Figure::new("warning_letters", Text::new("Warning letters", "告诫函"), COPIES)
    .listed("action_kind=warning_letter")
    .open();
const INTERVIEWS: Figure =
    Figure::new("interviews", Text::new("Interviews", "约谈"), TIMES).listed("action_kind=interview").open();
const CASES_FILED: Figure =
    Figure::new("cases_filed", Text::new("Cases filed", "立案"), TIMES).listed("action_kind=case_filed").open();
const OFFICER_PERSON_TIMES: Figure =
    Figure::new("officer_person_times", Text::new("Officer person-times", "执法人次"), PERSON_TIMES).open();

impl Rules for EnforcementRules {
    /// The supervising bureau's: nobody judges his own organisation.
    fn judges_others(&self) -> bool {
        true
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_venue(draft, faults);
        let alert = draft.reference(&ALERT_ID).and_then(|alert| alert.values.get(&price_alerts::PLACE_ID));
        if alert.is_some() && alert != draft.values.get(&PLACE_ID) {
            faults.add(draft.at(&ALERT_ID), REFERS_TO_OTHER);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let named = i64::try_from(draft.values.list(&OFFICERS).count()).ok().filter(|count| *count > 0);
        let count = named.or(draft.values.get(&OFFICER_COUNT)).unwrap_or(1);
        draft.values.set(&OFFICER_COUNT, count);
    }

    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let names_alert = |record: &Record| record.values.get(&ALERT_ID).is_some();
        let concerns = names_alert(next) || former.is_some_and(names_alert);
        concerns.then(|| Arc::new(EnforcementDecider(Arc::clone(write_context))) as Arc<dyn Decider>)
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let action = record.values.get(&ACTION_KIND).map(|kind| match kind {
            EnforcementActionKind::VenueVisit => VENUE_VISITS.measured(1),
            EnforcementActionKind::WarningLetter => WARNING_LETTERS.measured(1),
            EnforcementActionKind::Interview => INTERVIEWS.measured(1),
            EnforcementActionKind::CaseFiled => CASES_FILED.measured(1),
        });
        let officers = OFFICER_PERSON_TIMES.measured(record.values.get(&OFFICER_COUNT).unwrap_or(1));
        action.into_iter().chain([officers]).collect()
    }
}
