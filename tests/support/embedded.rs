//! The embedded servers as processes of their own, on ports of their own: `harness __s3`, `harness __mail`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::ProvideErrorMetadata;
use harness::bucket::S3Endpoint;
use harness::system::Secret;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::http::try_get;
use super::ports::PortBlock;
use super::wait::{SHORT, wait_for};

/// A running server, its data and its ports. Dropped, it is told to end, and must do so.
struct Server {
    child: Option<Child>,
    directory: TempDir,
    ports: PortBlock,
    log: PathBuf,
}

impl Server {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("harness-test-").tempdir_in("/tmp").expect("make a directory");
        let log = directory.path().join("log");
        Self { child: None, directory, ports: PortBlock::lease(), log }
    }

    fn start(&mut self, arguments: &[String], environment: &[(&str, &str)], probe: (u16, &str)) {
        assert!(self.child.is_none(), "the server runs");
        let log = File::options().create(true).append(true).open(&self.log).expect("open the log");
        let child = Command::new(env!("CARGO_BIN_EXE_harness"))
            .args(arguments)
            .env_clear()
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("start the server");
        self.child = Some(child);
        wait_for("the server to answer", SHORT, || match try_get(probe.0, probe.1) {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("{other:?}; log: {}", self.log())),
        });
    }

    fn signal(&mut self, signal: Signal) -> ExitStatus {
        let mut child = self.child.take().expect("the server runs");
        let pid = Pid::from_child(&child);
        kill_process(pid, signal).expect("signal the server");
        wait_for("the server to end", SHORT, || child.try_wait().expect("wait").ok_or("it runs"))
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            let status = self.signal(Signal::TERM);
            if !std::thread::panicking() {
                assert!(status.success(), "the server ended with {status}; log: {}", self.log());
            }
        }
    }
}

/// An S3 server.
pub(crate) struct S3Server(Server);

impl S3Server {
    pub(crate) const ACCESS_KEY: &str = "root-key";
    pub(crate) const SECRET: &str = "root-secret-of-the-test";

    /// Starts one and waits until it answers.
    pub(crate) fn start() -> Self {
        let mut server = Self(Server::new());
        server.restart();
        server
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`].
    pub(crate) fn restart(&mut self) {
        let words = [
            ("__s3", None),
            ("--listen", Some(format!("127.0.0.1:{}", self.port()))),
            ("--data", Some(self.data().display().to_string())),
            ("--credentials", Some(self.credentials().display().to_string())),
        ];
        let arguments: Vec<String> =
            words.into_iter().flat_map(|(name, value)| [Some(name.to_owned()), value]).flatten().collect();
        let environment = [("HARNESS_S3_ACCESS_KEY", Self::ACCESS_KEY), ("HARNESS_S3_SECRET_KEY", Self::SECRET)];
        let port = self.port();
        self.0.start(&arguments, &environment, (port, "/minio/health/live"));
    }

    /// Ends it the way its supervisor does.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.0.signal(Signal::TERM)
    }

    /// Ends it without a warning.
    pub(crate) fn kill(&mut self) {
        self.0.signal(Signal::KILL);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.child.as_ref().expect("the server runs").id()
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.ports.infra(1)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.directory.path().join("data")
    }

    /// A directory for whatever a test needs; removed with the server.
    pub(crate) fn directory(&self) -> &Path {
        self.0.directory.path()
    }

    /// The file of agents' keys.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.0.directory.path().join("credentials.json")
    }

    pub(crate) fn endpoint(&self) -> S3Endpoint {
        S3Endpoint {
            url: format!("http://127.0.0.1:{}", self.port()),
            region: S3Endpoint::REGION.to_owned(),
            access_key: Self::ACCESS_KEY.to_owned(),
            secret_key: Secret::new(Self::SECRET),
            own: false,
        }
    }

    /// An application's client with the root keys.
    pub(crate) fn client(&self) -> Client {
        self.client_with(Self::ACCESS_KEY, Self::SECRET)
    }

    /// The keys in a bucket as these credentials see it; `Err` is the server's error code.
    pub(crate) async fn keys(&self, access_key: &str, secret: &str, bucket: &str) -> Result<Vec<String>, String> {
        let listed = self.client_with(access_key, secret).list_objects_v2().bucket(bucket).send().await;
        let listed = listed.map_err(|error| error.code().unwrap_or("no code").to_owned())?;
        Ok(listed.contents().iter().filter_map(|object| object.key().map(ToOwned::to_owned)).collect())
    }

    /// An application's client: the SDK as it comes, checksums and retries included.
    pub(crate) fn client_with(&self, access_key: &str, secret: &str) -> Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(S3Endpoint::REGION))
            .endpoint_url(self.endpoint().url)
            .force_path_style(true)
            .credentials_provider(Credentials::new(access_key, secret, None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        Client::from_conf(config.build())
    }
}

/// A mail server.
pub(crate) struct MailServer(Server);

impl MailServer {
    /// Starts one and waits until it answers.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with further options.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        let mut server = Self(Server::new());
        server.restart_with(options);
        server
    }

    /// Starts it again after [`Self::kill`].
    pub(crate) fn restart_with(&mut self, options: &[&str]) {
        let data = self.0.directory.path().join("data").display().to_string();
        let (smtp, http) = (format!("127.0.0.1:{}", self.smtp_port()), format!("127.0.0.1:{}", self.web_port()));
        let words = ["__mail", "--smtp", &smtp, "--http", &http, "--data", &data];
        let arguments: Vec<String> = words.iter().chain(options).map(|word| (*word).to_owned()).collect();
        let port = self.web_port();
        self.0.start(&arguments, &[], (port, "/readyz"));
    }

    /// Ends it the way its supervisor does.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.0.signal(Signal::TERM)
    }

    /// Ends it without a warning.
    pub(crate) fn kill(&mut self) {
        self.0.signal(Signal::KILL);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.child.as_ref().expect("the server runs").id()
    }

    pub(crate) fn smtp_port(&self) -> u16 {
        self.0.ports.infra(4)
    }

    pub(crate) fn web_port(&self) -> u16 {
        self.0.ports.infra(5)
    }
}
