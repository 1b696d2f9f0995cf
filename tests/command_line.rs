//! `import` and `export` as scripts use them, against the running binary.

use std::process::{Command, Output};

use serde_json::{Value as Json, json};

use crate::support::fake_resident_id;
use crate::support::process::{BINARY, Folder, Served};

#[tokio::test]
async fn a_script_imports_mends_and_exports() {
    let folder = Folder::new("client");
    let served = Served::start(&folder);
    let account = folder.add_user("admin");
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005"});
    let (_, place) = served.send("POST", "/v1/places", &token, &place).await;
    let key = json!({"name": "脚本", "role": "gate_guard", "area_code": "511802", "scopes": ["import", "export", "read"],
        "expires_at": (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339()});
    let (_, key) = served.send("POST", "/v1/api-keys", &token, &key).await;
    let run = |arguments: &[&str]| -> (Output, Json) {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .args(["--server", &served.base, "--json"])
            .env("LIANFANG_API_KEY", key["key"].as_str().unwrap());
        let output = command.current_dir(&folder.0).output().unwrap();
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Json::Null);
        (output, json)
    };
    let mut text = "卡点,方向,时间,姓名,身份证号,体温\n".to_owned();
    for row in 0..60 {
        text.push_str(&format!(
            "{},进,2020-02-02 08:{row:02},王五,{},36.5\n",
            place["id"].as_str().unwrap(),
            fake_resident_id(row)
        ));
    }
    let bad = text.replacen(",进,", ",横,", 1);
    std::fs::write(folder.0.join("passages.csv"), &bad).unwrap();
    let (output, json) = run(&["import", "passages.csv", "--kind", "screenings"]);
    assert_eq!(output.status.code(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((&json["import"]["counts"]["created"], &json["import"]["counts"]["refused"]), (&json!(59), &json!(1)));
    let faults = std::fs::read_to_string(folder.0.join("passages.errors.csv")).unwrap();
    assert!(faults.contains("横") && faults.lines().count() == 2, "{faults}");
    std::fs::write(folder.0.join("mended.csv"), faults.replace("横", "进")).unwrap();
    let (output, _) = run(&["import", "mended.csv", "--kind", "screenings"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let (output, json) = run(&["export", "--kind", "screenings", "--filter", "area_code=511802005"]);
    assert_eq!(
        (output.status.code(), &json["count"]),
        (Some(0), &json!(60)),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let file = std::fs::read_to_string(folder.0.join("screenings.ndjson")).unwrap();
    assert_eq!(
        file.lines().filter(|line| serde_json::from_str::<Json>(line).unwrap()["kind"] == "screenings").count(),
        60
    );
    let (output, _) = run(&["export", "--kind", "screenings", "--format", "xlsx", "--output", "all.xlsx"]);
    assert!(output.status.success() && std::fs::read(folder.0.join("all.xlsx")).unwrap().starts_with(b"PK"));
    let (output, _) = run(&["import", "absent.csv", "--kind", "screenings"]);
    assert_eq!(output.status.code(), Some(2));
    let (output, _) = run(&["export", "--kind", "nonsense"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}
