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
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("temperature_readings"), "it says what there is: {told}");
    let (output, _) = run(&["export", "--kind", "screenings", "--filter", "colour=red"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && told.contains("?colour"), "every fault is told: {told}");
}

#[tokio::test]
async fn a_script_has_its_key_in_one_line_and_is_told_every_fault_in_one_language() {
    let folder = Folder::new("keys");
    let served = Served::start(&folder);
    let account = folder.add_user("admin");
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005"});
    served.send("POST", "/v1/places", &token, &place).await;
    let add = |arguments: &[&str]| folder.run(&[&["key", "add"], arguments].concat());
    let made = add(&["admin", "--scope", "import,export,read", "--role", "gate_guard", "--days", "3"]);
    let key = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success() && key.starts_with("lf_") && key.lines().count() == 1, "{key}");
    let (_, keys) = served.send("GET", "/v1/api-keys", &token, &Json::Null).await;
    assert_eq!((&keys["items"][0]["role"], &keys["items"][0]["name"]), (&json!("gate_guard"), &json!("script")));
    let code = |arguments: &[&str]| add(arguments).status.code();
    assert_eq!(code(&["admin", "--scope", "everything"]), Some(2));
    assert_eq!(code(&["nobody", "--scope", "read"]), Some(2));
    assert_eq!(code(&["admin", "--scope", "read", "--area", "511803"]), Some(5));

    let text = "卡点,方向,时间,体温\n门,进,2020-02-02 08:00,36.5\n门,横,2020-02-02 08:01,36.5\n门,进,不知道,36.5\n";
    std::fs::write(folder.0.join("登记.csv"), text).unwrap();
    let run = |server: &str, language: &str| {
        let mut command = Command::new(BINARY);
        command.args(["import", "登记.csv", "--kind", "screenings", "--yes", "--server", server]);
        command.env("LIANFANG_API_KEY", key.trim()).env("LC_ALL", language).current_dir(&folder.0);
        let output = command.output().unwrap();
        let told = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        (output.status.code(), told)
    };
    let (status, told) = run(&served.base, "zh_CN.UTF-8");
    assert_eq!(status, Some(6), "{told}");
    for part in
        ["导入 完成: 3 读取, 1 新增", "第 3 行: 方向: 应为 进、出", "第 4 行: 时间: 格式不正确,如 2020-02-03 8:05"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (_, told) = run(&served.base, "C");
    assert!(told.contains("line 3: 方向: must be one of: in, out") && !told.contains("应为"), "{told}");
    let (status, told) = run("lianfang.example", "C");
    assert!(status == Some(2) && told.contains("https://"), "{told}");
}

