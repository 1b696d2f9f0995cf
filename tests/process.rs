//! The binary as people run it: an empty folder, kills, a second one, the command line beside it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::process::{BINARY, Folder, Served};
use crate::support::{examples, pictures};

const NUMBER: &str = "519999198510011232";
const PHONE: &str = "15498761234";

#[tokio::test]
async fn from_an_empty_folder_through_a_kill_to_a_clean_end() {
    let folder = Folder::new("life");
    let mut served = Served::start(&folder);
    let account = folder.add_user("admin");
    assert_eq!((&account["area_code"], &account["username"]), (&json!("511802"), &json!("admin")));
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005"});
    let (_, place) = served.send("POST", "/v1/places", &token, &place).await;
    let screening = json!({"id": uuid::Uuid::now_v7(), "place_id": place["id"], "direction": "in", "temperature_c": "36.5",
        "person": {"name": "赵六", "document_number": NUMBER, "phone": PHONE}});
    assert_eq!(served.send("POST", "/v1/screenings", &token, &screening).await.0, 201);

    say_it_everywhere(&served, &token, &screening).await;
    served.signal(Signal::SIGKILL);
    let mut served = Served::start(&folder);
    assert!(served.ready_after < Duration::from_secs(5), "{:?}", served.ready_after);
    let path = format!("/v1/screenings/{}", screening["id"].as_str().unwrap());
    assert_eq!(served.send("GET", &path, &token, &Json::Null).await.0, 200);
    assert_eq!(served.send("POST", "/v1/screenings", &token, &screening).await.0, 200);

    kill(folder.postmaster().unwrap(), Signal::SIGKILL).unwrap();
    let recovered = async {
        while served.send("POST", "/v1/screenings", &token, &screening).await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), recovered).await.expect("the database was not started again");

    require_nowhere(
        &folder.0,
        &[NUMBER, PHONE, "赵六", "雨城区-防疫值守-2020", account["one_time_password"].as_str().unwrap()],
    );
    assert!(served.signal(Signal::SIGTERM).success());
    assert!(folder.postmaster().is_none(), "the embedded database stops with the service");
    require_nowhere(&folder.0, &[NUMBER, PHONE]);
}

/// Asked to stop at any moment of its start, it leaves no database running.
#[test]
fn a_start_that_is_stopped_leaves_nothing_behind() {
    let folder = Folder::new("stopped");
    for after_ms in [150, 700, 1_500, 100, 200, 300, 0] {
        let log = std::fs::File::create(folder.0.join("serve.log")).unwrap();
        let mut child = folder.command(&["serve", "--listen", "127.0.0.1:0"]).stdout(log).spawn().unwrap();
        // Before that it is no more than a process that begins.
        std::thread::sleep(Duration::from_millis(100 + after_ms));
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        assert!(child.wait().unwrap().success(), "after {after_ms} ms");
        let postmaster = folder.postmaster();
        assert!(postmaster.is_none_or(|pid| kill(pid, None).is_err()), "after {after_ms} ms: {postmaster:?}");
    }
}

/// Sends the personal values wherever a client might, rightly or wrongly.
async fn say_it_everywhere(served: &Served, token: &str, screening: &Json) {
    let person = &screening["person"];
    let found = served.send("POST", "/v1/people:search", token, &json!({"document_number": NUMBER})).await.1;
    let reveal = format!("/v1/people/{}:reveal", found["items"][0]["id"].as_str().unwrap());
    let why = json!({"purpose": "medical_follow_up", "reason": "回访"});
    for (path, body, status) in [
        ("/v1/screenings:lookup", json!({"document_number": NUMBER}), 200),
        ("/v1/screenings:search", json!({"phone": PHONE}), 200),
        (reveal.as_str(), why, 200),
        ("/v1/people", json!({"name": PHONE, "phone": "赵六", "document_number": "赵六", NUMBER: PHONE}), 400),
        (
            "/v1/screenings",
            json!({"place_id": NUMBER, "direction": "赵六", "person": person, "temperature_c": PHONE}),
            422,
        ),
        ("/v1/auth/login", json!({"username": "zhao.liu", "password": PHONE, "device_id": "x"}), 401),
    ] {
        assert_eq!(served.send("POST", path, token, &body).await.0, status, "{path}");
    }
    for path in [format!("/v1/people?name={NUMBER}"), format!("/v1/people/{NUMBER}"), format!("/v1/{PHONE}")] {
        assert!(served.send("GET", &path, token, &Json::Null).await.0 >= 400, "{path}");
    }
}

