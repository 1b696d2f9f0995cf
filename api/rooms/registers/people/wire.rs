//! The fields of a person.

use chrono::{DateTime, NaiveDate, Utc};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::in_utc;
use kit::{fields, object, words};
use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::platform::privacy::mask;

words! {
    /// Types of identity documents.
    pub DocumentType "document_type" "Type of document" "证件类型" {
        ResidentId "resident_id" "resident identity card" "居民身份证";
        HouseholdBooklet "household_booklet" "household booklet" "户口簿";
        Passport "passport" "passport" "护照";
        HkMacaoPermit "hk_macao_permit" "Hong Kong or Macao travel permit" "港澳居民来往内地通行证";
        TaiwanPermit "taiwan_permit" "Taiwan travel permit" "台湾居民来往大陆通行证";
        HmtResidencePermit "hmt_residence_permit" "Hong Kong, Macao or Taiwan residence permit" "港澳台居民居住证";
        ForeignPermanentResident "foreign_permanent_resident" "foreign permanent resident card" "外国人永久居留身份证";
        OfficerCard "officer_card" "officer's card" "军官证";
        Other "other" "other" "其他";
        None "none" "none" "无证件";
    }
}

words! {
    /// Sex as a document says it.
    pub Sex "sex" "Sex" "性别" {
        Unknown "unknown" "unknown" "未知";
        Male "male" "male" "男";
        Female "female" "female" "女";
        NotStated "not_stated" "not stated" "未说明";
    }
}

words! {
    /// Categories that make somebody a key person.
    pub PersonCategory "person_category" "Category" "重点人员类别" {
        HubeiReturnee "hubei_returnee" "returned from Hubei" "湖北返乡人员";
        HubeiTransitReturnee "hubei_transit_returnee" "returned through Hubei" "经停湖北返乡人员";
        HubeiReturneeContact "hubei_returnee_contact" "close to somebody returned from Hubei" "湖北返乡人员亲密接触对象";
        OutsideCityReturnee "outside_city_returnee" "returned from outside the city" "市外返乡人员";
        CloseContact "close_contact" "close contact" "密切接触者";
        Suspected "suspected" "suspected case" "疑似病例";
        Confirmed "confirmed" "confirmed case" "确诊病例";
        Recovered "recovered" "recovered" "治愈出院";
        CorrectionsSubject "corrections_subject" "community corrections subject (closed)" "社区矫正对象(封闭)", closed;
        Other "other" "other" "其他";
    }
}

object! {
    /// A category that somebody was put in.
    #[derive(PartialEq)]
    pub struct HeldCategory, CATEGORY {
        category: PersonCategory = Field::new("category", Shape::Word(PersonCategory::VOCABULARY), Text::new("Category", "类别"), "Which category.")
            .required();
        since_on: NaiveDate = Field::new("since_on", Shape::Day, Text::new("Since", "自"), "Since which day.").required().any_day();
        #[serde(skip_serializing_if = "Option::is_none")]
        until_on: Option<NaiveDate> = Field::new("until_on", Shape::Day, Text::new("Until", "至"), "Until which day.").any_day();
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<String> = Field::new("source", free_text(100), Text::new("Source", "来源"), "How it is known. Encrypted at rest.")
            .required()
            .sealed();
    }
}

object! {
    /// A claim about somebody.
    #[derive(PartialEq)]
    pub struct PersonClaim, CLAIM {
        field: String = Field::new("field", free_text(40), Text::new("Field", "字段"), "Which field.").required();
        value: String = Field::new("value", free_text(200), Text::new("Value", "值"), "What was claimed, masked as the field is.")
            .required();
        #[serde(serialize_with = "in_utc")]
        claimed_at: DateTime<Utc> = Field::new("claimed_at", Shape::Instant, Text::new("Claimed at", "申报时间"), "When.").required();
        claimed_by: Option<Uuid> = Field::new("claimed_by", Shape::Id, Text::new("Claimed by", "申报账号"), "By which account.");
        #[serde(skip_serializing_if = "Option::is_none")]
        since_on: Option<NaiveDate> = Field::new("since_on", Shape::Day, Text::new("Since", "自"), "Of a category: since which day.");
        #[serde(skip_serializing_if = "Option::is_none")]
        until_on: Option<NaiveDate> = Field::new("until_on", Shape::Day, Text::new("Until", "至"), "Of a category: until which day.");
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<String> = Field::new("source", free_text(100), Text::new("Source", "来源"), "Of a category: how it is known.");
    }
}

/// Categories of somebody at most.
pub const MOST_CATEGORIES: usize = 20;
/// Ids at most that clients gave to somebody.
pub const MOST_ALIASES: usize = 1_000;

