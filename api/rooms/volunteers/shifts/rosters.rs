//! Duty rosters (值班表): a row a post and its hours, a column a day, in each cell the names of those who stand there. One
//! sheet says which shifts there are and who takes them.

use kit::catalogue::FaultCode;
use kit::text::Text;
use kit::tree::Tree;
use kit::vocabulary::Word;

use super::assignments::{self, SHIFT_ID, VOLUNTEER_ID};
use super::{DutyRole, ENDS_AT, NEEDS, PLACE_ID, STARTS_AT};
use crate::records::SheetRow;
use crate::records::sheet_rows::KEPT_IN_NOTE;
use crate::records::wide::{NotDone, Path, Wide, WideAxis, WideCell};

/// More names than this in one cell are a text.
const MOST_NAMES: usize = 50;
/// The role of those of whom nothing else is said.
const ANYBODY: &str = super::ANYBODY.code();

/// Shifts: how many people a cell names.
pub static SHIFT_ROSTERS: Wide = Wide {
    axis: WideAxis::Day { period: (&[STARTS_AT.name()], &[ENDS_AT.name()]), read: needs },
    cell: &[NEEDS.name()],
    called: Text::new("names", "值班人员"),
    blank: &["无", "休", "休息", "空", "无人"],
    not_done: &[NotDone { words: &["停班", "放假"], code: "no_shift", meaning: Text::new("no shift", "停班") }],
    absences: None,
};
/// Assignments: each name of a cell takes the shift.
pub static ASSIGNMENT_ROSTERS: Wide = Wide {
    axis: WideAxis::Day {
        period: (&[SHIFT_ID.name(), STARTS_AT.name()], &[SHIFT_ID.name(), ENDS_AT.name()]),
        read: takers,
    },
    cell: &[VOLUNTEER_ID.name()],
    called: Text::new("names", "值班人员"),
    blank: SHIFT_ROSTERS.blank,
    not_done: SHIFT_ROSTERS.not_done,
    absences: None,
};

fn names(text: &str) -> Result<Vec<&str>, FaultCode> {
    let parts = text.split(['、', ',', '，', ';', '；', '/', ' ', '\u{3000}', '\n']);
    let names: Vec<&str> = parts.map(str::trim).filter(|name| !name.is_empty()).collect();
    let sound =
        names.len() <= MOST_NAMES && names.iter().all(|name| !name.chars().any(|letter| letter.is_ascii_digit()));
    if sound { Ok(names) } else { Err(FaultCode::BAD_FORMAT) }
}

/// A shift needs as many as are named. The names are kept in its note: who takes it is said by the assignments.
fn needs(text: &str) -> Result<Vec<WideCell>, FaultCode> {
    const COUNT: Path = &[NEEDS.name(), "count"];
    const ROLE: Path = &[NEEDS.name(), "role"];
    let names = names(text)?;
    Ok(vec![WideCell {
        members: vec![(COUNT, Tree::Number(names.len().into()))],
        defaults: vec![(ROLE, Tree::Text(ANYBODY.to_owned()))],
        noted: Some(names.join("、")),
        ..WideCell::default()
    }])
}

fn takers(text: &str) -> Result<Vec<WideCell>, FaultCode> {
    const NAME: Path = &[VOLUNTEER_ID.name(), "name"];
    const ROLE: Path = &[assignments::ROLE.name()];
    let taker = |name: &str| WideCell {
        members: vec![(NAME, Tree::Text(name.to_owned()))],
        defaults: vec![(ROLE, Tree::Text(ANYBODY.to_owned()))],
        ..WideCell::default()
    };
    Ok(names(text)?.into_iter().map(taker).collect())
}

/// A role by its word, whatever stands behind it: 测温岗 is 测温.
fn role_of(text: &str) -> Option<&'static str> {
    let bare = text.trim();
    let bare = ["岗位", "岗", "员", "人员", "组"].iter().find_map(|ending| bare.strip_suffix(ending)).unwrap_or(bare);
    let means = |word: &&Word| {
        let label = word.label.zh;
        label == text.trim() || label == bare || label.trim_end_matches('员') == bare || word.code == text.trim()
    };
    DutyRole::VOCABULARY.words.iter().find(means).map(|word| word.code)
}

/// Takes a role that is none for the post where it is: the shift's place, or in the note.
pub fn tidy_shift(row: &mut SheetRow<'_>) {
    let mut posts = Vec::new();
    let has_place = row.text(&[PLACE_ID.name()]).is_some();
    let Tree::Object(members) = &mut *row.body else { return };
    let needs = members.iter_mut().filter(|(name, _)| name == NEEDS.name());
    let needs = needs.flat_map(|(_, needs)| match needs {
        Tree::List(needs) => needs.iter_mut().collect(),
        need => vec![need],
    });
    for (index, need) in needs.enumerate() {
        let Tree::Object(need) = need else { continue };
        for (_, role) in need.iter_mut().filter(|(name, _)| name == "role") {
            let Tree::Text(text) = role else { continue };
            if DutyRole::VOCABULARY.find(text).is_some() {
                continue;
            }
            let said = role_of(text);
            if said.is_none() {
                posts.push((format!("/{}/{index}/role", NEEDS.name()), text.clone()));
            }
            said.unwrap_or(ANYBODY).clone_into(text);
        }
    }
    let Some((_, post)) = posts.first().cloned() else { return };
    if has_place || posts.iter().any(|(_, other)| *other != post) {
        row.warnings.extend(posts.iter().map(|(pointer, _)| (pointer.clone(), &KEPT_IN_NOTE)));
        row.noted.extend(posts);
    } else {
        members.push((PLACE_ID.name().to_owned(), Tree::Text(post)));
    }
}

/// Takes the role of whoever takes a shift, where it is none, for the post where that is.
pub fn tidy_assignment(row: &mut SheetRow<'_>) {
    let said = row.text(&[assignments::ROLE.name()]).map(str::to_owned);
    let Some(text) = said.filter(|text| DutyRole::VOCABULARY.find(text).is_none()) else { return };
    let role = role_of(&text).unwrap_or(ANYBODY);
    let has_place = row.text(&[SHIFT_ID.name(), PLACE_ID.name()]).is_some() || row.text(&[SHIFT_ID.name()]).is_some();
    if role_of(&text).is_none() && has_place {
        row.warnings.push((assignments::ROLE.pointer(), &KEPT_IN_NOTE));
        row.noted.push((assignments::ROLE.pointer(), text.clone()));
    }
    let Tree::Object(members) = &mut *row.body else { return };
    for (_, tree) in members.iter_mut().filter(|(name, _)| name == assignments::ROLE.name()) {
        *tree = Tree::Text(role.to_owned());
    }
    if role_of(&text).is_some() || has_place {
        return;
    }
    match members.iter_mut().find(|(name, _)| name == SHIFT_ID.name()) {
        Some((_, Tree::Object(shift))) => shift.push((PLACE_ID.name().to_owned(), Tree::Text(text))),
        Some(_) => {}
        None => {
            let shift = vec![(PLACE_ID.name().to_owned(), Tree::Text(text))];
            members.push((SHIFT_ID.name().to_owned(), Tree::Object(shift)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::role_of;

    #[test]
    fn roles_and_posts() {
        for (text, role) in [
            ("测温", Some("temperature_taker")),
            ("测温岗", Some("temperature_taker")),
            ("登记员", Some("registrar")),
            ("宣传", Some("publicist")),
            ("北门卡点", None),
            ("小区东门", None),
        ] {
            assert_eq!(role_of(text), role, "{text}");
        }
    }
}
