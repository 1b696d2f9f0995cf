//! `docs/import-names.md`: every name and word by which a sheet is understood, written from what imports read by.

use std::fmt::Write;

use kit::field::{Field, Shape};
use lianfang::exchange::files::synonyms::WORDS;
use lianfang::records::Kind;
use lianfang::rooms::supply::commodities::COMMODITIES;
use lianfang::server::routes;

const HEAD: &str = "# Names and words of sheets 表格中可识别的列名和用语

Written by `make import-names` from what imports read by; a test fails when it is stale. A column is known by its name,
its label or one of the names beside it, whatever units, marks and brackets stand around (`体温℃`, `（必填）`); a word by its
code, its label or one of those beside it. Goods that a district added, with their names, are in `GET /v1/commodities`.

表头可写字段名、中文名或其别名;单元格可写代码、中文用语或其别名。区县自行增加的商品见 `GET /v1/commodities`。
";

/// `UPDATE_IMPORT_NAMES=1 cargo test import_names_md_is_fresh` writes it anew.
#[test]
fn import_names_md_is_fresh() {
    let expected = page();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/import-names.md");
    if std::env::var_os("UPDATE_IMPORT_NAMES").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == expected, "docs/import-names.md is stale: run `make import-names`");
}

#[test]
fn what_sheets_are_understood_by_stands_on_the_page() {
    let page = page();
    for known in ["身份证号码", "体温", "发烧", "番茄", "进入", "户号", "与户主关系"] {
        assert!(page.contains(known), "{known}");
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Columns 列名\n");
    for kind in routes::KINDS.iter().filter(|kind| !kind.writers.is_empty()) {
        write!(page, "\n### {} {} (`{}`)\n\n", kind.label.en, kind.label.zh, kind.name).unwrap();
        page.push_str(&columns(kind));
    }
    page.push_str("\n## Words 用语\n\n| vocabulary | code | also 别名 |\n| --- | --- | --- |\n");
    for (vocabulary, code, words) in WORDS {
        writeln!(page, "| `{vocabulary}` | `{code}` | {} |", words.join("、").replace('|', "\\|")).unwrap();
    }
    page.push_str("\n## Goods 商品\n\n| code | name 名称 | also 别名 |\n| --- | --- | --- |\n");
    for commodity in COMMODITIES.iter() {
        writeln!(page, "| `{}` | {} | {} |", commodity.code, commodity.name_zh, commodity.also.join("、")).unwrap();
    }
    page
}

/// Fields of a kind that a sheet may have, with the names beside their labels.
fn columns(kind: &Kind) -> String {
    kind.fields
        .iter()
        .filter(|field| field.write != kit::field::Write::Never)
        .fold(String::new(), |text, field| format!("{text}- `{}`: {}{}\n", field.name, field.label.zh, beside(field)))
}

fn beside(field: &Field) -> String {
    let names = match field.also {
        [] => String::new(),
        also => format!("、{}", also.join("、")),
    };
    match field.shape {
        Shape::Inline(kind, _) => format!("{names} (its columns: those of `{kind}`)"),
        _ => names,
    }
}