fields! {
    /// The fields of a person, beside the envelope's.
    pub static FIELDS;
    NAME: String = Field::new("name", free_text(60), Text::new("Name", "姓名"), "Full name.").also(&["人员姓名", "被观察人", "被观察人姓名", "来访人", "来访人员", "出入人员", "通行人员", "返乡人员", "返乡人员姓名", "志愿者姓名"])
        .required()
        .masked(|json| mask::masked(json, mask::mask_name));
    DOCUMENT_TYPE: DocumentType = Field::new(
        "document_type",
        Shape::Word(DocumentType::VOCABULARY),
        Text::new("Document type", "证件类型"),
        "Type of the identity document; by default a resident identity card where there is a number, else `none`.",
    )
    .on_create();
    DOCUMENT_NUMBER: String = Field::new(
        "document_number",
        free_text(40),
        Text::new("Document number", "证件号码"),
        "As printed; checked by the rules of its type (GB 11643 for resident identity cards).",
    )
    .on_create()
    .also(&["身份证号", "身份证号码", "身份证", "证件号", "id number", "公民身份号码", "证号", "居民身份证号", "居民身份证号码"])
    .masked(|json| mask::masked(json, mask::mask_document));
    PHONE: String = Field::new("phone", free_text(20), Text::new("Phone", "电话"), "Mobile, or landline with area prefix.")
        .also(&["手机", "手机号", "手机号码", "联系电话", "电话号码", "mobile", "联系方式", "本人电话", "电话号", "移动电话"])
        .masked(|json| mask::masked(json, mask::mask_phone));
    SEX: Sex = Field::new("sex", Shape::Word(Sex::VOCABULARY), Text::new("Sex", "性别"), "By the document where it tells, else `unknown`.");
    BIRTH_YEAR: i64 = Field::new(
        "birth_year",
        Shape::Integer { min: 1870, max: 2100 },
        Text::new("Year of birth", "出生年份"),
        "By the document where it tells. Shown as a decade.",
    )
    .coarse(|json| json.as_i64().map_or(Json::Null, |year| mask::decade(&year.to_string()).into()));
    ADDRESS: String = Field::new(
        "address",
        free_text(200),
        Text::new("Address", "住址"),
        "Where the person lives; the village is told by `area_code`.",
    ).also(&["家庭住址", "现住址", "居住地址", "详细地址", "居住地", "家庭地址", "现居住地"])
    .masked(|json| mask::masked(json, mask::mask_address));
    CATEGORIES: Vec<HeldCategory> = Field::new(
        "categories",
        Shape::List { of: &Shape::Object(CATEGORY), max: MOST_CATEGORIES },
        Text::new("Categories", "类别"),
        "Why the person matters; several may hold at once.",
    )
    .also(&["人员类别", "重点人员类别", "重点人群类别", "人员类型"]);
    ALIASES: Vec<Uuid> = Field::new(
        "aliases",
        Shape::List { of: &Shape::Id, max: MOST_ALIASES },
        Text::new("Aliases", "别名编号"),
        "Ids that clients gave to the same person; either may be used.",
    )
    .by_server();
    MERGED_INTO: Uuid = Field::new("merged_into", Shape::Id, Text::new("Merged into", "合并至"), "The person this one turned out to be.")
        .by_server();
    MERGE_REASON: String = Field::new("merge_reason", free_text(500), Text::new("Merge reason", "合并原因"), "Why it was merged or unmerged last.")
        .by_server()
        .sealed();
    CLAIMS: Vec<PersonClaim> = Field::new(
        "claims",
        Shape::List { of: &Shape::Object(CLAIM), max: super::claims::MOST },
        Text::new("Claims", "申报差异"),
        "What was submitted later and differs from the register, and categories that somebody claimed who has no business there: they count as nothing until they are among the categories.",
    )
    .by_server()
    .masked(mask_claims);
}

/// Claims are masked as the fields they are about.
fn mask_claims(json: &Json) -> Json {
    let mut claims = json.clone();
    for claim in claims.as_array_mut().into_iter().flatten() {
        let told = PersonClaim::deserialize(&*claim).ok();
        let mask: fn(&str) -> String = match told.as_ref().map_or("", |told| told.field.as_str()) {
            field if field == NAME.name() => mask::mask_name,
            field if field == PHONE.name() => mask::mask_phone,
            field if [SEX.name(), CATEGORIES.name()].contains(&field) => str::to_owned,
            field if field == BIRTH_YEAR.name() => mask::decade,
            _ => mask::mask_address,
        };
        if let Some(value) = claim.get_mut("value") {
            *value = mask::masked(value, mask);
        }
    }
    claims
}
