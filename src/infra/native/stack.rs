//! What the stack `infra` is: the process config of the home's own servers, from the record alone, so that the
//! same record always gives the same config.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{chromium, program};
use crate::infra::record::{BinariesRecord, InfraRecord, MailRecord, PostgresRecord, S3Record};
use crate::infra::service;
use crate::supervisor::{ProbeCheckSpec, ProbeSpec, ProcessSpec, RestartSpec, RunAs, StackSpec, StopSpec};
use crate::system::{Home, ServiceUser, StackName};

/// Messages that the mail catcher keeps, on every engine.
const MAX_MESSAGES: u32 = 5000;

/// `mailpit`, where it is installed; `HARNESS_MAILPIT` names one elsewhere, or is `none`.
pub(in crate::infra) fn find_mailpit() -> Option<PathBuf> {
    match std::env::var("HARNESS_MAILPIT").ok().filter(|value| !value.is_empty()) {
        Some(value) if value == "none" => None,
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => which::which("mailpit").ok(),
    }
}

/// The agents' keys, written by launches and read by the embedded server.
pub(in crate::infra) fn s3_credentials_file(home: &Home) -> PathBuf {
    home.infra_dir().join(service::S3).join("credentials.json")
}

fn browser_profile(home: &Home) -> PathBuf {
    home.infra_dir().join(service::BROWSER).join("run/profile")
}

/// The whole stack. `harness` is the program that serves S3 and mail.
pub(super) fn of(home: &Home, record: &InfraRecord, harness: &Path) -> StackSpec {
    let user = record.service_user.as_ref();
    let mut processes = BTreeMap::new();
    if let Some(own) = record.hostings.postgres.own()
        && let Some(binaries) = &own.binaries
    {
        processes.insert(service::DB.to_owned(), postgres(home, own, binaries, user));
    }
    if let Some(own) = record.hostings.s3.own() {
        processes.insert(service::S3.to_owned(), s3(home, record, own, harness));
    }
    if let Some(own) = record.hostings.mail.own() {
        let spec = match &own.program {
            Some(program) => mailpit(home, own, program, user),
            None => embedded_mail(home, own, harness),
        };
        processes.insert(service::MAIL.to_owned(), spec);
    }
    if let Some(own) = record.hostings.browser.own()
        && let Some(program) = &own.program
    {
        processes.insert(service::BROWSER.to_owned(), browser(home, own.port, program, user));
    }
    let environment = program::environment().map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let stack = StackName::Infra.to_string();
    StackSpec { version: 1, stack, home_id: home.id().to_owned(), environment, processes }
}

fn postgres(home: &Home, own: &PostgresRecord, binaries: &BinariesRecord, user: Option<&ServiceUser>) -> ProcessSpec {
    let directory = home.infra_dir().join(service::DB);
    let program = binaries.bin_dir.join("postgres");
    let data_dir = PostgresRecord::data_dir(home);
    ProcessSpec {
        // SIGTERM would wait for the sessions to end by themselves
        shutdown: StopSpec { signal: "SIGINT".to_owned(), timeout_seconds: 60.0 },
        run_as: run_as(user),
        readiness_probe: Some(probe(ProbeCheckSpec::TcpConnect { host: Some(LOOPBACK.to_owned()), port: own.port })),
        ..process(vec![text(&program), "-D".to_owned(), text(&data_dir)], directory, vec![own.port])
    }
}

fn s3(home: &Home, record: &InfraRecord, own: &S3Record, harness: &Path) -> ProcessSpec {
    let directory = home.infra_dir().join(service::S3);
    let mut command = vec![text(harness), "__s3".to_owned()];
    command.extend(option("--listen", &address(own.port)));
    command.extend(option("--data", &text(&directory.join("data"))));
    command.extend(option("--credentials", &text(&s3_credentials_file(home))));
    ProcessSpec {
        environment: variables(&[
            ("HARNESS_S3_ACCESS_KEY", &record.credentials.s3_access_key),
            ("HARNESS_S3_SECRET_KEY", record.credentials.s3_secret_key.expose()),
        ]),
        readiness_probe: Some(probe(ProbeCheckSpec::TcpConnect { host: Some(LOOPBACK.to_owned()), port: own.port })),
        ..process(command, directory, vec![own.port])
    }
}

