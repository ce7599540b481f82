//! The stores that harness knows: how each is started, how its data begins, and how it is reached.
//!
//! All listen on loopback only and ask for no password: as with every port of an agent, who may use this machine may use
//! them. Durability is that of `[database]`, `fast`: what a server was given survives its own death, SIGKILL included, and not
//! always a crash of the machine.

use std::path::Path;

use shell_words::quote;

use super::container;
use super::program::Program;
use crate::project::StoreKind;
use crate::system;

/// A store at a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Served<'a> {
    pub(super) kind: StoreKind,
    /// The store's name.
    pub(super) name: &'a str,
    /// Its data directory.
    pub(super) dir: &'a Path,
    /// Its port; 0 for one without a server.
    pub(super) port: u16,
    /// The image that serves, where it is one.
    pub(super) image: Option<&'a str>,
}

impl Served<'_> {
    /// The command line of its server; empty for one that is not installed on this machine by its kind.
    pub(super) fn command(&self, program: &Program) -> String {
        let path = quote(&program.path.to_string_lossy()).into_owned();
        let (dir, port) = (self.dir.display(), self.port);
        let option = |option: String| quote(&option).into_owned();
        match self.kind {
            StoreKind::Own | StoreKind::Sqlite | StoreKind::Image => String::new(),
            // every write is in the append-only file when it is answered; `-::1` is left out where there is no IPv6
            StoreKind::Redis => format!(
                "{path} --port {port} --bind 127.0.0.1 -::1 --dir {} --daemonize no --appendonly yes --appendfsync no --save ''",
                option(dir.to_string())
            ),
            StoreKind::Mysql | StoreKind::Mariadb => {
                let own = if program.is_mariadb { SMALL_LOG } else { " --mysqlx=OFF" };
                format!(
                    "{path} --no-defaults {} --port={port} --bind-address=127.0.0.1 --socket=server.sock \
                     --pid-file=server.pid {} --skip-log-bin --innodb-flush-log-at-trx-commit=2 \
                     --performance-schema=OFF{own}{}",
                    option(format!("--datadir={dir}")),
                    option(format!("--init-file={dir}/{BEGIN}")),
                    as_root()
                )
            }
            StoreKind::Mongodb => format!(
                "{path} --dbpath {} --port {port} --bind_ip 127.0.0.1 --nounixsocket --quiet",
                option(dir.to_string())
            ),
        }
    }

    /// The shell command that makes an empty data directory, where the server does not do that itself.
    pub(super) fn init(&self, program: &Program) -> Option<String> {
        if !matches!(self.kind, StoreKind::Mysql | StoreKind::Mariadb) {
            return None;
        }
        let datadir = quote(&format!("--datadir={}", self.dir.display())).into_owned();
        let make = match program.companion("mariadb-install-db").filter(|_| program.is_mariadb) {
            Some(install) => format!(
                "{} --no-defaults {datadir} --auth-root-authentication-method=normal --skip-test-db{SMALL_LOG}{}",
                quote(&install.to_string_lossy()),
                as_root()
            ),
            None => format!(
                "{} --no-defaults --initialize-insecure {datadir}{}",
                quote(&program.path.to_string_lossy()),
                as_root()
            ),
        };
        let sql = format!("CREATE DATABASE IF NOT EXISTS `{}`;", self.database());
        let begin = quote(&self.dir.join(BEGIN).to_string_lossy()).into_owned();
        Some(format!("{make} && echo {} > {begin}", quote(&sql)))
    }

    /// How clients reach it.
    pub(super) fn url(&self) -> String {
        let (port, database) = (self.port, self.database());
        match self.kind {
            StoreKind::Own | StoreKind::Image => container::url(self.image.unwrap_or_default(), port),
            StoreKind::Redis => format!("redis://127.0.0.1:{port}"),
            StoreKind::Mysql | StoreKind::Mariadb => format!("mysql://root@127.0.0.1:{port}/{database}"),
            StoreKind::Mongodb => format!("mongodb://127.0.0.1:{port}/{database}"),
            StoreKind::Sqlite => format!("file:{}", self.file().unwrap_or_default()),
        }
    }

    /// The file of a store that is one.
    pub(super) fn file(&self) -> Option<String> {
        let file = self.dir.join(format!("{}.sqlite3", self.name));
        (self.kind == StoreKind::Sqlite).then(|| file.display().to_string())
    }

    /// The database in it, where it has databases.
    pub(super) fn database(&self) -> String {
        self.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_")
    }

    /// By what the usual client programs find it, in steps of its template.
    pub(super) fn client_environment(&self) -> Vec<(String, String)> {
        let mut environment =
            vec![("STORE_DIR".to_owned(), self.dir.display().to_string()), ("STORE_URL".to_owned(), self.url())];
        if self.kind.has_server() {
            environment.push(("STORE_PORT".to_owned(), self.port.to_string()));
        }
        environment.extend(self.file().map(|file| ("STORE_FILE".to_owned(), file)));
        if matches!(self.kind, StoreKind::Mysql | StoreKind::Mariadb) {
            let client = [
                ("MYSQL_HOST", "127.0.0.1".to_owned()),
                ("MYSQL_TCP_PORT", self.port.to_string()),
                ("STORE_DATABASE", self.database()),
            ];
            environment.extend(client.map(|(name, value)| (name.to_owned(), value)));
        }
        environment
    }
}

/// What a server of MySQL executes at each start.
const BEGIN: &str = "harness.sql";

/// MariaDB's write-ahead log is a file of fixed size, 96 MB unless asked, which every copy would hold.
const SMALL_LOG: &str = " --innodb-log-file-size=32M";

/// Servers of MySQL refuse to run as root unless they are asked to.
fn as_root() -> &'static str {
    if system::effective_uid() == 0 { " --user=root" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(kind: StoreKind, dir: &str) -> String {
        let served = Served { kind, name: "my-shop", dir: Path::new(dir), port: 6389, image: None };
        format!("{} {:?}", served.url(), served.file())
    }

    #[test]
    fn addresses_are_those_that_clients_take() {
        assert_eq!(served(StoreKind::Redis, "/d"), "redis://127.0.0.1:6389 None");
        assert_eq!(served(StoreKind::Mariadb, "/d"), "mysql://root@127.0.0.1:6389/my_shop None");
        assert_eq!(served(StoreKind::Mongodb, "/d"), "mongodb://127.0.0.1:6389/my_shop None");
        assert_eq!(served(StoreKind::Sqlite, "/d"), "file:/d/my-shop.sqlite3 Some(\"/d/my-shop.sqlite3\")");
    }

    #[test]
    fn a_directory_with_a_space_stays_one_word() {
        let path = std::path::PathBuf::from("/usr/bin/redis-server");
        let program = Program { path, is_mariadb: false, places: String::new() };
        let served = Served { kind: StoreKind::Redis, name: "cache", dir: Path::new("/a b/c"), port: 1, image: None };
        assert!(shell_words::split(&served.command(&program)).unwrap().contains(&"/a b/c".to_owned()));
    }
}
