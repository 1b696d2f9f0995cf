//! The kind: what is said of an attachment before its bytes come, and what became of them.

use kit::field::{Field, Shape};
use kit::text::Text;
use kit::{fields, words};
use uuid::Uuid;

use super::judge::{ContentRefusal, MediaType};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::rules::Belongs;
use crate::records::{Context, Definition, Draft, Kind, Rules};

words! {
    /// Kinds of attachments, by what the picture or paper shows.
    pub AttachmentKind "attachment_kind" "Kind of attachment" "附件类型" {
        SignedNotice "signed_notice" "signed notice" "签字告知书";
        DoorNotice "door_notice" "notice on a door" "门贴";
        PriceTag "price_tag" "price tag" "价签";
        Violation "violation" "violation" "违规现场";
        Certificate "certificate" "certificate" "证照";
        Other "other" "other" "其他";
    }
}
words! {
    /// States of an attachment's bytes.
    pub ContentState "content_state" "State of the bytes" "内容状态" {
        Awaited "awaited" "awaited" "待上传";
        Kept "kept" "kept" "已保存";
        Refused "refused" "refused" "未接受";
        Purged "purged" "purged" "已清除";
    }
}

/// A hash in lower-case hexadecimal.
const HASH: Shape = Shape::Text { min: 64, max: 64, pattern: Some("[0-9a-f]{64}") };
/// The largest attachment that any setting allows, in bytes.
const MOST_BYTES: i64 = 10 * 1024 * 1024;

fields! {
    /// The fields of an attachment, beside the envelope's.
    static FIELDS;
    SUBJECT_KIND: String = Field::new(
        "subject_kind",
        Shape::Text { min: 2, max: 60, pattern: Some("[a-z][a-z_]*") },
        Text::new("Belongs to", "所属记录类型"),
        "The kind of the record that it belongs to: one of those that take attachments (docs/api-guide.md; another one is told which there are).",
    )
    .required()
    .on_create();
    SUBJECT_ID: Uuid = Field::new(
        "subject_id",
        Shape::Id,
        Text::new("Record", "所属记录"),
        "That record. The attachment stands where it does, and is seen by whoever sees it.",
    )
    .required()
    .on_create();
    ATTACHMENT_KIND: AttachmentKind = Field::new(
        "attachment_kind",
        Shape::Word(AttachmentKind::VOCABULARY),
        Text::new("Kind", "附件类型"),
        "What it shows.",
    )
    .required();
    MEDIA_TYPE: MediaType = Field::new(
        "media_type",
        Shape::Word(MediaType::VOCABULARY),
        Text::new("Media type", "文件类型"),
        "What the bytes are. They are judged by themselves: others are refused.",
    )
    .required()
    .on_create();
    BYTE_COUNT: i64 = Field::new(
        "byte_count",
        Shape::Integer { min: 1, max: MOST_BYTES },
        Text::new("Size (bytes)", "文件大小(字节)"),
        "How many bytes will be sent; 10 MiB at most.",
    )
    .required()
    .on_create();
    SHA256: String = Field::new(
        "sha256",
        HASH,
        Text::new("SHA-256", "SHA-256"),
        "Hash of the bytes as they will be sent, hexadecimal.",
    )
    .required()
    .on_create();
    KEEP_POSITION: bool = Field::new(
        "keep_position",
        Shape::Boolean,
        Text::new("Keep the position", "保留位置信息"),
        "Whether what the camera wrote stays (EXIF: where, when, with what); else it is taken out before the picture is kept. False by default.",
    )
    .on_create();
    CONTENT_STATE: ContentState = Field::new(
        "content_state",
        Shape::Word(ContentState::VOCABULARY),
        Text::new("State of the bytes", "内容状态"),
        "Whether the bytes are there.",
    )
    .required()
    .by_server();
    KEPT_SHA256: String = Field::new(
        "kept_sha256",
        HASH,
        Text::new("SHA-256 of what is kept", "已保存内容的 SHA-256"),
        "Hash of the bytes as they are kept and served: without what the camera wrote, they are others than those sent.",
    )
    .by_server();
    KEPT_BYTE_COUNT: i64 = Field::new(
        "kept_byte_count",
        Shape::Integer { min: 1, max: MOST_BYTES * 2 },
        Text::new("Size of what is kept (bytes)", "已保存内容大小(字节)"),
        "How many bytes are kept.",
    )
    .by_server();
    WIDTH_PX: i64 = Field::new(
        "width_px",
        Shape::Integer { min: 1, max: 100_000 },
        Text::new("Width (px)", "宽度(像素)"),
        "Width of a picture, in points.",
    )
    .by_server();
    HEIGHT_PX: i64 = Field::new(
        "height_px",
        Shape::Integer { min: 1, max: 100_000 },
        Text::new("Height (px)", "高度(像素)"),
        "Height of a picture, in points.",
    )
    .by_server();
    HAS_THUMBNAIL: bool = Field::new(
        "has_thumbnail",
        Shape::Boolean,
        Text::new("Has a thumbnail", "有缩略图"),
        "Whether there is a small picture of it.",
    )
    .by_server();
    REFUSED_BECAUSE: ContentRefusal = Field::new(
        "refused_because",
        Shape::Word(ContentRefusal::VOCABULARY),
        Text::new("Refused because", "未接受原因"),
        "Why the bytes are not kept, where they came and were refused.",
    )
    .by_server();
    CASE_ID: Uuid = Field::new(
        "case_id",
        Shape::Id,
        Text::new("Case", "病例"),
        "The case of isolation to which its record belongs, if to one: whoever sees the case sees it.",
    )
    .by_server();
}

