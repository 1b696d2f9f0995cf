//! An import as it is answered.

use kit::problem::Problem;
use kit::text::Language;
use serde_json::{Value as Json, json};

use super::outcomes;
use super::store::{self, Import, Refused};
use crate::platform::http::Call;

/// How many of the errors are shown at once.
const FIRST: i64 = 20;

/// The import with its first errors.
pub async fn view(call: &Call, import: &Import) -> Result<Json, Problem> {
    let refused = store::refused(&call.core, import, 0, FIRST).await?;
    let errors: Vec<Json> = refused.iter().map(|refused| error(import, refused, call.language)).collect();
    Ok(import.view(json!(errors), call.language))
}

/// A refused row without what it says: line, columns, codes and words.
pub fn error(import: &Import, refused: &Refused, language: Language) -> Json {
    let mut json = json!({"faults": faults(refused, language)});
    import.place_line(&mut json, refused.line);
    json
}

/// The faults of a row in one language.
pub fn faults(refused: &Refused, language: Language) -> Json {
    outcomes::told(Some(&refused.faults), language)
}

/// The faults of a row in one cell: `体温: 应在 32 至 43 之间; …`.
pub fn in_words(refused: &Refused, language: Language) -> String {
    let words = |fault: &Json| {
        let text =
            |name: &str| fault.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let message = text("message").unwrap_or_default();
        match text("column").or_else(|| text("pointer")) {
            Some(column) => format!("{column}: {message}"),
            None => message,
        }
    };
    let faults = faults(refused, language);
    faults.as_array().into_iter().flatten().map(words).collect::<Vec<_>>().join("; ")
}