/// No file below the folder holds one of the texts, logs and write-ahead log included.
fn require_nowhere(folder: &Path, secrets: &[&str]) {
    let mut files = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let Ok(bytes) = std::fs::read(entry.path()) else { continue };
                files += 1;
                for secret in secrets {
                    let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                    assert!(!found, "{} holds {secret}", entry.path().display());
                }
            }
        }
    }
    assert!(files > 100, "the database's files were read");
}

#[tokio::test]
async fn the_command_line_tells_by_its_exit_codes() {
    let folder = Folder::new("codes");
    let served = Served::start(&folder);
    let second = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    let sentence = String::from_utf8_lossy(&second.stderr).into_owned();
    let told: Vec<&str> = sentence.lines().filter(|line| line.starts_with("lianfang: ")).collect();
    assert_eq!((second.status.code(), told.len()), (Some(4), 1), "{sentence}");

    folder.add_user("admin");
    let taken = folder.run(&["user", "add", "ADMIN", "--admin", "--json"]);
    let told: Json = serde_json::from_slice(&taken.stderr).unwrap();
    assert_eq!((taken.status.code(), &told["exit_code"]), (Some(5), &json!(5)));
    for wrong in [
        &["user", "add", "other", "--role", "king"][..],
        &["user", "add", "other", "--admin", "--area", "999999"],
        &["user", "add", "x", "--admin"],
        &["user", "add", "other"],
        &["serve", "--nonsense"],
    ] {
        assert_eq!(folder.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    let busy = folder.run(&["serve", "--listen", served.base.trim_start_matches("http://")]);
    assert_eq!(busy.status.code(), Some(2), "the address is taken");
    let migrated = folder.run(&["migrate", "--json"]);
    assert_eq!(serde_json::from_slice::<Json>(&migrated.stdout).unwrap(), json!({"migrations_run": 0}));
    let unreachable = Command::new(BINARY)
        .args(["serve", "--database-url", "postgresql://nobody@127.0.0.1:1/none", "--keys-dir"])
        .arg(folder.0.join("keys"))
        .output()
        .unwrap();
    assert_eq!(unreachable.status.code(), Some(3));
    for help in [
        &["--help"][..],
        &["serve", "--help"],
        &["user", "add", "--help"],
        &["migrate", "--help"],
        &["openapi", "--help"],
    ] {
        let output = Command::new(BINARY).args(help).output().unwrap();
        assert!(output.status.success() && output.stdout.len() > 100, "{help:?}");
    }
}

#[tokio::test]
async fn other_keys_are_refused_instead_of_used() {
    let folder = Folder::new("keys");
    folder.add_user("admin");
    let keys = folder.0.join("data/keys");
    std::fs::rename(&keys, folder.0.join("keys-elsewhere")).unwrap();
    let output = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{sentence}");
    assert!(sentence.contains("keys"), "{sentence}");
    let postmaster = folder.postmaster();
    assert!(
        postmaster.is_none_or(|pid| kill(pid, None).is_err()),
        "a refused start leaves no database: {postmaster:?}"
    );
    assert!(!keys.exists(), "and no half of a folder of keys");
    std::fs::rename(folder.0.join("keys-elsewhere"), &keys).unwrap();
    Served::start(&folder);
}

/// With somebody's server the same binary starts none, and doesn't migrate it unasked.
#[tokio::test]
async fn another_server_is_used_and_not_migrated_unasked() {
    let folder = Folder::new("elsewhere");
    let url = crate::support::empty_database().await;
    let run = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .env("DATABASE_URL", &url)
            .arg("--keys-dir")
            .arg(folder.0.join("keys"))
            .current_dir(&folder.0);
        command.output().unwrap()
    };
    assert_eq!(run(&["user", "add", "admin", "--admin"]).status.code(), Some(3), "not migrated");
    assert!(run(&["migrate"]).status.success());
    assert!(run(&["user", "add", "admin", "--admin"]).status.success());
    assert!(!folder.0.join("data").exists());

    // An account that owns nothing is enough to serve.
    let mut owner = AsyncPgConnection::establish(&url).await.unwrap();
    let name = format!("login_{}", uuid::Uuid::now_v7().simple());
    let role = format!("CREATE ROLE {name} LOGIN PASSWORD 'x' IN ROLE lianfang_service");
    owner.batch_execute(&role).await.unwrap();
    let (_, place) = url.split_once('@').unwrap();
    let narrow = format!("postgresql://{name}:x@{place}");
    let mut command = Command::new(BINARY);
    command.args(["user", "add", "second", "--admin", "--keys-dir"]).arg(folder.0.join("keys"));
    let output = command.env("DATABASE_URL", &narrow).current_dir(&folder.0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A store that speaks as S3 does, as far as attachments need it: what was put is there, sealed.
struct Bucket {
    address: std::net::SocketAddr,
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Bucket {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bucket = Self { address: listener.local_addr().unwrap(), objects: Arc::default() };
        let objects = Arc::clone(&bucket.objects);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(Self::answer(stream, Arc::clone(&objects)));
            }
        });
        bucket
    }

    async fn answer(mut stream: tokio::net::TcpStream, objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>) -> Option<()> {
        let mut came = Vec::new();
        let end = loop {
            match came.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end,
                None if stream.read_buf(&mut came).await.ok()? == 0 => return None,
                None => {}
            }
        };
        let head = String::from_utf8_lossy(&came[..end]).into_owned();
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while came.len() < end + 4 + length {
            stream.read_buf(&mut came).await.ok()?;
        }
        let mut words = head.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let signed =
            header("authorization").is_some_and(|text| text.starts_with("AWS4-HMAC-SHA256 Credential=made-up/"));
        let found = objects.lock().unwrap().get(&path).cloned();
        let (status, body) = match method.as_str() {
            _ if !signed => ("403 Forbidden", Vec::new()),
            "PUT" => {
                objects.lock().unwrap().insert(path, came[end + 4..].to_vec());
                ("200 OK", Vec::new())
            }
            _ => found.map_or(("404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>".to_vec()), |found| {
                ("200 OK", found)
            }),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\netag: \"x\"\r\nlast-modified: Sat, 01 Feb 2020 08:00:00 GMT\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).await.ok()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_are_kept_in_a_bucket_where_one_is_named() {
    let (folder, bucket) = (Folder::new("bucket"), Bucket::open().await);
    // A server of others, MinIO for one, is tried by naming it; its bucket `lianfang` must be there.
    let others = std::env::var("S3_ENDPOINT").ok();
    let endpoint = others.clone().unwrap_or_else(|| format!("http://{}", bucket.address));
    let settings = [
        ("LIANFANG_ATTACHMENTS_BUCKET", "lianfang"),
        ("LIANFANG_ATTACHMENTS_ENDPOINT", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "made-up"),
        ("AWS_SECRET_ACCESS_KEY", "made-up-secret"),
    ];
    let log = std::fs::File::create(folder.0.join("serve.log")).unwrap();
    let served = Served::start_with(&folder, &settings, log.into());
    let account = folder.add_user("admin");
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    let bytes = pictures::jpeg(40, 30);
    let id = declared_attachment(&served, &token, &bytes).await;
    let (client, path) = (reqwest::Client::new(), format!("{}/v1/attachments/{id}/content", served.base));
    let request = client.patch(&path).bearer_auth(&token).header("upload-offset", 0);
    let request = request.header("content-type", "application/offset+octet-stream").body(bytes);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 204);
    let kept = client.get(&path).bearer_auth(&token).send().await.unwrap();
    assert_eq!(kept.status().as_u16(), 200);
    assert!(kept.bytes().await.unwrap().starts_with(b"\xff\xd8\xff"));
    assert!(!folder.0.join("data/files/kept").exists());
    if others.is_some() {
        return;
    }
    let objects = bucket.objects.lock().unwrap();
    let expected =
        [format!("/lianfang/attachments/511802/{id}.content"), format!("/lianfang/attachments/511802/{id}.thumbnail")];
    assert!(objects.keys().eq(&expected), "{:?}", objects.keys());
    assert!(objects.values().all(|sealed| !pictures::holds(sealed, b"JFIF")));
}

