//! The binary as people run it, with a data directory that goes with the test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value as Json, json};

/// The binary.
pub const BINARY: &str = env!("CARGO_BIN_EXE_lianfang");

/// A data directory that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    /// A new one.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lianfang-process-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A command of the binary on this data.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .arg("--data-dir")
            .arg(self.0.join("data"))
            .env_remove("DATABASE_URL")
            .current_dir(&self.0);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Makes an administrator.
    pub fn add_user(&self, name: &str) -> Json {
        let output = self.run(&["user", "add", name, "--admin", "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The embedded database's process.
    pub fn postmaster(&self) -> Option<Pid> {
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
pub struct Served {
    child: Child,
    /// Address at which it listens.
    pub base: String,
    /// How long it took to be ready.
    pub ready_after: Duration,
}

impl Served {
    /// Starts it and waits until it is ready.
    pub fn start(folder: &Folder) -> Self {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.0.join("serve.log")).unwrap();
        Self::start_with(folder, &[], log.into())
    }

    /// Starts it with settings of the environment and another place for its log.
    pub fn start_with(folder: &Folder, settings: &[(&str, &str)], log: Stdio) -> Self {
        let mut command = folder.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        command.envs(settings.iter().copied());
        Self::of_command(folder, command, log)
    }

    /// Starts it with so many descriptors at most.
    pub fn start_within(folder: &Folder, descriptors: u32, log: Stdio) -> Self {
        let serve = folder.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {descriptors}; exec \"$@\""), "serve"]).arg(serve.get_program());
        command.args(serve.get_args()).env_remove("DATABASE_URL").current_dir(&folder.0);
        Self::of_command(folder, command, log)
    }

    fn of_command(folder: &Folder, mut command: Command, log: Stdio) -> Self {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Json = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{}", std::fs::read_to_string(folder.0.join("serve.log")).unwrap()));
        Self { child, base: ready["listening"].as_str().unwrap().to_owned(), ready_after: started.elapsed() }
    }

    /// Sends a request.
    pub async fn send(&self, method: &str, path: &str, token: &str, body: &Json) -> (u16, Json) {
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

    /// Signs in and changes the one-time password; the access token.
    pub async fn sign_in(&self, account: &Json, password: &str) -> String {
        let login = json!({"username": account["username"], "password": account["one_time_password"]});
        let (status, pair) = self.send("POST", "/v1/auth/login", "", &login).await;
        assert_eq!(status, 200);
        let token = pair["access_token"].as_str().unwrap().to_owned();
        let change = json!({"current_password": account["one_time_password"], "new_password": password});
        assert_eq!(self.send("POST", "/v1/auth/password", &token, &change).await.0, 204);
        token
    }

    /// Sends a signal and waits for the end.
    pub fn signal(&mut self, signal: Signal) -> std::process::ExitStatus {
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
