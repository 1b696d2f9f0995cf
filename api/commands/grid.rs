//! Tables for the terminal, whose columns stand below each other: a hanzi takes two places.

/// Places that a cell takes at most.
const WIDEST: usize = 28;

/// Places that a letter takes.
fn places(letter: char) -> usize {
    let is_wide = matches!(letter, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}');
    if is_wide { 2 } else { 1 }
}

/// Places that a text takes.
fn width(text: &str) -> usize {
    text.chars().map(places).sum()
}

/// A text that takes so many places at most, in one line and without signs that move the cursor.
fn cut(text: &str, widest: usize) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if width(&text) <= widest {
        return text;
    }
    let (mut cut, mut taken) = (String::new(), 0);
    for letter in text.chars() {
        taken += places(letter);
        if taken >= widest {
            break;
        }
        cut.push(letter);
    }
    cut + "…"
}

/// Lines of a table, its header first, long cells cut.
pub fn lines(rows: &[Vec<String>]) -> Vec<String> {
    within(rows, WIDEST)
}

/// The same with cells as they are, for what people copy from it.
pub fn whole_lines(rows: &[Vec<String>]) -> Vec<String> {
    within(rows, usize::MAX)
}

fn within(rows: &[Vec<String>], widest: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| cut(cell, widest)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest_of = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| widest_of(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let padded =
            |(cell, wide): (&String, &usize)| format!("{cell}{}", " ".repeat(wide.saturating_sub(width(cell))));
        let cells: Vec<String> = row.iter().zip(&widths).map(padded).collect();
        format!("  {}", cells.join("  ").trim_end())
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if !lines.is_empty() {
        let rule: Vec<String> = widths.iter().map(|wide| "-".repeat(*wide)).collect();
        lines.insert(1, format!("  {}", rule.join("  ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let told = lines(&[
            row(["姓名", "temp"]),
            row(["A", "36.5"]),
            row(["很长很长很长很长很长很长很长很长的名字", "\u{1b}[2J"]),
        ]);
        assert_eq!(told[0], format!("  姓名{}  temp", " ".repeat(23)));
        assert_eq!(told[2], format!("  A{}  36.5", " ".repeat(26)));
        assert!(told[3].contains("很…") && told[3].ends_with(" [2J"), "{told:?}");
        assert_eq!(lines(&[]), Vec::<String>::new());
    }
}
