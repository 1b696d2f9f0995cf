//! Vocabularies: every word that a form can offer, with its labels in both languages. They are found
//! in the field tables; nothing is listed here.

pub mod told;

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::field::{Field, Shape};
use kit::vocabulary::{Vocabulary, Word};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::platform::access::keys::KeyScope;
use crate::platform::config::Config;
use crate::platform::core::Core;
use crate::platform::core::Extension;
use crate::platform::http::{Access, Answer, Call, Operation};

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let example = json!({"items": [{"name": "direction", "label_en": "Direction", "label_zh": "方向",
        "words": [{"code": "in", "label_en": "in", "label_zh": "进", "closed": false}], "open": false}]});
    vec![
        Operation::new(Method::GET, "/v1/vocabularies", "list_vocabularies", list)
            .described(
                "vocabularies",
                "List the vocabularies",
                "Every controlled vocabulary with its words. For building forms; new words may come.",
            )
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .answers::<VocabularyList>(200, "All vocabularies.", Some(example)),
    ]
}

async fn list(call: Call) -> Answer {
    let items = of_service(&call.core).into_values().map(view).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "private, max-age=300")).json(VocabularyList { items }))
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

/// All vocabularies.
#[derive(Serialize, ToSchema)]
struct VocabularyList {
    /// The vocabularies by name.
    #[schema(max_items = 500)]
    items: Vec<ShownVocabulary>,
}

/// A vocabulary.
#[derive(Serialize, ToSchema)]
#[schema(as = Vocabulary)]
struct ShownVocabulary {
    /// Its name.
    #[schema(max_length = 100)]
    name: &'static str,
    /// Label of the vocabulary, English.
    #[schema(max_length = 100)]
    label_en: &'static str,
    /// Label of the vocabulary, Chinese.
    #[schema(max_length = 100)]
    label_zh: &'static str,
    /// Its words, in the order of a form.
    #[schema(max_items = 500)]
    words: Vec<VocabularyWord>,
    /// Whether districts add words of their own, told elsewhere.
    open: bool,
}

/// A word of a vocabulary.
#[derive(Serialize, ToSchema)]
struct VocabularyWord {
    /// Code of the word in JSON.
    #[schema(max_length = 100)]
    code: &'static str,
    /// Label that people see, English.
    #[schema(max_length = 100)]
    label_en: &'static str,
    /// Label that people see, Chinese.
    #[schema(max_length = 100)]
    label_zh: &'static str,
    /// Whether nobody may write it; a form leaves it out.
    closed: bool,
}

fn view(vocabulary: &'static Vocabulary) -> ShownVocabulary {
    let word = |word: &'static Word| VocabularyWord {
        code: word.code,
        label_en: word.label.en,
        label_zh: word.label.zh,
        closed: word.closed,
    };
    let (label_en, label_zh) = (vocabulary.label.en, vocabulary.label.zh);
    let words = vocabulary.words.iter().map(word).collect();
    ShownVocabulary { name: vocabulary.name, label_en, label_zh, words, open: vocabulary.open }
}
