//! Finding people by what identifies them: document, phone, or name within an area. Numbers and names
//! come in bodies, never in URLs, and are looked up by their blind indexes.

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::typed::{FieldType, TypedField};
use kit::value::{Value, Values};

use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::divisions::tree::known_county;
use crate::platform::privacy::blind::Finding;
use crate::platform::privacy::holder;
use crate::platform::privacy::mask::looks_masked;
use crate::records::codes::{MASKED_VALUE, ONE_OF};
use crate::records::envelope::AREA_CODE;
use crate::records::scope::{visible_to, within};
use crate::records::{Kind, Record, read};
use crate::rooms::registers::people::documents::{check_document, normalize_name, normalize_phone, stated_type};
use crate::rooms::registers::people::wire::{self, DocumentType};

/// The most people that a search answers.
pub const MOST: i64 = 50;

/// The type of a sought document.
pub const DOCUMENT_TYPE: TypedField<DocumentType> = TypedField::named(
    "DOCUMENT_TYPE",
    Field::new(
        "document_type",
        Shape::Word(DocumentType::VOCABULARY),
        Text::new("Document type", "证件类型"),
        "Type of the document; a resident identity card by default.",
    ),
);
/// The number of a sought document.
pub const DOCUMENT_NUMBER: TypedField<String> = TypedField::named(
    "DOCUMENT_NUMBER",
    Field::new("document_number", free_text(40), Text::new("Document number", "证件号码"), "As printed."),
);
/// A sought phone.
pub const PHONE: TypedField<String> =
    TypedField::named("PHONE", Field::new("phone", free_text(20), Text::new("Phone", "电话"), "Mobile or landline."));

/// Identification by which a person is sought.
#[derive(Clone)]
pub enum Sought {
    /// Normalised number of a document.
    Document(String),
    /// Normalised phone.
    Phone(String),
    /// Normalised name, and the area within which it is sought.
    Name(String, String),
}

impl Sought {
    /// Reads the identification from a form. Faults are noted; exactly one of `fields` must be given.
    pub fn of_form(core: &Core, form: &Values, fields: &[&'static str], faults: &mut Faults) -> Option<Self> {
        if fields.iter().filter(|field| form.get(*field).is_some()).count() != 1 {
            faults.add_with("", ONE_OF, vec![("fields", fields.join(", "))]);
            return None;
        }
        if let Some(field) =
            fields.iter().find(|field| form.get(*field).and_then(String::read).is_some_and(looks_masked))
        {
            faults.add(format!("/{field}"), MASKED_VALUE);
            return None;
        }
        if let Some(number) = form.get(&DOCUMENT_NUMBER) {
            let given = form.get(&DOCUMENT_TYPE).unwrap_or(DocumentType::ResidentId);
            let today = day_of(core.clock.now(), core.zone);
            let stated = stated_type(number, today).filter(|_| given == DocumentType::ResidentId);
            let document_type = stated.unwrap_or(given);
            return match check_document(document_type, number, today, known_county) {
                Ok(checked) => Some(Self::Document(checked.normalized)),
                Err(fault) => {
                    faults.add(DOCUMENT_NUMBER.pointer(), fault.fault());
                    None
                }
            };
        }
        if let Some(phone) = form.get(&PHONE) {
            let phone = normalize_phone(phone);
            if phone.is_none() {
                faults.add(PHONE.pointer(), FaultCode::BAD_FORMAT);
            }
            return phone.map(Self::Phone);
        }
        let name = normalize_name(form.get(&wire::NAME)?);
        if form.get(&AREA_CODE).is_none() {
            faults.add(AREA_CODE.pointer(), FaultCode::REQUIRED);
        }
        Some(Self::Name(name, form.get(&AREA_CODE)?.to_owned()))
    }

    /// By what, for the audit.
    pub fn by(&self) -> &'static str {
        match self {
            Self::Document(_) => "document",
            Self::Phone(_) => "phone",
            Self::Name(..) => "name",
        }
    }

    /// Adds the condition to a statement over people, `r`, of that district.
    fn condition(&self, finding: &Finding, district_code: &str, statement: Statement) -> Statement {
        let (field, text) = match self {
            Self::Document(number) => (&wire::DOCUMENT_NUMBER, number),
            Self::Phone(phone) => (&wire::PHONE, phone),
            Self::Name(name, _) => (&wire::NAME, name),
        };
        let indexes = finding.indexes(district_code, field.name(), text);
        let statement = statement
            .sql(format!(" AND NOT r.voided AND r.{} = ANY(", self.column()))
            .column(ColumnType::Bytes, indexes.into_iter().map(Value::Bytes).collect())
            .sql(")");
        match self {
            Self::Name(_, area_code) => within("r", statement.sql(" AND "), area_code),
            Self::Document(_) | Self::Phone(_) => statement,
        }
    }

    fn column(&self) -> &'static str {
        match self {
            Self::Document(_) => "document_blind_index",
            Self::Phone(_) => "phone_blind_index",
            Self::Name(..) => "name_blind_index",
        }
    }

    /// The people in the actor's scope who are sought, those merged into others left out.
    pub async fn find(&self, core: &Core, actor: &Actor, kind: &'static Kind) -> Result<Vec<Record>, Problem> {
        let (finding, mut found) = (holder::finding(core).await?, Vec::<Record>::new());
        for district_code in &actor.districts {
            let statement = self.condition(&finding, district_code, visible_to(actor, kind, district_code));
            let statement = statement.sql(" ORDER BY r.id LIMIT ").integer(MOST);
            for record in read::load(core, kind, &statement).await? {
                let id = record.envelope.id;
                let resolved = read::find(core, actor, kind, id).await?;
                if found.iter().all(|other| other.envelope.id != resolved.envelope.id) {
                    found.push(resolved);
                }
            }
        }
        Ok(found)
    }

    /// The people of a district who are sought, whoever may see them.
    pub async fn find_in_district(
        &self,
        core: &Core,
        kind: &'static Kind,
        district_code: &str,
    ) -> Result<Vec<Record>, Problem> {
        let select = format!("SELECT {} FROM {} AS r WHERE r.district_code = ", kind.select(), kind.name);
        let all = Statement::new(select).text(district_code).seeing_district(district_code);
        let statement = self.condition(&holder::finding(core).await?, district_code, all);
        read::load(core, kind, &statement.sql(" ORDER BY r.id LIMIT ").integer(MOST)).await
    }
}
