//! Words of open vocabularies: what a body says, as a code or as people call it, becomes the code that the district
//! means by it on that day. A theme lists its open vocabulary; the frame asks it before a body is read, so that whoever
//! writes a name and whoever writes its code say the same.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate};
use futures_util::future::BoxFuture;
use kit::catalogue::FaultCode;
use kit::check::{LONGEST_WORD, is_code};
use kit::faults::Faults;
use kit::field::{Field, Shape, Write};
use kit::problem::Problem;
use kit::time::day_of;
use kit::tree::Tree;
use kit::value::Values;
use kit::vocabulary::Vocabulary;
use serde_json::Value as Json;

use super::context::Context;
use super::definition::Kind;
use super::settings::Settings;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};

/// An open vocabulary.
pub struct OwnWords {
    /// Its words without a district's.
    pub vocabulary: &'static Vocabulary,
    /// Reads anew what districts added, so that a word counts from the moment after it was given.
    pub refresh: fn(&Core) -> BoxFuture<'_, Result<(), Problem>>,
    /// Codes that a text means; of a list a group's name may mean several.
    pub meant: fn(&Settings, &Asked<'_>, &str) -> Result<Vec<String>, Unmeant>,
    /// Codes with their Chinese labels, in the order in which a form shows them.
    pub all: fn(&Settings, &Asked<'_>) -> Vec<(String, String)>,
}

/// Reason for which a text means nothing.
pub type Unmeant = (FaultCode, Vec<(&'static str, String)>);

/// District and day in which a word is meant.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The district; empty where nobody knows it.
    pub district_code: &'a str,
    /// The day.
    pub on: NaiveDate,
    /// Whether one text may mean several.
    pub of_list: bool,
}

/// The open vocabularies of all themes.
#[derive(Clone, Copy, Default)]
pub struct OwnWordSources(pub &'static [&'static OwnWords]);

impl Extension for OwnWordSources {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Core {
    /// Reads the settings that rules of a kind ask for; words that districts added to its vocabularies as they stand
    /// now.
    pub async fn refresh_for(&self, kind: &Kind) -> Result<(), Problem> {
        self.refresh_settings().await?;
        for source in self.ext::<OwnWordSources>().0 {
            if kind.uses_open_words() {
                (source.refresh)(self).await?;
            }
        }
        Ok(())
    }

    /// The words of a vocabulary with a district's own; none where it is closed.
    pub fn own_words(&self, vocabulary: &Vocabulary, asked: &Asked<'_>) -> Option<Vec<(String, String)>> {
        let sources = self.ext::<OwnWordSources>().0;
        let source = sources.iter().find(|source| source.vocabulary.name == vocabulary.name)?;
        Some((source.all)(&self.settings(), asked))
    }
}

/// Writes codes in the place of names in a body; what means nothing is a fault, unless it stood in the record before.
pub fn spell_out(
    core: &Core,
    kind: &'static Kind,
    tree: &mut Tree,
    context: &Context<'_>,
    former: Option<&Values>,
    faults: &mut Faults,
) {
    if !kind.uses_open_words() {
        return;
    }
    let mut stood = BTreeSet::new();
    for (_, value) in former.into_iter().flat_map(Values::iter) {
        note_texts(&value.to_json(context.zone), &mut stood);
    }
    let asked = Asked { district_code: context.district_code, on: told_on(kind, tree, context), of_list: false };
    let speller = Speller { sources: core.ext::<OwnWordSources>().0, settings: &context.settings, asked, stood };
    let Tree::Object(members) = tree else { return };
    for field in kind.body_fields().into_iter().filter(|field| field.write != Write::Never) {
        for (_, member) in members.iter_mut().filter(|(name, _)| name == field.name) {
            speller.spell(&field.shape, member, &format!("/{}", field.name), faults);
        }
    }
}

/// Whether words of open vocabularies stand in a field.
pub fn has_open_words(field: &Field) -> bool {
    fn within(shape: &Shape) -> bool {
        match shape {
            Shape::Word(vocabulary) => vocabulary.open,
            Shape::List { of, .. } => within(of),
            Shape::Object(members) => members.iter().any(has_open_words),
            _ => false,
        }
    }
    field.write != Write::Never && within(&field.shape)
}

struct Speller<'a> {
    sources: &'static [&'static OwnWords],
    settings: &'a Settings,
    asked: Asked<'a>,
    stood: BTreeSet<String>,
}

impl Speller<'_> {
    fn spell(&self, shape: &Shape, tree: &mut Tree, at: &str, faults: &mut Faults) {
        match (shape, tree) {
            (Shape::Word(vocabulary), Tree::Text(text)) if vocabulary.open => {
                match self.meant(vocabulary, text, self.asked) {
                    Ok(codes) => codes.into_iter().take(1).for_each(|code| *text = code),
                    Err((code, values)) => faults.add_with(at, code, values),
                }
            }
            (Shape::List { of: Shape::Word(vocabulary), .. }, Tree::List(items)) if vocabulary.open => {
                self.spell_list(vocabulary, items, at, faults);
            }
            (Shape::List { of, .. }, Tree::List(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.spell(of, item, &format!("{at}/{index}"), faults);
                }
            }
            (Shape::Object(fields), Tree::Object(members)) => {
                for (name, member) in members {
                    if let Some(field) = fields.iter().find(|field| field.name == name && field.write != Write::Never) {
                        self.spell(&field.shape, member, &format!("{at}/{name}"), faults);
                    }
                }
            }
            _ => {}
        }
    }

