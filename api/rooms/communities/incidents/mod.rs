//! Incidents (舆情与劝阻): rumours, panic, visits and gatherings that were met with, and what came of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use super::FIELD_AND_UNITS;
use super::asked::AskedDecider;
use crate::records::figure::TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};
use crate::rooms::observation::ViolationOutcome;

words! {
    /// Kind of incident.
    pub IncidentKind "incident_kind" "Incident" "事件类型" {
        Rumor "rumor" "rumour" "谣言";
        Panic "panic" "panic" "恐慌";
        FamilyVisit "family_visit" "family visit" "走亲访友";
        Gathering "gathering" "gathering" "聚集";
        Complaint "complaint" "complaint" "投诉";
        Other "other" "other" "其他";
    }
}
words! {
    /// Way in which it came up.
    pub IncidentChannel "incident_channel" "Channel" "传播渠道" {
        Wechat "wechat" "WeChat" "微信";
        Douyin "douyin" "Douyin" "抖音";
        Phone "phone" "telephone" "电话";
        InPerson "in_person" "in person" "当面";
        Other "other" "other" "其他";
    }
}

fields! {
    /// The fields of an incident, beside the envelope's.
    static FIELDS;
    INCIDENT_KIND: IncidentKind = Field::new("incident_kind", Shape::Word(IncidentKind::VOCABULARY), Text::new("Incident", "事件类型"), "What it was.")
        .required()
        .also(&["舆情类型", "类型", "事件类别"]);
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where it was, if at a place.")
        .brings_area(1)
        .also(&["地点", "发生地点"]);
    CHANNEL: IncidentChannel = Field::new("channel", Shape::Word(IncidentChannel::VOCABULARY), Text::new("Channel", "传播渠道"), "Where it went round.")
        .also(&["渠道", "来源渠道"]);
    DESCRIPTION: String = Field::new("description", free_text(500), Text::new("Description", "情况说明"), "What happened. Encrypted at rest.")
        .sealed()
        .also(&["内容", "事件经过", "情况描述"]);
    STOPPED: bool = Field::new("stopped", Shape::Boolean, Text::new("Stopped", "是否劝阻"), "Whether it was stopped there and then.")
        .also(&["是否制止", "已劝阻"]);
    OUTCOME: ViolationOutcome = Field::new("outcome", Shape::Word(ViolationOutcome::VOCABULARY), Text::new("Outcome", "处理结果"), "What came of it.")
        .also(&["处置结果", "处理情况"]);
    VIOLATION_ID: Uuid = Field::new("violation_id", Shape::Reference("violations"), Text::new("Violation", "违规记录"), "The violation that it was.");
    CORRECTION_ID: Uuid = Field::new(
        "correction_id",
        Shape::Reference("publicity_activities"),
        Text::new("Correction", "辟谣宣传"),
        "The publicity by which it was put right.",
    );
    TIP_ID: Uuid = Field::new("tip_id", Shape::Reference("tips"), Text::new("Tip", "线索"), "The tip by which it became known.");
    HANDLED_AT: DateTime<Utc> = super::asked::HANDLED_AT.field;
}

/// The kind.
pub static INCIDENTS: Kind = Kind::of(Definition {
    name: "incidents",
    path: "incidents",
    schema: "Incident",
    label: Text::new("Incident", "舆情与劝阻"),
    about: "A rumour, panic, a visit or a gathering that was met with. Of rumours and panic the village is asked to deal with them.",
    fields: FIELDS,
    filters: &[INCIDENT_KIND.name(), PLACE_ID.name(), CHANNEL.name(), STOPPED.name(), OUTCOME.name(), TIP_ID.name()],
    readers: FIELD_AND_UNITS,
    writers: FIELD_AND_UNITS,
    rules: &IncidentRules,
    example: include_str!("../../../../openapi/examples/incidents/create.json"),
    ..Definition::FIELD_RECORD
});

struct IncidentRules;

/// Figures of incidents that statistics show.
static FIGURES: &[Figure] = &[ALL, RUMORS, PANICS, FAMILY_VISITS, GATHERINGS, COMPLAINTS, STOPPED_INCIDENTS];

const ALL: Figure = Figure::new("incidents", Text::new("Incidents", "舆情与劝阻"), TIMES);
const RUMORS: Figure = of_kind("rumors", Text::new("Rumours", "谣言"), "incident_kind=rumor");
const PANICS: Figure = of_kind("panics", Text::new("Panic", "恐慌"), "incident_kind=panic");
const FAMILY_VISITS: Figure =
    of_kind("family_visits", Text::new("Visits of relatives", "走亲访友"), "incident_kind=family_visit");
const GATHERINGS: Figure = of_kind("gatherings", Text::new("Gatherings", "聚集"), "incident_kind=gathering");
const COMPLAINTS: Figure = of_kind("complaints", Text::new("Complaints", "投诉"), "incident_kind=complaint");
const STOPPED_INCIDENTS: Figure =
    Figure::new("stopped", Text::new("Stopped", "劝阻"), TIMES).part(ALL.name, "stopped=true");

const fn of_kind(name: &'static str, label: Text, filter: &'static str) -> Figure {
    Figure::new(name, label, TIMES).share(ALL.name, filter)
}

/// Whether the village is asked to deal with it.
pub fn asks(values: &kit::value::Values) -> bool {
    matches!(values.get(&INCIDENT_KIND), Some(IncidentKind::Rumor | IncidentKind::Panic))
}

impl Rules for IncidentRules {
    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let handled = draft.values.get(&OUTCOME).is_some() || draft.values.get(&CORRECTION_ID).is_some();
        super::asked::note_handled(draft, handled, context);
    }

    fn followers(
        &self,
        _former: Option<&Record>,
        _next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        vec![AskedDecider::of(write_context)]
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let of_kind = match record.values.get(&INCIDENT_KIND) {
            Some(IncidentKind::Rumor) => Some(RUMORS),
            Some(IncidentKind::Panic) => Some(PANICS),
            Some(IncidentKind::FamilyVisit) => Some(FAMILY_VISITS),
            Some(IncidentKind::Gathering) => Some(GATHERINGS),
            Some(IncidentKind::Complaint) => Some(COMPLAINTS),
            Some(IncidentKind::Other) | None => None,
        };
        let stopped = record.values.get(&STOPPED) == Some(true);
        let stopped = stopped.then(|| STOPPED_INCIDENTS.measured(1));
        [ALL.measured(1)].into_iter().chain(of_kind.map(|figure| figure.measured(1))).chain(stopped).collect()
    }
}
