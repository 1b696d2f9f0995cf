//! Rows of sheets that say more, or say it otherwise, than a body does: columns that only sheets have, and books in which
//! several rows share a record. A kind says so; where the columns are, the frame finds out.

use std::collections::BTreeMap;

use kit::text::Text;
use kit::tree::Tree;

use super::warnings::Warning;

/// A cell of such a column that has no field, or not all of it.
pub static KEPT_IN_NOTE: Warning = Warning {
    code: "kept_in_note",
    message: Text::new("has no field of its own; kept in the note", "无对应字段,内容已记入备注"),
};

/// A row of a sheet on its way to a body.
pub struct SheetRow<'a> {
    /// The body.
    pub body: &'a mut Tree,
    /// Texts of columns that only sheets have, by the names of their fields.
    pub said: BTreeMap<&'static str, String>,
    /// Warnings: the pointer of a member or of such a column, and what was taken otherwise than it is written.
    pub warnings: Vec<(String, &'static Warning)>,
    /// Texts without a field, for the note: the pointer of a member or of such a column, and the text.
    pub noted: Vec<(String, String)>,
}

impl SheetRow<'_> {
    /// A member of the body that is text.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        match path.iter().try_fold(&*self.body, |tree, step| tree.member(step)) {
            Some(Tree::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Puts a member into the body, unless it is there.
    pub fn put(&mut self, name: &str, tree: Tree) {
        if let Tree::Object(members) = self.body
            && members.iter().all(|(other, _)| other != name)
        {
            members.push((name.to_owned(), tree));
        }
    }
}

/// A book whose rows share a record given inline: of a household its members, each a row.
pub struct Book {
    /// The field of the shared record.
    pub shared: &'static str,
    /// Its member that is its number in the book: rows of one number are of one record.
    pub number: &'static str,
    /// Its member that tells it apart without a number.
    pub apart: &'static str,
    /// The member of a row that says whether it begins another one, and the word for that.
    pub begins: (&'static str, &'static str),
    /// Members of it that a column means only by its full name: the bare one is the row's own.
    pub by_full_name: &'static [&'static str],
    /// References of it without which it is the same record: a name of nothing there goes into the note.
    pub aside: &'static [&'static str],
    /// Groups of such records under somebody of them.
    pub groups: Groups,
}

/// Groups that a book makes where it names them.
pub struct Groups {
    /// Their kind.
    pub kind: &'static str,
    /// The member of the shared record that is its group.
    pub member: &'static str,
    /// The field of a group that is its leader.
    pub leader: &'static str,
    /// The column that only sheets have, in which the leader's name stands.
    pub column: &'static str,
    /// Ending of a group's name, behind that of its leader.
    pub ending: &'static str,
    /// The field by which a row tells who it is of.
    pub person: &'static str,
    /// The warning of a record that its group had no room for.
    pub full: &'static Warning,
}
