//! Templates of bulletins (简报模板): the words are the district's, the numbers are the records'. Some are shipped; a
//! record of the same code takes the place of one from its day on.

mod check;
pub mod figure_names;
pub mod find;
pub mod wire;

use kit::faults::Faults;
use kit::text::Text;

use self::check::{check_figures, check_paragraphs};
use self::figure_names::FigureNames;
use self::wire::{CODE, FIELDS, PARAGRAPHS, SCOPE};
use crate::platform::access::Role;
use crate::records::{Context, Definition, Draft, Kind, Measure, Reach, Record, Rules};

/// Roles that write templates and issue editions, each of its own unit or area.
pub const ISSUERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin];
/// Roles that read templates.
const READERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::CdcOfficer, Role::Auditor];

/// The kind.
pub static BULLETIN_TEMPLATES: Kind = Kind::of(Definition {
    name: "bulletin_templates",
    path: "bulletin-templates",
    schema: "BulletinTemplate",
    label: Text::new("Bulletin template", "简报模板"),
    about: "The words of a bulletin, with places for figures: from its day on instead of the shipped one of its code.",
    fields: FIELDS,
    filters: &[CODE.name(), SCOPE.name()],
    reach: Reach::District,
    readers: READERS,
    writers: ISSUERS,
    rules: &TemplateRules,
    example: include_str!("../../../../openapi/examples/bulletin_templates/create.json"),
    ..Definition::FIELD_RECORD
});

struct TemplateRules;

impl Rules for TemplateRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let paragraphs: Vec<wire::Paragraph> = draft.values.list(&PARAGRAPHS).collect();
        check_paragraphs(draft, &paragraphs, faults);
        check_figures(draft, &paragraphs, context.settings.of::<FigureNames>(), faults);
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("bulletin_templates", 1)]
    }
}