    /// A group's name in a list stands for all of the group.
    fn spell_list(&self, vocabulary: &Vocabulary, items: &mut Vec<Tree>, at: &str, faults: &mut Faults) {
        let mut spelled: Vec<Tree> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Tree::Text(text) = item else {
                spelled.push(item.clone());
                continue;
            };
            match self.meant(vocabulary, text, Asked { of_list: true, ..self.asked }) {
                Ok(codes) if codes.len() > 1 => {
                    let new = codes.into_iter().map(Tree::Text).filter(|code| !items.contains(code));
                    spelled.extend(new.collect::<Vec<_>>());
                }
                Ok(codes) => spelled.extend(codes.into_iter().map(Tree::Text)),
                Err((code, values)) => {
                    faults.add_with(format!("{at}/{index}"), code, values);
                    spelled.push(item.clone());
                }
            }
        }
        *items = spelled;
    }

    fn meant(&self, vocabulary: &Vocabulary, text: &str, asked: Asked<'_>) -> Result<Vec<String>, Unmeant> {
        let source = self.sources.iter().find(|source| source.vocabulary.name == vocabulary.name);
        let stands = self.stood.contains(text);
        // Forms that are none are told by the check of the shape.
        let is_word = !text.trim().is_empty() && text.chars().count() <= LONGEST_WORD;
        match source.filter(|_| is_word && !stands) {
            Some(source) => (source.meant)(self.settings, &asked, text),
            None => Ok(vec![text.to_owned()]),
        }
    }
}

fn note_texts(json: &Json, texts: &mut BTreeSet<String>) {
    match json {
        // Only codes stand; names were written out.
        Json::String(text) if is_code(text) => drop(texts.insert(text.clone())),
        Json::Array(items) => items.iter().for_each(|item| note_texts(item, texts)),
        Json::Object(members) => members.values().for_each(|member| note_texts(member, texts)),
        _ => {}
    }
}

/// The day of which a body tells: words mean what they meant then.
fn told_on(kind: &Kind, tree: &Tree, context: &Context<'_>) -> NaiveDate {
    let text = |name: &str| match tree.member(name) {
        Some(Tree::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let says_day = |field: &&&Field| matches!(field.shape, Shape::Day) && (field.happened || field.required);
    let fields = kind.body_fields();
    let mut days = fields.iter().filter(says_day).filter_map(|field| text(field.name)?.parse().ok());
    let told = || {
        let at = DateTime::parse_from_rfc3339(text("occurred_at")?).ok()?;
        Some(day_of(at.to_utc(), context.zone))
    };
    days.next().or_else(told).unwrap_or_else(|| context.told_on())
}
