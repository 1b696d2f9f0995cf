//! Pictures and papers: declared, sent in parts over a net that breaks, judged by their bytes, kept sealed, shown to few.

use std::time::Duration;

use lianfang::integrity::verify;
use lianfang::platform::access::{Grant, Role};
use lianfang::rooms::attachments::{ATTACHMENTS, look_after};
use lianfang::server::routes;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::duties::supervised;
use crate::isolation_cases::{notified, set_clock};
use crate::support::pictures::{self, DEVICE, POSITION, holds};
use crate::support::{Actor, Reply, TestApp, examples};
use crate::transfers::handed_over;

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A supermarket of 大兴街道 that was inspected; answers the inspection's id.
pub async fn inspection(admin: &Actor) -> String {
    inspected_by(admin, admin).await
}

/// The same, looked at by somebody else.
async fn inspected_by(admin: &Actor, inspector: &Actor) -> String {
    let place = json!({"kind": "supermarket", "name": "惠民超市", "area_code": "511802005"});
    let place = admin.post("/v1/places", &place).await.expect(201).body;
    let mut body = examples::of_kind("inspections");
    body["place_id"] = place["id"].clone();
    for field in ["id", "area_code"] {
        body.as_object_mut().unwrap().remove(field);
    }
    inspector.post("/v1/inspections", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

fn declaration(subject_id: &str, media_type: &str, bytes: &[u8]) -> Json {
    json!({"id": Uuid::now_v7(), "subject_kind": "inspections", "subject_id": subject_id, "attachment_kind": "price_tag",
        "media_type": media_type, "byte_count": bytes.len(), "sha256": hash(bytes)})
}

/// Declares an attachment; answers its path.
async fn declare(actor: &Actor, body: &Json) -> String {
    let created = actor.post("/v1/attachments", body).await.expect(201).body;
    assert_eq!(created["content_state"], "awaited");
    format!("/v1/attachments/{}", body["id"].as_str().unwrap())
}

async fn part(actor: &Actor, path: &str, offset: usize, bytes: &[u8]) -> Reply {
    let actor =
        actor.with("content-type", "application/offset+octet-stream").with("upload-offset", &offset.to_string());
    actor.send_bytes(Method::PATCH, &format!("{path}/content"), bytes.to_vec()).await
}

async fn offset(actor: &Actor, path: &str) -> usize {
    let reply = actor.send(Method::HEAD, &format!("{path}/content"), None).await.expect(200);
    reply.header("upload-offset").parse().unwrap()
}

/// Declares and sends whole.
pub async fn attach(actor: &Actor, subject_id: &str, media_type: &str, bytes: &[u8]) -> (String, Reply) {
    let path = declare(actor, &declaration(subject_id, media_type, bytes)).await;
    let reply = part(actor, &path, 0, bytes).await;
    (path, reply)
}

/// A part that says it is so long, and of which only some bytes are sent before the phone is out of reach.
async fn break_off(app: &TestApp, actor: &Actor, path: &str, at: usize, length: usize, sent: &[u8]) {
    let mut stream = tokio::net::TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "PATCH {path}/content HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/offset+octet-stream\r\nupload-offset: {at}\r\ncontent-length: {length}\r\n\r\n",
        actor.token.as_ref().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream.flush().await.unwrap();
    // The bytes are on their way; the connection goes with the stream.
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Bytes that the HTTP layer of a busy service may hold unread, and drops, when a connection ends: those of a body that wait
/// for their reader, and those of the connection that wait for them.
const UNREAD_BYTES: usize = 32_768 + 131_072;

/// Where the upload stands once what was sent has come. The server may still wait for the rest: whoever asks to go on has
/// the turn.
async fn settled_offset(actor: &Actor, path: &str, until: usize) -> usize {
    for _ in 0..100 {
        if offset(actor, path).await == until {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    offset(actor, path).await
}

#[tokio::test]
async fn an_upload_goes_on_wherever_it_broke_off() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let subject_id = inspection(&admin).await;
    let bytes = pictures::jpeg(440, 330);
    assert!(bytes.len() > 150_000, "{}", bytes.len());
    let path = declare(&admin, &declaration(&subject_id, "image/jpeg", &bytes)).await;
    assert_eq!(offset(&admin, &path).await, 0);
    let missing = admin.with("content-type", "application/offset+octet-stream");
    assert_eq!(missing.send_bytes(Method::PATCH, &format!("{path}/content"), bytes.clone()).await.status, 400);
    for until in [1, 2, 1_000, 65_536, 65_537, 140_000, bytes.len() - 1] {
        let mut at = offset(&admin, &path).await;
        while at < until {
            break_off(&app, &admin, &path, at, bytes.len() - at, &bytes[at..until]).await;
            let came = settled_offset(&admin, &path, until).await;
            assert!(until - came <= UNREAD_BYTES && came > at, "all that was read is there: {at} {came} {until}");
            at = came;
        }
        assert_eq!(at, until);
    }
    let wrong = part(&admin, &path, 5, b"x").await.expect(409);
    assert_eq!(
        (wrong.code(), wrong.header("upload-offset")),
        ("offset_differs", (bytes.len() - 1).to_string().as_str())
    );
    let over = part(&admin, &path, bytes.len() - 1, b"xx").await.expect(413);
    assert_eq!(over.code(), "body_too_large");
    let last = part(&admin, &path, bytes.len() - 1, &bytes[bytes.len() - 1..]).await.expect(204);
    assert_eq!((last.header("content-state"), last.header("tus-resumable")), ("kept", "1.0.0"));
    // An answer that was lost: the same once more.
    assert_eq!(part(&admin, &path, bytes.len(), b"").await.status, 204);
    assert_eq!(offset(&admin, &path).await, bytes.len());

    let record = admin.get(&path).await.expect(200).body;
    let (status, headers, kept) = admin.download(&format!("{path}/content")).await;
    assert_eq!((status, &record["content_state"], &record["kept_sha256"]), (200, &json!("kept"), &json!(hash(&kept))));
    assert_eq!((&record["sha256"], &record["width_px"]), (&json!(hash(&bytes)), &json!(440)));
    assert!(!holds(&kept, POSITION) && !holds(&kept, DEVICE) && !holds(&kept, b"<script"));
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert!(header("content-disposition").starts_with("attachment; filename="));
    assert_eq!((header("x-content-type-options"), header("content-type")), ("nosniff".into(), "image/jpeg".into()));
    let some = admin.with("range", "bytes=10-19").download(&format!("{path}/content")).await;
    assert_eq!((some.0, some.2.as_slice()), (206, &kept[10..20]));
    assert_eq!(admin.with("range", "bytes=9999999-").download(&format!("{path}/content")).await.0, 416);
    let same = admin.with("if-none-match", &header("etag")).download(&format!("{path}/content")).await;
    assert_eq!(same.0, 304);
    let (status, _, small) = admin.download(&format!("{path}/thumbnail")).await;
    let small = image::load_from_memory(&small).unwrap();
    // Held upright: the camera was turned by a quarter.
    assert_eq!((status, small.width(), small.height()), (200, 240, 320));

    let trail = admin.get("/v1/audit?verb=attachments.read").await.expect(200).body;
    let read: Vec<&Json> = trail["items"].as_array().unwrap().iter().map(|line| &line["details"]["part"]).collect();
    assert_eq!(read, ["thumbnail", "content", "content"], "a line each, and none for what wasn't shown");
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn a_newer_part_takes_the_place_of_one_whose_phone_is_gone() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let bytes = pictures::png(200, 200, &[]);
    let path = declare(&admin, &declaration(&inspection(&admin).await, "image/png", &bytes)).await;
    // The connection stays: the server doesn't know yet that nothing more will come.
    let mut stream = tokio::net::TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "PATCH {path}/content HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/offset+octet-stream\r\nupload-offset: 0\r\ncontent-length: {}\r\n\r\n",
        admin.token.as_ref().unwrap(),
        bytes.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&bytes[..5_000]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let reply = part(&admin, &path, 0, &bytes).await.expect(409);
    assert_eq!((reply.code(), reply.header("upload-offset")), ("offset_differs", "5000"));
    part(&admin, &path, 5_000, &bytes[5_000..]).await.expect(204);
    drop(stream);
}

#[tokio::test]
async fn bytes_are_judged_and_not_names() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let subject_id = inspection(&admin).await;
    let jpeg = pictures::jpeg(64, 48);
    let archive = [pictures::pdf(), pictures::zip()].concat();
    let active =
        String::from_utf8(pictures::pdf()).unwrap().replace("/Catalog", "/Catalog/OpenAction<</S/#4aavaScript>>");
    for (media_type, bytes, why) in [
        ("image/jpeg", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), "other_type"),
        ("image/png", jpeg.clone(), "other_type"),
        ("image/jpeg", b"<html><script>alert(1)</script></html>".to_vec(), "other_type"),
        ("image/png", pictures::bomb(), "too_large"),
        ("image/jpeg", jpeg[..jpeg.len() / 2].to_vec(), "unreadable"),
        ("image/jpeg", b"\xff\xd8\xff\xd9".to_vec(), "unreadable"),
        ("application/pdf", archive, "ambiguous"),
        ("application/pdf", active.into_bytes(), "active"),
        ("image/heic", [pictures::heic(), b"\0\0\0\x0cmoovxxxx".to_vec()].concat(), "ambiguous"),
    ] {
        let (path, reply) = attach(&admin, &subject_id, media_type, &bytes).await;
        assert_eq!((reply.status, reply.code()), (422, "content_refused"), "{why}");
        let record = admin.get(&path).await.expect(200).body;
        assert_eq!((&record["content_state"], &record["refused_because"]), (&json!("refused"), &json!(why)));
        assert_eq!(admin.get(&format!("{path}/content")).await.expect(404).code(), "content_awaited");
        assert_eq!(part(&admin, &path, 0, &bytes).await.code(), "content_refused", "it stays so");
    }
    for (media_type, bytes) in [
        ("image/jpeg", [jpeg, pictures::zip()].concat()),
        ("image/png", pictures::png(40, 40, &[pictures::chunk(b"tEXt", b"x\0<html><script>alert(1)</script>")])),
        ("image/webp", [pictures::webp(40, 40), b"<html>".to_vec()].concat()),
        ("image/heic", pictures::heic()),
        ("application/pdf", pictures::pdf()),
    ] {
        let (path, reply) = attach(&admin, &subject_id, media_type, &bytes).await;
        assert_eq!(reply.status, 204, "{media_type} {}", reply.body);
        let (status, _, kept) = admin.download(&format!("{path}/content")).await;
        assert_eq!(status, 200);
        for gone in [b"PK\x05\x06".as_slice(), b"<script", b"<html>", POSITION, DEVICE] {
            assert!(!holds(&kept, gone), "{media_type}");
        }
        let thumbnail = admin.download(&format!("{path}/thumbnail")).await;
        let drawn = !matches!(media_type, "image/heic" | "application/pdf");
        assert_eq!(thumbnail.0, if drawn { 200 } else { 404 }, "{media_type}");
    }
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn other_bytes_than_those_declared_begin_anew() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (subject_id, bytes) = (inspection(&admin).await, pictures::jpeg(64, 48));
    let path = declare(&admin, &declaration(&subject_id, "image/jpeg", &bytes)).await;
    let mut other = bytes.clone();
    other[200] ^= 1;
    assert_eq!(part(&admin, &path, 0, &other).await.expect(422).code(), "content_differs");
    assert_eq!((offset(&admin, &path).await, &admin.get(&path).await.body["content_state"]), (0, &json!("awaited")));
    part(&admin, &path, 0, &bytes).await.expect(204);

    let mut kept = declaration(&subject_id, "image/jpeg", &bytes);
    kept["keep_position"] = true.into();
    let path = declare(&admin, &kept).await;
    part(&admin, &path, 0, &bytes).await.expect(204);
    assert!(holds(&admin.download(&format!("{path}/content")).await.2, POSITION), "it was asked for");

    let mut wrong = declaration(&subject_id, "image/gif", &bytes);
    (wrong["subject_kind"], wrong["sha256"], wrong["byte_count"]) = ("people".into(), "AB".into(), 10_485_761.into());
    let faults = admin.post("/v1/attachments", &wrong).await.expect(422).faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/byte_count", "/media_type", "/sha256", "/subject_kind"]);
    wrong = declaration(&Uuid::now_v7().to_string(), "image/jpeg", &bytes);
    let faults = admin.post("/v1/attachments", &wrong).await.expect(422).faults();
    assert_eq!(faults, [("/subject_id".to_owned(), "unknown_reference".to_owned())]);
}

#[tokio::test]
async fn it_is_seen_by_whoever_sees_its_record_and_opened_by_fewer() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (subject_id, bytes) = (inspection(&admin).await, pictures::jpeg(64, 48));
    let (path, reply) = attach(&admin, &subject_id, "image/jpeg", &bytes).await;
    assert_eq!(reply.status, 204);
    let awaited = declare(&admin, &declaration(&subject_id, "image/jpeg", &bytes)).await;
    let record = admin.get(&path).await.expect(200).body;
    assert_eq!(record["area_code"], "511802005", "where its record stands");

    let inspector = app.actor(Role::Inspector, "雨城区").await;
    let cadre = app.actor(Role::TownCadre, "大兴街道").await;
    let cdc = app.actor(Role::CdcOfficer, "雨城区").await;
    // Reads inspections and may see plain values, or writes them.
    for one in [&inspector, &cadre, &cdc] {
        assert_eq!(one.get(&path).await.status, 200);
        assert_eq!(one.download(&format!("{path}/content")).await.0, 200);
        assert_eq!(one.get("/v1/attachments").await.expect(200).body["items"].as_array().unwrap().len(), 2);
    }
    // May not write it: neither does he declare nor send.
    let refused = cadre.post("/v1/attachments", &declaration(&subject_id, "image/jpeg", &bytes)).await.expect(403);
    assert_eq!(refused.code(), "forbidden");
    assert_eq!(part(&cadre, &awaited, 0, &bytes).await.expect(403).code(), "forbidden");
    let elsewhere = app.actor(Role::Inspector, "东城街道").await;
    let other_role = app.actor(Role::GridWorker, "大兴街道").await;
    let store = app.actor(Role::StoreReporter, "大兴街道").await;
    for nobody in [&elsewhere, &other_role, &store] {
        for path in [path.clone(), format!("{path}/content"), format!("{path}/thumbnail")] {
            assert_eq!(nobody.get(&path).await.status, 404, "{path}");
        }
        assert_eq!(part(nobody, &awaited, 0, &bytes).await.status, 404);
        assert_eq!(nobody.send(Method::HEAD, &format!("{awaited}/content"), None).await.status, 404);
        let list = nobody.get("/v1/attachments").await.expect(200).body;
        assert_eq!(list["items"], json!([]));
        let feed = nobody.get("/v1/changes?since=0").await.expect(200).body;
        assert!(feed["items"].as_array().unwrap().iter().all(|item| item["kind"] != "attachments"), "{feed}");
        let declared = nobody.post("/v1/attachments", &declaration(&subject_id, "image/jpeg", &bytes)).await;
        assert_eq!(declared.expect(422).faults(), [("/subject_id".to_owned(), "unknown_reference".to_owned())]);
    }
    let feed = inspector.get("/v1/changes?since=0").await.expect(200).body;
    let told = feed["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "attachments");
    assert_eq!(told.count(), 3, "two declared, one kept");

    // Void, it stays for whoever sees it, and takes no bytes.
    admin.post(&format!("{awaited}:void"), &json!({"reason": "重复"})).await.expect(200);
    assert_eq!(part(&admin, &awaited, 0, &bytes).await.expect(409).code(), "record_voided");
    admin.post(&format!("{path}:void"), &json!({"reason": "错误"})).await.expect(200);
    assert_eq!(inspector.download(&format!("{path}/content")).await.0, 200);
    verify(&app.core, |_, _| {}).await.unwrap();
}

/// Whoever sees a record by something else than where it stands sees its pictures so, too: a volunteer what he wrote.
#[tokio::test]
async fn what_narrows_its_record_narrows_it() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let area_code = app.area_code("大兴街道");
    let org = json!({"kind": "bureau", "name": "市场监督管理局", "area_code": area_code});
    let org_id: Uuid =
        admin.post("/v1/organizations", &org).await.expect(201).body["id"].as_str().unwrap().parse().unwrap();
    let grant = Grant { role: Role::Inspector, area_code: app.area_code("雨城区"), org_id: Some(org_id) };
    let of_org = app.actor_of(vec![grant]).await;
    let bytes = pictures::png(20, 20, &[]);
    let (path, _) = attach(&admin, &inspection(&admin).await, "image/png", &bytes).await;
    assert_eq!(of_org.get(&path).await.status, 404);
    app.take_down_the_wall().await;
    assert_eq!(of_org.get(&path).await.status, 404, "by the statement alone");
    let own = inspected_by(&admin, &of_org).await;
    let (path, reply) = attach(&of_org, &own, "image/png", &bytes).await;
    assert_eq!((reply.status, of_org.download(&format!("{path}/content")).await.0), (204, 200));
}

#[tokio::test]
async fn kinds_that_take_attachments_say_so() {
    let kinds = routes::kinds();
    let attachments = kinds.kind("attachments").unwrap();
    let taking: Vec<&str> = attachments.subjects().iter().map(|kind| kind.name).collect();
    assert_eq!(taking.len(), 10, "{taking:?}");
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api-guide.md")).unwrap();
    for kind in attachments.subjects() {
        assert!(!kind.closed && guide.contains(&format!("`{}`", kind.name)), "{}", kind.name);
        for role in kind.readers.iter().chain(kind.writers) {
            assert!(ATTACHMENTS.readers.contains(role), "{role:?} of {}", kind.name);
        }
    }
    let needed = |role: &Role| attachments.subjects().iter().any(|kind| kind.readers.contains(role));
    assert!(ATTACHMENTS.readers.iter().all(needed));
}

#[tokio::test]
async fn what_nobody_goes_on_with_is_judged_or_forgotten() {
    let app = TestApp::start_with(|config| config.attachment_part_days = 1).await;
    let admin = app.administrator().await;
    let (subject_id, bytes) = (inspection(&admin).await, pictures::png(200, 200, &[]));
    let path = declare(&admin, &declaration(&subject_id, "image/png", &bytes)).await;
    part(&admin, &path, 0, &bytes[..1_000]).await.expect(204);
    look_after(&app.core, Duration::ZERO).await.unwrap();
    assert_eq!(offset(&admin, &path).await, 1_000, "too young");
    let folder = app.core.config.attachments_dir().join("parts");
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let old = std::time::SystemTime::now() - Duration::from_secs(2 * 86_400);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
    look_after(&app.core, Duration::ZERO).await.unwrap();
    assert_eq!((offset(&admin, &path).await, file.exists()), (0, false));
    part(&admin, &path, 0, &bytes).await.expect(204);

    let small = TestApp::start_with(|config| config.attachment_max_bytes = 1_024).await;
    let admin_there = small.administrator().await;
    let large = declare(&admin_there, &declaration(&inspection(&admin_there).await, "image/png", &bytes)).await;
    assert_eq!(part(&admin_there, &large, 0, &bytes[..10]).await.expect(413).code(), "body_too_large");

    // A piece that isn't whole is none, and one that was altered lets it begin anew.
    let path = declare(&admin, &declaration(&subject_id, "image/png", &bytes)).await;
    part(&admin, &path, 0, &bytes[..2_000]).await.expect(204);
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let mut torn = std::fs::read(&file).unwrap();
    torn.extend([0, 0, 1, 0, 9, 9]);
    std::fs::write(&file, &torn).unwrap();
    assert_eq!(offset(&admin, &path).await, 2_000);
    torn[100] ^= 1;
    std::fs::write(&file, &torn).unwrap();
    assert_eq!(part(&admin, &path, 2_000, &bytes[2_000..]).await.expect(422).code(), "content_differs");
    part(&admin, &path, 0, &bytes).await.expect(204);
}

#[tokio::test]
async fn verify_finds_bytes_that_are_others() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let bytes = pictures::png(20, 20, &[]);
    let (path, _) = attach(&admin, &inspection(&admin).await, "image/png", &bytes).await;
    let id = path.rsplit('/').next().unwrap();
    let file = app.core.config.attachments_dir().join(format!("kept/attachments/511802/{id}.content"));
    let mut kept = std::fs::read(&file).unwrap();
    assert!(!holds(&kept, b"IDAT"), "sealed");
    *kept.last_mut().unwrap() ^= 1;
    std::fs::write(&file, kept).unwrap();
    let found = format!("{:?}", verify(&app.core, |_, _| {}).await.unwrap_err());
    assert!(found.contains(id), "{found}");
    std::fs::remove_file(&file).unwrap();
    assert!(format!("{:?}", verify(&app.core, |_, _| {}).await.unwrap_err()).contains(id));
}

