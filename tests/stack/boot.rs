//! `harness enable` and `harness disable`: what comes back after a reboot.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{TestHome, marked};

/// Runs `systemd-analyze verify` where there is one.
fn verify(units: &[PathBuf]) {
    let Ok(output) = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(units).output() else {
        println!("skipped: `systemd-analyze verify`, which is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("harness")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn units_are_what_systemd_reads_and_a_foreign_one_stays() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let directory = project.root().join("units");
    let dir = directory.to_str().unwrap();

    let printed = project.harness(["enable", "--print", "--dir", dir, "--json"]).run().succeeds().json();
    assert!(!directory.exists() && !home.path().exists(), "`--print` writes nothing");
    let text = printed["units"][0]["text"].as_str().unwrap();
    assert!(text.contains(" enable --up\n") && text.contains(home.path().to_str().unwrap()), "{text}");

    let report = project.harness(["enable", "--dir", dir, "--json"]).run().succeeds().json();
    assert_eq!((&report["agents"], &report["active"]), (&Value::Null, &json!(false)), "{report}");
    let paths = report["units"].as_array().unwrap().iter().map(|unit| unit["path"].as_str().unwrap());
    let units: Vec<PathBuf> = paths.map(PathBuf::from).collect();
    assert_eq!(units.len(), 2, "{report}");
    verify(&units);
    let again = project.harness(["enable", "--dir", dir, "--no-serve"]).run().succeeds().stdout;
    assert!(again.contains("unchanged: ") && again.contains("removed: "), "{again}");

    let unknown = project.harness(["enable", "7", "--dir", dir]).run().exits_with(5);
    assert!(unknown.stderr.contains("agent 7"), "{unknown}");
    let own = fs::read_to_string(&units[0]).unwrap();
    fs::write(&units[0], "[Service]\nExecStart=/bin/true\n").unwrap();
    for verb in ["enable", "disable"] {
        let refused = project.harness([verb, "--dir", dir, "--json"]).run().exits_with(5).json();
        assert_eq!(refused["error"]["code"], "boot.foreign_unit", "{refused}");
    }
    assert!(fs::read_to_string(&units[0]).unwrap().contains("/bin/true"));
    fs::write(&units[0], own).unwrap();
    project.harness(["disable", "--dir", dir]).run().succeeds();
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);

    // root's units are the system's, everybody else's are below HOME
    let nowhere = project.harness(["enable", "--print", "--json"]).env("HOME", "").env("XDG_CONFIG_HOME", "").run();
    if !rustix::process::geteuid().is_root() {
        assert_eq!(nowhere.exits_with(4).json()["error"]["code"], "boot.no_directory");
    }
}

#[test]
fn what_went_down_in_order_comes_back_as_it_was() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let other = home.project("blog").first_digit(1).application("web").write();
    let dir = project.root().join("units");
    let dir = dir.to_str().unwrap();
    project.harness(["launch", "1", "2"]).run().succeeds();
    other.harness(["launch", "3"]).run().succeeds();
    project.harness(["psql", "1", "INSERT INTO items (name) VALUES ('mine')"]).run().succeeds();
    let state = |id: u64| {
        let status = project.harness(["status", "--json"]).run().json();
        let agents = status["agents"].as_array().unwrap().clone();
        agents.iter().find(|agent| agent["agent"] == id).unwrap()["state"].as_str().unwrap().to_owned()
    };
    let outcomes = |boot: &Value| -> Vec<(u64, String)> {
        let agents = boot["agents"].as_array().unwrap().iter();
        agents.map(|it| (it["agent"].as_u64().unwrap(), it["outcome"].as_str().unwrap().to_owned())).collect()
    };
    let all = |outcome: &str| -> Vec<(u64, String)> { [1, 2, 3].map(|id| (id, outcome.to_owned())).to_vec() };

    // what is up is left as it is
    let up = project.harness(["enable", "--up", "--json"]).run().succeeds().json();
    assert_eq!((&up["servers"], outcomes(&up)), (&json!(true), all("running")), "{up}");

    let down = project.harness(["enable", "--down", "--json"]).run().succeeds().json();
    assert_eq!((&down["servers"], outcomes(&down)), (&json!(true), all("stopped")), "{down}");
    let left = marked(&home.id().unwrap());
    assert!(left.is_empty(), "{left:?}");

    // only what was chosen, from any directory; another project's too
    project.harness(["enable", "1", "--dir", dir]).run().succeeds();
    project.harness(["enable", "3", "--dir", dir]).run().succeeds();
    let up = home.harness(["enable", "--up", "--json"]).run().succeeds().json();
    assert_eq!(outcomes(&up), [(1, "started".to_owned()), (3, "started".to_owned())], "{up}");
    assert_eq!((state(1), state(3)), ("healthy".to_owned(), "healthy".to_owned()));
    assert_ne!(state(2), "healthy");
    let kept = project.harness(["psql", "1", "SELECT count(*) FROM items", "--csv"]).run().succeeds().stdout;
    assert!(kept.contains('2'), "{kept}");

    // one that fails keeps no other from coming back
    project.harness(["enable", "--down"]).run().succeeds();
    project.harness(["enable", "--dir", dir]).run().succeeds();
    fs::write(other.root().join("harness.toml"), "[project").unwrap();
    let up = project.harness(["enable", "--up", "--json"]).run().exits_with(3).json();
    assert_eq!(outcomes(&up)[2].1, "failed", "{up}");
    assert_eq!((state(1), state(2)), ("healthy".to_owned(), "healthy".to_owned()));
    let report = project.harness(["disable", "2", "--json"]).run().succeeds().json();
    assert_eq!(report["agents"], json!([1, 3]), "{report}");
    other.harness(["teardown", "3", "--force"]).run();
}
