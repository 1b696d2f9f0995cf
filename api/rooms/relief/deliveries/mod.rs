//! Deliveries (送货上门): what was brought for a request, with its proof. A delivery moves its request on in its own
//! transaction; voided, the request is open again.

mod amounts;
mod decider;

use std::sync::Arc;

use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use self::amounts::Amounts;
use self::decider::EXCEEDS;
pub use self::decider::NeedDecider;
use crate::records::figure::TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Lines, Logged, Measure, Record, Rules, Warning};
use crate::rooms::relief::codes;
use crate::rooms::relief::need_requests::{self, HELPERS, ITEM, NeedItem, check_items};

/// More arrived than was asked for: a slip of the pen, or somebody else's goods.
static MORE_THAN_ASKED: Warning = Warning {
    code: "more_than_asked",
    message: Text::new(
        "more was brought than was asked for; look at quantities and units",
        "送达数量超过需求,请核对数量和单位",
    ),
};

words! {
    /// Evidence that something arrived.
    pub DeliveryProof "delivery_proof" "Proof" "凭证" {
        Signature "signature" "signed for" "签收";
        Photo "photo" "photograph" "照片";
        PhoneCall "phone_call" "confirmed by telephone" "电话确认";
        Witness "witness" "witness" "见证人";
    }
}

fields! {
    /// The fields of a delivery, beside the envelope's.
    static FIELDS;
    NEED_REQUEST_ID: Uuid = Field::new(
        "need_request_id",
        Shape::Reference("need_requests"),
        Text::new("Request", "需求"),
        "Which request it answers.",
    )
    .required()
    .on_create();
    ITEMS: Vec<NeedItem> = Field::new(
        "items",
        Shape::List { of: &Shape::Object(ITEM), max: 50 },
        Text::new("Items", "物品"),
        "What was brought, each item once, called as it was asked for. Encrypted at rest.",
    )
    .sealed_since()
    .required()
    .not_empty();
    COMPLETES: bool = Field::new(
        "completes",
        Shape::Boolean,
        Text::new("Completes", "全部送达"),
        "Whether nothing more is to come, whatever the quantities say.",
    );
    PROOF: DeliveryProof = Field::new(
        "proof",
        Shape::Word(DeliveryProof::VOCABULARY),
        Text::new("Proof", "凭证"),
        "How it is known that it arrived.",
    )
    .required();
    PROOF_REFERENCE: String = Field::new(
        "proof_reference",
        free_text(200),
        Text::new("Proof reference", "凭证编号"),
        "Where the proof is kept: a number, a file. Encrypted at rest.",
    )
    .sealed_since();
    COURIER_ORG_ID: Uuid = Field::new(
        "courier_org_id",
        Shape::Reference("organizations"),
        Text::new("Courier organisation", "配送单位"),
        "Whose people brought it.",
    );
    COURIER: String = Field::new("courier", free_text(60), Text::new("Courier", "配送人"), "Who brought it. Encrypted at rest.").sealed();
    RECEIVED_BY: String = Field::new("received_by", free_text(60), Text::new("Received by", "签收人"), "Who took it. Encrypted at rest.")
        .sealed();
}

/// The kind.
pub static DELIVERIES: Kind = Kind::of(Definition {
    name: "deliveries",
    path: "deliveries",
    schema: "Delivery",
    label: Text::new("Delivery", "送货记录"),
    about: "What was brought for a request.",
    fields: FIELDS,
    filters: &[NEED_REQUEST_ID.name(), COURIER_ORG_ID.name(), PROOF.name()],
    readers: HELPERS,
    writers: HELPERS,
    takes_attachments: true,
    rules: &DeliveryRules,
    warnings: &[&MORE_THAN_ASKED],
    example: include_str!("../../../../openapi/examples/deliveries/create.json"),
    ..Definition::FIELD_RECORD
});

struct DeliveryRules;

/// Figures of deliveries that statistics show.
static FIGURES: &[Figure] = &[DELIVERED];

const DELIVERED: Figure = Figure::new("deliveries", Text::new("Deliveries", "送货"), TIMES);

impl Rules for DeliveryRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        check_items(draft, &ITEMS, faults);
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let request = draft.reference(&NEED_REQUEST_ID);
        let asked = request.map(|request| Amounts::of(request.values.list(&need_requests::ITEMS)));
        if asked.is_some_and(|asked| Amounts::of(draft.values.list(&ITEMS)).exceed(&asked)) {
            say_exceeds(draft);
        }
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: ITEMS.name(), key: "item" })
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(NeedDecider(Arc::clone(write_context))))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// It was brought all the same: kept, and said.
    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[Fault]) -> bool {
        let exceeds = faults.iter().any(|fault| fault.code == codes::MORE_THAN_ASKED);
        if exceeds {
            say_exceeds(draft);
        }
        exceeds
    }

    fn logged(&self) -> &'static [Logged] {
        const { &[Logged::each("deliveries")] }
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![DELIVERED.measured(1)]
    }
}

fn say_exceeds(draft: &mut Draft) {
    draft.values.set(&EXCEEDS, true);
    draft.warn(&MORE_THAN_ASKED, &ITEMS);
}
