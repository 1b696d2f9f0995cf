//! Members of the request for an edition.

use chrono::NaiveDate;
use kit::field::{Field, Shape};
use kit::fields;
use kit::text::Text;
use uuid::Uuid;

use crate::rooms::bulletins::templates::wire::BulletinStyle;

fields! {
    /// Members of the request.
    pub static ISSUE;
    TEMPLATE_CODE: String = Field::new("template_code", Shape::Text { min: 2, max: 40, pattern: Some("[a-z][a-z0-9_-]*") }, Text::new("Template", "模板编码"), "The template it is made of.").required();
    AS_OF_ON: NaiveDate = Field::new("as_of_on", Shape::Day, Text::new("As of", "截至日"), "Until the end of this day; today by default.");
    ORG_ID: Uuid = Field::new("org_id", Shape::Id, Text::new("Unit", "单位"), "The unit, with all below it.");
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划"), "The town or subdistrict.");
    STYLE: BulletinStyle = Field::new("style", Shape::Word(BulletinStyle::VOCABULARY), Text::new("Style", "数字写法"), "How numbers are said; the template's way by default.");
    REPLACES_ID: Uuid = Field::new("replaces_id", Shape::Id, Text::new("Replaces", "更正的期号"), "An edition of the same series that it corrects.");
}
