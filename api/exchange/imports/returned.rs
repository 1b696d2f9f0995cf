//! Files of ours that come back. Their rows carry the ids of records: a row that says what stands changes nothing,
//! whatever of it is masked, derived or in words; of any other only what differs is taken.

use std::collections::BTreeMap;

use kit::field::{Shape, Write};
use kit::problem::Problem;
use kit::text::{Language, Text};
use kit::time::day_of;
use kit::tree::{Tree, to_json};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::compare::{change, says, says_whole};
use super::header::{Header, Place};
use super::items::Item;
use super::job::Job;
use super::row::Body;
use super::told::{Told, ToldIn, fill, revision, told_of};
use crate::exchange::files::columns::{Column, Part, exported};
use crate::exchange::files::export::MARK;
use crate::exchange::files::names::Names;
use crate::exchange::files::rows::{OwnLabels, Writing};
use crate::exchange::files::texts::visible;
use crate::platform::privacy::REVEALERS;
use crate::records::codes::RECORD_VOIDED;
use crate::records::scope::visible_by_id;
use crate::records::{Record, Warning, read, view};

/// A column of the server's that says something else than what stands.
pub static SERVED_DIFFERS: Warning = Warning {
    code: "served_differs",
    message: Text::new(
        "the service fills this in; what the file says of it was left out",
        "该列由系统生成,文件中的不同内容未采用",
    ),
};
/// A value that is given once, and can't be amended.
pub static FIXED_DIFFERS: Warning = Warning {
    code: "fixed_differs",
    message: Text::new(
        "it can't be amended; void the record and create another",
        "该列登记后不可修改,请作废后重新登记",
    ),
};
/// A row of a file that was made before somebody else amended the record.
pub static REVISED_SINCE: Warning = Warning {
    code: "revised_since",
    message: Text::new(
        "somebody amended the record after this file was made; export it anew",
        "文件导出后该记录已被他人修订,请重新导出后再改",
    ),
};

/// The record that a row of ours is of, and what the row would change.
#[derive(Clone, Copy)]
pub struct Met {
    /// Id of the record.
    pub id: Uuid,
    /// Change that the row would make.
    pub change: Change,
}

/// Change that a row of ours would make.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Nothing,
    /// Something.
    Something,
    /// Something that can't be changed, or that somebody else changed meanwhile.
    Never,
}

/// A record as files show it.
struct Shown {
    record: Record,
    chinese: Json,
    english: Json,
    plain: Json,
    may_be_told: bool,
}

impl Shown {
    fn seen(&self) -> Vec<&Json> {
        let plain = self.may_be_told.then_some(&self.plain);
        [&self.chinese, &self.english].into_iter().chain(plain).collect()
    }

    fn of(&self, name: &str) -> Vec<&Json> {
        self.seen().into_iter().map(|json| json.get(name).unwrap_or(&Json::Null)).collect()
    }
}

