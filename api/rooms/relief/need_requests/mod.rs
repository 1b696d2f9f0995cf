//! Need requests (需求登记): what a household asks a community for, until it was delivered. Deliveries move a
//! request on in their own transaction: [`crate::rooms::relief::deliveries`].

mod words;

use std::sync::Arc;

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::tree::Tree;
use kit::typed::TypedField;
use kit::{fields, object, words};
use ledger::decide::Decider;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::platform::access::Role;
use crate::platform::privacy::mask;
use crate::records::figure::TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Lines, Measure, Record, Rules};
use crate::rooms::relief::deliveries::NeedDecider;
use crate::rooms::supply::commodities::{COMMODITY_WORDS, QUANTITY, UNIT};

/// Roles that take requests and deliver.
pub const HELPERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::Volunteer,
];

words! {
    /// How it stands.
    pub NeedState "need_state" "State" "状态" {
        Open "open" "open" "待配送";
        PartlyDelivered "partly_delivered" "partly delivered" "部分送达";
        Delivered "delivered" "delivered" "已送达";
        Cancelled "cancelled" "cancelled" "已取消";
    }
}

object! {
    /// Something asked for or delivered.
    pub struct NeedItem, ITEM {
        item: String = Field::new("item", free_text(60), Text::new("Item", "物品"), "What, in words: 大白菜.").required();
        commodity: Option<String> = Field::new(
            "commodity",
            Shape::Word(&COMMODITY_WORDS),
            Text::new("Commodity", "商品"),
            "The commodity it is, where the catalogue has it.",
        );
        quantity: Decimal = Field::new("quantity", QUANTITY, Text::new("Quantity", "数量"), "How much.").required();
        quantity_unit: String = Field::new("quantity_unit", UNIT, Text::new("Unit", "单位"), "Of what: 斤, 袋.").required();
    }
}

fields! {
    /// The fields of a request, beside the envelope's.
    pub static FIELDS;
    PERSON_ID: Uuid = Field::new(
        "person_id",
        Shape::Reference("people"),
        Text::new("Person", "人员"),
        "Who asks, where he is in the register.",
    ).brings_area(1);
    HOUSEHOLD: String = Field::new(
        "household",
        free_text(100),
        Text::new("Household", "户主"),
        "Whose household asks. Encrypted at rest, shown masked.",
    )
    .also(&["户主姓名", "姓名", "居民姓名", "申请人", "需求人"])
    .masked(|json| mask::masked(json, mask::mask_name));
    PHONE: String = Field::new(
        "phone",
        Shape::Text { min: 5, max: 20, pattern: Some("[0-9+ -]+") },
        Text::new("Phone", "电话"),
        "Where to ask back. Encrypted at rest, shown masked.",
    )
    .also(&["联系电话", "手机", "手机号", "手机号码", "联系方式", "电话号码"])
    .masked(|json| mask::masked(json, mask::mask_phone));
    ADDRESS: String = Field::new(
        "address",
        free_text(200),
        Text::new("Address", "地址"),
        "Where to deliver. Encrypted at rest; whoever delivers sees it.",
    )
    .also(&["住址", "家庭住址", "现住址", "详细地址", "居住地址", "送货地址", "门牌号", "楼栋房号"])
    .sealed();
    ITEMS: Vec<NeedItem> = Field::new(
        "items",
        Shape::List { of: &Shape::Object(ITEM), max: 50 },
        Text::new("Items", "物品"),
        "What is asked for, each item once. Encrypted at rest.",
    )
    .also(&["需求", "需要物资", "需求物资", "所需物资", "需求内容", "物资需求", "需求物品", "所需物品", "生活物资需求"])
    .sealed_since()
    .required()
    .not_empty();
    ASSIGNED_ORG_ID: Uuid = Field::new(
        "assigned_org_id",
        Shape::Reference("organizations"),
        Text::new("Assigned to", "承办单位"),
        "The organisation that is to deliver it, a partner for instance: its people see the request.",
    );
    CANCELLED: bool = Field::new("cancelled", Shape::Boolean, Text::new("Cancelled", "取消"), "Whether it isn't needed any more.");
    STATE: NeedState = Field::new("state", Shape::Word(NeedState::VOCABULARY), Text::new("State", "状态"), "How far it is.")
        .required()
        .by_server();
}

/// The kind.
pub static NEED_REQUESTS: Kind = Kind::of(Definition {
    name: "need_requests",
    path: "need-requests",
    schema: "NeedRequest",
    label: Text::new("Need request", "需求登记"),
    about: "What a household asks for.",
    fields: FIELDS,
    filters: &[STATE.name(), PERSON_ID.name(), ASSIGNED_ORG_ID.name()],
    readers: HELPERS,
    writers: HELPERS,
    rules: &NeedRequestRules,
    example: include_str!("../../../../openapi/examples/need_requests/create.json"),
    ..Definition::FIELD_RECORD
});

struct NeedRequestRules;

/// Figures of needs that statistics show.
static FIGURES: &[Figure] = &[ASKED, DELIVERED];

const ASKED: Figure = Figure::new("need_requests", Text::new("Needs asked for", "需求"), TIMES);
const DELIVERED: Figure = Figure::new("need_requests_delivered", Text::new("Needs delivered", "已送达需求"), TIMES)
    .part(ASKED.name, "state=delivered");

impl Rules for NeedRequestRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn items_in_words(&self, list: &str, text: &str, _on: NaiveDate) -> Option<Vec<Tree>> {
        (list == ITEMS.name()).then(|| words::items(text))
    }

    fn shared_with(&self) -> Option<&'static str> {
        Some(ASSIGNED_ORG_ID.name())
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        check_items(draft, &ITEMS, faults);
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let cancelled = draft.values.get(&CANCELLED) == Some(true);
        let state = match draft.values.get(&STATE) {
            Some(NeedState::Delivered) => NeedState::Delivered,
            _ if cancelled => NeedState::Cancelled,
            Some(NeedState::PartlyDelivered) => NeedState::PartlyDelivered,
            Some(NeedState::Open | NeedState::Cancelled) | None => NeedState::Open,
        };
        draft.values.set(&CANCELLED, cancelled);
        draft.values.set(&STATE, state);
    }

    /// How far it is follows from what was brought, as soon as what is asked for changes.
    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let former = former.filter(|_| !next.envelope.voided)?;
        let differs = |name: &&str| former.values.get(*name) != next.values.get(*name);
        let concerns = [ITEMS.name(), CANCELLED.name()].iter().any(differs);
        concerns.then(|| Arc::new(NeedDecider(Arc::clone(write_context))) as Arc<dyn Decider>)
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: ITEMS.name(), key: "item" })
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let delivered = record.values.get(&STATE) == Some(NeedState::Delivered);
        vec![ASKED.measured(1), DELIVERED.measured(i64::from(delivered))]
    }
}

/// Each item of a request or a delivery once.
pub fn check_items(draft: &Draft, list: &TypedField<Vec<NeedItem>>, faults: &mut Faults) {
    let names: Vec<String> = draft.values.list(list).map(|item| item.item).collect();
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|other| other == name) {
            faults.add(draft.at_item(list, index, "item"), FaultCode::REPEATED_ITEM);
        }
    }
}
