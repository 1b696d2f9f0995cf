//! Tips from the public (线索): what somebody told, and what came of it. Who told it is known to whoever received it and
//! to the command, and to nobody else.

mod informant;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

pub use self::informant::operations;
use super::FIELD_AND_UNITS;
use super::asked::AskedDecider;
use crate::records::codes::UNKNOWN_AREA;
use crate::records::envelope::AREA_CODE;
use crate::records::figure::TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};

words! {
    /// Way in which it came.
    pub TipChannel "tip_channel" "Channel" "来源" {
        Hotline "hotline" "hotline" "热线";
        Wechat "wechat" "WeChat" "微信";
        Letter "letter" "letter" "来信";
        InPerson "in_person" "in person" "来访";
        Website "website" "website" "网站";
    }
}
words! {
    /// How it stands.
    pub TipStatus "tip_status" "Status" "办理状态" {
        Received "received" "received" "已受理";
        Verified "verified" "true" "属实";
        Unfounded "unfounded" "unfounded" "不属实";
        Handled "handled" "dealt with" "已处理";
        Transferred "transferred" "handed over" "移交";
    }
}

fields! {
    /// The fields of a tip, beside the envelope's.
    static FIELDS;
    CHANNEL: TipChannel = Field::new("channel", Shape::Word(TipChannel::VOCABULARY), Text::new("Channel", "来源"), "How it came.")
        .required()
        .also(&["线索来源", "来源渠道", "举报方式"]);
    INFORMANT: String = Field::new(
        "informant",
        free_text(200),
        Text::new("Informant", "举报人"),
        "Who told it and how he is reached. Encrypted at rest; told by `:informant` only, to whoever received the tip and to the command.",
    )
    .withheld(|_| "***".into())
    .on_create()
    .also(&["反映人", "线索提供人", "举报人及联系方式"]);
    CONTENT: String = Field::new("content", free_text(1_000), Text::new("Content", "线索内容"), "What was told. Encrypted at rest. Not who told it.")
        .sealed()
        .required()
        .also(&["举报内容", "反映内容", "内容"]);
    ABOUT_AREA_CODE: String = Field::new(
        "about_area_code",
        Shape::Area,
        Text::new("About area", "涉及区域"),
        "Which area it is about: the tip belongs there where no `area_code` is given.",
    )
    .on_create()
    .also(&["涉及村社区", "涉及地区", "问题发生地"]);
    STATUS: TipStatus = Field::new("status", Shape::Word(TipStatus::VOCABULARY), Text::new("Status", "办理状态"), "How it stands.")
        .required()
        .also(&["核查结果", "状态", "办理情况"]);
    HANDLED_BY_ORG_ID: Uuid = Field::new(
        "handled_by_org_id",
        Shape::Reference("organizations"),
        Text::new("Handled by", "承办单位"),
        "The organisation that looks into it: its people read the tip.",
    );
    HANDLED_AT: DateTime<Utc> = super::asked::HANDLED_AT.field;
}

/// The kind.
pub static TIPS: Kind = Kind::of(Definition {
    name: "tips",
    path: "tips",
    schema: "Tip",
    label: Text::new("Tip", "线索"),
    about: "What somebody of the public told. The village is asked to look into it; who told it is nobody's to read but whoever received it and the command.",
    fields: FIELDS,
    filters: &[CHANNEL.name(), STATUS.name(), ABOUT_AREA_CODE.name(), HANDLED_BY_ORG_ID.name()],
    readers: FIELD_AND_UNITS,
    writers: FIELD_AND_UNITS,
    rules: &TipRules,
    example: include_str!("../../../../openapi/examples/tips/create.json"),
    ..Definition::FIELD_RECORD
});

struct TipRules;

/// Figures of tips that statistics show.
static FIGURES: &[Figure] = &[ALL, FOUND_TRUE, FOUND_UNFOUNDED];

const ALL: Figure = Figure::new("tips", Text::new("Tips", "线索"), TIMES);
const FOUND_TRUE: Figure =
    Figure::new("verified", Text::new("Tips that were true", "属实线索"), TIMES).share(ALL.name, "status=verified");
const FOUND_UNFOUNDED: Figure =
    Figure::new("unfounded", Text::new("Unfounded tips", "不属实线索"), TIMES).share(ALL.name, "status=unfounded");

impl Rules for TipRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let Some(about) = draft.values.get(&ABOUT_AREA_CODE).map(str::to_owned) else { return };
        if context.divisions.find(&about, None).is_none() {
            faults.add(draft.at(&ABOUT_AREA_CODE), UNKNOWN_AREA);
        } else if draft.values.get(&AREA_CODE).is_none() && !faults.touches(&draft.at(&AREA_CODE)) {
            draft.values.set(&AREA_CODE, about);
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let handled = draft.values.get(&STATUS).is_some_and(|status| status != TipStatus::Received);
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

    fn shared_with(&self) -> Option<&'static str> {
        Some(HANDLED_BY_ORG_ID.name())
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let is = |status| i64::from(record.values.get(&STATUS) == Some(status));
        vec![
            ALL.measured(1),
            FOUND_TRUE.measured(is(TipStatus::Verified)),
            FOUND_UNFOUNDED.measured(is(TipStatus::Unfounded)),
        ]
    }
}