/// Roles that read or write records of one of the kinds that take attachments; which of those, each attachment's own kind
/// says.
const READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::Inspector,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::StoreReporter,
    Role::Volunteer,
    Role::Auditor,
];

/// The kind.
pub static ATTACHMENTS: Kind = Kind::of(Definition {
    name: "attachments",
    path: "attachments",
    schema: "Attachment",
    label: Text::new("Attachment", "附件"),
    about: "A picture or a paper that belongs to a record. First it is declared; then its bytes are sent, in parts.",
    fields: FIELDS,
    filters: &[SUBJECT_KIND.name(), SUBJECT_ID.name(), ATTACHMENT_KIND.name(), CONTENT_STATE.name()],
    readers: READERS,
    writers: READERS,
    rules: &AttachmentRules,
    example: include_str!("../../../openapi/examples/attachments/create.json"),
    sequence: 2,
    ..Definition::FIELD_RECORD
});

struct AttachmentRules;

/// The kind of the record that a draft belongs to.
fn subject(draft: &Draft) -> Option<&'static Kind> {
    draft.values.get(&SUBJECT_KIND).and_then(|name| ATTACHMENTS.subject(name))
}

impl Rules for AttachmentRules {
    fn belongs_to(&self) -> Option<&'static Belongs> {
        const { Some(&Belongs { kind: SUBJECT_KIND.name(), id: SUBJECT_ID.name(), case: CASE_ID.name() }) }
    }

    /// It tells of nothing that happens by itself.
    fn stands_when_known(&self) -> bool {
        true
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        if draft.values.get(&KEEP_POSITION).is_none() {
            draft.values.set(&KEEP_POSITION, false);
        }
        if draft.values.get(&CONTENT_STATE).is_none() {
            draft.values.set(&CONTENT_STATE, ContentState::Awaited);
        }
        let case = draft.reference(&SUBJECT_ID).and_then(|subject| subject.values.get(&CASE_ID));
        if let Some(case) = case {
            draft.values.set(&CASE_ID, case);
        }
    }

    /// Whoever writes the record writes what belongs to it.
    fn writers(&self, draft: &Draft) -> Option<&'static [Role]> {
        subject(draft).map(|kind| kind.writers)
    }

    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        subject(draft).is_none_or(|kind| !kind.rules.judges_others() || actor.judges(kind.writers))
    }
}
