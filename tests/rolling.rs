//! Two processes over one database behind somebody who divides requests between them: each is stopped and started again
//! in its turn, and nobody notices. And what only one of them does at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use lianfang::platform::leases::{give_back, take_lease, under_lease, under_lease_renewed};
use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::faults::require_journal;
use crate::support::patience::by_itself;
use crate::support::process::{Folder, Served};
use crate::support::{TestApp, examples, fresh_database};

/// How long a process still answers after it was asked to stop, in milliseconds: many of the looks below.
const DRAIN_MS: &str = "800";
/// How often it is asked whether a process is ready.
const LOOK: Duration = Duration::from_millis(40);

/// A process as the balancer sees it.
#[derive(Default)]
struct Seat {
    address: Mutex<Option<String>>,
    ready: AtomicBool,
    told_off: AtomicU64,
}

/// Divides connections between two processes, as HAProxy does with `option httpchk GET /readyz`: to those that said 200.
struct Balancer {
    base: String,
    seats: Arc<[Seat; 2]>,
}

impl Balancer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seats: Arc<[Seat; 2]> = Arc::default();
        tokio::spawn(Self::look(Arc::clone(&seats)));
        let all = Arc::clone(&seats);
        tokio::spawn(async move {
            for turn in 0_usize.. {
                let (mut client, _) = listener.accept().await.unwrap();
                let seats = Arc::clone(&all);
                tokio::spawn(async move {
                    for seat in [&seats[turn % 2], &seats[(turn + 1) % 2]] {
                        let address = seat.address.lock().unwrap().clone();
                        let Some(address) = address.filter(|_| seat.ready.load(Ordering::SeqCst)) else { continue };
                        if let Ok(mut process) = TcpStream::connect(address).await {
                            let _ = copy_bidirectional(&mut client, &mut process).await;
                            return;
                        }
                    }
                });
            }
        });
        Self { base, seats }
    }

    async fn look(seats: Arc<[Seat; 2]>) {
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        loop {
            for seat in seats.iter() {
                let Some(address) = seat.address.lock().unwrap().clone() else { continue };
                let answer = client.get(format!("http://{address}/readyz")).send().await;
                let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
                if status == 503 && seat.ready.load(Ordering::SeqCst) {
                    assert!(answer.unwrap().headers().contains_key("retry-after"));
                    seat.told_off.fetch_add(1, Ordering::SeqCst);
                }
                seat.ready.store(status == 200, Ordering::SeqCst);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A process has a seat; returns when it is given requests.
    async fn seat(&self, index: usize, served: &Served) {
        *self.seats[index].address.lock().unwrap() = Some(served.base.trim_start_matches("http://").to_owned());
        by_itself(async {
            while !self.seats[index].ready.load(Ordering::SeqCst) {
                tokio::time::sleep(LOOK).await;
            }
        })
        .await;
    }
}

struct Load {
    client: reqwest::Client,
    base: String,
    token: String,
    stop: AtomicBool,
    journal: Mutex<BTreeMap<i64, String>>,
    read: AtomicU64,
    failed: Mutex<Vec<String>>,
}

impl Load {
    /// Sends a request once; what isn't answered as it should be is a failure, for nothing is tried again.
    async fn send(&self, request: reqwest::RequestBuilder, expected: u16) -> Option<Json> {
        let told = match request.bearer_auth(&self.token).send().await {
            Ok(answer) if answer.status().as_u16() == expected => match answer.json().await {
                Ok(body) => return Some(body),
                Err(error) => format!("broken: {error:?}"),
            },
            Ok(answer) => format!("{} {}", answer.status(), answer.text().await.unwrap_or_default()),
            Err(error) => format!("{error:?}"),
        };
        self.failed.lock().unwrap().push(told);
        None
    }

    async fn write(self: Arc<Self>, place: String, writer: u32) {
        for sequence in writer * 100_000.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let request = self.client.post(format!("{}/v1/screenings", self.base));
            let body = examples::screening(&place, sequence);
            let request = request.header("content-type", "application/json").body(body.to_string());
            if let Some(answer) = self.send(request, 201).await {
                let (number, id) = (answer["change_no"].as_i64().unwrap(), body["id"].as_str().unwrap().to_owned());
                assert_eq!(self.journal.lock().unwrap().insert(number, id), None, "{number} was given twice");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn read(self: Arc<Self>, path: &str) {
        while !self.stop.load(Ordering::Relaxed) {
            if self.send(self.client.get(format!("{}{path}", self.base)), 200).await.is_some() {
                self.read.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn await_changes(self: Arc<Self>) {
        let mut since = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let request = self.client.get(format!("{}/v1/changes?since={since}&limit=500&wait=2", self.base));
            let Some(page) = self.send(request, 200).await else { continue };
            since = page["next"].as_i64().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_request() {
    let (folder, url) = (Folder::new("rolling"), fresh_database().await);
    let keys = folder.0.join("keys").display().to_string();
    let settings = [("DATABASE_URL", url.as_str()), ("LIANFANG_KEYS_DIR", &keys), ("LIANFANG_DRAIN_MS", DRAIN_MS)];
    let start = || {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.0.join("serve.log")).unwrap();
        tokio::task::block_in_place(|| Served::start_with(&folder, &settings, log.into()))
    };
    let mut processes = [start(), start()];
    let balancer = Balancer::start().await;
    for (index, served) in processes.iter().enumerate() {
        balancer.seat(index, served).await;
    }
    let added = folder.command(&["user", "add", "admin", "--admin", "--json"]).envs(settings).output().unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let account: Json = serde_json::from_slice(&added.stdout).unwrap();
    let token = processes[0].sign_in(&account, "雨城区-防疫值守-2020").await;
    let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005"});
    let (_, place) = processes[0].send("POST", "/v1/places", &token, &place).await;
    let place = place["id"].as_str().unwrap().to_owned();

    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let load = Arc::new(Load {
        client,
        base: balancer.base.clone(),
        token: token.clone(),
        stop: AtomicBool::new(false),
        journal: Mutex::default(),
        read: AtomicU64::new(0),
        failed: Mutex::default(),
    });
    let mut tasks: Vec<_> = (0..6).map(|writer| tokio::spawn(Arc::clone(&load).write(place.clone(), writer))).collect();
    for path in ["/v1/screenings?limit=5", "/v1/places", "/v1/auth/me"] {
        tasks.push(tokio::spawn(Arc::clone(&load).read(path)));
    }
    tasks.push(tokio::spawn(Arc::clone(&load).await_changes()));
    for turn in 0..4 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let before = load.journal.lock().unwrap().len();
        let ended = tokio::task::block_in_place(|| processes[turn % 2].signal(Signal::SIGTERM));
        assert!(ended.success());
        assert!(load.journal.lock().unwrap().len() > before, "the other process wrote on");
        processes[turn % 2] = start();
        balancer.seat(turn % 2, &processes[turn % 2]).await;
    }
    load.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let (journal, failed) = (load.journal.lock().unwrap().clone(), load.failed.lock().unwrap().clone());
    assert_eq!(
        failed,
        Vec::<String>::new(),
        "of {} writes, {} reads",
        journal.len(),
        load.read.load(Ordering::Relaxed)
    );
    assert!(journal.len() > 100 && load.read.load(Ordering::Relaxed) > 100, "hardly anything was asked");
    let told_off: Vec<u64> = balancer.seats.iter().map(|seat| seat.told_off.load(Ordering::SeqCst)).collect();
    // A busy machine may say so once more.
    assert!(told_off.iter().all(|told| *told >= 2), "each end was told by /readyz before it came: {told_off:?}");
    require_journal(&processes[0], &token, &journal).await;
    for served in &mut processes {
        // Nobody is behind it any more: a second signal ends the wait.
        assert!(tokio::task::block_in_place(|| served.signal(Signal::SIGINT)).success());
    }
    let verified = folder.command(&["verify", "--json"]).envs(settings).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

/// When a lease runs out, or none where nobody has it.
async fn held_until(app: &TestApp, name: &str) -> Option<i64> {
    let held = format!(
        "SELECT (extract(epoch FROM held_until) * 1000)::bigint AS ms FROM worker_leases WHERE name = '{name}'"
    );
    app.rows(&held).await.pop().map(|mut row| row.integer("ms").unwrap())
}

#[tokio::test]
async fn a_lease_is_renewed_while_its_work_lasts_and_given_back_at_the_end() {
    let app = TestApp::start().await;
    let other = app.another().await;
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let long = async {
        let first = held_until(&app, "long work").await.unwrap();
        by_itself(async {
            while held_until(&app, "long work").await.unwrap() <= first {
                assert!(!take_lease(&other.core, "long work", two).await.unwrap());
            }
        })
        .await;
        Ok(())
    };
    under_lease_renewed(&app.core, ("long work", one), Duration::from_millis(10), long).await.unwrap();

    // Somebody else took it, because this process stood still for too long: the work doesn't go on beside his.
    let stolen = async {
        app.sql(&format!("UPDATE worker_leases SET holder = '{two}' WHERE name = 'long work'")).await;
        std::future::pending().await
    };
    let broken_off = under_lease_renewed(&app.core, ("long work", one), Duration::from_millis(10), stolen);
    by_itself(async { broken_off.await.unwrap() }).await;

    // A clean end: what is under way ends, and others take on at once what nobody would else have touched for 50 s.
    assert!(take_lease(&app.core, "short work", one).await.unwrap());
    assert!(!take_lease(&other.core, "short work", two).await.unwrap());
    let under_way = under_lease(&app.core, "last work", one, std::future::pending());
    let end = async {
        while held_until(&app, "last work").await.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        give_back(&app.core).await.unwrap();
    };
    by_itself(async {
        let (ended, ()) = tokio::join!(under_way, end);
        ended.unwrap();
    })
    .await;
    for name in ["short work", "last work"] {
        assert!(take_lease(&other.core, name, two).await.unwrap(), "{name}");
        assert!(!take_lease(&app.core, name, one).await.unwrap(), "a process that ends takes none");
    }
    assert_eq!(held_until(&app, "nothing").await, None);
}

/// Lets a database take writes or none from now on, in connections made anew, and ends those that are there: as if another
/// server answered at its address.
async fn take_writes(app: &TestApp, takes: bool) {
    let mut owner = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    let name = app.database_url.rsplit('/').next().unwrap().to_owned();
    owner.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    let change = if takes { "RESET default_transaction_read_only" } else { "SET default_transaction_read_only = on" };
    owner.batch_execute(&format!("ALTER DATABASE {name} {change}")).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    owner.batch_execute(end).await.unwrap();
}

/// Waits until readiness is answered so: a judgement holds for a while.
async fn until_readiness(app: &TestApp, status: u16) {
    let answered = async {
        while app.nobody().get("/readyz").await.status != status {
            tokio::time::sleep(LOOK).await;
        }
    };
    by_itself(answered).await;
}

/// While the primary is gone, HAProxy leads to its standby: whoever reads has an answer, whoever writes is told when to come
/// again, and nothing is taken for a defect. Afterwards it goes on by itself.
#[tokio::test]
async fn a_standby_is_read_from_and_says_503_to_writers() {
    let app = TestApp::start().await;
    let guard = app.administrator().await;
    let place = examples::checkpoint(&guard, "511802005").await;
    let bodies: Vec<Json> = (1..4).map(|sequence| examples::screening(&place, sequence)).collect();
    guard.post("/v1/screenings", &bodies[0]).await.expect(201);
    let path = format!("/v1/screenings/{}", bodies[0]["id"].as_str().unwrap());

    take_writes(&app, false).await;
    guard.get(&path).await.expect(200);
    for _ in 0..2 {
        // First on a connection that was lost, then on one that takes no writes.
        let told = guard.post("/v1/screenings", &bodies[1]).await;
        assert_eq!((told.status, told.code()), (503, "unavailable"));
        assert!(told.header("retry-after").parse::<u32>().unwrap() <= 5);
    }
    guard.get("/v1/screenings?limit=5").await.expect(200);
    until_readiness(&app, 503).await;

    take_writes(&app, true).await;
    until_readiness(&app, 200).await;
    for body in &bodies[1..] {
        guard.post("/v1/screenings", body).await.expect(201);
    }
    guard.post("/v1/screenings", &bodies[0]).await.expect(200);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
