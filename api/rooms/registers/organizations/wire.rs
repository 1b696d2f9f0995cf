//! The fields of an organisation.

use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};

static ORGANIZATION_KIND: Vocabulary = Vocabulary::new(
    "organization_kind",
    Text::new("Kind of organisation", "单位类型"),
    &[
        word("command", "epidemic command", "防控指挥部"),
        word("bureau", "bureau or department", "局办"),
        word("subdistrict", "subdistrict", "街道"),
        word("town", "town or township", "乡镇"),
        word("village_committee", "village or residents' committee", "村(居)委会"),
        word("school", "school", "学校"),
        word("health_center", "health centre or hospital", "卫生院(医院)"),
        word("police_station", "police station", "派出所"),
        word("mass_organization", "mass organisation", "群团组织"),
        word("cooperative", "cooperative", "合作社"),
        word("enterprise", "enterprise", "企业"),
        word("partner", "partner", "合作单位"),
        word("other", "other", "其他"),
    ],
);

/// The fields of an organisation, beside the envelope's.
pub static FIELDS: &[Field] = &[
    Field::new("kind", Shape::Word(&ORGANIZATION_KIND), Text::new("Kind", "类型"), "What it is.").required(),
    Field::new("name", free_text(100), Text::new("Name", "名称"), "Its name.").required(),
    Field::new(
        "parent_id",
        Shape::Reference("organizations"),
        Text::new("Parent", "上级单位"),
        "The organisation above it.",
    ),
    Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "The area it is responsible for.").required(),
];
