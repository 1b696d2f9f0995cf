//! Groups that a book names by their leaders: found in its area, or made there, and led by the leader where he is one of
//! their members.

use std::collections::{BTreeMap, BTreeSet};

use kit::etag::IfMatch;
use kit::faults::Fault;
use kit::problem::Problem;
use kit::statement::ColumnType;
use kit::text::Text;
use kit::tree::Tree;
use kit::value::Value;
use uuid::Uuid;

use super::items::Item;
use super::job::Job;
use super::row::insert;
use super::tidy::told;
use crate::exchange::codes::AMBIGUOUS_NAME;
use crate::platform::privacy::blind::derived_id;
use crate::records::create::{Created, create_all};
use crate::records::envelope::AREA_CODE;
use crate::records::scope::visible_to;
use crate::records::sheet_rows::Groups as OfBook;
use crate::records::void::{BROUGHT_BACK, is_undone};
use crate::records::{Book, Kind, Record, Warning, amend, read, restore};

/// Leaders of groups whom the file doesn't name among their members, or whom several may be.
pub static LEADER_NOT_SET: Warning = Warning {
    code: "leader_not_set",
    message: Text::new(
        "groups were kept without a leader: nobody of that name is one of their members, or several are",
        "部分组未登记负责人:组内成员中没有该姓名的人,或有重名",
    ),
};
/// Groups that the caller may not make.
pub static GROUP_NOT_MADE: Warning = Warning {
    code: "group_not_made",
    message: Text::new(
        "groups that aren't in the register were not made; their households are kept without a group",
        "部分组尚未登记且未能新建,相关住户未编组",
    ),
};
/// A name of something that isn't essential to the record, and isn't in the register.
pub static NAME_NOTED: Warning = Warning {
    code: "name_not_found_noted",
    message: Text::new("nothing has this name; kept in the note", "未找到该名称,内容已移入备注"),
};

/// A group: its area, its name.
type Called = (String, String);

/// Groups that the rows of a file name.
#[derive(Default)]
pub struct Groups {
    known: BTreeMap<Called, Vec<Record>>,
    /// Groups to be led, by id: the leader's name, and who of their members has it.
    led: BTreeMap<Uuid, (String, BTreeSet<Uuid>)>,
}

impl Job {
    /// Puts ids in the place of the groups that rows name.
    pub(super) async fn gather_groups(&mut self, items: &mut [Item]) -> Result<(), Problem> {
        let Some(book) = self.kind.rules.book() else { return Ok(()) };
        let groups = &book.groups;
        let Some(kind) = self.core.kinds().kind(groups.kind) else { return Ok(()) };
        for item in items.iter_mut().filter(|item| item.header.is_some() && !item.body.ours) {
            let Some((called, leader)) = self.group_of(item, book) else { continue };
            if item.body.tree.member(book.shared).is_none() {
                continue;
            }
            if !self.groups.known.contains_key(&called) {
                let found = self.found_or_made(kind, &called, leader.as_deref()).await?;
                self.groups.known.insert(called.clone(), found);
            }
            let found = self.groups.known.get(&called).map(Vec::as_slice).unwrap_or_default();
            let path = [book.shared, groups.member];
            take(&mut item.body.tree, &path);
            match found {
                [] => {}
                [one] => {
                    let id = one.envelope.id;
                    if let Tree::Object(members) = &mut item.body.tree {
                        insert(members, &path, Tree::Text(id.to_string()));
                    }
                    if let Some(leader) = leader.filter(|_| one.values.id(groups.leader).is_none()) {
                        self.groups.led.entry(id).or_insert_with(|| (leader, BTreeSet::new()));
                    }
                }
                several => {
                    let one = |group: &Record| format!("{} {}", called.1, self.area_name(&group.envelope.area_code));
                    let values = vec![("candidates", several.iter().map(one).collect::<Vec<_>>().join("、"))];
                    let pointer = format!("/{}", path.join("/"));
                    let fault = Fault { pointer, code: AMBIGUOUS_NAME, values, hint: None };
                    item.body.problem.get_or_insert_with(|| Problem::invalid(vec![fault]));
                }
            }
        }
        Ok(())
    }

    /// The group that a row names, where it does, and the name of its leader.
    fn group_of(&self, item: &Item, book: &Book) -> Option<(Called, Option<String>)> {
        let groups = &book.groups;
        let text = |path: &[&str]| match path.iter().try_fold(&item.body.tree, |tree, step| tree.member(step)) {
            Some(Tree::Text(text)) => Some(text.trim().to_owned()),
            _ => None,
        };
        let named = text(&[book.shared, groups.member]).filter(|name| Uuid::try_parse(name).is_err());
        let leader = item.body.leader.as_ref().map(|name| name.replace(char::is_whitespace, ""));
        let name = named.or_else(|| Some(format!("{}{}", leader.as_ref()?, groups.ending)))?;
        let area = text(&[AREA_CODE.name()]).or_else(|| text(&[book.shared, AREA_CODE.name()]));
        let area = area.or_else(|| self.actor.own_area()).unwrap_or_else(|| self.district_code.clone());
        (!name.contains('\0')).then_some(((area, name), leader))
    }

