//! Donations (捐赠): what somebody gave, to which stock, for whom. Items that are commodities come into that stock in the
//! same append; what is issued out of a donation is followed to whoever got it ([`trace`]).

mod trace;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::tree::Tree;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

pub use self::trace::operations;
use super::goods::{
    self, GOODS_READERS, GoodsDecider, KEEPERS, OF_COMMODITY, OF_ITEM, check_items, tidy_items, value_fen,
};
use crate::platform::privacy::mask;
use crate::records::codes::ONE_OF_NEEDED;
use crate::records::conditions::Condition;
use crate::records::figure::YUAN;
use crate::records::write_context::WriteContext;
use crate::records::{
    Context, Definition, Draft, Figure, Kind, Lines, Measure, Record, Rules, SheetRow, Warning, envelope,
};
use crate::rooms::relief::codes::ANONYMOUS_DONOR;
use crate::rooms::supply::stock_movements::StockDecider;
use crate::rooms::supply::stock_movements::sources::{self, StockItem, StockSource};

words! {
    /// Kind of donor.
    pub DonorKind "donor_kind" "Donor" "捐赠方类型" {
        Organization "organization" "organisation" "单位";
        Person "person" "person" "个人";
        Anonymous "anonymous" "anonymous" "匿名";
    }
}

/// Endings of the names of organisations.
const ORGANIZATION_ENDINGS: [&str; 22] = [
    "公司",
    "集团",
    "厂",
    "店",
    "超市",
    "商行",
    "银行",
    "医院",
    "学校",
    "中学",
    "小学",
    "协会",
    "商会",
    "基金会",
    "合作社",
    "总会",
    "委员会",
    "局",
    "委",
    "会",
    "社",
    "中心",
];
/// Names of those who don't want to be named.
const NAMELESS: [&str; 6] = ["匿名", "爱心人士", "热心市民", "爱心市民", "热心人士", "无名氏"];

/// Nobody wrote what the donor is.
static DONOR_KIND_ASSUMED: Warning = Warning {
    code: "donor_kind_assumed",
    message: Text::new("the kind of donor was taken from the name", "捐赠方类型按名称推定,请核对"),
};

fields! {
    /// The fields of a donation, beside the envelope's.
    static FIELDS;
    DONOR_KIND: DonorKind = Field::new(
        "donor_kind",
        Shape::Word(DonorKind::VOCABULARY),
        Text::new("Kind of donor", "捐赠方类型"),
        "What the donor is.",
    )
    .required()
    .also(&["捐赠类型", "捐赠人类型", "捐赠主体"]);
    DONOR_NAME: String = Field::new(
        "donor_name",
        free_text(100),
        Text::new("Donor", "捐赠方"),
        "Who gave it; nothing where the donor is anonymous. Encrypted at rest, shown masked.",
    )
    .also(&["捐赠人", "捐赠单位", "捐赠者", "捐赠单位(个人)", "捐赠单位/个人", "捐赠单位或个人", "捐赠方名称", "爱心单位", "姓名"])
    .masked(|json| mask::masked(json, mask::mask_name));
    DONOR_ORG_ID: Uuid = Field::new(
        "donor_org_id",
        Shape::Reference("organizations"),
        Text::new("Donor organisation", "捐赠单位(在册)"),
        "The organisation that gave it, where it is in the register.",
    );
    MAY_BE_PUBLISHED: bool = Field::new(
        "may_be_published",
        Shape::Boolean,
        Text::new("May be published", "可公示"),
        "Whether the donor may be named in public; no by default.",
    )
    .also(&["是否公示", "是否可公示", "同意公示"]);
    RECEIVED_BY_PLACE_ID: Uuid = sources::RECEIVED_BY_PLACE_ID.field;
    RECEIVED_ON: NaiveDate = sources::RECEIVED_ON.field;
    RECEIPT_NO: String = Field::new(
        "receipt_no",
        Shape::Text { min: 1, max: 40, pattern: None },
        Text::new("Receipt number", "收据号"),
        "The number of the receipt that the donor got.",
    )
    .also(&["收据编号", "票据号", "捐赠票据号", "捐赠收据号", "凭证号"]);
    DESIGNATED_ORG_ID: Uuid = goods::DESIGNATED_ORG_ID.field;
    DESIGNATED_PLACE_ID: Uuid = goods::DESIGNATED_PLACE_ID.field;
    ITEMS: Vec<StockItem> = sources::ITEMS.field;
}

/// The kind.
pub static DONATIONS: Kind = Kind::of(Definition {
    name: "donations",
    path: "donations",
    schema: "Donation",
    label: Text::new("Donation", "捐赠登记"),
    about: "What somebody gave, and for whom.",
    fields: FIELDS,
    filters: &[
        DONOR_KIND.name(),
        RECEIVED_BY_PLACE_ID.name(),
        RECEIVED_ON.name(),
        DESIGNATED_ORG_ID.name(),
        DESIGNATED_PLACE_ID.name(),
    ],
    readers: GOODS_READERS,
    writers: KEEPERS,
    rules: &DonationRules,
    warnings: &[&DONOR_KIND_ASSUMED],
    example: include_str!("../../../../openapi/examples/donations/create.json"),
    ..Definition::FIELD_RECORD
});

struct DonationRules;

/// 笔: gifts.
const GIFTS: Text = Text::new("gifts", "笔");

