//! The fields of an organisation.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::words;
use uuid::Uuid;

words! {
    /// Kind of organisation.
    pub OrganizationKind "organization_kind" "Kind of organisation" "单位类型" {
        Command "command" "epidemic command" "防控指挥部";
        Bureau "bureau" "bureau or department" "局办";
        Subdistrict "subdistrict" "subdistrict" "街道";
        Town "town" "town or township" "乡镇";
        VillageCommittee "village_committee" "village or residents' committee" "村(居)委会";
        School "school" "school" "学校";
        HealthCenter "health_center" "health centre or hospital" "卫生院(医院)";
        PoliceStation "police_station" "police station" "派出所";
        MassOrganization "mass_organization" "mass organisation" "群团组织";
        Cooperative "cooperative" "cooperative" "合作社";
        Enterprise "enterprise" "enterprise" "企业";
        Partner "partner" "partner" "合作单位";
        Other "other" "other" "其他";
    }
}

fields! {
    /// The fields of an organisation, beside the envelope's.
    pub static FIELDS;
    KIND: OrganizationKind = Field::new("kind", Shape::Word(OrganizationKind::VOCABULARY), Text::new("Kind", "类型"), "What it is.").required();
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "名称"), "Its name.").required();
    PARENT_ID: Uuid = Field::new(
        "parent_id",
        Shape::Reference("organizations"),
        Text::new("Parent", "上级单位"),
        "The organisation above it.",
    );
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "The area it is responsible for.").required();
    RELATION: String = Field::new("relation", free_text(20), Text::new("Relation", "合作关系"), "What it is to the unit with which it works, as a bulletin says it in brackets: 参股企业.");
    ENDED_ON: NaiveDate = Field::new(
        "ended_on",
        Shape::Day,
        Text::new("Ended on", "撤销日期"),
        "Since when there is no such organisation any more. What it did and what names it stays.",
    )
    .happened()
    .any_day();
}