    async fn found_or_made(
        &mut self,
        kind: &'static Kind,
        (area, name): &Called,
        leader: Option<&str>,
    ) -> Result<Vec<Record>, Problem> {
        let names: Vec<Value> =
            [Some(name.as_str()), leader].into_iter().flatten().map(|name| Value::Text(name.to_owned())).collect();
        let statement = visible_to(&self.actor, kind, &self.district_code)
            .sql(" AND NOT r.voided AND r.name = ANY(")
            .column(ColumnType::Text, names)
            .sql(") ORDER BY r.area_code, r.id LIMIT 20");
        let mut found = read::load(&self.core, kind, &statement).await?;
        found.retain(|group| group.envelope.area_code.starts_with(area.as_str()));
        let exact = |group: &Record| group.values.text("name") == Some(name);
        if found.iter().any(exact) {
            found.retain(exact);
        }
        // A trial writes nothing.
        if !found.is_empty() || self.options.validate_only {
            return Ok(found);
        }
        // Of a file that goes in whole or not at all nothing is written before all of it is checked.
        if self.options.atomic {
            self.told_once.insert(GROUP_NOT_MADE.code);
            return Ok(found);
        }
        match self.made(kind, area, name).await {
            Ok(record) => Ok(vec![record]),
            Err(problem) if problem.code().status().is_server_error() => Err(problem),
            Err(_) => {
                self.told_once.insert(GROUP_NOT_MADE.code);
                Ok(Vec::new())
            }
        }
    }

    async fn made(&mut self, kind: &'static Kind, area: &str, name: &str) -> Result<Record, Problem> {
        let parts = ["import group", kind.name, &self.district_code, area, name];
        let id = derived_id(&self.core.keys.identity, &parts);
        let standing = read::find_unscoped(&self.core, kind, &self.district_code, &[id]).await?.remove(&id);
        let record = match standing {
            // A group that an undo took back holds again.
            Some(group) if is_undone(&group) => {
                restore::restore(&self.core, &self.actor, kind, id, None, BROUGHT_BACK, None).await?
            }
            standing => {
                let text = |text: &str| Tree::Text(text.to_owned());
                let mut members = vec![("name".to_owned(), text(name)), (AREA_CODE.name().to_owned(), text(area))];
                if standing.is_none() {
                    members.push(("id".to_owned(), Tree::Text(id.to_string())));
                }
                let source = format!("import:{}", self.id);
                let body = [Tree::Object(members)];
                let made = create_all(&self.core, &self.actor, kind, &body, &source, None).await?;
                let missing = || Err(Problem::internal("a group has no outcome"));
                made.into_iter().next().unwrap_or_else(missing)?.into_record()
            }
        };
        self.note_number(record.envelope.change_no);
        Ok(record)
    }

    /// Notes that a number is this import's.
    pub(super) fn note_number(&mut self, number: i64) {
        let (first, last) = self.numbers.unwrap_or((number, number));
        self.numbers = Some((first.min(number), last.max(number)));
    }

    /// Notes who a row was of, where he leads its group; answers whether the group had no room.
    pub(super) fn note_leader(&mut self, item: &Item, created: &Created) -> Option<&'static Warning> {
        let book = self.kind.rules.book()?;
        let record = created.record();
        let text = |path: &[&str]| match path.iter().try_fold(&item.body.tree, |tree, step| tree.member(step)) {
            Some(Tree::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let group = text(&[book.shared, book.groups.member]).and_then(|id| Uuid::try_parse(id).ok());
        let person = record.values.id(&format!("{}_id", book.groups.person));
        let name = text(&[book.groups.person, "name"]);
        if let (Some((leader, people)), Some(person)) = (group.and_then(|id| self.groups.led.get_mut(&id)), person)
            && name == Some(leader.as_str())
        {
            people.insert(person);
        }
        let is_full = record.envelope.warnings.iter().any(|noted| noted.code == book.groups.full.code);
        is_full.then_some(book.groups.full)
    }

    /// Makes leaders of those who turned out to be members.
    pub(super) async fn set_leaders(&mut self) -> Result<(), Problem> {
        let Some(OfBook { kind, leader, .. }) = self.kind.rules.book().map(|book| &book.groups) else { return Ok(()) };
        if self.options.validate_only {
            return Ok(());
        }
        let Some(kind) = self.core.kinds().kind(kind) else { return Ok(()) };
        for (id, (_, people)) in std::mem::take(&mut self.groups.led) {
            let only = people.iter().next().filter(|_| people.len() == 1);
            let Some(person) = only else {
                self.told_once.insert(LEADER_NOT_SET.code);
                continue;
            };
            let patch = Tree::Object(vec![((*leader).to_owned(), Tree::Text(person.to_string()))]);
            match amend::amend(&self.core, &self.actor, kind, id, &IfMatch::Any, &patch, None).await {
                Ok(record) => self.note_number(record.envelope.change_no),
                Err(problem) if problem.code().status().is_server_error() => return Err(problem),
                Err(_) => drop(self.told_once.insert(LEADER_NOT_SET.code)),
            }
        }
        Ok(())
    }

    /// Whether a name may be left in the note: it is of the record that rows share, and doesn't tell it apart.
    pub(super) fn is_aside(&self, path: &[&'static str]) -> bool {
        let is_it =
            |book: &Book| matches!(path, [first, second] if *first == book.shared && book.aside.contains(second));
        self.kind.rules.book().is_some_and(is_it)
    }

    /// Moves a name into the note.
    pub(super) fn put_aside(&self, item: &mut Item, path: &[&'static str], name: String) {
        take(&mut item.body.tree, path);
        let pointer = format!("/{}", path.join("/"));
        let header = item.header.as_deref();
        let index = header.and_then(|header| header.index_of(&pointer));
        let column = header.zip(index).map(|(header, index)| header.name_of(index));
        item.body.noted.push((column.clone().unwrap_or_default(), name));
        item.body.warnings.push((0, told(column.as_deref(), &pointer, &NAME_NOTED)));
    }
}

/// Takes a member out of a body.
fn take(tree: &mut Tree, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    let Tree::Object(members) = tree else { return };
    if rest.is_empty() {
        members.retain(|(name, _)| name != first);
    } else if let Some((_, inner)) = members.iter_mut().find(|(name, _)| name == first) {
        take(inner, rest);
    }
}
