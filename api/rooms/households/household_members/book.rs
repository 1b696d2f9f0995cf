//! Household books (户籍册, 户口登记册): a row a person, whose household stands in the rows of its first member, and whose group is
//! named by its leader.

use kit::field::{Field, free_text};
use kit::text::Text;
use kit::tree::Tree;

use super::{HOUSEHOLD, PERSON, RELATION, Relation};
use crate::records::sheet_rows::Groups;
use crate::records::{Book, SheetRow};
use crate::rooms::households::household_groups::LEADER_PERSON_ID;
use crate::rooms::households::household_groups::decider::FULL;
use crate::rooms::households::households::{CONTACT_PHONE, DOOR, GRID_CELL_ID, HOUSEHOLD_GROUP_ID, HOUSEHOLD_NO};

/// Column of the head's name in the row of every member.
const HEAD: &str = "head_name";
/// Column of the name of who leads the household's group.
const LEADER: &str = "group_leader_name";

/// Columns that only the book has.
pub static SHEET_FIELDS: &[Field] = &[
    Field::new(
        HEAD,
        free_text(60),
        Text::new("Head of the household", "户主"),
        "Who is the head of the household: of whoever has that name.",
    )
    .also(&["户主姓名", "户主名", "户主名称"]),
    Field::new(
        LEADER,
        free_text(60),
        Text::new("Group leader", "联户长"),
        "Who leads the household's group of ten: the group is found by that name, or made.",
    )
    .also(&["联户长姓名", "十户长", "十户联长", "联户负责人", "中心户长", "联户组长"]),
];

/// The book.
pub static BOOK: Book = Book {
    shared: HOUSEHOLD.name(),
    number: HOUSEHOLD_NO.name(),
    apart: DOOR.name(),
    begins: (RELATION.name(), Relation::Head.code()),
    by_full_name: &[CONTACT_PHONE.name()],
    aside: &[GRID_CELL_ID.name()],
    groups: Groups {
        kind: "household_groups",
        member: HOUSEHOLD_GROUP_ID.name(),
        leader: LEADER_PERSON_ID.name(),
        column: LEADER,
        ending: "组",
        person: PERSON.name(),
        full: &FULL,
    },
};

/// The head of the household is whoever has the name that the column says, where the row says no relation.
pub fn tidy(row: &mut SheetRow<'_>) {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let Some(head) = row.said.remove(HEAD).map(|name| bare(&name)) else { return };
    let is_head = row.text(&[PERSON.name(), "name"]).is_some_and(|name| bare(name) == head);
    if is_head {
        row.put(RELATION.name(), Tree::Text(Relation::Head.code().to_owned()));
    }
}
