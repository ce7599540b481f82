//! Against the programs of an installed PostgreSQL.

#![allow(clippy::print_stderr)] // a skipped test says so

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::infra::servers::postgres::binaries;

/// A home that the service user can enter, and all that a cluster needs.
struct Bench {
    _directory: tempfile::TempDir,
    home: Home,
    record: PostgresRecord,
    credentials: Credentials,
    binaries: BinariesRecord,
    user: Option<ServiceUser>,
}

impl Bench {
    async fn new() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        let user = ServiceUser::choose().unwrap();
        let (installed, rejected) = binaries::installed(user.as_ref()).await;
        let Some(found) = installed.into_iter().next() else {
            eprintln!("skipped: no PostgreSQL is installed: {rejected:?}");
            return None;
        };
        let binaries = BinariesRecord {
            bin_dir: found.bin_dir,
            version: found.version,
            major: found.major,
            extension_dir: found.extension_dir,
            reason: String::new(),
        };
        let record = PostgresRecord {
            port: 1,
            durability: Durability::Fast,
            settings: std::collections::BTreeMap::new(),
            system_identifier: None,
            binaries: Some(binaries.clone()),
            image: None,
        };
        Some(Self { _directory: directory, home, record, credentials: Credentials::generate(), binaries, user })
    }

    async fn prepare(&self) -> Result<Option<LostCluster>> {
        let Self { home, record, credentials, binaries, user, .. } = self;
        let events = Events::silent();
        Cluster { home, record, credentials, binaries, user: user.as_ref(), events: &events }.prepare().await
    }

    fn data_dir(&self) -> PathBuf {
        PostgresRecord::data_dir(&self.home)
    }

    async fn identifier(&self) -> String {
        let data = control_data::read(&self.binaries.bin_dir, &self.data_dir(), self.user.as_ref()).await;
        data.unwrap().system_identifier
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_cluster_is_made_once_and_belongs_to_the_service_user_alone() {
    runtime().block_on(async {
        let Some(bench) = Bench::new().await else { return };
        assert_eq!(bench.prepare().await.unwrap(), None);
        let identifier = bench.identifier().await;
        assert_eq!(bench.prepare().await.unwrap(), None);
        assert_eq!(bench.identifier().await, identifier);
        let metadata = bench.data_dir().metadata().unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o700);
        if let Some(user) = &bench.user {
            assert_eq!(metadata.uid(), user.uid);
        }
        let left: Vec<_> = fs::read_dir(bench.data_dir().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(!left.iter().any(|name| name.contains("password") || name.contains("new")), "{left:?}");
        let configuration = fs::read_to_string(bench.data_dir().join("postgresql.conf")).unwrap();
        assert!(!configuration.contains(bench.credentials.postgres_password.expose()));
    });
}

#[test]
fn data_that_a_host_crash_may_have_torn_is_moved_aside_whole() {
    runtime().block_on(async {
        let Some(bench) = Bench::new().await else { return };
        bench.prepare().await.unwrap();
        let identifier = bench.identifier().await;
        // a start in another boot, and no clean stop: the state byte of the control file says `in production`
        let mark = bench.data_dir().parent().unwrap().join("started.json");
        write_versioned(&mark, &StartMark { boot_id: "another".into(), durability: Durability::Fast }).unwrap();
        pretend_unclean(&bench.data_dir().join("global/pg_control"));
        let decoy = bench.data_dir().parent().unwrap().join("data.old");
        fs::create_dir(&decoy).unwrap();
        let lost = bench.prepare().await.unwrap().expect("the cluster is lost");
        assert_eq!(lost.system_identifier, identifier);
        assert!(lost.moved_to.join("PG_VERSION").is_file());
        assert_ne!(bench.identifier().await, identifier);
        assert!(decoy.is_dir());
    });
}

/// Sets `DBState` to `DB_IN_PRODUCTION`: the field after system identifier, two versions and padding-free.
fn pretend_unclean(control: &Path) {
    let mut bytes = fs::read(control).unwrap();
    bytes[16..20].copy_from_slice(&6_u32.to_ne_bytes());
    fs::write(control, bytes).unwrap();
}

#[test]
fn data_of_another_major_version_and_strange_directories_are_refused() {
    runtime().block_on(async {
        let Some(bench) = Bench::new().await else { return };
        fs::create_dir_all(bench.data_dir()).unwrap();
        fs::write(bench.data_dir().join("precious"), "mine").unwrap();
        assert!(matches!(bench.prepare().await, Err(Error::UnknownData { .. })));
        fs::write(bench.data_dir().join("PG_VERSION"), "9\n").unwrap();
        let error = bench.prepare().await.unwrap_err();
        assert!(matches!(&error, Error::DataVersion { found, .. } if found == "9"), "{error}");
        assert_eq!(fs::read_to_string(bench.data_dir().join("precious")).unwrap(), "mine");
    });
}

#[test]
fn a_pid_file_of_somebody_else_does_not_block_the_start() {
    runtime().block_on(async {
        let Some(bench) = Bench::new().await else { return };
        bench.prepare().await.unwrap();
        let sockets = bench.record.socket_dir(&bench.home).unwrap();
        for lock in [bench.data_dir().join("postmaster.pid"), sockets.join(".s.PGSQL.1.lock")] {
            fs::write(&lock, format!("{}\n", std::process::id())).unwrap();
            bench.prepare().await.unwrap();
            assert!(!lock.exists(), "{}", lock.display());
        }
    });
}
