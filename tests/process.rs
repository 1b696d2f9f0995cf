//! The binary as people run it: an empty folder, kills, a second one, the command line beside it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value as Json, json};

const BINARY: &str = env!("CARGO_BIN_EXE_lianfang");
const NUMBER: &str = "519999198510011232";
const PHONE: &str = "15498761234";

/// A data directory that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lianfang-process-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .arg("--data-dir")
            .arg(self.0.join("data"))
            .env_remove("DATABASE_URL")
            .current_dir(&self.0);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn add_user(&self, name: &str) -> Json {
        let output = self.run(&["user", "add", name, "--admin", "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn postmaster(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.0.join("data/postgres/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok().map(Pid::from_raw)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(pid) = self.postmaster() {
            let _ = kill(pid, Signal::SIGINT);
            for _ in 0..100 {
                if kill(pid, None).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running `lianfang serve`.
struct Served {
    child: Child,
    base: String,
    ready_after: Duration,
}

impl Served {
    fn start(folder: &Folder) -> Self {
        let started = Instant::now();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.0.join("serve.log")).unwrap();
        let mut command = folder.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Json = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{}", std::fs::read_to_string(folder.0.join("serve.log")).unwrap()));
        Self { child, base: ready["listening"].as_str().unwrap().to_owned(), ready_after: started.elapsed() }
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: &Json) -> (u16, Json) {
        let request =
            reqwest::Client::new().request(method.parse().unwrap(), format!("{}{path}", self.base)).bearer_auth(token);
        let request = if method == "GET" {
            request
        } else {
            request.header("content-type", "application/json").body(body.to_string())
        };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Json::Null))
    }

    async fn sign_in(&self, account: &Json, password: &str) -> String {
        let login = json!({"username": account["username"], "password": account["one_time_password"]});
        let (status, pair) = self.send("POST", "/v1/auth/login", "", &login).await;
        assert_eq!(status, 200);
        let token = pair["access_token"].as_str().unwrap().to_owned();
        let change = json!({"current_password": account["one_time_password"], "new_password": password});
        assert_eq!(self.send("POST", "/v1/auth/password", &token, &change).await.0, 204);
        token
    }

    fn signal(&mut self, signal: Signal) -> std::process::ExitStatus {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn from_an_empty_folder_through_a_kill_to_a_clean_end() {
    let folder = Folder::new("life");
    let mut served = Served::start(&folder);
    let account = folder.add_user("admin");
    assert_eq!((&account["area_code"], &account["username"]), (&json!("511802"), &json!("admin")));
    let token = served.sign_in(&account, "雨城区-防疫-2020").await;
    let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005"});
    let (_, place) = served.send("POST", "/v1/places", &token, &place).await;
    let screening = json!({"id": uuid::Uuid::now_v7(), "place_id": place["id"], "direction": "in", "temperature_c": "36.5",
        "person": {"name": "赵六", "document_number": NUMBER, "phone": PHONE}});
    assert_eq!(served.send("POST", "/v1/screenings", &token, &screening).await.0, 201);

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

    demand_nowhere(
        &folder.0,
        &[NUMBER, PHONE, "赵六", "雨城区-防疫-2020", account["one_time_password"].as_str().unwrap()],
    );
    assert!(served.signal(Signal::SIGTERM).success());
    assert!(folder.postmaster().is_none(), "the embedded database stops with the service");
    demand_nowhere(&folder.0, &[NUMBER, PHONE]);
}

/// No file below the folder holds one of the texts, logs and write-ahead log included.
fn demand_nowhere(folder: &Path, secrets: &[&str]) {
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
    std::fs::remove_dir_all(&keys).unwrap();
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
}
