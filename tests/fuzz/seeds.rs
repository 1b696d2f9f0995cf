//! Seeds with which mutations begin.

use std::path::{Path, PathBuf};

/// The files of ways in.
pub fn corpus(ways: &[&str]) -> Vec<Vec<u8>> {
    ways.iter().flat_map(|way| crate::corpus::files(way)).map(|(_, bytes)| bytes).collect()
}

/// The strings of lists, each a JSON string at the end of its line.
pub fn strings(way: &str, lists: &[&str]) -> Vec<Vec<u8>> {
    let lines = lists.iter().flat_map(|list| crate::corpus::lines(way, list));
    let text = |line: String| serde_json::from_str::<String>(&line[line.find('"').unwrap()..]).unwrap();
    lines.map(|line| text(line).into_bytes()).collect()
}

/// The document's examples.
pub fn examples() -> Vec<Vec<u8>> {
    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { gather(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    gather(&[env!("CARGO_MANIFEST_DIR"), "openapi", "examples"].iter().collect::<PathBuf>(), &mut found);
    found.sort();
    found.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Tokens that parsers stumble over.
pub const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x81",
    b"\x81\x30",
    b"\"",
    b"\"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b",",
    b";",
    b"\t",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"sep=;\n",
    b"'",
    b"=",
    b"-",
    b"+",
    b"@",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[",
    b"{\"a\":",
    b"null",
    b"true",
    b"1e400",
    b"1e-9",
    b"-0",
    b"9223372036854775808",
    b"0.1",
    b"1.5,",
    b"NaN",
    b"#N/A",
    b"%",
    b"%00",
    b"%zz",
    b"&",
    b"~",
    b"~1",
    b"/",
    b".",
    b"..",
    b"<",
    b"&amp;",
    b"&#0;",
    b"A1048577",
    b"XFE1",
    b"2020-02-30",
    b"2016-12-31T23:59:60Z",
    b"24:00",
    "下午13:00".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{200d}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{3000}".as_bytes(),
    "\u{a0}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{85}".as_bytes(),
    "＝".as_bytes(),
    "－".as_bytes(),
    "．".as_bytes(),
    "℃".as_bytes(),
    "川".as_bytes(),
    "挂".as_bytes(),
    "Ⅹ".as_bytes(),
    "Ａ".as_bytes(),
    "𠮷".as_bytes(),
    "e\u{301}".as_bytes(),
    "ß".as_bytes(),
    "İ".as_bytes(),
];
