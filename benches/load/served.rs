//! The service under load: the release binary with its embedded PostgreSQL, in a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::client::Target;
use crate::cpu::Processes;
use crate::floor::program;

/// Gates of a district.
const GATES: usize = 25;

/// A running service.
pub struct Served {
    child: Child,
    /// Folder of all its files.
    pub folder: PathBuf,
    /// Host and port.
    pub address: String,
    /// Time that the start took.
    pub ready_after: Duration,
    /// A district administrator's access token, renewed at each start.
    pub token: String,
    /// A checkpoint.
    pub place: String,
    /// The district's gates, in several villages.
    pub places: Vec<String>,
    /// The service's process and its postmaster.
    processes: Processes,
    password: Option<(String, String)>,
}

impl Served {
    /// Starts on an empty folder.
    pub fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("lianfang-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut served = Self::launch(folder);
        served.token = served.sign_in("bench");
        let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005"});
        served.place = served.post("/v1/places", &served.token, &place)["id"].as_str().unwrap().to_owned();
        served.places = (0..GATES)
            .map(|index| {
                let area = format!("5118020050{:02}", index % 4 + 1);
                let gate = json!({"kind": "compound_gate", "name": format!("{index}号门"), "area_code": area});
                served.post("/v1/places", &served.token, &gate)["id"].as_str().unwrap().to_owned()
            })
            .collect();
        served
    }

    fn launch(folder: PathBuf) -> Self {
        let started = Instant::now();
        let log = std::fs::File::create(folder.join("serve.log")).unwrap();
        let mut child = Command::new(binary())
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.join("data"))
            .env("LIANFANG_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Json = serde_json::from_str(&line).unwrap();
        let address = ready["listening"].as_str().unwrap().trim_start_matches("http://").to_owned();
        let ready_after = started.elapsed();
        let processes = Processes { server: child.id(), postmaster: 0 };
        let mut served = Self {
            child,
            folder,
            address,
            ready_after,
            token: String::new(),
            place: String::new(),
            places: Vec::new(),
            processes,
            password: None,
        };
        served.processes.postmaster = served.postmaster();
        served
    }

    /// The process whose children are the database's.
    fn postmaster(&self) -> u32 {
        let cluster = self.psql("postgres", "SHOW data_directory");
        let text = std::fs::read_to_string(PathBuf::from(cluster).join("postmaster.pid")).unwrap();
        text.lines().next().unwrap().trim().parse().unwrap()
    }

    /// Stops in order and starts again on the same data.
    pub fn restart(mut self) -> Self {
        self.stop();
        let folder = std::mem::take(&mut self.folder);
        let (password, place) = (self.password.take(), std::mem::take(&mut self.place));
        let places = std::mem::take(&mut self.places);
        let mut again = Self::launch(folder);
        (again.password, again.place, again.places) = (password, place, places);
        again
    }

    /// Signs in again; apart from a restart, for checking a password takes memory.
    pub fn sign_in_again(mut self) -> Self {
        if let Some((name, password)) = &self.password {
            let login = json!({"username": name, "password": password});
            self.token = self.post("/v1/auth/login", "", &login)["access_token"].as_str().unwrap().to_owned();
        }
        self
    }

    /// An administrator's access token.
    pub fn sign_in(&mut self, name: &str) -> String {
        let output = Command::new(binary())
            .args(["user", "add", name, "--admin", "--json", "--data-dir"])
            .arg(self.folder.join("data"))
            .output()
            .unwrap();
        let account: Json = serde_json::from_slice(&output.stdout).unwrap();
        let one_time = account["one_time_password"].as_str().unwrap();
        let login = json!({"username": name, "password": one_time});
        let token = self.post("/v1/auth/login", "", &login)["access_token"].as_str().unwrap().to_owned();
        let password = "雨城区-防疫值守-一碗清汤".to_owned();
        self.post("/v1/auth/password", &token, &json!({"current_password": one_time, "new_password": password}));
        // The first is who signs in again after a restart.
        self.password.get_or_insert((name.to_owned(), password));
        token
    }

    /// So many districts, each with an administrator and a checkpoint of its own: tokens and places.
    /// They are made behind the service's back, for there are not so many in the data.
    pub fn districts(&mut self, count: usize) -> (Vec<String>, Vec<String>) {
        let (mut tokens, mut places) = (Vec::new(), Vec::new());
        for number in 0..count {
            let code = format!("5198{number:02}");
            let name = format!("bench{number}");
            tokens.push(self.sign_in(&name));
            let place = uuid::Uuid::now_v7().to_string();
            self.psql(
                "lianfang",
                &format!(
                    "INSERT INTO district_clocks VALUES ('{code}', 0, sha256('{code}'), clock_timestamp()); \
                     UPDATE user_grants SET area_code = '{code}' WHERE user_id = (SELECT id FROM users WHERE username = '{name}'); \
                     INSERT INTO places SELECT (jsonb_populate_record(NULL::places, to_jsonb(p) || jsonb_build_object('district_code', '{code}', 'area_code', '{code}', 'id', '{place}'))).* \
                     FROM places AS p WHERE p.id = '{}'",
                    self.place
                ),
            );
            places.push(place);
        }
        std::thread::sleep(Duration::from_secs(4));
        (tokens, places)
    }

    /// A URL of the embedded server, over its socket.
    pub fn database_url(&self, database: &str) -> String {
        let password = std::fs::read_to_string(self.folder.join("data/postgres.password")).unwrap();
        let socket = self.folder.join("data/socket").display().to_string().replace('/', "%2F");
        format!("postgresql://lianfang:{}@{socket}/{database}", password.trim())
    }

    /// Runs SQL behind the service's back; answers what it printed.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let output = Command::new(program("psql"))
            .args(["-v", "ON_ERROR_STOP=1", "-qAt", "-c", sql])
            .arg(self.database_url(database))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The service's own memory.
    pub fn resident_mb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
    }

    /// Posts JSON; the answer must be a success.
    pub fn post(&self, path: &str, token: &str, body: &Json) -> Json {
        let request = reqwest::Client::new().post(self.url(path)).header("content-type", "application/json");
        self.send(request.body(body.to_string()), path, token)
    }

    /// Gets JSON.
    pub fn get(&self, path: &str, token: &str) -> Json {
        self.send(reqwest::Client::new().get(self.url(path)), path, token)
    }

    /// The entity tag of an answer.
    pub fn tag(&self, path: &str) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = reqwest::Client::new().get(self.url(path)).bearer_auth(&self.token).send().await.unwrap();
            response.headers()["etag"].to_str().unwrap().to_owned()
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn send(&self, request: reqwest::RequestBuilder, path: &str, token: &str) -> Json {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = request.bearer_auth(token).send().await.unwrap();
            assert!(response.status().is_success(), "{path} {}", response.status());
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Json::Null)
        })
    }

    fn stop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

impl Target for Served {
    fn address(&self) -> &str {
        &self.address
    }

    fn token(&self) -> &str {
        &self.token
    }

    fn processes(&self) -> Processes {
        self.processes
    }
}

/// The service that is measured: this build's, or another one's to compare with.
fn binary() -> String {
    std::env::var("BENCH_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_lianfang").to_owned())
}

impl Drop for Served {
    fn drop(&mut self) {
        if self.folder.as_os_str().is_empty() {
            return;
        }
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
