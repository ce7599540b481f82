//! D21: an external PostgreSQL that cannot be used fails a setup at once and says why; one that is given up is left
//! as it was found.

use std::time::{Duration, Instant};

use crate::support::{TestHome, TestPostgres};

#[test]
fn d21_what_waiting_cannot_change_fails_at_once() {
    let postgres = TestPostgres::start();
    postgres.sql("CREATE ROLE weak LOGIN PASSWORD 'weak' CREATEDB");
    let port = postgres.server().port;
    for (url, code, hint) in [
        (format!("postgres://postgres:wrong@127.0.0.1:{port}"), "postgres.login_refused", "correct user and password"),
        (format!("postgres://postgres:throw-away@127.0.0.1:{port}/nowhere"), "postgres.no_database", "name a database"),
        (
            format!("postgres://weak:weak@127.0.0.1:{port}"),
            "postgres.lacks_privilege",
            "run `ALTER ROLE \"weak\" CREATEROLE`",
        ),
        (
            format!("postgres://postgres:throw-away@no-such-host.invalid:{port}"),
            "postgres.unknown_host",
            "correct the host",
        ),
    ] {
        let home = TestHome::new();
        let project = home.project("shop").with_items().write();
        project.replace("harness.toml", "[infra.postgres]\n", &format!("[infra.postgres]\nurl = \"{url}\"\n"));
        let began = Instant::now();
        let failed = project.harness(["setup", "--json"]).run().exits_with(4).json();
        assert!(began.elapsed() < Duration::from_secs(20), "{url}: {:?}", began.elapsed());
        assert_eq!(failed["error"]["code"], code, "{failed}");
        assert!(failed["error"]["hint"].as_str().unwrap().contains(hint), "{failed}");
        assert!(!failed.to_string().contains("throw-away"), "{failed}");
    }
}

#[test]
fn d21_a_home_that_is_given_up_leaves_nothing_on_an_external_server() {
    let postgres = TestPostgres::start();
    // decoys: somebody's database and role, and what another home made
    postgres.sql("CREATE DATABASE tpl_0123456789ab");
    postgres.sql("CREATE ROLE tpl_builders_theirs");
    postgres.sql("COMMENT ON ROLE tpl_builders_theirs IS 'harness 00000000eeee - - builders'");
    let everything = || {
        let mut names = postgres.databases();
        names.extend(postgres.sql("SELECT rolname FROM pg_roles WHERE oid >= 16384 ORDER BY rolname"));
        names
    };
    let before = everything();
    let home = TestHome::new();
    let url = format!("postgres://postgres:throw-away@127.0.0.1:{}", postgres.server().port);
    let project = home.project("shop").with_items().toml("[database]\nroles = [\"reporting\"]").write();
    project.replace("harness.toml", "[infra.postgres]\n", &format!("[infra.postgres]\nurl = \"{url}\"\n"));
    project.harness(["launch", "3"]).run().succeeds();
    assert_ne!(everything(), before);
    project.harness(["teardown", "3"]).run().succeeds();
    let report = project.harness(["teardown", "--infra", "--volumes", "--json"]).run().succeeds().json();
    assert_eq!(everything(), before, "{report}");
    assert!(report["infra"].to_string().contains("tpl_"), "{report}");
}
