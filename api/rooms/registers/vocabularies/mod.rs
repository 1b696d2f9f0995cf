//! Vocabularies: every word that a form can offer, with its labels in both languages. They are found
//! in the field tables; nothing is listed here.

pub mod told;

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::field::{Field, Shape};
use kit::vocabulary::Vocabulary;
use serde_json::{Value as Json, json};

use crate::platform::access::keys::KeyScope;
use crate::platform::config::Config;
use crate::platform::core::Core;
use crate::platform::core::Extension;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let example = json!({"items": [{"name": "direction", "label_en": "Direction", "label_zh": "方向",
        "words": [{"code": "in", "label_en": "in", "label_zh": "进", "closed": false}]}]});
    vec![
        Operation::new(Method::GET, "/v1/vocabularies", "list_vocabularies", list)
            .described(
                "vocabularies",
                "List the vocabularies",
                "Every controlled vocabulary with its words. For building forms; new words may come.",
            )
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .answers_with(200, "All vocabularies.", Some(reference("VocabularyList")), Some(example)),
    ]
}

async fn list(call: Call) -> Answer {
    let items: Vec<Json> = of_service(&call.core).into_values().map(view).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "private, max-age=300")).json(json!({"items": items})))
}

/// Vocabularies that no field of a record uses.
#[derive(Clone, Copy, Default)]
pub struct Vocabularies(pub &'static [&'static Vocabulary]);

impl Extension for Vocabularies {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

/// All vocabularies by name.
pub fn of_service(core: &Core) -> BTreeMap<&'static str, &'static Vocabulary> {
    let mut found = BTreeMap::new();
    for vocabulary in core.ext::<Vocabularies>().0 {
        found.insert(vocabulary.name, *vocabulary);
    }
    for kind in core.kinds().kinds() {
        collect(kind.fields, &mut found);
    }
    found
}

fn collect(fields: &'static [Field], found: &mut BTreeMap<&'static str, &'static Vocabulary>) {
    for field in fields {
        of_shape(&field.shape, found);
    }
}

fn of_shape(shape: &Shape, found: &mut BTreeMap<&'static str, &'static Vocabulary>) {
    match shape {
        Shape::Word(vocabulary) => {
            found.insert(vocabulary.name, vocabulary);
        }
        Shape::List { of, .. } => of_shape(of, found),
        Shape::Object(fields) => collect(fields, found),
        _ => {}
    }
}

fn view(vocabulary: &Vocabulary) -> Json {
    let words: Vec<Json> = vocabulary
        .words
        .iter()
        .map(|word| json!({"code": word.code, "label_en": word.label.en, "label_zh": word.label.zh, "closed": word.closed}))
        .collect();
    json!({"name": vocabulary.name, "label_en": vocabulary.label.en, "label_zh": vocabulary.label.zh, "words": words})
}

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let text = |about: &str| json!({"type": "string", "maxLength": 100, "description": about});
    let word = json!({"type": "object", "description": "A word of a vocabulary.", "required": ["code", "label_en", "label_zh", "closed"], "properties": {
        "closed": {"type": "boolean", "description": "Whether nobody may write it; a form leaves it out."}, "code": text("What JSON has."), "label_en": text("What people see, English."), "label_zh": text("What people see, Chinese.")}});
    let list = json!({"type": "object", "description": "A vocabulary.", "required": ["name", "label_en", "label_zh", "words"], "properties": {
        "name": text("Its name."), "label_en": text("What it lists, English."), "label_zh": text("What it lists, Chinese."),
        "words": {"type": "array", "maxItems": 500, "items": reference("VocabularyWord"), "description": "Its words, in the order of a form."}}});
    let all = json!({"type": "object", "description": "All vocabularies.", "required": ["items"], "properties": {
        "items": {"type": "array", "maxItems": 500, "items": reference("Vocabulary"), "description": "The vocabularies by name."}}});
    vec![("VocabularyWord".into(), word), ("Vocabulary".into(), list), ("VocabularyList".into(), all)]
}