#[tokio::test]
async fn accounts_and_keys_are_kept_at_the_servers_machine() {
    let folder = Folder::new("accounts");
    let served = Served::start(&folder);
    let account = folder.add_user("admin");
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    let run = |arguments: &[&str]| -> (Option<i32>, Json, String) {
        let output = folder.run(&[arguments, &["--json"]].concat());
        let told = serde_json::from_slice(&output.stdout).unwrap_or(Json::Null);
        (output.status.code(), told, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let people = |arguments: &[&str]| {
        let output = folder.command(arguments).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (_, guard, _) = run(&["user", "add", "gate.daxing", "--role", "gate_guard", "--area", "511802005"]);
    let guard_token = served.sign_in(&guard, "大兴街道-北门-值守-2020").await;

    let listed = people(&["user", "list"]);
    assert!(listed.contains("用户名") && listed.contains("gate_guard@511802005"), "{listed}");
    let (_, told, _) = run(&["user", "list", "--area", "511802005"]);
    assert_eq!((told["items"].as_array().unwrap().len(), &told["items"][0]["username"]), (1, &json!("gate.daxing")));
    assert!(!told.to_string().contains("password_hash"));

    let (status, reset, _) = run(&["user", "reset-password", "GATE.daxing"]);
    assert_eq!((status, &reset["username"]), (Some(0), &json!("gate.daxing")));
    let old = json!({"username": "gate.daxing", "password": "大兴街道-北门-值守-2020"});
    assert_eq!(served.send("POST", "/v1/auth/login", "", &old).await.0, 401);
    let again = served.sign_in(&reset, "大兴街道-北门-换班-2020").await;

    let (status, granted, _) = run(&["user", "grant", "gate.daxing", "--role", "volunteer", "--area", "511802005001"]);
    assert_eq!((status, granted["roles"].as_array().unwrap().len()), (Some(0), 2));
    let (status, ..) =
        run(&["user", "grant", "gate.daxing", "--role", "volunteer", "--area", "511802005001", "--remove"]);
    assert_eq!(status, Some(0));
    let (status, _, why) =
        run(&["user", "grant", "gate.daxing", "--role", "gate_guard", "--area", "511802005", "--remove"]);
    assert!(status == Some(5) && why.contains("last role"), "{why}");
    let (status, _, why) = run(&["user", "grant", "gate.daxing", "--role", "king", "--area", "511802005"]);
    assert!(status == Some(2) && why.contains("gate_guard"), "{why}");
    assert_eq!(run(&["user", "grant", "gate.daxing", "--role", "volunteer", "--area", "519999"]).0, Some(2));

    assert_eq!(run(&["user", "disable", "gate.daxing"]).0, Some(0));
    assert_eq!(run(&["user", "disable", "gate.daxing"]).1["active"], false, "once more is no fault");
    tokio::time::sleep(std::time::Duration::from_millis(3500)).await;
    let (status, why) = served.send("GET", "/v1/screenings", &again, &Json::Null).await;
    assert_eq!((status, &why["code"]), (401, &json!("account_deactivated")));
    assert_ne!(guard_token, again);
    assert!(people(&["user", "list", "--disabled"]).contains("已停用"));
    assert_eq!(run(&["user", "enable", "gate.daxing"]).0, Some(0));
    assert_eq!(run(&["user", "disable", "nobody' OR 1=1 --"]).0, Some(2));

    let key = folder.run(&["key", "add", "admin", "--scope", "read"]);
    let key = String::from_utf8(key.stdout).unwrap();
    let listed = people(&["key", "list"]);
    assert!(!listed.contains(key.trim().rsplit('_').next().unwrap()), "no secret is told again");
    let (_, keys, _) = run(&["key", "list"]);
    let id = keys["items"][0]["id"].as_str().unwrap();
    assert!(listed.contains(id), "whole, so that it can be copied: {listed}");
    assert_eq!(served.send("GET", "/v1/auth/me", key.trim(), &Json::Null).await.0, 200);
    assert_eq!(run(&["key", "revoke", id]).0, Some(0));
    assert_eq!(run(&["key", "revoke", id]).0, Some(0));
    assert_eq!(run(&["key", "revoke", &uuid::Uuid::nil().to_string()]).0, Some(2));
    tokio::time::sleep(std::time::Duration::from_millis(3500)).await;
    assert_eq!(served.send("GET", "/v1/auth/me", key.trim(), &Json::Null).await.0, 401);
    assert_eq!(run(&["key", "list"]).1["items"], json!([]));
    assert_eq!(run(&["key", "list", "--all"]).1["items"].as_array().unwrap().len(), 1);

    let (_, noted) = served.send("GET", "/v1/audit?limit=100", &token, &Json::Null).await;
    let by_hand = |verb: &str| {
        let lines = noted["items"].as_array().unwrap().iter();
        lines.filter(|line| line["verb"] == verb && line["details"]["by"] == "command line").count()
    };
    let counts = ["user.reset_password", "user.amend", "api_key.create", "api_key.revoke"].map(by_hand);
    assert_eq!(counts, [1, 4, 1, 1], "{noted}");
    let secrets = [&guard, &reset].map(|told| told["one_time_password"].as_str().unwrap().to_owned());
    let log = std::fs::read_to_string(folder.0.join("serve.log")).unwrap();
    assert!(secrets.iter().all(|secret| !noted.to_string().contains(secret) && !log.contains(secret)));
}

#[tokio::test]
async fn a_file_of_accounts_becomes_a_sheet_to_cut() {
    let folder = Folder::new("accounts-file");
    let served = Served::start(&folder);
    folder.add_user("admin");
    let run = |arguments: &[&str]| {
        let output = folder.command(arguments).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let text = "用户名,姓名,角色,区划代码,电话\ngate.one,<王五>,门岗,511802005,15400000001\ngate.two,=1+1,gate_guard,511802005,\nGATE.one,,志愿者,511802005001,\n";
    std::fs::write(folder.0.join("good.csv"), text).unwrap();
    let bad = text.replace("门岗", "国王").replace("gate.two", "admin").replace("15400000001", "1");
    std::fs::write(folder.0.join("bad.csv"), bad).unwrap();
    let (status, said) = run(&["user", "import", "bad.csv"]);
    assert!(
        status == Some(6)
            && said.contains("2: /roles/0/role")
            && said.contains("2: /phone")
            && said.contains("3: /username"),
        "{said}"
    );
    assert!(!folder.0.join("bad.sheet.html").exists());
    std::fs::write(folder.0.join("head.csv"), "name,角色\n1,2\n").unwrap();
    let (status, said) = run(&["user", "import", "head.csv"]);
    assert!(status == Some(2) && said.contains("username") && said.contains("name"), "{said}");
    assert_eq!(run(&["user", "import", "absent.csv"]).0, Some(2));
    std::fs::write(folder.0.join("bytes.csv"), [0xff, 0x00, 0x80, 0x0a]).unwrap();
    assert_eq!(run(&["user", "import", "bytes.csv"]).0, Some(2));

    let (status, said) = run(&["user", "import", "good.csv", "--validate-only"]);
    assert!(status == Some(0) && !folder.0.join("good.sheet.html").exists(), "{said}");
    let import = ["user", "import", "good.csv", "--csv", "passwords.csv", "--address", "https://yucheng.example"];
    let (status, said) = run(&import);
    assert_eq!(status, Some(0), "{said}");
    let sheet = std::fs::read_to_string(folder.0.join("good.sheet.html")).unwrap();
    assert_eq!(sheet.matches("<section>").count(), 2);
    assert!(sheet.contains("&lt;王五&gt;") && sheet.contains("https://yucheng.example") && sheet.contains("size: A4"));
    let passwords = std::fs::read_to_string(folder.0.join("passwords.csv")).unwrap();
    assert!(passwords.contains("'=1+1"), "no formula: {passwords}");
    use std::os::unix::fs::PermissionsExt;
    for file in ["good.sheet.html", "passwords.csv"] {
        assert_eq!(std::fs::metadata(folder.0.join(file)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let password = passwords.lines().nth(1).unwrap().split(',').nth(2).unwrap();
    assert!(sheet.contains(password) && !said.contains(password));
    let token = served
        .sign_in(&json!({"username": "gate.one", "one_time_password": password}), "大兴街道-北门-值守-2020")
        .await;
    let (_, me) = served.send("GET", "/v1/auth/me", &token, &Json::Null).await;
    assert_eq!(me["roles"].as_array().unwrap().len(), 2, "rows of one name are one account: {me}");
    let (status, said) = run(&import);
    assert!(status == Some(6) && said.contains("用户名已被占用"), "{said}");
    assert_eq!(std::fs::read_to_string(folder.0.join("good.sheet.html")).unwrap(), sheet, "nothing is written over");
}

#[tokio::test]
async fn accounts_of_a_file_are_of_the_organisations_that_it_names() {
    let folder = Folder::new("accounts-organisations");
    let served = Served::start(&folder);
    let admin = served.sign_in(&folder.add_user("admin"), "雨城区-指挥部-值守-2020").await;
    let run = |arguments: &[&str]| {
        let output = folder.command(arguments).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let organization = async |name: &str, area_code: &str| {
        let body = json!({"kind": "health_center", "name": name, "area_code": area_code});
        let (status, made) = served.send("POST", "/v1/organizations", &admin, &body).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    };
    let (street, district) = (organization("卫生院", "511802005").await, organization("卫生院", "511802").await);
    organization("卫生院", "511802114").await;
    let twins = [organization("村卫生室", "511802005001").await, organization("村卫生室", "511802005002").await];
    let head = "用户名,姓名,角色,区划代码,单位,角色限定单位\n";
    let bad = "a.one,甲,门岗,511802005,农机站,\nb.one,乙,门岗,511802005,,村卫生室\nc.one,丙,门岗,511802005001,卫生院,\nc.one,,志愿者,511802005001,村卫生室,卫生院\nd.one,丁,门岗,511802005003,村卫生室,\n";
    std::fs::write(folder.0.join("bad.csv"), head.to_owned() + bad).unwrap();
    let (status, said) = run(&["user", "import", "bad.csv"]);
    let told = ["2: /organization", "3: /role_organization", "5: /organization", "6: /organization"];
    assert!(status == Some(6) && told.iter().all(|fault| said.contains(fault)), "{said}");
    assert!(!said.contains("4: ") && !said.contains("农机站"), "{said}");

    // The nearest above, or the one within; by id in any letters; a role of an organisation beside one of an area.
    let rows = [
        "a.one,甲,门岗,511802005,卫生院,".to_owned(),
        format!("b.one,乙,门岗,511802005,{},卫生院", twins[0].to_uppercase()),
        "b.one,,志愿者,511802005001,,".to_owned(),
        "c.one,丙,门岗,511802002,,卫生院".to_owned(),
    ];
    let many: String = (0..20).map(|number| format!("\nguard.{number},门岗{number},门岗,511802005,卫生院,")).collect();
    std::fs::write(folder.0.join("good.csv"), head.to_owned() + &rows.join("\n") + &many).unwrap();
    let (status, said) = run(&["user", "import", "good.csv", "--csv", "passwords.csv"]);
    assert_eq!(status, Some(0), "{said}");
    let passwords = std::fs::read_to_string(folder.0.join("passwords.csv")).unwrap();
    let made: Vec<&str> = passwords.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(
        (made.len(), &made[..3], made[22]),
        (23, &["a.one", "b.one", "c.one"][..], "guard.19"),
        "in their order"
    );
    let (_, users) = served.send("GET", "/v1/users?limit=500", &admin, &serde_json::Value::Null).await;
    let of = |name: &str| users["items"].as_array().unwrap().iter().find(|user| user["username"] == name).unwrap();
    let roles = |name: &str| -> Vec<serde_json::Value> {
        of(name)["roles"].as_array().unwrap().iter().map(|role| role["org_id"].clone()).collect()
    };
    assert_eq!((&of("a.one")["org_id"], roles("a.one")), (&json!(street), vec![json!(null)]));
    assert_eq!(of("b.one")["org_id"], json!(twins[0]));
    let mut of_b = roles("b.one");
    of_b.sort_by_key(serde_json::Value::is_null);
    assert_eq!(of_b, [json!(street), json!(null)]);
    assert_eq!((&of("c.one")["org_id"], roles("c.one")), (&json!(null), vec![json!(district)]));
}
