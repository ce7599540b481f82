//! `backup` and `restore`.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::support::{TestHome, get, post};

/// A directory of this home's machine that a backup goes to.
fn target(home: &TestHome, name: &str) -> String {
    home.directory().join(name).display().to_string()
}

/// What is left of backups that did not end.
fn is_without_partial(directory: &Path) -> bool {
    let mut entries = fs::read_dir(directory).unwrap();
    !entries.any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with(".harness-backup-"))
}

#[test]
fn a_backup_is_restored_into_an_empty_home() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .with_s3()
        .toml("[bucket]\nseed = \"seed\"")
        .file("seed/a/one.txt", "first")
        .file("seed/b ü.txt", "second")
        .application("api")
        .write();
    project.harness(["launch", "3", "4"]).run().succeeds();
    post(project.port("api", 3), "/items", "text/plain", b"kept");
    let items = |agent| get(project.port("api", agent), "/items").body;
    let (three, four) = (items(3), items(4));

    let directory = target(&home, "saved");
    let done = project.harness(["backup", &directory, "--json"]).run().succeeds().json();
    assert_eq!((&done["schema"], &done["directory"]), (&"harness/backup/1".into(), &directory.as_str().into()));
    assert_eq!(done["agents"][0]["database"], "agent_3", "{done}");
    assert_eq!(done["agents"][1]["objects"], 2, "{done}");
    assert_eq!(items(3), three, "the stack went on running");
    let refused = project.harness(["backup", &directory, "--json"]).run().exits_with(5).json();
    assert_eq!(refused["error"]["code"], "backup.not_empty");

    let used = project.harness(["restore", &directory, "--json"]).run().exits_with(5).json();
    assert_eq!(used["error"]["code"], "restore.home_in_use", "{used}");
    project.harness(["teardown", "--all", "--infra", "--volumes", "--force"]).run().succeeds();
    fs::remove_dir_all(home.path()).unwrap();

    let done = project.harness(["restore", &directory, "--json"]).run().succeeds().json();
    assert_eq!((&done["schema"], done["agents"].as_array().unwrap().len()), (&"harness/restore/1".into(), 2), "{done}");
    assert_eq!((items(3), items(4)), (three.clone(), four));
    // all of it is the agent's own
    project.harness(["psql", "3", "alter table items add column more int"]).run().succeeds();
    post(project.port("api", 4), "/items", "text/plain", b"later");

    // the second backup has the objects that the first has restored
    let again = target(&home, "again");
    project.harness(["backup", &again, "--no-databases"]).run().succeeds();
    let read = |name: &str| fs::read(Path::new(&again).join("buckets/agent-3").join(name)).unwrap();
    assert_eq!((read("1"), read("2")), (b"first".to_vec(), b"second".to_vec()));
    assert!(!Path::new(&again).join("databases").exists());
    let text = project.harness(["restore", &directory, "--force"]).run().succeeds().stdout;
    assert!(text.contains("agent 3 (shop): agent_3, 2 objects\n"), "{text}");
    assert_eq!(items(3), three);
}

#[test]
fn what_is_no_whole_backup_is_not_restored() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let directory = target(&home, "saved");
    project.harness(["backup", &directory]).run().succeeds();
    let dump = Path::new(&directory).join("databases/agent_3.dump");
    let code = |arguments: &[&str], exit: i32| {
        let failed = project.harness(arguments.iter().copied().chain(["--json"])).run().exits_with(exit).json();
        failed["error"]["code"].as_str().unwrap().to_owned()
    };
    let whole = fs::read(&dump).unwrap();
    fs::write(&dump, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(code(&["restore", &directory, "--force"], 1), "backup.damaged");
    fs::remove_file(&dump).unwrap();
    assert_eq!(code(&["restore", &directory, "--force"], 1), "backup.damaged");
    fs::write(&dump, &whole).unwrap();
    assert_eq!(code(&["restore", &target(&home, "projects")], 2), "backup.no_manifest");

    // the project is elsewhere
    let moved = project.root().with_file_name("away");
    fs::rename(project.root(), &moved).unwrap();
    let failed = home.harness(["restore", &directory, "--force", "--json"]).run().exits_with(3).json();
    assert_eq!(failed["error"]["code"], "restore.no_project", "{failed}");
    fs::rename(&moved, project.root()).unwrap();

    // a project that has lost what the backup was made with
    project.put("seed.sql", "select nonsense;");
    project.harness(["teardown", "3"]).run().succeeds();
    assert_eq!(code(&["restore", &directory], 3), "restore.launch_failed");
}

#[test]
fn a_backup_that_is_interrupted_leaves_nothing() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    // held by a session, so that the dump waits for it
    let lock = "begin; lock table items in access exclusive mode; select pg_sleep(600)";
    let holder = project.harness(["psql", "3", lock]).spawn();
    let waiting = "select count(*) from pg_locks where not granted";
    let backup = project.harness(["backup", &target(&home, "saved")]).spawn();
    crate::support::wait_until("the dump waits", crate::support::LONG, || {
        project.query(3, waiting).is_ok_and(|rows| rows == ["1"])
    });
    assert!(!is_without_partial(home.directory()));
    backup.signal(Signal::INT);
    backup.wait().exits_with(130);
    assert!(is_without_partial(home.directory()) && !home.directory().join("saved").exists());
    holder.signal(Signal::INT);
    holder.wait();
}
