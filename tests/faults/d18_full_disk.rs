//! D18: on a full disk what makes databases says so and leaves nothing half made; what drops them works.

#![allow(clippy::print_stderr)] // a skipped test says so

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::postgres::{clone, snapshot};
use harness::report::Failure;

use crate::support::{TestPostgres, TestTemplate, agent, block_on, try_sql};

/// A small file system of its own; unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(megabytes: u32) -> Option<Self> {
        let directory = tempfile::Builder::new().prefix("harness-test-disk-").tempdir_in("/tmp").unwrap();
        let options = format!("size={megabytes}m,mode=0711");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(directory.path()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(directory))
    }

    /// Leaves `kilobytes` free.
    fn fill(&self, kilobytes: u64) -> std::path::PathBuf {
        let free = rustix::fs::statvfs(self.0.path()).unwrap();
        let bytes = (free.f_bavail * free.f_frsize).saturating_sub(kilobytes * 1024);
        let file = self.0.path().join("filler");
        fs::write(&file, vec![1; usize::try_from(bytes).unwrap()]).unwrap();
        file
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn d18_a_full_disk_is_said_and_space_can_be_freed() {
    let Some(disk) = Disk::new(220) else { return eprintln!("skipped: no file system can be mounted here") };
    let postgres = TestPostgres::start_in(disk.path(), &["min_wal_size=64MB", "max_wal_size=64MB"]);
    let project = TestTemplate::small(&postgres);
    let template = project.ensure();
    let (three, four) = (project.launch(3), project.launch(4));
    block_on(snapshot::create(&project.server, &project.home, agent(3), "kept")).unwrap();
    let before = postgres.databases();
    let filler = disk.fill(2000);

    let outcomes = [
        block_on(snapshot::create(&project.server, &project.home, agent(3), "another")).map(drop),
        block_on(snapshot::restore(&project.server, &project.home, agent(3), "kept")).map(drop),
        block_on(snapshot::reset(&project.server, &template, &project.request(3, &three.password))).map(drop),
        block_on(project.try_launch(5)).map(drop),
    ];
    for outcome in outcomes {
        let document = Failure::from(outcome.unwrap_err()).document();
        assert_eq!(document.code, "postgres.disk_full", "{document:?}");
        assert!(document.hint.unwrap().contains("free space"));
    }
    assert_eq!(postgres.databases(), before, "nothing half made stays");
    assert!(block_on(clone::exists(&project.server, &project.home, agent(3))).unwrap());
    for login in [&three, &four] {
        assert_eq!(try_sql(login, "SELECT body FROM message").unwrap(), ["seed"]);
    }
    // what frees space works
    block_on(snapshot::drop(&project.server, &project.home, agent(3), "kept")).unwrap();
    project.teardown(4);
    fs::remove_file(filler).unwrap();
    block_on(snapshot::create(&project.server, &project.home, agent(3), "another")).unwrap();
}
