//! The only list of themes, and what the server makes of it: kinds, operations, the document.

use std::sync::LazyLock;

use kit::catalogue::{Code, FaultCode};
use kit::vocabulary::Vocabulary;
use serde_json::{Map, Value as Json};

use crate::exchange::files::export;
use crate::exchange::{self, changes, export_requests, imports, sync};
use crate::platform::http::Operation;
use crate::platform::http::document::{self, Codes};
use crate::platform::{self, access, audit, divisions};
use crate::records::hooks::Hooks;
use crate::records::named_figures::NamedFigures;
use crate::records::own_words::OwnWords;
use crate::records::settings::SettingSource;
use crate::records::theme::{BeforeRecount, Eraser, KeptObject, Proof};
use crate::records::{self, Kind, Registry, Theme};
use crate::rooms::observation::own_cases;
use crate::rooms::registers::comparisons;
use crate::rooms::{
    accounts, attachments, bulletins, checkpoints, communities, compounds, duties, households, justice, notifications,
    observation, prevention, registers, relief, reporting, reports, retention, supervision, supply, travel, units,
    venues, volunteers, webhooks, youth,
};
use crate::server::{pages, reference};
use crate::statistics;

/// Every theme, those whose kinds are named before those that name them.
pub static THEMES: &[&Theme] = &[
    &accounts::THEME,
    &registers::THEME,
    &checkpoints::THEME,
    &households::THEME,
    &prevention::THEME,
    &observation::THEME,
    &duties::THEME,
    &supply::THEME,
    &relief::THEME,
    &compounds::THEME,
    &venues::THEME,
    &supervision::THEME,
    &travel::THEME,
    &communities::THEME,
    &units::THEME,
    &reporting::THEME,
    &justice::THEME,
    &youth::THEME,
    &volunteers::THEME,
    &attachments::THEME,
    &reports::THEME,
    &bulletins::THEME,
    &notifications::THEME,
    &webhooks::THEME,
    &retention::THEME,
];

/// Every kind of record.
pub static KINDS: LazyLock<Vec<&'static Kind>> =
    LazyLock::new(|| THEMES.iter().flat_map(|theme| theme.kinds).copied().collect());

/// The dated settings of all themes.
pub static SETTINGS: LazyLock<Vec<&'static SettingSource>> =
    LazyLock::new(|| THEMES.iter().flat_map(|theme| theme.settings).copied().collect());

/// The open vocabularies of all themes.
pub static OWN_WORDS: LazyLock<Vec<&'static OwnWords>> =
    LazyLock::new(|| THEMES.iter().flat_map(|theme| theme.own_words).copied().collect());

/// The named figures of all themes.
pub static NAMED_FIGURES: LazyLock<Vec<&'static dyn NamedFigures>> =
    LazyLock::new(|| THEMES.iter().flat_map(|theme| theme.figures).copied().collect());

/// Corrections by themes in a district before its figures are counted anew.
pub static BEFORE_RECOUNT: LazyLock<Vec<BeforeRecount>> =
    LazyLock::new(|| THEMES.iter().flat_map(|theme| theme.before_recount).copied().collect());

/// Proofs by themes of what they keep beside their records.
pub static PROOFS: LazyLock<Vec<Proof>> =
    LazyLock::new(|| THEMES.iter().flat_map(|theme| theme.proofs).copied().collect());

/// Erasers of what themes keep beside records, for a purge.
pub static ERASERS: LazyLock<Vec<Eraser>> =
    LazyLock::new(|| THEMES.iter().flat_map(|theme| theme.erasers).copied().collect());

/// Objects that themes keep sealed beside records.
pub static KEPT_OBJECTS: LazyLock<Vec<KeptObject>> =
    LazyLock::new(|| THEMES.iter().flat_map(|theme| theme.kept_objects).copied().collect());

/// Vocabularies that no field of a record uses.
pub static VOCABULARIES: LazyLock<Vec<&'static Vocabulary>> = LazyLock::new(|| {
    let own = [&access::roles::ROLE, &access::keys::KEY_SCOPE];
    own.into_iter().chain(THEMES.iter().flat_map(|theme| theme.vocabularies).copied()).collect()
});

/// Every code: the packages', the layers', the themes'.
pub static CODES: LazyLock<Codes> = LazyLock::new(|| Codes {
    problems: [Code::ALL, platform::codes::PROBLEMS, records::codes::PROBLEMS, exchange::codes::PROBLEMS]
        .into_iter()
        .chain(THEMES.iter().map(|theme| theme.problems))
        .flatten()
        .copied()
        .collect(),
    faults: [
        FaultCode::ALL,
        platform::codes::FAULTS,
        records::codes::FAULTS,
        exchange::codes::FAULTS,
        statistics::codes::FAULTS,
    ]
    .into_iter()
    .chain(THEMES.iter().map(|theme| theme.faults))
    .flatten()
    .copied()
    .collect(),
});

/// Functions of layers and themes that the frame of records calls.
pub static HOOKS: Hooks = Hooks {
    export: |kind, call, format| Box::pin(export::export(kind, call, format)),
    read_plain: own_cases::READ_PLAIN,
    tell_plainly: |call, verb, records| Box::pin(own_cases::tell_plainly(call, verb, records)),
    met: |core, actor, kind, outcomes| Box::pin(comparisons::met(core, actor, kind, outcomes)),
    ask: |call, questions| match questions {
        Some(questions) => comparisons::ask(call, questions),
        None => comparisons::ask_with_file(call),
    },
};

/// All kinds of the service.
pub fn kinds() -> Registry {
    Registry::new(&KINDS)
}

/// Every operation of the service, in the order of the document.
pub fn operations(kinds: &Registry) -> Vec<Operation> {
    let mut operations = pages::operations();
    operations.extend(access::operations::operations());
    operations.extend(audit::operations());
    operations.extend(divisions::operations());
    operations.extend(changes::operations(kinds));
    operations.extend(sync::operations());
    operations.extend(imports::operations(kinds));
    operations.extend(export_requests::operations());
    operations.extend(THEMES.iter().flat_map(|theme| (theme.operations)()));
    operations.extend(statistics::operations(kinds));
    // One list for the restorations of all kinds: that is what clients were promised.
    let conflicts: Vec<Code> = kinds.kinds().flat_map(|kind| kind.rules.conflicts()).copied().collect();
    operations.extend(kinds.kinds().flat_map(|kind| records::operations::of_kind(kind, &conflicts)));
    operations
}

/// The document of the service.
pub fn document(kinds: &Registry) -> Json {
    let mut schemas: Map<String, Json> = Map::new();
    schemas.extend(sync::schemas());
    schemas.extend(THEMES.iter().flat_map(|theme| (theme.schemas)()));
    schemas.extend(kinds.kinds().flat_map(records::document::schemas));
    schemas.extend(records::document::of_all_kinds());
    let operations = operations(kinds);
    document::document(&operations, &reference::chapters(&operations), &CODES, schemas)
}
