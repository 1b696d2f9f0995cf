//! Fault files: what was refused comes back in the form in which it came, and goes in once it is mended.

use lianfang::exchange::files::workbook;
use rust_xlsxwriter::Workbook;
use serde_json::{Value as Json, json};

use crate::imports::{counts, import};
use crate::support::{Actor, TestApp, examples};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A sheet as its rows of texts.
type Rows = Vec<Vec<String>>;

fn workbook(sheets: &[(&str, &[&[&str]])]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for (name, rows) in sheets {
        let sheet = workbook.add_worksheet().set_name(*name).unwrap();
        for (row, cells) in (0_u32..).zip(*rows) {
            for (column, cell) in (0_u16..).zip(*cells) {
                sheet.write_string(row, column, *cell).unwrap();
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// Names and rows of the sheets of a workbook.
fn sheets_of(bytes: &[u8]) -> Vec<(String, Rows)> {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, bytes).unwrap();
    let sheets = workbook::read(&file, None).unwrap();
    sheets.into_iter().map(|sheet| (sheet.name, sheet.rows.into_iter().map(|row| row.cells).collect())).collect()
}

async fn faults(actor: &Actor, import: &Json, accept: &str) -> Vec<u8> {
    let (status, headers, bytes) = actor.with("accept", accept).download(import["errors_url"].as_str().unwrap()).await;
    assert_eq!(status, 200, "{headers:?}");
    bytes
}

#[tokio::test]
async fn each_sheet_comes_back_under_its_own_header() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let bytes = workbook(&[
        ("北门", &[&["卡点", "方向", "时间", "体温"], &[&place, "横", "2020-02-03 8:05", "36.5"]]),
        ("好的", &[&["卡点", "方向", "时间"], &[&place, "进", "2020-02-03 8:06"]]),
        (
            "南门",
            &[
                &["2020年2月3日登记"],
                &["时间", "卡点", "进出方向"],
                &["8:07", &place, "进"],
                &["8:08", &place, "竖"],
                &["8:9x", &place, "出"],
            ],
        ),
    ]);
    let done = import(&admin, "screenings", "", XLSX, bytes).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 3], "{done}");
    let told = faults(&admin, &done, "application/x-ndjson").await;
    let told: Vec<Json> =
        String::from_utf8(told).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> =
        told.iter().map(|row| (row["sheet"].as_str().unwrap(), row["line"].as_u64().unwrap())).collect();
    assert_eq!(places, [("北门", 2), ("南门", 4), ("南门", 5)]);
    assert_eq!((&told[0]["row"]["体温"], &told[1]["row"]["进出方向"]), (&json!("36.5"), &json!("竖")), "{told:?}");

    // Asked for as either, it comes as it came.
    let file = faults(&admin, &done, &format!("text/csv, {XLSX}")).await;
    let styles = unzipped(&file, "xl/styles.xml");
    assert!(styles.contains("FFC7CE"), "faulty cells are marked");
    let sheets = sheets_of(&file);
    assert_eq!(sheets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["北门", "南门"]);
    assert_eq!(sheets[0].1[0], ["卡点", "方向", "时间", "体温", "错误", "行号"]);
    assert_eq!((&sheets[0].1[1][1], &sheets[0].1[1][5]), (&"横".to_owned(), &"2".to_owned()));
    assert!(sheets[0].1[1][4].contains("进、出"), "{sheets:?}");
    // Whoever reads the times needs the day that the title said.
    assert_eq!(sheets[1].1[0], ["2020-02-03"]);
    assert_eq!(sheets[1].1[1], ["时间", "卡点", "进出方向", "错误", "行号"]);
    assert_eq!((sheets[1].1[2][4].as_str(), sheets[1].1[3][4].as_str()), ("4", "5"));

    // Mended it goes in, column of faults and all.
    let mended: Vec<(String, Rows)> = sheets
        .into_iter()
        .map(|(name, rows)| {
            let mend = |cell: String| match cell.as_str() {
                "横" | "竖" => "出".to_owned(),
                "8:9x" => "8:09".to_owned(),
                _ => cell,
            };
            (name, rows.into_iter().map(|row| row.into_iter().map(mend).collect()).collect())
        })
        .collect();
    let again = import(&admin, "screenings", "", XLSX, of_rows(&mended)).await;
    assert_eq!(counts(&again), [3, 0, 0, 0, 0], "{again}");
    let times: Vec<String> = admin.get("/v1/screenings").await.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["occurred_at"].as_str().unwrap().to_owned())
        .collect();
    for minute in 5..10 {
        assert!(times.contains(&format!("2020-02-03T08:0{minute}:00+08:00")), "{times:?}");
    }
}

