//! Lots of one file: one is made ready while the last is written, and yet each row knows what stands above it.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::imports::{counts, import};
use crate::support::{TestApp, examples, fake_resident_id};

/// Rows of the file: more than two lots.
const ROWS: u32 = 1_700;

fn passage(place: &str, number: u32, at: &str) -> Json {
    let person = json!({"name": "王小明", "document_type": "resident_id", "document_number": fake_resident_id(number), "phone": format!("154{number:08}")});
    json!({"id": Uuid::from_u128(u128::from(number) + (1 << 90)), "place_id": place, "direction": "in", "occurred_at": format!("2020-02-02T{at}:00+08:00"),
        "person": person, "temperature_c": "36.5", "answers": ["none"], "symptoms": ["none"]})
}

#[tokio::test]
async fn rows_of_a_later_lot_know_what_those_of_an_earlier_one_wrote() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut rows: Vec<Json> = (0..ROWS).map(|number| passage(&place, number, "08:00")).collect();
    // Each of the second lot's first rows meets the first lot; one of the third is of somebody named above by an id of
    // the sender's own.
    let own = Uuid::from_u128(7 << 100);
    rows[3]["person"]["id"] = json!(own);
    for silent in [501, 502, 1_201] {
        rows[silent]["person"] = rows[silent - 500]["person"].clone();
        rows[silent]["occurred_at"] = json!("2020-02-02T10:00:00+08:00");
        rows[silent].as_object_mut().unwrap().remove("answers");
    }
    rows[600].as_object_mut().unwrap().remove("answers");
    rows[1_400].as_object_mut().unwrap().remove("person");
    rows[1_400]["person_id"] = json!(own);
    let ids: Vec<String> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let done = import(&admin, "screenings", "", "application/x-ndjson", text.into_bytes()).await;
    assert_eq!(counts(&done), [u64::from(ROWS), 0, 0, 0, 0], "{done}");
    let get = async |row: usize| admin.get(&format!("/v1/screenings/{}", ids[row])).await.expect(200).body;
    for silent in [501, 502, 1_201] {
        assert_eq!(get(silent).await["complete"], true, "row {silent}: asked two hours before, some lots above");
    }
    assert_eq!(get(600).await["complete"], false, "never asked");
    assert_eq!(get(1_400).await["person_id"], get(3).await["person_id"]);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
