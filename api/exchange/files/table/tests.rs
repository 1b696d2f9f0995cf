use super::*;

fn split(text: &str, piece: usize) -> Vec<(u64, Vec<String>)> {
    let (mut splitter, mut rows) = (Splitter::default(), Vec::new());
    let letters: Vec<char> = text.chars().collect();
    for piece in letters.chunks(piece) {
        splitter.push(&piece.iter().collect::<String>(), false, &mut rows);
    }
    splitter.push("", true, &mut rows);
    assert!(rows.iter().all(|row| row.flaw.is_none()));
    rows.into_iter().map(|row| (row.line, row.cells)).collect()
}

#[test]
fn rows_are_the_same_however_the_text_is_cut() {
    let text = "\r\n姓名,备注\r\n张三,\"说\"\"好\"\"\n第二行\"\n\n李四, \"x\" \r王五,a\"b\n赵六";
    let expected = vec![
        (2, vec!["姓名".to_owned(), "备注".to_owned()]),
        (3, vec!["张三".to_owned(), "说\"好\"\n第二行".to_owned()]),
        (6, vec!["李四".to_owned(), "x".to_owned()]),
        (7, vec!["王五".to_owned(), "a\"b".to_owned()]),
        (8, vec!["赵六".to_owned()]),
    ];
    for piece in 1..30 {
        assert_eq!(split(text, piece), expected, "piece {piece}");
    }
}

#[test]
fn a_quote_within_a_cell_opens_none() {
    let cells = |text: &str| split(text, 3).into_iter().map(|(_, cells)| cells).collect::<Vec<_>>();
    assert_eq!(cells("a,b\n\"x\"y\"z,1\n\"\" \"q,2\n"), [["a", "b"], ["xy\"z", "1"], [" \"q", "2"]]);
    assert_eq!(cells("a,b\n1,\"x\"\n\"y\",\"z \"  \n"), [["a", "b"], ["1", "x"], ["y", "z "]]);
}

#[test]
fn the_delimiter_is_the_first_lines() {
    let cells = |text: &str| split(text, 1000).into_iter().map(|(_, cells)| cells.len()).collect::<Vec<_>>();
    assert_eq!(cells("a;b;c\n1,5;2;3"), [3, 3]);
    assert_eq!(cells("a\tb\n1\t2"), [2, 2]);
    assert_eq!(cells("\"a;b\",c\n1,2"), [2, 2]);
    assert_eq!(split("sep=;\na;b\n", 2), [(2, vec!["a".to_owned(), "b".to_owned()])]);
    assert!(split("", 1).is_empty() && split("\n\n", 1).is_empty());
}

#[test]
fn an_open_quote_spoils_its_line_and_no_other() {
    for newline in ["\n", "\r\n", "\r"] {
        let text = format!("a,b\n\"open,1\n{}x,\"2\n3\"\n", "y,3\n".repeat(100_000)).replace('\n', newline);
        let (mut splitter, mut rows) = (Splitter::default(), Vec::new());
        splitter.push(&text, true, &mut rows);
        assert_eq!((rows[1].line, rows[1].flaw), (2, Some(RowFlaw::TooLong)));
        assert_eq!(rows[1].cells, ["open,1"]);
        assert_eq!((rows.len(), rows[100_001].line, rows[2].line), (100_003, 100_002, 3));
        // The next quote in the file closes it, where no line of its own says otherwise.
        assert_eq!(rows.last().unwrap().line, 100_003);
    }
    let short = "a,b\n1,2\n3,\"4\n5,6\n\"7,8\n9,0";
    let (mut splitter, mut rows) = (Splitter::default(), Vec::new());
    splitter.push(short, true, &mut rows);
    let lines: Vec<_> = rows.iter().map(|row| (row.line, row.flaw.is_some())).collect();
    assert_eq!(lines, [(1, false), (2, false), (3, false), (6, false)], "{rows:?}");
}

#[test]
fn many_open_quotes_cost_no_more_than_the_file_is_long() {
    let text = "a,b\n".to_owned() + &"x\",\"\n".repeat(200_000);
    let (mut splitter, mut rows) = (Splitter::default(), Vec::new());
    let started = std::time::Instant::now();
    splitter.push(&text, true, &mut rows);
    assert!(rows.len() > 100 && started.elapsed().as_secs() < 5, "{} rows, {:?}", rows.len(), started.elapsed());
}
