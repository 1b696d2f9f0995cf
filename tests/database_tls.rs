//! TLS to the database: a real PostgreSQL with certificates of an authority made here.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kit::connect::connect;
use kit::row::Row;
use kit::statement::Statement;
use lianfang::server::{migrations, routes};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;

use crate::support::dumps::{Scratch, program, require_success};
use crate::support::patience::by_itself;
use crate::support::process::BINARY;
use crate::support::{TestApp, empty_database};

/// An authority that signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key of a host.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (signed.pem(), key.serialize_pem())
    }
}

/// A PostgreSQL of the test's own, which takes connections by TLS only.
struct Server {
    home: Scratch,
    port: u16,
    /// User that it runs as: it refuses to be run by root.
    user: Option<User>,
    child: Option<Child>,
}

impl Server {
    async fn made() -> Self {
        let _ = empty_database().await;
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let user = geteuid().is_root().then(|| {
            let names = ["postgres", "nobody"].into_iter();
            names.filter_map(|name| User::from_name(name).unwrap()).next().unwrap()
        });
        let server = Self { home: Scratch::new(), port, user, child: None };
        server.give(&server.home.0);
        let mut initdb = server.command("initdb");
        initdb.arg("-D").arg(server.data()).args([
            "-U",
            "lianfang",
            "--auth=trust",
            "--no-sync",
            "--locale=C",
            "-E",
            "UTF8",
        ]);
        require_success("initdb", &initdb.output().unwrap());
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\nhostssl all all ::1/128 trust\n";
        server.write("data/pg_hba.conf", rules);
        server
    }

    fn data(&self) -> PathBuf {
        self.home.0.join("data")
    }

