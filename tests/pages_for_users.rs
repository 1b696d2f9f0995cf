//! Pages for users: what is there in English and in Chinese is made alike, and every link leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders whose pages users read.
const FOLDERS: [&str; 3] = ["", "docs", "openapi"];
const CHINESE: &str = ".zh-CN.md";

#[test]
fn pages_in_chinese_are_made_like_those_in_english() {
    let translated: Vec<(PathBuf, PathBuf)> = pages().into_iter().filter_map(translation).collect();
    assert!(translated.len() >= 8, "{translated:?}");
    for (english, chinese) in translated {
        let (in_english, in_chinese) = (read(&english), read(&chinese));
        let (left, right) = (parts(&in_english), parts(&in_chinese));
        let alike = left.iter().zip(&right).take_while(|(left, right)| left.0 == right.0).count();
        let different = (left.get(alike), right.get(alike));
        assert!(different == (None, None), "{} differs, mark and line: {different:?}", chinese.display());
        assert!(links(&in_english).contains(&name(&chinese)), "{} names no {}", english.display(), name(&chinese));
        assert!(links(&in_chinese).contains(&name(&english)), "{} names no {}", chinese.display(), name(&english));
    }
}

#[test]
fn links_of_pages_lead_somewhere() {
    for page in pages() {
        let text = read(&page);
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.with_file_name("").join(path) };
            assert!(target.exists(), "{}: {link}", page.display());
            assert!(
                anchor.is_empty() || anchors(&read(&target)).contains(&anchor.to_owned()),
                "{}: {link}",
                page.display()
            );
        }
    }
}

#[test]
fn a_lost_heading_paragraph_or_command_is_seen() {
    let page = "# One\n\nOf two\nlines.\n\n- a\n\n```sh\n# no heading\n```\n\n| b |\n";
    let marks: Vec<String> = parts(page).into_iter().map(|(mark, _)| mark).collect();
    assert_eq!(marks, ["#", "text", "-", "```sh", "```", "|"]);
    assert_eq!(links("[a](b.md#c) `d`\n```\n[e](f)\n```\n[g](h)"), ["b.md#c", "h"]);
    assert_eq!(anchors("## A clerk's sheet\n## 录入员的表格"), ["a-clerks-sheet", "录入员的表格"]);
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// The page in English and the one in Chinese, of one in Chinese.
fn translation(chinese: PathBuf) -> Option<(PathBuf, PathBuf)> {
    let english = format!("{}.md", name(&chinese).strip_suffix(CHINESE)?);
    Some((chinese.with_file_name(english), chinese))
}

fn name(page: &Path) -> &str {
    page.file_name().and_then(|name| name.to_str()).unwrap()
}

fn read(page: &Path) -> String {
    fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// Lines of a page with their numbers, and whether each belongs to code.
fn lines(page: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let mut in_code = false;
    page.lines().enumerate().map(move |(index, line)| {
        let line = line.trim_start();
        let fence = line.starts_with("```");
        in_code ^= fence;
        (index + 1, line, in_code && !fence)
    })
}

/// Parts of a page, with the line: marks of headings, of code with its language, of rows, items and paragraphs.
fn parts(page: &str) -> Vec<(String, usize)> {
    let mut behind_blank = true;
    let mut parts = Vec::new();
    for (number, line, in_code) in lines(page) {
        let mark = match line.split_once(' ') {
            _ if in_code || line.is_empty() => None,
            _ if line.starts_with("```") => Some(line),
            Some((mark @ ("#" | "##" | "###" | "####" | "|" | "-"), _)) => Some(mark),
            _ => behind_blank.then_some("text"),
        };
        parts.extend(mark.map(|mark| (mark.to_owned(), number)));
        behind_blank = line.is_empty();
    }
    parts
}

fn links(page: &str) -> Vec<&str> {
    lines(page)
        .filter(|(_, _, in_code)| !in_code)
        .flat_map(|(_, line, _)| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
        .collect()
}

/// Names of a page's headings in addresses.
fn anchors(page: &str) -> Vec<String> {
    let heading = |line: &str| {
        line.split_once("# ")
            .filter(|(marks, _)| marks.chars().all(|mark| mark == '#'))
            .map(|(_, text)| text.to_owned())
    };
    let anchor = |text: String| -> String {
        text.to_lowercase()
            .chars()
            .filter_map(|letter| match letter {
                ' ' => Some('-'),
                '-' | '_' => Some(letter),
                _ => letter.is_alphanumeric().then_some(letter),
            })
            .collect()
    };
    lines(page).filter(|(_, _, in_code)| !in_code).filter_map(|(_, line, _)| heading(line)).map(anchor).collect()
}