/// Figures of donations that statistics show.
static FIGURES: &[Figure] = &[GIVEN, VALUE];

const GIVEN: Figure = Figure::new("donations", Text::new("Donations", "捐赠"), GIFTS).open();
const VALUE: Figure = Figure::new("donated_value_cny", Text::new("Value of what was given", "捐赠价值"), YUAN)
    .scaled("donated_fen", 2)
    .open();

impl Rules for DonationRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        check_donor(draft, faults);
        // Donations received on an earlier day came then, whenever they are told.
        let earlier = draft.values.get(&RECEIVED_ON).filter(|day| *day < context.told_on());
        if draft.values.get(&envelope::OCCURRED_AT).is_none()
            && let Some(at) = earlier.and_then(|day| day_start(day, context.zone))
        {
            draft.values.set(&envelope::OCCURRED_AT, at);
        }
        check_items(StockSource::Donations, draft, context, faults);
    }

    /// Nothing was received on a day that hasn't begun.
    fn happens_at(&self, draft: &Draft, context: &Context<'_>) -> Option<DateTime<Utc>> {
        let begins_at = draft.values.get(&RECEIVED_ON).and_then(|day| day_start(day, context.zone));
        draft.values.get(&envelope::OCCURRED_AT).max(begins_at)
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let published = draft.values.get(&MAY_BE_PUBLISHED) == Some(true);
        draft.values.set(&MAY_BE_PUBLISHED, published);
    }

    fn shared_with(&self) -> Option<&'static str> {
        Some(DESIGNATED_ORG_ID.name())
    }

    fn tidy_sheet(&self, row: &mut SheetRow<'_>) {
        tidy_items(row);
        let assumed = row.text(&[DONOR_NAME.name()]).map(kind_of_donor);
        if let Some(kind) = assumed.filter(|_| row.text(&[DONOR_KIND.name()]).is_none()) {
            row.put(DONOR_KIND.name(), Tree::Text(kind.code().to_owned()));
            row.warnings.push((DONOR_KIND.pointer(), &DONOR_KIND_ASSUMED));
        }
        if let Tree::Object(members) = &mut *row.body
            && members.iter().any(|(name, tree)| name == DONOR_KIND.name() && is_anonymous(tree))
        {
            members.retain(|(name, tree)| name != DONOR_NAME.name() || !is_nameless(tree));
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const KEY: &[&str] = &[RECEIVED_BY_PLACE_ID.name(), RECEIPT_NO.name()];
        KEY
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: ITEMS.name(), key: "item" })
    }

    fn place_column(&self) -> Option<&'static str> {
        Some(RECEIVED_BY_PLACE_ID.name())
    }

    fn conditions(&self) -> &'static [Condition] {
        const CONDITIONS: &[Condition] = &[OF_COMMODITY, OF_ITEM];
        CONDITIONS
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(GoodsDecider(Arc::clone(write_context))))
    }

    /// Its items make the movements of the stock, which has the last word.
    fn followers(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Vec<Arc<dyn Decider>> {
        vec![Arc::new(StockDecider(Arc::clone(write_context)))]
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        vec![GIVEN.measured(1), VALUE.measured(value_fen(&record.values))]
    }
}

fn check_donor(draft: &Draft, faults: &mut Faults) {
    let values = &draft.values;
    let named = values.get(&DONOR_NAME).is_some() || faults.touches(&draft.at(&DONOR_NAME));
    match values.get(&DONOR_KIND) {
        Some(DonorKind::Anonymous) => {
            if values.get(&DONOR_NAME).is_some() {
                faults.add(draft.at(&DONOR_NAME), ANONYMOUS_DONOR);
            }
            if values.get(&DONOR_ORG_ID).is_some() {
                faults.add(draft.at(&DONOR_ORG_ID), ANONYMOUS_DONOR);
            }
        }
        Some(DonorKind::Person) if !named => {
            faults.add_with(draft.at(&DONOR_NAME), ONE_OF_NEEDED, vec![("fields", DONOR_NAME.name().to_owned())]);
        }
        Some(DonorKind::Organization) if !named && values.get(&DONOR_ORG_ID).is_none() => {
            let fields = format!("{DONOR_NAME}, {DONOR_ORG_ID}");
            faults.add_with(draft.at(&DONOR_NAME), ONE_OF_NEEDED, vec![("fields", fields)]);
        }
        _ => {}
    }
}

/// Kind of a donor by the name in a sheet.
fn kind_of_donor(name: &str) -> DonorKind {
    let name = name.trim();
    if NAMELESS.contains(&name) {
        DonorKind::Anonymous
    } else if name.chars().count() > 4 || ORGANIZATION_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        DonorKind::Organization
    } else {
        DonorKind::Person
    }
}

fn is_anonymous(tree: &Tree) -> bool {
    matches!(tree, Tree::Text(text) if text == DonorKind::Anonymous.code() || text == "匿名")
}

fn is_nameless(tree: &Tree) -> bool {
    matches!(tree, Tree::Text(text) if NAMELESS.contains(&text.trim()))
}

/// The day by which its items are measured.
pub fn received_on(record: &Record, zone: chrono_tz::Tz) -> NaiveDate {
    record.values.get(&RECEIVED_ON).unwrap_or_else(|| day_of(record.envelope.occurred_at, zone))
}