    fn give(&self, path: &Path) {
        if let Some(user) = &self.user {
            chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.home.0.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        self.give(&path);
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.current_dir(&self.home.0);
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    fn certify(&self, authority: &Authority) {
        let (certificate, key) = authority.sign("localhost");
        self.write("server.pem", &certificate);
        self.write("server.key", &key);
    }

    async fn start(&mut self, ssl: &str) {
        let port = self.port.to_string();
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).args(["-p", &port, "-c", "listen_addresses=localhost", "-c", "fsync=off"]);
        postgres.arg("-c").arg(format!("unix_socket_directories={}", self.home.0.display()));
        postgres.arg("-c").arg(format!("ssl={ssl}"));
        for (setting, file) in [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")] {
            postgres.arg("-c").arg(format!("{setting}={}", self.home.0.join(file).display()));
        }
        let log = std::fs::File::create(self.home.0.join("log")).unwrap();
        let child = postgres.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        self.child = Some(child);
        by_itself(async {
            while std::net::TcpStream::connect(("localhost", self.port)).is_err() {
                let log = std::fs::read_to_string(self.home.0.join("log")).unwrap();
                assert!(self.child.as_mut().unwrap().try_wait().unwrap().is_none(), "{log}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.as_ref().unwrap().id().try_into().unwrap()), signal).unwrap();
    }

    fn stop(&mut self) {
        if self.child.is_some() {
            self.signal(Signal::SIGINT);
            self.child.take().unwrap().wait().unwrap();
        }
    }

    fn url(&self, host: &str, root: &Path) -> String {
        let root = root.display().to_string().replace('/', "%2F");
        format!("postgresql://lianfang@{host}:{}/postgres?sslmode=verify-full&sslrootcert={root}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn refused(url: &str) -> String {
    match connect(url).await {
        Ok(_) => panic!("connected: {url}"),
        Err(error) => error.to_string(),
    }
}

async fn number(connection: &mut AsyncPgConnection, sql: &str) -> i64 {
    let rows: Vec<Row> = Statement::new(sql).load(connection).await.unwrap();
    rows.into_iter().next().unwrap().integer("count").unwrap()
}

const IN_PLAIN: &str = "SELECT count(*) AS count FROM pg_stat_ssl JOIN pg_stat_activity AS a USING (pid) WHERE a.backend_type = 'client backend' AND NOT ssl";
const ENCRYPTED: &str = "SELECT count(*) AS count FROM pg_stat_ssl WHERE ssl";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_server_that_proves_its_name_is_spoken_to() {
    let mut server = Server::made().await;
    let (own, another) = (Authority::new("雨城"), Authority::new("别处"));
    let (root, other_root) = (server.home.0.join("ca.pem"), server.home.0.join("another.pem"));
    std::fs::write(&root, &own.pem).unwrap();
    std::fs::write(&other_root, &another.pem).unwrap();
    server.certify(&own);
    server.start("on").await;
    let url = server.url("localhost", &root);
    let mut connection = by_itself(async {
        loop {
            match connect(&url).await {
                Ok(connection) => return connection,
                // It listens before it takes anybody.
                Err(error) if error.to_string().contains("db error") => {
                    tokio::time::sleep(Duration::from_millis(50)).await
                }
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await;
    assert_eq!(number(&mut connection, IN_PLAIN).await, 0);

    let wrong = refused(&server.url("localhost", &other_root)).await;
    assert!(wrong.ends_with("is signed by no authority of sslrootcert"), "{wrong}");
    let wrong = refused(&server.url("127.0.0.1", &root)).await;
    assert!(wrong.ends_with("is for another host name than that of the address"), "{wrong}");
    let public = format!("postgresql://lianfang@localhost:{}/postgres?sslmode=verify-full", server.port);
    assert!(refused(&public).await.ends_with("is signed by no authority of sslrootcert"));
    let command = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--keys-dir").arg(server.home.0.join("keys")).current_dir(&server.home.0);
        command.env("DATABASE_URL", server.url("localhost", &other_root)).output().unwrap()
    };
    for arguments in [&["migrate"][..], &["serve", "--listen", "127.0.0.1:0"], &["verify"]] {
        let output = command(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let sentences: Vec<&str> = told.lines().filter(|line| line.starts_with("lianfang: ")).collect();
        assert_eq!((output.status.code(), sentences.len()), (Some(3), 1), "{arguments:?}: {told}");
        assert!(sentences[0].contains("no authority of sslrootcert"), "{told}");
    }

    serves(&server, &url, &root, &mut connection, &another).await;
    drop(connection);

    server.stop();
    server.start("off").await;
    let plain = refused(&url).await;
    assert!(plain.contains("offers no TLS"), "{plain}");
}

/// All connections of a service are encrypted; certificates that are renewed while it runs count from the next connection on.
async fn serves(server: &Server, url: &str, root: &Path, connection: &mut AsyncPgConnection, another: &Authority) {
    migrations::migrate(url).await.unwrap();
    let keys = server.home.0.join("keys");
    let files = server.home.0.join("files");
    let app = TestApp::start_over(url, &routes::KINDS, |config| {
        config.keys_dir = Some(keys);
        config.attachments_dir = Some(files);
    })
    .await;
    let admin = app.administrator().await;
    let place = |name: &str| json!({"kind": "compound_gate", "name": name, "area_code": "511802005"});
    admin.post("/v1/places", &place("东门")).await.expect(201);
    assert_eq!(number(connection, IN_PLAIN).await, 0);
    assert!(number(connection, ENCRYPTED).await > 2, "the pool's, the ledger's, ours");

    server.certify(another);
    server.signal(Signal::SIGHUP);
    by_itself(async {
        while connect(url).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(refused(url).await.contains("no authority of sslrootcert"), "the server has another authority's now");
    std::fs::write(root, &another.pem).unwrap();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    connection.batch_execute(others).await.unwrap();
    by_itself(async {
        while admin.post("/v1/places", &place("西门")).await.status != 201 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert_eq!(number(connection, IN_PLAIN).await, 0);
}
