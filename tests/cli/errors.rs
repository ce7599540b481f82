//! Errors that need no server: what failed, on which thing, and what to do.

use std::fs;
use std::path::Path;

use super::{harness, said};

/// A project without servers, and a home of its own.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new(toml: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("harness-test-").tempdir().unwrap();
        fs::create_dir(directory.path().join("shop")).unwrap();
        fs::write(directory.path().join("shop/harness.toml"), toml).unwrap();
        Self { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What `harness` says in the project.
    fn says(&self, arguments: &[&str]) -> String {
        self.says_in("shop", arguments)
    }

    fn says_in(&self, directory: &str, arguments: &[&str]) -> String {
        let mut command = harness();
        command.current_dir(self.path().join(directory)).args(arguments);
        command.env("HARNESS_HOME", self.path().join("home")).env("HOME", self.path());
        said(&mut command).replace(&self.path().display().to_string(), "<dir>")
    }
}

const PROJECT: &str = "[project]\nname = \"shop\"\n\n[ports]\napi = 8000\n\n[processes.api]\ncommand = \"true\"\n";

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(concat!("error-", $name), $text);
        });
    };
}

#[test]
fn the_command_line_is_wrong() {
    let place = Place::new(PROJECT);
    snapshot!("usage-no-verb", place.says(&[]));
    snapshot!("usage-unknown-verb", place.says(&["lunch", "3"]));
    snapshot!("usage-unknown-option", place.says(&["status", "--al"]));
    snapshot!("usage-json", place.says(&["status", "--al", "--json"]));
    snapshot!("usage-invalid-id", place.says(&["launch", "0"]));
    snapshot!("usage-id-too-great", place.says(&["status", "100"]));
    snapshot!("usage-not-a-number", place.says(&["launch", "three"]));
    snapshot!("usage-no-directory", place.says(&["-C", "nowhere", "status"]));
    snapshot!("usage-no-command", place.says(&["exec", "3"]));
    for nothing in [
        &["verify", "--timeout", "0"][..],
        &["launch", "--timeout", "0s"],
        &["http", "api", "--timeout", "0"],
        &["stats", "--interval", "0"],
        &["work", "--poll", "0s"],
        &["slow-queries", "-n", "0"],
    ] {
        let said = place.says(nothing);
        assert!(said.contains("invalid value '0") && said.contains("exit code 2"), "{said}");
    }
    snapshot!("usage-verify", place.says(&["verify", "--stages"]));
    snapshot!("usage-db-without-name", place.says(&["db", "snapshot", "3"]));
    snapshot!("usage-db-reset", place.says(&["db", "3", "reset"]));
    snapshot!("usage-duration", place.says(&["launch", "3", "--timeout", "soon"]));
}

#[test]
fn the_configuration_is_wrong() {
    let of = |toml: &str| Place::new(toml).says(&["config", "check"]);
    snapshot!("config-unknown-key", of(&PROJECT.replace("command", "comand")));
    snapshot!("config-syntax", of("[project\nname = 3"));
    snapshot!("config-wrong-type", of(&PROJECT.replace("8000", "\"eight\"")));
    snapshot!("config-port-collision", of(&PROJECT.replace("api = 8000", "api = 8000\nworker = 8010")));
    snapshot!(
        "config-unknown-dependency",
        of(&format!("{PROJECT}depends_on = {{ db = {{ condition = \"process_started\" }} }}\n"))
    );
    snapshot!("config-undefined-value", of(&PROJECT.replace("\"true\"", "\"echo {{ ports.apii }}\"")));
    let json = Place::new(&PROJECT.replace("command", "comand")).says(&["config", "check", "--json"]);
    snapshot!("config-json", json);
    snapshot!("config-no-project", Place::new(PROJECT).says_in("", &["launch", "3"]));
}

#[test]
fn there_is_no_such_agent() {
    let place = Place::new(PROJECT);
    for verb in ["status", "url", "open", "health", "ports", "logs", "env", "restart", "stop", "start", "slow-queries"]
    {
        let text = place.says(&[verb, "7"]);
        assert!(text.starts_with("exit code 5\n"), "{verb}: {text}");
        assert!(
            text.contains("agent 7 does not exist") && text.contains("hint: run `harness launch 7`"),
            "{verb}: {text}"
        );
    }
    for verb in [&["psql", "7", "select 1"][..], &["exec", "7", "--", "true"], &["shell", "7"]] {
        let text = place.says(verb);
        assert!(text.starts_with("exit code 125\n") && text.contains("agent 7 does not exist"), "{verb:?}: {text}");
    }
    snapshot!("unknown-agent", place.says(&["status", "7"]));
    snapshot!("unknown-agent-json", place.says(&["url", "7", "--json"]));
    snapshot!("unnamed-agent", place.says(&["url"]));
    snapshot!("teardown-of-nothing", place.says(&["teardown", "7", "--quiet"]));
    snapshot!("status-of-nothing", place.says(&["status"]));
    snapshot!("status-of-nothing-json", place.says(&["status", "--json"]));
    snapshot!("verify-without-agent", place.says(&["verify", "7"]));
}

/// What the snapshots show in words, by the name that scripts go by.
#[test]
fn codes_are_stable() {
    let place = Place::new(PROJECT);
    let code = |place: &Place, directory: &str, arguments: &[&str]| {
        let text = place.says_in(directory, &[&["--json"], arguments].concat());
        let (_, rest) = text.split_once("\"code\": \"").unwrap_or_else(|| panic!("{arguments:?}: {text}"));
        rest.split('"').next().unwrap().to_owned()
    };
    assert_eq!(code(&place, "shop", &["url"]), "agent.unnamed");
    assert_eq!(code(&place, "shop", &["-C", "nowhere", "status"]), "directory.missing");
    assert_eq!(code(&place, "shop", &["db", "snapshot", "3"]), "db.no_name");
    assert_eq!(code(&place, "", &["launch", "3"]), "config.not_found");
    let directory = place.path().join("home/agents/3");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("record.json"), "{\"version\": 99, \"data\": {}}").unwrap();
    assert_eq!(code(&place, "shop", &["url", "3"]), "state.newer");
    fs::create_dir(place.path().join("shop/harness.local.toml")).unwrap();
    assert_eq!(code(&place, "shop", &["config", "check"]), "config.unreadable");
    let mut without_git = harness();
    without_git.current_dir(place.path()).env("PATH", "/nowhere").env("HARNESS_HOME", place.path().join("home"));
    assert!(said(without_git.args(["hook", "install", "--json"])).contains("\"git.missing\""));
}

#[test]
fn the_state_is_damaged_or_newer() {
    let place = Place::new(PROJECT);
    let directory = place.path().join("home/agents/3");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("record.json"), "{\"version\": 99, \"data\": {}}").unwrap();
    snapshot!("record-newer", place.says(&["url", "3"]));
    fs::write(directory.join("record.json"), "{\"version\": 1, \"agent\"").unwrap();
    snapshot!("record-damaged", place.says(&["url", "3"]));
    snapshot!("record-damaged-status", place.says(&["status"]));
}
