//! Subjects of community corrections (社区矫正对象): a register of its own, behind its own door. Who they are is derived with a
//! word of its own, so that no id of it is an id of the people's register, and nothing is indexed by value: the two can't
//! be held against each other.

mod plain;
mod unchecked;

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::{Text, half_width, is_invisible};
use kit::{fields, words};
use uuid::Uuid;

use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::codes::INVALID_ORDER;
use crate::platform::http::Operation;
use crate::platform::privacy::blind::derived_id;
use crate::platform::privacy::mask;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};
use crate::rooms::registers::normalize_phone;

words! {
    /// Measures of corrections.
    pub ControlKind "control_kind" "Measure" "矫正类别" {
        Control "control" "public surveillance" "管制";
        Suspended "suspended" "suspended sentence" "缓刑";
        Parole "parole" "parole" "假释";
        OutsidePrison "outside_prison" "served outside prison" "暂予监外执行";
    }
}

fields! {
    /// The fields of a subject, beside the envelope's.
    static FIELDS;
    NAME: String = Field::new("name", free_text(60), Text::new("Name", "姓名"), "The name. Encrypted at rest, shown masked.")
        .also(&["矫正对象", "对象姓名", "社区矫正对象"])
        .masked(|json| mask::masked(json, mask::mask_name))
        .required();
    DOCUMENT_NUMBER: String = Field::new("document_number", Shape::Text { min: 4, max: 30, pattern: None }, Text::new("Document number", "身份证号"), "The number of the identity card. Encrypted at rest, shown masked.")
        .also(&["身份证号码", "证件号码", "公民身份号码"])
        .masked(|json| mask::masked(json, mask::mask_document));
    PHONE: String = Field::new("phone", free_text(20), Text::new("Phone", "联系电话"), "Where to call. Encrypted at rest, shown masked.")
        .also(&["电话", "手机", "手机号码", "电话号码"])
        .masked(|json| mask::masked(json, mask::mask_phone));
    ADDRESS: String = Field::new("address", free_text(200), Text::new("Address", "住址"), "Where the subject lives. Encrypted at rest, shown masked.")
        .also(&["现住址", "居住地", "家庭住址"])
        .masked(|json| mask::masked(json, mask::mask_address));
    CONTROL_KIND: ControlKind = Field::new("control_kind", Shape::Word(ControlKind::VOCABULARY), Text::new("Measure", "矫正类别"), "Which measure.").also(&["矫正类型", "类别"]).required();
    TERM_FROM: NaiveDate = Field::new("term_from", Shape::Day, Text::new("Term from", "矫正起始日期"), "The first day.").also(&["矫正开始日期", "起始日期", "矫正期限起"]).any_day().required();
    TERM_TO: NaiveDate = Field::new("term_to", Shape::Day, Text::new("Term to", "矫正截止日期"), "The last day.").also(&["矫正结束日期", "截止日期", "矫正期限止"]).any_day().required();
    OFFICER_USER_ID: Uuid = Field::new("officer_user_id", Shape::Account, Text::new("Officer's account", "责任人账号"), "The account that answers for the subject.");
}

/// The kind.
pub static CORRECTIONS_SUBJECTS: Kind = Kind::of(Definition {
    name: "corrections_subjects",
    path: "corrections-subjects",
    schema: "CorrectionsSubject",
    label: Text::new("Subject of corrections", "社区矫正对象"),
    about: "Somebody under community corrections.",
    fields: FIELDS,
    filters: &[CONTROL_KIND.name(), OFFICER_USER_ID.name()],
    readers: &[Role::JusticeOfficer],
    writers: &[Role::JusticeOfficer],
    closed: true,
    rules: &SubjectRules,
    example: include_str!("../../../../openapi/examples/corrections_subjects/create.json"),
    ..Definition::FIELD_RECORD
});

/// Roles that are told how many there are.
pub const COUNTERS: &[Role] = &[Role::JusticeOfficer, Role::DistrictAdmin];

/// Word under which ids are derived here: no other register's are.
const WORD: &str = "corrections";

const SUBJECTS: Figure = Figure::new("subjects", Text::new("Subjects", "社区矫正对象"), Text::new("subjects", "人"));

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    [unchecked::operations(), plain::operations()].into_iter().flatten().collect()
}

/// A document's number in its one form.
fn document(text: &str) -> String {
    let plain = text.chars().filter(|letter| !is_invisible(*letter) && !letter.is_whitespace()).map(half_width);
    plain.collect::<String>().to_uppercase()
}

struct SubjectRules;

impl Rules for SubjectRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn identify(&self, draft: &Draft, context: &Context<'_>) -> Option<Uuid> {
        let (key, values) = (&context.keys.identity, &draft.values);
        if let Some(number) = values.get(&DOCUMENT_NUMBER) {
            return Some(derived_id(key, &[context.district_code, WORD, number]));
        }
        match values.get(&PHONE) {
            Some(phone) => Some(derived_id(key, &[context.district_code, WORD, values.get(&NAME)?, phone])),
            None => draft.client_id(),
        }
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        if let Some(number) = draft.values.get(&DOCUMENT_NUMBER).map(document) {
            draft.values.set(&DOCUMENT_NUMBER, number);
        }
        if let Some(phone) = draft.values.get(&PHONE).map(normalize_phone) {
            match phone {
                Some(phone) => draft.values.set(&PHONE, phone),
                None => faults.add(draft.at(&PHONE), FaultCode::BAD_FORMAT),
            }
        }
        let (from, to) = (draft.values.get(&TERM_FROM), draft.values.get(&TERM_TO));
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            faults.add_with(draft.at(&TERM_TO), INVALID_ORDER, vec![("other", TERM_FROM.name().to_owned())]);
        }
    }

    /// Whoever is known already gains what was empty; what stands stays.
    fn reconcile(&self, known: &Record, draft: &mut Draft, _: &Context<'_>, _: &Actor) -> Option<Record> {
        let mut next = known.clone();
        for field in [PHONE.name(), ADDRESS.name(), DOCUMENT_NUMBER.name(), OFFICER_USER_ID.name()] {
            let is_empty = next.values.get(field).is_none_or(|value| value.is_null());
            if let Some(value) = draft.values.get(field).filter(|value| is_empty && !value.is_null()) {
                next.values.set(field, value.clone());
            }
        }
        (next.values != known.values).then_some(next)
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[SUBJECTS] }
    }

    fn figure_readers(&self) -> Option<&'static [Role]> {
        Some(COUNTERS)
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![SUBJECTS.measured(1)]
    }
}