/// Declares an attachment of an inspection; answers its id.
async fn declared_attachment(served: &Served, token: &str, bytes: &[u8]) -> uuid::Uuid {
    let place = json!({"kind": "supermarket", "name": "惠民超市", "area_code": "511802005"});
    let (_, place) = served.send("POST", "/v1/places", token, &place).await;
    let mut inspection = examples::of_kind("inspections");
    inspection["place_id"] = place["id"].clone();
    inspection["area_code"] = "511802005".into();
    let (status, inspection) = served.send("POST", "/v1/inspections", token, &inspection).await;
    assert_eq!(status, 201, "{inspection}");
    let id = uuid::Uuid::now_v7();
    let declared = json!({"id": id, "subject_kind": "inspections", "subject_id": inspection["id"], "attachment_kind": "other",
        "media_type": "image/jpeg", "byte_count": bytes.len(), "sha256": hex::encode(Sha256::digest(bytes))});
    assert_eq!(served.send("POST", "/v1/attachments", token, &declared).await.0, 201);
    id
}

/// Killed in the middle of a picture, it goes on where it was; nothing of it lies on the disk in plain.
#[tokio::test]
async fn an_upload_outlives_the_service() {
    let folder = Folder::new("attachments");
    let mut served = Served::start(&folder);
    let account = folder.add_user("admin");
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    let bytes = pictures::jpeg(500, 400);
    let id = declared_attachment(&served, &token, &bytes).await;
    let client = reqwest::Client::new();
    let path = format!("/v1/attachments/{id}/content");
    let offset = async |base: &str| {
        let response = client.head(format!("{base}{path}")).bearer_auth(&token).send().await.unwrap();
        response.headers()["upload-offset"].to_str().unwrap().parse::<usize>().unwrap()
    };
    let send = async |base: &str, at: usize, part: &[u8]| {
        let request = client.patch(format!("{base}{path}")).bearer_auth(&token).header("upload-offset", at);
        let request = request.header("content-type", "application/offset+octet-stream").body(part.to_vec());
        request.send().await.map(|response| response.status().as_u16())
    };
    for share in [5, 3, 2] {
        let at = offset(&served.base).await;
        let end = at + (bytes.len() - at) / share;
        assert_eq!(send(&served.base, at, &bytes[at..end]).await.unwrap(), 204);
        // The next part is on its way when the process ends, at no moment in particular.
        let (base, rest) = (served.base.clone(), bytes[end..].to_vec());
        let under_way = send(&base, end, &rest[..rest.len() - 1]);
        let killed = async {
            tokio::time::sleep(Duration::from_millis(4 * share as u64)).await;
            served.signal(Signal::SIGKILL);
        };
        let _ = tokio::join!(under_way, killed);
        served = Served::start(&folder);
        assert!((end..bytes.len()).contains(&offset(&served.base).await), "what was answered is there");
    }
    require_nowhere(&folder.0, &["HUAWEI P30 Pro 8A7X", "30 deg 03 min 12 sec N", "JFIF"]);
    let at = offset(&served.base).await;
    assert_eq!(send(&served.base, at, &bytes[at..]).await.unwrap(), 204);
    let kept =
        client.get(format!("{}{path}", served.base)).bearer_auth(&token).send().await.unwrap().bytes().await.unwrap();
    assert!(kept.starts_with(b"\xff\xd8\xff"));
    require_nowhere(&folder.0, &["HUAWEI P30 Pro 8A7X", "30 deg 03 min 12 sec N", "JFIF"]);
    assert!(folder.0.join("data/files/kept").exists());
}
