//! The peer: FastAPI and asyncpg doing far less (`benches/peers/`), on the same PostgreSQL in a database of its own.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::client::Target;
use crate::cpu::Processes;
use crate::served::Served;

/// One process for each of two cores.
const WORKERS: &str = "2";

/// A running peer.
pub struct Peer {
    child: Child,
    address: String,
    token: String,
    processes: Processes,
}

impl Peer {
    /// Starts it where it is installed. `BENCH_PEER` names another folder than `target/peers`; with `1` it must be
    /// there, with `0` it is left out.
    pub fn start(served: &Served) -> Option<Self> {
        let wanted = std::env::var("BENCH_PEER").unwrap_or_default();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = if wanted.len() < 2 { here.join("target/peers") } else { PathBuf::from(&wanted) };
        if wanted == "0" || !folder.join("bin/uvicorn").exists() {
            assert!(matches!(wanted.as_str(), "" | "0"), "no peer in {}: benches/peers/install", folder.display());
            return None;
        }
        served.psql("lianfang", "CREATE DATABASE peer");
        let scripts = here.join("benches/peers");
        served.psql("peer", &std::fs::read_to_string(scripts.join("schema.sql")).unwrap());
        let places = served.places.join("', '");
        served.psql("peer", &format!("INSERT INTO places SELECT unnest(ARRAY['{places}']::uuid[]), '511802005001'"));
        let token = Command::new(folder.join("bin/python")).arg(scripts.join("peer.py")).arg("token").output().unwrap();
        let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = std::fs::File::create(served.folder.join("peer.log")).unwrap();
        let child = Command::new(folder.join("bin/uvicorn"))
            .args(["peer:app", "--workers", WORKERS, "--loop", "uvloop", "--http", "httptools"])
            .args(["--no-access-log", "--log-level", "warning", "--port", &free.port().to_string(), "--app-dir"])
            .arg(scripts)
            .env("PEER_DATABASE_URL", served.database_url("peer"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stderr(log)
            .spawn()
            .unwrap();
        let processes = Processes { server: child.id(), ..served.processes() };
        let peer = Self { child, address: free.to_string(), token, processes };
        let started = Instant::now();
        while TcpStream::connect(&peer.address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "the peer doesn't start");
            std::thread::sleep(Duration::from_millis(50));
        }
        // Both workers are up a moment after the socket is.
        std::thread::sleep(Duration::from_secs(2));
        Some(peer)
    }
}

impl Target for Peer {
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

impl Drop for Peer {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}