impl Job {
    /// Finds the records of rows of ours, and leaves of these rows what they would change.
    pub(super) async fn recognise(&self, items: &mut [Item]) -> Result<(), Problem> {
        let ids: Vec<Uuid> = items.iter().filter_map(own_id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let shown = self.shown(&ids).await?;
        let records: Vec<Json> = shown.values().map(|shown| shown.chinese.clone()).collect();
        let columns = exported(self.kind, self.core.kinds(), true);
        let names = Names::of(&self.core, &self.actor, &self.district_code, &columns, &records, None).await?;
        for item in items {
            if let Some(shown) = own_id(item).and_then(|id| shown.get(&id)) {
                self.meet(item, shown, &columns, &names);
            }
        }
        Ok(())
    }

    async fn shown(&self, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Shown>, Problem> {
        let (core, kind) = (&self.core, self.kind);
        let mut all = BTreeMap::new();
        for district_code in &self.actor.districts {
            let statement = visible_by_id(&self.actor, kind, district_code, ids);
            for record in read::load(core, kind, &statement).await? {
                let chinese = view::record(core, kind, &record, Language::Chinese).to_json()?;
                let english = view::record(core, kind, &record, Language::English).to_json()?;
                let plain = view::plain(core, kind, &record, Language::Chinese).to_json()?;
                let envelope = &record.envelope;
                let may_be_told = self.actor.reaches(REVEALERS, &envelope.area_code, envelope.org_id);
                all.insert(envelope.id, Shown { record, chinese, english, plain, may_be_told });
            }
        }
        Ok(all)
    }

    fn meet(&self, item: &mut Item, shown: &Shown, columns: &[Column], names: &Names) {
        if let Some(header) = item.header.clone() {
            fill(&header, &mut item.body.tree);
        }
        let fields = self.kind.body_fields();
        let Tree::Object(members) = std::mem::replace(&mut item.body.tree, Tree::Null) else { return };
        let (mut kept, mut fixed, mut served) = (Vec::new(), Vec::new(), Vec::new());
        for (name, member) in members {
            let field = fields.iter().find(|field| field.name == name);
            let Some(field) = field.filter(|field| !matches!(field.shape, Shape::Inline(..)) && name != "id") else {
                kept.push((name, member));
                continue;
            };
            let seen = shown.of(field.name);
            let is_noted = field.name == "note" && !item.body.noted.is_empty();
            let is_its_name = || {
                let mut beside =
                    columns.iter().filter(|column| column.part == Part::Name && column.path == [field.name]);
                let is_it = |column: &Column, text: &str| names.name(column, &shown.chinese) == Some(text);
                beside.any(|column| matches!(&member, Tree::Text(text) if is_it(column, text)))
            };
            if !is_noted && (says(&field.shape, &member, &seen) || is_its_name()) {
                if !is_its_name() && !says_whole(&field.shape, &member, &seen) {
                    served.push(field.name);
                }
                continue;
            }
            if field.write == Write::OnCreate {
                fixed.push(field.name);
            } else {
                let standing = shown.plain.get(field.name).unwrap_or(&Json::Null);
                kept.push((name, change(&field.shape, &member, &seen, standing)));
            }
        }
        let is_changed = kept.iter().any(|(name, _)| name != "id") || !item.body.noted.is_empty();
        item.body.tree = Tree::Object(kept);
        for name in &fixed {
            warn(&mut item.body, item.header.as_deref(), name, &FIXED_DIFFERS);
        }
        let envelope = &shown.record.envelope;
        let revision = told_of(&item.body, "revision").map(revision);
        let is_stale = revision.is_some_and(|revision| revision != Some(envelope.revision));
        let is_others = is_stale && is_changed && envelope.revised_by != self.actor.user_id;
        if is_others {
            warn(&mut item.body, item.header.as_deref(), "revision", &REVISED_SINCE);
        }
        if !is_stale {
            for name in &served {
                warn(&mut item.body, item.header.as_deref(), name, &SERVED_DIFFERS);
            }
            self.compare_told(item, shown, names);
        }
        let was_void = told_of(&item.body, "voided_at").is_some_and(|told| !matches!(told.tree, Tree::Null));
        if envelope.voided && (is_changed || !was_void) {
            item.body.problem.get_or_insert_with(|| RECORD_VOIDED.into());
        }
        let change = match (is_changed, fixed.is_empty() && !is_others) {
            (_, false) => Change::Never,
            (true, true) => Change::Something,
            (false, true) => Change::Nothing,
        };
        item.met = Some(Met { id: envelope.id, change });
    }

    /// Warns of what the server fills in, where the row says something else.
    fn compare_told(&self, item: &mut Item, shown: &Shown, names: &Names) {
        for told in item.body.told.clone() {
            match &told.place {
                ToldIn::Column(index, column) => {
                    let as_told = match column.part {
                        // Of what only the server fills in the id may stand under the name's header.
                        Part::Name => {
                            names.is(column, &shown.chinese, &told.text)
                                || column.value(&shown.chinese).as_str() == Some(told.text.as_str())
                        }
                        _ => self.is_as_told(column, &told, shown),
                    };
                    if let (false, Some(header)) = (as_told, item.header.clone()) {
                        item.body.warn(&header, *index, &SERVED_DIFFERS);
                    }
                }
                ToldIn::Member(name) => {
                    let json = to_json(&told.tree);
                    let is_extra = name == "person_plain" || MARK.contains(&name.as_str());
                    if !is_extra && shown.of(name).iter().all(|seen| **seen != json) {
                        warn(&mut item.body, None, name, &SERVED_DIFFERS);
                    }
                }
            }
        }
    }

    fn is_as_told(&self, column: &Column, told: &Told, shown: &Shown) -> bool {
        let typed = told.text.replace('\r', "");
        let shape = &column.field.shape;
        shown.seen().into_iter().map(|json| column.value(json)).any(|json| {
            let own = OwnLabels::of(&self.core, &self.district_code, day_of(self.core.clock.now(), self.core.zone));
            let written =
                |writing: Writing| visible(&writing.with_own(&own).text(shape, json)).replace('\r', "") == typed;
            Writing::all(self.core.zone).into_iter().any(written) || says(shape, &told.tree, &[json])
        })
    }
}

/// Of a row of ours the id of its record.
fn own_id(item: &Item) -> Option<Uuid> {
    match item.body.tree.member("id") {
        Some(Tree::Text(id)) if item.body.ours && item.body.problem.is_none() => Uuid::try_parse(id.trim()).ok(),
        _ => None,
    }
}

fn warn(body: &mut Body, header: Option<&Header>, name: &str, warning: &Warning) {
    let pointer = format!("/{name}");
    let is_it = |place: &Place| matches!(place, Place::Served(column) if column.name() == name);
    let index = header.and_then(|header| header.index_of(&pointer).or_else(|| header.places.iter().position(is_it)));
    match (header, index) {
        (Some(header), Some(index)) => body.warn(header, index, warning),
        _ => body.warnings.push((
            0,
            json!({"column": null, "pointer": pointer, "code": warning.code, "zh": warning.message.zh, "en": warning.message.en}),
        )),
    }
}