/// A signed notice follows its case to another township, and its picture with it.
#[tokio::test]
async fn whoever_takes_a_case_on_sees_its_papers() {
    for wall in [true, false] {
        let app = TestApp::start().await;
        if !wall {
            app.take_down_the_wall().await;
        }
        set_clock(&app, "2020-01-23T05:00:00+08:00");
        let (nurse, town) = (app.health_worker("八步镇").await, app.town_cadre("八步镇").await);
        let id = notified(&nurse, supervised(1, &[("health_center", &nurse), ("town", &town)])).await;
        let notices = nurse.get(&format!("/v1/observation-notices?case_id={id}")).await.expect(200).body;
        let bytes = pictures::jpeg(40, 30);
        let mut body = declaration(notices["items"][0]["id"].as_str().unwrap(), "image/jpeg", &bytes);
        (body["subject_kind"], body["attachment_kind"]) = ("observation_notices".into(), "signed_notice".into());
        let path = declare(&nurse, &body).await;
        part(&nurse, &path, 0, &bytes).await.expect(204);
        assert_eq!(nurse.get(&path).await.body["case_id"], json!(id));
        let new_nurse = app.health_worker("大兴街道").await;
        new_nurse.get(&path).await.expect(404);
        assert_eq!(new_nurse.download(&format!("{path}/content")).await.0, 404);
        let since = new_nurse.get("/v1/changes?since=0&limit=200").await.expect(200).body["next_since"].clone();
        handed_over(&town, &id).await;
        let feed = new_nurse.get(&format!("/v1/changes?since={}&limit=200", since.as_str().unwrap())).await.expect(200);
        let told = feed.body["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "attachments");
        assert_eq!(told.count(), 1, "it came into sight with the case");
        for one in [&nurse, &new_nurse] {
            assert_eq!(one.get(&path).await.status, 200, "{wall}");
            assert_eq!(one.download(&format!("{path}/content")).await.0, 200);
            assert_eq!(one.get("/v1/attachments").await.body["items"].as_array().unwrap().len(), 1);
        }
        // Sees the case, and may neither write a notice nor see plain values.
        let guard = app.actor(Role::GridWorker, "大兴街道").await;
        assert_eq!(guard.get(&path).await.status, 200);
        assert_eq!(guard.get(&format!("{path}/content")).await.expect(403).code(), "forbidden");
        assert_eq!(app.gate_guard("大兴街道").await.get(&path).await.status, 403);
    }
}

/// The record comes in a push, with what it belongs to; the bytes when there is a net for them.
#[tokio::test]
async fn a_phone_hands_the_record_in_first() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = json!({"kind": "supermarket", "name": "惠民超市", "area_code": "511802005"});
    let place = admin.post("/v1/places", &place).await.expect(201).body;
    let (inspection_id, bytes) = (Uuid::now_v7().to_string(), pictures::webp(60, 60));
    let mut inspection = examples::of_kind("inspections");
    inspection["place_id"] = place["id"].clone();
    inspection.as_object_mut().unwrap().remove("id");
    inspection.as_object_mut().unwrap().remove("area_code");
    let mut declared = declaration(&inspection_id, "image/webp", &bytes);
    let id = declared.as_object_mut().unwrap().remove("id").unwrap();
    let push = json!({"device_id": "phone-1", "items": [
        {"op": "create", "kind": "inspections", "id": inspection_id, "body": inspection},
        {"op": "create", "kind": "attachments", "id": id, "body": declared},
    ]});
    for outcome in ["created", "unchanged"] {
        let reply = admin.post("/v1/sync/push", &push).await.expect(207).body;
        let outcomes: Vec<&Json> = reply["results"].as_array().unwrap().iter().map(|item| &item["outcome"]).collect();
        assert_eq!(outcomes.len(), 2, "{reply}");
        assert!(outcome == "unchanged" || outcomes == ["created", "created"], "{reply}");
    }
    let path = format!("/v1/attachments/{}", id.as_str().unwrap());
    part(&admin, &path, 0, &bytes).await.expect(204);
    let pulled = admin.get("/v1/sync/pull").await.expect(200).body;
    let of_kind = |item: &&Json| item["kind"] == "attachments";
    let told: Vec<&Json> = pulled["changes"].as_array().unwrap().iter().filter(of_kind).collect();
    assert_eq!((told.len(), &told[0]["record"]["content_state"]), (1, &json!("kept")), "{told:?}");
    // The push once more finds what is there, and takes nothing back.
    admin.post("/v1/sync/push", &push).await.expect(207);
    let record = admin.get(&path).await.expect(200);
    assert_eq!(record.body["content_state"], "kept");
    // Amended, it stays what it is.
    let amended =
        admin.patch(&path, record.header("etag"), &json!({"attachment_kind": "other"})).await.expect(200).body;
    assert_eq!((&amended["content_state"], &amended["kept_sha256"]), (&json!("kept"), &record.body["kept_sha256"]));
    let moved = json!({"subject_id": Uuid::now_v7()});
    let tag = format!("\"{}\"", amended["revision"]);
    let faults = admin.patch(&path, &tag, &moved).await.expect(422).faults();
    assert_eq!(faults[0], ("/subject_id".to_owned(), "create_only".to_owned()));
    verify(&app.core, |_, _| {}).await.unwrap();
}