fn of_rows(sheets: &[(String, Rows)]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for (name, rows) in sheets {
        let sheet = workbook.add_worksheet().set_name(name).unwrap();
        for (row, cells) in (0_u32..).zip(rows) {
            for (column, cell) in (0_u16..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn unzipped(bytes: &[u8], part: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    std::io::read_to_string(archive.by_name(part).unwrap()).unwrap()
}

#[tokio::test]
async fn cells_stay_as_they_were_typed_however_often_they_are_sent() {
    const NOTES: [&str; 7] = ["'引号", "''两个", "'=1+1", "=1+1", "'0123", "-", "  两边 "];
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let table = |direction: &str| {
        let mut text = "卡点,方向,时间,备注\n".to_owned();
        for (minute, note) in NOTES.iter().enumerate() {
            text.push_str(&format!("{place},{direction},2020-02-03 8:0{minute},\"{note}\"\n"));
        }
        text.into_bytes()
    };
    let cells = |csv: &[u8]| -> Rows {
        let text = std::str::from_utf8(csv).unwrap().trim_start_matches('\u{feff}').to_owned();
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        reader.records().map(|row| row.unwrap().iter().take(4).map(str::to_owned).collect()).collect()
    };
    let (mut file, mut former): (Vec<u8>, Option<Rows>) = (table("横"), None);
    for round in 0..4 {
        let done = import(&admin, "screenings", "", "text/csv", file).await;
        assert_eq!(counts(&done), [0, 0, 0, 0, 7], "{round} {done}");
        file = faults(&admin, &done, "text/csv").await;
        let now = cells(&file);
        for (row, note) in now.iter().zip(NOTES) {
            // Only what a spreadsheet would run is guarded, and once.
            assert_eq!(row[3], if note == "=1+1" { "'=1+1" } else { note }, "{round}");
        }
        assert!(former.is_none_or(|former| former == now), "{round}");
        former = Some(now);
    }
    let mended = String::from_utf8(file).unwrap().replace(",横,", ",进,");
    let done = import(&admin, "screenings", "", "text/csv", mended.into_bytes()).await;
    assert_eq!(counts(&done), [7, 0, 0, 0, 0], "{done}");
    let done = import(&admin, "screenings", "", "text/csv", table("进")).await;
    assert_eq!(counts(&done), [0, 7, 0, 0, 0], "it means what it meant: {done}");

    // The same in a workbook.
    let mut rows: Rows = vec![["卡点", "方向", "时间", "备注"].map(str::to_owned).to_vec()];
    rows.extend(NOTES.iter().map(|note| [&place, "横", "2020-02-03 9:00", note].map(str::to_owned).to_vec()));
    let mut file = of_rows(&[("登记".to_owned(), rows)]);
    for round in 0..4 {
        let done = import(&admin, "screenings", "", XLSX, file).await;
        assert_eq!(counts(&done), [0, 0, 0, 0, 7], "{round} {done}");
        file = faults(&admin, &done, XLSX).await;
        let notes: Vec<String> = sheets_of(&file)[0].1[1..].iter().map(|row| row[3].clone()).collect();
        assert_eq!(notes, NOTES, "{round}");
    }
}

/// A cell whose fault lies in the workbook itself doesn't become a good one by being written down.
#[tokio::test]
async fn what_a_spreadsheet_lost_stays_lost_until_it_is_mended() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in (0_u16..).zip(["卡点", "方向", "时间", "姓名", "证件号码"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    for (column, cell) in (0_u16..).zip([place.as_str(), "进", "2020-02-03 8:05", "张三"]) {
        sheet.write_string(1, column, cell).unwrap();
    }
    sheet.write_number(1, 4, 519_999_194_803_120_012.0).unwrap();
    let mut file = workbook.save_to_buffer().unwrap();
    let mut csv = Vec::new();
    for _ in 0..2 {
        let done = import(&admin, "screenings", "", XLSX, file).await;
        assert_eq!((counts(&done)[4], &done["first_errors"][0]["faults"][0]["code"]), (1, &json!("lost_digits")));
        file = faults(&admin, &done, XLSX).await;
        csv = faults(&admin, &done, "text/csv").await;
    }
    let done = import(&admin, "screenings", "", "text/csv", csv).await;
    assert_eq!(counts(&done)[4], 1, "{done}");
    let text = format!("卡点,方向,时间,体温\n{place},进,2020-02-03 8:05,#N/A\n");
    let done = import(&admin, "screenings", "", "text/csv", text.into_bytes()).await;
    assert_eq!(done["first_errors"][0]["faults"][0]["code"], "error_cell", "{done}");
}
