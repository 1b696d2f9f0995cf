//! The binary beside things that are stuck: a log that can't be written, a database that is frozen, few descriptors.

use std::fs::{File, OpenOptions};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value as Json, json};

use crate::support::patience::by_itself;
use crate::support::process::{Folder, Served};

/// Everything is answered, and the end comes when it is asked for.
async fn require_all_answered(mut served: Served, what: &str) {
    for path in ["/healthz", "/v1/places", "/nothing"].into_iter().cycle().take(120) {
        let sent = tokio::time::timeout(Duration::from_secs(5), served.send("GET", path, "", &Json::Null)).await;
        let (status, _) = sent.unwrap_or_else(|_| panic!("{what}: {path} was not answered"));
        assert!([200, 401, 404].contains(&status), "{what}: {path} {status}");
    }
    let started = Instant::now();
    assert!(served.signal(Signal::SIGTERM).success(), "{what}");
    assert!(started.elapsed() < Duration::from_secs(15), "{what}: {:?}", started.elapsed());
}

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_nothing() {
    let folder = Folder::new("logs");
    folder.add_user("admin");
    let full = Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    require_all_answered(Served::start_with(&folder, &[], full), "a full disk").await;

    let (reader, writer) = std::io::pipe().unwrap();
    let served = Served::start_with(&folder, &[], Stdio::from(OwnedFd::from(writer)));
    drop(reader);
    require_all_answered(served, "a reader that is gone").await;

    let (reader, mut writer) = std::io::pipe().unwrap();
    // Nearly full already; what comes blocks.
    std::io::Write::write_all(&mut writer, &[b'\n'; 60_000]).unwrap();
    require_all_answered(Served::start_with(&folder, &[], Stdio::from(OwnedFd::from(writer))), "nobody reads").await;
    drop(reader);
}

/// Every process of the folder's database.
fn database_processes(folder: &Folder) -> Vec<Pid> {
    let postmaster = folder.postmaster().unwrap();
    let mut found = vec![postmaster];
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<i32>().ok());
        if let (Some(parent), Ok(pid)) = (parent, entry.file_name().to_string_lossy().parse::<i32>())
            && parent == postmaster.as_raw()
        {
            found.push(Pid::from_raw(pid));
        }
    }
    found
}

#[tokio::test]
async fn a_frozen_database_is_told_in_time() {
    let folder = Folder::new("frozen");
    let settings = [("LIANFANG_READ_DEADLINE_MS", "2000"), ("LIANFANG_WRITE_DEADLINE_MS", "3000")];
    let log = File::create(folder.0.join("serve.log")).unwrap();
    let served = Served::start_with(&folder, &settings, log.into());
    let token = served.sign_in(&folder.add_user("admin"), "雨城区-防疫值守-2020").await;
    let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005"});
    assert_eq!(served.send("GET", "/v1/places", &token, &Json::Null).await.0, 200);
    let frozen = database_processes(&folder);
    assert!(frozen.len() > 3, "{frozen:?}");
    for pid in &frozen {
        kill(*pid, Signal::SIGSTOP).unwrap();
    }
    let answered =
        async |method: &str, path: &str, body: &Json| by_itself(served.send(method, path, &token, body)).await.0;
    let (health, ready, read, write, again) = tokio::join!(
        answered("GET", "/healthz", &Json::Null),
        answered("GET", "/readyz", &Json::Null),
        answered("GET", "/v1/places", &Json::Null),
        answered("POST", "/v1/places", &place),
        answered("GET", "/v1/organizations", &Json::Null),
    );
    for pid in &frozen {
        // A background process may have ended meanwhile.
        let _ = kill(*pid, Signal::SIGCONT);
    }
    assert_eq!([health, ready, read, write, again], [200, 503, 503, 503, 503], "while the database was frozen");
    let recovered = async {
        while served.send("POST", "/v1/places", &token, &place).await.0 != 201 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), recovered).await.expect("the service did not come back");
    assert_eq!(served.send("GET", "/readyz", "", &Json::Null).await.0, 200);
}

#[tokio::test]
async fn few_descriptors_are_not_held_by_silent_connections() {
    let folder = Folder::new("descriptors");
    folder.add_user("admin");
    let log = File::create(folder.0.join("serve.log")).unwrap();
    let served = Served::start_within(&folder, 256, log.into());
    let address = served.base.trim_start_matches("http://").to_owned();
    let silent: Vec<TcpStream> = (0..900).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for _ in 0..30 {
        assert_eq!(by_itself(served.send("GET", "/readyz", "", &Json::Null)).await.0, 200);
    }
    drop(silent);
}