fn embedded_mail(home: &Home, own: &MailRecord, harness: &Path) -> ProcessSpec {
    let directory = home.infra_dir().join(service::MAIL);
    let mut command = vec![text(harness), "__mail".to_owned()];
    command.extend(option("--smtp", &address(own.smtp_port)));
    command.extend(option("--http", &address(own.web_port)));
    command.extend(option("--data", &text(&directory.join("data"))));
    command.extend(option("--max-messages", &MAX_MESSAGES.to_string()));
    ProcessSpec {
        readiness_probe: Some(mail_probe(own)),
        ..process(command, directory, vec![own.smtp_port, own.web_port])
    }
}

fn mailpit(home: &Home, own: &MailRecord, program: &Path, user: Option<&ServiceUser>) -> ProcessSpec {
    let directory = home.infra_dir().join(service::MAIL);
    ProcessSpec {
        environment: variables(&[
            ("MP_SMTP_BIND_ADDR", &address(own.smtp_port)),
            ("MP_UI_BIND_ADDR", &address(own.web_port)),
            ("MP_DATABASE", &text(&directory.join("run/mailpit.db"))),
            ("MP_MAX_MESSAGES", &MAX_MESSAGES.to_string()),
            ("MP_SMTP_AUTH_ACCEPT_ANY", "true"),
            ("MP_SMTP_AUTH_ALLOW_INSECURE", "true"),
            ("MP_TAGS_USERNAME", "true"),
            ("MP_DISABLE_VERSION_CHECK", "true"),
        ]),
        run_as: run_as(user),
        readiness_probe: Some(mail_probe(own)),
        ..process(vec![text(program)], directory, vec![own.smtp_port, own.web_port])
    }
}

fn mail_probe(own: &MailRecord) -> ProbeSpec {
    probe(ProbeCheckSpec::HttpGet { host: Some(LOOPBACK.to_owned()), port: own.web_port, path: "/readyz".to_owned() })
}

fn browser(home: &Home, port: u16, program: &Path, user: Option<&ServiceUser>) -> ProcessSpec {
    let profile = browser_profile(home);
    let run = home.infra_dir().join(service::BROWSER).join("run");
    let check = ProbeCheckSpec::HttpGet { host: Some(LOOPBACK.to_owned()), port, path: "/json/version".to_owned() };
    ProcessSpec {
        environment: variables(&[("HOME", &text(&run))]),
        run_as: run_as(user),
        readiness_probe: Some(probe(check)),
        ..process(chromium::command(program, port, &profile), run, vec![port])
    }
}

const LOOPBACK: &str = "127.0.0.1";

/// A server that is started again whatever it died of.
fn process(command: Vec<String>, working_dir: PathBuf, ports: Vec<u16>) -> ProcessSpec {
    ProcessSpec {
        command,
        working_dir,
        environment: BTreeMap::new(),
        disabled: false,
        depends_on: BTreeMap::new(),
        readiness_probe: None,
        liveness_probe: None,
        ready_log_line: None,
        error_log_line: None,
        ports,
        restart: RestartSpec::Always,
        max_restarts: 0,
        shutdown: StopSpec::default(),
        watch: None,
        run_as: None,
    }
}

/// For what `status` shows. The supervisor asks eagerly up to this period until a server is ready, and calmly
/// after; `ensure` waits with probes of its own besides, which ask for more.
fn probe(check: ProbeCheckSpec) -> ProbeSpec {
    ProbeSpec {
        check,
        initial_delay_seconds: 0.0,
        period_seconds: 0.1,
        timeout_seconds: 2.0,
        success_threshold: 1,
        failure_threshold: 50,
    }
}

fn run_as(user: Option<&ServiceUser>) -> Option<RunAs> {
    user.map(|user| RunAs { uid: user.uid, gid: user.gid })
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn address(port: u16) -> String {
    format!("{LOOPBACK}:{port}")
}

fn option(name: &str, value: &str) -> [String; 2] {
    [name.to_owned(), value.to_owned()]
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
