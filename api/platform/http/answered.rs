//! Schemas of what is answered: a struct is the answer and, by what utoipa derives of it, its schema in the document.

use std::marker::PhantomData;

use kit::field::{Field, Shape};
use kit::json::put;
use kit::vocabulary::Vocabulary;
use serde_json::{Map, Value as Json, json};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{Object, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::schema::{Direction, of_field, of_shape};

/// The schema of a type under its name, and those of all types that it names.
pub fn schemas_of<T: ToSchema>() -> Vec<(String, Json)> {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    found.into_iter().map(|(name, schema)| (name, told(&schema))).collect()
}

/// A derived schema as the document tells it.
pub fn told(schema: &RefOr<Schema>) -> Json {
    let mut json = serde_json::to_value(schema).unwrap_or(Json::Null);
    fold(&mut json);
    json
}

/// The schema of a member that a form has, too: the field table says it for both.
pub fn of_form(field: &Field) -> RefOr<Schema> {
    verbatim(&of_field(field, field.takes_null(), Direction::Served))
}

/// The schema of a member that is one of a vocabulary's words, and there will be no others.
pub fn of_words(vocabulary: &'static Vocabulary, about: &str) -> RefOr<Schema> {
    let mut schema = of_shape(&Shape::Word(vocabulary));
    put(&mut schema, "description", about);
    verbatim(&schema)
}

/// The schema of a member that is a problem, or null.
pub fn problem_or_null(about: &str) -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    OneOfBuilder::new().item(Ref::from_schema_name("Problem")).item(null).description(Some(about)).into()
}

fn verbatim(json: &Json) -> RefOr<Schema> {
    let mut schema = Object::with_type(SchemaType::AnyValue);
    schema.extensions = json.as_object().map(|members| members.clone().into_iter().collect());
    schema.into()
}

/// A schema of which the fields of a struct can't tell by their types; named as a member's `value_type`, with `inline`.
pub trait Said {
    /// The schema.
    fn schema() -> ObjectBuilder;
}

/// Stands for the schema that something says.
pub struct Saying<S>(PhantomData<S>);

impl<S: Said> PartialSchema for Saying<S> {
    fn schema() -> RefOr<Schema> {
        S::schema().into()
    }
}

impl<S: Said> ToSchema for Saying<S> {}

/// An object of any members.
pub struct Members;
/// An object of any members.
pub type AnyObject = Saying<Members>;

impl Said for Members {
    fn schema() -> ObjectBuilder {
        let free = AdditionalProperties::FreeForm(true);
        ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(free))
    }
}

/// A text of at most so many characters.
pub struct Characters<const MOST: usize>;
/// A text of at most so many characters, for items of lists: the derive bounds members only.
pub type Text<const MOST: usize> = Saying<Characters<MOST>>;

impl<const MOST: usize> Said for Characters<MOST> {
    fn schema() -> ObjectBuilder {
        ObjectBuilder::new().schema_type(Type::String).max_length(Some(MOST))
    }
}

/// Folds what the derive nests: an object written into another, and what may be null.
fn fold(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(fold),
        Json::Object(members) => {
            members.values_mut().for_each(fold);
            fold_parts(members);
            fold_nullable(members);
            read_comment(members);
            // Names of members are texts anyway.
            members.remove("propertyNames");
        }
        _ => {}
    }
}

/// References stay in `allOf`; what stands in it inline is the object itself, or words about it.
fn fold_parts(members: &mut Map<String, Json>) {
    let Some(Json::Array(parts)) = members.remove("allOf") else { return };
    let own_description = members.remove("description");
    let (named, inline): (Vec<Json>, Vec<Json>) = parts.into_iter().partition(|part| part.get("$ref").is_some());
    for part in inline {
        let Json::Object(part) = part else { continue };
        for (name, value) in part {
            match (members.get_mut(&name), value) {
                (Some(Json::Object(known)), Json::Object(more)) => known.extend(more),
                (Some(Json::Array(known)), Json::Array(more)) if name == "required" => known.extend(more),
                (Some(known @ Json::String(_)), more) if name == "description" => *known = more,
                (Some(_), _) => {}
                (None, value) => {
                    members.insert(name, value);
                }
            }
        }
    }
    if let Some(about) = own_description {
        members.insert("description".into(), about);
    }
    if !named.is_empty() {
        let named = named.iter().filter_map(|part| part.get("$ref")).map(|target| json!({"$ref": target}));
        members.insert("allOf".into(), named.collect::<Json>());
    }
}

/// A comment's lines are one text. One that begins with a label in both languages, by itself, has its title there; the
/// derive knows none.
fn read_comment(members: &mut Map<String, Json>) {
    let Some(Json::String(comment)) = members.get("description") else { return };
    let mut parts: Vec<String> = comment.split("\n\n").map(|part| part.replace('\n', " ")).collect();
    let label = parts.first().filter(|part| parts.len() > 1 && part.contains(" · ")).cloned();
    if let Some(label) = label {
        parts.remove(0);
        members.insert("title".into(), label.into());
    }
    members.insert("description".into(), parts.join("\n\n").into());
}

/// Folds nullable members: a value is of two types, a reference one of both.
fn fold_nullable(members: &mut Map<String, Json>) {
    let Some(Json::Array(choices)) = members.get_mut("oneOf") else { return };
    choices.sort_by_key(|choice| choice.get("type") == Some(&"null".into()));
    let [Json::Object(one), null] = choices.as_mut_slice() else { return };
    if null.get("type") != Some(&"null".into()) {
        return;
    }
    let about = one.remove("description");
    let inline = one.get("$ref").is_none().then(|| std::mem::take(one));
    if let Some(mut inline) = inline {
        members.remove("oneOf");
        let name = inline.remove("type").unwrap_or_default();
        members.insert("type".into(), Json::Array(vec![name, "null".into()]));
        members.extend(inline);
    }
    if let Some(about) = about {
        members.entry("description").or_insert(about);
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    /// A part.
    #[derive(Serialize, ToSchema)]
    struct Part {
        /// How many.
        count: i32,
    }

    /// A whole.
    #[derive(Serialize, ToSchema)]
    struct Whole {
        #[serde(flatten)]
        #[schema(inline)]
        part: Part,
        /// Name · 名称
        ///
        /// What it is called,
        /// by people.
        name: String,
        /// More of it.
        #[schema(required, inline, value_type = Option<AnyObject>)]
        more: Json,
        /// Another one.
        #[schema(required)]
        other: Option<Part>,
    }

    #[test]
    fn what_the_derive_nests_is_folded() {
        let schemas = schemas_of::<Whole>();
        let (name, whole) = &schemas[0];
        assert_eq!(name, "Whole");
        let expected = json!({
            "type": "object", "description": "A whole.", "required": ["count", "name", "more", "other"],
            "properties": {
                "count": {"type": "integer", "format": "int32", "description": "How many."},
                "name": {"type": "string", "title": "Name · 名称", "description": "What it is called, by people."},
                "more": {"type": ["object", "null"], "additionalProperties": true, "description": "More of it."},
                "other": {"oneOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}], "description": "Another one."},
            },
        });
        assert_eq!(*whole, expected);
        assert!(schemas.iter().any(|(name, _)| name == "Part"));
    }
}
